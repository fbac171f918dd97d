/** The parameter `exchange` of lists: one market, by whichever of its names it is called here and in the store. */
import { Type } from 'typebox'
import type { Queryable } from '../db/connect.ts'
import { listStoredExchanges } from '../db/instruments.ts'
import { findMarketNames, listMarketNames } from '../domain/calendar/registry.ts'
import { StockyardError } from '../domain/error.ts'
import { nearestName } from './nearest.ts'
import { text } from './schemas.ts'

export const exchangeFilter = Type.Optional(
  text(40, {
    description: 'Only of this exchange, by its ISO 10383 code or another of its names.',
    examples: ['XNAS', 'NYSE'],
  }),
)

/**
 * All names under which instruments of an exchange may be stored, upper case.
 * @throws StockyardError `EXCHANGE_UNKNOWN` where neither Stockyard nor the store knows it
 */
export async function namesOfExchange(db: Queryable, typed: string): Promise<readonly string[]> {
  const names = findMarketNames(typed)
  if (names !== null) return names
  const name = typed.trim().toUpperCase()
  // Vendors list stocks of exchanges whose calendars are not known here.
  const stored = await listStoredExchanges(db)
  if (stored.includes(name)) return [name]
  const nearest = nearestName(name, [...listMarketNames(), ...stored])
  throw new StockyardError(
    'usage',
    'EXCHANGE_UNKNOWN',
    `There is no exchange ${JSON.stringify(typed.slice(0, 40))} here.`,
    {
      hint:
        nearest === null
          ? 'Use an ISO 10383 code such as XNAS, or a name such as NYSE.'
          : `Did you mean "${nearest}"?`,
    },
  )
}
