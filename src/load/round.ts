/**
 * One round over the watch list: which series are kept current, what is fetched of them now, and when each
 * vendor can have something new of them next.
 */
import { listInstruments } from '../db/instruments.ts'
import { findExchange, listSeries } from '../db/series.ts'
import type { Lane } from '../domain/budget.ts'
import type { Calendar } from '../domain/calendar/calendar.ts'
import { StockyardError } from '../domain/error.ts'
import type { Interval } from '../domain/interval.ts'
import type { Provider } from '../providers/provider.ts'
import { MANUAL_PROVIDER } from '../providers/registry.ts'
import { budgetInForce } from './budget-in-force.ts'
import { fetchAll, type FetchContext, type FetchSummary } from './fetch-series.ts'
import { nextWake, strideWithin } from './next-wake.ts'
import type { CalendarOf } from './open-calendars.ts'

export interface RoundContext extends FetchContext {
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
export interface Kept {
  readonly symbol: string
  readonly exchange: string
  readonly intervals: readonly Interval[]
  /** Vendors, as often as they have a series; empty where there is none yet. */
  readonly providers: readonly string[]
}

/** The watch list, or else the default tickers, with the intervals that the store has of each. */
export async function listKept(context: RoundContext): Promise<Kept[]> {
  const watched = await listInstruments(context.pool, { watched: true, active: true })
  const symbols =
    watched.length > 0 ? watched.map(({ symbol }) => symbol) : [...context.defaultTickers]
  const exchanges = new Map(watched.map(({ symbol, exchange }) => [symbol, exchange]))
  const series = Map.groupBy(await listSeries(context.pool, symbols), ({ symbol }) => symbol)
  const kept: Kept[] = []
  for (const symbol of symbols) {
    // Bars by hand are nobody's to fetch.
    const own = (series.get(symbol) ?? []).filter(({ provider }) => provider !== MANUAL_PROVIDER)
    const intervals = distinct(own.map(({ interval }) => interval))
    kept.push({
      symbol,
      exchange: exchanges.get(symbol) ?? (await findExchange(context.pool, symbol)),
      intervals: intervals.length > 0 ? intervals : [context.defaultInterval],
      providers: own.map(({ provider }) => provider),
    })
  }
  return kept
}

function distinct<T extends string>(values: readonly T[]): T[] {
  return [...new Set(values)].toSorted()
}

/** What came of fetching all that is kept and due. */
export interface Fetched {
  readonly summaries: readonly FetchSummary[]
  /** True where the store refuses what the vendors send: no later round would do better. */
  readonly hopeless: boolean
}

/** Fetches all that is kept and due, with a run for all that is alike; ends early where the signal says so. */
export async function fetchKept(
  context: RoundContext,
  kept: readonly Kept[],
  due: readonly Provider[],
): Promise<Fetched> {
  const calendarOf = await context.openCalendars()
  const owed = kept.filter((one) => isOwed(context, one, due))
  const groups = groupAlike(owed, (exchange) => laneOf(context, exchange, calendarOf))
  const summaries: FetchSummary[] = []
  for (const { lane, ...group } of groups) {
    if (context.signal.aborted) break
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
    summaries.push(summary)
  }
  return { summaries, hopeless: summaries.some(isHopeless) }
}

/** True for a symbol with a series of a vendor that is due, or with none of any vendor that may serve. */
function isOwed(context: RoundContext, { providers }: Kept, due: readonly Provider[]): boolean {
  const able = context.providers.filter(({ id }) => providers.includes(id))
  return able.length === 0 || able.some((provider) => due.includes(provider))
}

/** What calls for an exchange are for now: prices of the session that is on, or of the one that is over. */
function laneOf({ clock }: RoundContext, exchange: string, calendarOf: CalendarOf): Lane {
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

function tell(context: RoundContext, summary: FetchSummary): void {
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
export async function blockedUntil(context: RoundContext): Promise<number> {
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
export async function findWakes(
  context: RoundContext,
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
  context: RoundContext,
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
