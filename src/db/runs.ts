/**
 * The tables runs and tasks: what was asked for, and what became of each series in it.
 */
import { hostname } from 'node:os'
import { formatDate } from '../domain/date.ts'
import type { Interval } from '../domain/interval.ts'
import type { Connection, Queryable } from './connect.ts'
import { boundEvents, removeOldEvents, runEvent, TELL } from './events.ts'

export type RunStatus = 'queued' | 'running' | 'succeeded' | 'partial' | 'failed' | 'interrupted'
export type TaskStatus = 'pending' | 'running' | 'succeeded' | 'failed' | 'skipped'

export interface PlannedTask {
  readonly symbol: string
  readonly interval: string
  readonly provider: string
}

/** A run is told of as it begins, as it ends, and in between when this long has passed. */
const PROGRESS = "interval '1 second'"
const RUN_COLUMNS = 'id, job, status, started_at, finished_at'

/**
 * Opens a run with its tasks, numbered from 1 in the order given, and tells its id.
 * @param taken a run that waited in the queue and was taken, which is opened in place of a new one
 */
export async function startRun(
  connection: Connection,
  job: string,
  options: Readonly<Record<string, unknown>>,
  tasks: readonly PlannedTask[],
  taken: number | null = null,
): Promise<number> {
  const { rows } = await connection.query<{ id: number }>(
    taken === null
      ? 'INSERT INTO stockyard.runs (job, arguments, host, pid) VALUES ($1, $2, $3, $4) RETURNING id'
      : 'UPDATE stockyard.runs SET job = $1, arguments = $2, host = $3, pid = $4 WHERE id = $5 RETURNING id',
    [job, JSON.stringify(options), hostname(), process.pid, ...(taken === null ? [] : [taken])],
  )
  const runId = rows[0]!.id
  const told = await connection.query<{ id: number }>(
    `WITH begun AS (SELECT ${RUN_COLUMNS} FROM stockyard.runs WHERE id = $1),
     planned AS (
       INSERT INTO stockyard.tasks (run_id, number, symbol, interval, provider)
       SELECT $1, t.number, t.symbol, t.interval, t.provider
       FROM unnest($2::text[], $3::text[], $4::text[])
         WITH ORDINALITY AS t (symbol, interval, provider, number)
       RETURNING *),
     told AS (${runEvent('begun', 'planned')})
     ${TELL}`,
    [
      runId,
      tasks.map((task) => task.symbol),
      tasks.map((task) => task.interval),
      tasks.map((task) => task.provider),
    ],
  )
  await boundEvents(connection, told.rows[0]!.id)
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
    `WITH ended AS (
       UPDATE stockyard.runs SET status = $2, finished_at = clock_timestamp() WHERE id = $1
       RETURNING ${RUN_COLUMNS}),
     own AS (SELECT * FROM stockyard.tasks WHERE run_id = $1),
     told AS (${runEvent('ended', 'own')})
     ${TELL}`,
    [runId, status],
  )
  await removeOldEvents(connection)
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

/** A series at which a run was cut off, and when that run began. */
export interface CutOffTask {
  readonly symbol: string
  readonly interval: Interval
  readonly provider: string
  readonly startedAt: number
}

/** The tasks at which runs of the last days were cut off and which no run has taken up since. */
export async function listCutOffTasks(connection: Queryable): Promise<CutOffTask[]> {
  const { rows } = await connection.query<CutOffTask>(
    `SELECT t.symbol, t.interval, t.provider,
       (extract(epoch FROM r.started_at) * 1000)::float8 AS "startedAt"
     FROM stockyard.runs AS r JOIN stockyard.tasks AS t ON t.run_id = r.id
     WHERE r.status = 'interrupted' AND r.finished_at > clock_timestamp() - interval '7 days'
       AND t.status = 'running' AND NOT EXISTS (
         SELECT FROM stockyard.tasks AS n WHERE n.run_id > t.run_id AND n.status <> 'pending'
           AND (n.symbol, n.interval, n.provider) = (t.symbol, t.interval, t.provider))`,
  )
  return rows
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

/** Ends a task, and tells how far its run is where that was not told just now. */
export async function finishTask(
  connection: Queryable,
  runId: number,
  number: number,
  end: TaskEnd,
): Promise<void> {
  const { rows } = await connection.query<{ id: number }>(
    `WITH ended AS (
       UPDATE stockyard.tasks SET
         status = $3, requests = $4, watermark = $5, notes = $6, error_code = $7, error_message = $8,
         error_hint = $9, provider = $10, started_at = coalesce(started_at, clock_timestamp()),
         finished_at = clock_timestamp()
       WHERE run_id = $1 AND number = $2
       RETURNING *),
     due AS (
       UPDATE stockyard.runs SET told_at = clock_timestamp()
       WHERE id = $1 AND told_at < clock_timestamp() - ${PROGRESS}
       RETURNING ${RUN_COLUMNS}),
     own AS (
       SELECT * FROM ended
       UNION ALL SELECT * FROM stockyard.tasks WHERE run_id = $1 AND number <> $2),
     told AS (${runEvent('due', 'own')})
     ${TELL}`,
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
  await boundEvents(connection, rows[0]?.id ?? null)
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
