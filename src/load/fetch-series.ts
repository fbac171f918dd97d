/**
 * Bringing series up to date: one run, one task a series. Each task plans what is worth asking,
 * asks, checks and loads, answer by answer; one task's failure does not stop the others.
 */
import { DAY_MS, formatDate } from '../domain/date.ts'
import { messageOf } from '../domain/error.ts'
import type { Interval } from '../domain/interval.ts'
import { getCalendar } from '../domain/calendar/registry.ts'
import { readSymbolMeaning } from '../domain/symbol-meaning.ts'
import { inTransaction } from '../db/connect.ts'
import { dropOldTasks } from '../db/run-retention.ts'
import {
  closeAbandonedRuns,
  finishRun,
  startRun,
  type TaskCounts,
  type TaskStatus,
} from '../db/runs.ts'
import { listSeries } from '../db/series.ts'
import type { Provider } from '../providers/provider.ts'
import { raiseClosureAlerts } from './closure-alert.ts'
import { makeCircuitBreaker } from './circuit-breaker.ts'
import { baseInterval } from './derive-series.ts'
import { followRenames } from './follow-renames.ts'
import { heedCancel } from './heed-cancel.ts'
import { keepActions } from './keep-actions.ts'
import { findLeftAnswers } from './left-answers.ts'
import { findMarketDays } from './market-days.ts'
import { makeTask, runTask } from './run-task.ts'
import type { FetchContext, FetchWish, Run, Task, TaskProgress, WorkPiece } from './run-task.ts'

export type { FetchContext, FetchWish, TaskProgress } from './run-task.ts'

/** A series that has not come within so many days of another vendor's only fills gaps of that one. */
const PATCH_DAYS = 30

/** Tasks that are worked on at a time: enough to let fetching, parsing and storing overlap. */
const PARALLEL_TASKS = 6

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

/**
 * Fetches and stores what is missing of some series.
 * @throws StockyardError kind `database` when the store is lost; failures of single tasks are in the
 *   summary instead
 */
export async function fetchAll(context: FetchContext, wish: FetchWish): Promise<FetchSummary> {
  const { pool } = context
  const { symbols, notes } = await followRenames(pool, wish.symbols)
  const planned = { ...wish, symbols }
  const tasks =
    planned.pieces?.map(makePieceTask) ?? makeTasks(planned, await listSeries(pool, symbols))
  for (const task of tasks) {
    const note = notes.get(task.symbol)
    if (note !== undefined) task.progress = { ...task.progress, notes: [note] }
  }
  await closeAbandonedRuns(pool)
  await dropOldTasks(pool)
  const left = await findLeftAnswers(context, tasks)
  const waiting = context.takeRunId?.() ?? null
  const runId = await inTransaction(pool, (connection) =>
    startRun(
      connection,
      planned.job ?? 'fetch',
      runArguments(planned),
      tasks.map(({ progress }) => progress),
      waiting,
    ),
  )
  context.onRun?.(runId)
  const watch = heedCancel(context, runId)
  try {
    return await fetchTasks({ ...context, left, signal: watch.signal }, planned, runId, tasks)
  } finally {
    await watch.stop()
  }
}

/** Works on the tasks of a run, and ends it. */
async function fetchTasks(
  context: FetchContext,
  wish: FetchWish,
  runId: number,
  tasks: Task[],
): Promise<FetchSummary> {
  const run: Run = {
    context,
    wish,
    runId,
    tasks,
    halted: new Map(),
    unknown: new Map(),
    breaker: makeCircuitBreaker(context.clock),
    marketDays: wish.pieces === undefined ? await findMarketDays(context, wish, tasks) : new Map(),
    shared: new Map(),
    bases: new Map(),
  }
  // What is made of other series comes after them, so that nothing is asked for twice.
  const made = tasks.filter(isDerived)
  let actionCalls = 0
  try {
    await runAll(
      run,
      tasks.filter((task) => !isDerived(task)),
    )
    await runAll(run, made)
    await watchForClosures(run)
    actionCalls = await askForActions(run)
  } catch (error) {
    // The store is lost, perhaps for good; where it is not, the run must not seem to go on.
    await finishRun(context.pool, runId, 'interrupted').catch((cause: unknown) =>
      context.log.warn({ reason: messageOf(cause) }, 'a run could not be closed'),
    )
    throw error
  }
  const fetched = summarize(runId, wish, tasks)
  const summary = { ...fetched, requests: fetched.requests + actionCalls }
  await finishRun(context.pool, runId, context.signal?.aborted ? 'interrupted' : summary.status)
  return summary
}

/** Tells once of sessions that came back empty for all that were asked for. */
async function watchForClosures({ context, wish, runId, tasks }: Run): Promise<void> {
  const answered = tasks
    .map(({ progress }) => progress)
    .filter(({ status, error }) => status === 'succeeded' || error?.code === 'NO_DATA')
  const { pool, clock, calendarOf = getCalendar } = context
  // Nothing came of sessions that nobody asked for.
  const asOf = Math.min(clock.now(), wish.until ?? Infinity)
  const alerts = await raiseClosureAlerts(pool, runId, answered, calendarOf, asOf)
  for (const alert of alerts) context.log.warn({ run: runId }, alert)
}

/** Asks for splits and dividends where the wish has them, and tells how many calls that took. */
async function askForActions({ context, wish, runId, tasks }: Run): Promise<number> {
  if (wish.actions === undefined || context.signal?.aborted) return 0
  const symbols = [...new Set(tasks.map(({ symbol }) => symbol))]
  const runs = new Map(symbols.map((symbol) => [symbol, runId]))
  const { providers, actions: which } = wish
  return (await keepActions(context, { symbols, providers, which, runs })).calls
}

/** Works on tasks, a few at a time. */
async function runAll(run: Run, tasks: readonly Task[]): Promise<void> {
  const parallel = run.wish.parallel ?? PARALLEL_TASKS
  const queue = tasks.values()
  const worker = async () => {
    for (const task of queue) await runTask(run, task)
  }
  const workers = Array.from({ length: Math.min(parallel, tasks.length) }, worker)
  const settled = await Promise.allSettled(workers)
  const broken = settled.find((result) => result.status === 'rejected')
  if (broken !== undefined) throw broken.reason
}

function isDerived(task: Task): boolean {
  const [first] = task.providers
  return first !== undefined && baseInterval(first, task.interval) !== null
}

/** The tasks of a wish, symbol by symbol, each with the vendors that may serve it in turn. */
export function makeTasks(wish: FetchWish, known: Awaited<ReturnType<typeof listSeries>>): Task[] {
  const pairs = wish.symbols.flatMap((symbol) =>
    wish.intervals.map((interval) => ({ symbol, interval })),
  )
  const turns = pairs.flatMap(({ symbol, interval }) => {
    const stored = known.filter(
      (series) => series.symbol === symbol && series.interval === interval,
    )
    const newest = Math.max(...stored.map(({ watermark }) => watermark ?? -Infinity))
    // One that lies far behind another was begun to fill gaps of that one, and is not kept current.
    const has = new Set(
      stored
        .filter(({ watermark }) => (watermark ?? newest) >= newest - PATCH_DAYS * DAY_MS)
        .map(({ provider }) => provider),
    )
    const able = wish.providers.filter((provider) => canServe(provider, symbol, interval))
    // A series that is there goes on with its vendor, so that it stays one series.
    const own = able.filter((provider) => has.has(provider.id))
    const others = able.filter((provider) => !has.has(provider.id))
    return turnsOf(own, others, wish.due).map((providers) => ({ symbol, interval, providers }))
  })
  return turns.map(({ symbol, interval, providers }, index) =>
    makeTask(index + 1, symbol, interval, providers),
  )
}

/** The vendors of each task of a symbol and interval: one task, or one for each series that is due. */
function turnsOf(
  own: readonly Provider[],
  others: readonly Provider[],
  due: FetchWish['due'],
): (readonly Provider[])[] {
  if (due === undefined || own.length === 0) return [[...own, ...others]]
  const owed = own.filter(({ id }) => due.has(id))
  // Where there are several series, none needs another vendor to stand in for its own.
  const substitutes = own.length === 1 ? others : []
  return owed.map((provider) => [provider, ...substitutes])
}

function makePieceTask({ symbol, interval, provider, from, until }: WorkPiece, at: number): Task {
  return { ...makeTask(at + 1, symbol, interval, [provider]), period: { from, until } }
}

function canServe(provider: Provider, symbol: string, interval: Interval): boolean {
  if (!provider.kinds.includes(readSymbolMeaning(symbol).kind)) return false
  return provider.intervals.includes(interval) || baseInterval(provider, interval) !== null
}

function runArguments(wish: FetchWish): Record<string, unknown> {
  return {
    symbols: wish.symbols,
    intervals: wish.intervals,
    providers: wish.providers.map((provider) => provider.id),
    from: wish.from === null ? null : formatDate(wish.from),
    until: wish.until === null ? null : formatDate(wish.until),
    force: wish.force,
  }
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
