/**
 * What becomes of a row that fails a check, and what a check may depend on.
 */
import type { BarBatch } from '../domain/bar-batch.ts'
import type { Calendar } from '../domain/calendar/calendar.ts'
import type { Interval } from '../domain/interval.ts'

export interface Reject {
  /** Name of the rule that was broken first, e.g. `price-order`. */
  readonly rule: string
  /** One sentence with the values. */
  readonly reason: string
  /** The vendor's own text of the row. */
  readonly raw: string
  /** Start of the bar (instant, or day for daily and longer); null where the row has no sane one. */
  readonly ts: number | null
  /** open, high, low, close, volume, vwap and trades as they were read; NaN where absent. */
  readonly values: readonly number[]
}

export interface CheckContext {
  readonly interval: Interval
  readonly calendar: Calendar
  /** Days asked for, from <= day < until; null where that side was left open. */
  readonly from: number | null
  readonly until: number | null
  /** Instant at which the answer came. */
  readonly now: number
  /** `split` for prices that the vendor restates after a split, and so rounds a second time. */
  readonly basis: 'raw' | 'split'
  /** True where the vendor always has a volume, so that a row without one was not understood. */
  readonly needsVolume?: boolean
}

/** One check. A rule is given rows that ascend by ts and marks some; it never changes or drops one. */
export interface Rule {
  readonly name: string
  /** Sets `failed[i]` to `mark` for each row i that breaks the rule and is not marked yet. */
  readonly scan: (batch: BarBatch, context: CheckContext, failed: Uint8Array, mark: number) => void
  /** One sentence with the values, about a row that the rule has marked. */
  readonly explain: (batch: BarBatch, index: number, context: CheckContext) => string
}
