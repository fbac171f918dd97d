/**
 * The table rejects: rows of vendors' answers that failed a check, with their raw text.
 */
import { createHash } from 'node:crypto'
import type { Connection } from './connect.ts'

export interface RejectRow {
  readonly rule: string
  readonly reason: string
  readonly raw: string
  /** Start of the bar, milliseconds UTC; null where not even that could be read. */
  readonly ts: number | null
}

export interface RejectOwner {
  readonly seriesId: number
  readonly runId: number
  readonly symbol: string
  readonly interval: string
  readonly provider: string
}

/** Longest raw text that is kept of one row. */
const RAW_LENGTH_MAX = 4000

/**
 * Stores rejects inside the caller's transaction, and gives those back that were not there yet: a row that
 * is refused again, word for word, is not written again.
 */
export async function insertRejects(
  connection: Connection,
  owner: RejectOwner,
  rejects: readonly RejectRow[],
): Promise<RejectRow[]> {
  if (rejects.length === 0) return []
  const digests = rejects.map((reject) => digestOf(reject))
  const { rows } = await connection.query<{ digest: Buffer }>(
    `INSERT INTO stockyard.rejects
       (series_id, run_id, symbol, interval, provider, bar_ts, rule, reason, raw, digest)
     SELECT $1, $2, $3, $4, $5, r.ts, r.rule, r.reason, r.raw, r.digest
     FROM unnest($6::timestamptz[], $7::text[], $8::text[], $9::text[], $10::bytea[])
       AS r (ts, rule, reason, raw, digest)
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
      rejects.map((reject) => storable(reject.reason)),
      rejects.map((reject) => storable(reject.raw)),
      digests,
    ],
  )
  const written = new Set(rows.map((row) => row.digest.toString('hex')))
  return rejects.filter((_, i) => written.has(digests[i]!.toString('hex')))
}

/** Instants that a Date cannot hold, as absurd rows have them, are kept in the raw text only. */
function toTimestamp(ts: number | null): Date | null {
  if (ts === null || !(Math.abs(ts) <= 8.64e15)) return null
  return new Date(ts)
}

/** PostgreSQL's text cannot hold NUL; lone surrogates become the replacement character. */
function storable(text: string): string {
  return text.slice(0, RAW_LENGTH_MAX).replaceAll('\0', '\uFFFD').toWellFormed()
}

function digestOf(reject: RejectRow): Buffer {
  return createHash('sha256').update(reject.rule).update('\n').update(reject.raw).digest()
}
