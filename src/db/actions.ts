/**
 * The table actions: the ledger of splits and dividends. Nothing in it is overwritten; a row that a
 * vendor changed is kept beside the one that replaced it.
 */
import {
  diffActions,
  toActions,
  type Action,
  type ActionKind,
  type LedgerChange,
  type SaidActions,
} from '../domain/action-ledger.ts'
import { formatDate, parseDay } from '../domain/date.ts'
import { AS_OF_GATE } from './as-of.ts'
import type { Connection, Queryable } from './connect.ts'
import { insertEvent } from './events.ts'

/** Who said it, of what, and when. */
export interface ActionsSource {
  readonly instrumentId: number
  readonly provider: string
  /** Null outside of runs. */
  readonly runId: number | null
  /** When the answer had come, milliseconds UTC. */
  readonly observedAt: number
}

/** An action that the ledger holds. */
export interface StoredAction extends Action {
  readonly provider: string
  /** When this was said first, milliseconds UTC. */
  readonly firstSeen: number
  /** When the vendor took it back for another value; null while it holds. */
  readonly replacedAt: number | null
}

export interface ActionFilter {
  readonly provider?: string | undefined
  readonly kind?: ActionKind | undefined
  /** Ex dates with from <= day < until. */
  readonly from?: number | undefined
  readonly until?: number | undefined
  /**
   * As the ledger was at this instant of the database's clock, milliseconds UTC, in place of now; `settleAsOf`
   * goes before.
   */
  readonly asOf?: number | null | undefined
  readonly limit?: number | undefined
}

/**
 * Takes an answer into the ledger and tells what is new in it, as in a split that was not known. To be
 * called in a transaction. The same answer twice changes nothing; what an answer leaves out stays.
 */
export async function storeActions(
  connection: Connection,
  source: ActionsSource,
  said: SaidActions,
): Promise<LedgerChange> {
  const actions = toActions(said)
  if (actions.length === 0) return { added: [], changed: [] }
  const seen = await currentActions(connection, source)
  const first = diffActions(seen, actions)
  if (first.added.length + first.changed.length === 0) return first
  const now = await lockLedger(connection, source.instrumentId)
  const change = diffActions(await currentActions(connection, source), actions)
  await replaceActions(
    connection,
    source,
    now,
    change.changed.map(({ before }) => before),
  )
  await insertActions(connection, source, now, [
    ...change.added,
    ...change.changed.map(({ after }) => after),
  ])
  await tellActions(connection, source, change)
  return change
}

/** Actions that one event shows; the ledger has them all. */
const TOLD_MAX = 10

/** Tells of what is new in the ledger; the newest actions come first. */
async function tellActions(
  connection: Connection,
  { instrumentId, provider }: ActionsSource,
  { added, changed }: LedgerChange,
): Promise<void> {
  if (added.length + changed.length === 0) return
  const actions = [...added, ...changed.map(({ after }) => after)].toSorted(
    (a, b) => b.exDay - a.exDay,
  )
  await insertEvent(connection, {
    type: 'action',
    instrumentId,
    data: {
      provider,
      added: added.length,
      changed: changed.length,
      actions: actions.slice(0, TOLD_MAX),
    },
  })
}

/**
 * Locks an instrument's ledger, only where there is something to write, and gives the database's instant. The
 * gate of as-of reads comes before the lock and the instant after both, as with loads.
 */
async function lockLedger(connection: Connection, instrumentId: number): Promise<Date> {
  const { rows } = await connection.query<{ now: Date }>(
    `WITH gate AS MATERIALIZED (
       SELECT count(*) AS taken FROM pg_advisory_xact_lock_shared($2))
     SELECT date_trunc('milliseconds', clock_timestamp()) + interval '1 ms' AS now
     FROM gate CROSS JOIN LATERAL (
       SELECT id FROM stockyard.instruments WHERE gate.taken = 1 AND id = $1 FOR NO KEY UPDATE) AS i`,
    [instrumentId, AS_OF_GATE],
  )
  return rows[0]!.now
}

async function currentActions(connection: Connection, source: ActionsSource): Promise<Action[]> {
  return await listActions(connection, source.instrumentId, { provider: source.provider })
}

async function replaceActions(
  connection: Connection,
  source: ActionsSource,
  now: Date,
  actions: readonly Action[],
): Promise<void> {
  if (actions.length === 0) return
  await connection.query(
    `UPDATE stockyard.actions a SET replaced_at = $3, known_until = $4
     FROM unnest($5::text[], $6::date[], $7::smallint[]) AS r (kind, ex_day, number)
     WHERE a.instrument_id = $1 AND a.provider = $2 AND a.replaced_at IS NULL
       AND a.kind = r.kind AND a.ex_day = r.ex_day AND a.number = r.number`,
    [
      source.instrumentId,
      source.provider,
      new Date(source.observedAt),
      now,
      ...keyColumns(actions),
    ],
  )
}

function keyColumns(actions: readonly Action[]) {
  return [
    actions.map(({ kind }) => kind),
    actions.map(({ exDay }) => formatDate(exDay)),
    actions.map(({ number }) => number),
  ]
}

async function insertActions(
  connection: Connection,
  source: ActionsSource,
  now: Date,
  actions: readonly Action[],
): Promise<void> {
  await connection.query(
    `INSERT INTO stockyard.actions (instrument_id, provider, run_id, first_seen, known_from, kind, ex_day,
       number, new_shares, old_shares, amount, currency, basis)
     SELECT $1, $2, $3, $4, $5, n.*
     FROM unnest($6::text[], $7::date[], $8::smallint[], $9::float8[], $10::float8[], $11::float8[],
       $12::text[], $13::text[]) AS n`,
    [
      source.instrumentId,
      source.provider,
      source.runId,
      new Date(source.observedAt),
      now,
      ...keyColumns(actions),
      actions.map(({ newShares }) => newShares),
      actions.map(({ oldShares }) => oldShares),
      actions.map(({ amount }) => amount),
      actions.map(({ currency }) => currency),
      actions.map(({ basis }) => basis),
    ],
  )
}

interface ActionRow {
  provider: string
  kind: ActionKind
  ex_day: string
  number: number
  new_shares: number | null
  old_shares: number | null
  amount: number | null
  currency: string | null
  basis: 'raw' | 'split' | null
  first_seen: Date
  replaced_at: Date | null
}

/** The actions of an instrument by ex date and provider: those that hold, or those that held once. */
export async function listActions(
  db: Queryable,
  instrumentId: number,
  filter: ActionFilter = {},
): Promise<StoredAction[]> {
  const { asOf, from, until } = filter
  const { rows } = await db.query<ActionRow>(
    `SELECT provider, kind, ex_day, number, new_shares, old_shares, amount, currency, basis,
            first_seen, replaced_at
     FROM stockyard.actions
     WHERE instrument_id = $1
       AND ($2::text IS NULL OR provider = $2)
       AND ($3::text IS NULL OR kind = $3)
       AND ($4::date IS NULL OR ex_day >= $4)
       AND ($5::date IS NULL OR ex_day < $5)
       AND CASE WHEN $6::timestamptz IS NULL THEN replaced_at IS NULL
           ELSE known_from <= $6 AND (known_until IS NULL OR known_until > $6) END
     ORDER BY ex_day, provider, kind, number
     LIMIT $7`,
    [
      instrumentId,
      filter.provider ?? null,
      filter.kind ?? null,
      from === undefined ? null : formatDate(from),
      until === undefined ? null : formatDate(until),
      typeof asOf === 'number' ? new Date(asOf) : null,
      filter.limit ?? null,
    ],
  )
  return rows.map((row) => ({
    provider: row.provider,
    kind: row.kind,
    exDay: parseDay(row.ex_day),
    number: row.number,
    newShares: row.new_shares,
    oldShares: row.old_shares,
    amount: row.amount,
    currency: row.currency,
    basis: row.basis,
    firstSeen: row.first_seen.getTime(),
    replacedAt: row.replaced_at?.getTime() ?? null,
  }))
}

/** The exchange whose sessions the ex dates of an instrument are. */
export async function findExchangeOf(db: Queryable, instrumentId: number): Promise<string> {
  const { rows } = await db.query<{ exchange: string }>(
    'SELECT exchange FROM stockyard.instruments WHERE id = $1',
    [instrumentId],
  )
  return rows[0]!.exchange
}
