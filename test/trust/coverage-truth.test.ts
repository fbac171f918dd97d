/**
 * Coverage against the truth: whatever is fetched in whatever order, cut off on the way, lost, and not to be
 * had, the states of sessions are those that follow from the calls that were served and from what the exchange
 * had; and a repair asks for the missing sessions alone. STOCKYARD_LONG=1 takes 200 stories.
 */
import assert from 'node:assert/strict'
import { after, it } from 'node:test'
import fc from 'fast-check'
import { withClosures } from '../../src/domain/calendar/make-calendar.ts'
import { getCalendar } from '../../src/domain/calendar/registry.ts'
import { DAY_MS, formatDate, parseDay } from '../../src/domain/date.ts'
import { fetchAll, type FetchContext } from '../../src/load/fetch-series.ts'
import { listGaps } from '../../src/load/list-gaps.ts'
import { repairGaps } from '../../src/load/repair.ts'
import { makeLogger } from '../../src/log.ts'
import { makeHttpClient } from '../../src/providers/fetch.ts'
import { getProvider, settleMsOf } from '../../src/providers/registry.ts'
import { readBars } from '../../src/query/bars.ts'
import { readCoverage } from '../../src/query/coverage.ts'
import { startSandbox } from '../../src/sandbox/server.ts'
import { makeDatabase } from '../support/database.ts'
import { rowsOf, type Row } from '../support/store.ts'

const NOW = Date.parse('2026-06-06T12:00:00-04:00')
const FIRST = parseDay('2026-02-02')
const DAYS = 42
const WINDOW = { from: FIRST, until: FIRST + DAYS * DAY_MS }
const EXCHANGE_DAYS = getCalendar('XNYS').sessions(WINDOW.from, WINDOW.until)

const polygon = getProvider('polygon')
const log = makeLogger({ level: 'silent', format: 'json' })
const clock = { now: () => NOW, sleep: () => Promise.resolve() }
const sandbox = await startSandbox({ port: 0, clock: clock.now })
const client = makeHttpClient({ clock, log, retries: 0 })
const { pool } = await makeDatabase()
after(async () => {
  await client.close()
  await sandbox.close()
})

type Interval = '1d' | '5m'
interface Series {
  readonly symbol: string
  readonly interval: Interval
}

/** The day of a session by its place in the window. */
const dayAt = (place: number) => EXCHANGE_DAYS[place]!.day

const sessions = (most: number) =>
  fc.uniqueArray(fc.nat(EXCHANGE_DAYS.length - 1), { maxLength: most })
const step = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      what: fc.constant('fetch' as const),
      from: fc.nat(DAYS - 1),
      length: fc.integer({ min: 1, max: 20 }),
      // The calls that are served before the connection is cut, again and again; null for all.
      served: fc.option(fc.nat(2)),
    }),
  },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('lose' as const), lost: sessions(3) }) },
)
const story = fc.record({
  interval: fc.constantFrom<Interval>('1d', '5m'),
  /** Closures that the store knows of, and those that nobody told of. */
  announced: sessions(2),
  unannounced: sessions(3),
  steps: fc.array(step, { minLength: 1, maxLength: 7 }),
})

let count = 0

/** The exchange and the store with closures; a series of its own for each story. */
async function begin(announced: readonly number[], unannounced: readonly number[]) {
  sandbox.market.events.forget('closures')
  for (const day of [...announced, ...unannounced]) sandbox.market.events.close(day)
  await pool.query('DELETE FROM stockyard.closures')
  for (const day of announced) {
    await pool.query(
      `INSERT INTO stockyard.closures (exchange, day, closed, reason) VALUES ('XNYS', $1, true, 'test')`,
      [formatDate(day)],
    )
  }
  count += 1
  const calendar = withClosures(getCalendar('XNYS'), announced)
  const context: FetchContext = {
    pool,
    client,
    clock,
    log,
    calendarOf: () => calendar,
    configs: { polygon: { key: 'a-key', baseUrl: sandbox.url, budget: 'unlimited' } },
  }
  const expected = calendar.sessions(WINDOW.from, WINDOW.until).map(({ day }) => day)
  return { symbol: `SIM${100 + count}`, context, expected }
}

/** Takes sessions out of the store by hand. */
async function lose({ symbol, interval }: Series, days: readonly number[]): Promise<void> {
  const series = `series_id = (SELECT s.id FROM stockyard.series s JOIN stockyard.symbols y
    ON y.instrument_id = s.instrument_id WHERE y.symbol = '${symbol}' AND s.interval = '${interval}')`
  for (const day of days) {
    if (interval === '5m') {
      const text = `DELETE FROM stockyard.pages WHERE ${series} AND starts_on = $1`
      await pool.query(text, [formatDate(day)])
      continue
    }
    const place = (day - Date.UTC(2026, 0, 1)) / DAY_MS
    const cut = ['open', 'high', 'low', 'close', 'volume', 'vwap', 'trades']
      .map((column) => `${column} = ${column}[:n - 1] || ${column}[n + 1:]`)
      .join(', ')
    await pool.query(
      `UPDATE stockyard.pages SET bars = bars - 1, ts = array_remove(ts, ${place}::smallint), ${cut}
       FROM (SELECT array_position(ts, ${place}::smallint) AS n FROM stockyard.pages WHERE ${series}) x
       WHERE ${series} AND n IS NOT NULL`,
    )
  }
}

/** The days of each call for bars that was served since a count of calls. */
function servedDays(since: number): number[][] {
  return sandbox.calls
    .list()
    .slice(since)
    .filter(({ outcome }) => outcome === 'served')
    .map(({ params }) => {
      const from = parseDay(params['from']!)
      const length = (parseDay(params['to']!) - from) / DAY_MS + 1
      return Array.from({ length }, (_, i) => from + i * DAY_MS)
    })
}

function truthOf({ symbol, interval }: Series, day: number): Row[] {
  const range = { from: day, until: day + DAY_MS, hours: 'all' } as const
  return rowsOf(sandbox.market.bars({ symbol, interval, ...range }))
}

/** The state of each session, by what the store says. */
async function toldStates({ symbol, interval }: Series, expected: readonly number[]) {
  const query = { symbol, interval, ...WINDOW, now: NOW, settleMsOf }
  const { data } = await readCoverage(pool, query)
  return expected.map((day) => {
    const text = formatDate(day)
    return `${text} ${data.find(({ from, until }) => from <= text && text < until)?.state}`
  })
}

async function storedOf({ symbol, interval }: Series): Promise<Row[]> {
  const query = { symbol, interval, provider: 'polygon', from: null, until: null, now: NOW }
  return rowsOf((await readBars(pool, { ...query, session: 'all', sort: 'asc' }, 100_000)).bars)
}

it('says of each session what calls, truth and losses come to, and repairs what is missing, once', async (t) => {
  const seen = new Set<string>()
  await fc.assert(
    fc.asyncProperty(story, async ({ interval, announced, unannounced, steps }) => {
      const silent = unannounced.filter((place) => !announced.includes(place)).map(dayAt)
      const { symbol, context, expected } = await begin(announced.map(dayAt), silent)
      const series = { symbol, interval }
      const stored = new Set<number>()
      const answered = new Set<number>()
      let first = Infinity
      const learn = (days: readonly number[]) => {
        for (const day of days.filter((one) => expected.includes(one))) {
          answered.add(day)
          if (truthOf(series, day).length === 0) continue
          stored.add(day)
          first = Math.min(first, day)
        }
      }
      for (const one of steps) {
        const since = sandbox.calls.count()
        if (one.what === 'lose') {
          const lost = one.lost.map(dayAt).filter((day) => stored.has(day))
          await lose(series, lost)
          for (const day of lost) stored.delete(day)
          continue
        }
        if (one.served !== null) sandbox.faults.add({ fault: 'reset-midway', after: one.served })
        const from = FIRST + one.from * DAY_MS
        await fetchAll(context, {
          symbols: [symbol],
          intervals: [interval],
          providers: [polygon],
          from,
          until: Math.min(from + one.length * DAY_MS, WINDOW.until),
          force: false,
          defaultDays: 1,
        })
        sandbox.faults.clear()
        // An answer without a row could be that for an unknown symbol: a repair alone takes it as proof, but
        // for days right before the first bars.
        const hasBars = (day: number) => truthOf(series, day).length > 0
        const calls = servedDays(since)
        const meetsFirst = (days: readonly number[]) =>
          days.at(-1)! < first && !expected.some((day) => day > days.at(-1)! && day < first)
        learn(calls.filter((days) => days.some(hasBars) || meetsFirst(days)).flat())
      }
      if (first === Infinity) return
      const model = () =>
        expected.map((day) => {
          let state = 'missing'
          if (stored.has(day)) state = 'available'
          else if (answered.has(day) && silent.includes(day)) {
            state = day > first ? 'no-trades' : 'not-offered'
          }
          seen.add(state)
          return `${formatDate(day)} ${state}`
        })
      const search = { symbols: [symbol], intervals: [interval], ...WINDOW }
      const gaps = await listGaps(pool, search, context.calendarOf!, NOW)
      const states = model()
      assert.deepEqual(await toldStates(series, expected), states)
      const missing = expected.filter((_, i) => states[i]!.endsWith('missing'))
      assert.equal(
        gaps.reduce((sum, gap) => sum + gap.sessions, 0),
        missing.length,
      )

      const since = sandbox.calls.count()
      const { gaps: left } = await repairGaps(context, search, [polygon])
      const asked = servedDays(since)
        .flat()
        .filter((day) => expected.includes(day))
      // Calls are made side by side.
      assert.deepEqual(
        asked.toSorted((a, b) => a - b),
        missing,
      )
      assert.deepEqual(left, [])
      learn(asked)
      assert.deepEqual(await toldStates(series, expected), model())
      assert.deepEqual(
        await storedOf(series),
        expected.flatMap((day) => truthOf(series, day)),
      )
    }),
    { numRuns: process.env['STOCKYARD_LONG'] === '1' ? 200 : 10 },
  )
  t.diagnostic(`states seen: ${[...seen].join(' ')}`)
})
