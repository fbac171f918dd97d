/** Rows that failed a check, as they are read. */
import type { Queryable } from './connect.ts'

export interface StoredReject {
  readonly id: number
  readonly symbol: string
  readonly interval: string
  readonly provider: string
  /** Start of the bar; null where not even that could be read. */
  readonly ts: number | null
  readonly rule: string
  readonly reason: string
  /** The vendor's own text of the row. */
  readonly raw: string
  readonly runId: number
  readonly rejectedAt: number
}

export interface RejectFilter {
  readonly symbol?: string | undefined
  readonly provider?: string | undefined
  readonly rule?: string | undefined
  readonly runId?: number | undefined
  /** Only rejects with a smaller id, that is, older ones. */
  readonly before?: number | undefined
  readonly limit: number
}

interface RejectColumns {
  id: number
  symbol: string
  interval: string
  provider: string
  bar_ts: Date | null
  rule: string
  reason: string
  raw: string
  run_id: number
  rejected_at: Date
}

/** Rejects, newest first. */
export async function readRejectRows(db: Queryable, filter: RejectFilter): Promise<StoredReject[]> {
  const { rows } = await db.query<RejectColumns>(
    `SELECT id, symbol, interval, provider, bar_ts, rule, reason, raw, run_id, rejected_at
     FROM stockyard.rejects
     WHERE ($1::text IS NULL OR symbol = $1)
       AND ($2::text IS NULL OR provider = $2)
       AND ($3::text IS NULL OR rule = $3)
       AND ($4::bigint IS NULL OR run_id = $4)
       AND ($5::bigint IS NULL OR id < $5)
     ORDER BY id DESC LIMIT $6`,
    [
      filter.symbol ?? null,
      filter.provider ?? null,
      filter.rule ?? null,
      filter.runId ?? null,
      filter.before ?? null,
      filter.limit,
    ],
  )
  return rows.map(({ bar_ts, run_id, rejected_at, ...same }) => ({
    ...same,
    ts: bar_ts?.getTime() ?? null,
    runId: run_id,
    rejectedAt: rejected_at.getTime(),
  }))
}
