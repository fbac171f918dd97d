/**
 * Keeps the watch list current while a process runs: a round of fetching at the start, then whenever the
 * calendars say that there can be something new, as far as the budgets go. Of several processes on a
 * database one does it.
 */
import { budgetState } from '../db/budgets.ts'
import { listInstruments } from '../db/instruments.ts'
import { takeRoundLock, type RoundLock } from '../db/round-lock.ts'
import { findExchange, listSeries } from '../db/series.ts'
import type { Calendar } from '../domain/calendar/calendar.ts'
import { messageOf, StockyardError } from '../domain/error.ts'
import type { Interval } from '../domain/interval.ts'
import { redact } from '../log.ts'
import { parseBudget } from '../providers/budget.ts'
import type { Provider } from '../providers/provider.ts'
import { fetchAll, type FetchContext, type FetchSummary } from './fetch-series.ts'
import type { CalendarOf } from './open-calendars.ts'
import { nextWake, strideWithin } from './next-wake.ts'

export interface KeepCurrentContext extends FetchContext {
  /** Ends it within the batch in hand. */
  readonly signal: AbortSignal
  /** Vendors that may serve, the preferred first; not empty. */
  readonly providers: readonly Provider[]
  /** What is kept current while nothing is watched. */
  readonly defaultTickers: readonly string[]
  /** Interval and days of history of symbols that have no series yet. */
  readonly defaultInterval: Interval
  readonly defaultDays: number
  /** Minutes between rounds while an exchange is open. */
  readonly everyMinutes: number
  /** The calendars as they are now, closures that were recorded since included. */
  readonly openCalendars: () => Promise<CalendarOf>
}

const MINUTE_MS = 60_000
/** Failures of every task after which no later round can do better. */
const HOPELESS_CODES: ReadonlySet<string> = new Set(['STORE_REAL', 'STORE_SIMULATED'])

/** One symbol with the intervals that are kept of it, and the vendors that they come from. */
interface Kept {
  readonly symbol: string
  readonly intervals: readonly Interval[]
  readonly providers: readonly string[]
}

/** What is known from one wake-up to the next. */
interface State {
  /** Null while another process does the rounds. */
  lock: RoundLock | null
  /** Symbols of the last round; one that is not among them makes a round due. */
  done: ReadonlySet<string>
  /** When the next round is due. */
  wakeAt: number
}

/**
 * Runs until the signal is aborted. A round that fails is logged, and the next one tries again.
 * Returns early where the store refuses what the vendors send: no later round would do better.
 */
export async function keepCurrent(context: KeepCurrentContext): Promise<void> {
  const state: State = { lock: null, done: new Set(), wakeAt: 0 }
  try {
    while (!context.signal.aborted) {
      if (!(await stepSafely(context, state))) return
      await rest(context, state)
    }
  } finally {
    await state.lock?.release()
  }
}

/** One wake-up; false where there is no sense in going on. */
async function stepSafely(context: KeepCurrentContext, state: State): Promise<boolean> {
  try {
    return await step(context, state)
  } catch (error) {
    if (context.signal.aborted) return false
    context.log.error({ err: error }, `a round failed: ${redact(messageOf(error))}`)
    state.wakeAt = context.clock.now() + context.everyMinutes * MINUTE_MS
    return true
  }
}

async function step(context: KeepCurrentContext, state: State): Promise<boolean> {
  if (state.lock?.held() !== true) {
    state.lock = await takeRoundLock(context.pool)
    if (state.lock === null) return true
    // Whoever takes over begins with a round: nobody knows what the other one still did.
    state.wakeAt = 0
  }
  const kept = await listKept(context)
  const isNew = kept.some(({ symbol }) => !state.done.has(symbol))
  if (!isNew && context.clock.now() < state.wakeAt) return true
  const outcome = await runRound(context, kept)
  state.done = new Set(kept.map(({ symbol }) => symbol))
  state.wakeAt = outcome.wakeAt
  if (outcome.hopeless) {
    context.log.error('the store refuses what the vendors send, so that nothing is kept current')
  }
  return !outcome.hopeless
}

/**
 * Sleeps until a wake-up, but no longer than the minutes between rounds: symbols may have been added, the
 * machine may have slept, or the process that did the rounds may be gone.
 */
async function rest(context: KeepCurrentContext, { lock, wakeAt }: State): Promise<void> {
  const stepMs = context.everyMinutes * MINUTE_MS
  const leftMs = lock === null ? stepMs : Math.max(0, wakeAt - context.clock.now())
  try {
    await context.clock.sleep(Math.min(leftMs, stepMs), context.signal)
  } catch (error) {
    if (!context.signal.aborted) throw error
  }
}

/** The watch list, or else the default tickers, with the intervals that the store has of each. */
async function listKept(context: KeepCurrentContext): Promise<Kept[]> {
  const watched = await listInstruments(context.pool, { watched: true, active: true })
  const symbols =
    watched.length > 0 ? watched.map(({ symbol }) => symbol) : [...context.defaultTickers]
  const series = await listSeries(context.pool, symbols)
  return symbols.map((symbol) => {
    const own = series.filter((one) => one.symbol === symbol)
    const intervals = distinct(own.map(({ interval }) => interval))
    return {
      symbol,
      intervals: intervals.length > 0 ? intervals : [context.defaultInterval],
      providers: distinct(own.map(({ provider }) => provider)),
    }
  })
}

function distinct<T extends string>(values: readonly T[]): T[] {
  return [...new Set(values)].toSorted()
}

/** Fetches all that is kept, unless no vendor may be called before a time; tells when to go on. */
async function runRound(
  context: KeepCurrentContext,
  kept: readonly Kept[],
): Promise<{ readonly wakeAt: number; readonly hopeless: boolean }> {
  const blocked = await blockedUntil(context)
  if (blocked > context.clock.now()) {
    context.log.info({ until: new Date(blocked).toISOString() }, 'all budgets are used up')
    return { wakeAt: blocked, hopeless: false }
  }
  const fetching = { ...context, calendarOf: await context.openCalendars() }
  let hopeless = false
  for (const group of groupByIntervals(kept)) {
    context.signal.throwIfAborted()
    const summary = await fetchAll(fetching, {
      ...group,
      providers: context.providers,
      from: null,
      until: null,
      force: false,
      defaultDays: context.defaultDays,
    })
    tell(context, summary)
    hopeless ||= isHopeless(summary)
  }
  // A budget that this round used up is waited for before the next one, not now.
  return { wakeAt: await findWake(context, await listKept(context), fetching.calendarOf), hopeless }
}

/** One run for all symbols that have the same intervals. */
function groupByIntervals(
  kept: readonly Kept[],
): { symbols: string[]; intervals: readonly Interval[] }[] {
  const groups = new Map<string, { symbols: string[]; intervals: readonly Interval[] }>()
  for (const { symbol, intervals } of kept) {
    const key = intervals.join()
    const group = groups.get(key) ?? { symbols: [], intervals }
    group.symbols.push(symbol)
    groups.set(key, group)
  }
  return [...groups.values()]
}

function tell(context: KeepCurrentContext, summary: FetchSummary): void {
  const { run, status, requests, inserted, updated } = summary
  const level = requests === 0 && status === 'succeeded' ? 'debug' : 'info'
  context.log[level]({ run, status, requests, inserted, updated }, 'a round of fetching')
  for (const { symbol, interval, error } of summary.tasks) {
    if (error === null || error.code === 'INTERRUPTED') continue
    context.log.warn({ run, symbol, interval, code: error.code }, error.message)
  }
}

function isHopeless({ tasks }: FetchSummary): boolean {
  return tasks.length > 0 && tasks.every(({ error }) => HOPELESS_CODES.has(error?.code ?? ''))
}

/** When any vendor may be called again: the past where one may be called now. */
async function blockedUntil(context: KeepCurrentContext): Promise<number> {
  const ends = await Promise.all(
    context.providers.map(async (provider) => {
      const { windows, pausedUntil } = await stateOf(context, provider)
      const day = windows.find(({ window }) => window === 'day')
      const dayEnd = day?.left === 0 ? (day.resetsAt ?? 0) : 0
      return Math.max(dayEnd, pausedUntil ?? 0)
    }),
  )
  return Math.min(...ends)
}

function stateOf({ pool, configs }: KeepCurrentContext, provider: Provider) {
  const budget = parseBudget(configs[provider.id]?.budget ?? provider.budget)
  return budgetState(pool, provider.id, budget, provider.resetZone)
}

/** The first instant at which a vendor can have something new of an exchange, within the preferred one's plan. */
async function findWake(
  context: KeepCurrentContext,
  kept: readonly Kept[],
  calendarOf: CalendarOf,
): Promise<number> {
  const serving = context.providers.filter(({ id }) =>
    kept.some(({ providers }) => providers.includes(id)),
  )
  const preferred = serving[0] ?? context.providers[0]!
  const now = context.clock.now()
  const calendars = await calendarsOf(context, kept, calendarOf)
  const closes = calendars
    .map((calendar) => calendar.sessionAt(now)?.close ?? calendar.nextSession(now).close)
    .map((close) => Math.ceil((close - now) / MINUTE_MS))
  const { windows } = await stateOf(context, preferred)
  const stride = strideWithin({
    callsLeft: windows.find(({ window }) => window === 'day')?.left ?? null,
    callsPerRound: kept.reduce((sum, { intervals }) => sum + intervals.length, 0),
    everyMinutes: context.everyMinutes,
    minutesLeft: Math.max(0, ...closes),
  })
  const wakes = calendars.flatMap((calendar) =>
    (serving.length > 0 ? serving : [preferred]).map(({ settleMs }) =>
      nextWake(calendar, now, context.everyMinutes, settleMs, stride),
    ),
  )
  return Math.min(...wakes)
}

async function calendarsOf(
  context: KeepCurrentContext,
  kept: readonly Kept[],
  calendarOf: CalendarOf,
): Promise<Calendar[]> {
  const calendars = new Map<string, Calendar>()
  for (const { symbol } of kept) {
    const exchange = await findExchange(context.pool, symbol)
    try {
      calendars.set(exchange, calendarOf(exchange))
    } catch (error) {
      // Its fetch fails with the same words, which the run keeps.
      if (!(error instanceof StockyardError) || error.code !== 'EXCHANGE_UNKNOWN') throw error
    }
  }
  return calendars.size > 0 ? [...calendars.values()] : [calendarOf('XNYS')]
}
