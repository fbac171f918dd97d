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
import { listSeries } from '../db/series.ts'
import { redact } from '../log.ts'
import type { ProviderConfig } from '../config.ts'
import type { Provider } from '../providers/provider.ts'
import type { AskContext } from './ask.ts'
import { fetchSeries, type SeriesProgress } from './series-requests.ts'

export interface FetchWish {
  readonly symbols: readonly string[]
  readonly intervals: readonly Interval[]
  /** Vendors that may serve, the preferred first; the next one is asked where one cannot or will not. */
  readonly providers: readonly Provider[]
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

/** The count of calls is kept for each task by itself, and what the user says for each vendor. */
export interface FetchContext extends Omit<AskContext, 'requests' | 'config'> {
  /** By the id of the provider; one that is not in it is used with its defaults. */
  readonly configs: Readonly<Record<string, ProviderConfig>>
  readonly onProgress?: (task: TaskProgress) => void
}

interface Task {
  progress: TaskProgress
  readonly symbol: string
  readonly interval: Interval
  /** Vendors that have the interval, in the order in which they are asked; can be empty. */
  readonly providers: readonly Provider[]
}

/** Vendors of which no more can be had in this run, with the reason, by id. */
type Halted = Map<string, StockyardError>

/**
 * Fetches and stores what is missing of some series.
 * @throws StockyardError kind `database` when the store is lost; failures of single tasks are in the
 *   summary instead
 */
export async function fetchAll(context: FetchContext, wish: FetchWish): Promise<FetchSummary> {
  const tasks = makeTasks(wish, await listSeries(context.pool, wish.symbols))
  await closeAbandonedRuns(context.pool)
  const runId = await inTransaction(context.pool, (connection) =>
    startRun(
      connection,
      'fetch',
      runArguments(wish),
      tasks.map(({ progress }) => progress),
    ),
  )
  const halted: Halted = new Map()
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

function makeTasks(wish: FetchWish, known: Awaited<ReturnType<typeof listSeries>>): Task[] {
  const pairs = wish.symbols.flatMap((symbol) =>
    wish.intervals.map((interval) => ({ symbol, interval })),
  )
  return pairs.map(({ symbol, interval }, index) => {
    const has = new Set(
      known
        .filter((series) => series.symbol === symbol && series.interval === interval)
        .map((series) => series.provider),
    )
    const able = wish.providers.filter((provider) => provider.intervals.includes(interval))
    // A series that is there goes on with its vendor, so that it stays one series.
    const providers = [
      ...able.filter((provider) => has.has(provider.id)),
      ...able.filter((provider) => !has.has(provider.id)),
    ]
    return {
      symbol,
      interval,
      providers,
      progress: {
        ...NOTHING_YET,
        number: index + 1,
        symbol,
        interval,
        provider: providers[0]?.id ?? '',
      },
    }
  })
}

const NOTHING_YET = {
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
} as const

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

/** Works on one task and records how it ended; throws only when the store is lost. */
async function runTask(
  context: FetchContext,
  wish: FetchWish,
  runId: number,
  task: Task,
  halted: Halted,
): Promise<void> {
  const report = (change: Partial<TaskProgress>) => {
    task.progress = { ...task.progress, ...change }
    context.onProgress?.(task.progress)
  }
  await startTask(context.pool, runId, task.progress.number)
  report({ status: 'running' })
  try {
    await askInTurn(context, wish, runId, task, halted, report)
    report({ status: 'succeeded' })
  } catch (thrown) {
    const error = asStockyardError(thrown, context.signal)
    if (error.kind === 'database') throw error
    report({
      status: error.code === 'INTERRUPTED' ? 'skipped' : 'failed',
      error: { code: error.code, message: redact(error.message), hint: error.hint ?? null },
    })
    if (error.kind === 'internal') context.log.error({ err: error.cause ?? error }, 'a task failed')
  }
  const { status, requests, watermark, notes, error, provider } = task.progress
  await finishTask(context.pool, runId, task.progress.number, {
    status,
    provider,
    requests,
    watermark,
    notes,
    error,
  })
}

/**
 * Asks the vendors of a task one after the other until one has served.
 * @throws the first vendor's error where none has, since that one was meant to serve
 */
async function askInTurn(
  context: FetchContext,
  wish: FetchWish,
  runId: number,
  task: Task,
  halted: Halted,
  report: (change: Partial<TaskProgress>) => void,
): Promise<void> {
  const failures: StockyardError[] = []
  for (const provider of task.providers) {
    context.signal?.throwIfAborted()
    const stopped = halted.get(provider.id)
    try {
      if (stopped !== undefined) throw stopped
      await askOne(context, wish, runId, task, provider, report)
      return
    } catch (thrown) {
      const error = asStockyardError(thrown, context.signal)
      if (STOPPING_CODES.has(error.code)) halted.set(provider.id, error)
      if (!letsOthersServe(error)) throw error
      failures.push(error)
      const note = `${provider.id} did not serve: ${redact(error.message)}`
      report({ notes: [...task.progress.notes, note] })
    }
  }
  const [first] = failures
  if (first !== undefined) report({ provider: task.providers[0]!.id })
  throw first ?? unsupportedError(task, wish)
}

async function askOne(
  context: FetchContext,
  wish: FetchWish,
  runId: number,
  task: Task,
  provider: Provider,
  report: (change: Partial<TaskProgress>) => void,
): Promise<void> {
  const before = task.progress
  // The task has a count of its own, so that a run tells which series spent which calls.
  const counted: AskContext = {
    ...context,
    config: context.configs[provider.id] ?? {
      key: undefined,
      baseUrl: undefined,
      budget: undefined,
    },
    requests: 0,
  }
  const { symbol, interval } = task
  try {
    await fetchSeries(
      counted,
      {
        series: { symbol, interval, provider: provider.id, basis: provider.basis },
        provider,
        wish: { ...wish, interval },
        runId,
        taskNumber: before.number,
      },
      (progress) =>
        report({
          ...progress,
          provider: provider.id,
          requests: before.requests + counted.requests,
          notes: [...before.notes, ...progress.notes],
        }),
    )
  } finally {
    report({ requests: before.requests + counted.requests })
  }
}

function unsupportedError(task: Task, wish: FetchWish): StockyardError {
  const names = wish.providers.map((provider) => provider.name).join(' or ')
  const sentence = `There are no bars of ${task.interval} from ${names}.`
  return new StockyardError('usage', 'INTERVAL_UNSUPPORTED', sentence, {
    hint: 'stockyard providers lists what each vendor has.',
  })
}

/** False where another vendor would fail in the same way, or must not be asked. */
function letsOthersServe(error: StockyardError): boolean {
  return ['provider', 'not-found', 'config'].includes(error.kind) && !STORE_CODES.has(error.code)
}

const STORE_CODES = new Set(['STORE_REAL', 'STORE_SIMULATED'])

/** Errors after which every further call to the same vendor is in vain. */
const STOPPING_CODES = new Set(['BUDGET_EXHAUSTED', 'KEY_REFUSED', 'KEY_MISSING', ...STORE_CODES])

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
