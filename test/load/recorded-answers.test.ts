/**
 * Every recording of the list, sent over real HTTP as the answer to a call for bars and taken the whole
 * way into the store: where it has bars, each row is there, was refused, or is none; where it has none,
 * the task fails by name, and nothing is stored.
 */
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, describe, it } from 'node:test'
import { readPageRange } from '../../src/db/pages.ts'
import { findHead } from '../../src/db/series.ts'
import { DAY_MS, parseDay } from '../../src/domain/date.ts'
import type { Interval } from '../../src/domain/interval.ts'
import { fetchAll, type FetchSummary } from '../../src/load/fetch-series.ts'
import { makeLogger } from '../../src/log.ts'
import { makeHttpClient } from '../../src/providers/fetch.ts'
import { getProvider } from '../../src/providers/registry.ts'
import { makeDatabase } from '../support/database.ts'
import { listRecordings, skipRecordings, type Recording } from '../support/recordings.ts'

const log = makeLogger({ level: 'silent', format: 'json' })
const { pool } = await makeDatabase()

let served: Pick<Recording, 'status' | 'body'> = { status: 500, body: Buffer.alloc(0) }
/** How often the recording is the answer; what is asked after that has an empty page of Polygon's. */
let timesServed = Infinity
const LAST_PAGE = '{"queryCount":0,"resultsCount":0,"adjusted":false,"status":"OK"}'
const server = createServer((_request, response) => {
  timesServed -= 1
  response.statusCode = timesServed < 0 ? 200 : served.status
  response.end(timesServed < 0 ? LAST_PAGE : served.body)
})
await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
after(() => server.close())

/** Days and time of a call that a recording is an answer to. */
interface Call {
  readonly symbol: string
  readonly interval: Interval
  readonly from: number | null
  readonly until: number | null
  readonly now: number
}

/** A row by plain means: instant or day, four prices to 4 decimals, volume. */
type PlainRow = readonly (number | null)[]

/** What a recording has, read without the code under test; null where it is no answer with bars. */
interface Plain {
  readonly call: Call
  readonly rows: readonly PlainRow[]
  /** True where the last row may be the newest price and no bar. */
  readonly mayTick: boolean
}

async function replay(recording: Recording, call: Call): Promise<FetchSummary> {
  const { symbol, interval, from, until, now } = call
  served = recording
  timesServed = recording.body.includes('"next_url"') ? 1 : Infinity
  // Recordings of one symbol over each other would be revisions: each has the symbol to itself.
  await pool.query(
    `UPDATE stockyard.symbols SET symbol = 'WAS' || instrument_id WHERE symbol = $1`,
    [symbol],
  )
  await forgetRefusals()
  const clock = { now: () => now, sleep: forgetRefusals }
  const client = makeHttpClient({ clock, log, retries: 0 })
  const config = { key: 'replay-key', baseUrl, budget: 'unlimited' }
  try {
    return await fetchAll(
      { pool, client, clock, log, configs: { [recording.provider]: config } },
      {
        symbols: [symbol],
        intervals: [interval],
        providers: [getProvider(recording.provider)],
        from,
        until,
        force: false,
        defaultDays: 20,
      },
    )
  } finally {
    await client.close()
  }
}

/** What a recorded refusal taught must not hold back the next recording; what it made wait for has passed. */
async function forgetRefusals(): Promise<void> {
  await pool.query(
    `WITH pauses AS (DELETE FROM stockyard.budget_pauses),
          ceilings AS (DELETE FROM stockyard.budget_ceilings)
     DELETE FROM stockyard.plan_limits`,
  )
}

async function storedRows(provider: string, { symbol, interval }: Call): Promise<PlainRow[]> {
  const { basis } = getProvider(provider)
  const head = await findHead(pool, { symbol, interval, provider, basis })
  if (head === null) return []
  const range = { interval, from: -8e12, until: 4e12, order: 'asc', limit: 100_000 } as const
  const pages = await readPageRange(pool, head.seriesId, range)
  return pages.flatMap(({ bars }) =>
    Array.from(bars.ts, (ts, i) =>
      plainRow(ts, [bars.open[i]!, bars.high[i]!, bars.low[i]!, bars.close[i]!, bars.volume[i]!]),
    ),
  )
}

function round(value: number | null | undefined): number | null {
  return value === null || value === undefined ? null : Number(value.toFixed(4))
}

function plainRow(ts: number, [open, high, low, close, volume]: (number | null | undefined)[]) {
  const isNone = volume === undefined || volume === null || Number.isNaN(volume)
  return [ts, round(open), round(high), round(low), round(close), isNone ? null : volume]
}

const zones = new Map<string, Intl.DateTimeFormat>()

/** The date of an instant in a zone, as a day, by the platform's own zone data. */
function dayIn(zone: string, instant: number): number {
  const format = zones.get(zone) ?? new Intl.DateTimeFormat('en-CA', { timeZone: zone })
  zones.set(zone, format)
  return parseDay(format.format(instant))
}

/** The document that a body is; an empty one where it is none. */
function documentOf({ body }: Recording): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(body.toString().replace(/^\uFEFF/, ''))
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}

// Polygon --------------------------------------------------------------------------------------------

type Aggregate = Record<'t' | 'o' | 'h' | 'l' | 'c' | 'v', number>

function plainPolygon(recording: Recording): Plain | null {
  const { ticker, results } = documentOf(recording) as { ticker?: string; results?: Aggregate[] }
  if (recording.endpoint !== 'aggs range' || !Array.isArray(results)) return null
  const interval = /-1min-/.test(recording.path) ? '1m' : '1d'
  const keyed = results.map(({ t, o, h, l, c, v }) =>
    plainRow(interval === '1d' ? dayIn('America/New_York', t) : t, [o, h, l, c, v]),
  )
  const days = results.map(({ t }) => dayIn('America/New_York', t))
  const [from, last] = [Math.min(...days), Math.max(...days)]
  return {
    call: { symbol: ticker!, interval, from, until: last + DAY_MS, now: last + 5.5 * DAY_MS },
    rows: keyed.toSorted((a, b) => a[0]! - b[0]!),
    mayTick: false,
  }
}

// Yahoo ----------------------------------------------------------------------------------------------

interface Chart {
  readonly meta: {
    readonly symbol: string
    readonly dataGranularity: string
    readonly exchangeTimezoneName: string
    readonly regularMarketTime: number
  }
  readonly timestamp?: readonly number[]
  readonly indicators: { readonly quote: readonly Record<string, (number | null)[]>[] }
}

const FIELDS = ['open', 'high', 'low', 'close', 'volume'] as const

function plainYahoo(recording: Recording): Plain | null {
  const { chart } = documentOf(recording) as { chart?: { result?: Chart[] | null } }
  const result = chart?.result?.[0]
  if (result?.timestamp === undefined) return null
  const { meta, timestamp, indicators } = result
  const { dataGranularity: interval, exchangeTimezoneName: zone } = meta
  const quote = indicators.quote[0]!
  // Months are made of days here, and a chart of nothing but closes has no bars.
  if (!/^1[mhd]$/.test(interval) || quote['open'] === undefined) return null
  const isDaily = interval === '1d'
  const days = timestamp.map((second) => dayIn(zone, second * 1000))
  const last = timestamp.at(-1)! * 1000
  const market = meta.regularMarketTime * 1000
  return {
    call: {
      symbol: meta.symbol,
      interval: interval as Interval,
      from: Math.min(...days),
      until: Math.max(...days) + DAY_MS,
      now: market >= last ? market + 60_000 : last + DAY_MS,
    },
    rows: timestamp.map((second, i) =>
      plainRow(
        isDaily ? days[i]! : second * 1000,
        FIELDS.map((field) => quote[field]?.[i]),
      ),
    ),
    mayTick: !isDaily,
  }
}

// --------------------------------------------------------------------------------------------------

const PLAIN: Readonly<Record<string, (recording: Recording) => Plain | null>> = {
  polygon: plainPolygon,
  yahoo: plainYahoo,
}

/** Calls for bars that each vendor gets in answer to which something else comes. */
const ELSEWHERE: Call = {
  symbol: 'ZZZZ',
  interval: '1d',
  from: parseDay('2024-03-04'),
  until: parseDay('2024-03-09'),
  now: Date.parse('2024-03-12T22:00Z'),
}

/** The codes with which a task ends that got such a recording; the first pattern that fits counts. */
const CODES: readonly (readonly [RegExp, RegExp])[] = [
  [/error-(?:information-25|daily)/, /^BUDGET_EXHAUSTED$/],
  [/burst|per-minute|429|call-volume/, /^RATE_LIMITED$/],
  [/premium|not-authorized/, /^PLAN_LACKS$/],
  [/demo-key|apikey|api-key/, /^KEY_REFUSED$/],
  [/invalid-api-call|invalid-interval/, /^REQUEST_REFUSED$/],
  [/delisted|CAPIO/, /^SYMBOL_UNKNOWN$/],
  [/crumb|401/, /^PROVIDER_OUTAGE$/],
  [/empty|not-found|range-too-old|weekend/, /^NO_DATA$/],
  [/yahoo\/chart\/.*(?:\d|1h)\.json/, /^(?:NO_DATA|ANSWER_MALFORMED)$/],
]

function codeOf({ path }: Recording): RegExp {
  return CODES.find(([pattern]) => pattern.test(path))?.[1] ?? /./
}

describe('a recorded answer', { skip: skipRecordings }, () => {
  for (const recording of listRecordings()) {
    const plain = PLAIN[recording.provider]?.(recording) ?? null
    // Alpha Vantage's bars have a test of their own, and hours are never asked of Polygon.
    const isOther = /^TIME_SERIES|aggs (?:grouped|prev)/.test(recording.endpoint)
    if (isOther || /-1hour-/.test(recording.path)) continue
    if (plain === null) {
      it(`fails by name and stores nothing: ${recording.path}`, async () => {
        const { tasks, inserted } = await replay(recording, ELSEWHERE)
        const [task] = tasks
        assert.deepEqual([task!.status, inserted], ['failed', 0])
        assert.match(task!.error!.code, codeOf(recording))
        assert.notEqual(task!.error!.code, 'UNEXPECTED')
        assert.deepEqual(await storedRows(recording.provider, ELSEWHERE), [])
      })
      continue
    }
    it(`is stored row by row: ${recording.path}`, async () => {
      const { call, rows, mayTick } = plain
      const summary = await replay(recording, call)
      assert.equal(summary.tasks[0]!.error, null)
      const stored = await storedRows(recording.provider, call)
      const values = rows.filter((row) => row.slice(1, 5).some((value) => value !== null))
      const byKey = new Map(values.map((row) => [row[0], row]))
      for (const row of stored) assert.deepEqual(row, byKey.get(row[0]!))
      const missing = byKey.size - stored.length - summary.rejected
      assert.ok(missing === 0 || (mayTick && missing === 1), `${missing} rows are nowhere`)
    })
  }
})
