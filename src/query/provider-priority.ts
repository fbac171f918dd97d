/** Whose bars come before whose where several vendors have the same. */
import type { Queryable } from '../db/connect.ts'
import { findPriority } from '../db/priorities.ts'
import type { Interval } from '../domain/interval.ts'

/**
 * Providers by how far their bars are taken before those of others: what somebody corrected by hand,
 * then consolidated tapes with raw prices, then the rest in the order of their names.
 */
export const DEFAULT_PRIORITY: readonly string[] = ['manual', 'polygon', 'alpha-vantage', 'yahoo']

/** What is asked about: a kind of instrument such as `stock`, at an interval. */
export interface PriorityNeed {
  readonly kind: string
  readonly interval: Interval
  /** As it held at this instant; null: as it holds now. */
  readonly asOf: number | null
}

/**
 * The ids of providers, the first one's bars first. Those that it does not name come after: bars by hand
 * always first, the others as by default.
 */
export async function providerPriority(
  db: Queryable,
  need: PriorityNeed,
): Promise<readonly string[]> {
  const set = await findPriority(db, need)
  if (set === null) return DEFAULT_PRIORITY
  const byHand = set.includes('manual') ? [] : ['manual']
  return [...new Set([...byHand, ...set, ...DEFAULT_PRIORITY])]
}
