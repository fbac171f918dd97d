/**
 * Makes a Calendar of an exchange's rules. A year is worked out when it is first asked about and then
 * kept as arrays, so that every question is an index into one.
 */
import { DAY_MS, parseDay } from '../date.ts'
import { StockyardError } from '../error.ts'
import { getZone } from '../zone.ts'
import type { Calendar, Session } from './calendar.ts'
import type { ExchangeRules, OddDay } from './rules.ts'
import { sessionsOfYear } from './year-sessions.ts'

/** Years that rules can speak about. Bounds what a senseless date can make us work out. */
const YEAR_FIRST = 1850
const YEAR_LAST = 2199
const DAY_FIRST = Date.UTC(YEAR_FIRST, 0, 1)
const DAY_LAST = Date.UTC(YEAR_LAST, 11, 31)
/** The longest closure there was: four months at the outbreak of the war of 1914. */
const CLOSURE_DAYS_MAX = 150

interface YearTable {
  readonly year: number
  /** Day of 1 January, and of the 1 January after. */
  readonly start: number
  readonly end: number
  /** At i: how many sessions the year has before its day i; one entry more than days. */
  readonly before: Uint16Array
  readonly sessions: readonly Session[]
}

/** Rules that calendars were made of, so that withClosures can make another. */
const sources = new WeakMap<Calendar, Source>()

interface Source {
  readonly rules: ExchangeRules
  readonly closedDays: ReadonlySet<number>
}

/** The calendar of an exchange's rules. */
export function makeCalendar(rules: ExchangeRules): Calendar {
  return buildCalendar({
    rules,
    closedDays: new Set(Object.keys(rules.closures).map((date) => parseDay(date))),
  })
}

/** The same calendar with further days on which the exchange is closed. */
export function withClosures(calendar: Calendar, days: Iterable<number>): Calendar {
  return withExceptions(calendar, days, [])
}

/**
 * The same calendar with further days on which the exchange is closed, and with days that have other
 * hours. A day with other hours has a session even where rules or closures say that it has none.
 */
export function withExceptions(
  calendar: Calendar,
  closedDays: Iterable<number>,
  oddDays: readonly OddDay[],
): Calendar {
  const source = sources.get(calendar)
  if (source === undefined) throw new TypeError('this calendar was not made by makeCalendar')
  const { rules } = source
  const closed = new Set([...source.closedDays, ...closedDays])
  for (const { date } of oddDays) closed.delete(parseDay(date))
  return buildCalendar({
    rules: { ...rules, oddDays: [...rules.oddDays, ...oddDays] },
    closedDays: closed,
  })
}

function buildCalendar(source: Source): Calendar {
  const { rules } = source
  const zone = getZone(rules.timeZone)
  const tables = makeYearTables(source)
  let recent: Session | null = null

  function session(day: number): Session | null {
    const table = tables.ofDay(day)
    if (table === null) return null
    // What is no whole day has no entry, and undefined compares false.
    const index = (day - table.start) / DAY_MS
    const rank = table.before[index]!
    return table.before[index + 1]! > rank ? table.sessions[rank]! : null
  }

  function sessionAt(instant: number): Session | null {
    if (recent !== null && isWithin(instant, recent)) return recent
    const found = session(zone.localDay(instant))
    if (found === null || !isWithin(instant, found)) return null
    recent = found
    return found
  }

  function search(instant: number, step: 1 | -1, fits: (found: Session) => boolean): Session {
    const day = zone.localDay(instant)
    for (let i = 0; i <= CLOSURE_DAYS_MAX; i += 1) {
      const found = session(day + i * step * DAY_MS)
      if (found !== null && fits(found)) return found
    }
    throw new StockyardError(
      'usage',
      'SESSION_NOT_FOUND',
      `The calendar of ${rules.exchange} has no session near the time asked about.`,
      { hint: `Ask about a time from ${YEAR_FIRST} to ${YEAR_LAST}.` },
    )
  }

  const calendar: Calendar = {
    exchange: rules.exchange,
    name: rules.name,
    timeZone: rules.timeZone,
    firstDay: parseDay(rules.firstDay),
    knownUntil: rules.knownUntil === undefined ? Infinity : parseDay(rules.knownUntil),
    session,
    sessions: (from, until) => listSessions(tables, from, until),
    countSessions: (from, until) => countSessions(tables, from, until),
    localDay: zone.localDay,
    instantAt: zone.instantAt,
    sessionAt,
    isOpen(instant) {
      const found = sessionAt(instant)
      if (found === null || instant < found.open || instant >= found.close) return false
      return !found.breaks.some(([start, end]) => instant >= start && instant < end)
    },
    nextSession: (instant) => search(instant, 1, (found) => found.open > instant),
    lastClosed: (instant) => search(instant, -1, (found) => found.close <= instant),
  }
  sources.set(calendar, source)
  return calendar
}

function isWithin(instant: number, { extendedOpen, extendedClose }: Session): boolean {
  return instant >= extendedOpen && instant < extendedClose
}

interface YearTables {
  /** The table of a day's year; null for what is outside the years, or no day. */
  ofDay(day: number): YearTable | null
  /** The table of a year that rules can speak about. */
  ofYear(year: number): YearTable
}

function makeYearTables(source: Source): YearTables {
  const tables: (YearTable | undefined)[] = []
  let recent: YearTable | null = null
  const ofYear = (year: number) => (tables[year - YEAR_FIRST] ??= makeYearTable(source, year))
  return {
    ofDay(day) {
      if (recent !== null && day >= recent.start && day < recent.end) return recent
      if (!(day >= DAY_FIRST && day <= DAY_LAST)) return null
      recent = ofYear(new Date(day).getUTCFullYear())
      return recent
    },
    ofYear,
  }
}

function makeYearTable({ rules, closedDays }: Source, year: number): YearTable {
  const start = Date.UTC(year, 0, 1)
  const end = Date.UTC(year + 1, 0, 1)
  const sessions = sessionsOfYear(rules, closedDays, year)
  const before = new Uint16Array((end - start) / DAY_MS + 1)
  for (const { day } of sessions) before[(day - start) / DAY_MS + 1] = 1
  for (let i = 1; i < before.length; i += 1) before[i]! += before[i - 1]!
  return { year, start, end, before, sessions }
}

function listSessions(tables: YearTables, from: number, until: number): Session[] {
  const found: Session[] = []
  forEachYear(tables, from, until, (table, first, last) => {
    for (let rank = first; rank < last; rank += 1) found.push(table.sessions[rank]!)
  })
  return found
}

function countSessions(tables: YearTables, from: number, until: number): number {
  let count = 0
  forEachYear(tables, from, until, (_, first, last) => {
    count += last - first
  })
  return count
}

/** Visits the years of [from, until) with the ranks of their sessions in it, [first, last). */
function forEachYear(
  tables: YearTables,
  from: number,
  until: number,
  visit: (table: YearTable, first: number, last: number) => void,
): void {
  const end = Math.min(until, DAY_LAST + DAY_MS)
  const start = Math.max(from, DAY_FIRST)
  let table = start < end ? tables.ofDay(start) : null
  let first = table === null ? 0 : rankAt(table, start)
  while (table !== null) {
    if (end <= table.end) {
      visit(table, first, rankAt(table, end))
      return
    }
    visit(table, first, table.sessions.length)
    table = tables.ofYear(table.year + 1)
    first = 0
  }
}

/** How many sessions a year has before a day of it, or an instant of the day before. */
function rankAt({ start, before }: YearTable, day: number): number {
  return before[Math.ceil((day - start) / DAY_MS)]!
}
