/**
 * Markets without closing time, each day a session from midnight to midnight UTC: `24/7` for crypto
 * currencies, `24/5` for currencies on weekdays.
 */
import { WORKWEEK, type ExchangeRules } from './rules.ts'

const ALL_DAY = { open: '00:00', close: '24:00' } as const
const NO_EXCEPTIONS = { holidays: [], oddHours: [], closures: {}, oddDays: [] } as const

export const everyDay: ExchangeRules = {
  exchange: '24/7',
  name: 'Open every day, all day',
  timeZone: 'UTC',
  firstDay: '1970-01-01',
  hours: [{ from: '1970-01-01', weekdays: [...WORKWEEK, 6, 7], ...ALL_DAY }],
  ...NO_EXCEPTIONS,
}

export const everyWeekday: ExchangeRules = {
  exchange: '24/5',
  name: 'Open every weekday, all day',
  timeZone: 'UTC',
  firstDay: '1970-01-01',
  hours: [{ from: '1970-01-01', weekdays: WORKWEEK, ...ALL_DAY }],
  ...NO_EXCEPTIONS,
}
