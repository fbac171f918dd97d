/** Alpha Vantage's answers that are no series: quote, overview, search, listings, actions, status. */
import { sliceBatch } from '../domain/bar-batch.ts'
import { DAY_MS, formatDate } from '../domain/date.ts'
import { fourDecimals, type Answer } from './alpha-vantage-text.ts'
import type { Listing } from './listings.ts'
import type { Market } from './market.ts'

/** Put behind every name, so that no answer passes for a real one. */
const MARK = '(SIMULATED)'
const QUOTE_NAMES = [
  '01. symbol',
  '02. open',
  '03. high',
  '04. low',
  '05. price',
  '06. volume',
  '07. latest trading day',
  '08. previous close',
  '09. change',
  '10. change percent',
] as const
const QUOTE_HEADER =
  'symbol,open,high,low,price,volume,latestDay,previousClose,change,changePercent'
const SEARCH_NAMES = [
  '1. symbol',
  '2. name',
  '3. type',
  '4. region',
  '5. marketOpen',
  '6. marketClose',
  '7. timezone',
  '8. currency',
  '9. matchScore',
] as const
const SEARCH_HEADER = 'symbol,name,type,region,marketOpen,marketClose,timezone,currency,matchScore'

/** GLOBAL_QUOTE; an empty object for a symbol that is not listed. */
export function quoteAnswer(market: Market, symbol: string, asked: string, isCsv: boolean): Answer {
  const cells = market.listing(symbol) === null ? null : quoteCells(market, symbol, asked)
  if (isCsv) {
    return { kind: 'csv', header: QUOTE_HEADER, lines: cells === null ? [] : [cells.join(',')] }
  }
  return json({ 'Global Quote': cells === null ? {} : named(QUOTE_NAMES, cells) })
}

function quoteCells(market: Market, symbol: string, asked: string): string[] | null {
  const until = market.today() + DAY_MS
  const recent = market.bars({
    symbol,
    interval: '1d',
    from: until - 12 * DAY_MS,
    until,
    hours: 'regular',
  })
  if (recent.length < 2) return null
  const last = recent.length - 1
  const previous = recent.close[last - 1]
  const change = recent.close[last] - previous
  return [
    asked,
    fourDecimals(recent.open[last]),
    fourDecimals(recent.high[last]),
    fourDecimals(recent.low[last]),
    fourDecimals(recent.close[last]),
    String(recent.volume[last]),
    formatDate(recent.ts[last]),
    fourDecimals(previous),
    change.toFixed(4),
    `${((change / previous) * 100).toFixed(4)}%`,
  ]
}

/** OVERVIEW; an empty object for a symbol that is not listed. */
export function overviewAnswer(market: Market, symbol: string, asked: string): Answer {
  const listing = market.listing(symbol)
  if (listing === null) return json({})
  const until = market.today() + DAY_MS
  const year = market.bars({
    symbol,
    interval: '1d',
    from: until - 365 * DAY_MS,
    until,
    hours: 'regular',
  })
  const isStock = listing.kind === 'Common Stock'
  const shares = listing.dailyVolume * 250
  const dividend = listing.level * listing.dividendYield
  const dividends = market.dividends(symbol, until)
  const average = (count: number): string => {
    const closes = sliceBatch(year, Math.max(0, year.length - count), year.length).close
    return closes.length === 0
      ? 'None'
      : (closes.reduce((a, b) => a + b, 0) / closes.length).toFixed(2)
  }
  return json({
    Symbol: asked,
    AssetType: listing.kind,
    Name: `${listing.name} ${MARK}`,
    Description: `${listing.name} as it trades on a simulated exchange. None of it is real.`,
    CIK: 'None',
    Exchange: listing.exchange,
    Currency: 'USD',
    Country: 'USA',
    Sector: isStock ? listing.sector : 'None',
    Industry: isStock ? listing.industry : 'None',
    Address: 'None',
    OfficialSite: 'None',
    FiscalYearEnd: 'December',
    LatestQuarter: lastQuarterEnd(market.today()),
    MarketCapitalization: isStock ? String(Math.round(shares * (year.close.at(-1) ?? 0))) : 'None',
    PERatio: isStock ? '20.00' : 'None',
    DividendPerShare: dividend === 0 ? 'None' : dividend.toFixed(2),
    DividendYield: dividend === 0 ? 'None' : listing.dividendYield.toFixed(4),
    EPS: isStock ? (listing.level / 20).toFixed(2) : 'None',
    '52WeekHigh': year.length === 0 ? 'None' : String(Math.max(...year.high)),
    '52WeekLow': year.length === 0 ? 'None' : String(Math.min(...year.low)),
    '50DayMovingAverage': average(50),
    '200DayMovingAverage': average(200),
    SharesOutstanding: isStock ? String(shares) : 'None',
    DividendDate: 'None',
    ExDividendDate: dividends.length === 0 ? 'None' : formatDate(dividends.at(-1)!.day),
  })
}

function lastQuarterEnd(day: number): string {
  const date = new Date(day)
  const quarter = Math.floor(date.getUTCMonth() / 3)
  return formatDate(Date.UTC(date.getUTCFullYear(), quarter * 3, 1) - DAY_MS)
}

/** SYMBOL_SEARCH: listings whose symbol or name has the words, the best match first. */
export function searchAnswer(market: Market, keywords: string, isCsv: boolean): Answer {
  const words = keywords.trim().toLowerCase()
  const simulated = findSimulated(market, words)
  const matches = [...market.listings(), ...simulated]
    .map((listing) => ({ listing, score: scoreOf(listing, words) }))
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score || (a.listing.symbol < b.listing.symbol ? -1 : 1))
    .slice(0, 10)
    .map(({ listing, score }) => [
      listing.symbol,
      `${listing.name} ${MARK}`,
      listing.kind === 'ETF' ? 'ETF' : 'Equity',
      'United States',
      '09:30',
      '16:00',
      utcOffset(market),
      'USD',
      score.toFixed(4),
    ])
  if (isCsv)
    return { kind: 'csv', header: SEARCH_HEADER, lines: matches.map((row) => row.join(',')) }
  return json({ bestMatches: matches.map((row) => named(SEARCH_NAMES, row)) })
}

function findSimulated(market: Market, words: string): Listing[] {
  const symbol = words.toUpperCase()
  const listing = symbol.startsWith('SIM') ? market.listing(symbol) : null
  return listing === null ? [] : [listing]
}

function scoreOf(listing: Listing, words: string): number {
  if (words === '') return 0
  const symbol = listing.symbol.toLowerCase()
  const name = listing.name.toLowerCase()
  if (symbol === words || name === words) return 1
  if (symbol.startsWith(words)) return 0.6 + (0.3 * words.length) / symbol.length
  if (name.startsWith(words)) return 0.5 + (0.3 * words.length) / name.length
  return name.includes(words) ? 0.3 + (0.2 * words.length) / name.length : 0
}

/** The vendor freezes the offset of the day, as in `UTC-04`. */
function utcOffset(market: Market): string {
  const day = market.today()
  const hours = Math.round((day + DAY_MS / 2 - market.calendar.instantAt(day, 720)) / 3_600_000)
  return `UTC${hours < 0 ? '-' : '+'}${String(Math.abs(hours)).padStart(2, '0')}`
}

/** LISTING_STATUS, CSV only: the well-known tickers with a dash before the class. None is delisted. */
export function listingStatusAnswer(market: Market, state: string | undefined): Answer {
  const lines = market
    .listings()
    .map(({ symbol, name, exchange, kind, firstDay }) =>
      [
        symbol.replace('.', '-'),
        `${name} ${MARK}`,
        exchange,
        kind === 'ETF' ? 'ETF' : 'Stock',
        formatDate(firstDay),
        'null',
        'Active',
      ].join(','),
    )
  return {
    kind: 'csv',
    header: 'symbol,name,exchange,assetType,ipoDate,delistingDate,status',
    lines: state === 'delisted' ? [] : lines,
  }
}

/** SPLITS, newest first. */
export function splitsAnswer(
  market: Market,
  symbol: string,
  asked: string,
  isCsv: boolean,
): Answer {
  const splits =
    market.listing(symbol) === null ? [] : market.splits(symbol, market.today() + DAY_MS)
  const rows = splits.toReversed().map(({ day, ratio }) => [formatDate(day), fourDecimals(ratio)])
  return actionsAnswer(asked, ['effective_date', 'split_factor'], rows, isCsv)
}

/** DIVIDENDS, newest first; the next one shows from its declaration, a month ahead. */
export function dividendsAnswer(
  market: Market,
  symbol: string,
  asked: string,
  isCsv: boolean,
): Answer {
  const declared = market.today() + 30 * DAY_MS
  const dividends = market.listing(symbol) === null ? [] : market.dividends(symbol, declared)
  const rows = dividends
    .toReversed()
    .map(({ day, amount }) => [
      formatDate(day),
      formatDate(day - 30 * DAY_MS),
      formatDate(day),
      formatDate(day + 30 * DAY_MS),
      String(amount),
    ])
  const names = ['ex_dividend_date', 'declaration_date', 'record_date', 'payment_date', 'amount']
  return actionsAnswer(asked, names, rows, isCsv)
}

function actionsAnswer(
  asked: string,
  names: readonly string[],
  rows: readonly string[][],
  isCsv: boolean,
): Answer {
  if (isCsv)
    return { kind: 'csv', header: names.join(','), lines: rows.map((row) => row.join(',')) }
  return json({ symbol: asked, data: rows.map((row) => named(names, row)) })
}

/** MARKET_STATUS of the one market there is; the vendor's close is 16:15, and so it is here. */
export function marketStatusAnswer(market: Market): Answer {
  return json({
    endpoint: 'Global Market Open & Close Status',
    markets: [
      {
        market_type: 'Equity',
        region: 'United States',
        primary_exchanges: 'NASDAQ, NYSE, AMEX, BATS',
        local_open: '09:30',
        local_close: '16:15',
        current_status: market.calendar.isOpen(market.now()) ? 'open' : 'closed',
        notes: '',
      },
    ],
  })
}

function named(names: readonly string[], cells: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name, i) => [name, cells[i]]))
}

function json(value: unknown): Answer {
  return { kind: 'json', value }
}
