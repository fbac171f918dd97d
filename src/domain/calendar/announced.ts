/** Holds the days that somebody announces against a calendar. */
import type { Calendar } from './calendar.ts'

/** A day on which an exchange is said to be closed, or to close early at an instant. */
export interface AnnouncedDay {
  readonly day: number
  readonly name: string
  /** Null where it is closed all day. */
  readonly close: number | null
}

export interface AnnouncedDifference {
  readonly day: number
  readonly name: string
  /** When it closes, as it is announced and by the calendar; null: no session. */
  readonly announced: number | null
  readonly calendar: number | null
}

/**
 * Announced days of which the calendar knows another close, or a session where there is none, by day. Days
 * that are not announced say nothing: nobody announces all there are.
 */
export function announcedDifferences(
  calendar: Calendar,
  announced: readonly AnnouncedDay[],
): AnnouncedDifference[] {
  const byDay = new Map(announced.map((one) => [one.day, one]))
  return [...byDay.values()]
    .map(({ day, name, close }) => ({
      day,
      name,
      announced: close,
      calendar: calendar.session(day)?.close ?? null,
    }))
    .filter((one) => one.announced !== one.calendar)
    .toSorted((a, b) => a.day - b.day)
}
