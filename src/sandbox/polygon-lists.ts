/** Polygon's lists of reference data: filters, order, and pages by a cursor that carries all of it. */
import { jsonAnswer, requestId } from './polygon-text.ts'
import type { Params, VendorCall, WireAnswer } from './vendor.ts'

export type ListRow = Readonly<Record<string, unknown>>

export interface ListRules {
  readonly path: string
  /** Fields that can be filtered, by equality or with .gt, .gte, .lt, .lte; they are texts. */
  readonly fields: readonly string[]
  readonly sort: string
  readonly order: 'asc' | 'desc'
  readonly limit: number
  /** True where the answer tells how many rows a page has. */
  readonly isCounted: boolean
}

const LIMIT_MAX = 1000

const COMPARISONS: Readonly<Record<string, (a: string, b: string) => boolean>> = {
  gt: (a, b) => a > b,
  gte: (a, b) => a >= b,
  lt: (a, b) => a < b,
  lte: (a, b) => a <= b,
}

/** One page of a list. */
export function listAnswer(
  rows: readonly ListRow[],
  rules: ListRules,
  call: VendorCall,
): WireAnswer {
  const params = readCursor(call.params)
  const sort = params['sort'] ?? rules.sort
  const order = params['order'] ?? rules.order
  const limit = Math.min(Math.max(1, Number(params['limit'] ?? rules.limit) || 1), LIMIT_MAX)
  const from = Number(params['page_marker'] ?? 0)
  const found = rows
    .filter((row) => matches(row, params, rules.fields))
    .toSorted((a, b) => compare(a, b, sort) * (order === 'desc' ? -1 : 1))
  const page = found.slice(from, from + limit)
  const isLast = from + limit >= found.length
  return jsonAnswer(200, {
    results: page,
    status: 'OK',
    request_id: requestId(call),
    ...(rules.isCounted ? { count: page.length } : {}),
    ...(isLast ? {} : { next_url: nextUrl(call.origin, rules.path, params, from + limit) }),
  })
}

/** The parameters of the first call, which a cursor brings back. */
export function readCursor(params: Params): Params {
  const { cursor } = params
  if (cursor === undefined) return params
  const text = Buffer.from(cursor, 'base64url').toString('utf8')
  return Object.fromEntries(new URLSearchParams(text))
}

function nextUrl(origin: string, path: string, params: Params, from: number): string {
  const carried = Object.entries(params).filter(
    ([name]) => name !== 'function' && name !== 'symbol',
  )
  const all = { ...Object.fromEntries(carried), page_marker: String(from) }
  const sorted = Object.entries(all)
    .filter((entry): entry is [string, string] => entry[1] !== undefined)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
  const cursor = Buffer.from(new URLSearchParams(sorted).toString())
  return `${origin}${path}?cursor=${cursor.toString('base64url')}`
}

function matches(row: ListRow, params: Params, fields: readonly string[]): boolean {
  return Object.entries(params).every(([name, value]) => {
    const [field, comparison] = name.split('.')
    if (!fields.includes(field!) || value === undefined) return true
    const own = String(row[field!])
    if (comparison === undefined) return own === value
    return COMPARISONS[comparison]?.(own, value) ?? true
  })
}

function compare(a: ListRow, b: ListRow, sort: string): number {
  const keyOf = (row: ListRow): string => `${String(row[sort])} ${String(row['ticker'])}`
  return keyOf(a) < keyOf(b) ? -1 : 1
}
