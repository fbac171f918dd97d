/**
 * Reads a price of now: from the `meta` of a chart, which needs no crumb, and from the vendor's own
 * answer to a quote.
 */
import { finiteOrNull, instantOf, isDelisted, priceScale, readChart, roundPrice } from './chart.ts'
import { textOrNull, zoneOf, type Chart } from './chart.ts'
import { documentOf, failureOfBody, isRecord, isSuccess, malformed } from './failure.ts'
import { noData, unknownSymbol, type JsonRecord } from './failure.ts'
import { isSameSymbol } from './request.ts'
import type { QuoteAnswer, VendorBody, VendorFailure } from '../provider.ts'

/** The quote in an answer of either kind. */
export function parseQuote(body: VendorBody, symbol: string): QuoteAnswer | VendorFailure {
  const layer = isSuccess(body.status) ? documentOf(body)?.['quoteResponse'] : null
  if (isRecord(layer) && Array.isArray(layer['result'])) return quoteOf(layer['result'], symbol)
  if (isRecord(layer)) return failureOfBody(body)
  const chart = readChart(body)
  return 'ok' in chart ? chart : quoteOfChart(chart, symbol)
}

/** A symbol that does not exist is left out of the list, and one that no longer does has no price. */
function quoteOf(results: readonly unknown[], symbol: string): QuoteAnswer | VendorFailure {
  const quotes = results.filter(isRecord)
  const quote =
    quotes.find((other) => isSameSymbol(String(other['symbol'] ?? ''), symbol)) ?? quotes[0]
  if (quote === undefined || quote['quoteType'] === 'NONE') return unknownSymbol(symbol)
  return makeQuote(quote, symbol, {
    open: quote['regularMarketOpen'],
    high: quote['regularMarketDayHigh'],
    low: quote['regularMarketDayLow'],
    previousClose: quote['regularMarketPreviousClose'],
    volume: quote['regularMarketVolume'],
  })
}

function quoteOfChart(chart: Chart, symbol: string): QuoteAnswer | VendorFailure {
  const { meta, quote } = chart
  const at = newestRow(chart)
  const ofRow = (name: string): unknown => {
    const column = quote[name]
    return Array.isArray(column) ? column[at] : undefined
  }
  // `chartPreviousClose` is that before the first row, which is today's only where one day was asked.
  const isOneDay = meta['range'] === '1d'
  return makeQuote(meta, symbol, {
    open: ofRow('open'),
    high: meta['regularMarketDayHigh'] ?? ofRow('high'),
    low: meta['regularMarketDayLow'] ?? ofRow('low'),
    previousClose: meta['previousClose'] ?? (isOneDay ? meta['chartPreviousClose'] : null),
    volume: meta['regularMarketVolume'] ?? ofRow('volume'),
  })
}

/** Index of the row of the session of the price, in an answer with daily rows; else -1. */
function newestRow({ meta, timestamps }: Chart): number {
  const zone = zoneOf(meta)
  if (zone === null || meta['dataGranularity'] !== '1d') return -1
  const day = zone.localDay(instantOf(meta['regularMarketTime']))
  return timestamps.findLastIndex((seconds) => zone.localDay(instantOf(seconds)) === day)
}

type QuoteValues = Readonly<Record<'open' | 'high' | 'low' | 'previousClose' | 'volume', unknown>>

function makeQuote(
  source: JsonRecord,
  asked: string,
  values: QuoteValues,
): QuoteAnswer | VendorFailure {
  const symbol = textOrNull(source['symbol'])
  const scale = priceScale(source)
  const price = priceOrNull(source['regularMarketPrice'], scale)
  if (symbol === null) return malformed('The quote has no symbol.')
  if (price === null) {
    return isDelisted(source) ? unknownSymbol(asked) : noData('The quote has no price.')
  }
  const zone = zoneOf(source)
  const sessionDay = zone?.localDay(instantOf(source['regularMarketTime'])) ?? Number.NaN
  if (Number.isNaN(sessionDay)) return malformed('The quote does not say of when it is.')
  return {
    ok: true,
    symbol: isSameSymbol(symbol, asked) ? asked : symbol,
    price,
    open: priceOrNull(values.open, scale),
    high: priceOrNull(values.high, scale),
    low: priceOrNull(values.low, scale),
    previousClose: priceOrNull(values.previousClose, scale),
    volume: finiteOrNull(values.volume),
    sessionDay,
  }
}

/** The vendor writes 0 where it has no price, as for the open of some indices. */
function priceOrNull(value: unknown, scale: number): number | null {
  const price = finiteOrNull(value)
  return price === null || price <= 0 ? null : roundPrice(price, scale)
}
