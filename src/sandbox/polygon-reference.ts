/** Polygon's reference data: tickers and their details, splits, dividends. */
import { DAY_MS, formatDate } from '../domain/date.ts'
import { keyOf } from './counter-random.ts'
import type { Listing } from './listings.ts'
import type { Market } from './market.ts'
import { listAnswer, readCursor, type ListRow, type ListRules } from './polygon-lists.ts'
import { notFound } from './polygon-refusals.ts'
import { jsonAnswer, requestId } from './polygon-text.ts'
import { sharesOf } from './split-shares.ts'
import type { Params, VendorCall, WireAnswer } from './vendor.ts'

/** Put behind every name, so that no answer passes for a real one. */
const MARK = '(SIMULATED)'
/** Splits and dividends are listed from their announcement, a month ahead. */
const ANNOUNCED_MS = 30 * DAY_MS

const TICKERS: ListRules = {
  path: '/v3/reference/tickers',
  fields: ['ticker', 'type', 'market'],
  sort: 'ticker',
  order: 'asc',
  limit: 100,
  isCounted: true,
}
const SPLITS: ListRules = {
  path: '/v3/reference/splits',
  fields: ['ticker', 'execution_date'],
  sort: 'execution_date',
  order: 'desc',
  limit: 10,
  isCounted: false,
}
const DIVIDENDS: ListRules = {
  path: '/v3/reference/dividends',
  fields: ['ticker', 'ex_dividend_date', 'cash_amount'],
  sort: 'ex_dividend_date',
  order: 'desc',
  limit: 10,
  isCounted: false,
}

const EXCHANGES: Readonly<Record<string, string>> = {
  NASDAQ: 'XNAS',
  NYSE: 'XNYS',
  'NYSE ARCA': 'ARCX',
}

/** The answer to `/v3/reference/tickers/{T}`. */
export function tickerAnswer(market: Market, call: VendorCall): WireAnswer {
  const listing = market.listing(call.params['symbol'] ?? '')
  if (listing === null) return notFound(call, 'Ticker not found.')
  if (listing.kind === 'Index') {
    const index = { ticker: listing.symbol, name: `${listing.name} ${MARK}`, market: 'indices' }
    const results = { ...index, locale: 'us', active: true, source_feed: 'Simulated' }
    return jsonAnswer(200, { request_id: requestId(call), results, status: 'OK' })
  }
  const isStock = listing.kind === 'Common Stock'
  const shares = listing.dailyVolume * 250
  const description = `${listing.name} as it trades on a simulated exchange. None of it is real.`
  const results = {
    ...tickerRow(listing),
    ...(isStock ? { market_cap: shares * listing.level } : {}),
    description,
    ...(isStock ? { sic_description: listing.industry } : {}),
    ticker_root: listing.symbol.split('.')[0],
    list_date: formatDate(listing.firstDay),
    share_class_shares_outstanding: shares,
    ...(isStock ? { weighted_shares_outstanding: shares } : {}),
    round_lot: 100,
  }
  return jsonAnswer(200, { request_id: requestId(call), results, status: 'OK' })
}

/** The answer to `/vX/reference/tickers/{T}/events`: the symbols that a listing has had, newest first. */
export function eventsAnswer(market: Market, call: VendorCall): WireAnswer {
  const spans = market.namesOf(call.params['symbol'] ?? '')
  const names = (spans ?? []).filter(({ from }) => from <= market.today())
  const listing = market.listing(names.at(-1)?.symbol ?? '')
  if (listing === null) return notFound(call, 'Ticker not found.')
  const events = names.map(({ symbol, from }) => ({
    ticker_change: { ticker: symbol },
    type: 'ticker_change',
    date: formatDate(Math.max(from, listing.firstDay)),
  }))
  const results = { name: `${listing.name} ${MARK}`, events: events.toReversed() }
  return jsonAnswer(200, { results, status: 'OK', request_id: requestId(call) })
}

/** A ticker in the fields that the list and the details share. */
function tickerRow(listing: Listing): ListRow {
  const figi = keyOf(1, listing.symbol).toString(36).toUpperCase().padStart(7, '0')
  return {
    ticker: listing.symbol,
    name: `${listing.name} ${MARK}`,
    market: 'stocks',
    locale: 'us',
    primary_exchange: EXCHANGES[listing.exchange] ?? listing.exchange,
    type: listing.kind === 'ETF' ? 'ETF' : 'CS',
    active: true,
    currency_name: 'usd',
    composite_figi: `SIM00${figi}`,
  }
}

/** The answer to `/v3/reference/tickers`. */
export function tickersAnswer(market: Market, call: VendorCall): WireAnswer {
  const params = readCursor(call.params)
  const updated = { last_updated_utc: `${formatDate(market.today())}T00:00:00Z` }
  const rows =
    params['active'] === 'false'
      ? formerTickers(market)
      : listingsOf(market, params).map((listing) => tickerRow(listing))
  const words = (params['search'] ?? '').toLowerCase()
  const found = rows.filter(({ ticker, name }) =>
    `${String(ticker)} ${String(name)}`.toLowerCase().includes(words),
  )
  return listAnswer(
    found.map((row) => ({ ...row, ...updated })),
    TICKERS,
    call,
  )
}

/** The well-known tickers, and any other that is asked for by its name. */
function listingsOf(market: Market, params: Params): Listing[] {
  const known = [...market.listings()]
  for (const name of [params['ticker'], params['search']?.toUpperCase()]) {
    const listing = name === undefined ? null : market.listing(name)
    const isNew = !known.some(({ symbol }) => symbol === listing?.symbol)
    if (listing !== null && isNew) known.push(listing)
  }
  return known.filter(({ firstDay }) => firstDay <= market.today())
}

/** Tickers that are no longer in use, since their listings were renamed. */
function formerTickers(market: Market): ListRow[] {
  return market.events.renames().flatMap(({ from, to, day }) => {
    const listing = day <= market.today() ? market.listing(to) : null
    if (listing === null) return []
    const row = tickerRow({ ...listing, symbol: from })
    return [{ ...row, active: false, delisted_utc: `${formatDate(day)}T00:00:00Z` }]
  })
}

/** Symbols whose actions a call asks for: one, or all well-known ones. */
function symbolsOf(market: Market, call: VendorCall): string[] {
  const ticker = readCursor(call.params)['ticker']
  if (ticker === undefined) return market.listings().map(({ symbol }) => symbol)
  return market.listing(ticker) === null ? [] : [ticker]
}

/** The answer to `/v3/reference/splits`. */
export function splitsAnswer(market: Market, call: VendorCall): WireAnswer {
  const until = market.today() + ANNOUNCED_MS
  const rows = symbolsOf(market, call).flatMap((ticker) =>
    market.splits(ticker, until).map(({ day, ratio }) => {
      const { newShares, oldShares } = sharesOf(ratio)
      return {
        execution_date: formatDate(day),
        split_from: oldShares,
        split_to: newShares,
        ticker,
      }
    }),
  )
  return listAnswer(rows, SPLITS, call)
}

/** The answer to `/v3/reference/dividends`. */
export function dividendsAnswer(market: Market, call: VendorCall): WireAnswer {
  const until = market.today() + ANNOUNCED_MS
  const rows = symbolsOf(market, call).flatMap((ticker) =>
    market.dividends(ticker, until).map(({ day, amount }) => ({
      cash_amount: amount,
      declaration_date: formatDate(day - ANNOUNCED_MS),
      dividend_type: 'CD',
      ex_dividend_date: formatDate(day),
      frequency: 4,
      pay_date: formatDate(day + ANNOUNCED_MS),
      record_date: formatDate(day),
      ticker,
    })),
  )
  return listAnswer(rows, DIVIDENDS, call)
}
