/** The calendars by which bars are read: as built in, with the changes that the store has recorded. */
import { listClosures } from '../db/closures.ts'
import type { Queryable } from '../db/connect.ts'
import type { Calendar } from '../domain/calendar/calendar.ts'
import { applyCalendarChanges, type CalendarChange } from '../domain/calendar/changes.ts'
import { getCalendar } from '../domain/calendar/registry.ts'

/** Calendars with the changes last seen, since making one anew for each question would forget its years. */
const known = { changes: '[]', calendars: new Map<string, Calendar>() }

/**
 * The calendar of an exchange, with its recorded closures and odd hours.
 * @throws StockyardError `EXCHANGE_UNKNOWN`
 */
export async function readCalendar(db: Queryable, exchange: string): Promise<Calendar> {
  return calendarWith(exchange, await listClosures(db))
}

/**
 * The calendar of an exchange with changes of the store that were read already.
 * @throws StockyardError `EXCHANGE_UNKNOWN`
 */
export function calendarWith(exchange: string, changes: readonly CalendarChange[]): Calendar {
  const builtIn = getCalendar(exchange)
  if (changes.length === 0) return builtIn
  const text = JSON.stringify(changes)
  if (text !== known.changes) {
    known.changes = text
    known.calendars.clear()
  }
  const held = known.calendars.get(builtIn.exchange)
  if (held !== undefined) return held
  const made = applyCalendarChanges(builtIn, changes)
  known.calendars.set(builtIn.exchange, made)
  return made
}
