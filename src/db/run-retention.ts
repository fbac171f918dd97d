/**
 * The details of old runs: tasks are dropped after a while, and the row of the run keeps their sums, since
 * pages, revisions and rejects tell for ever by which run they came.
 */
import type { Queryable } from './connect.ts'

/** Longer than a year, so that a run can be held against the one a year before. */
export const TASKS_KEPT_DAYS = 400
/** Runs that one call drops the tasks of: more of them wait for the next run that begins. */
const RUNS_MAX = 500

/** Drops the tasks of runs that ended long ago. Cheap where there are none. */
export async function dropOldTasks(db: Queryable): Promise<void> {
  await db.query(
    `WITH old AS (
       SELECT id FROM stockyard.runs
       WHERE totals IS NULL AND started_at < now() - $1 * interval '1 day'
         AND status NOT IN ('queued', 'running')
       ORDER BY started_at LIMIT $2 FOR UPDATE SKIP LOCKED
     ), dropped AS (
       DELETE FROM stockyard.tasks t USING old WHERE t.run_id = old.id RETURNING t.*
     ), spent AS (
       INSERT INTO stockyard.past_requests AS p (provider, requests)
       SELECT provider, sum(requests) FROM dropped GROUP BY provider HAVING sum(requests) > 0
       ORDER BY provider
       ON CONFLICT (provider) DO UPDATE SET requests = p.requests + excluded.requests
     )
     UPDATE stockyard.runs r SET totals = to_jsonb(s) FROM (
       SELECT old.id, count(t.run_id) FILTER (WHERE t.status = 'failed') AS failed,
         count(DISTINCT t.symbol) AS symbols, coalesce(sum(t.requests), 0) AS requests,
         coalesce(sum(t.fetched), 0) AS fetched, coalesce(sum(t.inserted), 0) AS inserted,
         coalesce(sum(t.updated), 0) AS updated, coalesce(sum(t.unchanged), 0) AS unchanged,
         coalesce(sum(t.rejected), 0) AS rejected
       FROM old LEFT JOIN dropped t ON t.run_id = old.id GROUP BY old.id
     ) AS s WHERE r.id = s.id`,
    [TASKS_KEPT_DAYS, RUNS_MAX],
  )
}
