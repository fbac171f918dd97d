/**
 * Public holidays of South Korea by law, with the days that make up for them.
 * Sources: the Regulations on Holidays of Government Offices and, since 2022, the Public Holidays Act (Labour
 * Day new from 2026). Elections and single days of grace are not rules.
 */
import { DAY_MS } from '../date.ts'
import { buddhasBirthdayInKorea, chuseok, seollal } from './lunar-dates.ts'
import {
  daysAround,
  fixed,
  SATURDAY,
  SUNDAY,
  weekdayOf,
  type DatesRule,
  type HolidayRule,
} from './rules.ts'

/** A holiday and from which year another day makes up for it, when it falls on a weekend or another holiday. */
interface PublicHoliday extends HolidayRule {
  readonly madeUpForFrom?: number
  /** Seollal and Chuseok are not made up for when they fall on a Saturday. */
  readonly onSundaysOnly?: boolean
}

const LUNAR_FEAST = { madeUpForFrom: 2014, onSundaysOnly: true } as const

const PUBLIC_HOLIDAYS: readonly PublicHoliday[] = [
  { name: "New Year's Day", date: fixed(1, 1) },
  { name: 'After New Year', date: fixed(1, 2), until: 1999 },
  { name: 'Seollal', date: daysAround(seollal, [-1, 0, 1]), ...LUNAR_FEAST },
  { name: 'Independence Movement Day', date: fixed(3, 1), madeUpForFrom: 2022 },
  { name: 'Labour Day, of old', date: fixed(3, 10), until: 1994 },
  { name: 'Arbor Day', date: fixed(4, 5), until: 2006 },
  { name: 'Labour Day', date: fixed(5, 1), from: 1994, madeUpForFrom: 2026 },
  { name: "Buddha's Birthday", date: buddhasBirthdayInKorea, madeUpForFrom: 2023 },
  { name: "Children's Day", date: fixed(5, 5), madeUpForFrom: 2014 },
  { name: 'Memorial Day', date: fixed(6, 6) },
  { name: 'Constitution Day', date: fixed(7, 17), until: 2008 },
  { name: 'Liberation Day', date: fixed(8, 15), madeUpForFrom: 2021 },
  { name: 'Chuseok', date: daysAround(chuseok, [-1, 0, 1]), ...LUNAR_FEAST },
  { name: 'Armed Forces Day', date: fixed(10, 1), until: 1991 },
  { name: 'National Foundation Day', date: fixed(10, 3), madeUpForFrom: 2021 },
  { name: 'Hangul Day', date: fixed(10, 9), until: 1991 },
  { name: 'Hangul Day', date: fixed(10, 9), from: 2013, madeUpForFrom: 2021 },
  { name: 'Christmas Day', date: fixed(12, 25), madeUpForFrom: 2023 },
]

/** Holidays of a year and the days that make up for them; days of the week play no part. */
export const koreanHolidays: DatesRule = (year) => {
  const holidays = PUBLIC_HOLIDAYS.filter(
    ({ from, until }) => year >= (from ?? -Infinity) && year < (until ?? Infinity),
  ).flatMap((rule) => [rule.date(year)].flat().map((day) => ({ rule, day })))
  const taken = new Set(holidays.map(({ day }) => day))
  const madeUpFor = new Set<number>()
  for (const { rule, day } of holidays) {
    if (year < (rule.madeUpForFrom ?? Infinity) || madeUpFor.has(day)) continue
    const isShared = holidays.some((other) => other.day === day && other.rule !== rule)
    if (!isShared && !isOnWeekend(day, rule.onSundaysOnly === true)) continue
    madeUpFor.add(day)
    let next = day + DAY_MS
    while (taken.has(next) || weekdayOf(next) >= SATURDAY) next += DAY_MS
    taken.add(next)
  }
  return [...taken]
}

function isOnWeekend(day: number, onSundaysOnly: boolean): boolean {
  return weekdayOf(day) === SUNDAY || (!onSundaysOnly && weekdayOf(day) === SATURDAY)
}
