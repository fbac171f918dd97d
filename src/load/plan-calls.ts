/** From what is wanted of a series to the calls that bring it, and the sessions that no call can bring. Pure. */
import { expectedBars } from '../domain/calendar/expected.ts'
import { lastFinalDay } from '../domain/calendar/finality.ts'
import type { Calendar, Session } from '../domain/calendar/calendar.ts'
import { periodRange, type Coverage, type DayRange } from '../domain/coverage.ts'
import { intervalMs, isIntraday, type Interval } from '../domain/interval.ts'
import type { Trading } from '../db/symbols.ts'
import type { BarRequest, Provider } from '../providers/provider.ts'
import { withAliases } from './plan-aliases.ts'
import { planRanges, rereadRanges, type Known, type Wish } from './plan.ts'

export interface PlannedCalls {
  /** Oldest first, each once. */
  readonly calls: readonly BarRequest[]
  /** Days that are wanted and not covered yet, and that the vendor can have. */
  readonly wanted: readonly DayRange[]
  /** Final days that are wanted and that the vendor does not have any more, or never had. */
  readonly notOffered: readonly DayRange[]
}

/** A wish and its vendor as the instrument trades: under its symbols of then, and until it was delisted. */
export function asTraded<W extends Wish>(
  wish: W,
  provider: Provider,
  { aliases, delistedDay }: Trading,
): { wish: W; provider: Provider } {
  const until = Math.min(wish.until ?? Infinity, delistedDay ?? Infinity)
  return {
    wish: { ...wish, until: until === Infinity ? null : until },
    provider: withAliases(provider, aliases),
  }
}

/** The calls for a wish. @param now instant of planning */
export function planCalls(
  wish: Wish,
  symbol: string,
  provider: Provider,
  known: Known | null,
  calendar: Calendar,
  now: number,
): PlannedCalls {
  const { interval } = wish
  const wanted: DayRange[] = []
  const notOffered: DayRange[] = []
  // Neighbouring ranges can lead to the same call; it is sent once.
  const byCall = new Map<string, BarRequest>()
  const finalDay = lastFinalDay(calendar, interval, now, provider.settleMs)
  const finalUntil = periodRange(calendar, interval, finalDay).until
  const callsFor = (range: DayRange) =>
    provider.planBars({ ...range, symbol, interval, now, calendar })
  const ranges = planRanges(wish, known, calendar, provider.settleMs, now)
  for (const range of ranges) {
    const calls = callsFor(range)
    const further =
      provider.reread === undefined || range !== ranges.at(-1)
        ? []
        : rereadRanges(range, provider.reread, wish, known, calendar, now)
    const free = further.map(callsFor).find((again) => again.length <= calls.length)
    for (const call of free ?? calls) byCall.set(JSON.stringify(call.request), call)
    const offeredFrom = Math.min(oldestOffered(calls), range.until)
    const lacking = { from: range.from, until: Math.min(offeredFrom, finalUntil) }
    if (lacking.from < lacking.until && calendar.countSessions(lacking.from, lacking.until) > 0) {
      notOffered.push(lacking)
    }
    if (offeredFrom < range.until) {
      wanted.push({ from: Math.max(range.from, offeredFrom), until: range.until })
    }
  }
  return { calls: [...byCall.values()], wanted, notOffered }
}

/** True where a vendor has nothing of what is wanted, and nothing of it is stored either. */
export function isAllLacking(planned: PlannedCalls, wish: Wish, coverage: Coverage): boolean {
  const { from, until } = { from: wish.from ?? -Infinity, until: wish.until ?? Infinity }
  if (planned.calls.length > 0 || planned.notOffered.length === 0) return false
  return !coverage.some((known) => known.until > from && known.from < until)
}

/**
 * The day from which calls bring bars: the oldest that one of them names. Calls that name no days are for
 * all that there is, or for the newest; where there is no other call, nothing can be said against them.
 */
export function oldestOffered(calls: readonly BarRequest[]): number {
  if (calls.length === 0) return Infinity
  const named = calls.flatMap(({ asked, covers }) => {
    const days = asked ?? covers
    return days === null ? [] : [days.from]
  })
  return named.length === 0 ? -Infinity : Math.min(...named)
}

/**
 * Bars that some days can have: one a period for daily and longer intervals, else one for each step of the
 * sessions' trading hours, those before the opening and after the close included where the vendor has
 * them. Minutes without a trade are no bars, so that fewer may come.
 */
export function countBars(
  calendar: Calendar,
  interval: Interval,
  hours: Provider['hours'],
  ranges: readonly DayRange[],
): number {
  return ranges.reduce((total, { from, until }) => {
    const sessions = calendar.sessions(from, until)
    return total + countIn(calendar, interval, hours, sessions)
  }, 0)
}

function countIn(
  calendar: Calendar,
  interval: Interval,
  hours: Provider['hours'],
  sessions: readonly Session[],
): number {
  if (!isIntraday(interval)) {
    if (interval === '1d') return sessions.length
    return new Set(sessions.map(({ day }) => periodRange(calendar, interval, day).from)).size
  }
  return sessions.reduce((total, session) => {
    const regular = expectedBars(session, interval)
    if (hours === 'regular') return total + regular
    const aroundMs = session.open - session.extendedOpen + (session.extendedClose - session.close)
    return total + regular + Math.ceil(aroundMs / intervalMs(interval))
  }, 0)
}
