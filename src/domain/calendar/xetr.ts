/**
 * Xetra, the electronic market of Deutsche Börse, Frankfurt.
 * Sources: Deutsche Börse's yearly trading calendar. Hours are today's throughout: the evening trading of
 * 2000 to 2003 is not told apart.
 */
import {
  easterMonday,
  fixed,
  goodFriday,
  weekendToFriday,
  whitMonday,
  WORKWEEK,
  type ExchangeRules,
} from './rules.ts'

export const xetr: ExchangeRules = {
  exchange: 'XETR',
  name: 'Xetra, Frankfurt',
  timeZone: 'Europe/Berlin',
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
    { name: 'Whit Monday', date: whitMonday, from: 2015, until: 2022 },
    { name: 'Day of German Unity', date: fixed(10, 3), from: 2014, until: 2022 },
    { name: 'Christmas Eve', date: fixed(12, 24) },
    { name: 'Christmas Day', date: fixed(12, 25) },
    { name: 'Boxing Day', date: fixed(12, 26) },
    { name: "New Year's Eve", date: fixed(12, 31) },
  ],
  oddHours: [
    // New Year's Eve itself is closed.
    {
      name: 'Last session',
      date: weekendToFriday(fixed(12, 30)),
      from: 2010,
      close: '14:00',
      extendedClose: '14:15',
    },
  ],
  closures: {
    '2007-05-28': 'Whit Monday',
    '2017-10-31': 'Five hundred years of Reformation',
  },
  oddDays: [],
}
