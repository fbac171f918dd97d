/**
 * kill -9 of a server while it reads and writes for many clients: they see their connections end, nothing hangs,
 * what was said to be stored is stored, and of what was not answered all or nothing is.
 */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { getCalendar } from '../../src/domain/calendar/registry.ts'
import { formatDate, parseDay } from '../../src/domain/date.ts'
import { addInstrument } from '../../src/db/instruments.ts'
import { makeDatabase } from '../support/database.ts'
import { fillStore } from '../support/filled-store.ts'
import { findInconsistencies } from '../support/store.ts'
import { start } from './run-stockyard.ts'
import { untilAlone } from '../support/until-alone.ts'

const KILLS = 2
const WRITERS = 4
const READERS = 16
const BARS_A_REQUEST = 20
/** Answers to writing before the kill may come. */
const WRITTEN_LEAST = 12

const { pool, url: databaseUrl } = await makeDatabase()
await fillStore(pool)
const oddBefore = (await findInconsistencies(pool)).toSorted()
const symbols = Array.from({ length: WRITERS }, (_, i) => `HAND${i}`)
for (const symbol of symbols) await addInstrument(pool, { symbol })
const sessions = getCalendar('XNYS')
  .sessions(parseDay('1990-01-02'), parseDay('2023-12-30'))
  .map(({ day }) => formatDate(day))

const env = { DATABASE_URL: databaseUrl, API_PORT: '0', ETL_ENABLED: 'false' }

async function serve() {
  const server = start(['serve', '--json'], env)
  const { url } = JSON.parse(await server.says('"url"')) as { url: string }
  return { server, url }
}

interface Sent {
  readonly symbol: string
  readonly sessions: readonly string[]
  readonly close: number
  /** Null where no answer came. */
  status: number | null
}

/** Everything that was ever sent to be stored. */
const sent: Sent[] = []
let used = 0

async function write(url: string, symbol: string): Promise<Sent> {
  const own = sessions.slice(used, used + BARS_A_REQUEST)
  used += BARS_A_REQUEST
  assert.equal(own.length, BARS_A_REQUEST, 'there are too few sessions for this test')
  const close = 100 + sent.length / 100
  const one: Sent = { symbol, sessions: own, close, status: null }
  sent.push(one)
  const data = own.map((session) => ({
    session,
    open: close,
    high: close + 1,
    low: close - 1,
    close,
    volume: 1000,
  }))
  const answer = await fetch(`${url}/api/v1/prices`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ symbol, interval: '1d', data }),
  })
  one.status = answer.status
  await answer.text()
  return one
}

/** Works until its connection ends; how many answers were whole. */
async function untilCut(work: () => Promise<unknown>): Promise<number> {
  for (let done = 0; ; done += 1) {
    try {
      await work()
    } catch (error) {
      assert.ok(error instanceof TypeError, String(error))
      return done
    }
  }
}

/** Closes by session as the server tells them, of one symbol. */
async function told(url: string, symbol: string): Promise<Map<string, number>> {
  const answer = await fetch(`${url}/api/v1/stocks/${symbol}/prices?format=ndjson`)
  const lines = (await answer.text()).split('\n').filter((line) => line !== '')
  const rows = lines.map((line) => JSON.parse(line) as { session: string; close: number })
  assert.equal(
    new Set(rows.map(({ session }) => session)).size,
    rows.length,
    'each bar is there once',
  )
  return new Map(rows.map(({ session, close }) => [session, close]))
}

it('loses nothing that was answered, and stores no request by halves', async (t) => {
  let unanswered = 0
  let running = await serve()
  for (let kill = 0; kill < KILLS; kill += 1) {
    const { server, url } = running
    const before = sent.length
    const enough = Promise.withResolvers<void>()
    const prices = `${url}/api/v1/stocks/AAPL/prices`
    const clients = [
      ...symbols.map((symbol) =>
        untilCut(async () => {
          await write(url, symbol)
          if (sent.length - before >= WRITTEN_LEAST) enough.resolve()
        }),
      ),
      ...Array.from({ length: READERS }, (_, i) =>
        untilCut(async () => {
          const search =
            i % 2 === 0 ? '?interval=1m&format=csv' : `?limit=1000&until=2024-0${1 + (i % 5)}-01`
          const answer = await fetch(prices + search)
          assert.equal(answer.status, 200)
          await answer.text()
        }),
      ),
    ]
    await enough.promise
    await delay(kill * 7)
    server.child.kill('SIGKILL')
    // None hangs: each client hears of it by the end of its connection.
    const answered = await Promise.all(clients)
    assert.ok(answered.every((count) => Number.isInteger(count)))
    assert.equal((await server.ended).code, null)
    await untilAlone(pool)
    const cut = sent.slice(before).filter(({ status }) => status === null)
    unanswered += cut.length
    assert.deepEqual((await findInconsistencies(pool)).toSorted(), oddBefore, `kill ${kill + 1}`)

    running = await serve()
    const health = await fetch(`${running.url}/api/v1/health`)
    assert.equal(health.status, 200)
    const stored = new Map<string, Map<string, number>>()
    for (const symbol of symbols) stored.set(symbol, await told(running.url, symbol))
    for (const { symbol, sessions: days, close, status } of sent) {
      const there = days.filter((day) => stored.get(symbol)!.get(day) === close)
      const whole = there.length === days.length
      assert.ok(whole || there.length === 0, `${there.length} of ${days.length} bars are stored`)
      if (status !== null) assert.deepEqual([status, whole], [201, true])
    }
  }
  running.server.child.kill('SIGTERM')
  assert.equal((await running.server.ended).code, 0)
  const { rows } = await pool.query("SELECT id FROM stockyard.runs WHERE status = 'running'")
  assert.deepEqual(rows, [])
  t.diagnostic(`${sent.length} writes, of which ${unanswered} were cut off`)
  assert.ok(unanswered > 0, 'no kill came while something was being written')
})
