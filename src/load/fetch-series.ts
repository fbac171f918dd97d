/**
 * Bringing series up to date: one run, one task a series. Each task plans what is worth asking,
 * asks, checks and loads, answer by answer; one task's failure does not stop the others.
 */
import type { Calendar } from '../domain/calendar/calendar.ts'
import { getCalendar } from '../domain/calendar/registry.ts'
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
import { findHead, type SeriesKey } from '../db/series.ts'
import { redact } from '../log.ts'
import type { BarRequest, Provider } from '../providers/provider.ts'
import { validateBatch } from '../validate/validate-batch.ts'
import { askBars, type AskContext } from './ask.ts'
import { loadBatch } from './load-batch.ts'
import { planRanges, type Wish } from './plan.ts'

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
export interface TaskProgress extends TaskCounts {
  readonly number: number
  readonly symbol: string
  readonly interval: Interval
  readonly provider: string
  readonly status: TaskStatus
  /** Calls that are planned for it, and calls that are answered and stored. */
  readonly requestsPlanned: number
  readonly requestsDone: number
  /** Calls that were sent, repeated ones included. */
  readonly requests: number
  /** Last final session, as a day, or null. */
  readonly watermark: number | null
  readonly notes: readonly string[]
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

export interface FetchContext extends AskContext {
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
    await startTask(context.pool, runId, task.progress.number)
    report({ status: 'running' })
    await fetchSeries(counted, wish, runId, task, report)
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

/** Errors after which every further call to the same vendor is in vain. */
function stopsTheOthers(error: StockyardError): boolean {
  return ['BUDGET_EXHAUSTED', 'KEY_REFUSED', 'KEY_MISSING', 'INTERRUPTED'].includes(error.code)
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

/** One series: plan, and then ask, check and load call by call, oldest first. */
async function fetchSeries(
  context: FetchContext & { requests: number },
  wish: FetchWish,
  runId: number,
  task: Task,
  report: (change: Partial<TaskProgress>) => void,
): Promise<void> {
  const calendar = getCalendar('XNYS')
  const now = context.clock.now()
  const head = await findHead(context.pool, task.series)
  report({ watermark: head?.watermark ?? null })
  const requests = planRequests(wish, task, head, calendar, now)
  report({ requestsPlanned: requests.length })
  for (const request of requests) {
    context.signal?.throwIfAborted()
    await fetchRequest(context, wish.provider, runId, task, request, calendar, report)
  }
}

function planRequests(
  wish: FetchWish,
  task: Task,
  head: Awaited<ReturnType<typeof findHead>>,
  calendar: Calendar,
  now: number,
): BarRequest[] {
  const seriesWish: Wish = { ...wish, interval: task.interval }
  const ranges = planRanges(seriesWish, head, calendar, wish.provider.settleMs, now)
  const requests = ranges.flatMap((range) =>
    wish.provider.planBars({
      ...range,
      symbol: task.series.symbol,
      interval: task.interval,
      now,
      calendar,
    }),
  )
  // Neighbouring ranges can lead to the same call; it is sent once.
  const byCall = new Map(requests.map((request) => [JSON.stringify(request.request), request]))
  return [...byCall.values()]
}

/** fetch -> parse -> validate -> load, for one call. */
async function fetchRequest(
  context: FetchContext & { requests: number },
  provider: Provider,
  runId: number,
  task: Task,
  request: BarRequest,
  calendar: Calendar,
  report: (change: Partial<TaskProgress>) => void,
): Promise<void> {
  const answer = await askBars(context, provider, request, calendar)
  const checked = validateBatch(answer, {
    interval: task.interval,
    calendar,
    from: request.covers?.from ?? null,
    until: request.covers?.until ?? null,
    now: answer.receivedAt,
    basis: provider.basis,
  })
  const unreadable = answer.unreadable.map((row) => ({ ...row, ts: null }))
  const loaded = await loadBatch(context.pool, {
    series: task.series,
    calendar,
    settleMs: provider.settleMs,
    runId,
    taskNumber: task.progress.number,
    batch: checked.batch,
    rejects: [...unreadable, ...checked.rejects],
    fetched: answer.batch.length + unreadable.length,
    covers: request.covers,
    receivedAt: answer.receivedAt,
  })
  const { progress } = task
  report({
    requests: context.requests,
    requestsDone: progress.requestsDone + 1,
    fetched: progress.fetched + loaded.fetched,
    inserted: progress.inserted + loaded.inserted,
    updated: progress.updated + loaded.updated,
    unchanged: progress.unchanged + loaded.unchanged,
    rejected: progress.rejected + loaded.rejected,
    watermark: loaded.watermark,
    notes: [...new Set([...progress.notes, ...answer.notes])],
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
