/** Reads an answer to GLOBAL_QUOTE: the newest price of a symbol, without a time of day. */
import { parseDay } from '../../domain/date.ts'
import { parseDecimal } from './decimal.ts'
import { readTable } from './csv-table.ts'
import { documentOf, failureOfBody, failureOfDocument } from './failure.ts'
import { isRecord, isSample, isSuccess, malformed, unknownSymbol } from './failure.ts'
import { isSameSymbol } from './request.ts'
import type { QuoteAnswer, VendorBody, VendorFailure } from '../provider.ts'

/** Names of the values, in JSON behind a number and in CSV. */
const NAMES = {
  sessionDay: ['latest trading day', 'latestDay'],
  previousClose: ['previous close', 'previousClose'],
} as const

/** The quote in an answer, JSON or CSV. An unknown symbol is answered with an empty quote. */
export function parseQuote(body: VendorBody, symbol: string): QuoteAnswer | VendorFailure {
  if (!isSuccess(body.status)) return failureOfBody(body)
  const document = documentOf(body)
  if (document === null) return parseCsvQuote(body, symbol)
  const name = Object.keys(document).find((key) => key.startsWith('Global Quote'))
  const quote = name === undefined ? null : document[name]
  if (!isRecord(quote) || isSample(document)) return failureOfDocument(body.status, document)
  if (Object.keys(quote).length === 0) return unknownSymbol(symbol)
  const entries = Object.entries(quote).map(([key, value]): [string, unknown] => [
    key.replace(/^\d+\. /, ''),
    value,
  ])
  return quoteOf(new Map(entries), symbol)
}

function parseCsvQuote(body: VendorBody, symbol: string): QuoteAnswer | VendorFailure {
  const rows = readTable(new TextDecoder().decode(body.bytes), 'symbol')
  if (rows === null) return failureOfBody(body)
  const row = rows[0]
  return row === undefined ? unknownSymbol(symbol) : quoteOf(new Map(Object.entries(row)), symbol)
}

function quoteOf(values: ReadonlyMap<string, unknown>, asked: string): QuoteAnswer | VendorFailure {
  const symbol = values.get('symbol')
  const price = numberOf(values.get('price'))
  const date = NAMES.sessionDay.map((name) => values.get(name)).find((value) => value !== undefined)
  const sessionDay = typeof date === 'string' ? parseDay(date) : Number.NaN
  if (typeof symbol !== 'string' || symbol === '') return malformed('The quote has no symbol.')
  if (price === null || price <= 0) return malformed('The quote has no price.')
  if (Number.isNaN(sessionDay)) return malformed('The quote has no latest trading day.')
  const previous = NAMES.previousClose.map((name) => numberOf(values.get(name)))
  return {
    ok: true,
    symbol: isSameSymbol(symbol, asked) ? asked : symbol,
    price,
    open: numberOf(values.get('open')),
    high: numberOf(values.get('high')),
    low: numberOf(values.get('low')),
    previousClose: previous.find((value) => value !== null) ?? null,
    volume: numberOf(values.get('volume')),
    sessionDay,
  }
}

/** The number of a text or a JSON number; null for anything else. */
function numberOf(value: unknown): number | null {
  if (typeof value === 'number') return Number.isFinite(value) ? value : null
  if (typeof value !== 'string') return null
  const bytes = new TextEncoder().encode(value)
  const number = parseDecimal(bytes, 0, bytes.length)
  return Number.isNaN(number) ? null : number
}
