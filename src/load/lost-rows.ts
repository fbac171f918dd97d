/** Which refused rows stand for a bar that is missing now. */
import type { RejectRow } from '../db/rejects.ts'

/**
 * Rules that say of a row that no bar belongs there, so that none is missing: by `no-trade` the vendor says so
 * itself. What `action` refuses is a split or a payment that came along with bars.
 */
const NO_BAR_RULES = new Set([
  'duplicate',
  'session',
  'range',
  'grid',
  'future',
  'no-trade',
  'action',
])

/** True for a refused row that stands for a bar of which the day is known. */
export function isLoss<R extends Pick<RejectRow, 'rule' | 'ts'>>(
  row: R,
): row is R & { ts: number } {
  return !NO_BAR_RULES.has(row.rule) && isPlaced(row.ts)
}

/** True for a refused row that may have stood for any bar of its answer. */
export function isUnplaced({ rule, ts }: Pick<RejectRow, 'rule' | 'ts'>): boolean {
  return !NO_BAR_RULES.has(rule) && !isPlaced(ts)
}

function isPlaced(ts: number | null): ts is number {
  return ts !== null && Number.isFinite(ts)
}
