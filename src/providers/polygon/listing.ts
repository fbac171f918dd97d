/** Reads what instruments are: the details of one ticker, a search, and the list of all tickers. */
import { parseDay } from '../../domain/date.ts'
import type { OverviewAnswer, SearchAnswer, SearchMatch, UnreadableRow } from '../provider.ts'
import type { VendorBody, VendorFailure, VendorRequest } from '../provider.ts'
import { cutRaw } from './aggregates.ts'
import { asUnknownSymbol, goodDocument, isRecord, malformed, type JsonRecord } from './failure.ts'
import { nextList } from './next-page.ts'
import { call, vendorTicker } from './request.ts'

/** A ticker of the vendor's list. Absent values are null. */
export interface Listing {
  /** Case-sensitive. */
  readonly ticker: string
  readonly name: string | null
  readonly kind: OverviewAnswer['kind']
  /** The vendor's code of the type, e.g. `CS`, `ETF`, `ADRC`. */
  readonly type: string | null
  /** ISO 10383 code of its main exchange. */
  readonly exchange: string | null
  readonly currency: string | null
  readonly locale: string | null
  readonly active: boolean
  /** First day on which it was no longer listed. */
  readonly delistedDay: number | null
}

export interface ListingAnswer {
  readonly ok: true
  readonly listings: readonly Listing[]
  readonly unreadable: readonly UnreadableRow[]
  /** The call for the rest; absent where this is all. */
  readonly next?: VendorRequest
}

const LISTING_PATH = '/v3/reference/tickers'
const LISTING_ROWS_MAX = 1000
const SEARCH_ROWS_MAX = 100

const ETF_TYPES: ReadonlySet<string> = new Set(['ETF', 'ETN', 'ETV', 'ETS', 'FUND', 'EFT'])
const STOCK_TYPES: ReadonlySet<string> = new Set(
  'CS PFD ADRC ADRP ADRR ADRW OS NYRS GDR SP'.split(' '),
)

/** ISO 10383 codes of the exchanges as old answers name them. */
const EXCHANGES: Readonly<Record<string, string>> = {
  NYE: 'XNYS',
  NYS: 'XNYS',
  NGS: 'XNAS',
  NGM: 'XNAS',
  NAS: 'XNAS',
  ASE: 'XASE',
  PSE: 'ARCX',
  'New York Stock Exchange': 'XNYS',
  'Nasdaq Global Select': 'XNAS',
}

/** Fields of the details that have a place of their own. */
const OWN_FIELDS: ReadonlySet<string> = new Set(
  (
    'ticker symbol name type primary_exchange exchange exchangeSymbol currency_name sector industry ' +
    'sic_description'
  ).split(' '),
)

/** The call for the tickers that there are, in their order; with a day, those of that day. */
export function requestListing(active: boolean, date?: string): VendorRequest {
  const params = { market: 'stocks', active: String(active), order: 'asc', sort: 'ticker' }
  const dated = date === undefined ? params : { ...params, date }
  return call(LISTING_PATH, { ...dated, limit: String(LISTING_ROWS_MAX) })
}

export function requestSearch(words: string): VendorRequest {
  const params = { search: words, active: 'true', order: 'asc', sort: 'ticker' }
  return call(LISTING_PATH, { ...params, limit: String(SEARCH_ROWS_MAX) })
}

/** One page of the list of tickers; `baseUrl` is where calls go. */
export function parseListing(
  body: VendorBody,
  request: VendorRequest,
  baseUrl?: string,
): ListingAnswer | VendorFailure {
  const good = goodDocument(body)
  if (!good.ok) return good
  const rows = rowsOf(good.document)
  if (rows === null) return malformed('The answer is JSON without a list of tickers.')
  const nextUrl = good.document['next_url']
  const next = typeof nextUrl === 'string' ? nextList(nextUrl, request, baseUrl) : null
  if (next !== null && 'ok' in next) return next
  const read = rows.map((row) => ({ row, listing: listingOf(row) }))
  return {
    ok: true,
    listings: read.map(({ listing }) => listing).filter((listing) => listing !== null),
    unreadable: read
      .filter(({ listing }) => listing === null)
      .map(({ row }) => ({
        rule: 'fields',
        reason: 'The row has no ticker.',
        raw: cutRaw(JSON.stringify(row)),
      })),
    ...(next === null ? {} : { next }),
  }
}

/** The matches of a search in the order of their tickers; none is a good answer. */
export function parseSearch(body: VendorBody): SearchAnswer | VendorFailure {
  const good = goodDocument(body)
  if (!good.ok) return good
  const rows = rowsOf(good.document)
  if (rows === null) return malformed('The answer is JSON without a list of tickers.')
  const matches = rows.map(listingOf)
  const readable = matches.filter((match) => match !== null)
  return readable.length === matches.length
    ? { ok: true, matches: readable.map(matchOf) }
    : malformed('A match of the search has no ticker.')
}

/** What the vendor says of one ticker, in the form of today or in that of 2020. */
export function parseOverview(body: VendorBody, symbol: string): OverviewAnswer | VendorFailure {
  const good = goodDocument(body)
  if (!good.ok) return asUnknownSymbol(good)
  const results = good.document['results']
  const details = isRecord(results) ? results : good.document
  const ticker = textOf(details['ticker'] ?? details['symbol'])
  if (ticker === null) return malformed('The answer is JSON without the details of a ticker.')
  const exchange = textOf(details['primary_exchange']) ?? textOf(details['exchangeSymbol'])
  const others = Object.entries(details).filter(([key]) => !OWN_FIELDS.has(key))
  return {
    ok: true,
    symbol: ticker === vendorTicker(symbol) ? symbol : ticker,
    name: textOf(details['name']),
    kind: kindOf(textOf(details['type']), textOf(details['market'])),
    exchange: micOf(exchange ?? textOf(details['exchange'])),
    currency: currencyOf(details),
    sector: textOf(details['sector']),
    industry: textOf(details['industry']) ?? textOf(details['sic_description']),
    ...dayField('listedDay', details['list_date'] ?? details['listdate']),
    ...dayField('delistedDay', details['delisted_utc']),
    metadata: { ...Object.fromEntries(others), type: textOf(details['type']) },
  }
}

function dayField<const N extends string>(name: N, value: unknown): { readonly [K in N]?: number } {
  const day = parseDay(textOf(value)?.slice(0, 10) ?? '')
  return Number.isNaN(day) ? {} : ({ [name]: day } as { [K in N]?: number })
}

/** The list in an answer; old answers have it under `tickers`. An empty one can be null or absent. */
function rowsOf(document: JsonRecord): readonly unknown[] | null {
  const rows = document['results'] ?? document['tickers']
  if (Array.isArray(rows)) return rows
  const isEmpty = (rows ?? null) === null && ('count' in document || 'request_id' in document)
  return isEmpty ? [] : null
}

function listingOf(row: unknown): Listing | null {
  if (!isRecord(row)) return null
  const ticker = textOf(row['ticker'])
  if (ticker === null) return null
  const type = textOf(row['type'])
  const delisted = textOf(row['delisted_utc'])
  const delistedDay = delisted === null ? Number.NaN : parseDay(delisted.slice(0, 10))
  return {
    ticker,
    name: textOf(row['name']),
    kind: kindOf(type, textOf(row['market'])),
    type,
    exchange: micOf(textOf(row['primary_exchange'] ?? row['primaryExch'])),
    currency: currencyOf(row),
    locale: textOf(row['locale'])?.toLowerCase() ?? null,
    active: row['active'] !== false,
    delistedDay: Number.isNaN(delistedDay) ? null : delistedDay,
  }
}

function matchOf(listing: Listing): SearchMatch {
  return {
    symbol: listing.ticker,
    name: listing.name ?? '',
    kind: listing.type ?? listing.kind,
    region: listing.locale?.toUpperCase() ?? '',
    currency: listing.currency ?? '',
    // The vendor ranks nothing: a ticker matches or it does not.
    score: 1,
  }
}

function kindOf(type: string | null, market: string | null): OverviewAnswer['kind'] {
  const place = market?.toLowerCase() ?? ''
  if (place === 'indices' || type === 'INDEX') return 'index'
  if (place === 'fx' || place === 'crypto') return 'currency'
  if (type !== null && ETF_TYPES.has(type)) return 'etf'
  return type !== null && STOCK_TYPES.has(type) ? 'stock' : 'other'
}

/** ISO 4217 codes are written in small letters here, in capitals elsewhere. */
function currencyOf(row: JsonRecord): string | null {
  const code = textOf(row['currency_name']) ?? textOf(row['currency'])
  return code !== null && /^[a-z]{3}$/i.test(code) ? code.toUpperCase() : code
}

function micOf(exchange: string | null): string | null {
  return exchange === null ? null : (EXCHANGES[exchange] ?? exchange)
}

function textOf(value: unknown): string | null {
  const text = typeof value === 'string' ? value.trim() : ''
  return text === '' ? null : text
}
