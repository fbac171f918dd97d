/** What a columnar file looks like, which has to be known before its first row. Pure. */
import { StockyardError } from '../domain/error.ts'
import { isIntraday, type Interval } from '../domain/interval.ts'
import type { ValueColumn } from './row-groups.ts'

export interface TableShape {
  /** True where `ts` is an instant; else it is the date of a session, week or month. */
  readonly isIntraday: boolean
  /** Those after symbol, interval and ts, in order. */
  readonly columns: readonly ValueColumn[]
}

/**
 * The shape of a table of bars of these intervals.
 * @throws StockyardError `INTERVALS_MIXED` where `ts` would have to be both a date and an instant
 */
export function tableShape(
  intervals: readonly Interval[],
  columns: readonly ValueColumn[],
): TableShape {
  const kinds = new Set(intervals.map((interval) => isIntraday(interval)))
  if (kinds.size > 1) {
    throw new StockyardError(
      'usage',
      'INTERVALS_MIXED',
      'Dates and instants cannot be in one column of this format.',
      { hint: 'Write intraday bars and daily or longer ones into files of their own, or as CSV.' },
    )
  }
  return { isIntraday: kinds.has(true), columns }
}
