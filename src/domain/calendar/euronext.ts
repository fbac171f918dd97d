/**
 * What the Euronext exchanges of Paris, Amsterdam and Brussels have in common: hours, and the holidays
 * that they agreed on after their merger.
 * Sources: Euronext's yearly calendar of business days. Hours are today's throughout.
 */
import {
  ascensionDay,
  easterMonday,
  fixed,
  goodFriday,
  onWeekdays,
  whitMonday,
  WORKWEEK,
  type ExchangeRules,
  type HolidayRule,
} from './rules.ts'

const HALF_DAY = { close: '14:05', extendedClose: '14:15' } as const

/** Kept by Amsterdam and Brussels until the calendars became one. */
export const ASCENSION_DAY: HolidayRule = { name: 'Ascension Day', date: ascensionDay, until: 2001 }

/** Rules of one of the exchanges, with the national holidays that it gave up. */
export function euronextRules(
  place: Pick<ExchangeRules, 'exchange' | 'name' | 'timeZone'>,
  national: readonly HolidayRule[],
): ExchangeRules {
  return {
    ...place,
    firstDay: '1990-01-01',
    hours: [
      {
        from: '1990-01-02',
        weekdays: WORKWEEK,
        open: '09:00',
        close: '17:30',
        extendedClose: '17:40',
      },
    ],
    holidays: [
      { name: "New Year's Day", date: fixed(1, 1) },
      { name: 'Good Friday', date: goodFriday },
      { name: 'Easter Monday', date: easterMonday },
      { name: 'Labour Day', date: fixed(5, 1) },
      { name: 'Whit Monday', date: whitMonday, until: 2002 },
      { name: 'Christmas Day', date: fixed(12, 25) },
      { name: 'Boxing Day', date: fixed(12, 26) },
      { name: "New Year's Eve", date: fixed(12, 31), until: 2002 },
      ...national,
    ],
    oddHours: [
      { name: 'Christmas Eve', date: onWeekdays(fixed(12, 24), WORKWEEK), ...HALF_DAY },
      {
        name: "New Year's Eve",
        date: onWeekdays(fixed(12, 31), WORKWEEK),
        from: 2002,
        ...HALF_DAY,
      },
    ],
    closures: {},
    oddDays: [],
  }
}
