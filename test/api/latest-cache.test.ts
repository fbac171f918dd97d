/** Latest bars kept in memory are never older than the database allows, in one process or in several. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { get } from 'node:http'
import { describe, it, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { LEASE_MS } from '../../src/api/latest-lease.ts'
import { makeLatestCache, type LatestCache } from '../../src/api/latest-cache.ts'
import { serve } from '../../src/api/serve.ts'
import { inTransaction } from '../../src/db/connect.ts'
import { addInstrument, getInstrument, updateInstrument } from '../../src/db/instruments.ts'
import { setPriority } from '../../src/db/priorities.ts'
import { renameSymbol } from '../../src/db/symbols.ts'
import { makeLogger } from '../../src/log.ts'
import { dailyBars } from '../support/bars.ts'
import { makeDatabase } from '../support/database.ts'
import { loadSeries } from '../support/loaded-series.ts'
import { contextOf } from './app-under-test.ts'

const { pool, url: databaseUrl } = await makeDatabase()
const log = makeLogger({ level: 'silent', format: 'json' })
const DAY = Date.parse('2024-05-01')
const NEWS = "application_name LIKE '% news' AND datname = current_database()"

let received = Date.parse('2024-06-10')

/** Loads a bar of 2024-05-01 with a close, as a later answer of the vendor has it. */
async function loadClose(symbol: string, close: number, provider = 'alpha-vantage') {
  const bars = dailyBars(DAY, DAY + 86_400_000)
  bars.close[0] = close
  bars.high[0] = 1000
  bars.low[0] = 0.5
  received += 60_000
  await loadSeries(pool, { symbol, interval: '1d', provider, basis: 'raw' }, bars, received)
}

/** A served cache whose clock is moved by hand; reads that reached the database are counted. */
async function served(t: TestContext) {
  let now = 0
  const cache = makeLatestCache(pool, { log, elapsedMs: () => now })
  const counts = { reads: 0 }
  const counted: LatestCache = {
    ...cache,
    get: (key, read) =>
      cache.get(key, () => {
        counts.reads += 1
        return read()
      }),
  }
  const context = { ...contextOf(pool), latest: counted }
  const server = await serve(context, { host: '127.0.0.1', port: 0 })
  t.after(async () => {
    await server.close()
    await cache.close()
  })
  return {
    counts,
    url: server.url,
    pass: (ms: number) => (now += ms),
    /** Asks until answers come from memory. */
    warm: async (symbol: string) => {
      for (let reads = -1; reads !== counts.reads;) {
        now += 1000
        reads = counts.reads
        await closeOf(server.url, symbol)
        await turn()
      }
    },
  }
}

/** Lets what has come over sockets be looked at. */
async function turn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
}

interface Answered {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: Readonly<Record<string, unknown>>
}

/** With `node:http`, which sends the same headers each time. */
async function ask(base: string, symbol: string, headers: Record<string, string> = {}) {
  const url = `${base}/api/v1/stocks/${symbol}/prices/latest`
  return await new Promise<Answered>((resolve, reject) => {
    get(url, { headers }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => {
        const body = JSON.parse(Buffer.concat(chunks).toString()) as Answered['body']
        resolve({ status: response.statusCode!, headers: response.headers, body })
      })
    }).on('error', reject)
  })
}

async function closeOf(base: string, symbol: string): Promise<unknown> {
  return (await ask(base, symbol)).body['close']
}

describe('the latest bar out of memory', () => {
  it('is not read again while nothing happens, and is the new one after a load', async (t) => {
    await loadClose('KEPT', 10)
    const { url, counts, warm, pass } = await served(t)
    await warm('KEPT')
    const { reads } = counts
    for (let i = 0; i < 20; i += 1) {
      pass(LEASE_MS)
      assert.equal(await closeOf(url, 'KEPT'), 10)
    }
    assert.equal(counts.reads, reads)
    for (const close of [11, 12, 13]) {
      await loadClose('KEPT', close)
      // As late as the lease allows an older answer.
      pass(LEASE_MS)
      assert.equal(await closeOf(url, 'KEPT'), close)
    }
    assert.equal(counts.reads, reads + 3)
  })

  it('answers with the same head as the whole way does, and a request id of its own', async (t) => {
    await loadClose('HEADS', 10)
    const { url, warm } = await served(t)
    await warm('HEADS')
    const short = await ask(url, 'HEADS')
    const whole = await ask(url, 'HEADS', { 'x-other': '1' })
    const own = new Set(['x-request-id', 'date'])
    const rest = ({ headers }: Answered) =>
      Object.entries(headers)
        .filter(([name]) => !own.has(name))
        .toSorted()
    assert.deepEqual(rest(short), rest(whole))
    assert.deepEqual(short.body, whole.body)
    const ids = [short, whole, await ask(url, 'HEADS')].map(
      ({ headers }) => headers['x-request-id'],
    )
    assert.equal(new Set(ids).size, 3)
  })

  it('is refused to another host name or a wrong key as without it', async (t) => {
    await loadClose('GUARDED', 10)
    const { url, warm } = await served(t)
    await warm('GUARDED')
    assert.equal((await ask(url, 'GUARDED', { host: 'evil.example' })).body['code'], 'HOST_REFUSED')
    const wrong = await ask(url, 'GUARDED', { authorization: 'Bearer sy_read_none' })
    assert.equal(wrong.status, 401)
  })

  it('follows a rename, a symbol that is given to another company, and a priority', async (t) => {
    await loadClose('OLD', 10)
    const { url, warm, pass } = await served(t)
    await warm('OLD')
    await inTransaction(pool, (connection) =>
      renameSymbol(connection, { from: 'OLD', to: 'NEW', day: DAY, replace: false }),
    )
    pass(LEASE_MS)
    assert.equal((await ask(url, 'OLD')).body['symbol'], 'NEW')
    await warm('OLD')
    await addInstrument(pool, { symbol: 'OLD' })
    pass(LEASE_MS)
    assert.equal((await ask(url, 'OLD')).body['code'], 'BARS_NONE')

    await loadClose('NEW', 20, 'yahoo')
    await warm('NEW')
    assert.equal(await closeOf(url, 'NEW'), 10)
    await setPriority(pool, { kind: null, interval: null }, ['yahoo', 'alpha-vantage'], 'test')
    pass(LEASE_MS)
    assert.equal(await closeOf(url, 'NEW'), 20)
  })

  it('goes by the kind of the instrument from when that is set', async (t) => {
    await loadClose('FUND', 10)
    await loadClose('FUND', 20, 'yahoo')
    await setPriority(pool, { kind: null, interval: null }, ['alpha-vantage'], 'test')
    await setPriority(pool, { kind: 'etf', interval: null }, ['yahoo'], 'test')
    const { url, warm, pass } = await served(t)
    await warm('FUND')
    assert.equal(await closeOf(url, 'FUND'), 10)
    const { id } = await getInstrument(pool, 'FUND')
    await updateInstrument(pool, id, { kind: 'etf' })
    pass(LEASE_MS)
    assert.equal(await closeOf(url, 'FUND'), 20)
  })

  it('is read anew once the connection for news is lost, and kept again when it is back', async (t) => {
    await loadClose('LOST', 10)
    const { url, counts, warm, pass } = await served(t)
    await warm('LOST')
    await pool.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE ${NEWS}`)
    await loadClose('LOST', 11)
    pass(LEASE_MS)
    assert.equal(await closeOf(url, 'LOST'), 11)
    await warm('LOST')
    const { reads } = counts
    pass(LEASE_MS)
    assert.equal(await closeOf(url, 'LOST'), 11)
    assert.equal(counts.reads, reads)
    await loadClose('LOST', 12)
    pass(LEASE_MS)
    assert.equal(await closeOf(url, 'LOST'), 12)
  })
})

/** A read whose answer is its key. */
function echo(key: string) {
  return async () => ({ instrumentId: 1, body: Buffer.from(key) })
}

describe('a cache', () => {
  it('keeps no more answers than it may', async (t) => {
    const cache = makeLatestCache(pool, { log, elapsedMs: () => 0, entriesMax: 3 })
    t.after(() => cache.close())
    while (cache.peek('first') === null) {
      await cache.get('first', echo('first'))
      await turn()
    }
    for (const key of ['a', 'b', 'c']) await cache.get(key, echo(key))
    assert.equal(cache.peek('first'), null)
    assert.deepEqual(
      ['a', 'b', 'c'].map((key) => String(cache.peek(key))),
      ['a', 'b', 'c'],
    )
  })

  it('does not keep what was read before news of it', async (t) => {
    const cache = makeLatestCache(pool, { log, elapsedMs: () => 0 })
    t.after(() => cache.close())
    const body = Buffer.from('old')
    while (cache.peek('warm') === null) {
      await cache.get('warm', async () => ({ instrumentId: 0, body }))
      await turn()
    }
    await cache.get('key', async () => {
      await pool.query("SELECT pg_notify('stockyard_latest', '7')")
      // News of 0 that come after those of 7 have come: then 7 has been told.
      await pool.query("SELECT pg_notify('stockyard_latest', '0')")
      while (cache.peek('warm') !== null) await turn()
      return { instrumentId: 7, body }
    })
    assert.equal(cache.peek('key'), null)
  })
})

describe('two processes', () => {
  it('never show an older price later than 100 ms after a load', async (t) => {
    await loadClose('TWO', 1)
    const children = [await startChild(t), await startChild(t)]
    for (let close = 2; close < 5; close += 1) {
      // Warm, so that what is kept would be the older price.
      for (const url of children) await Promise.all([closeOf(url, 'TWO'), closeOf(url, 'TWO')])
      await loadClose('TWO', close)
      const committed = performance.now()
      const seen = await Promise.all(children.map((url) => lastUntil(url, committed + 100)))
      assert.deepEqual(seen, [close, close])
    }
  })
})

/** Asks without a pause; the first answer to a request that was sent after an instant. */
async function lastUntil(url: string, instant: number): Promise<unknown> {
  for (;;) {
    const isLate = performance.now() >= instant
    const close = await closeOf(url, 'TWO')
    if (isLate) return close
  }
}

async function startChild(t: TestContext): Promise<string> {
  const file = fileURLToPath(new URL('../support/latest-server.ts', import.meta.url))
  const child = spawn(process.execPath, [file, databaseUrl], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  t.after(async () => {
    child.stdin.end()
    await once(child, 'exit')
  })
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  return String(line).trim()
}

describe('what changes the latest bar', () => {
  it('tells of it in the same file', () => {
    const folder = new URL('../../src/db/', import.meta.url)
    const writes =
      /(?:INSERT INTO|DELETE FROM|UPDATE) stockyard\.(?:symbols|provider_priorities|closures)\b|UPDATE stockyard\.series\b|last_close = /
    const silent = readdirSync(folder)
      .filter((name) => name.endsWith('.ts'))
      .filter((name) => {
        const text = readFileSync(new URL(name, folder), 'utf8')
        return writes.test(text) && !text.includes("from './listen.ts'")
      })
    assert.deepEqual(silent, [])
  })
})
