/**
 * The table decisions: what people made of findings and of actions in doubt. A decision is withdrawn,
 * never deleted, so that an as-of read finds those that held then.
 */
import type { ActionFamily } from '../domain/action-claims.ts'
import { formatDate, parseDay } from '../domain/date.ts'
import { AS_OF_GATE } from './as-of.ts'
import { inTransaction, type Pool, type Queryable } from './connect.ts'

/**
 * - `apply`, `refuse`: an action counts, or does not
 * - `prefer`: a vendor's bars come first on some days
 * - `mute`: a rule is not to be told any more
 */
export type Verdict = 'apply' | 'refuse' | 'prefer' | 'mute'

export interface NewDecision {
  readonly verdict: Verdict
  /** Null: of all instruments; for `mute` only. */
  readonly instrumentId: number | null
  /** What it was decided on, if anything. */
  readonly findingId: number | null
  /** Of `mute`. */
  readonly rule: string | null
  /** Of `apply` and `refuse`. */
  readonly family: ActionFamily | null
  /** Whose side was taken; null: nobody's. */
  readonly provider: string | null
  readonly interval: string | null
  /** Days [from, until) that it is about, the ex day for actions; null: all. */
  readonly fromDay: number | null
  readonly untilDay: number | null
  readonly reason: string
  readonly decidedBy: string
}

export interface Decision extends NewDecision {
  readonly id: number
  readonly symbol: string | null
  readonly decidedAt: number
  readonly withdrawnAt: number | null
}

export interface DecisionFilter {
  /** Those of one instrument, and those of all instruments. */
  readonly instrumentId?: number | undefined
  /** Those that held at this instant; absent or null: those that hold now. */
  readonly asOf?: number | null | undefined
  readonly verdict?: Verdict | undefined
  /** True for the withdrawn ones as well; then `asOf` means nothing. */
  readonly withdrawn?: boolean | undefined
}

/** Records a decision and answers with its id. */
export async function addDecision(pool: Pool, added: NewDecision): Promise<number> {
  return await inTransaction(pool, async (connection) => {
    await connection.query('SELECT pg_advisory_xact_lock_shared($1)', [AS_OF_GATE])
    const { rows } = await connection.query<{ id: number }>(
      `INSERT INTO stockyard.decisions (verdict, instrument_id, finding_id, rule, kind, provider,
         interval, from_day, until_day, reason, decided_by)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING id`,
      [
        added.verdict,
        added.instrumentId,
        added.findingId,
        added.rule,
        added.family,
        added.provider,
        added.interval,
        added.fromDay === null ? null : formatDate(added.fromDay),
        added.untilDay === null ? null : formatDate(added.untilDay),
        added.reason,
        added.decidedBy,
      ],
    )
    return rows[0]!.id
  })
}

/** Takes a decision back; false where there is none that holds. */
export async function withdrawDecision(pool: Pool, id: number): Promise<boolean> {
  return await inTransaction(pool, async (connection) => {
    await connection.query('SELECT pg_advisory_xact_lock_shared($1)', [AS_OF_GATE])
    const { rowCount } = await connection.query(
      `UPDATE stockyard.decisions SET withdrawn_at = clock_timestamp()
       WHERE id = $1 AND withdrawn_at IS NULL`,
      [id],
    )
    return rowCount === 1
  })
}

interface DecisionRow {
  id: number
  verdict: Verdict
  instrument_id: number | null
  symbol: string | null
  finding_id: number | null
  rule: string | null
  kind: ActionFamily | null
  provider: string | null
  interval: string | null
  from_day: string | null
  until_day: string | null
  reason: string
  decided_by: string
  decided_at: Date
  withdrawn_at: Date | null
}

/** Decisions in the order in which they were made: the newest one is the last. */
export async function listDecisions(
  db: Queryable,
  filter: DecisionFilter = {},
): Promise<Decision[]> {
  const { rows } = await db.query<DecisionRow>(
    `SELECT d.id, d.verdict, d.instrument_id, y.symbol, d.finding_id, d.rule, d.kind, d.provider,
            d.interval, d.from_day, d.until_day, d.reason, d.decided_by, d.decided_at, d.withdrawn_at
     FROM stockyard.decisions d
     LEFT JOIN stockyard.symbols y ON y.instrument_id = d.instrument_id AND y.valid_until IS NULL
     WHERE ($1::integer IS NULL OR d.instrument_id = $1 OR d.instrument_id IS NULL)
       AND ($2::text IS NULL OR d.verdict = $2)
       AND ($4 OR CASE WHEN $3::timestamptz IS NULL THEN d.withdrawn_at IS NULL
           ELSE d.decided_at <= $3 AND (d.withdrawn_at IS NULL OR d.withdrawn_at > $3) END)
     ORDER BY d.id`,
    [
      filter.instrumentId ?? null,
      filter.verdict ?? null,
      typeof filter.asOf === 'number' ? new Date(filter.asOf) : null,
      filter.withdrawn === true,
    ],
  )
  return rows.map(fromRow)
}

function fromRow(row: DecisionRow): Decision {
  return {
    id: row.id,
    verdict: row.verdict,
    instrumentId: row.instrument_id,
    symbol: row.symbol,
    findingId: row.finding_id,
    rule: row.rule,
    family: row.kind,
    provider: row.provider,
    interval: row.interval,
    fromDay: row.from_day === null ? null : parseDay(row.from_day),
    untilDay: row.until_day === null ? null : parseDay(row.until_day),
    reason: row.reason,
    decidedBy: row.decided_by,
    decidedAt: row.decided_at.getTime(),
    withdrawnAt: row.withdrawn_at?.getTime() ?? null,
  }
}
