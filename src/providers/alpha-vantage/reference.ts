/** Reads answers to OVERVIEW and SYMBOL_SEARCH: what an instrument is, and which there are. */
import { readTable } from './csv-table.ts'
import { documentOf, failureOfBody, failureOfDocument } from './failure.ts'
import { isRecord, isSample, isSuccess, malformed, unknownSymbol } from './failure.ts'
import { isSameSymbol } from './request.ts'
import type { OverviewAnswer, SearchAnswer, SearchMatch } from '../provider.ts'
import type { VendorBody, VendorFailure } from '../provider.ts'

/** ISO 10383 codes of the exchanges as the vendor names them. */
const EXCHANGES: Readonly<Record<string, string>> = {
  NASDAQ: 'XNAS',
  NYSE: 'XNYS',
  'NYSE ARCA': 'ARCX',
  'NYSE MKT': 'XASE',
  'NYSE AMERICAN': 'XASE',
  AMEX: 'XASE',
  BATS: 'BATS',
  IEX: 'IEXG',
}

/** Fields of an overview that have a place of their own. */
const OWN_FIELDS: ReadonlySet<string> = new Set([
  'Symbol',
  'AssetType',
  'Name',
  'Exchange',
  'Currency',
  'Sector',
  'Industry',
])

/** The overview in an answer. An unknown symbol is answered with an empty object. */
export function parseOverview(body: VendorBody, symbol: string): OverviewAnswer | VendorFailure {
  const document = documentOf(body)
  if (!isSuccess(body.status) || document === null) return failureOfBody(body)
  if (Object.keys(document).length === 0) return unknownSymbol(symbol)
  const answered = textOf(document['Symbol'])
  if (answered === null || isSample(document)) return failureOfDocument(body.status, document)
  const exchange = textOf(document['Exchange'])
  const others = Object.entries(document).filter(([key]) => !OWN_FIELDS.has(key))
  return {
    ok: true,
    symbol: isSameSymbol(answered, symbol) ? symbol : answered,
    name: textOf(document['Name']),
    kind: kindOf(textOf(document['AssetType'])),
    exchange: exchange === null ? null : (EXCHANGES[exchange.toUpperCase()] ?? exchange),
    currency: textOf(document['Currency']),
    sector: textOf(document['Sector']),
    industry: textOf(document['Industry']),
    metadata: Object.fromEntries(others.map(([key, value]) => [key, orNull(value)])),
  }
}

/** The matches in an answer, JSON or CSV, best first; none is a good answer. */
export function parseSearch(body: VendorBody): SearchAnswer | VendorFailure {
  if (!isSuccess(body.status)) return failureOfBody(body)
  const document = documentOf(body)
  if (document === null) {
    const rows = readTable(new TextDecoder().decode(body.bytes), 'symbol')
    return rows === null ? failureOfBody(body) : matchesOf(rows)
  }
  const found = document['bestMatches']
  if (!Array.isArray(found) || isSample(document)) return failureOfDocument(body.status, document)
  return matchesOf(found)
}

function matchesOf(rows: readonly unknown[]): SearchAnswer | VendorFailure {
  const matches = rows.map(matchOf)
  const readable = matches.filter((match) => match !== null)
  return readable.length === matches.length
    ? { ok: true, matches: readable }
    : malformed('A match of the search has no symbol or no score.')
}

function matchOf(row: unknown): SearchMatch | null {
  if (!isRecord(row)) return null
  const values = new Map(
    Object.entries(row).map(([key, value]) => [key.replace(/^\d+\. /, ''), textOf(value)]),
  )
  const symbol = values.get('symbol') ?? null
  const score = Number(values.get('matchScore') ?? Number.NaN)
  if (symbol === null || !(score >= 0 && score <= 1)) return null
  return {
    symbol,
    name: values.get('name') ?? '',
    kind: values.get('type') ?? '',
    region: values.get('region') ?? '',
    currency: values.get('currency') ?? '',
    score,
  }
}

function kindOf(assetType: string | null): OverviewAnswer['kind'] {
  const text = (assetType ?? '').toLowerCase()
  if (/\betf\b|exchange.traded fund/.test(text)) return 'etf'
  if (/stock|equity|share|adr\b/.test(text)) return 'stock'
  if (/index/.test(text)) return 'index'
  return /currency|forex/.test(text) ? 'currency' : 'other'
}

/** The vendor writes "None" or "-" where it has nothing. */
function orNull(value: unknown): unknown {
  return typeof value === 'string' && /^(?:none|-|)$/i.test(value.trim()) ? null : value
}

function textOf(value: unknown): string | null {
  const text = orNull(value)
  return typeof text === 'string' ? text.trim() : null
}
