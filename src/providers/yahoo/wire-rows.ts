/** Rows of a chart answer as they stand on the wire, as columns, and which of them are bars. */
import type { BarBatch } from '../../domain/bar-batch.ts'
import { roundPrice, type Chart } from './chart.ts'

const PRICES = ['open', 'high', 'low', 'close'] as const
const RAW_LENGTH_MAX = 1000

/** Values of a column: numbers where the vendor has them, null or anything else where it has not. */
type Column = readonly (number | null | undefined)[]

export interface WireColumns {
  readonly timestamps: readonly unknown[]
  /** Open, high, low, close; an array that is absent is empty. */
  readonly prices: readonly Column[]
  /** Null where the answer has no volume in any row. */
  readonly volume: Column | null
}

/** The rows that are bars, by ascending ts. */
export interface WireRows {
  readonly columns: WireColumns
  length: number
  /** Instant of the start, or day, of each bar. */
  readonly ts: Float64Array
  /** Where each bar stands in the arrays of the answer. */
  readonly index: Int32Array
}

/**
 * The columns of a chart; null where one is there and not as long as the timestamps, since nobody can
 * say then which value belongs to which row.
 */
export function columnsOf({ timestamps, quote }: Chart): WireColumns | null {
  const columns = [...PRICES, 'volume'].map((name) => {
    const column = quote[name]
    return Array.isArray(column) ? (column as Column) : []
  })
  const isParallel = columns.every(({ length }) => length === 0 || length === timestamps.length)
  if (!isParallel) return null
  const volume = columns.pop()!
  return {
    timestamps,
    prices: columns,
    volume: volume.some((value) => Number.isFinite(value)) ? volume : null,
  }
}

/** Fills a batch of as many bars as there are rows; prices without noise. */
export function batchOf(rows: WireRows, scale: number, batch: BarBatch): BarBatch {
  const { columns, index, length, ts } = rows
  const [opens, highs, lows, closes] = columns.prices
  const { open, high, low, close, volume } = batch
  for (let i = 0; i < length; i += 1) {
    const at = index[i]!
    batch.ts[i] = ts[i]!
    open[i] = roundPrice(opens![at]!, scale)
    high[i] = roundPrice(highs![at]!, scale)
    low[i] = roundPrice(lows![at]!, scale)
    close[i] = roundPrice(closes![at]!, scale)
    volume[i] = columns.volume?.[at] ?? Number.NaN
  }
  return batch
}

/** The vendor's own values of a row, as it would have written them had it rows. */
export function rowText({ timestamps, prices, volume }: WireColumns, at: number): string {
  const named = PRICES.map((name, i) => [name, prices[i]![at]])
  const row = { timestamp: timestamps[at], ...Object.fromEntries(named), volume: volume?.[at] }
  return JSON.stringify(row).slice(0, RAW_LENGTH_MAX)
}

/** The vendor sends oldest first; an answer that is not is put in order. */
export function sortByTime({ ts, index, length }: WireRows): void {
  let isAscending = true
  for (let i = 1; i < length; i += 1) if (ts[i]! < ts[i - 1]!) isAscending = false
  if (isAscending) return
  const order = Array.from({ length }, (_, i) => i).toSorted((a, b) => ts[a]! - ts[b]!)
  const [starts, places] = [ts.slice(), index.slice()]
  order.forEach((from, to) => {
    ts[to] = starts[from]!
    index[to] = places[from]!
  })
}
