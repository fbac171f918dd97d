/**
 * Bolsa de Madrid.
 * Sources: BME's yearly trading calendar. Hours are today's throughout.
 */
import {
  easterMonday,
  fixed,
  goodFriday,
  onWeekdays,
  weekendToMonday,
  WORKWEEK,
  type ExchangeRules,
} from './rules.ts'

const christmasEve = fixed(12, 24)
const newYearsEve = fixed(12, 31)
const HALF_DAY = { close: '14:00', extendedClose: '14:15' } as const

export const xmad: ExchangeRules = {
  exchange: 'XMAD',
  name: 'Bolsa de Madrid',
  timeZone: 'Europe/Madrid',
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
    { name: 'Epiphany', date: fixed(1, 6), until: 2007 },
    { name: 'Good Friday', date: goodFriday },
    { name: 'Easter Monday', date: easterMonday },
    { name: 'Labour Day', date: fixed(5, 1) },
    { name: 'Assumption Day', date: weekendToMonday(fixed(8, 15)), until: 2005 },
    { name: 'National Day', date: fixed(10, 12), until: 2005 },
    { name: "All Saints' Day", date: fixed(11, 1), until: 2005 },
    { name: 'Constitution Day', date: fixed(12, 6), until: 2005 },
    { name: 'Immaculate Conception', date: fixed(12, 8), until: 2005 },
    { name: 'Christmas Eve', date: christmasEve, until: 2011 },
    { name: 'Christmas Eve', date: christmasEve, from: 2021, until: 2024 },
    { name: 'Christmas Day', date: fixed(12, 25) },
    { name: 'Boxing Day', date: fixed(12, 26) },
    { name: "New Year's Eve", date: newYearsEve, until: 2011 },
    { name: "New Year's Eve", date: newYearsEve, from: 2021, until: 2024 },
  ],
  // From 2021 to 2023 both eves were closed.
  oddHours: [
    { name: 'Christmas Eve', date: onWeekdays(christmasEve, WORKWEEK), from: 2012, ...HALF_DAY },
    { name: "New Year's Eve", date: onWeekdays(newYearsEve, WORKWEEK), from: 2012, ...HALF_DAY },
  ],
  closures: {},
  oddDays: [],
}
