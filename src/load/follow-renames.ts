/** Symbols of then and of now: work that names a former symbol is done under the present one. */
import type { Queryable } from '../db/connect.ts'
import { findRenamed, listAllAliases } from '../db/symbols.ts'
import { formatDate } from '../domain/date.ts'
import type { Entry } from '../archive/entry.ts'

export interface Followed {
  /** The present symbols, each once, in the order given. */
  readonly symbols: readonly string[]
  /** What to tell, by the present symbol. */
  readonly notes: ReadonlyMap<string, string>
}

/** The present symbols of what some symbols name or named last. */
export async function followRenames(db: Queryable, symbols: readonly string[]): Promise<Followed> {
  const renamed = await findRenamed(db, symbols)
  const notes = new Map<string, string>()
  for (const { symbol, now, sinceDay } of renamed.values()) {
    notes.set(now, `${symbol} is ${now} since ${formatDate(sinceDay)}`)
  }
  const present = symbols.map((symbol) => renamed.get(symbol)?.now ?? symbol)
  return { symbols: [...new Set(present)], notes }
}

/**
 * Whose archived answers are, by the present symbol: of what was asked for had its symbol on the first day
 * that the call names, or else last.
 */
export async function findOwners(
  db: Queryable,
  entries: readonly Entry[],
): Promise<(entry: Entry) => string> {
  const asked = new Set(entries.flatMap(({ bars }) => (bars === null ? [] : [bars.symbol])))
  const bySymbol = Map.groupBy(await listAllAliases(db, [...asked]), ({ symbol }) => symbol)
  return ({ bars, receivedAt }) => {
    const { symbol } = bars!
    const day = bars!.asked?.from ?? receivedAt
    const aliases = bySymbol.get(symbol) ?? []
    const then = aliases.find(
      ({ fromDay, untilDay }) => (fromDay ?? -Infinity) <= day && day < (untilDay ?? Infinity),
    )
    return (then ?? aliases.at(-1))?.now ?? symbol
  }
}
