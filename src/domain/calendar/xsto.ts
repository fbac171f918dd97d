/**
 * Nasdaq Stockholm.
 * Sources: the exchange's yearly trading calendar. Hours are today's throughout.
 */
import {
  ascensionDay,
  daysAfter,
  easter,
  easterMonday,
  fixed,
  FRIDAY,
  goodFriday,
  weekdayOf,
  whitMonday,
  WORKWEEK,
  type DateRule,
  type ExchangeRules,
} from './rules.ts'
import { DAY_MS } from '../date.ts'

const HALF_DAY = { close: '13:00', extendedClose: '13:05' } as const

/** The first Friday on or after a date. */
function fridayFrom(month: number, date: number): DateRule {
  return (year) => {
    const day = Date.UTC(year, month - 1, date)
    return day + ((FRIDAY - weekdayOf(day) + 7) % 7) * DAY_MS
  }
}

export const xsto: ExchangeRules = {
  exchange: 'XSTO',
  name: 'Nasdaq Stockholm',
  timeZone: 'Europe/Stockholm',
  firstDay: '1990-01-01',
  hours: [
    {
      from: '1990-01-02',
      weekdays: WORKWEEK,
      open: '09:00',
      close: '17:30',
      extendedClose: '17:35',
    },
  ],
  holidays: [
    { name: "New Year's Day", date: fixed(1, 1) },
    { name: 'Epiphany', date: fixed(1, 6) },
    { name: 'Good Friday', date: goodFriday },
    { name: 'Easter Monday', date: easterMonday },
    { name: 'Labour Day', date: fixed(5, 1) },
    { name: 'Ascension Day', date: ascensionDay },
    // Given up in 2005 for the National Day.
    { name: 'Whit Monday', date: whitMonday, until: 2005 },
    { name: 'National Day', date: fixed(6, 6), from: 2005 },
    { name: 'Midsummer Eve', date: fridayFrom(6, 19) },
    { name: 'Christmas Eve', date: fixed(12, 24) },
    { name: 'Christmas Day', date: fixed(12, 25) },
    { name: 'Boxing Day', date: fixed(12, 26) },
    { name: "New Year's Eve", date: fixed(12, 31) },
  ],
  oddHours: [
    { name: 'Eve of Epiphany', date: fixed(1, 5), ...HALF_DAY },
    { name: 'Maundy Thursday', date: daysAfter(easter, -3), ...HALF_DAY },
    { name: 'Walpurgis Night', date: fixed(4, 30), ...HALF_DAY },
    { name: 'Eve of Ascension Day', date: daysAfter(ascensionDay, -1), ...HALF_DAY },
    { name: "All Saints' Eve", date: fridayFrom(10, 30), ...HALF_DAY },
  ],
  closures: {},
  oddDays: [],
}
