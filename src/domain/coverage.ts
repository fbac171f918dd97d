/**
 * Coverage: the stretches of days for which a series has been answered and is final. Pure.
 */
import { DAY_MS, formatDate, monthStart, parseDay, weekStart } from './date.ts'
import type { Calendar } from './calendar/calendar.ts'
import type { Interval } from './interval.ts'

/** Days with from <= day < until. */
export interface DayRange {
  readonly from: number
  readonly until: number
}

/** All days that a series can have. */
export const ALWAYS: DayRange = { from: Date.UTC(1800, 0, 1), until: Date.UTC(2200, 0, 1) }

/** Disjoint ranges in order, none empty, none touching the next. */
export type Coverage = readonly DayRange[]

/** A coverage with a range added; ranges that meet are joined. */
export function addRange(coverage: Coverage, range: DayRange): Coverage {
  if (!(range.from < range.until)) return coverage
  const before = coverage.filter((known) => known.until < range.from)
  const after = coverage.filter((known) => known.from > range.until)
  const touching = coverage.filter(
    (known) => known.until >= range.from && known.from <= range.until,
  )
  const joined = {
    from: Math.min(range.from, ...touching.map((known) => known.from)),
    until: Math.max(range.until, ...touching.map((known) => known.until)),
  }
  return [...before, joined, ...after]
}

/** The parts of a range that a coverage does not hold, in order. */
export function missingFrom(coverage: Coverage, range: DayRange): DayRange[] {
  const missing: DayRange[] = []
  let from = range.from
  for (const known of coverage) {
    if (known.until <= from) continue
    if (known.from >= range.until) break
    if (known.from > from) missing.push({ from, until: known.from })
    from = Math.max(from, known.until)
  }
  if (from < range.until) missing.push({ from, until: range.until })
  return missing
}

/** The parts of a range that lie outside all of some others, in order. */
export function cutOut(range: DayRange, holes: readonly DayRange[]): DayRange[] {
  return missingFrom(holes.reduce<Coverage>(addRange, []), range)
}

/** A coverage without a range. */
export function removeRange(coverage: Coverage, range: DayRange): Coverage {
  return coverage.flatMap((known) => cutOut(known, [range]))
}

/** True when a day lies in a coverage. */
export function holdsDay(coverage: Coverage, day: number): boolean {
  let low = 0
  let high = coverage.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (coverage[middle]!.until <= day) low = middle + 1
    else high = middle
  }
  return low < coverage.length && coverage[low]!.from <= day
}

/** From the first to the last day of a coverage, with another such span added; null where both are empty. */
export function spanOf(coverage: Coverage, known: DayRange | null): DayRange | null {
  const all = known === null ? coverage : addRange(coverage, known)
  if (all.length === 0) return null
  return { from: all[0]!.from, until: all[all.length - 1]!.until }
}

/**
 * The days of which something is known, in order: from the first to the last one that was ever covered, and
 * those in doubt, which can lie beyond them: a row without a readable day may have stood for any session,
 * so that its answer covers none.
 */
export function knownRanges(partial: Coverage, span: DayRange | null): readonly DayRange[] {
  if (span === null) return partial
  const beyond = partial.flatMap((range) => cutOut(range, [span]))
  return [...beyond, span].toSorted((a, b) => a.from - b.from)
}

/**
 * The days that a series' bars are keyed by, over [from, until): sessions, or for weeks and months the
 * first days of those that begin in it and have a session.
 */
export function expectedDays(calendar: Calendar, interval: Interval, range: DayRange): number[] {
  const sessions = calendar.sessions(range.from, range.until).map(({ day }) => day)
  if (interval !== '1wk' && interval !== '1mo') return sessions
  const startOf = interval === '1wk' ? weekStart : monthStart
  return [...new Set(sessions.map(startOf))].filter((day) => day >= range.from)
}

/**
 * The range of days that the period of a bar stands for, stretched over the closed days around it, so
 * that one session meets the next.
 */
export function periodRange(calendar: Calendar, interval: Interval, day: number): DayRange {
  if (interval === '1wk') return { from: weekStart(day), until: weekStart(day) + 7 * DAY_MS }
  if (interval === '1mo')
    return { from: monthStart(day), until: monthStart(monthStart(day) + 31 * DAY_MS) }
  return { from: previousSessionDay(calendar, day) + DAY_MS, until: nextSessionDay(calendar, day) }
}

/** Longest run of closed days that any exchange has had in peace, with room to spare. */
const LONGEST_CLOSURE_DAYS = 30

/** The day of the first session after a day; that day plus 30 where the calendar ends. */
function nextSessionDay(calendar: Calendar, day: number): number {
  for (let i = 1; i <= LONGEST_CLOSURE_DAYS; i += 1) {
    if (calendar.session(day + i * DAY_MS) !== null) return day + i * DAY_MS
  }
  return day + LONGEST_CLOSURE_DAYS * DAY_MS
}

/** The day of the last session before a day; that day minus 30 where the calendar begins. */
function previousSessionDay(calendar: Calendar, day: number): number {
  for (let i = 1; i <= LONGEST_CLOSURE_DAYS; i += 1) {
    if (calendar.session(day - i * DAY_MS) !== null) return day - i * DAY_MS
  }
  return day - LONGEST_CLOSURE_DAYS * DAY_MS
}

/** Reads PostgreSQL's text of a datemultirange, e.g. `{[2024-01-02,2024-02-01),[…)}`. */
export function parseCoverage(text: string): Coverage {
  return [...text.matchAll(/\[([^,]*),([^)]*)\)/g)].map((match) => ({
    from: parseDay(match[1]!),
    until: parseDay(match[2]!),
  }))
}

/** The text that PostgreSQL reads as a datemultirange. */
export function formatCoverage(coverage: Coverage): string {
  return `{${coverage.map(({ from, until }) => `[${formatDate(from)},${formatDate(until)})`).join(',')}}`
}
