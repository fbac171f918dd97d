/** Bars of an exchange without a calendar here are not judged by New York's. */
import { getCalendar } from '../domain/calendar/registry.ts'
import type { Calendar } from '../domain/calendar/calendar.ts'
import { StockyardError } from '../domain/error.ts'
import type { OverviewAnswer } from '../providers/provider.ts'

/** What a symbol whose spelling names no exchange is taken for. */
const GUESSED = 'XNYS'

/**
 * Refuses an answer whose exchange has no calendar here and lies in another zone than New York, as long as no
 * person chose a calendar for the symbol.
 * @param said what the answer says of the instrument
 * @throws StockyardError `CALENDAR_UNKNOWN`
 */
export function requireKnownSessions(
  symbol: string,
  said: Pick<OverviewAnswer, 'exchange' | 'metadata'>,
  calendar: Calendar,
): void {
  const zone = said.metadata['exchangeTimezoneName']
  if (calendar.exchange !== GUESSED || said.exchange === null || typeof zone !== 'string') return
  if (zone === calendar.timeZone || hasCalendar(said.exchange)) return
  throw new StockyardError(
    'not-found',
    'CALENDAR_UNKNOWN',
    `${symbol} trades at ${said.exchange} (${zone}), whose sessions are not known; nothing was stored.`,
    {
      hint:
        `Choose a calendar: stockyard symbols add ${symbol}, then PATCH /api/v1/stocks/${symbol} with ` +
        `{"exchange":"24/7"}, which takes each day for a session, or with an exchange of the same sessions.`,
    },
  )
}

function hasCalendar(exchange: string): boolean {
  try {
    getCalendar(exchange)
    return true
  } catch (error) {
    if (error instanceof StockyardError && error.code === 'EXCHANGE_UNKNOWN') return false
    throw error
  }
}
