/**
 * Tokyo Stock Exchange.
 * Sources: the Act on National Holidays with its amendments, the exchange's own days at the turn of the
 * year, and JPX's notices. The lunch break and, before 2024, the close are written as JPX's lists have them,
 * with the break of 2011 for the years before it too.
 */
import { DAY_MS } from '../date.ts'
import {
  fixed,
  MONDAY,
  nthWeekday,
  SUNDAY,
  sundayToMonday,
  weekdayOf,
  WORKWEEK,
  type DateRule,
  type DatesRule,
  type ExchangeRules,
} from './rules.ts'

const respectForTheAged = nthWeekday(3, MONDAY, 9)

/** The sun's equinoxes by the rule of the National Astronomical Observatory, 1980 to 2099. */
function equinox(month: number, mean: number): DateRule {
  return (year) => {
    const years = year - 1980
    return Date.UTC(year, month - 1, Math.floor(mean + 0.242194 * years - Math.floor(years / 4)))
  }
}
const vernalEquinox = equinox(3, 20.8431)
const autumnalEquinox = equinox(9, 23.2488)

/** A weekday between two holidays is one too: Tuesday in the years of a "silver week". */
const betweenHolidays: DatesRule = (year) => {
  const aged = respectForTheAged(year)
  return autumnalEquinox(year) - aged === 2 * DAY_MS ? [aged + DAY_MS] : []
}

/** Since 2007 a Sunday among 3 to 5 May is made up for after the last of them. */
const goldenWeekMadeUpFor: DatesRule = (year) => {
  const days = [3, 4, 5].map((date) => Date.UTC(year, 4, date))
  return days.some((day) => weekdayOf(day) === SUNDAY) ? [Date.UTC(year, 4, 6)] : []
}

export const xtks: ExchangeRules = {
  exchange: 'XTKS',
  name: 'Tokyo Stock Exchange',
  timeZone: 'Asia/Tokyo',
  firstDay: '1990-01-01',
  // The equinoxes are proclaimed each February for the year after.
  knownUntil: '2027-12-31',
  hours: [
    {
      from: '1990-01-04',
      weekdays: WORKWEEK,
      open: '09:00',
      close: '15:00',
      extendedClose: '15:05',
      breaks: [['11:30', '12:30']],
    },
    {
      from: '2024-11-05',
      weekdays: WORKWEEK,
      open: '09:00',
      close: '15:30',
      extendedClose: '15:35',
      breaks: [['11:30', '12:30']],
    },
  ],
  holidays: [
    { name: "New Year's Day", date: fixed(1, 1) },
    { name: 'Turn of the year', date: fixed(1, 2) },
    { name: 'Turn of the year', date: fixed(1, 3) },
    { name: 'Coming of Age Day', date: sundayToMonday(fixed(1, 15)), until: 2000 },
    { name: 'Coming of Age Day', date: nthWeekday(2, MONDAY, 1), from: 2000 },
    { name: 'National Foundation Day', date: sundayToMonday(fixed(2, 11)) },
    { name: "Emperor Naruhito's Birthday", date: sundayToMonday(fixed(2, 23)), from: 2020 },
    { name: 'Vernal Equinox', date: sundayToMonday(vernalEquinox) },
    { name: 'Showa Day', date: sundayToMonday(fixed(4, 29)) },
    { name: 'Constitution Day', date: sundayToMonday(fixed(5, 3)) },
    { name: 'Greenery Day', date: fixed(5, 4) },
    { name: "Children's Day", date: sundayToMonday(fixed(5, 5)) },
    { name: 'Golden Week, made up for', date: goldenWeekMadeUpFor, from: 2007 },
    { name: 'Marine Day', date: sundayToMonday(fixed(7, 20)), from: 1996, until: 2003 },
    { name: 'Marine Day', date: nthWeekday(3, MONDAY, 7), from: 2003, until: 2020 },
    { name: 'Marine Day', date: nthWeekday(3, MONDAY, 7), from: 2022 },
    { name: 'Mountain Day', date: sundayToMonday(fixed(8, 11)), from: 2016, until: 2020 },
    { name: 'Mountain Day', date: sundayToMonday(fixed(8, 11)), from: 2022 },
    { name: 'Respect for the Aged Day', date: sundayToMonday(fixed(9, 15)), until: 2003 },
    { name: 'Respect for the Aged Day', date: respectForTheAged, from: 2003 },
    { name: 'Between holidays', date: betweenHolidays, from: 2003 },
    { name: 'Autumnal Equinox', date: sundayToMonday(autumnalEquinox) },
    { name: 'Sports Day', date: sundayToMonday(fixed(10, 10)), until: 2000 },
    { name: 'Sports Day', date: nthWeekday(2, MONDAY, 10), from: 2000, until: 2020 },
    { name: 'Sports Day', date: nthWeekday(2, MONDAY, 10), from: 2022 },
    { name: 'Culture Day', date: sundayToMonday(fixed(11, 3)) },
    { name: 'Labour Thanksgiving Day', date: sundayToMonday(fixed(11, 23)) },
    { name: "Emperor Akihito's Birthday", date: sundayToMonday(fixed(12, 23)), until: 2019 },
    { name: 'Turn of the year', date: fixed(12, 31) },
  ],
  oddHours: [],
  closures: {
    '1990-11-12': 'Enthronement of Emperor Akihito',
    '1993-06-09': 'Wedding of Crown Prince Naruhito',
    '2019-04-30': 'Between holidays',
    '2019-05-01': 'Accession of Emperor Naruhito',
    '2019-05-02': 'Between holidays',
    '2019-10-22': 'Enthronement of Emperor Naruhito',
    '2020-07-23': 'Marine Day, moved for the Olympic Games',
    '2020-07-24': 'Sports Day, moved for the Olympic Games',
    '2020-08-10': 'Mountain Day, moved for the Olympic Games',
    '2020-10-01': 'Failure of the trading system',
    '2021-07-22': 'Marine Day, moved for the Olympic Games',
    '2021-07-23': 'Sports Day, moved for the Olympic Games',
    '2021-08-09': 'Mountain Day, moved for the Olympic Games',
  },
  oddDays: [],
}
