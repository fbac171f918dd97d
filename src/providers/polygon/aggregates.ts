/** What an answer with aggregates is read into, by both readers: the quick one and the careful one. */
import type { BarBatch } from '../../domain/bar-batch.ts'
import type { UnreadableRow } from '../provider.ts'
import type { JsonRecord } from './failure.ts'

/** Rows of an answer in the order of the wire. */
export interface AggregateRows {
  /** `ts` is what the vendor sent: milliseconds of the start of the window, or of the close. */
  readonly batch: BarBatch
  /** The ticker of each row; absent where rows do not name one. */
  readonly tickers?: readonly string[]
  /** The vendor's own text of the row at an index. */
  readonly rawAt: (index: number) => string
  readonly unreadable: readonly UnreadableRow[]
  /** How many rows are trades over the counter. */
  readonly otc: number
}

export interface Aggregates {
  /** The answer without its rows. */
  readonly members: JsonRecord
  readonly rows: AggregateRows
}

/** Keys of a row's values on the wire, beside the ticker `T` and the flag `otc`. */
export const FIELDS = ['t', 'o', 'h', 'l', 'c', 'v', 'vw', 'n'] as const
/** The columns of a batch that they go to. */
export const COLUMNS = ['ts', 'open', 'high', 'low', 'close', 'volume', 'vwap', 'trades'] as const
/** The fields before this one are in every row; `vw` and `n` are not. */
export const REQUIRED_COUNT = 6

/** Instants beyond this are not dates. */
const INSTANT_MAX = 8.64e15
/** Raw text that is kept of a row, in characters. */
const RAW_LENGTH_MAX = 1000

export function isInstant(value: number): boolean {
  return Math.abs(value) <= INSTANT_MAX
}

/** The text of a row, cut where it is too long to be one. */
export function cutRaw(text: string): string {
  return text.length <= RAW_LENGTH_MAX ? text : `${text.slice(0, RAW_LENGTH_MAX - 1)}…`
}
