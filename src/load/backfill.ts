/**
 * The plan of a backfill: for each series the calls that are left to make, what they bring, and what no
 * vendor's call can bring; for each vendor how long that takes inside its budget. Nothing is spent on it.
 * The work itself is a run like any other (fetch-series.ts), so that it goes on wherever it stopped.
 */
import type { ProviderConfig } from '../config.ts'
import type { BudgetState } from '../db/budgets.ts'
import type { Pool } from '../db/connect.ts'
import { measureBytesPerBar } from '../db/page-size.ts'
import { readPlanLimits } from '../db/plan-limits.ts'
import { findHead, listSeries } from '../db/series.ts'
import { readTrading } from '../db/symbols.ts'
import type { Budget, Lane } from '../domain/budget.ts'
import { leavesReserve } from '../domain/budget.ts'
import type { DayRange } from '../domain/coverage.ts'
import { DAY_MS } from '../domain/date.ts'
import { isIntraday, type Interval } from '../domain/interval.ts'
import { getZone } from '../domain/zone.ts'
import { parseBudget } from '../providers/budget.ts'
import type { BarRequest, Provider } from '../providers/provider.ts'
import { accountAt, budgetInForce } from './budget-in-force.ts'
import { baseInterval } from './derive-series.ts'
import { makeTasks } from './fetch-series.ts'
import { planActions } from './keep-actions.ts'
import type { CalendarOf } from './open-calendars.ts'
import { asTraded, countBars, planCalls, type PlannedCalls } from './plan-calls.ts'
import { planWithinLimits } from './plan-within-limits.ts'
import { topicsOf } from './send-call.ts'
import { daysAt, spanOf, type DayState, type Span } from './plan-backfill.ts'
import type { FetchWish, Task } from './run-task.ts'

export interface PlanContext {
  readonly pool: Pool
  /** By the id of the provider; one that is not in it is used with its defaults. */
  readonly configs: Readonly<Record<string, ProviderConfig>>
  readonly calendarOf: CalendarOf
  /** Instant of planning. */
  readonly now: number
}

export interface PlannedSeries {
  readonly symbol: string
  readonly interval: Interval
  /** The vendor that is asked first; null where none has the interval. */
  readonly provider: string | null
  readonly calls: number
  /** Bars that the days to ask for can have; fewer come where minutes had no trade. */
  readonly rows: number
  /** First and last day (not included) to ask for; null without a call. */
  readonly days: DayRange | null
  /** Days that are wanted and that this vendor does not have. */
  readonly notOffered: readonly DayRange[]
}

export interface PlannedProvider extends Span {
  readonly provider: string
  readonly calls: number
  /** What the user's plan allows, as it was written, e.g. `1/s,5/min,25/day`. */
  readonly budget: string
  /** Calls spent and left of the vendor's day; null where days have no limit. */
  readonly today: { readonly spent: number; readonly left: number } | null
  /** Days at the vendor's free plan, begun with none spent; null where that has no limit a day. */
  readonly daysOnFreePlan: { readonly perDay: number; readonly days: number } | null
}

/** Splits and dividends that come with history as traded, once its bars are in. */
export interface PlannedActions {
  readonly symbol: string
  readonly provider: string
  readonly calls: number
}

export interface BackfillPlan {
  readonly series: readonly PlannedSeries[]
  readonly actions: readonly PlannedActions[]
  readonly providers: readonly PlannedProvider[]
  readonly calls: number
  readonly rows: number
  readonly bytes: number
  readonly ms: number
  readonly days: number
}

/** Until a store has bars of its own to go by: docs/decisions/0003-pages-of-scaled-integers.md. */
const USUAL_BYTES_PER_BAR = 28

/** Plans a backfill. */
export async function planBackfill(context: PlanContext, wish: FetchWish): Promise<BackfillPlan> {
  const { pool } = context
  const tasks = makeTasks(wish, await listSeries(pool, wish.symbols))
  const planned: PlannedSeries[] = []
  const bases = new Set<string>()
  for (const task of tasks) planned.push(await planTask(context, wish, task, bases))
  const actions = await planHistoryActions(context, wish, planned)
  const spent = [...planned, ...actions]
  const providers: PlannedProvider[] = []
  for (const provider of wish.providers) {
    const own = spent.filter((one) => one.provider === provider.id)
    const calls = sum(own, (one) => one.calls)
    if (own.length > 0) providers.push(await planProvider(context, provider, calls))
  }
  const rows = sum(planned, (series) => series.rows)
  const bytesPerBar = (await measureBytesPerBar(pool)) ?? USUAL_BYTES_PER_BAR
  return {
    series: planned,
    actions,
    providers,
    calls: sum(spent, (one) => one.calls),
    rows,
    bytes: Math.round(rows * bytesPerBar),
    ms: Math.max(0, ...providers.map(({ ms }) => ms)),
    days: Math.max(0, ...providers.map(({ days }) => days)),
  }
}

/**
 * Splits and dividends of symbols of which days or longer bars as traded are wanted, where no answer to that
 * is there yet. The short history of minutes is not worth the calls.
 */
async function planHistoryActions(
  context: PlanContext,
  wish: FetchWish,
  planned: readonly PlannedSeries[],
): Promise<PlannedActions[]> {
  const raw = new Set(wish.providers.filter(({ basis }) => basis === 'raw').map(({ id }) => id))
  const symbols = planned
    .filter(({ provider, interval }) => raw.has(provider ?? '') && !isIntraday(interval))
    .map(({ symbol }) => symbol)
  const due = await planActions(context, [...new Set(symbols)], wish.providers)
  return due.map(({ symbol, provider, calls }) => ({ symbol, provider: provider.id, calls }))
}

async function planTask(
  context: PlanContext,
  wish: FetchWish,
  task: Task,
  bases: Set<string>,
): Promise<PlannedSeries> {
  const { symbol, interval } = task
  const [provider] = task.providers
  if (provider === undefined) {
    return { symbol, interval, provider: null, calls: 0, rows: 0, days: null, notOffered: [] }
  }
  // A series that is made of another one costs what that one costs, once.
  const asked = baseInterval(provider, interval) ?? interval
  const key = `${symbol} ${asked} ${provider.id}`
  const { pool, calendarOf, now } = context
  const trading = await readTrading(pool, symbol)
  const calendar = calendarOf(trading.exchange)
  const series = { symbol, interval: asked, provider: provider.id, basis: provider.basis }
  const head = await findHead(pool, series)
  const traded = asTraded({ ...wish, interval: asked }, provider, trading)
  const all = planCalls(traded.wish, symbol, traded.provider, head, calendar, now)
  const plan = planWithinLimits(all, await refusals(context, provider), calendar)
  const calls = bases.has(key) ? 0 : plan.calls.length
  bases.add(key)
  return {
    symbol,
    interval,
    provider: provider.id,
    calls,
    rows: countBars(calendar, interval, provider.hours, plan.wanted),
    days: daysOf(plan),
    notOffered: plan.notOffered,
  }
}

/** Which calls the plan is known to lack, so that they are not sent. */
async function refusals(
  context: PlanContext,
  provider: Provider,
): Promise<(call: BarRequest) => boolean> {
  const reader = { account: accountAt(context, provider) }
  const limits = await readPlanLimits(context.pool, provider.id, reader)
  const lacking = new Set(limits.map(({ topic }) => topic))
  return (call) =>
    topicsOf(context.now, provider, call.request, { bars: call }).some((topic) =>
      lacking.has(topic),
    )
}

function daysOf({ wanted }: PlannedCalls): DayRange | null {
  const [first] = wanted
  return first === undefined ? null : { from: first.from, until: wanted.at(-1)!.until }
}

async function planProvider(
  context: PlanContext,
  provider: Provider,
  calls: number,
): Promise<PlannedProvider> {
  const text = context.configs[provider.id]?.budget ?? provider.budget
  const budget = parseBudget(text)
  const state = await budgetInForce(context, provider)
  const day = state.windows.find(({ window }) => window === 'day')
  const now = context.now
  const freePerDay = parseBudget(provider.budget).perDay
  return {
    provider: provider.id,
    calls,
    budget: text,
    today: day === undefined ? null : { spent: day.used, left: day.left },
    daysOnFreePlan: Number.isFinite(freePerDay)
      ? { perDay: freePerDay, days: daysAt(calls, freePerDay) }
      : null,
    ...spanOf(calls, inForce(budget, state), dayOf(provider, state, now), now),
  }
}

/** A budget as it stands: what refusals showed counts, where it is less. */
function inForce(budget: Budget, { windows }: BudgetState): Budget {
  const limitOf = (name: 'second' | 'minute' | 'day') =>
    windows.find(({ window }) => window === name)?.limit ?? Infinity
  return {
    perSecond: Math.min(budget.perSecond, limitOf('second')),
    perMinute: Math.min(budget.perMinute, limitOf('minute')),
    perDay: Math.min(budget.perDay, limitOf('day')),
  }
}

function dayOf(provider: Provider, { windows }: BudgetState, now: number): DayState {
  const zone = getZone(provider.resetZone)
  const left = windows.find(({ window }) => window === 'day')?.left ?? Infinity
  return { left, endsAt: zone.instantAt(zone.localDay(now) + DAY_MS, 0) }
}

/** After this long somebody looks again, where nothing says when the next call can go out. */
const LOOK_AGAIN_MS = 60_000

/**
 * The instant from which a provider can be asked again in a lane, once its budget was found used up.
 * @param now instant to reckon from, milliseconds UTC
 */
export async function nextCallAt(
  context: Pick<PlanContext, 'pool' | 'configs'>,
  provider: Provider,
  lane: Lane,
  now: number,
): Promise<number> {
  const state = await budgetInForce(context, provider)
  const day = state.windows.find(({ window }) => window === 'day')
  const isReserved = day !== undefined && leavesReserve(lane) && day.left <= state.closeReserve
  const obstacles = [
    state.pausedUntil,
    day !== undefined && day.left === 0 ? day.resetsAt : null,
    isReserved && day.left > 0 ? state.reserveUntil : null,
  ].filter((at) => at !== null)
  return obstacles.length === 0 ? now + LOOK_AGAIN_MS : Math.max(...obstacles)
}

function sum<T>(all: readonly T[], pick: (one: T) => number): number {
  return all.reduce((total, one) => total + pick(one), 0)
}
