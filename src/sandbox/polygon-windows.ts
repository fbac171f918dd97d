/** Polygon's windows of aggregates: where each begins on New York's clock, and where the next one does. */
import type { Calendar } from '../domain/calendar/calendar.ts'
import { DAY_MS } from '../domain/date.ts'
import type { Interval } from '../domain/interval.ts'

/** Windows of one length. Their starts are instants for minutes and hours, and days for longer ones. */
export interface Windows {
  /** What windows are made of. */
  readonly base: 'minute' | 'day'
  /** The interval of the market that has these windows; null where it has none. */
  readonly interval: Interval | null
  /** The start of the window that holds an instant or a day. */
  startOf(ts: number): number
  /** The start of the window after the one that begins at `start`. */
  nextOf(start: number): number
}

const MINUTES: Readonly<Record<string, number>> = { minute: 1, hour: 60 }
const MONTHS: Readonly<Record<string, number>> = { month: 1, quarter: 3, year: 12 }
const INTERVALS: ReadonlyMap<number, Interval> = new Map([
  [1, '1m'],
  [5, '5m'],
  [15, '15m'],
  [30, '30m'],
  [60, '1h'],
])
/** 1970-01-04, the first Sunday: the vendor's weeks begin on Sundays. */
const FIRST_SUNDAY = 3 * DAY_MS

/** The windows of a multiplier and a timespan; null where the vendor has none such. */
export function findWindows(
  multiplier: number,
  timespan: string,
  calendar: Calendar,
): Windows | null {
  if (!Number.isInteger(multiplier) || multiplier < 1) return null
  const minutes = MINUTES[timespan]
  const months = MONTHS[timespan]
  if (minutes !== undefined) return minuteWindows(multiplier * minutes, calendar)
  if (months !== undefined) return monthWindows(multiplier * months)
  if (timespan === 'day') return dayWindows(multiplier, 0, multiplier === 1 ? '1d' : null)
  return timespan === 'week' ? dayWindows(multiplier * 7, FIRST_SUNDAY, null) : null
}

/** Windows count from midnight; no session is on while the clocks change. */
function minuteWindows(minutes: number, calendar: Calendar): Windows {
  const stepMs = minutes * 60_000
  const midnightOf = (ts: number): number => calendar.instantAt(calendar.localDay(ts), 0)
  return {
    base: 'minute',
    interval: INTERVALS.get(minutes) ?? null,
    startOf(ts) {
      const midnight = midnightOf(ts)
      return midnight + Math.floor((ts - midnight) / stepMs) * stepMs
    },
    nextOf(start) {
      const tomorrow = calendar.instantAt(calendar.localDay(start) + DAY_MS, 0)
      return Math.min(start + stepMs, tomorrow)
    },
  }
}

function dayWindows(days: number, origin: number, interval: Interval | null): Windows {
  const stepMs = days * DAY_MS
  return {
    base: 'day',
    interval,
    startOf: (day) => origin + Math.floor((day - origin) / stepMs) * stepMs,
    nextOf: (start) => start + stepMs,
  }
}

function monthWindows(months: number): Windows {
  const startOf = (day: number, ahead: number): number => {
    const date = new Date(day)
    const month = (date.getUTCFullYear() - 1970) * 12 + date.getUTCMonth()
    return Date.UTC(1970, (Math.floor(month / months) + ahead) * months, 1)
  }
  return {
    base: 'day',
    interval: null,
    startOf: (day) => startOf(day, 0),
    nextOf: (start) => startOf(start, 1),
  }
}
