/**
 * New York Stock Exchange. Nasdaq and the other US equity exchanges keep the same sessions.
 * Sources: NYSE Rule 7.2 (holidays), NYSE's yearly "holiday and early closings calendar" (last read: the one of
 * December 2025, for 2026 to 2028), and NYSE's list of special closings. See docs/decisions/0005-calendars-by-rule.md.
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

const WEEK = {
  weekdays: [MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY],
  extendedOpen: '04:00',
  extendedClose: '20:00',
} as const

/** The Tuesday after the first Monday of November. */
const electionDay = daysAfter(nthWeekday(1, MONDAY, 11), 1)

/** Days of 1968 on which the exchange caught up with its paper. */
const PAPERWORK_DAYS = (
  '06-12 06-19 06-26 07-10 07-17 07-24 07-31 08-07 08-14 08-21 08-28 09-11 ' +
  '09-18 09-25 10-02 10-09 10-16 10-23 10-30 11-11 11-20 12-04 12-11 12-18'
).split(' ')

/** Late trading ends four hours after an early close, as it does after a usual one. */
const AT_TWO = { close: '14:00', extendedClose: '18:00' } as const
const AT_ONE = { close: '13:00', extendedClose: '17:00' } as const

export const xnys: ExchangeRules = {
  exchange: 'XNYS',
  name: 'New York Stock Exchange',
  timeZone: 'America/New_York',
  // The Monday after the last Saturday with a session.
  firstDay: '1952-09-29',
  hours: [
    { from: '1952-09-29', ...WEEK, open: '10:00', close: '15:30' },
    { from: '1974-10-01', ...WEEK, open: '10:00', close: '16:00' },
    { from: '1985-09-30', ...WEEK, open: '09:30', close: '16:00' },
  ],
  holidays: [
    // On a Saturday it is not kept on the Friday, which ends the year's books: 2021-12-31 was open.
    { name: "New Year's Day", date: sundayToMonday(fixed(1, 1)) },
    { name: 'Martin Luther King, Jr. Day', date: nthWeekday(3, MONDAY, 1), from: 1998 },
    { name: "Lincoln's Birthday", date: sundayToMonday(fixed(2, 12)), until: 1954 },
    { name: "Washington's Birthday", date: sundayToMonday(fixed(2, 22)), until: 1964 },
    { name: "Washington's Birthday", date: nearestWeekday(fixed(2, 22)), from: 1964, until: 1971 },
    { name: "Washington's Birthday", date: nthWeekday(3, MONDAY, 2), from: 1971 },
    { name: 'Good Friday', date: daysAfter(easter, -2) },
    { name: 'Memorial Day', date: sundayToMonday(fixed(5, 30)), until: 1964 },
    { name: 'Memorial Day', date: nearestWeekday(fixed(5, 30)), from: 1964, until: 1970 },
    // The one of 1970 fell on a Saturday and was not made up for.
    { name: 'Memorial Day', date: lastWeekday(MONDAY, 5), from: 1971 },
    {
      name: 'Juneteenth National Independence Day',
      date: nearestWeekday(fixed(6, 19)),
      from: 2022,
    },
    { name: 'Independence Day', date: sundayToMonday(fixed(7, 4)), until: 1954 },
    { name: 'Independence Day', date: nearestWeekday(fixed(7, 4)), from: 1954 },
    { name: 'Labor Day', date: nthWeekday(1, MONDAY, 9) },
    { name: 'Columbus Day', date: sundayToMonday(fixed(10, 12)), until: 1954 },
    { name: 'Election Day', date: electionDay, until: 1969 },
    {
      name: 'Election Day',
      date: (year) => (year % 4 === 0 ? electionDay(year) : NaN),
      from: 1969,
      until: 1981,
    },
    { name: 'Veterans Day', date: sundayToMonday(fixed(11, 11)), until: 1954 },
    { name: 'Thanksgiving Day', date: thanksgiving },
    { name: 'Christmas Day', date: nearestWeekday(fixed(12, 25)) },
  ],
  oddHours: [
    { name: 'Christmas Eve', date: christmasEve, from: 1990, until: 1993, ...AT_TWO },
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
    '1956-12-24': 'Christmas Eve',
    '1958-12-26': 'Day after Christmas',
    '1961-05-29': 'Day before Memorial Day',
    '1963-11-25': 'Funeral of John F. Kennedy',
    '1968-02-12': "Lincoln's Birthday",
    '1968-04-09': 'Mourning for Martin Luther King, Jr.',
    '1968-07-05': 'Day after Independence Day',
    ...Object.fromEntries(PAPERWORK_DAYS.map((date) => [`1968-${date}`, 'Paperwork crisis'])),
    '1969-02-10': 'Snow',
    '1969-03-31': 'Funeral of Dwight D. Eisenhower',
    '1969-07-21': 'First landing on the moon',
    '1972-12-28': 'Funeral of Harry S. Truman',
    '1973-01-25': 'Funeral of Lyndon B. Johnson',
    '1977-07-14': 'Blackout of New York',
    '1985-09-27': 'Hurricane Gloria',
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
