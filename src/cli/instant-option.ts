/** Instants as people type them, and as they are shown. */
import { DAY_MS, formatDate, parseDay } from '../domain/date.ts'
import { StockyardError } from '../domain/error.ts'
import type { Calendar } from '../domain/calendar/calendar.ts'

const WALL_CLOCK = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}):(\d{2})(?::(\d{2})(\.\d{1,3})?)?$/
const WITH_ZONE = /^(\d{4}-\d{2}-\d{2})[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})$/i

/** A moment that was asked about: an instant, or all of a date on the exchange. */
export type Moment = { readonly instant: number } | { readonly day: number }

/**
 * Reads `2024-07-03T17:30:00Z`, an offset in place of Z, a time without either (on the exchange's own
 * clock), or a date alone.
 * @throws StockyardError `INSTANT_INVALID`
 */
export function readMoment(text: string, calendar: Calendar): Moment {
  const typed = text.trim()
  const day = parseDay(typed)
  if (!Number.isNaN(day)) return { day }
  const instant = WITH_ZONE.test(typed) ? instantWithZone(typed) : instantOnWall(typed, calendar)
  if (!Number.isNaN(instant)) return { instant }
  throw new StockyardError('usage', 'INSTANT_INVALID', `"${text}" is not a time.`, {
    hint: 'Write 2024-07-03T17:30:00Z, 2024-07-03T13:30 on the exchange’s clock, or a date alone.',
  })
}

function instantWithZone(typed: string): number {
  const date = parseDay(typed.slice(0, 10))
  return Number.isNaN(date) ? Number.NaN : Date.parse(typed.replace(' ', 'T').toUpperCase())
}

function instantOnWall(typed: string, calendar: Calendar): number {
  const match = WALL_CLOCK.exec(typed)
  const day = match === null ? Number.NaN : parseDay(match[1]!)
  if (match === null || Number.isNaN(day)) return Number.NaN
  const hours = Number(match[2])
  const minutes = Number(match[3])
  const seconds = Number(match[4] ?? '0') + Number(match[5] ?? '0')
  if (hours > 23 || minutes > 59 || seconds >= 60) return Number.NaN
  return calendar.instantAt(day, hours * 60 + minutes) + Math.round(seconds * 1000)
}

/** `2024-01-02T14:30:00Z`; milliseconds only where there are some. */
export function formatInstant(instant: number): string {
  return new Date(instant).toISOString().replace('.000Z', 'Z')
}

/** `09:30` on the exchange's clock. */
export function formatWallTime(instant: number, calendar: Calendar): string {
  const midnight = calendar.instantAt(calendar.localDay(instant), 0)
  // The clock changes at night, so that the hours since midnight would be wrong on such a day.
  const noon = calendar.instantAt(calendar.localDay(instant), 720)
  const shift = noon - midnight - DAY_MS / 2
  const minutes = Math.floor((instant - midnight - shift) / 60_000)
  return `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`
}

/** `Wed 2024-07-03`. */
export function formatWeekday(day: number): string {
  const names = ['Thu', 'Fri', 'Sat', 'Sun', 'Mon', 'Tue', 'Wed']
  return `${names[((Math.floor(day / DAY_MS) % 7) + 7) % 7]} ${formatDate(day)}`
}
