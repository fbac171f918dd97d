/**
 * Toronto Stock Exchange.
 * Sources: the exchange's yearly calendar of holidays and early closings. Early closings before 2010 are
 * not on record.
 */
import {
  fixed,
  goodFriday,
  MONDAY,
  nthWeekday,
  onWeekdays,
  TUESDAY,
  weekendToMonday,
  weekdayOf,
  WORKWEEK,
  type DateRule,
  type ExchangeRules,
} from './rules.ts'
import { DAY_MS } from '../date.ts'

/** The Monday before 25 May. */
const victoriaDay: DateRule = (year) => {
  const day = Date.UTC(year, 4, 24)
  return day - (weekdayOf(day) - MONDAY) * DAY_MS
}

export const xtse: ExchangeRules = {
  exchange: 'XTSE',
  name: 'Toronto Stock Exchange',
  timeZone: 'America/Toronto',
  firstDay: '1990-01-01',
  hours: [
    {
      from: '1990-01-02',
      weekdays: WORKWEEK,
      open: '09:30',
      close: '16:00',
      extendedClose: '17:00',
    },
  ],
  holidays: [
    { name: "New Year's Day", date: weekendToMonday(fixed(1, 1)) },
    { name: 'Family Day', date: nthWeekday(3, MONDAY, 2), from: 2008 },
    { name: 'Good Friday', date: goodFriday },
    { name: 'Victoria Day', date: victoriaDay },
    { name: 'Canada Day', date: weekendToMonday(fixed(7, 1)) },
    { name: 'Civic Holiday', date: nthWeekday(1, MONDAY, 8) },
    { name: 'Labour Day', date: nthWeekday(1, MONDAY, 9) },
    { name: 'Thanksgiving', date: nthWeekday(2, MONDAY, 10) },
    { name: 'Christmas Day', date: fixed(12, 25) },
    { name: 'Boxing Day', date: fixed(12, 26) },
    { name: 'Christmas Day, made up for', date: onWeekdays(fixed(12, 27), [MONDAY, TUESDAY]) },
    { name: 'Boxing Day, made up for', date: onWeekdays(fixed(12, 28), [MONDAY, TUESDAY]) },
  ],
  oddHours: [
    {
      name: 'Christmas Eve',
      date: onWeekdays(fixed(12, 24), WORKWEEK),
      from: 2010,
      close: '13:00',
      extendedClose: '14:00',
    },
  ],
  closures: {
    '2001-09-11': 'Attack on the World Trade Center',
    '2001-09-12': 'Attack on the World Trade Center',
  },
  oddDays: [],
}
