/** Reads what an instrument is, from the `meta` of a chart, and which there are, from a search. */
import { finiteOrNull, isDelisted, readChart, textOrNull } from './chart.ts'
import { currencyUnit } from './currency-unit.ts'
import { micOf } from './exchanges.ts'
import { documentOf, failureOfBody, isRecord, isSuccess, malformed } from './failure.ts'
import { unknownSymbol, type JsonRecord } from './failure.ts'
import { isSameSymbol } from './request.ts'
import type { OverviewAnswer, SearchAnswer, SearchMatch } from '../provider.ts'
import type { VendorBody, VendorFailure } from '../provider.ts'

/** Kinds by the vendor's type of an instrument. */
const KINDS: Readonly<Record<string, OverviewAnswer['kind']>> = {
  EQUITY: 'stock',
  ETF: 'etf',
  INDEX: 'index',
  CURRENCY: 'currency',
  CRYPTOCURRENCY: 'currency',
}

/** Entries of `meta` that have a place of their own, or that say something of the call and not of the instrument. */
const OWN_FIELDS: ReadonlySet<string> = new Set([
  'symbol',
  'currency',
  'range',
  'validRanges',
  'dataGranularity',
  'tradingPeriods',
  'currentTradingPeriod',
])

/** Entries of `meta` that are of the moment: prices, and the offset that changes with the season. */
const PASSING_FIELDS =
  /^(?:regularMarket|preMarket|postMarket|fiftyTwoWeek)|^(?:chartPreviousClose|previousClose|gmtoffset|timezone)$/

/** The overview in a chart answer. Sector and industry are not in it. */
export function parseOverview(body: VendorBody, symbol: string): OverviewAnswer | VendorFailure {
  const chart = readChart(body)
  if ('ok' in chart) return chart
  const { meta } = chart
  if (isDelisted(meta)) return unknownSymbol(symbol)
  return overviewOf(meta, symbol) ?? malformed('The answer does not say what it is of.')
}

/** What an answer with bars says of the instrument besides; null where it says nothing. */
export function overviewBeside(meta: JsonRecord, symbol: string): OverviewAnswer | null {
  return overviewOf(lastingFields(meta), symbol)
}

/** What an answer says of the series of its bars. */
export function seriesMetadata(meta: JsonRecord): JsonRecord {
  const { range: _range, ...ofSeries } = lastingFields(meta)
  return ofSeries
}

function lastingFields(meta: JsonRecord): JsonRecord {
  const lasting = Object.entries(meta).filter(([key]) => !PASSING_FIELDS.test(key))
  return Object.fromEntries(lasting)
}

function overviewOf(meta: JsonRecord, symbol: string): OverviewAnswer | null {
  const answered = textOrNull(meta['symbol'])
  const type = textOrNull(meta['instrumentType'])
  if (answered === null || type === null) return null
  const exchange = textOrNull(meta['exchangeName'])
  const unit = currencyUnit(meta['currency'])
  const others = Object.entries(meta).filter(([key]) => !OWN_FIELDS.has(key))
  return {
    ok: true,
    symbol: isSameSymbol(answered, symbol) ? symbol : answered,
    name: textOrNull(meta['longName']) ?? textOrNull(meta['shortName']),
    kind: KINDS[type] ?? 'other',
    exchange: exchange === null ? null : micOf(exchange),
    // As prices are quoted, be it pence.
    currency: textOrNull(meta['currency']),
    sector: null,
    industry: null,
    metadata: {
      ...Object.fromEntries(others),
      ...(unit === null
        ? {}
        : { mainCurrency: unit.currency, unitsPerMainCurrency: unit.perCurrency }),
    },
  }
}

/** The matches of a search, best first; none is a good answer. */
export function parseSearch(body: VendorBody): SearchAnswer | VendorFailure {
  const quotes = isSuccess(body.status) ? documentOf(body)?.['quotes'] : null
  if (!Array.isArray(quotes)) return failureOfBody(body)
  // Companies that are not traded come without a symbol.
  const found = quotes.filter(isRecord).filter((quote) => textOrNull(quote['symbol']) !== null)
  // Scores are numbers of the vendor's own, some 20,000 to 40,000 for good matches.
  const best = found.reduce((most, quote) => Math.max(most, finiteOrNull(quote['score']) ?? 0), 0)
  const matches = found.map((quote): SearchMatch => {
    const score = finiteOrNull(quote['score']) ?? 0
    return {
      symbol: textOrNull(quote['symbol'])!,
      name: textOrNull(quote['longname']) ?? textOrNull(quote['shortname']) ?? '',
      kind: textOrNull(quote['typeDisp']) ?? textOrNull(quote['quoteType']) ?? '',
      region: textOrNull(quote['exchDisp']) ?? textOrNull(quote['exchange']) ?? '',
      // The vendor does not say.
      currency: '',
      score: best > 0 ? Math.max(0, score / best) : 0,
    }
  })
  return { ok: true, matches: matches.toSorted((a, b) => b.score - a.score) }
}
