/**
 * SIX Swiss Exchange, Zurich.
 * Sources: the exchange's yearly trading calendar; it has no short days.
 */
import {
  ascensionDay,
  easterMonday,
  fixed,
  goodFriday,
  whitMonday,
  WORKWEEK,
  type ExchangeRules,
} from './rules.ts'

export const xswx: ExchangeRules = {
  exchange: 'XSWX',
  name: 'SIX Swiss Exchange',
  timeZone: 'Europe/Zurich',
  firstDay: '1990-01-01',
  hours: [
    {
      from: '1990-01-03',
      weekdays: WORKWEEK,
      open: '09:00',
      close: '17:30',
      extendedClose: '17:45',
    },
  ],
  holidays: [
    { name: "New Year's Day", date: fixed(1, 1) },
    { name: "Berchtold's Day", date: fixed(1, 2) },
    { name: 'Good Friday', date: goodFriday },
    { name: 'Easter Monday', date: easterMonday },
    { name: 'Labour Day', date: fixed(5, 1) },
    { name: 'Ascension Day', date: ascensionDay },
    { name: 'Whit Monday', date: whitMonday },
    { name: 'National Day', date: fixed(8, 1) },
    { name: 'Christmas Eve', date: fixed(12, 24) },
    { name: 'Christmas Day', date: fixed(12, 25) },
    { name: "St Stephen's Day", date: fixed(12, 26) },
    { name: "New Year's Eve", date: fixed(12, 31) },
  ],
  oddHours: [],
  closures: {},
  oddDays: [],
}
