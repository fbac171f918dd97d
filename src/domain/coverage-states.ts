/**
 * What is known of each session of a series, from its ledger, the calendar and the time alone. Pure; no bar
 * is looked at.
 */
import type { Calendar } from './calendar/calendar.ts'
import { lastFinalDay } from './calendar/finality.ts'
import { expectedDays, holdsDay, periodRange, type DayRange } from './coverage.ts'
import type { Ledger } from './coverage-ledger.ts'
import { DAY_MS } from './date.ts'
import { isIntraday, type Interval } from './interval.ts'

/**
 * - `available`: stored and final
 * - `provisional`: it has begun, and the vendor's settle delay has not passed, or had not when it was asked last
 * - `partial`: settled and stored, but a bar of it was refused, it holds less than half of the volume of the day, or
 *   fewer than half of its regular bars are there
 * - `missing`: neither stored nor proven not to exist
 * - `no-trades`: the vendor answered for it, and there was no bar
 * - `not-offered`: before the listing or the vendor's first bar, after the delisting, or outside of what the
 *   vendor gives
 * - `closed`: the exchange had no session
 */
export const COVERAGE_STATES = [
  'available',
  'provisional',
  'partial',
  'missing',
  'no-trades',
  'not-offered',
  'closed',
] as const
export type CoverageState = (typeof COVERAGE_STATES)[number]

/** What must be known of a series to tell the state of its sessions. Days; bars as in SeriesHead. */
export interface SeriesFacts extends Ledger {
  readonly interval: Interval
  readonly calendar: Calendar
  readonly settleMs: number
  /** From the first to the last day ever covered. */
  readonly span: DayRange | null
  readonly firstBar: number | null
  readonly lastBar: number | null
  /** First day of trading, and first day without; null where nobody said. */
  readonly listedDay: number | null
  readonly delistedDay: number | null
}

/** Days with from <= day < until that are all in one state. */
export interface StateRange extends DayRange {
  readonly state: CoverageState
  /** Bars' days in it on which the calendar expects one: sessions, or weeks or months. */
  readonly sessions: number
}

/** Tells the state of one day that the calendar expects a bar for. */
export function stateTeller(facts: SeriesFacts, now: number): (day: number) => CoverageState {
  return tellerWith(facts, finalDayOf(facts, now))
}

function finalDayOf({ calendar, interval, settleMs }: SeriesFacts, now: number): number {
  return lastFinalDay(calendar, interval, now, settleMs)
}

function tellerWith(facts: SeriesFacts, finalThrough: number): (day: number) => CoverageState {
  const { calendar, interval, coverage, noTrades, notOffered, partial } = facts
  const dayOf = (ts: number | null) =>
    ts === null ? Number.NaN : isIntraday(interval) ? calendar.localDay(ts) : ts
  const first = dayOf(facts.firstBar)
  const last = dayOf(facts.lastBar)
  const newest = facts.span?.until ?? -Infinity
  const endOf = dayEnd(calendar, interval)
  const isListed = (day: number) =>
    endOf(day) > (facts.listedDay ?? -Infinity) && day < (facts.delistedDay ?? Infinity)
  return (day) => {
    // While a session goes on, it has no more than part of its bars.
    if (holdsDay(partial, day) && day <= finalThrough) {
      return isIntraday(interval) && !holdsDay(noTrades, day) ? 'partial' : 'missing'
    }
    if (holdsDay(coverage, day)) {
      if (!holdsDay(noTrades, day)) return 'available'
      // What the vendor's first bar comes after, it does not have.
      return isListed(day) && day >= first ? 'no-trades' : 'not-offered'
    }
    if (holdsDay(notOffered, day) || !isListed(day)) return 'not-offered'
    // Bars behind all that was ever final were stored before they had settled.
    if (day > finalThrough || (day <= last && day >= first && day >= newest)) return 'provisional'
    return 'missing'
  }
}

/**
 * The states of a series over a range of days, as ranges in order; those that meet differ in state. Closed
 * days belong to the range before them, or the first one after, unless they are asked for as such. What has
 * not begun is left out.
 */
export function sessionStates(
  facts: SeriesFacts,
  range: DayRange,
  now: number,
  options: { readonly closed?: boolean } = {},
): StateRange[] {
  const { calendar, interval } = facts
  const until = Math.min(range.until, calendar.localDay(now) + DAY_MS)
  if (!(range.from < until)) return []
  const asked = { from: range.from, until }
  const isBySession = isIntraday(interval) || interval === '1d'
  const pieces =
    options.closed === true || !isBySession
      ? byDay(facts, asked, now)
      : bySegment(facts, asked, now)
  const ranges: StateRange[] = []
  for (const piece of options.closed === true ? withClosed(asked, pieces) : pieces) {
    const last = ranges[ranges.length - 1]
    if (last?.state === piece.state) {
      ranges[ranges.length - 1] = {
        ...last,
        until: piece.until,
        sessions: last.sessions + piece.sessions,
      }
    } else {
      // Closed days between two states belong to the former.
      if (last !== undefined) ranges[ranges.length - 1] = { ...last, until: piece.from }
      ranges.push(last === undefined ? { ...piece, from: range.from } : piece)
    }
  }
  const last = ranges[ranges.length - 1]
  if (last === undefined) return [{ ...asked, state: 'closed', sessions: 0 }]
  ranges[ranges.length - 1] = { ...last, until }
  return ranges
}

/** Each expected day by itself. */
function byDay(facts: SeriesFacts, range: DayRange, now: number): StateRange[] {
  const { calendar, interval } = facts
  const tellState = stateTeller(facts, now)
  const endOf = dayEnd(calendar, interval)
  return expectedDays(calendar, interval, range).map((day) => ({
    from: day,
    until: Math.min(endOf(day), range.until),
    state: tellState(day),
    sessions: 1,
  }))
}

/**
 * Stretches of days between the bounds of all that is known: inside of one, all days are in the same state,
 * so that twenty years cost no more than a few questions.
 */
function bySegment(facts: SeriesFacts, range: DayRange, now: number): StateRange[] {
  const { calendar } = facts
  const finalThrough = finalDayOf(facts, now)
  const tellState = tellerWith(facts, finalThrough)
  const bounds = stateBounds(facts, range, finalThrough)
  const segments: StateRange[] = []
  let from = range.from
  for (const until of bounds) {
    const sessions = until > from ? calendar.countSessions(from, until) : 0
    if (sessions === 0) {
      from = until
      continue
    }
    segments.push({ from: firstSession(calendar, from), until, state: tellState(from), sessions })
    from = until
  }
  return segments
}

/** The first session from a day on, of which there is one. */
function firstSession(calendar: Calendar, day: number): number {
  let first = day
  while (calendar.session(first) === null) first += DAY_MS
  return first
}

/** Days of a range on which the state of a series can change, in order, and its end. */
function stateBounds(facts: SeriesFacts, range: DayRange, finalThrough: number): Float64Array {
  const { calendar, interval, coverage, noTrades, notOffered, partial } = facts
  const { firstBar, lastBar, listedDay, delistedDay, span } = facts
  const bounds = [range.until]
  const add = (day: number | null) => {
    if (day !== null && day > range.from && day < range.until) bounds.push(day)
  }
  for (const known of [coverage, noTrades, notOffered, partial]) {
    for (const { from, until } of known) {
      add(from)
      add(until)
    }
  }
  const dayOf = (ts: number) => (isIntraday(interval) ? calendar.localDay(ts) : ts)
  add(finalThrough + DAY_MS)
  if (firstBar !== null) add(dayOf(firstBar))
  if (lastBar !== null) add(dayOf(lastBar) + DAY_MS)
  add(listedDay)
  add(delistedDay)
  add(span?.until ?? null)
  return Float64Array.from(bounds).sort()
}

/** The same with ranges of closed days between. */
function withClosed({ from, until }: DayRange, days: readonly StateRange[]): StateRange[] {
  const closed = { state: 'closed', sessions: 0 } as const
  const all: StateRange[] = []
  let end = from
  for (const day of days) {
    if (day.from > end) all.push({ from: end, until: day.from, ...closed })
    all.push(day)
    end = day.until
  }
  if (end < until) all.push({ from: end, until, ...closed })
  return all
}

function dayEnd(calendar: Calendar, interval: Interval): (day: number) => number {
  if (interval === '1wk' || interval === '1mo') {
    return (day) => periodRange(calendar, interval, day).until
  }
  return (day) => day + DAY_MS
}

/** Why a range is a gap, as people ask. */
export type GapState = Extract<CoverageState, 'missing' | 'partial'>

/**
 * The gaps of a series: days between its first and its last day ever covered, or in the range given, that
 * are expected and neither stored nor proven not to exist.
 */
export function findGaps(
  facts: SeriesFacts,
  range: DayRange,
  now: number,
): (StateRange & { readonly state: GapState })[] {
  return sessionStates(facts, range, now).flatMap((found) => {
    const { state } = found
    if (state !== 'missing' && state !== 'partial') return []
    return [{ ...trimmed(facts, found), state }]
  })
}

/** Closed days around sessions are no part of a gap. */
function trimmed({ calendar, interval }: SeriesFacts, found: StateRange): StateRange {
  const days = expectedDays(calendar, interval, found)
  const last = days[days.length - 1]!
  return { ...found, from: days[0]!, until: dayEnd(calendar, interval)(last) }
}
