/** GET /api/v1/stream over real HTTP: what comes, how a client goes on, and what ends it. */
import assert from 'node:assert/strict'
import { after, describe, it, type TestContext } from 'node:test'
import type { ApiContext } from '../../src/api/context.ts'
import { createKey, endKey } from '../../src/api/keys.ts'
import { LOOPBACK_SECURITY } from '../../src/api/security.ts'
import { serve } from '../../src/api/serve.ts'
import { systemClock } from '../../src/clock.ts'
import { removeOldEvents } from '../../src/db/events.ts'
import { getInstrument } from '../../src/db/instruments.ts'
import { upsertQuote } from '../../src/db/quotes.ts'
import { openReadPool } from '../../src/db/roles.ts'
import { parseDay } from '../../src/domain/date.ts'
import type { Interval } from '../../src/domain/interval.ts'
import { dailyBars, minuteBars } from '../support/bars.ts'
import { makeDatabase } from '../support/database.ts'
import { readEventsOf, type Block } from '../support/event-reader.ts'
import { loadSeries } from '../support/loaded-series.ts'
import { contextOf } from './app-under-test.ts'

// Ends before the database is dropped.
after(() => readPool.end())
const { pool, url: databaseUrl } = await makeDatabase()
const readPool = await openReadPool(pool, { url: databaseUrl, max: 4 })

const from = parseDay('2024-06-03')
const until = parseDay('2024-06-06')
let answers = 0

/** Loads bars that nobody has seen. */
async function load(symbol: string, interval: Interval = '1d'): Promise<void> {
  answers += 1
  const bars =
    interval === '1d' ? dailyBars(from, until, answers) : minuteBars(from, parseDay('2024-06-04'))
  const series = { symbol, interval, provider: 'alpha-vantage', basis: 'raw' } as const
  await loadSeries(pool, series, bars, Date.parse('2024-06-10T12:00:00Z') + answers)
}
for (const symbol of ['AAPL', 'MSFT']) await load(symbol)

/** A server that is closed after the test. */
async function start(t: TestContext, changes: Partial<ApiContext> = {}) {
  const context = contextOf(pool, { readPool, clock: systemClock, ...changes })
  const server = await serve(context, { host: '127.0.0.1', port: 0 })
  t.after(() => server.close())
  return { ...server, stream: `${server.url}/api/v1/stream` }
}

async function quote(price: number): Promise<void> {
  const { id } = await getInstrument(pool, 'AAPL')
  await upsertQuote(pool, id, {
    provider: 'yahoo',
    price,
    open: null,
    high: null,
    low: null,
    previousClose: null,
    volume: null,
    sessionDay: from,
    observedAt: Date.parse('2024-06-03T15:00:00Z') + price,
  })
}

const about = ({ event, data }: Block) => [
  event,
  data?.['symbol'] ?? null,
  data?.['interval'] ?? null,
]

describe('a stream', () => {
  it('begins with where it is, and says that it must not be kept or held back', async (t) => {
    const { stream } = await start(t)
    const reader = await readEventsOf(stream, { 'accept-encoding': 'gzip, br, zstd' })
    assert.equal(reader.status, 200)
    assert.equal(reader.headers['content-type'], 'text/event-stream; charset=utf-8')
    assert.equal(reader.headers['cache-control'], 'no-store, no-transform')
    assert.equal(reader.headers['x-accel-buffering'], 'no')
    assert.equal(reader.headers['content-encoding'], undefined)
    const first = await reader.next()
    assert.match(first!.text, /^retry: 2000\nid: [0-9a-f]{8}-\d+$/)
    reader.close()
  })

  it('brings bars, quotes and runs in order, each once', async (t) => {
    const { stream } = await start(t)
    const reader = await readEventsOf(stream)
    await reader.next()
    await load('AAPL')
    await quote(1)
    await load('MSFT')
    const seen = await reader.until(({ data }) => data?.['symbol'] === 'MSFT')
    assert.deepEqual(seen.map(about), [
      ['run', null, null],
      ['bar', 'AAPL', '1d'],
      ['quote', 'AAPL', null],
      ['run', null, null],
      ['bar', 'MSFT', '1d'],
    ])
    const ids = seen.map(({ id }) => Number(id!.split('-')[1]))
    assert.deepEqual(
      ids,
      [...new Set(ids)].toSorted((a, b) => a - b),
    )
    reader.close()
  })

  it('leaves out what is not asked for', async (t) => {
    const { stream } = await start(t)
    const wishes = [
      'types=quote',
      'symbols=msft&types=bar',
      'intervals=1min&types=bar,quote',
      'symbols=AAPL',
    ]
    const readers = await Promise.all(wishes.map((wish) => readEventsOf(`${stream}?${wish}`)))
    await load('AAPL')
    await load('MSFT')
    await load('AAPL', '1m')
    await quote(2)
    await load('MSFT')
    await quote(3)
    const [quotes, msft, minutes, aapl] = readers.map((reader) => async (count: number) => {
      const blocks: Block[] = []
      while (blocks.length < count) blocks.push(await reader.nextEvent())
      return blocks.map(about)
    })
    assert.deepEqual(await quotes!(2), [
      ['quote', 'AAPL', null],
      ['quote', 'AAPL', null],
    ])
    assert.deepEqual(await msft!(2), [
      ['bar', 'MSFT', '1d'],
      ['bar', 'MSFT', '1d'],
    ])
    assert.deepEqual(await minutes!(3), [
      ['bar', 'AAPL', '1m'],
      ['quote', 'AAPL', null],
      ['quote', 'AAPL', null],
    ])
    // What is about no one symbol is left out by its type only.
    assert.deepEqual(await aapl!(8), [
      ['run', null, null],
      ['bar', 'AAPL', '1d'],
      ['run', null, null],
      ['run', null, null],
      ['bar', 'AAPL', '1m'],
      ['quote', 'AAPL', null],
      ['run', null, null],
      ['quote', 'AAPL', null],
    ])
    for (const reader of readers) reader.close()
  })

  it('tells a client of another process, and at once', async (t) => {
    const [one, other] = [await start(t), await start(t)]
    const readers = await Promise.all(
      [one, other].map(({ stream }) => readEventsOf(`${stream}?types=quote`)),
    )
    for (const price of [10, 11, 12]) await quote(price)
    for (const reader of readers) {
      const seen = await reader.until(({ data }) => data?.['price'] === 12)
      assert.equal(seen.length, 3)
      reader.close()
    }
  })

  it('refuses what it does not understand', async (t) => {
    const { stream } = await start(t)
    const code = async (search: string, headers = {}) => {
      const answer = await fetch(`${stream}${search}`, { headers })
      return [answer.status, ((await answer.json()) as { code: string }).code]
    }
    assert.deepEqual(await code('?types=bars'), [400, 'PARAMETER_INVALID'])
    assert.deepEqual(await code('?type=bar'), [400, 'PARAMETER_UNKNOWN'])
    assert.deepEqual(await code('?intervals=2m'), [400, 'INTERVAL_UNKNOWN'])
    assert.deepEqual(await code('?symbols=NOPE'), [404, 'SYMBOL_UNKNOWN'])
    assert.deepEqual(await code('?last_event_id=17'), [400, 'EVENT_ID_INVALID'])
    assert.deepEqual(await code('', { 'last-event-id': '17' }), [400, 'EVENT_ID_INVALID'])
  })

  it('answers HEAD with its head alone', async (t) => {
    const { stream } = await start(t)
    const answer = await fetch(stream, { method: 'HEAD' })
    assert.equal(answer.headers.get('content-type'), 'text/event-stream; charset=utf-8')
    assert.equal(await answer.text(), '')
  })
})

/** The prices of the quotes that a client gets until that of 22. */
async function missed(at: string, headers: Record<string, string>): Promise<unknown[]> {
  const again = await readEventsOf(at, headers)
  const seen = await again.until(({ data }) => data?.['price'] === 22)
  again.close()
  return seen.map(({ data }) => data!['price'])
}

describe('a client that comes again', () => {
  it('gets what it has missed, from memory or from the store, by header or by address', async (t) => {
    const { stream, close } = await start(t)
    const reader = await readEventsOf(`${stream}?types=quote`)
    await quote(20)
    const { id } = await reader.nextEvent()
    reader.close()
    for (const price of [21, 22]) await quote(price)
    const other = await readEventsOf(stream)
    assert.deepEqual(await missed(`${stream}?types=quote`, { 'last-event-id': id! }), [21, 22])
    assert.deepEqual(await missed(`${stream}?types=quote&last_event_id=${id}`, {}), [21, 22])
    other.close()
    await close()
    const next = await start(t)
    assert.deepEqual(await missed(`${next.stream}?types=quote`, { 'last-event-id': id! }), [21, 22])
  })

  it('is told where events were removed since, or the id is of another database', async (t) => {
    const { stream } = await start(t)
    const reader = await readEventsOf(stream)
    await reader.next()
    const old = reader.lastId()!
    reader.close()
    await quote(30)
    await quote(31)
    await removeOldEvents(pool, { rows: 1, days: 1 })
    const reset = async (id: string) => {
      const again = await readEventsOf(stream, { 'last-event-id': id })
      const block = await again.nextEvent()
      again.close()
      return [block.event, block.data!['reason']]
    }
    assert.deepEqual(await reset(old), ['reset', 'removed'])
    assert.deepEqual(await reset(old.replace(/^.{8}/, '00000000')), ['reset', 'unknown'])
    assert.deepEqual(await reset(old.replace(/\d+$/, '999999999999')), ['reset', 'unknown'])
  })

  it('goes on after a reset', async (t) => {
    const { stream } = await start(t)
    const reader = await readEventsOf(`${stream}?types=quote`, { 'last-event-id': '00000000-1' })
    assert.equal((await reader.nextEvent()).event, 'reset')
    await quote(40)
    assert.equal((await reader.nextEvent()).data!['price'], 40)
    reader.close()
  })

  it('has not fallen behind by what it left out', async (t) => {
    const { stream } = await start(t, { streams: { heartbeatMs: 50 } })
    const reader = await readEventsOf(`${stream}?types=alert`)
    const first = await reader.next()
    await quote(50)
    const before = Number(first!.id!.split('-')[1])
    let beat = await reader.next()
    while (Number(beat!.id!.split('-')[1]) === before) beat = await reader.next()
    assert.match(beat!.text, /^: heartbeat\nid: [0-9a-f]{8}-\d+$/)
    await removeOldEvents(pool, { rows: 0, days: 1 })
    const again = await readEventsOf(stream, { 'last-event-id': reader.lastId()! })
    await quote(51)
    assert.equal((await again.nextEvent()).event, 'quote')
    reader.close()
    again.close()
  })
})

const maker = { actor: 'user:test', now: Date.now() }
const bearer = (key: string) => ({ authorization: `Bearer ${key}` })

/** The header of a new key. */
async function newKey(): Promise<Record<string, string>> {
  return bearer((await createKey(pool, { role: 'read', name: null, expiresAt: null }, maker)).key)
}

describe('a stream ends', () => {
  const wide = { ...LOOPBACK_SECURITY, keysRequired: true, rateLimit: null }

  it('when its key is revoked, and cannot be opened again', async (t) => {
    const { stream } = await start(t, { security: wide, streams: { heartbeatMs: 50 } })
    const { key, stored } = await createKey(
      pool,
      { role: 'read', name: null, expiresAt: null },
      maker,
    )
    const reader = await readEventsOf(`${stream}?types=alert`, bearer(key))
    await reader.next()
    await endKey(pool, stored.id, maker)
    const last = await reader.nextEvent()
    assert.deepEqual([last.event, last.data!['code'], last.id], ['end', 'KEY_REVOKED', null])
    assert.equal(await reader.next(), null)
    assert.equal((await readEventsOf(stream, bearer(key))).status, 401)
  })

  it('when its key expires', async (t) => {
    const { stream } = await start(t, { security: wide, streams: { heartbeatMs: 50 } })
    let code: unknown
    // On a busy machine a key may be over before its stream is open: the next one lasts longer.
    for (let lifeMs = 1500; code === undefined; lifeMs *= 2) {
      const expiresAt = Date.now() + lifeMs
      const { key } = await createKey(pool, { role: 'read', name: null, expiresAt }, maker)
      const reader = await readEventsOf(`${stream}?types=alert`, bearer(key))
      if (reader.status === 200) code = (await reader.nextEvent()).data!['code']
      reader.close()
    }
    assert.equal(code, 'KEY_EXPIRED')
  })

  it('when the server closes, which does not wait for it', async (t) => {
    // A clock by which no wait is ever over.
    const { stream, close } = await start(t, { clock: contextOf(pool).clock })
    const reader = await readEventsOf(`${stream}?types=alert`)
    await reader.next()
    const closing = close()
    assert.equal((await reader.nextEvent()).data!['code'], 'SERVER_CLOSING')
    assert.equal(await reader.next(), null)
    await closing
  })

  it('is not had where a key or the server has enough of them', async (t) => {
    const bounds = { most: 3, mostOfCaller: 2 }
    const { stream } = await start(t, { security: wide, streams: bounds })
    const [one, other] = [await newKey(), await newKey()]
    const open = [await readEventsOf(stream, one), await readEventsOf(stream, one)]
    const refusal = async (headers: Record<string, string>) => {
      const answer = await fetch(stream, { headers })
      const { code } = (await answer.json()) as { code: string }
      return [answer.status, code, answer.headers.get('retry-after')]
    }
    assert.deepEqual(await refusal(one), [429, 'STREAMS_TOO_MANY', '10'])
    open.push(await readEventsOf(stream, other))
    assert.deepEqual(await refusal(other), [503, 'SERVER_BUSY', '10'])
    // Other requests are not held up by streams.
    assert.equal((await fetch(`${stream}/../stocks`, { headers: other })).status, 200)
    open.pop()!.close()
    for (let status = 0; status !== 200;) {
      const again = await readEventsOf(stream, other)
      status = again.status
      again.close()
    }
    for (const reader of open) reader.close()
  })
})
