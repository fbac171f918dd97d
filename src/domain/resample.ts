/**
 * Longer bars from shorter ones, anchored to the session as the calendar knows it. Bars are first cut
 * into runs of neighbours that belong together, then each run is made into one bar.
 */
import { makeBatch, type BarBatch } from './bar-batch.ts'
import type { Calendar, Session } from './calendar/calendar.ts'
import { DAY_MS, monthStart, weekStart } from './date.ts'
import { StockyardError } from './error.ts'
import { INTERVALS, intervalMs, isIntraday, type Interval } from './interval.ts'

export interface ResampleOptions {
  /**
   * The end of what is known: an instant where the bars given are intraday, else a day. Bars that start
   * at or after it may be missing or may still change. Left out where all is known.
   */
  readonly until?: number
}

export interface Resampled {
  readonly bars: BarBatch
  /** Parallel to bars: 1 where the period of a bar reaches beyond what is known. */
  readonly partial: Uint8Array
}

/** True where bars of `to` can be made of bars of `from`: it is longer, and whole ones fit into it. */
export function canResample(from: Interval, to: Interval): boolean {
  if (from === '1wk') return false // A week may lie in two months.
  return INTERVALS.indexOf(from) < INTERVALS.indexOf(to)
}

/**
 * Bars of the interval `to` made of bars of `from` (ascending by ts).
 *
 * Intraday: buckets begin at the session's open, at the end of a break and at the close, and are counted
 * backwards from the open before it, so that none lies on both sides of one of these; the one that
 * meets the next such time, or the edge of the extended hours, is cut short. A day is made of the bars
 * that start in regular trading and not in a break. A week begins on its Monday, a month on its first.
 * A bar belongs where it starts. Bars outside every session, of which the store holds none, are left out.
 *
 * Open is the first, close the last, high and low the extremes; volume and trades are sums of what is
 * there, and absent where no bar has any; vwap is weighted by volume over the bars that have both.
 * @throws StockyardError `RESAMPLE_IMPOSSIBLE`
 */
export function resample(
  batch: BarBatch,
  from: Interval,
  to: Interval,
  calendar: Calendar,
  { until = Infinity }: ResampleOptions = {},
): Resampled {
  requireResample(from, to)
  if (isIntraday(to)) {
    const runs = cutSessions(batch, calendar, intervalMs(to))
    return { bars: joinRuns(batch, runs), partial: markPartial(runs, until) }
  }
  const isFine = isIntraday(from)
  const daily = isFine ? joinRuns(batch, cutRegular(batch, calendar)) : batch
  const runs = cutPeriods(daily, to)
  const untilDay = isFine ? firstOpenDay(calendar, until) : until
  return { bars: joinRuns(daily, runs), partial: markPartialPeriods(runs, untilDay, to, calendar) }
}

/**
 * Refuses what canResample tells apart.
 * @throws StockyardError `RESAMPLE_IMPOSSIBLE`
 */
export function requireResample(from: Interval, to: Interval): void {
  if (canResample(from, to)) return
  const hint =
    from === '1wk'
      ? 'Make months of daily bars, since a week may lie in two of them.'
      : `Choose an interval longer than ${from}, or begin with shorter bars.`
  throw new StockyardError(
    'usage',
    'RESAMPLE_IMPOSSIBLE',
    `Bars of ${to} cannot be made of bars of ${from}.`,
    { hint },
  )
}

/** Parallel lists: bars from index `from` (included) to `until` (not) make the bar `ts`, over at `end`. */
interface Runs {
  readonly ts: number[]
  readonly from: number[]
  readonly until: number[]
  readonly end: number[]
}

/** A stretch of time that makes one bar: [start, end), with the key of that bar. */
interface Bucket {
  readonly ts: number
  readonly end: number
}

type BucketFinder = (ts: number) => Bucket | null

/** Cuts a batch where the bucket ends that holds the first bar of each run. */
function cutRuns(batch: BarBatch, findBucket: BucketFinder): Runs {
  const runs: Runs = { ts: [], from: [], until: [], end: [] }
  const { ts, length } = batch
  let i = 0
  while (i < length) {
    const bucket = findBucket(ts[i]!)
    const first = i
    i += 1
    if (bucket === null) continue
    while (i < length && ts[i]! < bucket.end) i += 1
    runs.ts.push(bucket.ts)
    runs.from.push(first)
    runs.until.push(i)
    runs.end.push(bucket.end)
  }
  return runs
}

function cutSessions(batch: BarBatch, calendar: Calendar, barMs: number): Runs {
  return cutRuns(batch, (ts) => {
    const session = calendar.sessionAt(ts)
    return session === null ? null : intradayBucket(session, ts, barMs)
  })
}

function intradayBucket(session: Session, ts: number, barMs: number): Bucket {
  const { open, extendedOpen } = session
  if (ts < open) {
    const before = Math.ceil((open - ts) / barMs)
    return { ts: Math.max(open - before * barMs, extendedOpen), end: open - (before - 1) * barMs }
  }
  const [start, end] = segmentAt(session, ts)
  const bucketStart = start + Math.floor((ts - start) / barMs) * barMs
  return { ts: bucketStart, end: Math.min(bucketStart + barMs, end) }
}

/** The stretch between open, breaks, close and the end of extended hours in which an instant lies. */
function segmentAt(session: Session, ts: number): readonly [start: number, end: number] {
  if (ts >= session.close) return [session.close, session.extendedClose]
  let start = session.open
  for (const pause of session.breaks) {
    if (ts < pause[0]) return [start, pause[0]]
    if (ts < pause[1]) return pause
    start = pause[1]
  }
  return [start, session.close]
}

/** Cuts out regular trading: a run for each part of a session between breaks, keyed by the session. */
function cutRegular(batch: BarBatch, calendar: Calendar): Runs {
  return cutRuns(batch, (ts) => {
    const session = calendar.sessionAt(ts)
    if (session === null || ts < session.open || ts >= session.close) return null
    const segment = segmentAt(session, ts)
    return session.breaks.includes(segment) ? null : { ts: session.day, end: segment[1] }
  })
}

/** Cuts bars that are keyed by days; `end` is the day after the period. */
function cutPeriods(batch: BarBatch, to: Interval): Runs {
  return cutRuns(batch, (ts) => {
    if (to === '1d') return { ts, end: ts + DAY_MS }
    if (to === '1wk') return { ts: weekStart(ts), end: weekStart(ts) + 7 * DAY_MS }
    const start = monthStart(ts)
    return { ts: start, end: monthStart(start + 31 * DAY_MS) }
  })
}

/** The first day whose session is not over at an instant. */
function firstOpenDay(calendar: Calendar, instant: number): number {
  if (!Number.isFinite(instant)) return instant
  const day = calendar.localDay(instant)
  const session = calendar.session(day)
  return session !== null && session.close <= instant ? day + DAY_MS : day
}

function markPartial(runs: Runs, until: number): Uint8Array {
  return Uint8Array.from(runs.end, (end) => (end > until ? 1 : 0))
}

/** A period is complete with its last session: a week that ends in a holiday on the Thursday. */
function markPartialPeriods(
  runs: Runs,
  untilDay: number,
  to: Interval,
  calendar: Calendar,
): Uint8Array {
  return Uint8Array.from(runs.end, (end, i) => {
    if (end <= untilDay) return 0
    if (to === '1d') return 1
    return calendar.countSessions(Math.max(untilDay, runs.ts[i]!), end) > 0 ? 1 : 0
  })
}

/** One bar a run. Column by column, since each column lies together in memory. */
function joinRuns(batch: BarBatch, runs: Runs): BarBatch {
  const { from, until } = runs
  const joined = makeBatch(from.length)
  joined.ts.set(runs.ts)
  for (let i = 0; i < from.length; i += 1) {
    joined.open[i] = batch.open[from[i]!]!
    joined.close[i] = batch.close[until[i]! - 1]!
  }
  for (let i = 0; i < from.length; i += 1) joined.high[i] = highest(batch.high, from[i]!, until[i]!)
  for (let i = 0; i < from.length; i += 1) joined.low[i] = lowest(batch.low, from[i]!, until[i]!)
  for (let i = 0; i < from.length; i += 1) {
    joined.volume[i] = sumOfPresent(batch.volume, from[i]!, until[i]!)
  }
  for (let i = 0; i < from.length; i += 1) {
    joined.trades[i] = sumOfPresent(batch.trades, from[i]!, until[i]!)
  }
  for (let i = 0; i < from.length; i += 1) {
    joined.vwap[i] = weightedMean(batch.vwap, batch.volume, from[i]!, until[i]!)
  }
  return joined
}

function highest(column: Float64Array, from: number, until: number): number {
  let high = column[from]!
  for (let i = from + 1; i < until; i += 1) if (column[i]! > high) high = column[i]!
  return high
}

function lowest(column: Float64Array, from: number, until: number): number {
  let low = column[from]!
  for (let i = from + 1; i < until; i += 1) if (column[i]! < low) low = column[i]!
  return low
}

/** Sum without the absent values; NaN where all are absent. */
function sumOfPresent(column: Float64Array, from: number, until: number): number {
  let sum = Number.NaN
  for (let i = from; i < until; i += 1) {
    const value = column[i]!
    if (value === value) sum = sum === sum ? sum + value : value
  }
  return sum
}

/**
 * Mean of values by weights over the places that have both. The mean is moved on value by value, not
 * taken as a quotient of sums: so equal values, and a single one, come out just as they were.
 */
function weightedMean(
  values: Float64Array,
  weights: Float64Array,
  from: number,
  until: number,
): number {
  let mean = Number.NaN
  let total = 0
  for (let i = from; i < until; i += 1) {
    const value = values[i]!
    const weight = weights[i]!
    if (!(weight > 0) || value !== value) continue
    total += weight
    mean = mean === mean ? mean + ((value - mean) * weight) / total : value
  }
  return mean
}
