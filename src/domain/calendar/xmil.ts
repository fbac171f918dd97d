/**
 * Borsa Italiana, Milan.
 * Sources: the exchange's yearly trading calendar; it has no short days.
 */
import { easterMonday, fixed, goodFriday, WORKWEEK, type ExchangeRules } from './rules.ts'

export const xmil: ExchangeRules = {
  exchange: 'XMIL',
  name: 'Borsa Italiana',
  timeZone: 'Europe/Rome',
  firstDay: '1990-01-01',
  hours: [
    {
      from: '1990-01-02',
      weekdays: WORKWEEK,
      open: '09:00',
      close: '17:30',
      extendedClose: '17:45',
    },
  ],
  holidays: [
    { name: "New Year's Day", date: fixed(1, 1) },
    { name: 'Good Friday', date: goodFriday },
    { name: 'Easter Monday', date: easterMonday },
    { name: 'Labour Day', date: fixed(5, 1) },
    { name: 'Ferragosto', date: fixed(8, 15) },
    { name: 'Christmas Eve', date: fixed(12, 24) },
    { name: 'Christmas Day', date: fixed(12, 25) },
    { name: "St Stephen's Day", date: fixed(12, 26) },
    { name: "New Year's Eve", date: fixed(12, 31) },
  ],
  oddHours: [],
  closures: {},
  oddDays: [],
}
