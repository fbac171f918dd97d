/** Reads what an answer says of an instrument as what may be filled in where nobody has said anything. */
import type { FirstReference } from '../db/first-reference.ts'
import { findCalendar, getCalendar } from '../domain/calendar/registry.ts'
import { plainFacts, storableText } from '../domain/plain-facts.ts'
import type { OverviewAnswer } from '../providers/provider.ts'

/** @param exchange by whose calendar the instrument's bars were read */
export function firstReference(
  provider: string,
  said: OverviewAnswer,
  exchange: string,
): FirstReference {
  return {
    provider,
    kind: said.kind,
    name: text(said.name),
    exchange: hasSessionsOf(said.exchange, exchange) ? said.exchange : null,
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
function hasSessionsOf(said: string | null, exchange: string): boolean {
  return said !== null && findCalendar(said) === getCalendar(exchange)
}
