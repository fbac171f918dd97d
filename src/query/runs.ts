/** Runs: what was done, what failed and why, in the shapes that the API and the CLI share. */
import { StockyardError } from '../domain/error.ts'
import type { Pool, Queryable } from '../db/connect.ts'
import {
  readRunRows,
  readTaskRows,
  type RunTotals,
  type StoredRun,
  type StoredTask,
  type TaskError,
} from '../db/read-runs.ts'
import { cancelRun } from '../db/run-queue.ts'
import { closeAbandonedRuns, type RunStatus } from '../db/runs.ts'
import { cutById, idBefore } from './cursor.ts'
import { formatInstant } from './rows.ts'

/** A run with the sums of its tasks; counts are bars. */
export interface RunSummary extends RunTotals {
  readonly run: number
  readonly job: string
  readonly status: RunStatus
  readonly started_at: string
  readonly finished_at: string | null
  /** How many of its tasks failed, and the error of the first of them. */
  readonly failed: number
  readonly error: (TaskError & { readonly symbol: string }) | null
}

export interface RunDetails extends RunSummary {
  readonly tasks: readonly StoredTask[]
}

export interface ListQuery {
  readonly limit: number
  readonly cursor?: string | undefined
}

/**
 * Runs, newest first.
 * @throws StockyardError `CURSOR_INVALID`
 */
export async function readRuns(
  db: Queryable,
  query: ListQuery & { readonly status?: RunStatus | undefined },
): Promise<{ data: RunSummary[]; next: string | null }> {
  const before = idBefore(query.cursor, 'runs')
  const found = await readRunRows(db, { status: query.status, before, limit: query.limit + 1 })
  const { shown, next } = cutById(found, query.limit, 'runs')
  return { data: shown.map(runSummary), next }
}

/**
 * One run with its tasks.
 * @throws StockyardError `RUN_UNKNOWN`
 */
export async function readRun(db: Queryable, id: number): Promise<RunDetails> {
  const [found] = await readRunRows(db, { id, limit: 1 })
  if (found === undefined) {
    throw new StockyardError('not-found', 'RUN_UNKNOWN', `The store has no run ${id}.`, {
      hint: 'List them: stockyard runs',
    })
  }
  return { ...runSummary(found), tasks: await readTaskRows(db, id) }
}

/**
 * Says that a run is to end: one that waits ends at once, one that runs within the answer in hand, whichever
 * process does it.
 * @throws StockyardError `RUN_UNKNOWN`, `RUN_OVER`
 */
export async function cancelKnownRun(pool: Pool, id: number): Promise<void> {
  // One whose process is gone has nobody to end it.
  await closeAbandonedRuns(pool)
  if ((await cancelRun(pool, id)) !== null) return
  const { status } = await readRun(pool, id)
  throw new StockyardError('conflict', 'RUN_OVER', `Run ${id} has ended: ${status}.`, {
    hint: 'There is nothing to cancel.',
  })
}

/** A run as it is shown. */
export function runSummary({
  id,
  startedAt,
  finishedAt,
  firstError,
  ...same
}: StoredRun): RunSummary {
  return {
    run: id,
    ...same,
    started_at: formatInstant(startedAt),
    finished_at: finishedAt === null ? null : formatInstant(finishedAt),
    error: firstError,
  }
}
