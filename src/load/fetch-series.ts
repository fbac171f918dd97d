/**
 * Bringing series up to date: one run, one task a series. Each task plans what is worth asking,
 * asks, checks and loads, answer by answer; one task's failure does not stop the others.
 */
import { formatDate } from '../domain/date.ts'
import { messageOf, StockyardError } from '../domain/error.ts'
import type { Interval } from '../domain/interval.ts'
import { inTransaction } from '../db/connect.ts'
import { databaseError } from '../db/database-error.ts'
import {
  closeAbandonedRuns,
  finishRun,
  finishTask,
  startRun,
  startTask,
  type TaskCounts,
  type TaskStatus,
} from '../db/runs.ts'
import type { SeriesKey } from '../db/series.ts'
import { redact } from '../log.ts'
import type { Provider } from '../providers/provider.ts'
import type { AskContext } from './ask.ts'
import { fetchSeries, type SeriesProgress } from './series-requests.ts'

export interface FetchWish {
  readonly symbols: readonly string[]
  readonly intervals: readonly Interval[]
  readonly provider: Provider
  /** Days; see Wish. */
  readonly from: number | null
  readonly until: number | null
  readonly force: boolean
  readonly defaultDays: number
}

/** Tasks that are worked on at a time: enough to let fetching, parsing and storing overlap. */
const CONCURRENCY = 4

/** How a task stands, for whoever shows progress. */
export interface TaskProgress extends SeriesProgress {
  readonly number: number
  readonly symbol: string
  readonly interval: Interval
  readonly provider: string
  readonly status: TaskStatus
  /** Calls that were sent, repeated ones included. */
  readonly requests: number
  readonly error: {
    readonly code: string
    readonly message: string
    readonly hint: string | null
  } | null
}

/** A task as the last line of `fetch --json` has it. */
export interface TaskSummary extends TaskCounts {
  readonly symbol: string
  readonly interval: Interval
  readonly provider: string
  readonly status: TaskStatus
  readonly watermark: string | null
  readonly error: TaskProgress['error']
}

export interface FetchSummary extends TaskCounts {
  readonly run: number
  readonly status: 'succeeded' | 'partial' | 'failed'
  readonly symbols: number
  readonly requests: number
  readonly tasks: readonly TaskSummary[]
}

/** The count of calls is kept for each task by itself. */
export interface FetchContext extends Omit<AskContext, 'requests'> {
  readonly onProgress?: (task: TaskProgress) => void
}

interface Task {
  progress: TaskProgress
  readonly series: SeriesKey
  readonly interval: Interval
}

/**
 * Fetches and stores what is missing of some series.
 * @throws StockyardError kind `database` when the store is lost; failures of single tasks are in the
 *   summary instead
 */
export async function fetchAll(context: FetchContext, wish: FetchWish): Promise<FetchSummary> {
  const tasks = makeTasks(wish)
  await closeAbandonedRuns(context.pool)
  const runId = await inTransaction(context.pool, (connection) =>
    startRun(
      connection,
      'fetch',
      runArguments(wish),
      tasks.map(({ progress }) => progress),
    ),
  )
  const halted: { error?: StockyardError } = {}
  const queue = tasks.values()
  const worker = async () => {
    for (const task of queue) await runTask(context, wish, runId, task, halted)
  }
  const workers = Array.from({ length: Math.min(CONCURRENCY, tasks.length) }, worker)
  const settled = await Promise.allSettled(workers)
  const broken = settled.find((result) => result.status === 'rejected')
  if (broken !== undefined) throw broken.reason
  const summary = summarize(runId, wish, tasks)
  await finishRun(context.pool, runId, context.signal?.aborted ? 'interrupted' : summary.status)
  return summary
}

function makeTasks(wish: FetchWish): Task[] {
  const pairs = wish.symbols.flatMap((symbol) =>
    wish.intervals.map((interval) => ({ symbol, interval })),
  )
  return pairs.map(({ symbol, interval }, index) => ({
    interval,
    series: { symbol, interval, provider: wish.provider.id, basis: wish.provider.basis },
    progress: {
      number: index + 1,
      symbol,
      interval,
      provider: wish.provider.id,
      status: 'pending',
      requestsPlanned: 0,
      requestsDone: 0,
      requests: 0,
      fetched: 0,
      inserted: 0,
      updated: 0,
      unchanged: 0,
      rejected: 0,
      watermark: null,
      notes: [],
      error: null,
    },
  }))
}

function runArguments(wish: FetchWish): Record<string, unknown> {
  return {
    symbols: wish.symbols,
    intervals: wish.intervals,
    provider: wish.provider.id,
    from: wish.from === null ? null : formatDate(wish.from),
    until: wish.until === null ? null : formatDate(wish.until),
    force: wish.force,
  }
}

/** Works on one task and records how it ended; throws only when the store is lost. */
async function runTask(
  context: FetchContext,
  wish: FetchWish,
  runId: number,
  task: Task,
  halted: { error?: StockyardError },
): Promise<void> {
  const report = (change: Partial<TaskProgress>) => {
    task.progress = { ...task.progress, ...change }
    context.onProgress?.(task.progress)
  }
  // The task has a count of its own, so that a run tells which series spent which calls.
  const counted = { ...context, requests: 0 }
  try {
    if (halted.error !== undefined) throw halted.error
    context.signal?.throwIfAborted()
    const { provider } = wish
    await startTask(context.pool, runId, task.progress.number)
    report({ status: 'running' })
    await fetchSeries(
      counted,
      {
        series: task.series,
        provider,
        wish: { ...wish, interval: task.interval },
        runId,
        taskNumber: task.progress.number,
      },
      (progress) => report({ ...progress, requests: counted.requests }),
    )
    report({ status: 'succeeded', requests: counted.requests })
  } catch (thrown) {
    const error = asStockyardError(thrown, context.signal)
    if (error.kind === 'database') throw error
    if (stopsTheOthers(error)) halted.error = error
    report({
      status: error.code === 'INTERRUPTED' ? 'skipped' : 'failed',
      requests: counted.requests,
      error: { code: error.code, message: redact(error.message), hint: error.hint ?? null },
    })
    if (error.kind === 'internal') context.log.error({ err: error.cause ?? error }, 'a task failed')
  }
  const { status, requests, watermark, notes, error } = task.progress
  await finishTask(context.pool, runId, task.progress.number, {
    status,
    requests,
    watermark,
    notes,
    error,
  })
}

const STOPPING_CODES = new Set([
  'BUDGET_EXHAUSTED',
  'KEY_REFUSED',
  'KEY_MISSING',
  'INTERRUPTED',
  'STORE_REAL',
  'STORE_SIMULATED',
])

/** Errors after which every further call to the same vendor is in vain. */
function stopsTheOthers(error: StockyardError): boolean {
  return STOPPING_CODES.has(error.code)
}

function asStockyardError(thrown: unknown, signal: AbortSignal | undefined): StockyardError {
  if (thrown instanceof StockyardError) return thrown
  if (signal?.aborted) {
    return new StockyardError('incomplete', 'INTERRUPTED', 'The work was interrupted.', {
      hint: 'Run the same command again: it goes on where it stopped.',
    })
  }
  const database = databaseError(thrown)
  if (database !== undefined) return database
  return new StockyardError('internal', 'UNEXPECTED', `Unexpected: ${messageOf(thrown)}.`, {
    hint: 'This is a defect of Stockyard; LOG_LEVEL=debug shows where it happened.',
    cause: thrown,
  })
}

function summarize(runId: number, wish: FetchWish, tasks: readonly Task[]): FetchSummary {
  const all = tasks.map((task) => task.progress)
  const failed = all.filter((task) => task.status !== 'succeeded').length
  const sum = (pick: (task: TaskProgress) => number) =>
    all.reduce((total, task) => total + pick(task), 0)
  let status: FetchSummary['status'] = 'succeeded'
  if (failed > 0) status = failed === all.length ? 'failed' : 'partial'
  return {
    run: runId,
    status,
    symbols: wish.symbols.length,
    requests: sum((task) => task.requests),
    fetched: sum((task) => task.fetched),
    inserted: sum((task) => task.inserted),
    updated: sum((task) => task.updated),
    unchanged: sum((task) => task.unchanged),
    rejected: sum((task) => task.rejected),
    tasks: all.map((task) => ({
      symbol: task.symbol,
      interval: task.interval,
      provider: task.provider,
      status: task.status,
      fetched: task.fetched,
      inserted: task.inserted,
      updated: task.updated,
      unchanged: task.unchanged,
      rejected: task.rejected,
      watermark: task.watermark === null ? null : formatDate(task.watermark),
      error: task.error,
    })),
  }
}
