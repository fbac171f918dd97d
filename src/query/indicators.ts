/** Indicators over the bars of a symbol, as a page of rows. */
import {
  joinBatches,
  makeBatch,
  orNull,
  sliceBatch,
  takeBars,
  type BarBatch,
} from '../domain/bar-batch.ts'
import { isIntraday, type Interval } from '../domain/interval.ts'
import { computeIndicator, reachOf, type Indicator } from '../domain/indicators/registry.ts'
import { obv } from '../domain/indicators/volume.ts'
import type { Connection, Pool } from '../db/connect.ts'
import { getInstrument } from '../db/instruments.ts'
import { readBars, streamBars, type BarHeading, type BarQuery } from './bars.ts'
import type { Bound } from './bound.ts'
import { readCalendar } from './calendars.ts'
import { barKey } from './rows.ts'

/** The key of the bar, its close, and by the name of each line its value, null while that is unknown. */
export type IndicatorRow = Readonly<Record<string, string | number | null>>

export interface IndicatorAnswer extends BarHeading {
  readonly data: readonly IndicatorRow[]
  readonly next: string | null
}

/**
 * Indicators of at most `limit` bars, by time. Bars before them are read as far as they decide the values,
 * so that these are the same whatever the range; on-balance volume begins with the first bar of the range.
 * @throws StockyardError as readBars does
 */
export async function readIndicators(
  db: Pool | Connection,
  query: BarQuery,
  indicators: readonly Indicator[],
  limit: number,
  cursor: string | null,
): Promise<IndicatorAnswer> {
  const { bars: shown, next, ...page } = await readBars(db, query, limit, cursor)
  const { symbol, interval, adjust, provider, asOf, derivedFrom, warnings } = page
  const heading = { symbol, interval, adjust, provider, asOf, derivedFrom, warnings }
  if (shown.length === 0) return { ...heading, data: [], next }
  const until = boundAt(interval, shown.ts[0]!)
  const sessionOf = await sessionsOf(db, query.symbol, interval)
  const before = await readBefore(db, query, until, Math.max(...indicators.map(reachOf)))
  const isSummed = indicators.some(({ name }) => name === 'obv')
  const since = isSummed && cursor !== null ? await readSince(db, query, until) : makeBatch(0)
  const columns = indicators.flatMap((indicator) => {
    const earlier = indicator.name === 'obv' ? since : before
    const lines = computeIndicator(indicator, joinBatches([earlier, shown]), sessionOf)
    return indicator.lines.map((name, i) => [name, lines[i]!.subarray(earlier.length)] as const)
  })
  const data = Array.from({ length: shown.length }, (_, i) => ({
    ...barKey(interval, shown.ts[i]!),
    close: shown.close[i]!,
    ...Object.fromEntries(columns.map(([name, values]) => [name, orNull(values[i]!)])),
  }))
  return { ...heading, data, next }
}

function boundAt(interval: Interval, ts: number): Bound {
  return isIntraday(interval) ? { kind: 'instant', at: ts } : { kind: 'day', day: ts }
}

/** What tells the session date of a bar's start. */
async function sessionsOf(
  db: Pool | Connection,
  symbol: string,
  interval: Interval,
): Promise<(ts: number) => number> {
  if (!isIntraday(interval)) return (ts) => ts
  const { exchange } = await getInstrument(db, symbol)
  const calendar = await readCalendar(db, exchange)
  return (ts) => calendar.localDay(ts)
}

/** The last bars before a bound, ascending. */
async function readBefore(
  db: Pool | Connection,
  query: BarQuery,
  until: Bound,
  count: number,
): Promise<BarBatch> {
  if (count === 0) return makeBatch(0)
  const { bars } = await readBars(db, { ...query, from: null, until, sort: 'desc' }, count)
  const { length } = bars
  return takeBars(
    bars,
    Array.from({ length }, (_, i) => length - 1 - i),
  )
}

/**
 * All bars of the query before a bound as one bar, from which on-balance volume goes on as from all of them:
 * their sum is its volume. None where there are none.
 */
async function readSince(db: Pool | Connection, query: BarQuery, until: Bound): Promise<BarBatch> {
  const { chunks } = await streamBars(db, { ...query, until })
  let summed = makeBatch(0)
  for await (const { bars } of chunks) {
    const all = joinBatches([summed, bars])
    const last = sliceBatch(all, all.length - 1, all.length)
    summed = { ...last, volume: obv(all).slice(-1) }
  }
  return summed
}
