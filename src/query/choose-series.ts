/** Which of an instrument's series answers a question. */
import type { SeriesRef } from '../db/read-series.ts'

/** Value of `provider` that leaves the choice to us. */
export const AUTO_PROVIDER = 'auto'

/**
 * Providers by how far their bars are taken before those of others: what somebody corrected by hand,
 * then consolidated tapes with raw prices, then the rest in the order of their names.
 */
const PRIORITY = ['manual', 'polygon', 'alpha-vantage', 'yahoo']

/** The first series of the provider, or by priority where the provider is `auto`; null where none is. */
export function chooseSeries<T extends Pick<SeriesRef, 'provider' | 'basis'>>(
  series: readonly T[],
  provider: string,
): T | null {
  const candidates =
    provider === AUTO_PROVIDER ? series : series.filter((one) => one.provider === provider)
  return candidates.toSorted(bySeriesPriority)[0] ?? null
}

function bySeriesPriority(
  a: Pick<SeriesRef, 'provider' | 'basis'>,
  b: Pick<SeriesRef, 'provider' | 'basis'>,
): number {
  if (a.provider !== b.provider) {
    return rank(a.provider) - rank(b.provider) || (a.provider < b.provider ? -1 : 1)
  }
  if (a.basis === b.basis) return 0
  return a.basis === 'raw' ? -1 : 1
}

function rank(provider: string): number {
  const index = PRIORITY.indexOf(provider)
  return index < 0 ? PRIORITY.length : index
}
