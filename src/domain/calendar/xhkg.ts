/**
 * Hong Kong Exchanges and Clearing, securities market.
 * Sources: the General Holidays Ordinance with its amendments of 1998 (Labour Day from 1999)
 * and 2011 (which day makes up for a Sunday), the exchange's notices of severe weather, and for lunch and
 * the closures of September 2023 the recorded list (docs/calendars.md). Mornings lost to weather count as
 * open. Since 2024-09-23 weather closes the market no more.
 */
import { DAY_MS } from '../date.ts'
import {
  buddhasBirthday,
  doubleNinth,
  dragonBoat,
  lunarNewYear,
  midAutumn,
  qingming,
} from './lunar-dates.ts'
import {
  daysAfter,
  daysAround,
  easterMonday,
  fixed,
  goodFriday,
  inTable,
  lastWeekday,
  MONDAY,
  onWeekdays,
  SATURDAY,
  SUNDAY,
  sundayToMonday,
  TUESDAY,
  weekdayOf,
  WORKWEEK,
  type DateRule,
  type DatesRule,
  type ExchangeRules,
} from './rules.ts'

/** The fourth day makes up for a Sunday among the first three. Until 2011 the eve did. */
const newYearMadeUpFor: DatesRule = (year) => {
  const first = lunarNewYear(year)
  return weekdayOf(first) >= 5 ? [first + 3 * DAY_MS] : []
}
const newYearEveMadeUpFor: DateRule = (year) =>
  daysAfter(onWeekdays(lunarNewYear, [SATURDAY, SUNDAY]), -1)(year)

/** A day later where Easter Monday has taken its day. */
const qingmingHoliday: DateRule = (year) => {
  const day = sundayToMonday(qingming)(year)
  return day === easterMonday(year) ? day + DAY_MS : day
}

/** The day after the festival, since the feast is in the night; a day later where 1 October has taken it. */
const afterMidAutumn: DateRule = (year) => {
  const day = midAutumn(year) + DAY_MS
  return day === Date.UTC(year, 9, 1) ? day + DAY_MS : day
}

const christmasEve = fixed(12, 24)
const newYearsEve = fixed(12, 31)
const newYearEveOfTheMoon = daysAfter(lunarNewYear, -1)
const MORNING_UNTIL_2011 = { close: '12:30', extendedClose: '12:35' } as const
const MORNING = { close: '12:00', extendedClose: '12:15' } as const

export const xhkg: ExchangeRules = {
  exchange: 'XHKG',
  name: 'Hong Kong Exchanges and Clearing',
  timeZone: 'Asia/Hong_Kong',
  firstDay: '1990-01-01',
  knownUntil: '2049-12-31',
  hours: [
    {
      from: '1990-01-02',
      weekdays: WORKWEEK,
      open: '10:00',
      close: '16:00',
      extendedClose: '16:15',
      breaks: [['12:00', '13:00']],
    },
    {
      from: '2011-03-07',
      weekdays: WORKWEEK,
      open: '09:30',
      close: '16:00',
      extendedClose: '16:15',
      breaks: [['12:00', '13:00']],
    },
  ],
  holidays: [
    { name: "New Year's Day", date: sundayToMonday(fixed(1, 1)) },
    { name: 'Lunar New Year', date: daysAround(lunarNewYear, [0, 1, 2]) },
    { name: 'Lunar New Year, made up for', date: newYearEveMadeUpFor, until: 2012 },
    { name: 'Lunar New Year, made up for', date: newYearMadeUpFor, from: 2012 },
    { name: 'Ching Ming Festival', date: qingmingHoliday },
    { name: 'Good Friday', date: goodFriday },
    { name: 'Easter Monday', date: easterMonday },
    { name: 'Labour Day', date: sundayToMonday(fixed(5, 1)), from: 1999 },
    { name: "Buddha's Birthday", date: sundayToMonday(buddhasBirthday) },
    { name: 'Tuen Ng Festival', date: sundayToMonday(dragonBoat) },
    {
      name: "Queen's Birthday",
      date: inTable(1990, '06-18 06-17 06-15 06-14 06-13 06-19 06-17 06-30'),
    },
    { name: 'Establishment Day', date: sundayToMonday(fixed(7, 1)), from: 1997 },
    { name: 'Liberation Day', date: lastWeekday(MONDAY, 8), until: 1997 },
    { name: 'After the Mid-Autumn Festival', date: afterMidAutumn, until: 2012 },
    { name: 'After the Mid-Autumn Festival', date: sundayToMonday(afterMidAutumn), from: 2012 },
    { name: 'National Day', date: sundayToMonday(fixed(10, 1)), from: 1997 },
    { name: 'Chung Yeung Festival', date: sundayToMonday(doubleNinth) },
    { name: 'Christmas Day', date: fixed(12, 25) },
    { name: 'First weekday after Christmas', date: fixed(12, 26) },
    { name: 'Christmas, made up for', date: onWeekdays(fixed(12, 27), [MONDAY, TUESDAY]) },
  ],
  oddHours: [
    { name: 'Christmas Eve', date: christmasEve, until: 2011, ...MORNING_UNTIL_2011 },
    { name: "New Year's Eve", date: newYearsEve, until: 2011, ...MORNING_UNTIL_2011 },
    { name: 'Christmas Eve', date: christmasEve, from: 2011, ...MORNING },
    { name: "New Year's Eve", date: newYearsEve, from: 2011, ...MORNING },
    { name: 'Lunar New Year, eve', date: newYearEveOfTheMoon, from: 2012, ...MORNING },
  ],
  closures: {
    '1991-06-18': "Queen's Birthday, Tuen Ng Festival having fallen on it",
    '1992-07-22': 'Tropical storm Gary',
    '1993-09-17': 'Typhoon Becky',
    '1994-06-14': "Tuen Ng Festival, having fallen on the Queen's Birthday",
    '1997-07-02': 'After Establishment Day',
    '1997-08-18': 'Victory Day',
    '1997-10-02': 'After National Day',
    '1998-08-17': 'Victory Day',
    '1998-10-02': 'After National Day',
    '1999-09-16': 'Typhoon York',
    '1999-12-31': 'Eve of the year 2000',
    '2001-07-06': 'Typhoon Utor',
    '2001-07-25': 'Typhoon Yutu',
    '2008-08-06': 'Typhoon Kammuri',
    '2008-08-22': 'Typhoon Nuri',
    '2011-09-29': 'Typhoon Nesat',
    '2013-08-14': 'Typhoon Utor',
    '2015-09-03': 'Seventy years after the war',
    '2016-08-02': 'Typhoon Nida',
    '2016-10-21': 'Typhoon Haima',
    '2017-08-23': 'Typhoon Hato',
    '2020-10-13': 'Tropical storm Nangka',
    '2021-10-13': 'Tropical storm Kompasu',
    '2023-07-17': 'Typhoon Talim',
    '2024-09-06': 'Typhoon Yagi',
  },
  oddDays: [],
}
