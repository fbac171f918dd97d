/** Splits and dividends in the shape that the API and the CLI share. */
import { listActions, type ActionFilter, type StoredAction } from '../db/actions.ts'
import type { Queryable } from '../db/connect.ts'
import { getInstrument } from '../db/instruments.ts'
import type { ActionKind } from '../domain/action-ledger.ts'
import { formatDate } from '../domain/date.ts'
import { formatInstant } from './rows.ts'

/** An action as JSON; the values that its kind does not have are null. */
export interface ActionRow {
  readonly symbol: string
  readonly kind: ActionKind
  /** Ex date. */
  readonly ex_date: string
  readonly provider: string
  readonly new_shares: number | null
  readonly old_shares: number | null
  readonly amount: number | null
  readonly currency: string | null
  readonly basis: 'raw' | 'split' | null
  readonly first_seen: string
}

/**
 * The actions of a symbol by ex date, from every vendor that told of them.
 * @throws StockyardError `SYMBOL_UNKNOWN`, `SYMBOL_INVALID`
 */
export async function readActions(
  db: Queryable,
  typed: string,
  filter: ActionFilter = {},
): Promise<ActionRow[]> {
  const { id, symbol } = await getInstrument(db, typed)
  const actions = await listActions(db, id, filter)
  return actions.map((action) => actionRow(symbol, action))
}

function actionRow(symbol: string, action: StoredAction): ActionRow {
  return {
    symbol,
    kind: action.kind,
    ex_date: formatDate(action.exDay),
    provider: action.provider,
    new_shares: action.newShares,
    old_shares: action.oldShares,
    amount: action.amount,
    currency: action.currency,
    basis: action.basis,
    first_seen: formatInstant(action.firstSeen),
  }
}
