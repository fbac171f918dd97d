/**
 * The sessions of one year by an exchange's rules: the ordinary week, less holidays and closures, with
 * other hours on odd days.
 */
import { DAY_MS, parseDay } from '../date.ts'
import { getZone, type Zone } from '../zone.ts'
import type { Session } from './calendar.ts'
import {
  weekdayOf,
  type DayHours,
  type ExchangeRules,
  type HolidayRule,
  type LocalTime,
  type WeekHours,
} from './rules.ts'

/** The sessions of a year, in order. `closedDays` win over every rule. */
export function sessionsOfYear(
  rules: ExchangeRules,
  closedDays: ReadonlySet<number>,
  year: number,
): Session[] {
  const zone = getZone(rules.timeZone)
  const holidays = new Set(rules.holidays.flatMap((rule) => datesAround(rule, year)))
  const oddDays = oddDaysAround(rules, year)
  const extraDays = new Set(rules.oddDays.map(({ date }) => parseDay(date)))
  const weeks = rules.hours.map((week) => ({ start: parseDay(week.from), week }))
  const sessions: Session[] = []
  const end = Date.UTC(year + 1, 0, 1)
  for (let day = Date.UTC(year, 0, 1); day < end; day += DAY_MS) {
    if (closedDays.has(day)) continue
    const { week } = weeks.findLast(({ start }) => start <= day) ?? weeks[0]!
    const isOrdinary = week.weekdays.includes(weekdayOf(day)) && !holidays.has(day)
    if (!isOrdinary && !extraDays.has(day)) continue
    sessions.push(makeSession(zone, day, week, oddDays.get(day)))
  }
  return sessions
}

/** Days of a rule that can fall into a year: a holiday of 1 January may be kept on 31 December. */
function datesAround(rule: HolidayRule, year: number): number[] {
  return [year - 1, year, year + 1]
    .filter((each) => each >= (rule.from ?? -Infinity) && each < (rule.until ?? Infinity))
    .flatMap((each) => rule.date(each))
}

/** Other hours by day; dates win over rules, later rules over earlier ones, each time by itself. */
function oddDaysAround(rules: ExchangeRules, year: number): Map<number, DayHours> {
  const odd = new Map<number, DayHours>()
  for (const rule of rules.oddHours) {
    for (const day of datesAround(rule, year)) odd.set(day, { ...odd.get(day), ...rule })
  }
  for (const each of rules.oddDays) {
    const day = parseDay(each.date)
    odd.set(day, { ...odd.get(day), ...each })
  }
  return odd
}

function makeSession(zone: Zone, day: number, week: WeekHours, odd: DayHours | undefined): Session {
  const hours = { ...week, ...odd }
  const at = (time: LocalTime) => zone.instantAt(day, minutesOf(time))
  const open = at(hours.open)
  const close = at(hours.close)
  return {
    day,
    open,
    close,
    // A day that closes before the pause has none.
    breaks: (hours.breaks ?? [])
      .map(([start, end]) => [at(start), at(end)] as const)
      .filter(([start, end]) => start > open && end < close),
    extendedOpen: hours.extendedOpen === undefined ? open : Math.min(at(hours.extendedOpen), open),
    extendedClose:
      hours.extendedClose === undefined ? close : Math.max(at(hours.extendedClose), close),
    early: close < at(week.close),
  }
}

/** Minutes after midnight of `HH:MM`. */
function minutesOf(time: LocalTime): number {
  const [hours, minutes] = time.split(':')
  return Number(hours) * 60 + Number(minutes)
}
