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
