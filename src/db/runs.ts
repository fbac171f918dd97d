/**
 * The tables runs and tasks: what was asked for, and what became of each series in it.
 */
import { hostname } from 'node:os'
import { formatDate } from '../domain/date.ts'
import type { Connection, Queryable } from './connect.ts'

export type RunStatus = 'running' | 'succeeded' | 'partial' | 'failed' | 'interrupted'
export type TaskStatus = 'pending' | 'running' | 'succeeded' | 'failed' | 'skipped'

export interface PlannedTask {
  readonly symbol: string
  readonly interval: string
  readonly provider: string
}

/** Opens a run with its tasks, numbered from 1 in the order given, and tells its id. */
export async function startRun(
  connection: Connection,
  job: string,
  options: Readonly<Record<string, unknown>>,
  tasks: readonly PlannedTask[],
): Promise<number> {
  const { rows } = await connection.query<{ id: number }>(
    'INSERT INTO stockyard.runs (job, arguments, host, pid) VALUES ($1, $2, $3, $4) RETURNING id',
    [job, JSON.stringify(options), hostname(), process.pid],
  )
  const runId = rows[0]!.id
  await connection.query(
    `INSERT INTO stockyard.tasks (run_id, number, symbol, interval, provider)
     SELECT $1, t.number, t.symbol, t.interval, t.provider
     FROM unnest($2::text[], $3::text[], $4::text[])
       WITH ORDINALITY AS t (symbol, interval, provider, number)`,
    [
      runId,
      tasks.map((task) => task.symbol),
      tasks.map((task) => task.interval),
      tasks.map((task) => task.provider),
    ],
  )
  return runId
}

/** Adds a task to a run that is under way. */
export async function addTask(
  connection: Queryable,
  runId: number,
  task: PlannedTask & { readonly number: number },
): Promise<void> {
  await connection.query(
    `INSERT INTO stockyard.tasks (run_id, number, symbol, interval, provider)
     VALUES ($1, $2, $3, $4, $5)`,
    [runId, task.number, task.symbol, task.interval, task.provider],
  )
}

/** Ends a run. */
export async function finishRun(
  connection: Queryable,
  runId: number,
  status: RunStatus,
): Promise<void> {
  await connection.query(
    'UPDATE stockyard.runs SET status = $2, finished_at = clock_timestamp() WHERE id = $1',
    [runId, status],
  )
}

/**
 * Marks runs as interrupted that this host began and whose process is gone. Runs of other hosts are
 * left alone: from here nobody can tell. A number can come back: a run with this process' own that began
 * before it did is of another one, as in a container that is started again.
 */
export async function closeAbandonedRuns(connection: Queryable): Promise<void> {
  const { rows } = await connection.query<{ id: number; pid: number; is_older: boolean }>(
    `SELECT id, pid, started_at < clock_timestamp() - $2 * interval '1 second' AS is_older
     FROM stockyard.runs WHERE status = 'running' AND host = $1`,
    [hostname(), process.uptime()],
  )
  for (const run of rows) {
    const isOurs = run.pid === process.pid && !run.is_older
    const isOthers = run.pid !== process.pid && isAlive(run.pid)
    if (!isOurs && !isOthers) await finishRun(connection, run.id, 'interrupted')
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** Marks a task as begun. */
export async function startTask(
  connection: Queryable,
  runId: number,
  number: number,
): Promise<void> {
  await connection.query(
    `UPDATE stockyard.tasks SET status = 'running', started_at = clock_timestamp()
     WHERE run_id = $1 AND number = $2`,
    [runId, number],
  )
}

/** What one load adds to its task. Counts are bars. */
export interface TaskCounts {
  readonly fetched: number
  readonly inserted: number
  readonly updated: number
  readonly unchanged: number
  readonly rejected: number
}

/** Adds the counts of a load to its task, in the transaction of the load. */
export async function addTaskCounts(
  connection: Connection,
  runId: number,
  number: number,
  seriesId: number,
  counts: TaskCounts,
  watermark: number | null,
): Promise<void> {
  await connection.query({
    name: 'add-task-counts',
    text: `UPDATE stockyard.tasks SET
       series_id = $3, fetched = fetched + $4, inserted = inserted + $5, updated = updated + $6,
       unchanged = unchanged + $7, rejected = rejected + $8, watermark = $9
     WHERE run_id = $1 AND number = $2`,
    values: [
      runId,
      number,
      seriesId,
      counts.fetched,
      counts.inserted,
      counts.updated,
      counts.unchanged,
      counts.rejected,
      watermark === null ? null : formatDate(watermark),
    ],
  })
}

export interface TaskEnd {
  readonly status: TaskStatus
  /** The vendor that served, or was meant to. */
  readonly provider: string
  /** Calls that were sent to the vendor. */
  readonly requests: number
  readonly watermark: number | null
  readonly notes: readonly string[]
  readonly error: {
    readonly code: string
    readonly message: string
    readonly hint: string | null
  } | null
}

/** Ends a task. */
export async function finishTask(
  connection: Queryable,
  runId: number,
  number: number,
  end: TaskEnd,
): Promise<void> {
  await connection.query(
    `UPDATE stockyard.tasks SET
       status = $3, requests = $4, watermark = $5, notes = $6, error_code = $7, error_message = $8,
       error_hint = $9, provider = $10, started_at = coalesce(started_at, clock_timestamp()),
       finished_at = clock_timestamp()
     WHERE run_id = $1 AND number = $2`,
    [
      runId,
      number,
      end.status,
      end.requests,
      end.watermark === null ? null : formatDate(end.watermark),
      end.notes,
      end.error?.code,
      end.error?.message,
      end.error?.hint,
      end.provider,
    ],
  )
}

/** Adds to the first task of a symbol in a run what else was done for it, with the calls that it took. */
export async function addTaskNote(
  connection: Queryable,
  runId: number,
  symbol: string,
  { note, requests }: { readonly note: string; readonly requests: number },
): Promise<void> {
  await connection.query(
    `UPDATE stockyard.tasks SET notes = array_append(notes, $3), requests = requests + $4
     WHERE run_id = $1 AND number =
       (SELECT min(number) FROM stockyard.tasks WHERE run_id = $1 AND symbol = $2)`,
    [runId, symbol, note, requests],
  )
}
