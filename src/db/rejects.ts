/**
 * The table rejects: rows of vendors' answers that failed a check, with their raw text, and what was
 * decided about them.
 */
import { createHash } from 'node:crypto'
import type { Connection, Queryable } from './connect.ts'

export interface RejectRow {
  readonly rule: string
  readonly reason: string
  readonly raw: string
  /** Start of the bar, milliseconds UTC; null where not even that could be read. */
  readonly ts: number | null
  /**
   * open, high, low, close, volume, vwap and trades as they were read, NaN where absent; left out where
   * the row could not be read as a bar.
   */
  readonly values?: readonly number[]
}

export interface RejectOwner {
  readonly seriesId: number
  readonly runId: number
  readonly symbol: string
  readonly interval: string
  readonly provider: string
  /** When the answer came, milliseconds UTC. */
  readonly receivedAt: number
}

/** Longest raw text that is kept of one row. */
const RAW_LENGTH_MAX = 4000

/** Rejects of an answer, by what the store knew of them. */
export interface InsertedRejects {
  /** Refused for the first time. */
  readonly fresh: readonly RejectRow[]
  /** Refused before, and dropped by a person since. */
  readonly dropped: readonly RejectRow[]
}

/**
 * Stores rejects inside the caller's transaction, which has the series locked, and counts them in its head: a
 * row that is refused again, word for word, is not written again.
 */
export async function insertRejects(
  connection: Connection,
  owner: RejectOwner,
  rejects: readonly RejectRow[],
): Promise<InsertedRejects> {
  if (rejects.length === 0) return { fresh: [], dropped: [] }
  const digests = rejects.map((reject) => digestOf(reject))
  const { rows } = await connection.query<{ digest: Buffer }>(
    `INSERT INTO stockyard.rejects
       (series_id, run_id, symbol, interval, provider, bar_ts, rule, reason, raw, digest,
        bar_values, received_at)
     SELECT $1, $2, $3, $4, $5, r.ts, r.rule, r.reason, r.raw, r.digest,
            r.bar_values::double precision[], $12
     FROM unnest($6::timestamptz[], $7::text[], $8::text[], $9::text[], $10::bytea[], $11::text[])
       AS r (ts, rule, reason, raw, digest, bar_values)
     ON CONFLICT (series_id, digest) DO NOTHING
     RETURNING digest`,
    [
      owner.seriesId,
      owner.runId,
      owner.symbol,
      owner.interval,
      owner.provider,
      rejects.map((reject) => toTimestamp(reject.ts)),
      rejects.map((reject) => reject.rule),
      rejects.map((reject) => storableText(reject.reason)),
      rejects.map((reject) => storableText(reject.raw)),
      digests,
      // Arrays of one length each: as texts, since an array of arrays cannot hold nulls.
      rejects.map(({ values }) => (values === undefined ? null : `{${values.join(',')}}`)),
      new Date(owner.receivedAt),
    ],
  )
  if (rows.length > 0) {
    await connection.query(
      'UPDATE stockyard.series_heads SET rejects = rejects + $2 WHERE series_id = $1',
      [owner.seriesId, rows.length],
    )
  }
  const written = new Set(rows.map((row) => row.digest.toString('hex')))
  const isFresh = (i: number) => written.has(digests[i]!.toString('hex'))
  const dropped = new Set(
    await findDropped(
      connection,
      owner.seriesId,
      digests.filter((_, i) => !isFresh(i)),
    ),
  )
  return {
    fresh: rejects.filter((_, i) => isFresh(i)),
    dropped: rejects.filter((_, i) => dropped.has(digests[i]!.toString('hex'))),
  }
}

/** Those of some digests whose rejects were dropped, in hexadecimal. */
async function findDropped(
  connection: Connection,
  seriesId: number,
  digests: readonly Buffer[],
): Promise<string[]> {
  if (digests.length === 0) return []
  const { rows } = await connection.query<{ digest: string }>(
    `SELECT encode(digest, 'hex') AS digest FROM stockyard.rejects
     WHERE series_id = $1 AND digest = ANY ($2) AND status = 'dropped'`,
    [seriesId, digests],
  )
  return rows.map(({ digest }) => digest)
}

/** Instants that a Date cannot hold, as absurd rows have them, are kept in the raw text only. */
function toTimestamp(ts: number | null): Date | null {
  if (ts === null || !(Math.abs(ts) <= 8.64e15)) return null
  return new Date(ts)
}

/** A text as it is stored: PostgreSQL's text cannot hold NUL; lone surrogates become the replacement character. */
export function storableText(text: string): string {
  return text.slice(0, RAW_LENGTH_MAX).replaceAll('\0', '\uFFFD').toWellFormed()
}

function digestOf(reject: RejectRow): Buffer {
  return createHash('sha256').update(reject.rule).update('\n').update(reject.raw).digest()
}

export const REJECT_STATUSES = ['open', 'accepted', 'dropped', 'resolved'] as const
/**
 * - `open`: nobody has decided
 * - `accepted`: a person had the bar loaded as it is; `dropped`: a person says that it is no loss
 * - `resolved`: today's reading of the answer has no fault in the row
 */
export type RejectStatus = (typeof REJECT_STATUSES)[number]

/** What is decided about some rejects, by whom and why. */
export interface Decision {
  readonly status: RejectStatus
  readonly by: string
  readonly reason: string
  /** The run that loaded the bars; null where none did. */
  readonly runId: number | null
}

/** Records a decision; earlier ones stay. */
export async function decideRejects(
  db: Queryable,
  ids: readonly number[],
  { status, by, reason, runId }: Decision,
): Promise<void> {
  await db.query(
    `WITH decided AS (
       UPDATE stockyard.rejects SET status = $2 WHERE id = ANY ($1) RETURNING series_id, id
     )
     INSERT INTO stockyard.reject_decisions
       (series_id, reject_id, status, decided_by, reason, run_id)
     SELECT series_id, id, $2, $3, $4, $5 FROM decided ORDER BY id`,
    [ids, status, storableText(by), storableText(reason), runId],
  )
}
