/**
 * London Stock Exchange.
 * Sources: the exchange's yearly "business days" notices, which follow the bank holidays of England and
 * Wales (Banking and Financial Dealings Act 1971 and royal proclamations). Hours are today's throughout.
 */
import {
  easterMonday,
  fixed,
  goodFriday,
  lastWeekday,
  MONDAY,
  nthWeekday,
  onWeekdays,
  TUESDAY,
  weekendToFriday,
  weekendToMonday,
  WORKWEEK,
  type DateRule,
  type ExchangeRules,
} from './rules.ts'

const AT_HALF_PAST_TWELVE = { close: '12:30', extendedClose: '12:40' } as const

/** In some years the holiday was moved to, or its eve given to, a royal or a victory jubilee. */
function except(rule: DateRule, years: readonly number[]): DateRule {
  return (year) => (years.includes(year) ? Number.NaN : rule(year))
}

export const xlon: ExchangeRules = {
  exchange: 'XLON',
  name: 'London Stock Exchange',
  timeZone: 'Europe/London',
  firstDay: '1990-01-01',
  hours: [
    {
      from: '1990-01-02',
      weekdays: WORKWEEK,
      open: '08:00',
      close: '16:30',
      extendedClose: '16:40',
    },
  ],
  holidays: [
    { name: "New Year's Day", date: weekendToMonday(fixed(1, 1)) },
    { name: 'Good Friday', date: goodFriday },
    { name: 'Easter Monday', date: easterMonday },
    { name: 'Early May bank holiday', date: except(nthWeekday(1, MONDAY, 5), [1995, 2020]) },
    { name: 'Spring bank holiday', date: except(lastWeekday(MONDAY, 5), [2002, 2012, 2022]) },
    { name: 'Summer bank holiday', date: lastWeekday(MONDAY, 8) },
    { name: 'Christmas Day', date: fixed(12, 25) },
    { name: 'Boxing Day', date: fixed(12, 26) },
    // Made up for on the next weekdays, of which Boxing Day may already hold the first.
    { name: 'Christmas Day, made up for', date: onWeekdays(fixed(12, 27), [MONDAY, TUESDAY]) },
    { name: 'Boxing Day, made up for', date: onWeekdays(fixed(12, 28), [MONDAY, TUESDAY]) },
  ],
  oddHours: [
    { name: 'Christmas Eve', date: weekendToFriday(fixed(12, 24)), ...AT_HALF_PAST_TWELVE },
    { name: "New Year's Eve", date: weekendToFriday(fixed(12, 31)), ...AT_HALF_PAST_TWELVE },
  ],
  closures: {
    '1995-05-08': 'Fifty years after the end of the war in Europe',
    '1999-12-31': 'Eve of the year 2000',
    '2002-06-03': 'Golden jubilee: the spring bank holiday, moved',
    '2002-06-04': 'Golden jubilee of Elizabeth II',
    '2011-04-29': 'Wedding of Prince William',
    '2012-06-04': 'Diamond jubilee: the spring bank holiday, moved',
    '2012-06-05': 'Diamond jubilee of Elizabeth II',
    '2020-05-08': 'Seventy-five years after the end of the war in Europe',
    '2022-06-02': 'Platinum jubilee: the spring bank holiday, moved',
    '2022-06-03': 'Platinum jubilee of Elizabeth II',
    '2022-09-19': 'Funeral of Elizabeth II',
    '2023-05-08': 'Coronation of Charles III',
  },
  oddDays: [],
}
