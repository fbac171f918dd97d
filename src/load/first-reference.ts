/** Reads what an answer says of an instrument as what may be filled in where nobody has said anything. */
import type { FirstReference } from '../db/first-reference.ts'
import type { Calendar } from '../domain/calendar/calendar.ts'
import { getCalendar } from '../domain/calendar/registry.ts'
import { StockyardError } from '../domain/error.ts'
import { plainFacts, storableText } from '../domain/plain-facts.ts'
import type { OverviewAnswer } from '../providers/provider.ts'

/** @param calendar by which the instrument's bars were read */
export function firstReference(
  provider: string,
  said: OverviewAnswer,
  calendar: Calendar,
): FirstReference {
  return {
    provider,
    kind: said.kind,
    name: text(said.name),
    exchange: hasSessionsOf(said.exchange, calendar) ? said.exchange : null,
    currency: text(said.currency),
    sector: text(said.sector),
    industry: text(said.industry),
    listedDay: said.listedDay ?? null,
    delistedDay: said.delistedDay ?? null,
    metadata: plainFacts(said.metadata),
  }
}

function text(value: string | null): string | null {
  return value === null ? null : storableText(value)
}

/** What is covered was found out by a calendar: an exchange with another one is for a person to take over. */
function hasSessionsOf(exchange: string | null, calendar: Calendar): boolean {
  if (exchange === null) return false
  try {
    return getCalendar(exchange).exchange === calendar.exchange
  } catch (error) {
    if (error instanceof StockyardError && error.code === 'EXCHANGE_UNKNOWN') return false
    throw error
  }
}
