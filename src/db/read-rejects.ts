/** Rows that failed a check, as they are read, with what was decided about them. */
import { parseDay } from '../domain/date.ts'
import { StockyardError } from '../domain/error.ts'
import type { Interval } from '../domain/interval.ts'
import type { Queryable } from './connect.ts'
import type { RejectStatus } from './rejects.ts'
import type { SeriesKey } from './series.ts'

export interface StoredReject {
  readonly id: number
  readonly seriesId: number
  /** The symbol that was asked for. */
  readonly symbol: string
  readonly interval: Interval
  readonly provider: string
  /** Start of the bar; null where not even that could be read. */
  readonly ts: number | null
  readonly rule: string
  readonly reason: string
  /** The vendor's own text of the row. */
  readonly raw: string
  /** open, high, low, close, volume, vwap, trades; NaN where absent; null for a row that is no bar. */
  readonly values: readonly number[] | null
  readonly runId: number
  readonly rejectedAt: number
  /** When the answer came; null where that was not kept. */
  readonly receivedAt: number | null
  readonly status: RejectStatus
}

export interface RejectFilter {
  readonly ids?: readonly number[] | undefined
  /** All series of an instrument, under whatever symbol they were asked for. */
  readonly instrumentId?: number | undefined
  readonly symbol?: string | undefined
  readonly provider?: string | undefined
  readonly rule?: string | undefined
  readonly runId?: number | undefined
  readonly status?: RejectStatus | undefined
  /** Only rejects with a smaller id, that is, older ones. */
  readonly before?: number | undefined
  /** Without one, all. */
  readonly limit?: number | undefined
}

interface RejectColumns {
  id: number
  series_id: number
  symbol: string
  interval: Interval
  provider: string
  bar_ts: Date | null
  rule: string
  reason: string
  raw: string
  bar_values: number[] | null
  run_id: number
  rejected_at: Date
  received_at: Date | null
  status: RejectStatus
}

/** Rejects, newest first. */
export async function readRejectRows(db: Queryable, filter: RejectFilter): Promise<StoredReject[]> {
  const { rows } = await db.query<RejectColumns>(
    `SELECT id, series_id, symbol, interval, provider, bar_ts, rule, reason, raw, bar_values, run_id,
       rejected_at, received_at, status
     FROM stockyard.rejects
     WHERE ($1::bigint[] IS NULL OR id = ANY ($1))
       AND ($2::integer IS NULL
            OR series_id = ANY (ARRAY(SELECT s.id FROM stockyard.series s WHERE s.instrument_id = $2)))
       AND ($3::text IS NULL OR symbol = $3)
       AND ($4::text IS NULL OR provider = $4)
       AND ($5::text IS NULL OR rule = $5)
       AND ($6::bigint IS NULL OR run_id = $6)
       AND ($7::text IS NULL OR status = $7)
       AND ($8::bigint IS NULL OR id < $8)
     ORDER BY id DESC LIMIT $9`,
    [
      filter.ids ?? null,
      filter.instrumentId ?? null,
      filter.symbol ?? null,
      filter.provider ?? null,
      filter.rule ?? null,
      filter.runId ?? null,
      filter.status ?? null,
      filter.before ?? null,
      filter.limit ?? null,
    ],
  )
  return rows.map(
    ({ series_id, bar_ts, bar_values, run_id, rejected_at, received_at, ...same }) => ({
      ...same,
      seriesId: series_id,
      ts: bar_ts?.getTime() ?? null,
      values: bar_values,
      runId: run_id,
      rejectedAt: rejected_at.getTime(),
      receivedAt: received_at?.getTime() ?? null,
    }),
  )
}

/** One thing that was decided about a reject. */
export interface StoredDecision {
  readonly rejectId: number
  readonly status: RejectStatus
  readonly by: string
  readonly reason: string
  readonly runId: number | null
  readonly decidedAt: number
}

/** What was decided about some rejects, oldest first. */
export async function readDecisions(
  db: Queryable,
  rejects: readonly Pick<StoredReject, 'id' | 'seriesId'>[],
): Promise<StoredDecision[]> {
  const { rows } = await db.query<{
    reject_id: number
    status: RejectStatus
    decided_by: string
    reason: string
    run_id: number | null
    decided_at: Date
  }>(
    `SELECT reject_id, status, decided_by, reason, run_id, decided_at
     FROM stockyard.reject_decisions
     WHERE (series_id, reject_id) IN (SELECT * FROM unnest($1::integer[], $2::bigint[]))
     ORDER BY number`,
    [rejects.map(({ seriesId }) => seriesId), rejects.map(({ id }) => id)],
  )
  return rows.map((row) => ({
    rejectId: row.reject_id,
    status: row.status,
    by: row.decided_by,
    reason: row.reason,
    runId: row.run_id,
    decidedAt: row.decided_at.getTime(),
  }))
}

/** A series that rejects belong to. */
export interface RejectedSeries {
  /** With the present symbol. */
  readonly key: SeriesKey
  readonly exchange: string
  /** Ex day of the newest split that is known; null where there was none. */
  readonly lastSplitDay: number | null
}

/** The series of some ids. */
export async function readRejectedSeries(
  db: Queryable,
  seriesIds: readonly number[],
): Promise<Map<number, RejectedSeries>> {
  const { rows } = await db.query<
    SeriesKey & { id: number; exchange: string; last_split: string | null }
  >(
    `SELECT s.id, y.symbol, s.interval, s.provider, s.basis, i.exchange,
       (SELECT max(a.ex_day) FROM stockyard.actions a
        WHERE a.instrument_id = i.id AND a.kind = 'split' AND a.replaced_at IS NULL) AS last_split
     FROM stockyard.series s
     JOIN stockyard.instruments i ON i.id = s.instrument_id
     JOIN stockyard.symbols y ON y.instrument_id = i.id AND y.valid_until IS NULL
     WHERE s.id = ANY ($1)`,
    [[...new Set(seriesIds)]],
  )
  return new Map(
    rows.map(({ id, exchange, last_split, ...key }) => [
      id,
      { key, exchange, lastSplitDay: last_split === null ? null : parseDay(last_split) },
    ]),
  )
}

/**
 * Rejects by their ids, in the order of the ids.
 * @throws StockyardError `REJECT_UNKNOWN`
 */
export async function getRejects(db: Queryable, ids: readonly number[]): Promise<StoredReject[]> {
  const found = new Map((await readRejectRows(db, { ids })).map((reject) => [reject.id, reject]))
  return [...new Set(ids)].map((id) => {
    const reject = found.get(id)
    if (reject !== undefined) return reject
    throw new StockyardError('not-found', 'REJECT_UNKNOWN', `The store has no reject ${id}.`, {
      hint: 'List them: stockyard rejects',
    })
  })
}
