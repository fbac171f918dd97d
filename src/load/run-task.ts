/**
 * One task of a run: a series of one symbol and interval, served by the first vendor that can and will.
 */
import type { ProviderConfig } from '../config.ts'
import { databaseError } from '../db/database-error.ts'
import { addTask, finishTask, startTask, type TaskStatus, type TaskCounts } from '../db/runs.ts'
import { messageOf, StockyardError } from '../domain/error.ts'
import type { Interval } from '../domain/interval.ts'
import { readSymbolMeaning } from '../domain/symbol-meaning.ts'
import { redact } from '../log.ts'
import type { Provider } from '../providers/provider.ts'
import type { AskContext } from './ask.ts'
import { configOf } from './budget-in-force.ts'
import type { CircuitBreaker } from './circuit-breaker.ts'
import { baseInterval, deriveSeries } from './derive-series.ts'
import type { ActionsWish } from './keep-actions.ts'
import type { MarketDays } from './market-days.ts'
import { fetchSeries, type SeriesProgress } from './series-requests.ts'
import type { SharedAnswers } from './shared-answers.ts'

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
  /**
   * Given, every series that is there is brought up to date, each vendor's, as far as its vendor is among
   * these; absent, a symbol and an interval are served once.
   */
  readonly due?: ReadonlySet<string>
  /** What the run is called; absent: `fetch`. */
  readonly job?: 'fetch' | 'backfill' | 'repair' | 'keep-current'
  /** Series that are worked on at a time, each with one call under way; absent: a few. */
  readonly parallel?: number
  /** True for sessions that are final only: what still moves is left alone. */
  readonly finalOnly?: boolean
  /** Which splits and dividends are asked for once the bars are in; absent: none. */
  readonly actions?: ActionsWish['which']
  /** Just these pieces of work, in place of all symbols at all intervals. */
  readonly pieces?: readonly WorkPiece[]
}

/** Days [from, until) of one series that are to be asked for. */
export interface WorkPiece {
  readonly symbol: string
  readonly interval: Interval
  readonly provider: Provider
  readonly from: number
  readonly until: number
}

/** How a task stands, for whoever shows progress. */
export interface TaskProgress extends SeriesProgress {
  readonly number: number
  readonly symbol: string
  readonly interval: Interval
  readonly provider: string
  readonly status: TaskStatus
  /** What was said of vendors that did not serve, before one did or none. */
  readonly passedOver: readonly string[]
  /** Calls that were sent, repeated ones included. */
  readonly requests: number
  readonly error: {
    readonly code: string
    readonly message: string
    readonly hint: string | null
  } | null
}

/** The count of calls is kept for each task by itself, and what the user says for each vendor. */
export interface FetchContext extends Omit<AskContext, 'requests' | 'config'> {
  /** By the id of the provider; one that is not in it is used with its defaults. */
  readonly configs: Readonly<Record<string, ProviderConfig>>
  readonly onProgress?: (task: TaskProgress) => void
  /** Told the id of each run that begins. */
  readonly onRun?: (runId: number) => void
  /** A run that waited in the queue for this work, to be begun in place of a new one; null where none did. */
  readonly takeRunId?: () => number | null
  /** Told when a run of this work was cancelled, so that the rest of the work ends, too. */
  readonly onCancel?: () => void
}

export interface Task {
  progress: TaskProgress
  readonly symbol: string
  readonly interval: Interval
  /** Vendors that have the interval, in the order in which they are asked; can be empty. */
  readonly providers: readonly Provider[]
  /** Days of its own; absent: those of the wish. */
  readonly period?: { readonly from: number; readonly until: number }
}

/** What the tasks of a run share. */
export interface Run {
  readonly context: FetchContext
  readonly wish: FetchWish
  readonly runId: number
  /** All tasks; those of series that others are made of join at the end. */
  readonly tasks: Task[]
  /** Vendors of which no more can be had in this run, with the reason, by id. */
  readonly halted: Map<string, StockyardError>
  /** Symbols with the vendors none of which knows them, and the error: not asked for at another interval. */
  readonly unknown: Map<string, StockyardError>
  /** Vendors that fail again and again. */
  readonly breaker: CircuitBreaker
  /** Days that are asked for the whole market, and the answers to it. */
  readonly marketDays: MarketDays
  readonly shared: SharedAnswers
  /** Series that others are made of, by symbol, interval and vendor; null once they are there. */
  readonly bases: Map<string, Promise<StockyardError | null>>
}

export function makeTask(
  number: number,
  symbol: string,
  interval: Interval,
  providers: readonly Provider[],
): Task {
  const provider = providers[0]?.id ?? ''
  return {
    symbol,
    interval,
    providers,
    progress: { ...NOTHING_YET, number, symbol, interval, provider },
  }
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
  passedOver: [],
  error: null,
} as const

/** Works on one task, records how it ended, and tells why it failed; throws only when the store is lost. */
export async function runTask(run: Run, task: Task): Promise<StockyardError | null> {
  const { context, runId } = run
  let failure: StockyardError | null = null
  const report = (change: Partial<TaskProgress>) => {
    task.progress = { ...task.progress, ...change }
    context.onProgress?.(task.progress)
  }
  await startTask(context.pool, runId, task.progress.number)
  report({ status: 'running' })
  try {
    await askInTurn(run, task, report)
    report({ status: 'succeeded' })
  } catch (thrown) {
    const error = asStockyardError(thrown, context.signal)
    // A lock that others hold on one series says nothing of the next one.
    if (error.kind === 'database' && error.code !== 'DATABASE_LOCKED') throw error
    failure = error
    report({
      status: error.code === 'INTERRUPTED' ? 'skipped' : 'failed',
      error: { code: error.code, message: redact(error.message), hint: error.hint },
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
  return failure
}

/**
 * Asks the vendors of a task one after the other until one has served.
 * @throws the first vendor's error where none has, since that one was meant to serve; or that of a vendor that
 *   does not know the symbol, where none says anything else
 */
async function askInTurn(run: Run, task: Task, report: Report): Promise<void> {
  const { context, halted, unknown } = run
  const asked = [task.symbol, ...task.providers.map(({ id }) => id)].join(' ')
  const known = unknown.get(asked)
  if (known !== undefined) throw known
  const failures: StockyardError[] = []
  for (const provider of task.providers) {
    context.signal?.throwIfAborted()
    const before = task.progress.requests
    try {
      await askOne(run, task, provider, report)
      if (task.progress.requests > before) run.breaker.succeeded(provider)
      return
    } catch (thrown) {
      const error = asStockyardError(thrown, context.signal)
      run.breaker.failed(provider, error)
      if (STOPPING_CODES.has(error.code)) halted.set(provider.id, error)
      if (!letsOthersServe(error, run.wish)) throw error
      failures.push(error)
      const note = `${provider.id} did not serve: ${redact(error.message)}`
      const { notes, passedOver } = task.progress
      report({ notes: [...notes, note], passedOver: [...passedOver, note] })
    }
  }
  const [first] = failures
  if (first !== undefined) report({ provider: task.providers[0]!.id })
  const stranger = findStranger(failures)
  if (stranger !== undefined) {
    // That there is nothing of a period says nothing of other intervals, which reach further back.
    if (failures.every(({ code }) => code !== 'NO_DATA')) unknown.set(asked, stranger)
    throw stranger
  }
  throw first ?? unsupportedError(task, run.wish)
}

/** What vendors say where they do not know a symbol; some say nothing more exact than the last two. */
const UNKNOWN_CODES = new Set(['SYMBOL_UNKNOWN', 'REQUEST_REFUSED', 'NO_DATA'])

/** The error of a vendor that does not know the symbol, where no other says anything that speaks for it. */
function findStranger(failures: readonly StockyardError[]): StockyardError | undefined {
  if (!failures.every(({ code }) => UNKNOWN_CODES.has(code))) return undefined
  return failures.find(({ code }) => code === 'SYMBOL_UNKNOWN')
}

type Report = (change: Partial<TaskProgress>) => void

async function askOne(run: Run, task: Task, provider: Provider, report: Report): Promise<void> {
  const base = baseInterval(provider, task.interval)
  if (base !== null) return makeFromBase(run, task, provider, base, report)
  const { context, wish, runId } = run
  const before = task.progress
  // The task has a count of its own, so that a run tells which series spent which calls.
  const counted: AskContext = {
    ...context,
    config: configOf(context, provider.id),
    shared: run.shared,
    requests: 0,
  }
  const { symbol, interval } = task
  try {
    await fetchSeries(
      counted,
      {
        series: { symbol, interval, provider: provider.id, basis: provider.basis },
        provider,
        wish: { ...wish, ...task.period, interval },
        runId,
        taskNumber: before.number,
        stopped: () => run.halted.get(provider.id) ?? run.breaker.cooling(provider),
        marketDays: run.marketDays,
      },
      (progress) =>
        report({
          ...progress,
          ...withCounts(before, progress),
          provider: provider.id,
          requests: before.requests + counted.requests,
          notes: [...before.notes, ...progress.notes],
        }),
    )
  } finally {
    report({ requests: before.requests + counted.requests })
  }
}

/** The counts of a vendor with those of the vendors that were asked before it and broke off. */
function withCounts(before: TaskCounts, own: TaskCounts): TaskCounts {
  return {
    fetched: before.fetched + own.fetched,
    inserted: before.inserted + own.inserted,
    updated: before.updated + own.updated,
    unchanged: before.unchanged + own.unchanged,
    rejected: before.rejected + own.rejected,
  }
}

/** A series that is made of another one of the same vendor, which is brought up to date first. */
async function makeFromBase(
  run: Run,
  task: Task,
  provider: Provider,
  base: Interval,
  report: Report,
): Promise<void> {
  const { symbol, interval } = task
  const key = `${symbol} ${base} ${provider.id}`
  const pending = run.bases.get(key) ?? runBase(run, task, base, provider)
  run.bases.set(key, pending)
  const failure = await pending
  if (failure !== null) throw failure
  const made = await deriveSeries(run.context.pool, {
    series: { symbol, interval, provider: provider.id, basis: provider.basis },
    base,
    settleMs: provider.settleMs,
    calendarOf: run.context.calendarOf,
    runId: run.runId,
    taskNumber: task.progress.number,
  })
  const notes = [...task.progress.notes, `made of ${provider.id}'s bars of ${base}`]
  report({ ...made, provider: provider.id, notes })
}

/** Brings a base up to date in a task of its own, unless this run has done so already. */
async function runBase(
  run: Run,
  { symbol, period }: Task,
  base: Interval,
  provider: Provider,
): Promise<StockyardError | null> {
  const isDone = run.tasks.some(
    ({ progress }) =>
      progress.symbol === symbol &&
      progress.interval === base &&
      progress.provider === provider.id &&
      progress.status === 'succeeded',
  )
  if (isDone) return null
  const made = makeTask(run.tasks.length + 1, symbol, base, [provider])
  const task = period === undefined ? made : { ...made, period }
  run.tasks.push(task)
  await addTask(run.context.pool, run.runId, task.progress)
  return runTask(run, task)
}

function unsupportedError(task: Task, wish: FetchWish): StockyardError {
  const names = wish.providers.map((provider) => provider.name).join(' or ')
  const { kind } = readSymbolMeaning(task.symbol)
  const sentence =
    kind === 'stock'
      ? `There are no bars of ${task.interval} from ${names}.`
      : `There are no bars of ${task.interval} of the ${kind} ${task.symbol} from ${names}.`
  return new StockyardError('usage', 'INTERVAL_UNSUPPORTED', sentence, {
    hint: 'stockyard providers lists what each vendor has.',
  })
}

/** False where another vendor would fail in the same way, or must not be asked. */
function letsOthersServe(error: StockyardError, wish: FetchWish): boolean {
  // History that was begun at one vendor goes on there tomorrow: another one's would be a series of its
  // own, perhaps a shorter one, and be taken for the whole.
  if (wish.job === 'backfill' && error.code === 'BUDGET_EXHAUSTED') return false
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
