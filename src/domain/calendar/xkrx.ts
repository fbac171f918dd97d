/**
 * Korea Exchange, Seoul.
 * Sources: public holidays by law (korean-holidays.ts); KRX's lists of closures; for hours, its changes of
 * 1995-01-01, 1998-12-07 (no more Saturdays), 2000-05-22 (no more break) and 2016-08-01. Before 1990, and where the
 * two differ, the recorded list decides (docs/calendars.md).
 */
import { DAY_MS } from '../date.ts'
import { koreanHolidays } from './korean-holidays.ts'
import {
  closedOn,
  SATURDAY,
  weekdayOf,
  WORKWEEK,
  type DateRule,
  type ExchangeRules,
  type LocalDate,
  type LocalTime,
  type OddDay,
} from './rules.ts'

/** From this year on there was no Saturday session. */
const FIVE_DAYS_FROM = 1999

/** Trading at the closing price before and after the session. */
const AROUND = { extendedOpen: '08:00', extendedClose: '18:00' } as const

/** Elections, days of grace and, until 2000, the days before the turn of the year. */
const CLOSURES = `
  1986: 01-03 05-16 09-18 09-19 12-29 12-30 12-31
  1987: 01-03 01-29 10-07 10-08 10-27 12-16 12-28 12-29 12-30 12-31
  1988: 02-18 02-25 04-26 05-23 09-26 12-27 12-28 12-29 12-30 12-31
  1989: 01-03 02-06 02-07 05-12 09-13 09-14 09-15 10-02 10-12 12-27 12-28 12-29 12-30
  1990: 12-27 12-28 12-31
  1991: 03-26 06-20 12-27 12-30 12-31
  1992: 03-24 12-18 12-28 12-29 12-30 12-31
  1993: 07-07 12-29 12-30 12-31
  1994: 01-03 02-14 05-20 12-29 12-30 12-31
  1995: 12-29 12-30
  1996: 12-30 12-31
  1997: 12-18 12-29 12-30 12-31
  1998: 12-29 12-30 12-31
  1999: 12-29 12-30 12-31
  2000: 01-03 04-13 12-27 12-28 12-29
  2002: 06-13 07-01 12-19
  2004: 04-15
  2006: 05-31
  2007: 12-19
  2008: 04-09
  2010: 06-02
  2012: 04-11 12-19
  2014: 06-04
  2015: 08-14
  2016: 04-13 05-06
  2017: 05-09 10-02
  2018: 06-13
  2020: 04-15 08-17
  2022: 03-09 06-01
  2023: 10-02
  2024: 04-10 10-01
  2025: 01-27 06-03
  2026: 06-03
`

const lastWeekdayOfYear: DateRule = (year) => {
  let day = Date.UTC(year, 11, 31)
  while (weekdayOf(day) >= SATURDAY) day -= DAY_MS
  return day
}

const firstSessionOfYear: DateRule = (year) => {
  const holidays = koreanHolidays(year)
  const lastWorkday = year < FIVE_DAYS_FROM ? SATURDAY : SATURDAY - 1
  let day = Date.UTC(year, 0, 1)
  while (holidays.includes(day) || weekdayOf(day) > lastWorkday) day += DAY_MS
  return day
}

/** On the day of the university entrance exam everything begins and ends later, for quieter streets. */
function examDays(dates: string, hours: Omit<OddDay, 'date' | 'reason'>): OddDay[] {
  return dates.split(' ').map((date) => ({
    date: date as LocalDate,
    reason: 'University entrance exam',
    ...hours,
  }))
}

/** Late openings by the recorded list, where the days around New Year follow no rule. */
function firstSessions(dates: string, open: LocalTime): OddDay[] {
  return dates.split(' ').map((date) => ({
    date: date as LocalDate,
    reason: 'First session of the year',
    open,
  }))
}

export const xkrx: ExchangeRules = {
  exchange: 'XKRX',
  name: 'Korea Exchange',
  timeZone: 'Asia/Seoul',
  firstDay: '1986-01-01',
  knownUntil: '2026-12-31',
  hours: [
    {
      from: '1986-01-04',
      weekdays: [...WORKWEEK, SATURDAY],
      ...AROUND,
      open: '10:00',
      close: '15:30',
      breaks: [['12:00', '13:30']],
    },
    {
      from: '1986-04-01',
      weekdays: [...WORKWEEK, SATURDAY],
      ...AROUND,
      open: '09:40',
      close: '15:20',
      breaks: [['12:00', '13:20']],
    },
    {
      from: '1987-03-01',
      weekdays: [...WORKWEEK, SATURDAY],
      ...AROUND,
      open: '09:40',
      close: '15:20',
      breaks: [['11:40', '13:20']],
    },
    {
      from: '1995-01-01',
      weekdays: [...WORKWEEK, SATURDAY],
      ...AROUND,
      open: '09:30',
      close: '15:00',
      breaks: [['11:30', '13:00']],
    },
    {
      from: '1998-12-07',
      weekdays: WORKWEEK,
      ...AROUND,
      open: '09:00',
      close: '15:00',
      breaks: [['12:00', '13:00']],
    },
    { from: '2000-05-22', weekdays: WORKWEEK, ...AROUND, open: '09:00', close: '15:00' },
    { from: '2016-08-01', weekdays: WORKWEEK, ...AROUND, open: '09:00', close: '15:30' },
  ],
  holidays: [
    { name: 'Public holidays', date: koreanHolidays },
    { name: 'Last weekday of the year', date: lastWeekdayOfYear, from: 2001 },
  ],
  oddHours: [
    {
      name: 'First session of the year',
      date: firstSessionOfYear,
      from: 1991,
      until: 1995,
      open: '10:40',
    },
    {
      name: 'First session of the year',
      date: firstSessionOfYear,
      from: 1995,
      until: 1999,
      open: '10:30',
    },
    { name: 'First session of the year', date: firstSessionOfYear, from: 1999, open: '10:00' },
  ],
  closures: closedOn('Election, day of grace or end of year', CLOSURES),
  oddDays: [
    { date: '1986-01-04', reason: 'First session of the year', open: '11:00' },
    ...firstSessions('1987-01-05 1988-01-04 1989-01-04 1990-01-04', '10:40'),
    ...firstSessions('2026-12-30', '10:00'),
    ...examDays('1993-08-20 1993-11-16 1994-11-23', {
      open: '10:10',
      close: '15:50',
      breaks: [['12:10', '13:50']],
    }),
    ...examDays('1995-11-22 1996-11-13 1997-11-19', {
      open: '10:00',
      close: '15:30',
      breaks: [['12:00', '13:30']],
    }),
    ...examDays('1998-11-18', { open: '10:30', close: '16:00', breaks: [['12:30', '14:00']] }),
    ...examDays('1999-11-17', { open: '10:00', close: '16:00', breaks: [['13:00', '14:00']] }),
    ...examDays(
      '2000-11-15 2001-11-07 2002-11-06 2003-11-05 2004-11-17 2005-11-23 2006-11-16 2007-11-15 ' +
        '2008-11-13 2009-11-12 2010-11-18 2011-11-10 2012-11-08 2013-11-07 2014-11-13 2015-11-12',
      { open: '10:00', close: '16:00' },
    ),
    ...examDays(
      '2016-11-17 2017-11-16 2017-11-23 2018-11-15 2019-11-14 2020-12-03 2021-11-18 2022-11-17 ' +
        '2023-11-16 2024-11-14 2025-11-13',
      { open: '10:00', close: '16:30' },
    ),
  ],
}
