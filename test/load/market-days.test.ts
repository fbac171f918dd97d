/** One call for the whole market in place of one a symbol: when it is made, and what comes of it. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, beforeEach, describe, it, type TestContext } from 'node:test'
import { openFileArchive } from '../../src/archive/file-archive.ts'
import type { Archive } from '../../src/archive/archived-answer.ts'
import { parseDay } from '../../src/domain/date.ts'
import type { Pool } from '../../src/db/connect.ts'
import { readPageRange } from '../../src/db/pages.ts'
import { findHead } from '../../src/db/series.ts'
import { fetchAll } from '../../src/load/fetch-series.ts'
import { chooseMarketDays } from '../../src/load/market-days.ts'
import { replay } from '../../src/load/replay.ts'
import { makeLogger } from '../../src/log.ts'
import { makeHttpClient } from '../../src/providers/fetch.ts'
import { polygon } from '../../src/providers/polygon/index.ts'
import { startSandbox, type Sandbox } from '../../src/sandbox/server.ts'
import { makeDatabase } from '../support/database.ts'
import { listRecordings, skipRecordings } from '../support/recordings.ts'
import { answer, startFaultServer } from '../support/fault-server.ts'

const log = makeLogger({ level: 'silent', format: 'json' })
const SYMBOLS = Array.from({ length: 20 }, (_, i) => `SIM${i + 1}`)
/** A Sunday, after all has settled, and a Tuesday in the middle of its session. */
const FIRST = Date.parse('2024-06-09T15:00:00Z')
const SECOND = Date.parse('2024-06-11T16:00:00Z')

let sandbox: Sandbox
let pool: Pool
before(async () => {
  sandbox = await startSandbox({ port: 0, clock: () => FIRST })
})
after(() => sandbox.close())
beforeEach(async (t) => {
  ;({ pool } = await makeDatabase(t as TestContext))
})

interface Given {
  readonly archive?: Archive
  readonly baseUrl?: string
  readonly until?: number
}

async function fetchAt(
  now: number,
  symbols: readonly string[] = SYMBOLS,
  from = '2024-06-03',
  { archive, baseUrl = sandbox.url, until }: Given = {},
) {
  sandbox.exchangeClock.fix(now)
  const clock = { now: () => now, sleep: () => Promise.resolve() }
  const client = makeHttpClient({ clock, log, retries: 0 })
  const config = { key: 'sandbox-key', baseUrl, budget: 'unlimited' }
  try {
    return await fetchAll(
      { pool, client, clock, log, configs: { polygon: config }, ...(archive && { archive }) },
      {
        symbols,
        intervals: ['1d'],
        providers: [polygon],
        from: parseDay(from),
        until: until ?? null,
        force: false,
        defaultDays: 90,
      },
    )
  } finally {
    await client.close()
  }
}

async function storedBars(symbol: string) {
  const key = { symbol, interval: '1d', provider: 'polygon', basis: 'raw' } as const
  const head = (await findHead(pool, key))!
  const range = { interval: '1d', from: 0, until: FIRST * 2, order: 'asc', limit: 100 } as const
  return (await readPageRange(pool, head.seriesId, range)).flatMap(({ bars }) =>
    Array.from(bars.ts, (ts, i) => [ts, bars.open[i], bars.close[i], bars.volume[i], bars.vwap[i]]),
  )
}

const days = (...numbers: number[]) => new Set(numbers)

describe('days of the whole market', () => {
  it('are chosen where they cost less than the calls that they stand for', () => {
    assert.deepEqual(chooseMarketDays([days(5), days(5), days(5)]), days(5))
    assert.deepEqual(chooseMarketDays([days(5), days()]), days())
    // Two calls in place of three; the third day would be one call for one series.
    const lacking = [days(5, 4), days(5, 4), days(5), days(5, 4, 3)]
    assert.deepEqual(chooseMarketDays(lacking), days(5, 4))
    // The series that lacks its history costs a call in any case.
    const young = new Set(Array.from({ length: 200 }, (_, i) => i - 194))
    assert.deepEqual(chooseMarketDays([days(5), days(5), young]), days(5))
    assert.deepEqual(chooseMarketDays([young, young, young]), days())
    assert.deepEqual(chooseMarketDays([]), days())
  })

  it('cost one call for twenty symbols that lack a session, and bring the same bars', async (t) => {
    // A week for each of 20: five calls for the market.
    const week = await fetchAt(FIRST)
    assert.deepEqual([week.status, week.requests, week.inserted], ['succeeded', 5, 100])
    // Monday is final by then, and Tuesday has begun.
    const next = await fetchAt(SECOND)
    assert.deepEqual([next.status, next.requests, next.inserted], ['succeeded', 2, 40])
    assert.deepEqual(
      next.tasks.map(({ watermark }) => watermark),
      SYMBOLS.map(() => '2024-06-10'),
    )
    assert.equal((await fetchAt(SECOND)).requests, 1)
    const byMarket = await storedBars('SIM7')
    ;({ pool } = await makeDatabase(t))
    // A single symbol is asked for by itself.
    const alone = await fetchAt(SECOND, ['SIM7'])
    assert.equal(alone.requests, 1)
    assert.deepEqual(byMarket, await storedBars('SIM7'))
  })

  it('are asked for by symbol where the market does not list it', async () => {
    sandbox.exchangeClock.fix(FIRST)
    // SIM101 and later are left out of the answers for the market.
    const symbols = [...SYMBOLS.slice(0, 9), 'SIM101']
    const summary = await fetchAt(FIRST, symbols, '2024-06-06')
    assert.deepEqual([summary.status, summary.requests, summary.inserted], ['succeeded', 3, 20])
  })

  it('are kept for each symbol, and can be read again without a call', async (t) => {
    const root = mkdtempSync(join(tmpdir(), 'stockyard-market-'))
    t.after(() => rmSync(root, { recursive: true, force: true }))
    const clock = { now: () => FIRST }
    const archive = openFileArchive({ root, clock, log, maxBytes: 1e9, maxDays: 365 })
    const symbols = SYMBOLS.slice(0, 3)
    assert.equal((await fetchAt(FIRST, symbols, '2024-06-06', { archive })).requests, 2)
    await archive.flush()
    const fetched = await storedBars('SIM2')
    ;({ pool } = await makeDatabase(t))
    const received = { from: null, until: null }
    const again = await replay(
      { pool, root, providers: [polygon] },
      { symbols: [], received, dryRun: false },
    )
    assert.deepEqual([again.status, again.inserted, again.requests], ['succeeded', 6, 0])
    assert.deepEqual(await storedBars('SIM2'), fetched)
  })

  it('of the recordings are stored ticker by ticker', { skip: skipRecordings }, async (t) => {
    const recordings = listRecordings().filter(({ endpoint }) => endpoint === 'aggs grouped')
    assert.ok(recordings.length > 0)
    for (const { body, path } of recordings) {
      ;({ pool } = await makeDatabase(t))
      const { results } = JSON.parse(body.toString()) as {
        results: Record<'T' | 't' | 'o' | 'c' | 'v' | 'vw', never>[]
      }
      const rows = results.slice(0, 30)
      const day = new Date(rows[0]!.t).toISOString().slice(0, 10)
      const now = parseDay(day) + 5 * 86_400_000
      const { url } = await startFaultServer(t, [answer(200, body.toString())])
      // Sessions since then are not asked for.
      const symbols = [...rows.map((row) => row.T), 'ZZZZ']
      const until = parseDay(day) + 86_400_000
      const { tasks } = await fetchAt(now, symbols, day, { baseUrl: url, until })
      assert.equal(tasks.at(-1)!.error?.code, 'ANSWER_MALFORMED', path)
      for (const [i, { T: ticker, o, c, v, vw }] of rows.entries()) {
        assert.equal(tasks[i]!.error, null, path)
        assert.deepEqual(await storedBars(ticker), [[parseDay(day), o, c, v, vw]], path)
      }
    }
  })

  it('are not asked for where a series lacks more than that', async () => {
    const summary = await fetchAt(FIRST, SYMBOLS.slice(0, 4), '2024-01-02')
    assert.deepEqual([summary.status, summary.requests], ['succeeded', 4])
  })
})
