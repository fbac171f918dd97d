/** The splits and payments of an instrument that count, out of what all vendors say. */
import type { Connection, Pool } from '../db/connect.ts'
import type { LedgerEntry } from '../domain/action-claims.ts'
import type { Payment, ShareSplit } from '../domain/adjust.ts'
import { paymentsOf, splitsOf } from '../domain/merge-actions.ts'
import { readMergedLedger } from './merged-ledger.ts'

/** What adjusting goes by; each action stands in it once. */
export interface EffectiveActions {
  readonly splits: readonly ShareSplit[]
  readonly payments: readonly Payment[]
  /** Entries of the ledger that are in doubt, and are therefore not heeded. */
  readonly doubtful?: readonly LedgerEntry[]
}

/**
 * The actions that hold now, or that were known to hold at an instant: what vendors agree on or one of
 * them says unopposed. What is in doubt is left out until a person decides (`stockyard verify`).
 */
export async function effectiveActions(
  db: Pool | Connection,
  instrumentId: number,
  asOf: number | null,
  version?: string,
): Promise<EffectiveActions> {
  const entries = await readMergedLedger(db, instrumentId, asOf, version)
  return {
    splits: splitsOf(entries),
    payments: paymentsOf(entries),
    doubtful: entries.filter(({ status }) => status === 'suspicious'),
  }
}
