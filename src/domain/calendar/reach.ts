/** The days about which a calendar may be asked: outside of them its rules would only guess. */
import { formatDate, parseDay } from '../date.ts'
import { StockyardError } from '../error.ts'
import type { Calendar } from './calendar.ts'

/** Beyond this day nobody's rules are worth a guess. */
const LAST_DAY = parseDay('2199-12-01')

/** @throws StockyardError `CALENDAR_TOO_EARLY`, or `PARAMETER_INVALID` for what is too late */
export function requireReach({ exchange, firstDay }: Calendar, day: number): void {
  if (day < firstDay) {
    const sentence = `The calendar of ${exchange} begins on ${formatDate(firstDay)}.`
    throw new StockyardError('usage', 'CALENDAR_TOO_EARLY', sentence, {
      hint: `Ask for days from ${formatDate(firstDay)} on.`,
    })
  }
  if (day <= LAST_DAY) return
  const sentence = `Calendars end on ${formatDate(LAST_DAY)}.`
  throw new StockyardError('usage', 'PARAMETER_INVALID', sentence, { hint: 'Check the year.' })
}
