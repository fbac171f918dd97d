/**
 * Reads the price of the newest session: an answer to `prev` (that session's aggregate), to
 * `open-close`, or a snapshot.
 */
import { parseDay } from '../../domain/date.ts'
import { getZone } from '../../domain/zone.ts'
import type { QuoteAnswer, VendorBody, VendorFailure } from '../provider.ts'
import { goodDocument, isRecord, malformed, noData, type JsonRecord } from './failure.ts'
import { isInstant } from './aggregates.ts'
import { vendorTicker } from './request.ts'

const NEW_YORK = 'America/New_York'
const NS_PER_MS = 1e6

/** The quote in an answer. */
export function parseQuote(body: VendorBody, symbol: string): QuoteAnswer | VendorFailure {
  const good = goodDocument(body)
  if (!good.ok) return good
  const { document } = good
  if (isRecord(document['ticker'])) return snapshotQuote(document['ticker'], symbol)
  if ('from' in document) return openCloseQuote(document, symbol)
  const results = document['results'] ?? []
  if (!Array.isArray(results) || !('results' in document || 'resultsCount' in document)) {
    return malformed('The answer is JSON without the quote that was asked for.')
  }
  if (results.length === 0) return noData('The answer has no results.')
  const row: unknown = results[results.length - 1]
  if (!isRecord(row)) return malformed('The quote is not an object.')
  const instant = numberOf(row['t'])
  if (instant === null || !isInstant(instant)) return malformed('The quote has no time.')
  return quoteOf(row['T'] ?? document['ticker'], symbol, getZone(NEW_YORK).localDay(instant), {
    price: row['c'],
    open: row['o'],
    high: row['h'],
    low: row['l'],
    volume: row['v'],
    previousClose: null,
  })
}

function openCloseQuote(document: JsonRecord, symbol: string): QuoteAnswer | VendorFailure {
  const from = document['from']
  // Some old answers have a date and time here.
  const day = typeof from === 'string' ? parseDay(from.slice(0, 10)) : Number.NaN
  if (Number.isNaN(day)) return malformed('The quote has no date.')
  return quoteOf(document['symbol'], symbol, day, {
    price: document['close'],
    open: document['open'],
    high: document['high'],
    low: document['low'],
    volume: document['volume'],
    previousClose: null,
  })
}

/** `day` is all zeros from 03:30 until the first trade of the day: then there is only the last trade. */
function snapshotQuote(ticker: JsonRecord, symbol: string): QuoteAnswer | VendorFailure {
  const day = isRecord(ticker['day']) ? ticker['day'] : {}
  const previous = isRecord(ticker['prevDay']) ? ticker['prevDay'] : {}
  const trade = isRecord(ticker['lastTrade']) ? ticker['lastTrade'] : {}
  const updated = numberOf(ticker['updated'])
  // Nanoseconds, more than a double holds exactly; a date needs no more than it does hold.
  const instant = updated === null ? Number.NaN : updated / NS_PER_MS
  if (!isInstant(instant)) return malformed('The snapshot has no time.')
  return quoteOf(ticker['ticker'], symbol, getZone(NEW_YORK).localDay(instant), {
    price: numberOf(day['c']) || trade['p'],
    open: zeroAsNull(day['o']),
    high: zeroAsNull(day['h']),
    low: zeroAsNull(day['l']),
    volume: zeroAsNull(day['v']),
    previousClose: zeroAsNull(previous['c']),
  })
}

interface QuoteValues {
  readonly price: unknown
  readonly open: unknown
  readonly high: unknown
  readonly low: unknown
  readonly volume: unknown
  readonly previousClose: unknown
}

function quoteOf(
  ticker: unknown,
  asked: string,
  sessionDay: number,
  values: QuoteValues,
): QuoteAnswer | VendorFailure {
  if (typeof ticker !== 'string' || ticker === '') return malformed('The quote has no ticker.')
  const price = numberOf(values.price)
  if (price === null || price <= 0) return malformed('The quote has no price.')
  return {
    ok: true,
    symbol: ticker === vendorTicker(asked) ? asked : ticker,
    price,
    open: numberOf(values.open),
    high: numberOf(values.high),
    low: numberOf(values.low),
    previousClose: numberOf(values.previousClose),
    volume: numberOf(values.volume),
    sessionDay,
  }
}

function numberOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null
}

function zeroAsNull(value: unknown): unknown {
  return value === 0 ? null : value
}
