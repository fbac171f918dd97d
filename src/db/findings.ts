/** The table findings: what verify and loads found, each thing once, and whether it is still there. */
import type { ActionFamily } from '../domain/action-claims.ts'
import { DAY_MS, formatDate, parseDay } from '../domain/date.ts'
import type { DayRange } from '../domain/coverage.ts'
import { inTransaction, type Connection, type Pool, type Queryable } from './connect.ts'

export interface NewFinding {
  readonly rule: string
  /** Tells findings of one rule and instrument apart, and stays the same from run to run. */
  readonly subject: string
  /** Null where it is about an action. */
  readonly interval: string | null
  /** Whose bars or word it is about. */
  readonly provider: string | null
  /** The vendor that says otherwise. */
  readonly other: string | null
  /** Null where it is about bars. */
  readonly family: ActionFamily | null
  /** Days [from, until) that it is about. */
  readonly fromDay: number
  readonly untilDay: number
  /** One sentence. */
  readonly message: string
  readonly evidence: Readonly<Record<string, unknown>>
}

export interface Finding extends NewFinding {
  readonly id: number
  readonly instrumentId: number
  readonly symbol: string
  readonly foundAt: number
  /** When it was last there. */
  readonly seenAt: number
  /** Since when it is not there any more; null while it is. */
  readonly goneAt: number | null
}

export interface FindingFilter {
  readonly id?: number | undefined
  readonly instrumentId?: number | undefined
  readonly rule?: string | undefined
  /** True for those that are not there any more as well. */
  readonly gone?: boolean | undefined
}

/** Found in vendors' answers, and gone when a later answer says so: no look at the store tells. */
const WITHDRAWN = 'bar-withdrawn'
const RENAME_UNCLEAR = 'rename-unclear'

/**
 * Records what was found of an instrument by looking at the store; earlier findings that were looked for and not found again
 * are gone from now on.
 * @param intervals those that were looked at; findings of other intervals stay as they are
 */
export async function storeFindings(
  pool: Pool,
  instrumentId: number,
  intervals: readonly string[],
  findings: readonly NewFinding[],
): Promise<void> {
  await inTransaction(pool, async (connection) => {
    await connection.query(
      `UPDATE stockyard.findings SET gone_at = clock_timestamp()
       WHERE instrument_id = $1 AND gone_at IS NULL AND rule <> ALL ($5::text[])
         AND (interval IS NULL OR interval = ANY ($2::text[]))
         AND NOT (rule, subject) IN (SELECT * FROM unnest($3::text[], $4::text[]))`,
      [
        instrumentId,
        intervals,
        findings.map(({ rule }) => rule),
        findings.map(({ subject }) => subject),
        [WITHDRAWN, RENAME_UNCLEAR],
      ],
    )
    for (const found of findings) await upsertFinding(connection, instrumentId, found)
  })
}

/** Records that a vendor tells of a rename that could not be taken over; null: that it does not, any more. */
export async function storeUnclearRename(
  pool: Pool,
  instrumentId: number,
  provider: string,
  unclear: { readonly day: number; readonly message: string } | null,
): Promise<void> {
  if (unclear === null) {
    await pool.query(
      `UPDATE stockyard.findings SET gone_at = clock_timestamp()
       WHERE instrument_id = $1 AND rule = $2 AND provider = $3 AND gone_at IS NULL`,
      [instrumentId, RENAME_UNCLEAR, provider],
    )
    return
  }
  const { day, message } = unclear
  await upsertFinding(pool, instrumentId, {
    rule: RENAME_UNCLEAR,
    subject: provider,
    interval: null,
    provider,
    other: null,
    family: null,
    fromDay: day,
    untilDay: day + DAY_MS,
    message,
    evidence: {},
  })
}

/**
 * Records which final bars of a series an answer lacks; those of earlier answers that lie in the days that
 * it settles, and that it has, are gone from now on.
 */
export async function storeWithdrawn(
  connection: Connection,
  series: { readonly seriesId: number; readonly interval: string; readonly provider: string },
  answered: readonly DayRange[],
  findings: readonly NewFinding[],
): Promise<void> {
  const { rows } = await connection.query<{ instrument_id: number }>(
    `WITH gone AS (
       UPDATE stockyard.findings f SET gone_at = clock_timestamp()
       FROM stockyard.series s
       WHERE s.id = $1 AND f.instrument_id = s.instrument_id AND f.rule = $2 AND f.gone_at IS NULL
         AND f.interval = $3 AND f.provider = $4 AND f.subject <> ALL ($5::text[])
         AND EXISTS (SELECT FROM unnest($6::date[], $7::date[]) AS r (from_day, until_day)
           WHERE f.from_day >= r.from_day AND f.until_day <= r.until_day))
     SELECT instrument_id FROM stockyard.series WHERE id = $1`,
    [
      series.seriesId,
      WITHDRAWN,
      series.interval,
      series.provider,
      findings.map(({ subject }) => subject),
      answered.map(({ from }) => formatDate(from)),
      answered.map(({ until }) => formatDate(until)),
    ],
  )
  for (const found of findings) await upsertFinding(connection, rows[0]!.instrument_id, found)
}

async function upsertFinding(
  db: Queryable,
  instrumentId: number,
  found: NewFinding,
): Promise<void> {
  await db.query(
    `INSERT INTO stockyard.findings AS f (instrument_id, rule, subject, interval, provider, other, kind,
       from_day, until_day, message, evidence)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
     ON CONFLICT (instrument_id, rule, subject) DO UPDATE SET
       interval = excluded.interval, provider = excluded.provider, other = excluded.other,
       from_day = excluded.from_day, until_day = excluded.until_day, message = excluded.message,
       evidence = excluded.evidence, seen_at = clock_timestamp(), gone_at = NULL,
       found_at = CASE WHEN f.gone_at IS NULL THEN f.found_at ELSE clock_timestamp() END`,
    [
      instrumentId,
      found.rule,
      found.subject,
      found.interval,
      found.provider,
      found.other,
      found.family,
      formatDate(found.fromDay),
      formatDate(found.untilDay),
      found.message,
      JSON.stringify(found.evidence),
    ],
  )
}

interface FindingRow {
  id: number
  instrument_id: number
  symbol: string
  rule: string
  subject: string
  interval: string | null
  provider: string | null
  other: string | null
  kind: ActionFamily | null
  from_day: string
  until_day: string
  message: string
  evidence: Record<string, unknown>
  found_at: Date
  seen_at: Date
  gone_at: Date | null
}

/** Findings by symbol and day. */
export async function listFindings(db: Queryable, filter: FindingFilter = {}): Promise<Finding[]> {
  const { rows } = await db.query<FindingRow>(
    `SELECT f.id, f.instrument_id, y.symbol, f.rule, f.subject, f.interval, f.provider, f.other, f.kind,
            f.from_day, f.until_day, f.message, f.evidence, f.found_at, f.seen_at, f.gone_at
     FROM stockyard.findings f
     JOIN stockyard.symbols y ON y.instrument_id = f.instrument_id AND y.valid_until IS NULL
     WHERE ($1::bigint IS NULL OR f.id = $1)
       AND ($2::integer IS NULL OR f.instrument_id = $2)
       AND ($3::text IS NULL OR f.rule = $3)
       AND ($4 OR f.gone_at IS NULL)
     ORDER BY y.symbol COLLATE "C", f.from_day, f.id`,
    [filter.id ?? null, filter.instrumentId ?? null, filter.rule ?? null, filter.gone === true],
  )
  return rows.map((row) => ({
    id: row.id,
    instrumentId: row.instrument_id,
    symbol: row.symbol,
    rule: row.rule,
    subject: row.subject,
    interval: row.interval,
    provider: row.provider,
    other: row.other,
    family: row.kind,
    fromDay: parseDay(row.from_day),
    untilDay: parseDay(row.until_day),
    message: row.message,
    evidence: row.evidence,
    foundAt: row.found_at.getTime(),
    seenAt: row.seen_at.getTime(),
    goneAt: row.gone_at?.getTime() ?? null,
  }))
}
