/**
 * Keeps the watch list current while a process runs: a round of fetching at the start, then whenever the
 * calendars say that there can be something new, as far as the budgets go. Of several processes on a
 * database one does it.
 */
import { listInstruments } from '../db/instruments.ts'
import { takeRoundLock, type RoundLock } from '../db/round-lock.ts'
import { findExchange, listSeries } from '../db/series.ts'
import type { Lane } from '../domain/budget.ts'
import type { Calendar } from '../domain/calendar/calendar.ts'
import { messageOf, StockyardError } from '../domain/error.ts'
import type { Interval } from '../domain/interval.ts'
import { redact } from '../log.ts'
import { budgetInForce } from './budget-in-force.ts'
import type { Provider } from '../providers/provider.ts'
import { MANUAL_PROVIDER } from '../providers/registry.ts'
import { fetchAll, type FetchContext, type FetchSummary } from './fetch-series.ts'
import { keepActions } from './keep-actions.ts'
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

/** One symbol with its exchange, the intervals that are kept of it, and the vendor of each of its series. */
interface Kept {
  readonly symbol: string
  readonly exchange: string
  readonly intervals: readonly Interval[]
  /** Vendors, as often as they have a series; empty where there is none yet. */
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
  /** When each vendor's series are due, by its id; one that is not in it is due at once. */
  wakes: ReadonlyMap<string, number>
}

/**
 * Runs until the signal is aborted. A round that fails is logged, and the next one tries again.
 * Returns early where the store refuses what the vendors send: no later round would do better.
 */
export async function keepCurrent(context: KeepCurrentContext): Promise<void> {
  const state: State = { lock: null, done: new Set(), wakeAt: 0, wakes: new Map() }
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
    state.wakes = new Map()
  }
  const kept = await listKept(context)
  const now = context.clock.now()
  const isNew = kept.some(({ symbol }) => !state.done.has(symbol))
  if (!isNew && now < state.wakeAt) return true
  const due = context.providers.filter(({ id }) => isNew || (state.wakes.get(id) ?? 0) <= now)
  const outcome = await runRound(context, kept, due)
  state.done = new Set(kept.map(({ symbol }) => symbol))
  state.wakes = outcome.wakes
  state.wakeAt = Math.min(...outcome.wakes.values())
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
  const kept: Kept[] = []
  for (const symbol of symbols) {
    // Bars by hand are nobody's to fetch.
    const own = series.filter((one) => one.symbol === symbol && one.provider !== MANUAL_PROVIDER)
    const intervals = distinct(own.map(({ interval }) => interval))
    kept.push({
      symbol,
      exchange: await findExchange(context.pool, symbol),
      intervals: intervals.length > 0 ? intervals : [context.defaultInterval],
      providers: own.map(({ provider }) => provider),
    })
  }
  return kept
}

function distinct<T extends string>(values: readonly T[]): T[] {
  return [...new Set(values)].toSorted()
}

/** When each vendor's series are due next, and whether there is no sense in that. */
interface Outcome {
  readonly wakes: ReadonlyMap<string, number>
  readonly hopeless: boolean
}

/** Fetches all that is kept and due, unless no vendor may be called before a time; tells when to go on. */
async function runRound(
  context: KeepCurrentContext,
  kept: readonly Kept[],
  due: readonly Provider[],
): Promise<Outcome> {
  const blocked = await blockedUntil(context)
  if (blocked > context.clock.now()) {
    context.log.info({ until: new Date(blocked).toISOString() }, 'all budgets are used up')
    return { wakes: new Map(context.providers.map(({ id }) => [id, blocked])), hopeless: false }
  }
  const calendarOf = await context.openCalendars()
  const owed = kept.filter((one) => isOwed(context, one, due))
  let hopeless = false
  const runs = new Map<string, number>()
  for (const { lane, ...group } of groupAlike(owed, (exchange) =>
    laneOf(context, exchange, calendarOf),
  )) {
    context.signal.throwIfAborted()
    const summary = await fetchAll(
      { ...context, calendarOf, lane },
      {
        ...group,
        job: 'keep-current',
        providers: context.providers,
        due: new Set(due.map(({ id }) => id)),
        from: null,
        until: null,
        force: false,
        defaultDays: context.defaultDays,
      },
    )
    tell(context, summary)
    for (const { symbol } of summary.tasks) runs.set(symbol, summary.run)
    hopeless ||= isHopeless(summary)
  }
  if (!hopeless) {
    const symbols = [...new Set([...kept.map(({ symbol }) => symbol), ...runs.keys()])]
    const until = context.clock.now() + context.everyMinutes * MINUTE_MS
    await keepActions(
      { ...context, calendarOf },
      { symbols, providers: context.providers, which: 'due', runs, until },
    )
  }
  // A budget that this round used up is waited for before the next one, not now.
  return { wakes: await findWakes(context, await listKept(context), calendarOf), hopeless }
}

/** True for a symbol with a series of a vendor that is due, or with none of any vendor that may serve. */
function isOwed(
  context: KeepCurrentContext,
  { providers }: Kept,
  due: readonly Provider[],
): boolean {
  const able = context.providers.filter(({ id }) => providers.includes(id))
  return able.length === 0 || able.some((provider) => due.includes(provider))
}

/** What calls for an exchange are for now: prices of the session that is on, or of the one that is over. */
function laneOf({ clock }: KeepCurrentContext, exchange: string, calendarOf: CalendarOf): Lane {
  return findCalendar(exchange, calendarOf)?.isOpen(clock.now()) === true ? 'live' : 'close'
}

interface Group {
  readonly symbols: string[]
  readonly intervals: readonly Interval[]
  readonly lane: Lane
}

/** One run for all symbols that have the same intervals and whose exchanges are both open or both closed. */
function groupAlike(kept: readonly Kept[], laneOn: (exchange: string) => Lane): Group[] {
  const groups = new Map<string, Group>()
  for (const { symbol, exchange, intervals } of kept) {
    const lane = laneOn(exchange)
    const key = [lane, ...intervals].join()
    const group = groups.get(key) ?? { symbols: [], intervals, lane }
    group.symbols.push(symbol)
    groups.set(key, group)
  }
  return [...groups.values()].toSorted(
    (a, b) => Number(a.lane !== 'live') - Number(b.lane !== 'live'),
  )
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
      const { windows, pausedUntil } = await budgetInForce(context, provider)
      const day = windows.find(({ window }) => window === 'day')
      const dayEnd = day?.left === 0 ? (day.resetsAt ?? 0) : 0
      return Math.max(dayEnd, pausedUntil ?? 0)
    }),
  )
  return Math.min(...ends)
}

/**
 * The first instant at which each vendor can have something new of an exchange, within its plan. A vendor
 * without a series is due together with the preferred one.
 */
async function findWakes(
  context: KeepCurrentContext,
  kept: readonly Kept[],
  calendarOf: CalendarOf,
): Promise<ReadonlyMap<string, number>> {
  const calendars = calendarsOf(kept, calendarOf)
  const wakes = new Map<string, number>()
  const isNew = kept.every(({ providers }) => providers.length === 0)
  for (const [i, provider] of context.providers.entries()) {
    const series = kept.flatMap(({ providers }) => providers.filter((id) => id === provider.id))
    const isFirst = isNew && i === 0
    if (series.length === 0 && !isFirst) continue
    const calls = isFirst ? kept.length : series.length
    wakes.set(provider.id, await findWake(context, provider, calls, calendars))
  }
  const first = Math.min(...wakes.values())
  for (const { id } of context.providers) if (!wakes.has(id)) wakes.set(id, first)
  return wakes
}

async function findWake(
  context: KeepCurrentContext,
  provider: Provider,
  callsPerRound: number,
  calendars: readonly Calendar[],
): Promise<number> {
  const { everyMinutes } = context
  const now = context.clock.now()
  const closes = calendars
    .map((calendar) => calendar.sessionAt(now)?.close ?? calendar.nextSession(now).close)
    .map((close) => Math.ceil((close - now) / MINUTE_MS))
  const { windows } = await budgetInForce(context, provider)
  const stride = strideWithin({
    callsLeft: windows.find(({ window }) => window === 'day')?.left ?? null,
    callsPerRound,
    everyMinutes,
    minutesLeft: Math.max(0, ...closes),
  })
  const { settleMs } = provider
  const wakes = calendars.map((calendar) => nextWake(calendar, now, everyMinutes, settleMs, stride))
  return Math.min(...wakes)
}

function calendarsOf(kept: readonly Kept[], calendarOf: CalendarOf): Calendar[] {
  const exchanges = new Set(kept.map(({ exchange }) => exchange))
  const calendars = [...exchanges].map((exchange) => findCalendar(exchange, calendarOf))
  const known = calendars.filter((calendar) => calendar !== null)
  return known.length > 0 ? known : [calendarOf('XNYS')]
}

/** Null for an exchange without a calendar: its fetch fails by that name, which the run keeps. */
function findCalendar(exchange: string, calendarOf: CalendarOf): Calendar | null {
  try {
    return calendarOf(exchange)
  } catch (error) {
    if (error instanceof StockyardError && error.code === 'EXCHANGE_UNKNOWN') return null
    throw error
  }
}
