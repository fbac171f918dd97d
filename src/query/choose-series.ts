/** Which of an instrument's series answer a question, and in which order. */
import type { SeriesRef } from '../db/read-series.ts'
import { DEFAULT_PRIORITY } from './provider-priority.ts'

/** Value of `provider` that leaves the choice to us. */
export const AUTO_PROVIDER = 'auto'

type Candidate = Pick<SeriesRef, 'provider' | 'basis'>

/**
 * The series of the provider, or of all of them where it is `auto`, the best first: by priority, then by
 * name; of one provider prices as traded before restated ones.
 */
export function rankSeries<T extends Candidate>(
  series: readonly T[],
  provider: string,
  priority: readonly string[] = DEFAULT_PRIORITY,
): T[] {
  const rank = (id: string) => (priority.includes(id) ? priority.indexOf(id) : priority.length)
  return series
    .filter((one) => provider === AUTO_PROVIDER || one.provider === provider)
    .toSorted((a, b) => {
      if (a.provider === b.provider) return a.basis < b.basis ? -1 : a.basis === b.basis ? 0 : 1
      return rank(a.provider) - rank(b.provider) || (a.provider < b.provider ? -1 : 1)
    })
}

/** Start of a series' last bar, and whether that is final. */
export interface SeriesEnd {
  readonly ts: number
  readonly final: boolean
  /** True where its period was not over when it was last seen. */
  readonly partial?: boolean
}

/**
 * The series whose last bar is the one that a merge of all would end with: it is the newest; of the newest
 * ones it is final, or else seen after its period was over, or else of the best provider by priority. Null where
 * there is none.
 */
export function chooseNewest<T extends Candidate>(
  series: readonly T[],
  endOf: (one: T) => SeriesEnd,
  provider: string,
  priority?: readonly string[],
): T | null {
  const ranked = rankSeries(series, provider, priority)
  const newest = ranked.reduce((most, one) => Math.max(most, endOf(one).ts), -Infinity)
  const last = ranked.filter((one) => endOf(one).ts === newest)
  const isOver = (one: T) => endOf(one).partial !== true
  return last.find((one) => endOf(one).final) ?? last.find(isOver) ?? last[0] ?? null
}
