/** Reads the symbols that a listing has had: the vendor's events of a ticker. */
import { parseDay } from '../../domain/date.ts'
import type { SymbolHistoryAnswer, SymbolSince } from '../provider.ts'
import type { VendorBody, VendorFailure } from '../provider.ts'
import { asUnknownSymbol, goodDocument, isRecord, malformed } from './failure.ts'

/**
 * The symbols of a listing, oldest first, each with the day since which it is so called; the first day is
 * that of the vendor's history, or of the listing. Events of other kinds are passed over.
 */
export function parseSymbolHistory(body: VendorBody): SymbolHistoryAnswer | VendorFailure {
  const good = goodDocument(body)
  if (!good.ok) return asUnknownSymbol(good)
  const { results } = good.document
  const events = isRecord(results) ? results['events'] : null
  if (!Array.isArray(events)) return malformed('The answer is JSON without the events of a ticker.')
  const changes = events.filter((event) => isRecord(event) && event['type'] === 'ticker_change')
  const symbols = changes.map(symbolOf)
  const readable = symbols.filter((symbol) => symbol !== null)
  if (readable.length < symbols.length) {
    return malformed('A change of the ticker has no day or no ticker.')
  }
  return { ok: true, symbols: readable.toSorted((a, b) => a.day - b.day) }
}

function symbolOf(event: unknown): SymbolSince | null {
  if (!isRecord(event)) return null
  const { date, ticker_change: change } = event
  const symbol = isRecord(change) ? change['ticker'] : null
  const day = typeof date === 'string' ? parseDay(date) : Number.NaN
  return typeof symbol !== 'string' || symbol === '' || Number.isNaN(day) ? null : { symbol, day }
}
