/** Splits and dividends in the shape that the API and the CLI share. */
import { listActions, type ActionFilter, type StoredAction } from '../db/actions.ts'
import type { Connection, Pool } from '../db/connect.ts'
import { getInstrumentAsOf } from '../db/instruments-as-of.ts'
import type { ActionStatus, Claim, LedgerEntry } from '../domain/action-claims.ts'
import type { ActionKind } from '../domain/action-ledger.ts'
import { formatDate } from '../domain/date.ts'
import { findAsOf } from './as-of-instant.ts'
import type { Bound } from './bound.ts'
import { readMergedLedger } from './merged-ledger.ts'
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
  /** What became of it beside what other vendors say, prices and decisions. */
  readonly status: ActionStatus
  /** True where adjusted prices go by this row. */
  readonly applied: boolean
}

/** Which actions are wanted, and as of when. */
export interface ActionQuery extends Omit<ActionFilter, 'asOf'> {
  /** Null or undefined: as they are known now. */
  readonly asOf?: Bound | null | undefined
}

/**
 * The actions of a symbol by ex date, from every vendor that told of them.
 * @throws StockyardError `SYMBOL_UNKNOWN`, `SYMBOL_INVALID`, `AS_OF_FUTURE`
 */
export async function readActions(
  db: Pool | Connection,
  typed: string,
  { asOf: bound = null, ...filter }: ActionQuery = {},
): Promise<ActionRow[]> {
  const asOf = await findAsOf(db, typed, bound)
  const { id, symbol } = await getInstrumentAsOf(db, typed, asOf)
  const actions = await listActions(db, id, { ...filter, asOf })
  const ledger = actions.length === 0 ? [] : await readMergedLedger(db, id, asOf)
  return actions.map((action) => actionRow(symbol, action, ledger))
}

function actionRow(
  symbol: string,
  action: StoredAction,
  ledger: readonly LedgerEntry[],
): ActionRow {
  const isIt = (claim: Claim) =>
    claim.provider === action.provider &&
    claim.kind === action.kind &&
    claim.exDay === action.exDay &&
    claim.number === action.number
  const entry = ledger.find(({ claims }) => claims.some(isIt))
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
    status: entry?.status ?? 'single-source',
    applied: entry?.applied === true && entry.actions.some(isIt),
  }
}
