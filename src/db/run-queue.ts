/**
 * Runs that wait for their turn: rows of the table runs with the status `queued`, taken oldest first by
 * whichever process has room. And the wish that a run ends, which its process looks for.
 */
import { hostname } from 'node:os'
import { inTransaction, type Pool, type Queryable } from './connect.ts'
import { finishRun, type RunStatus } from './runs.ts'

/** A run that was taken out of the queue. */
export interface TakenRun {
  readonly id: number
  readonly job: string
  /** What was asked for, as it was queued. */
  readonly order: unknown
}

/** Any number that nothing else of ours locks. */
const QUEUE_LOCK_KEY = 7_305_882_312

/** Puts a run at the end of the queue and tells its id; null where `most` wait already. */
export async function queueRun(
  pool: Pool,
  job: string,
  order: object,
  most: number,
): Promise<number | null> {
  return await inTransaction(pool, async (connection) => {
    // Of many that ask at once no more are let in than there is room for.
    await connection.query('SELECT pg_advisory_xact_lock($1)', [QUEUE_LOCK_KEY])
    const { rows } = await connection.query<{ id: number }>(
      `INSERT INTO stockyard.runs (job, arguments, status)
       SELECT $1, $2, 'queued'
       WHERE (SELECT count(*) FROM stockyard.runs WHERE status = 'queued') < $3
       RETURNING id`,
      [job, JSON.stringify(order), most],
    )
    return rows[0]?.id ?? null
  })
}

/** Takes the run that waits longest: from then on it is this process' own. Null where none waits. */
export async function takeQueuedRun(db: Queryable): Promise<TakenRun | null> {
  const { rows } = await db.query<TakenRun>(
    `UPDATE stockyard.runs
     SET status = 'running', host = $1, pid = $2, started_at = clock_timestamp()
     WHERE id = (SELECT id FROM stockyard.runs WHERE status = 'queued'
                 ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)
     RETURNING id, job, arguments AS "order"`,
    [hostname(), process.pid],
  )
  return rows[0] ?? null
}

/** Puts a run that was taken and not begun back to where it was. */
export async function giveBackRun(db: Queryable, id: number): Promise<void> {
  await db.query(
    `UPDATE stockyard.runs SET status = 'queued', host = NULL, pid = NULL
     WHERE id = $1 AND status = 'running'`,
    [id],
  )
}

/**
 * Says that a run is to end: one that waits ends at once, one that runs when its process has seen it.
 * Tells how the run was, or null where it has ended or never was.
 */
export async function cancelRun(pool: Pool, id: number): Promise<RunStatus | null> {
  return await inTransaction(pool, async (connection) => {
    const { rows } = await connection.query<{ status: RunStatus }>(
      `UPDATE stockyard.runs SET cancelled_at = coalesce(cancelled_at, clock_timestamp())
       WHERE id = $1 AND status IN ('queued', 'running') RETURNING status`,
      [id],
    )
    const status = rows[0]?.status ?? null
    if (status === 'queued') await finishRun(connection, id, 'interrupted')
    return status
  })
}

/** True where somebody wants a run to end. */
export async function isCancelled(db: Queryable, id: number): Promise<boolean> {
  const { rows } = await db.query<{ cancelled: boolean }>({
    name: 'is-cancelled',
    text: 'SELECT cancelled_at IS NOT NULL AS cancelled FROM stockyard.runs WHERE id = $1',
    values: [id],
  })
  return rows[0]?.cancelled === true
}
