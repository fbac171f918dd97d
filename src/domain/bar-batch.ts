/**
 * A BarBatch: bars of one series as columns. It is the one value that travels from a vendor's answer
 * to the store and back out; a page is a BarBatch at rest.
 */

export interface BarBatch {
  readonly length: number
  /**
   * Start of each bar. Intraday: milliseconds of the instant in UTC. Daily and longer: the day (see
   * date.ts) of the session date, of the ISO week's Monday, or of the first of the month.
   */
  readonly ts: Float64Array
  /** Prices in the series' currency. */
  readonly open: Float64Array
  readonly high: Float64Array
  readonly low: Float64Array
  readonly close: Float64Array
  /** Shares or units traded; NaN where the vendor has none. */
  readonly volume: Float64Array
  /** Volume-weighted average price; NaN where the vendor has none. */
  readonly vwap: Float64Array
  /** Number of trades; NaN where the vendor has none. */
  readonly trades: Float64Array
}

export const BAR_COLUMNS = [
  'ts',
  'open',
  'high',
  'low',
  'close',
  'volume',
  'vwap',
  'trades',
] as const
/** The columns that hold a bar's values, that is, all but its key. */
export const VALUE_COLUMNS = ['open', 'high', 'low', 'close', 'volume', 'vwap', 'trades'] as const

/** A batch of `length` bars whose vwap and trades are absent and whose other values are 0. */
export function makeBatch(length: number): BarBatch {
  // One piece of memory for all columns, since each piece is work for the garbage collector.
  const memory = new ArrayBuffer(BAR_COLUMNS.length * length * Float64Array.BYTES_PER_ELEMENT)
  const column = (index: number) =>
    new Float64Array(memory, index * length * Float64Array.BYTES_PER_ELEMENT, length)
  return {
    length,
    ts: column(0),
    open: column(1),
    high: column(2),
    low: column(3),
    close: column(4),
    volume: column(5),
    vwap: column(6).fill(Number.NaN),
    trades: column(7).fill(Number.NaN),
  }
}

/** A view, not a copy, of the bars from index `from` (included) to `until` (not). */
export function sliceBatch(batch: BarBatch, from: number, until: number): BarBatch {
  return {
    length: until - from,
    ts: batch.ts.subarray(from, until),
    open: batch.open.subarray(from, until),
    high: batch.high.subarray(from, until),
    low: batch.low.subarray(from, until),
    close: batch.close.subarray(from, until),
    volume: batch.volume.subarray(from, until),
    vwap: batch.vwap.subarray(from, until),
    trades: batch.trades.subarray(from, until),
  }
}

/** A new batch of the bars at the given indexes, in the order given. */
export function takeBars(batch: BarBatch, indexes: ArrayLike<number>): BarBatch {
  const taken = makeBatch(indexes.length)
  for (const column of BAR_COLUMNS) {
    const from = batch[column]
    const to = taken[column]
    for (let i = 0; i < indexes.length; i += 1) to[i] = from[indexes[i]!]!
  }
  return taken
}

/** A new batch of the bars of all batches, one after the other. */
export function joinBatches(batches: readonly BarBatch[]): BarBatch {
  const joined = makeBatch(batches.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const batch of batches) {
    for (const column of BAR_COLUMNS) joined[column].set(batch[column], at)
    at += batch.length
  }
  return joined
}

/** The values of a bar as a plain object; absent ones are null. */
export interface BarValues {
  readonly open: number
  readonly high: number
  readonly low: number
  readonly close: number
  readonly volume: number | null
  readonly vwap: number | null
  readonly trades: number | null
}

/** One bar with its start. */
export interface Bar extends BarValues {
  readonly ts: number
}

/** The values of the bar at an index. For messages and single answers; loops stay on the columns. */
export function barValues(batch: BarBatch, index: number): BarValues {
  return {
    open: batch.open[index]!,
    high: batch.high[index]!,
    low: batch.low[index]!,
    close: batch.close[index]!,
    volume: orNull(batch.volume[index]!),
    vwap: orNull(batch.vwap[index]!),
    trades: orNull(batch.trades[index]!),
  }
}

/** The same with its start. */
export function barAt(batch: BarBatch, index: number): Bar {
  return { ts: batch.ts[index]!, ...barValues(batch, index) }
}

/** A value of a column as JSON has it: NaN, which stands for an absent one, is null. */
export function orNull(value: number): number | null {
  return Number.isNaN(value) ? null : value
}
