/** Statistics of stored bars: of one symbol over a range, and how several move together. */
import { setImmediate } from 'node:timers/promises'
import { orNull } from '../domain/bar-batch.ts'
import { isIntraday, type Interval } from '../domain/interval.ts'
import { StockyardError } from '../domain/error.ts'
import {
  annualisedReturn,
  annualisedVolatility,
  correlation,
  logReturns,
  maximumDrawdown,
  mean,
  SESSIONS_A_YEAR,
  totalReturn,
} from '../domain/statistics.ts'
import type { Connection, Pool } from '../db/connect.ts'
import { streamBars, type BarHeading, type BarQuery } from './bars.ts'
import { formatBarKey } from './rows.ts'

/** A value and the session (or the first day of the week or month) that it is of. */
export interface Dated {
  readonly value: number
  readonly session: string
}

/** Shares are parts of 1, so that 0.05 is 5 %; null where there are too few bars to say. */
export interface Summary {
  readonly bars: number
  readonly first: Dated | null
  readonly last: Dated | null
  readonly high: Dated | null
  readonly low: Dated | null
  readonly total_return: number | null
  readonly annualised_return: number | null
  readonly annualised_volatility: number | null
  readonly average_volume: number | null
  readonly max_drawdown: {
    readonly depth: number
    readonly peak: string | null
    readonly trough: string | null
  }
  readonly best: Dated | null
  readonly worst: Dated | null
}

export interface SummaryAnswer extends Summary {
  readonly heading: BarHeading
}

const PERIODS_A_YEAR: Readonly<Partial<Record<Interval, number>>> = {
  '1d': SESSIONS_A_YEAR,
  '1wk': 52,
  '1mo': 12,
}

/**
 * Statistics of a symbol's daily, weekly or monthly bars over a range.
 * @throws StockyardError `INTERVAL_UNSUPPORTED`, and what readBars throws
 */
export async function readSummary(db: Pool | Connection, query: BarQuery): Promise<SummaryAnswer> {
  requireLong(query.interval)
  const { heading, ...columns } = await readColumns(db, query)
  return { heading, ...summarize(columns, heading.interval) }
}

/** @throws StockyardError `INTERVAL_UNSUPPORTED` */
function requireLong(interval: Interval): void {
  if (!isIntraday(interval)) return
  const sentence = `Statistics are not made of bars of ${interval}.`
  throw new StockyardError('usage', 'INTERVAL_UNSUPPORTED', sentence, {
    hint: 'Use interval=1d, 1wk or 1mo.',
  })
}

interface Columns {
  readonly ts: Float64Array
  readonly high: Float64Array
  readonly low: Float64Array
  readonly close: Float64Array
  readonly volume: Float64Array
}

const COLUMN_NAMES = ['ts', 'high', 'low', 'close', 'volume'] as const

async function readColumns(
  db: Pool | Connection,
  query: BarQuery,
): Promise<Columns & { readonly heading: BarHeading }> {
  const { chunks, ...heading } = await streamBars(db, query)
  const parts: Columns[] = []
  for await (const { bars } of chunks) parts.push(bars)
  const length = parts.reduce((sum, part) => sum + part.ts.length, 0)
  const joined = Object.fromEntries(
    COLUMN_NAMES.map((name) => [name, new Float64Array(length)]),
  ) as unknown as Columns
  let at = 0
  for (const part of parts) {
    for (const name of COLUMN_NAMES) joined[name].set(part[name], at)
    at += part.ts.length
  }
  return { heading, ...joined }
}

function summarize({ ts, high, low, close, volume }: Columns, interval: Interval): Summary {
  const { length } = close
  const dated = (values: Float64Array, index: number, offset = 0): Dated | null =>
    index < 0 || values.length === 0
      ? null
      : { value: values[index]!, session: formatBarKey(interval, ts[index + offset]!) }
  const returns = new Float64Array(Math.max(length - 1, 0))
  for (let i = 1; i < length; i += 1) returns[i - 1] = close[i]! / close[i - 1]! - 1
  const { depth, peak, trough } = maximumDrawdown(close)
  const traded = volume.filter((value) => !Number.isNaN(value))
  const sessionAt = (index: number | null) =>
    index === null ? null : formatBarKey(interval, ts[index]!)
  return {
    bars: length,
    first: dated(close, 0),
    last: dated(close, length - 1),
    high: dated(
      high,
      extreme(high, (a, b) => a > b),
    ),
    low: dated(
      low,
      extreme(low, (a, b) => a < b),
    ),
    total_return: orNull(totalReturn(close)),
    annualised_return:
      length === 0 ? null : orNull(annualisedReturn(close, ts[0]!, ts[length - 1]!)),
    annualised_volatility: orNull(annualisedVolatility(close, PERIODS_A_YEAR[interval]!)),
    average_volume: orNull(mean(traded)),
    max_drawdown: { depth, peak: sessionAt(peak), trough: sessionAt(trough) },
    best: dated(
      returns,
      extreme(returns, (a, b) => a > b),
      1,
    ),
    worst: dated(
      returns,
      extreme(returns, (a, b) => a < b),
      1,
    ),
  }
}

/** Index of the value that beats all others, the first of equals; -1 of none. */
function extreme(values: Float64Array, beats: (a: number, b: number) => boolean): number {
  let best = -1
  for (let i = 0; i < values.length; i += 1) {
    if (best < 0 || beats(values[i]!, values[best]!)) best = i
  }
  return best
}

export interface Correlations {
  /** In the order of rows and columns. */
  readonly symbols: readonly string[]
  /** Null where a pair has too little in common, or one side never moved. */
  readonly matrix: readonly (readonly (number | null)[])[]
  /** Returns that each number was made of. */
  readonly observations: readonly (readonly number[])[]
}

/**
 * Pearson's correlation of log returns, pair by pair over the bars that both have.
 * @throws StockyardError `INTERVAL_UNSUPPORTED`, and what readBars throws
 */
export async function readCorrelations(
  db: Pool | Connection,
  symbols: readonly string[],
  query: Omit<BarQuery, 'symbol'>,
): Promise<Correlations> {
  requireLong(query.interval)
  const all: Columns[] = []
  for (const symbol of symbols) all.push(await readColumns(db, { ...query, symbol }))
  const matrix = symbols.map(() => symbols.map((): number | null => null))
  const observations = symbols.map(() => symbols.map(() => 0))
  for (let i = 0; i < symbols.length; i += 1) {
    // Of fifty symbols over decades a row takes tens of milliseconds: others go between.
    await setImmediate()
    for (let j = i; j < symbols.length; j += 1) {
      const [a, b] = commonCloses(all[i]!, all[j]!)
      const value = orNull(correlation(logReturns(a), logReturns(b)))
      matrix[i]![j] = matrix[j]![i] = value
      observations[i]![j] = observations[j]![i] = Math.max(a.length - 1, 0)
    }
  }
  return { symbols, matrix, observations }
}

/** The closes of the bars that both have, in order. */
function commonCloses(a: Columns, b: Columns): [Float64Array, Float64Array] {
  const most = Math.min(a.ts.length, b.ts.length)
  const left = new Float64Array(most)
  const right = new Float64Array(most)
  let length = 0
  let i = 0
  let j = 0
  while (i < a.ts.length && j < b.ts.length) {
    const difference = a.ts[i]! - b.ts[j]!
    if (difference === 0) {
      left[length] = a.close[i]!
      right[length] = b.close[j]!
      length += 1
    }
    if (difference <= 0) i += 1
    if (difference >= 0) j += 1
  }
  return [left.subarray(0, length), right.subarray(0, length)]
}
