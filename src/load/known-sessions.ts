/** What the run says of an answer: where bars of an exchange without a calendar here are judged by New York's, too. */
import { findCalendar } from '../domain/calendar/registry.ts'
import type { Calendar } from '../domain/calendar/calendar.ts'
import type { BarAnswer, OverviewAnswer } from '../providers/provider.ts'

/** What a symbol whose spelling names no exchange is taken for. */
const GUESSED = 'XNYS'

/** What there is to note of an answer with bars. */
export function answerNotes(
  symbol: string,
  { notes, overview }: BarAnswer,
  calendar: Calendar,
): readonly string[] {
  const guessed = overview === undefined ? null : unknownSessionsNote(symbol, overview, calendar)
  return guessed === null ? notes : [...notes, guessed]
}

/**
 * A note where an answer's exchange has no calendar here and lies in another zone than New York, as long as no
 * person chose a calendar for the symbol; else null.
 * @param said what the answer says of the instrument
 */
function unknownSessionsNote(
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
    `bars of its other days are refused. stockyard symbols add ${symbol} --exchange 24/7 takes each day for a session`
  )
}
