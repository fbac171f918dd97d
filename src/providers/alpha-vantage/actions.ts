/** Reads splits and dividends: two calls, each with all that the vendor knows, as JSON or CSV. */
import { formatDate, parseDay } from '../../domain/date.ts'
import type { ActionsAnswer, Dividend, Split, UnreadableRow } from '../provider.ts'
import type { VendorBody, VendorFailure, VendorRequest } from '../provider.ts'
import { readTable } from './csv-table.ts'
import { parseDecimal } from './decimal.ts'
import { documentOf, failureOfBody, failureOfDocument } from './failure.ts'
import { isRecord, isSample, isSuccess, malformed, unknownSymbol } from './failure.ts'
import type { JsonRecord } from './failure.ts'
import { call, isSameSymbol, vendorSymbol } from './request.ts'

const SPLIT_DATE = 'effective_date'
const DIVIDEND_DATE = 'ex_dividend_date'
const RAW_LENGTH_MAX = 1000
/** Old shares of a split are at most so many, unless the factor is of whole hundredths. */
const OLD_SHARES_MAX = 50
/** A reverse split of more old shares for one would be a factor of no digits that count. */
const REVERSE_MAX = 1000

const encoder = new TextEncoder()

/** The calls for all splits and for all dividends of a symbol. */
export function requestActions(symbol: string): VendorRequest[] {
  const named = { symbol: vendorSymbol(symbol) }
  return [call('SPLITS', named), call('DIVIDENDS', named)]
}

/**
 * The actions in an answer to one of the calls; none is a good answer. Dates can lie ahead. The vendor
 * lists spin-offs among the splits: their factors are no ratio of whole shares, and they are among the
 * unreadable rows.
 */
export function parseActions(
  body: VendorBody,
  request: VendorRequest,
  symbol: string,
): ActionsAnswer | VendorFailure {
  if (!isSuccess(body.status)) return failureOfBody(body)
  const isSplits = request.params['function'] === 'SPLITS'
  const rows = rowsOf(body, isSplits ? SPLIT_DATE : DIVIDEND_DATE, symbol)
  if ('ok' in rows) return rows
  const unreadable: UnreadableRow[] = []
  const refuse = (refusal: Refusal, row: unknown) =>
    unreadable.push({ ...refusal, raw: JSON.stringify(row).slice(0, RAW_LENGTH_MAX) })
  const splits: Split[] = []
  const dividends: Dividend[] = []
  const seen = new Set<string>()
  for (const row of rows) {
    const action = isSplits ? splitOf(row) : dividendOf(row)
    const key = JSON.stringify(action)
    if ('rule' in action) refuse(action, row)
    else if (seen.has(key)) refuse({ rule: 'duplicate', reason: 'The row comes twice.' }, row)
    else if ('amount' in action) dividends.push(action)
    else splits.push(action)
    seen.add(key)
  }
  splits.sort((a, b) => a.day - b.day)
  dividends.sort((a, b) => a.day - b.day)
  return { ok: true, splits, dividends, unreadable }
}

type Refusal = Omit<UnreadableRow, 'raw'>

/** The rows of an answer by the names of their fields. */
function rowsOf(
  body: VendorBody,
  dateName: string,
  symbol: string,
): readonly unknown[] | VendorFailure {
  const document = documentOf(body)
  if (document === null) {
    return readTable(new TextDecoder().decode(body.bytes), dateName) ?? failureOfBody(body)
  }
  if (Object.keys(document).length === 0) return unknownSymbol(symbol)
  const { symbol: answered, data } = document
  if (!Array.isArray(data) || isSample(document)) return failureOfDocument(body.status, document)
  if (typeof answered === 'string' && !isSameSymbol(answered, symbol)) {
    return malformed(`The answer is for "${answered.slice(0, 40)}", and ${symbol} was asked for.`)
  }
  // A list of the other kind has other names, and would be a list of rows without any.
  const isOther = data.some((row) => !isRecord(row) || !(dateName in row))
  return isOther ? malformed(`A row of the answer has no ${dateName}.`) : data
}

function splitOf(row: unknown): Split | Refusal {
  const fields = isRecord(row) ? row : {}
  const day = dayOf(fields, SPLIT_DATE)
  const factor = numberOf(fields['split_factor'])
  if (day === null || factor === null) {
    return { rule: 'fields', reason: 'The split has no date, or no factor above zero.' }
  }
  const shares = sharesOf(factor)
  if (shares !== null) return { day, ...shares }
  const reason = `A factor of ${factor} on ${formatDate(day)} is no ratio of whole shares: most often a spin-off.`
  return { rule: 'spin-off', reason }
}

/**
 * The shares that a factor of four decimals stands for: 2 for 1, 3 for 2, 1 for 15 (0.0667), 103 for
 * 100; null where there are none that a company would choose.
 */
function sharesOf(factor: number): Omit<Split, 'day'> | null {
  const isFactor = (ratio: number) => ratio.toFixed(4) === factor.toFixed(4)
  if (factor < 1) {
    const oldShares = Math.round(1 / factor)
    if (oldShares <= REVERSE_MAX && isFactor(1 / oldShares)) return { newShares: 1, oldShares }
  }
  for (let oldShares = 1; oldShares <= OLD_SHARES_MAX; oldShares += 1) {
    const newShares = Math.round(factor * oldShares)
    if (newShares > 0 && isFactor(newShares / oldShares)) return { newShares, oldShares }
  }
  const hundredths = Math.round(factor * 100)
  return isFactor(hundredths / 100) ? { newShares: hundredths, oldShares: 100 } : null
}

function dividendOf(row: unknown): Dividend | Refusal {
  const fields = isRecord(row) ? row : {}
  const day = dayOf(fields, DIVIDEND_DATE)
  const amount = numberOf(fields['amount'])
  if (day === null || amount === null) {
    return { rule: 'fields', reason: 'The dividend has no ex date, or no amount above zero.' }
  }
  return { day, amount, currency: null, kind: 'cash', basis: 'raw' }
}

function dayOf(row: JsonRecord, name: string): number | null {
  const text = row[name]
  const day = typeof text === 'string' ? parseDay(text) : Number.NaN
  return Number.isNaN(day) ? null : day
}

/** Numbers are texts here. */
function numberOf(value: unknown): number | null {
  const bytes = encoder.encode(typeof value === 'number' ? String(value) : textOf(value))
  const number = parseDecimal(bytes, 0, bytes.length)
  return number > 0 ? number : null
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value.trim() : ''
}
