/**
 * Reads as of an instant beside the plain read of the same bars, and what it costs in bytes that they stay
 * the same: since when bars are known, and the versions that revisions leave behind.
 */
import { makeBatch, sliceBatch, type BarBatch } from '../src/domain/bar-batch.ts'
import { getCalendar } from '../src/domain/calendar/registry.ts'
import { DAY_MS } from '../src/domain/date.ts'
import type { Interval } from '../src/domain/interval.ts'
import { inTransaction, type Pool } from '../src/db/connect.ts'
import { startRun } from '../src/db/runs.ts'
import { loadBatch } from '../src/load/load-batch.ts'
import { readBars } from '../src/query/bars.ts'
import { madeMinutes } from './made-bars.ts'

const YEARS = 20
/** Sessions that come one by one, as they do where a series is kept current. */
const APPENDED = 20
const MINUTE_DAYS = 60
const READS = 41
const SETTLE_MS = 4 * 3_600_000
const calendar = getCalendar('XNYS')

/** Loads, revises, measures, and empties the store again. */
export async function benchAsOf(pool: Pool): Promise<unknown> {
  const today = Math.floor(Date.now() / DAY_MS) * DAY_MS
  const daily = madeDays(today - YEARS * 365.25 * DAY_MS, today - 3 * DAY_MS)
  const whole = daily.length - APPENDED
  await load(pool, '1d', sliceBatch(daily, 0, whole))
  for (let i = whole; i < daily.length; i += 1) await load(pool, '1d', sliceBatch(daily, i, i + 1))
  const minutes = madeMinutes(today - MINUTE_DAYS * DAY_MS, today - 3 * DAY_MS, 1)
  await load(pool, '1m', minutes)
  const appended = await weigh(pool, daily.length)
  const before = await databaseNow(pool)
  const revisions = await revise(pool, '1d', daily, Math.floor(daily.length / YEARS))
  const versionBytes = await sizeOf(pool, 'page_versions')
  const dailyReads = await measureReads(pool, '1d', daily.length, before)
  await revise(pool, '1m', minutes, 390)
  const minuteReads = await measureReads(pool, '1m', minutes.length, before)
  await pool.query(
    `TRUNCATE stockyard.pages, stockyard.page_versions, stockyard.series_heads, stockyard.series,
       stockyard.symbols, stockyard.instruments, stockyard.tasks, stockyard.runs RESTART IDENTITY CASCADE`,
  )
  return {
    daily: { bars: daily.length, ...dailyReads },
    minute: { bars: minutes.length, ...minuteReads },
    bytes: { ...appended, revisions, aRevision: Math.round(versionBytes / revisions) },
  }
}

/** Daily bars of all sessions with from <= day < until. */
function madeDays(from: number, until: number): BarBatch {
  const sessions = calendar.sessions(from, until)
  const batch = makeBatch(sessions.length)
  sessions.forEach(({ day }, i) => {
    const price = Math.round(150 + 40 * Math.sin(i / 90)) + ((i * 7919) % 4) / 4
    batch.ts[i] = day
    batch.open[i] = price
    batch.high[i] = price + 1.25
    batch.low[i] = price - 1.25
    batch.close[i] = price + 0.5
    batch.volume[i] = 1_000_000 + ((i * 104_729) % 500_000)
  })
  return batch
}

async function load(pool: Pool, interval: Interval, batch: BarBatch): Promise<void> {
  const series = { symbol: 'ASOF', interval, provider: 'polygon', basis: 'raw' } as const
  const runId = await inTransaction(pool, (connection) =>
    startRun(connection, 'fetch', {}, [series]),
  )
  await loadBatch(pool, {
    series,
    calendar,
    settleMs: SETTLE_MS,
    runId,
    taskNumber: 1,
    batch,
    rejects: [],
    fetched: batch.length,
    covers: null,
    continuesFrom: null,
    receivedAt: Date.now(),
    actions: null,
    simulated: false,
  })
}

/** Changes the volume of one bar of every so many, one answer each; tells how many. */
async function revise(
  pool: Pool,
  interval: Interval,
  bars: BarBatch,
  every: number,
): Promise<number> {
  let count = 0
  for (let i = Math.floor(every / 2); i < bars.length; i += every) {
    const one = sliceBatch(bars, i, i + 1)
    await load(pool, interval, { ...one, volume: one.volume.map((volume) => volume + 1) })
    count += 1
  }
  return count
}

interface Reads {
  readonly plainMs: number
  /** As of now: from the current pages. */
  readonly asOfNowMs: number
  /** As of before the revisions: from the versions that they left. */
  readonly asOfBeforeMs: number
}

/** Medians over reads that take turns, so that the load of the machine is the same for all. */
async function measureReads(
  pool: Pool,
  interval: Interval,
  count: number,
  before: number,
): Promise<Reads> {
  const after = await databaseNow(pool)
  const wishes = [null, after, before].map((at) =>
    at === null ? null : ({ kind: 'instant', at } as const),
  )
  const times = wishes.map((): number[] => [])
  for (let round = 0; round < READS; round += 1) {
    for (const [i, asOf] of wishes.entries()) {
      const start = performance.now()
      const query = { symbol: 'ASOF', interval, provider: 'auto', from: null, until: null } as const
      const rest = { session: 'all', sort: 'asc', now: Date.now(), asOf } as const
      const { bars } = await readBars(pool, { ...query, ...rest }, count + 1)
      times[i]!.push(performance.now() - start)
      if (bars.length !== count) throw new Error(`${bars.length} of ${count} bars were read`)
    }
  }
  const [plainMs, asOfNowMs, asOfBeforeMs] = times.map(median)
  return { plainMs: plainMs!, asOfNowMs: asOfNowMs!, asOfBeforeMs: asOfBeforeMs! }
}

async function weigh(pool: Pool, bars: number) {
  const { rows } = await pool.query<{ pages: number; known: number | null }>(
    `SELECT sum(pg_column_size(p.*))::float8 AS pages, sum(pg_column_size(known_after))::float8 AS known
     FROM stockyard.pages p JOIN stockyard.series s ON s.id = p.series_id WHERE s.interval = '1d'`,
  )
  const { pages, known } = rows[0]!
  return {
    aDailyBar: Math.round((10 * pages) / bars) / 10,
    sinceWhenABarIsKnown: Math.round((10 * (known ?? 0)) / APPENDED) / 10,
  }
}

async function sizeOf(pool: Pool, table: string): Promise<number> {
  const { rows } = await pool.query<{ bytes: number }>(
    `SELECT pg_total_relation_size($1)::float8 AS bytes`,
    [`stockyard.${table}`],
  )
  return rows[0]!.bytes
}

/** The instant by which loads are told apart. */
async function databaseNow(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ ms: number }>(
    'SELECT extract(epoch FROM clock_timestamp())::float8 * 1000 AS ms',
  )
  return Math.floor(rows[0]!.ms)
}

function median(values: readonly number[]): number {
  const middle = values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!
  return Math.round(middle * 10) / 10
}
