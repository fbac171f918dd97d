/** Reads splits and dividends. They are two calls, each of which can have several pages. */
import { DAY_MS, formatDate, parseDay } from '../../domain/date.ts'
import type { ActionsAnswer, Dividend, Split, UnreadableRow } from '../provider.ts'
import type { VendorBody, VendorFailure, VendorRequest } from '../provider.ts'
import { cutRaw } from './aggregates.ts'
import { goodDocument, isRecord, malformed, type JsonRecord } from './failure.ts'
import { nextList } from './next-page.ts'
import { call, vendorTicker } from './request.ts'

const SPLITS_PATH = '/v3/reference/splits'
const DIVIDENDS_PATH = '/v3/reference/dividends'
const ROWS_MAX = 1000
/** A split that is listed twice within so many days was moved: nobody splits alike again so soon. */
const MOVED_DAYS_MAX = 31

/**
 * `CD` is paid in cash as announced, `SC` in cash once; `LT` and `ST` hand on gains of the long and of
 * the short term.
 */
const DIVIDEND_KINDS: Readonly<Record<string, Dividend['kind']>> = {
  CD: 'cash',
  SC: 'special',
  LT: 'capital-gain',
  ST: 'capital-gain',
}

/** The calls for all splits and all dividends of a symbol, oldest first in each. */
export function requestActions(symbol: string): VendorRequest[] {
  const ticker = vendorTicker(symbol)
  const list = { ticker, order: 'asc', limit: String(ROWS_MAX) }
  return [
    call(SPLITS_PATH, { ...list, sort: 'execution_date' }),
    call(DIVIDENDS_PATH, { ...list, sort: 'ex_dividend_date' }),
  ]
}

/**
 * The actions in an answer to one of the calls; none is a good answer. Dates can lie ahead. A row that
 * says the same again, or that was moved to another day, is among the unreadable ones.
 * @param baseUrl where calls go
 */
export function parseActions(
  body: VendorBody,
  request: VendorRequest,
  symbol: string,
  baseUrl?: string,
): ActionsAnswer | VendorFailure {
  const good = goodDocument(body)
  if (!good.ok) return good
  const { results = null, next_url: nextUrl } = good.document
  const rows = results === null && isEmptyList(good.document) ? [] : results
  if (!Array.isArray(rows)) return malformed('The answer is JSON without a list of actions.')
  const next = typeof nextUrl === 'string' ? nextList(nextUrl, request, baseUrl) : null
  if (next !== null && 'ok' in next) return next
  const unreadable: UnreadableRow[] = []
  const ticker = vendorTicker(symbol)
  const own = rows.filter((row): row is JsonRecord => isOwnRow(row, ticker, unreadable))
  const isSplits = request.path === SPLITS_PATH
  return {
    ok: true,
    splits: isSplits ? splitsOf(own, unreadable) : [],
    dividends: isSplits ? [] : dividendsOf(own, unreadable),
    unreadable,
    ...(next === null ? {} : { next }),
  }
}

function isEmptyList(document: JsonRecord): boolean {
  return 'results' in document || 'request_id' in document || 'count' in document
}

function isOwnRow(row: unknown, ticker: string, unreadable: UnreadableRow[]): boolean {
  if (!isRecord(row)) {
    unreadable.push(refused('fields', 'The row is not an object.', row))
    return false
  }
  if (row['ticker'] === ticker) return true
  unreadable.push(refused('symbol', `The row is not for ${ticker}.`, row))
  return false
}

function splitsOf(rows: readonly JsonRecord[], unreadable: UnreadableRow[]): Split[] {
  const read: { split: Split; row: JsonRecord }[] = []
  for (const row of rows) {
    const day = dayOf(row['execution_date'])
    const newShares = amountOf(row['split_to'])
    const oldShares = amountOf(row['split_from'])
    if (day === null || newShares === null || oldShares === null) {
      const reason = 'The split has no execution_date, or no split_from and split_to above zero.'
      unreadable.push(refused('fields', reason, row))
    } else {
      read.push({ split: { day, newShares, oldShares }, row })
    }
  }
  read.sort((a, b) => a.split.day - b.split.day)
  const kept = read.filter(({ split, row }, index) => {
    const later = read.slice(index + 1).find((other) => isSplitAgain(split, other.split))
    if (later === undefined) return true
    const reason = `The same split is listed for ${formatDate(later.split.day)}, which counts.`
    unreadable.push(refused('duplicate', reason, row))
    return false
  })
  return kept.map(({ split }) => split)
}

function isSplitAgain(split: Split, later: Split): boolean {
  const isAlike = split.newShares * later.oldShares === later.newShares * split.oldShares
  return isAlike && later.day - split.day <= MOVED_DAYS_MAX * DAY_MS
}

/** Answers of 2020 have `exDate` and `amount`, and no kind. */
function dividendsOf(rows: readonly JsonRecord[], unreadable: UnreadableRow[]): Dividend[] {
  const dividends: Dividend[] = []
  const seen = new Set<string>()
  for (const row of rows) {
    const day = dayOf(row['ex_dividend_date'] ?? row['exDate'])
    const amount = amountOf(row['cash_amount'] ?? row['amount'])
    const type = row['dividend_type'] ?? 'CD'
    const kind = typeof type === 'string' ? DIVIDEND_KINDS[type] : undefined
    const paid = String(row['pay_date'] ?? row['paymentDate'] ?? '')
    const key = JSON.stringify([day, amount, type, paid])
    if (day === null || amount === null) {
      const reason = 'The dividend has no ex date, or no amount above zero.'
      unreadable.push(refused('fields', reason, row))
    } else if (kind === undefined) {
      unreadable.push(refused('kind', `The kind of dividend "${String(type)}" is unknown.`, row))
    } else if (seen.has(key)) {
      unreadable.push(refused('duplicate', 'The dividend is listed twice.', row))
    } else {
      seen.add(key)
      const currency = typeof row['currency'] === 'string' ? row['currency'].toUpperCase() : null
      // As declared: old amounts are not restated after a split.
      dividends.push({ day, amount, currency, kind, basis: 'raw' })
    }
  }
  return dividends.sort((a, b) => a.day - b.day)
}

function refused(rule: string, reason: string, row: unknown): UnreadableRow {
  return { rule, reason, raw: cutRaw(JSON.stringify(row)) }
}

function dayOf(value: unknown): number | null {
  const day = typeof value === 'string' ? parseDay(value) : Number.NaN
  return Number.isNaN(day) ? null : day
}

function amountOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) && value > 0 ? value : null
}
