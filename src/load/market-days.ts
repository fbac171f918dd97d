/**
 * Days for which one call for the whole market is cheaper than one call a symbol: which they are in a run,
 * and how a series takes its bars of them.
 */
import { getCalendar } from '../domain/calendar/registry.ts'
import { StockyardError } from '../domain/error.ts'
import { findExchange, findHead } from '../db/series.ts'
import type { BarRequest, Provider } from '../providers/provider.ts'
import { planCalls } from './plan-calls.ts'
import type { FetchContext, FetchWish, Task } from './run-task.ts'

/** Days that are asked for the whole market, by vendor. */
export type MarketDays = ReadonlyMap<string, ReadonlySet<number>>

/** More days than this are history, which one call a symbol brings whole. */
const DAYS_MAX = 10

/**
 * The newest days of which the calls for the market cost less than the calls for the series that lack
 * nothing else; empty where they never do.
 * @param lacking the days that each series lacks
 */
export function chooseMarketDays(lacking: readonly ReadonlySet<number>[]): ReadonlySet<number> {
  const days = [...new Set(lacking.flatMap((own) => [...own]))].toSorted((a, b) => b - a)
  let best: ReadonlySet<number> = new Set()
  let saved = 0
  for (let count = 1; count <= Math.min(days.length, DAYS_MAX); count += 1) {
    const chosen = new Set(days.slice(0, count))
    const served = lacking.filter((own) => own.size > 0 && own.isSubsetOf(chosen)).length
    if (served - count > saved) {
      best = chosen
      saved = served - count
    }
  }
  return best
}

/** Looks at what the series of a run lack, before anything is asked; asks nothing itself. */
export async function findMarketDays(
  context: FetchContext,
  wish: FetchWish,
  tasks: readonly Task[],
): Promise<MarketDays> {
  const chosen = new Map<string, ReadonlySet<number>>()
  for (const provider of new Set(tasks.flatMap((task) => task.providers.slice(0, 1)))) {
    const own = tasks.filter((task) => task.providers[0] === provider && task.interval === '1d')
    if (provider.planMarket === undefined || own.length < 2) continue
    const lacking: ReadonlySet<number>[] = []
    for (const { symbol } of own) lacking.push(await lackingDays(context, wish, provider, symbol))
    chosen.set(provider.id, chooseMarketDays(lacking))
  }
  return chosen
}

/** The sessions that a series lacks and that calls for the market bring; none where they are not enough. */
async function lackingDays(
  { pool, clock, calendarOf = getCalendar }: FetchContext,
  wish: FetchWish,
  provider: Provider,
  symbol: string,
): Promise<ReadonlySet<number>> {
  const key = { symbol, interval: '1d', provider: provider.id, basis: provider.basis } as const
  const head = await findHead(pool, key)
  const exchange = await findExchange(pool, symbol)
  try {
    const calendar = calendarOf(exchange)
    const now = clock.now()
    const asked = planCalls({ ...wish, interval: '1d' }, symbol, provider, head, calendar, now)
    const calls = asked.calls.map((call) => {
      const span =
        call.asked === null ? 0 : calendar.countSessions(call.asked.from, call.asked.until)
      return span === 0 || span > DAYS_MAX ? [] : marketCalls(provider, call, calendar, now)
    })
    if (calls.some((own) => own.length === 0)) return new Set()
    return new Set(calls.flat().map(({ asked: days }) => days!.from))
  } catch (error) {
    // Its task fails with the same words, which the run keeps.
    if (error instanceof StockyardError && error.code === 'EXCHANGE_UNKNOWN') return new Set()
    throw error
  }
}

/** The calls for the market that bring what a call for one symbol does; none where they cannot. */
function marketCalls(
  provider: Provider,
  { symbol, interval, asked }: BarRequest,
  calendar: ReturnType<typeof getCalendar>,
  now: number,
): BarRequest[] {
  if (asked === null || provider.planMarket === undefined) return []
  return provider.planMarket({ symbol, interval, ...asked, now, calendar })
}

/** The same as far as all of their days were chosen for the run. */
export function chosenCalls(
  days: MarketDays | undefined,
  provider: Provider,
  call: BarRequest,
  calendar: ReturnType<typeof getCalendar>,
  now: number,
): BarRequest[] {
  const chosen = days?.get(provider.id)
  if (chosen === undefined || chosen.size === 0) return []
  const calls = marketCalls(provider, call, calendar, now)
  return calls.every(({ asked }) => chosen.has(asked!.from)) ? calls : []
}

/** Failures after which the symbol by itself may still be had. */
const ELSEWHERE_CODES = new Set(['NO_DATA', 'PLAN_LACKS', 'REQUEST_REFUSED', 'ANSWER_MALFORMED'])

/**
 * Takes the calls for the market one by one.
 * @param take asks and loads
 * @returns false where the call for the symbol alone must be made: there were none, or one brought nothing
 */
export async function takeMarketDays(
  calls: readonly BarRequest[],
  take: (call: BarRequest) => Promise<unknown>,
): Promise<boolean> {
  for (const [i, call] of calls.entries()) {
    try {
      await take(call)
    } catch (error) {
      if (!(error instanceof StockyardError) || !ELSEWHERE_CODES.has(error.code)) throw error
      // Plans that lack the session that is not over lack it of the symbol alone, too.
      const isOpenDay = call.covers === null && i === calls.length - 1
      return error.code === 'PLAN_LACKS' && isOpenDay && i > 0
    }
  }
  return calls.length > 0
}
