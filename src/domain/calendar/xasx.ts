/**
 * Australian Securities Exchange, Sydney.
 * Sources: ASX's yearly trading calendar for the cash market; for Australia Day, E. Kwan, "Celebrating
 * Australia". Half days before 2010 are not on record.
 */
import {
  easterMonday,
  fixed,
  goodFriday,
  MONDAY,
  nthWeekday,
  onWeekdays,
  sundayToMonday,
  TUESDAY,
  weekdayOf,
  weekendToFriday,
  weekendToMonday,
  WORKWEEK,
  type DateRule,
  type ExchangeRules,
} from './rules.ts'
import { DAY_MS } from '../date.ts'

/** Last session before Christmas and before the new year. */
const HALF_DAY = { close: '14:10', extendedClose: '14:25' } as const
const beforeChristmas = weekendToFriday(fixed(12, 24))
const yearEnd = weekendToFriday(fixed(12, 31))

/** The Monday on or after 26 January, before the states agreed on the day itself. */
const australiaMonday: DateRule = (year) => {
  const day = Date.UTC(year, 0, 26)
  return day + ((MONDAY - weekdayOf(day) + 7) % 7) * DAY_MS
}

export const xasx: ExchangeRules = {
  exchange: 'XASX',
  name: 'Australian Securities Exchange',
  timeZone: 'Australia/Sydney',
  firstDay: '1990-01-01',
  hours: [
    {
      from: '1990-01-02',
      weekdays: WORKWEEK,
      open: '10:00',
      close: '16:00',
      extendedClose: '16:15',
    },
  ],
  holidays: [
    { name: "New Year's Day", date: weekendToMonday(fixed(1, 1)) },
    // In 1993 the states kept it on different days, and the exchange on none.
    { name: 'Australia Day', date: australiaMonday, until: 1993 },
    { name: 'Australia Day', date: weekendToMonday(fixed(1, 26)), from: 1994 },
    { name: 'Good Friday', date: goodFriday },
    { name: 'Easter Monday', date: easterMonday },
    { name: 'Anzac Day', date: fixed(4, 25) },
    { name: 'Anzac Day', date: sundayToMonday(fixed(4, 25)), from: 2010, until: 2011 },
    { name: "Sovereign's Birthday", date: nthWeekday(2, MONDAY, 6) },
    { name: 'Christmas Day', date: fixed(12, 25) },
    { name: 'Boxing Day', date: fixed(12, 26) },
    { name: 'Christmas Day, made up for', date: onWeekdays(fixed(12, 27), [MONDAY, TUESDAY]) },
    { name: 'Boxing Day, made up for', date: onWeekdays(fixed(12, 28), [MONDAY, TUESDAY]) },
  ],
  // In 2022 both days were full ones.
  oddHours: [
    { name: 'Before Christmas', date: beforeChristmas, from: 2010, until: 2022, ...HALF_DAY },
    { name: 'Before Christmas', date: beforeChristmas, from: 2023, ...HALF_DAY },
    { name: 'End of year', date: yearEnd, from: 2010, until: 2022, ...HALF_DAY },
    { name: 'End of year', date: yearEnd, from: 2023, ...HALF_DAY },
  ],
  closures: {
    '1990-12-31': "New Year's Eve",
    '1999-12-31': 'Tests for the year 2000',
    '2011-04-26': 'Easter Tuesday, Anzac Day having fallen on Easter Monday',
    '2022-09-22': 'Mourning for Elizabeth II',
  },
  oddDays: [],
}
