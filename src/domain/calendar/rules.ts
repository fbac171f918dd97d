/**
 * The words in which an exchange's calendar is written: hours with the date from which they hold,
 * holidays and early closes as rules of one date a year, and dated exceptions. Files such as xnys.ts
 * are data in these words; make-calendar.ts turns them into a Calendar.
 */
import { DAY_MS, parseDay, weekStart } from '../date.ts'

/** Wall-clock time of the exchange, `HH:MM`. */
export type LocalTime = `${number}:${number}`
/** A date, `YYYY-MM-DD`. */
export type LocalDate = `${number}-${number}-${number}`

/** The day of a rule in a year, or NaN where that year has none. May fall into the year before or after. */
export type DateRule = (year: number) => number

/** The days of a rule that gives a year several, or none. */
export type DatesRule = (year: number) => readonly number[]

/** Days of the week as ISO 8601 counts them. */
export const MONDAY = 1
export const TUESDAY = 2
export const WEDNESDAY = 3
export const THURSDAY = 4
export const FRIDAY = 5
export const SATURDAY = 6
export const SUNDAY = 7
/** Monday to Friday. */
export const WORKWEEK: readonly number[] = [MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY]

/** A holiday of each year with from <= year < until. */
export interface HolidayRule {
  readonly name: string
  readonly date: DateRule | DatesRule
  readonly from?: number
  readonly until?: number
}

/** Times of one day. What is left out is as on any other day. */
export interface DayHours {
  readonly open?: LocalTime
  readonly close?: LocalTime
  readonly breaks?: readonly (readonly [LocalTime, LocalTime])[]
  /** The widest window in which bars may start; it lies within the date. */
  readonly extendedOpen?: LocalTime
  readonly extendedClose?: LocalTime
}

/** A day of each year with other hours; counts as an early close when it closes earlier. */
interface OddHoursRule extends HolidayRule, DayHours {}

/** Hours of an ordinary week from a date on, until the next entry. */
export interface WeekHours extends DayHours {
  readonly from: LocalDate
  /** Days of the week with a session, Monday is 1. */
  readonly weekdays: readonly number[]
  readonly open: LocalTime
  readonly close: LocalTime
}

/** One date with other hours, or with a session where there would be none. */
export interface OddDay extends DayHours {
  readonly date: LocalDate
  readonly reason: string
}

export interface ExchangeRules {
  /** ISO 10383 market identifier code. */
  readonly exchange: string
  readonly name: string
  readonly timeZone: string
  /** First day for which the rules were checked; what they say of earlier days is a guess. */
  readonly firstDay: LocalDate
  /**
   * Last day up to which the exchange's holidays were announced, where law or moon decides about later
   * ones: those are by rule, and some will differ. Left out where the rules hold until they are changed.
   */
  readonly knownUntil?: LocalDate
  /** Oldest first. The first entry also holds before its date. */
  readonly hours: readonly WeekHours[]
  readonly holidays: readonly HolidayRule[]
  /** Where several rules give a day another opening, or another close, the last one holds. */
  readonly oddHours: readonly OddHoursRule[]
  /** Closures that no rule foretold, with their reason. They win over everything else. */
  readonly closures: Readonly<Record<LocalDate, string>>
  readonly oddDays: readonly OddDay[]
}

/** 1 for Monday to 7 for Sunday. */
export function weekdayOf(day: number): number {
  return (day - weekStart(day)) / DAY_MS + 1
}

/** The same month and date each year. */
export function fixed(month: number, date: number): DateRule {
  return (year) => Date.UTC(year, month - 1, date)
}

/** The nth given weekday of a month, for example the third Monday of January. */
export function nthWeekday(n: number, weekday: number, month: number): DateRule {
  return (year) => {
    const first = Date.UTC(year, month - 1, 1)
    return first + (((weekday - weekdayOf(first) + 7) % 7) + (n - 1) * 7) * DAY_MS
  }
}

/** The last given weekday of a month. */
export function lastWeekday(weekday: number, month: number): DateRule {
  return (year) => {
    const last = Date.UTC(year, month, 0)
    return last - ((weekdayOf(last) - weekday + 7) % 7) * DAY_MS
  }
}

/** Days after another rule's date; negative for days before it. */
export function daysAfter(rule: DateRule, days: number): DateRule {
  return (year) => rule(year) + days * DAY_MS
}

/** Only in years in which the rule's date falls on one of the weekdays. */
export function onWeekdays(rule: DateRule, weekdays: readonly number[]): DateRule {
  return (year) => {
    const day = rule(year)
    return weekdays.includes(weekdayOf(day)) ? day : Number.NaN
  }
}

/** A Sunday's holiday is kept on the Monday after; a Saturday's is not made up for. */
export function sundayToMonday(rule: DateRule): DateRule {
  return (year) => {
    const day = rule(year)
    return weekdayOf(day) === SUNDAY ? day + DAY_MS : day
  }
}

/** A Saturday's or a Sunday's holiday is kept on the Monday after. */
export function weekendToMonday(rule: DateRule): DateRule {
  return (year) => {
    const day = rule(year)
    const weekday = weekdayOf(day)
    if (weekday === SATURDAY) return day + 2 * DAY_MS
    return weekday === SUNDAY ? day + DAY_MS : day
  }
}

/** What falls on a weekend is kept on the Friday before. */
export function weekendToFriday(rule: DateRule): DateRule {
  return (year) => {
    const day = rule(year)
    return day - Math.max(0, weekdayOf(day) - FRIDAY) * DAY_MS
  }
}

/** A Saturday's holiday is kept on the Friday before, a Sunday's on the Monday after. */
export function nearestWeekday(rule: DateRule): DateRule {
  return (year) => {
    const day = rule(year)
    const weekday = weekdayOf(day)
    if (weekday === SATURDAY) return day - DAY_MS
    return weekday === SUNDAY ? day + DAY_MS : day
  }
}

/** Several days around another rule's date, for example -1 for its eve. */
export function daysAround(rule: DateRule, offsets: readonly number[]): DatesRule {
  return (year) => offsets.map((days) => rule(year) + days * DAY_MS)
}

/** Dates `MM-DD` of successive years, parted by spaces; no day in other years. For moon and statute. */
export function inTable(firstYear: number, dates: string): DateRule {
  const days = dates
    .trim()
    .split(/\s+/)
    .map((date, index) => parseDay(`${firstYear + index}-${date}`))
  return (year) => days[year - firstYear] ?? Number.NaN
}

/** Closures of one reason, from lines such as `2024: 02-09 02-12`. */
export function closedOn(reason: string, lines: string): Record<LocalDate, string> {
  const closures: Record<LocalDate, string> = {}
  for (const line of lines.trim().split('\n')) {
    const [year, dates] = line.trim().split(': ')
    for (const date of dates!.split(' ')) closures[`${year}-${date}` as LocalDate] = reason
  }
  return closures
}

/** Easter Sunday of the Western churches (the anonymous Gregorian computus of 1876). */
export const easter: DateRule = (year) => {
  const a = year % 19
  const b = Math.floor(year / 100)
  const c = year % 100
  const d = Math.floor(b / 4)
  const e = b % 4
  const g = Math.floor((8 * b + 13) / 25)
  const h = (19 * a + b - d - g + 15) % 30
  const i = Math.floor(c / 4)
  const k = c % 4
  const l = (32 + 2 * e + 2 * i - h - k) % 7
  const m = Math.floor((a + 11 * h + 19 * l) / 433)
  const month = Math.floor((h + l - 7 * m + 90) / 25)
  const date = (h + l - 7 * m + 33 * month + 19) % 32
  return Date.UTC(year, month - 1, date)
}

export const goodFriday = daysAfter(easter, -2)
export const easterMonday = daysAfter(easter, 1)
export const ascensionDay = daysAfter(easter, 39)
export const whitMonday = daysAfter(easter, 50)
