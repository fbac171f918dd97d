/**
 * Which days of a series are worth asking a vendor for: what is wanted, less what is final, and nothing
 * while the market cannot have made anything new. Pure.
 */
import { lastFinalDay } from '../domain/calendar/finality.ts'
import type { Calendar, Session } from '../domain/calendar/calendar.ts'
import {
  addRange,
  missingFrom,
  periodRange,
  type Coverage,
  type DayRange,
} from '../domain/coverage.ts'
import { DAY_MS } from '../domain/date.ts'
import { isIntraday, type Interval } from '../domain/interval.ts'

export interface Wish {
  readonly interval: Interval
  /** First day wanted; null: where the series begins, or `defaultDays` back when it is new. */
  readonly from: number | null
  /** First day no longer wanted; null: up to now. */
  readonly until: number | null
  /** Ask again for what is final. */
  readonly force: boolean
  readonly defaultDays: number
  /** Leave sessions alone that are not final yet. */
  readonly finalOnly?: boolean
}

/** What is known of a series before asking. */
export interface Known {
  readonly coverage: Coverage
  /** Days of which the vendor said that it has nothing; those before the first covered day are not asked for. */
  readonly notOffered?: Coverage
  /** From the first to the last day ever covered, also where coverage was taken back since. */
  readonly span?: DayRange | null
  /** When the newest answer had come, milliseconds UTC; null where there was none. */
  readonly observedAt: number | null
}

/**
 * The ranges of days to ask for, in order; empty when all that is wanted is final.
 * @param settleMs milliseconds after a session's close until its bars are final at this vendor
 */
export function planRanges(
  wish: Wish,
  known: Known | null,
  calendar: Calendar,
  settleMs: number,
  now: number,
): DayRange[] {
  const today = calendar.localDay(now)
  const from = wish.from ?? defaultFrom(wish, known, today)
  const until = Math.min(wish.until ?? Infinity, today + DAY_MS)
  if (!(from < until)) return []
  const coverage = wish.force || known === null ? [] : answeredFor(known)
  const finalDay = lastFinalDay(calendar, wish.interval, now, settleMs)
  const finalUntil = Math.min(until, periodRange(calendar, wish.interval, finalDay).until)
  const settled = missingFrom(coverage, { from, until: finalUntil })
    .filter((range) => calendar.countSessions(range.from, range.until) > 0)
    .flatMap((range) => trimToSessions(range, calendar))
  const live = { from: Math.max(from, finalUntil), until }
  const newest = newestBegun(calendar, isIntraday(wish.interval), now)
  if (wish.finalOnly === true) return joinNeighbours(settled)
  if (newest !== null && newest.day >= live.from && newest.day < live.until) {
    if (wish.force || isMoving(newest, known, settleMs)) settled.push(live)
  }
  return joinNeighbours(settled)
}

/** What is covered, and what lies before it and is not to be had. */
function answeredFor({ coverage, notOffered = [] }: Known): Coverage {
  const first = coverage[0]?.from ?? -Infinity
  return notOffered.filter(({ until }) => until <= first).reduce(addRange, coverage)
}

/** How far back a vendor is known to change bars that were final, in sessions. */
export interface Reread {
  /** Asked for again on the first call of a day. */
  readonly daily: number
  /** Asked for again on the first call of a week. */
  readonly weekly: number
}

/**
 * A range that is to be asked for anyway, reaching further back, so that changes of bars that were final
 * are noticed; the longest first. None on a day on which the series was answered for already, or where the
 * range does not lie that near. Whoever asks takes one that costs no more calls than the range alone.
 */
export function rereadRanges(
  range: DayRange,
  reread: Reread,
  wish: Wish,
  known: Known | null,
  calendar: Calendar,
  now: number,
): DayRange[] {
  const first = known?.coverage[0]
  if (known === null || known.observedAt === null || first === undefined || wish.force) return []
  const today = calendar.localDay(now)
  const before = calendar.localDay(known.observedAt)
  if (before >= today) return []
  const isNewWeek = weekOf(before) < weekOf(today)
  const sessions = calendar.sessions(today - 2 * reread.weekly * DAY_MS - 14 * DAY_MS, today)
  return (isNewWeek ? [reread.weekly, reread.daily] : [reread.daily]).flatMap((count) => {
    const day = sessions.at(-count)?.day ?? range.from
    const start = periodRange(calendar, wish.interval, day).from
    const from = Math.max(start, first.from, wish.from ?? -Infinity)
    return count > 0 && from < range.from ? [{ from, until: range.until }] : []
  })
}

/** Start of the ISO week of a day. */
function weekOf(day: number): number {
  return day - ((new Date(day).getUTCDay() + 6) % 7) * DAY_MS
}

/** A series that is there is brought up to date from its first covered day on. */
function defaultFrom(wish: Wish, known: Known | null, today: number): number {
  return known?.span?.from ?? known?.coverage[0]?.from ?? today - wish.defaultDays * DAY_MS
}

/** Cuts closed days off both ends, so that a call is never planned for them alone. */
function trimToSessions(range: DayRange, calendar: Calendar): DayRange[] {
  const sessions = calendar.sessions(range.from, range.until)
  const first = sessions[0]
  const last = sessions[sessions.length - 1]
  if (first === undefined || last === undefined) return []
  return [{ from: first.day, until: last.day + DAY_MS }]
}

/** True when a vendor may know more of the newest session than at the last answer: it had not settled then. */
function isMoving(newest: Session, known: Known | null, settleMs: number): boolean {
  if (known === null || known.observedAt === null) return true
  return newest.close + settleMs > known.observedAt
}

/** The newest session that has begun; for intraday bars the pre-market counts. */
function newestBegun(calendar: Calendar, extended: boolean, now: number): Session | null {
  const today = calendar.localDay(now)
  const sessions = calendar.sessions(today - 14 * DAY_MS, today + 2 * DAY_MS)
  const begun = sessions.filter(
    (session) => (extended ? session.extendedOpen : session.open) <= now,
  )
  return begun[begun.length - 1] ?? null
}

function joinNeighbours(ranges: readonly DayRange[]): DayRange[] {
  const joined: DayRange[] = []
  for (const range of ranges) {
    const last = joined[joined.length - 1]
    if (last !== undefined && range.from - last.until < 7 * DAY_MS) {
      joined[joined.length - 1] = { from: last.from, until: range.until }
    } else {
      joined.push(range)
    }
  }
  return joined
}
