/**
 * New York Stock Exchange. Nasdaq and the other US equity exchanges keep the same sessions.
 * Sources: NYSE Rule 7.2 (holidays), NYSE's yearly "holiday and early closings calendar" (last read:
 * the one of December 2025, for 2026 to 2028), and NYSE's list of special closings. Days on which
 * trading was halted or began late without notice (snow, circuit breakers, minutes of silence) count as full sessions.
 */
import {
  daysAfter,
  easter,
  fixed,
  FRIDAY,
  lastWeekday,
  MONDAY,
  nearestWeekday,
  nthWeekday,
  onWeekdays,
  sundayToMonday,
  THURSDAY,
  TUESDAY,
  WEDNESDAY,
  type ExchangeRules,
} from './rules.ts'

const thanksgiving = nthWeekday(4, THURSDAY, 11)
const christmasEve = onWeekdays(fixed(12, 24), [MONDAY, TUESDAY, WEDNESDAY, THURSDAY])

/** Late trading ends four hours after an early close, as it does after a usual one. */
const AT_TWO = { close: '14:00', extendedClose: '18:00' } as const
const AT_ONE = { close: '13:00', extendedClose: '17:00' } as const

export const xnys: ExchangeRules = {
  exchange: 'XNYS',
  name: 'New York Stock Exchange',
  timeZone: 'America/New_York',
  firstDay: '1990-01-01',
  hours: [
    {
      from: '1985-09-30',
      weekdays: [MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY],
      open: '09:30',
      close: '16:00',
      extendedOpen: '04:00',
      extendedClose: '20:00',
    },
  ],
  holidays: [
    // On a Saturday it is not kept on the Friday, which ends the year's books: 2021-12-31 was open.
    { name: "New Year's Day", date: sundayToMonday(fixed(1, 1)) },
    { name: 'Martin Luther King, Jr. Day', date: nthWeekday(3, MONDAY, 1), from: 1998 },
    { name: "Washington's Birthday", date: nthWeekday(3, MONDAY, 2) },
    { name: 'Good Friday', date: daysAfter(easter, -2) },
    { name: 'Memorial Day', date: lastWeekday(MONDAY, 5) },
    {
      name: 'Juneteenth National Independence Day',
      date: nearestWeekday(fixed(6, 19)),
      from: 2022,
    },
    { name: 'Independence Day', date: nearestWeekday(fixed(7, 4)) },
    { name: 'Labor Day', date: nthWeekday(1, MONDAY, 9) },
    { name: 'Thanksgiving Day', date: thanksgiving },
    { name: 'Christmas Day', date: nearestWeekday(fixed(12, 25)) },
  ],
  oddHours: [
    { name: 'Christmas Eve', date: christmasEve, until: 1993, ...AT_TWO },
    { name: 'Christmas Eve', date: christmasEve, from: 1993, ...AT_ONE },
    {
      name: 'Day after Thanksgiving',
      date: daysAfter(thanksgiving, 1),
      from: 1992,
      until: 1993,
      ...AT_TWO,
    },
    { name: 'Day after Thanksgiving', date: daysAfter(thanksgiving, 1), from: 1993, ...AT_ONE },
    {
      name: 'Day before Independence Day',
      date: onWeekdays(fixed(7, 3), [MONDAY, TUESDAY, THURSDAY]),
      from: 1995,
      ...AT_ONE,
    },
    // A Thursday's Independence Day shortened the Friday after it, and since 2013 the Wednesday before.
    {
      name: 'Day after Independence Day',
      date: onWeekdays(fixed(7, 5), [FRIDAY]),
      from: 1995,
      until: 2013,
      ...AT_ONE,
    },
    {
      name: 'Day before Independence Day',
      date: onWeekdays(fixed(7, 3), [WEDNESDAY]),
      from: 2013,
      ...AT_ONE,
    },
  ],
  closures: {
    '1994-04-27': 'Funeral of Richard Nixon',
    '2001-09-11': 'Attack on the World Trade Center',
    '2001-09-12': 'Attack on the World Trade Center',
    '2001-09-13': 'Attack on the World Trade Center',
    '2001-09-14': 'Attack on the World Trade Center',
    '2004-06-11': 'Mourning for Ronald Reagan',
    '2007-01-02': 'Mourning for Gerald Ford',
    '2012-10-29': 'Hurricane Sandy',
    '2012-10-30': 'Hurricane Sandy',
    '2018-12-05': 'Mourning for George H. W. Bush',
    '2025-01-09': 'Mourning for Jimmy Carter',
  },
  oddDays: [
    { date: '1997-12-26', reason: 'Day after Christmas', ...AT_ONE },
    { date: '1999-12-31', reason: 'Eve of the year 2000', ...AT_ONE },
    { date: '2003-12-26', reason: 'Day after Christmas', ...AT_ONE },
  ],
}
