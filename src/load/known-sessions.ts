/** Says where bars of an exchange without a calendar here are judged by New York's. */
import { findCalendar } from '../domain/calendar/registry.ts'
import type { Calendar } from '../domain/calendar/calendar.ts'
import type { OverviewAnswer } from '../providers/provider.ts'

/** What a symbol whose spelling names no exchange is taken for. */
const GUESSED = 'XNYS'

/**
 * A note where an answer's exchange has no calendar here and lies in another zone than New York, as long as no
 * person chose a calendar for the symbol; else null.
 * @param said what the answer says of the instrument
 */
export function unknownSessionsNote(
  symbol: string,
  said: Pick<OverviewAnswer, 'exchange' | 'metadata'>,
  calendar: Calendar,
): string | null {
  const zone = said.metadata['exchangeTimezoneName']
  if (calendar.exchange !== GUESSED || said.exchange === null || typeof zone !== 'string') {
    return null
  }
  if (zone === calendar.timeZone || findCalendar(said.exchange) !== null) return null
  return (
    `it trades at ${said.exchange} (${zone}), whose sessions are not known here, and is judged by New York's: ` +
    `bars of its other days are refused. PATCH /api/v1/stocks/${symbol} with {"exchange":"24/7"} takes each day for a session`
  )
}
