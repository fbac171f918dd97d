/** What Yahoo says about a listing beside its rows: names, zone, latest price, hours of trading. */
import type { Session } from '../domain/calendar/calendar.ts'
import { DAY_MS } from '../domain/date.ts'
import { splitRatioBetween } from './corporate-actions.ts'
import type { Listing } from './listings.ts'
import { RANGES, type ChartQuery } from './yahoo-period.ts'
import type { ChartView } from './yahoo-rows.ts'

/** Put behind every name, so that no answer passes for a real one. */
const MARK = '(SIMULATED)'
const ZONE = 'America/New_York'

/** The vendor's codes and names of exchanges, and what it calls them in a search. */
const EXCHANGES: Readonly<Record<string, readonly [code: string, name: string, shown: string]>> = {
  NASDAQ: ['NMS', 'NasdaqGS', 'NASDAQ'],
  NYSE: ['NYQ', 'NYSE', 'NYSE'],
  'NYSE ARCA': ['PCX', 'NYSEArca', 'NYSEArca'],
}

/** The vendor's names of indices, by those of the market. */
const INDICES: Readonly<Record<string, string>> = {
  'I:SPX': '^GSPC',
  'I:DJI': '^DJI',
  'I:COMP': '^IXIC',
  'I:NDX': '^NDX',
  'I:RUT': '^RUT',
  'I:VIX': '^VIX',
}

/** The market's symbol of what the vendor calls by one: the dash before a class of shares is a dot there. */
export function marketSymbol(asked: string): string {
  const symbol = asked.toUpperCase()
  const index = Object.entries(INDICES).find(([, name]) => name === symbol)
  // Nothing goes by the market's own name of an index.
  return index?.[0] ?? symbol.replace('-', '.').replace(':', '')
}

/** A listing in the vendor's words. */
export interface ListingWords {
  readonly symbol: string
  readonly name: string
  readonly exchange: string
  readonly exchangeName: string
  readonly exchangeShown: string
  readonly type: 'EQUITY' | 'ETF' | 'INDEX'
}

/** A listing in the vendor's words; classes of shares follow a dash. */
export function wordsOf(listing: Listing): ListingWords {
  if (listing.kind === 'Index') return indexWords(listing)
  const [exchange, exchangeName, exchangeShown] = EXCHANGES[listing.exchange] ?? EXCHANGES['NYSE']!
  return {
    symbol: listing.symbol.replace('.', '-'),
    name: `${listing.name} ${MARK}`,
    exchange,
    exchangeName,
    exchangeShown,
    type: listing.kind === 'ETF' ? 'ETF' : 'EQUITY',
  }
}

function indexWords({ symbol, name, exchange }: Listing): ListingWords {
  return {
    symbol: INDICES[symbol] ?? symbol,
    name: `${name} ${MARK}`,
    exchange,
    exchangeName: exchange,
    exchangeShown: exchange,
    type: 'INDEX',
  }
}

/** Prices of the newest sessions, in shares of today. */
export interface LatestPrices {
  readonly price: number
  readonly open: number
  readonly high: number
  readonly low: number
  readonly volume: number
  readonly previousClose: number | null
  readonly yearHigh: number
  readonly yearLow: number
}

/** The latest prices of a listing. */
export function latestPrices(view: ChartView): LatestPrices {
  const { market, symbol, newest, splits } = view
  const from = newest.day - 365 * DAY_MS
  const until = newest.day + DAY_MS
  const year = market.bars({ symbol, interval: '1d', from, until, hours: 'regular' })
  const scale = (column: Float64Array): number[] =>
    Array.from(column, (price, i) => price / splitRatioBetween(splits, year.ts[i]!, market.today()))
  const last = year.length - 1
  const closes = scale(year.close)
  return {
    price: closes[last]!,
    open: year.open[last]!,
    high: year.high[last]!,
    low: year.low[last]!,
    volume: year.volume[last]!,
    previousClose: last === 0 ? null : fourPlaces(closes[last - 1]!),
    yearHigh: fourPlaces(Math.max(...scale(year.high))),
    yearLow: fourPlaces(Math.min(...scale(year.low))),
  }
}

/** `meta` of a chart; `firstRow` is the instant of its first row, or of the beginning of its period. */
export function chartMeta(
  view: ChartView,
  listing: Listing,
  query: ChartQuery,
  firstRow: number,
  withExtended: boolean,
): Readonly<Record<string, unknown>> {
  const { market, lastTrade } = view
  const { calendar } = market
  const words = wordsOf(listing)
  const prices = latestPrices(view)
  const isIntraday = query.minutes !== null
  const { gmtoffset, timezone } = offsetOf(view, market.today())
  const firstSession = calendar.sessions(listing.firstDay, listing.firstDay + 10 * DAY_MS)[0]
  return {
    currency: 'USD',
    symbol: words.symbol,
    exchangeName: words.exchange,
    fullExchangeName: words.exchangeName,
    instrumentType: words.type,
    firstTradeDate: secondsOf(firstSession?.open ?? listing.firstDay),
    regularMarketTime: secondsOf(lastTrade),
    hasPrePostMarketData: true,
    gmtoffset,
    timezone,
    exchangeTimezoneName: ZONE,
    regularMarketPrice: prices.price,
    fiftyTwoWeekHigh: prices.yearHigh,
    fiftyTwoWeekLow: prices.yearLow,
    regularMarketDayHigh: prices.high,
    regularMarketDayLow: prices.low,
    regularMarketVolume: prices.volume,
    longName: words.name,
    shortName: words.name,
    chartPreviousClose: closeBefore(view, calendar.localDay(firstRow)),
    ...(isIntraday ? { previousClose: prices.previousClose, scale: 3 } : {}),
    priceHint: 2,
    currentTradingPeriod: periodsOf(view, currentSession(view)),
    ...(isIntraday ? tradingPeriods(view, query, withExtended) : {}),
    dataGranularity: query.interval,
    range: query.range,
    validRanges: RANGES,
  }
}

/** The close of the session before a day, in shares of today; null before the first. */
function closeBefore({ market, symbol, splits }: ChartView, day: number): number | null {
  const from = day - 10 * DAY_MS
  const bars = market.bars({ symbol, interval: '1d', from, until: day, hours: 'regular' })
  const last = bars.length - 1
  if (last < 0) return null
  return fourPlaces(bars.close[last]! / splitRatioBetween(splits, bars.ts[last]!, market.today()))
}

/** Today's session until its late trading is over, and then the next one. */
function currentSession({ market }: ChartView): Session {
  const { calendar } = market
  const now = market.now()
  const ahead = calendar.sessions(market.today(), market.today() + 15 * DAY_MS)
  return ahead.find(({ extendedClose }) => now < extendedClose) ?? calendar.nextSession(now)
}

interface TradingPeriod {
  readonly timezone: string
  readonly start: number
  readonly end: number
  readonly gmtoffset: number
}

function periodsOf(view: ChartView, session: Session): Record<string, TradingPeriod> {
  const { timezone, gmtoffset } = offsetOf(view, session.day)
  const period = (from: number, until: number): TradingPeriod => ({
    timezone,
    start: secondsOf(from),
    end: secondsOf(until),
    gmtoffset,
  })
  return {
    pre: period(session.extendedOpen, session.open),
    regular: period(session.open, session.close),
    post: period(session.close, session.extendedClose),
  }
}

/** A list a day, or with the hours before and after an object of such lists; absent without a session. */
function tradingPeriods(view: ChartView, query: ChartQuery, withExtended: boolean): object {
  const { calendar } = view.market
  const days = calendar
    .sessions(calendar.localDay(query.from), calendar.localDay(query.to) + DAY_MS)
    .filter(({ day }) => day <= view.newest.day)
    .filter(({ open, close, extendedOpen, extendedClose }) =>
      withExtended
        ? extendedOpen <= query.to && extendedClose > query.from
        : open <= query.to && close > query.from,
    )
    .map((session) => periodsOf(view, session))
  if (days.length === 0) return {}
  const lists = (part: string): unknown[] => days.map((periods) => [periods[part]])
  if (!withExtended) return { tradingPeriods: lists('regular') }
  return { tradingPeriods: { pre: lists('pre'), post: lists('post'), regular: lists('regular') } }
}

function offsetOf({ market }: ChartView, day: number): { gmtoffset: number; timezone: string } {
  const gmtoffset = (day + DAY_MS / 2 - market.calendar.instantAt(day, 720)) / 1000
  return { gmtoffset, timezone: gmtoffset === -14_400 ? 'EDT' : 'EST' }
}

export function secondsOf(instant: number): number {
  return Math.floor(instant / 1000)
}

function fourPlaces(price: number): number {
  return Math.round(price * 10_000) / 10_000
}
