/** Yahoo's search and quotes of many symbols. */
import type { Listing } from './listings.ts'
import type { Market } from './market.ts'
import type { Params, WireAnswer } from './vendor.ts'
import { latestPrices, secondsOf, wordsOf } from './yahoo-meta.ts'
import { errorAnswer, jsonAnswer, refuse } from './yahoo-refusals.ts'
import { makeView } from './yahoo-rows.ts'

const QUOTES_DEFAULT = 7

/** The answer to `/v1/finance/search`: listings whose symbol or name has the words, the best first. */
export function searchAnswer(market: Market, params: Params): WireAnswer {
  const words = (params['q'] ?? '').trim().toLowerCase()
  const count = Number(params['quotesCount'] ?? QUOTES_DEFAULT)
  const named = market.listing(words.toUpperCase())
  const known = market.listings()
  const all = named === null || known.some(({ symbol }) => symbol === named.symbol)
  const quotes = [...known, ...(all ? [] : [named])]
    .map((listing) => ({ listing, score: scoreOf(listing, words) }))
    .filter(({ score }) => score > 0)
    .toSorted((a, b) => b.score - a.score || (a.listing.symbol < b.listing.symbol ? -1 : 1))
    .slice(0, count)
    .map(({ listing, score }) => searchQuote(listing, score))
  return jsonAnswer(200, {
    explains: [],
    count: quotes.length,
    quotes,
    news: [],
    nav: [],
    lists: [],
    researchReports: [],
    screenerFieldResults: [],
    totalTime: 1,
    timeTakenForQuotes: 1,
    timeTakenForNews: 0,
    timeTakenForAlgowatchlist: 0,
    timeTakenForPredefinedScreener: 0,
    timeTakenForCrunchbase: 0,
    timeTakenForNav: 0,
    timeTakenForResearchReports: 0,
    timeTakenForScreenerField: 0,
    timeTakenForCulturalAssets: 0,
    timeTakenForSearchLists: 0,
  })
}

function searchQuote(listing: Listing, score: number): object {
  const words = wordsOf(listing)
  const { sector, industry } = listing
  return {
    exchange: words.exchange,
    shortname: words.name,
    quoteType: words.type,
    symbol: words.symbol,
    index: 'quotes',
    score,
    typeDisp: words.type === 'ETF' ? 'ETF' : 'Equity',
    longname: words.name,
    exchDisp: words.exchangeShown,
    ...(sector === '' ? {} : { sector, sectorDisp: sector, industry, industryDisp: industry }),
    isYahooFinance: true,
  }
}

/** Numbers of the size that the vendor gives. */
function scoreOf({ symbol, name }: Listing, words: string): number {
  if (words === '') return 0
  if (symbol.toLowerCase() === words || name.toLowerCase() === words) return 39_000
  if (symbol.toLowerCase().startsWith(words)) return 21_000
  return name.toLowerCase().includes(words) ? 20_000 : 0
}

/** The answer to `/v7/finance/quote`. Symbols that do not exist are left out. */
export function quoteAnswer(market: Market, params: Params, crumb: string): WireAnswer {
  const { symbols } = params
  if (symbols === undefined || symbols === '') {
    const description = 'Missing required query parameter=symbols'
    return errorAnswer(400, 'finance', 'Bad Request', description)
  }
  if (crumb === '' || crumb === 'invalid') return refuse('key', params)
  const quotes = symbols
    .split(',')
    .map((symbol) => quoteOf(market, symbol.toUpperCase().replace('-', '.')))
  const result = quotes.filter((quote) => quote !== null)
  return jsonAnswer(200, { quoteResponse: { result, error: null } })
}

function quoteOf(market: Market, symbol: string): object | null {
  const listing = market.listing(symbol)
  const view = listing === null ? null : makeView(market, symbol)
  if (listing === null || view === null) return null
  const words = wordsOf(listing)
  const prices = latestPrices(view)
  const previous = prices.previousClose ?? prices.open
  return {
    language: 'en-US',
    region: 'US',
    quoteType: words.type,
    typeDisp: words.type === 'ETF' ? 'ETF' : 'Equity',
    shortName: words.name,
    longName: words.name,
    marketState: stateOf(market),
    regularMarketChangePercent: ((prices.price - previous) / previous) * 100,
    regularMarketPrice: prices.price,
    currency: 'USD',
    exchange: words.exchange,
    exchangeTimezoneName: market.calendar.timeZone,
    market: 'us_market',
    regularMarketTime: secondsOf(view.lastTrade),
    regularMarketChange: prices.price - previous,
    regularMarketDayHigh: prices.high,
    regularMarketDayLow: prices.low,
    regularMarketVolume: prices.volume,
    regularMarketPreviousClose: previous,
    fullExchangeName: words.exchangeName,
    regularMarketOpen: prices.open,
    fiftyTwoWeekHigh: prices.yearHigh,
    fiftyTwoWeekLow: prices.yearLow,
    hasPrePostMarketData: true,
    priceHint: 2,
    tradeable: false,
    symbol: words.symbol,
  }
}

function stateOf(market: Market): string {
  const now = market.now()
  const session = market.calendar.sessionAt(now)
  if (session === null) return 'CLOSED'
  if (now < session.open) return 'PRE'
  return now < session.close ? 'REGULAR' : 'POST'
}
