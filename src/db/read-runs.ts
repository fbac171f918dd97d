/** Runs and their tasks as they are read. */
import type { Queryable } from './connect.ts'
import type { RunStatus, TaskStatus } from './runs.ts'

/** Sums over the tasks of a run; counts are bars. */
export interface RunTotals {
  readonly symbols: number
  readonly requests: number
  readonly fetched: number
  readonly inserted: number
  readonly updated: number
  readonly unchanged: number
  readonly rejected: number
}

/** Why a task failed. */
export interface TaskError {
  readonly code: string
  readonly message: string
  readonly hint: string | null
}

export interface StoredRun extends RunTotals {
  readonly id: number
  readonly job: string
  readonly status: RunStatus
  readonly startedAt: number
  readonly finishedAt: number | null
  readonly failed: number
  /** Of the first task that failed. */
  readonly firstError: (TaskError & { readonly symbol: string }) | null
}

export interface StoredTask extends Omit<RunTotals, 'symbols'> {
  readonly symbol: string
  readonly interval: string
  readonly provider: string
  readonly status: TaskStatus
  /** YYYY-MM-DD. */
  readonly watermark: string | null
  readonly notes: readonly string[]
  readonly error: TaskError | null
}

interface RunRow extends RunTotals {
  id: number
  job: string
  status: RunStatus
  started_at: Date
  finished_at: Date | null
  failed: number
  error_symbol: string | null
  error_code: string | null
  error_message: string | null
  error_hint: string | null
}

export interface RunFilter {
  readonly id?: number | undefined
  readonly status?: RunStatus | undefined
  /** Only runs with a smaller id, that is, older ones. */
  readonly before?: number | undefined
  readonly limit: number
}

/** Runs, newest first. */
export async function readRunRows(db: Queryable, filter: RunFilter): Promise<StoredRun[]> {
  const { rows } = await db.query<RunRow>(
    `SELECT r.id, r.job, r.status, r.started_at, r.finished_at, t.*,
       e.symbol AS error_symbol, e.error_code, e.error_message, e.error_hint
     FROM (
       SELECT * FROM stockyard.runs
       WHERE ($1::bigint IS NULL OR id = $1)
         AND ($2::text IS NULL OR status = $2)
         AND ($3::bigint IS NULL OR id < $3)
       ORDER BY id DESC LIMIT $4
     ) AS r
     CROSS JOIN LATERAL (
       SELECT count(*) FILTER (WHERE status = 'failed') AS failed,
         count(DISTINCT symbol) AS symbols, coalesce(sum(requests), 0) AS requests,
         coalesce(sum(fetched), 0) AS fetched, coalesce(sum(inserted), 0) AS inserted,
         coalesce(sum(updated), 0) AS updated, coalesce(sum(unchanged), 0) AS unchanged,
         coalesce(sum(rejected), 0) AS rejected
       FROM stockyard.tasks WHERE run_id = r.id AND r.totals IS NULL
       HAVING r.totals IS NULL
       UNION ALL
       SELECT * FROM jsonb_to_record(r.totals) AS (
         failed bigint, symbols bigint, requests bigint, fetched numeric, inserted numeric,
         updated numeric, unchanged numeric, rejected numeric)
       WHERE r.totals IS NOT NULL
     ) AS t
     LEFT JOIN LATERAL (
       SELECT symbol, error_code, error_message, error_hint FROM stockyard.tasks
       WHERE run_id = r.id AND error_code IS NOT NULL
       ORDER BY number LIMIT 1
     ) AS e ON true
     ORDER BY r.id DESC`,
    [filter.id ?? null, filter.status ?? null, filter.before ?? null, filter.limit],
  )
  return rows.map(toRun)
}

function toRun(row: RunRow): StoredRun {
  const { started_at, finished_at, error_symbol, error_code, error_message, error_hint, ...same } =
    row
  const error = toError({ error_code, error_message, error_hint })
  return {
    ...same,
    startedAt: started_at.getTime(),
    finishedAt: finished_at?.getTime() ?? null,
    firstError: error === null ? null : { symbol: error_symbol!, ...error },
  }
}

interface ErrorColumns {
  error_code: string | null
  error_message: string | null
  error_hint: string | null
}

function toError({ error_code, error_message, error_hint }: ErrorColumns): TaskError | null {
  return error_code === null
    ? null
    : { code: error_code, message: error_message ?? '', hint: error_hint }
}

/** The tasks of a run in the order in which they were planned. */
export async function readTaskRows(db: Queryable, runId: number): Promise<StoredTask[]> {
  const { rows } = await db.query<Omit<StoredTask, 'error'> & ErrorColumns>(
    `SELECT symbol, interval, provider, status, requests, fetched, inserted, updated, unchanged,
       rejected, watermark, notes, error_code, error_message, error_hint
     FROM stockyard.tasks WHERE run_id = $1 ORDER BY number`,
    [runId],
  )
  return rows.map(({ error_code, error_message, error_hint, ...same }) => ({
    ...same,
    error: toError({ error_code, error_message, error_hint }),
  }))
}

/** How many runs there are, by job and status. */
export async function countRuns(
  db: Queryable,
): Promise<{ job: string; status: RunStatus; runs: number }[]> {
  const { rows } = await db.query<{ job: string; status: RunStatus; runs: number }>(
    'SELECT job, status, count(*) AS runs FROM stockyard.runs GROUP BY job, status ORDER BY job, status',
  )
  return rows
}

/** Calls that were sent to each vendor. */
export async function sumVendorRequests(
  db: Queryable,
): Promise<{ provider: string; requests: number }[]> {
  const { rows } = await db.query<{ provider: string; requests: number }>(
    `SELECT provider, sum(requests)::bigint AS requests FROM (
       SELECT provider, requests FROM stockyard.tasks
       UNION ALL SELECT provider, requests FROM stockyard.past_requests) AS r
     GROUP BY provider HAVING sum(requests) > 0 ORDER BY provider`,
  )
  return rows
}
