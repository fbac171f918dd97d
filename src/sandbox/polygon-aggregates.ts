/** Polygon's aggregates of one ticker over a range of time, page by page. */
import { makeBatch, takeBars, type BarBatch } from '../domain/bar-batch.ts'
import type { Calendar } from '../domain/calendar/calendar.ts'
import { DAY_MS, parseDay } from '../domain/date.ts'
import { intervalMs } from '../domain/interval.ts'
import type { Market } from './market.ts'
import { delayOf, includesDays, type Plan } from './plans.ts'
import { baseBars, viewOf, windowBars, type TickerView } from './polygon-bars.ts'
import { badRequest, refuseTimeframe } from './polygon-refusals.ts'
import { aggregatesAnswer, requestId, type AggregatesFrame } from './polygon-text.ts'
import { findWindows, type Windows } from './polygon-windows.ts'
import type { Params, VendorCall, WireAnswer } from './vendor.ts'

const LIMIT_DEFAULT = 5000
const LIMIT_MAX = 50_000

/** What a call asks for. Days where windows are of days, instants where they are of minutes. */
interface Query {
  readonly windows: Windows
  /** Instants, both included. */
  readonly from: number
  readonly to: number
  /** Most minutes or days that a page is made of. */
  readonly limit: number
  readonly isAscending: boolean
}

/** The bars of a page, and where the next one begins. */
interface Page {
  readonly bars: BarBatch
  readonly queryCount: number
  /** Start of the first window of the next page, or of the last one where the order is descending. */
  readonly next: number | null
}

const EMPTY: Page = { bars: makeBatch(0), queryCount: 0, next: null }

/** The answer to `/v2/aggs/ticker/{T}/range/{multiplier}/{timespan}/{from}/{to}`. */
export function rangeAnswer(market: Market, call: VendorCall, plan: Plan): WireAnswer {
  const { calendar } = market
  const query = readQuery(call.params, calendar)
  if (typeof query === 'string') return badRequest(call, query)
  const [first, last] = [calendar.localDay(query.from), calendar.localDay(query.to)]
  if (!includesDays(plan, first, last, market.today())) return refuseTimeframe(call)
  const ticker = call.params['symbol'] ?? ''
  const isAdjusted = call.params['adjusted'] !== 'false'
  const view = viewOf(market, ticker, isAdjusted, delayOf(plan))
  const page = view === null ? EMPTY : pageOf(view, query)
  const { windows } = query
  const frame: AggregatesFrame = {
    ticker,
    queryCount: page.queryCount,
    adjusted: isAdjusted,
    status: plan.delayed ? 'DELAYED' : 'OK',
    requestId: requestId(call),
    ...(page.next === null ? {} : { nextUrl: nextUrl(call, query, page.next, calendar) }),
  }
  const isDaily = windows.base === 'day'
  const bars = query.isAscending ? page.bars : reversed(page.bars)
  return aggregatesAnswer(frame, {
    bars: isDaily ? { ...bars, ts: bars.ts.map((day) => calendar.instantAt(day, 0)) } : bars,
    isExponential: isDaily,
    barMs: isDaily || windows.interval === null ? null : intervalMs(windows.interval),
  })
}

/** What a call asks for, or the sentence with which it is refused. */
function readQuery(params: Params, calendar: Calendar): Query | string {
  const windows = findWindows(Number(params['multiplier']), params['timespan'] ?? '', calendar)
  if (windows === null) {
    return `The timespan "${params['multiplier']} ${params['timespan']}" is not recognized.`
  }
  const from = boundOf(params['from'], calendar, 0)
  const to = boundOf(params['to'], calendar, DAY_MS)
  for (const [name, value] of [['from', from] as const, ['to', to] as const]) {
    if (Number.isNaN(value)) {
      return `Could not parse the time parameter: '${name}'. Use YYYY-MM-DD or Unix MS Timestamps`
    }
  }
  if (to < from) return "The parameter 'to' cannot be a time that occurs before 'from'"
  const paging = readCursor(params)
  const limit = Number(paging['limit'] ?? LIMIT_DEFAULT)
  if (!Number.isInteger(limit) || limit < 1) return "The parameter 'limit' must be a whole number"
  return {
    windows,
    from,
    to,
    limit: Math.min(limit, LIMIT_MAX),
    isAscending: paging['sort'] !== 'desc',
  }
}

/** A bound: milliseconds, or a date, which ends with its last millisecond. */
function boundOf(text: string | undefined, calendar: Calendar, dayMs: 0 | typeof DAY_MS): number {
  if (text === undefined) return Number.NaN
  if (/^\d{1,14}$/.test(text)) return Number(text)
  const day = parseDay(text)
  if (Number.isNaN(day)) return Number.NaN
  return dayMs === 0 ? calendar.instantAt(day, 0) : calendar.instantAt(day + dayMs, 0) - 1
}

/** `limit` and `sort`, which a cursor carries; `adjusted` it does not. */
function readCursor(params: Params): Params {
  const { cursor } = params
  if (cursor === undefined) return params
  const text = Buffer.from(cursor, 'base64url').toString('latin1')
  return Object.fromEntries(new URLSearchParams(text))
}

function nextUrl(call: VendorCall, query: Query, next: number, calendar: Calendar): string {
  const { params, origin } = call
  const { windows, limit, isAscending } = query
  const instant = windows.base === 'day' ? calendar.instantAt(next, 0) : next
  const [from, to] = isAscending ? [instant, params['to']] : [params['from'], instant]
  const path = `/v2/aggs/ticker/${params['symbol']}/range/${params['multiplier']}/${params['timespan']}`
  const cursor = Buffer.from(`limit=${limit}&sort=${isAscending ? 'asc' : 'desc'}`)
  return `${origin}${path}/${from}/${to}?cursor=${cursor.toString('base64url')}`
}

/** The windows that hold the first `limit` minutes or days of the range, from its near end. */
function pageOf(view: TickerView, query: Query): Page {
  const { windows, limit, isAscending } = query
  const starts = collectStarts(view, query)
  if (starts.length === 0) return EMPTY
  const own = isAscending ? starts.slice(0, limit) : starts.slice(-limit)
  const [first, last] = [windows.startOf(own[0]!), windows.startOf(own.at(-1)!)]
  const [start, end] = [first, windows.nextOf(last)]
  const isWhole = own.length === starts.length
  if (isWhole) {
    return { bars: windowBars(view, windows, start, end), queryCount: own.length, next: null }
  }
  // The window at the cut may go on beyond it: it belongs to the next page, unless it is the only one.
  const beyond = windows.startOf(isAscending ? starts[own.length]! : starts.at(-limit - 1)!)
  const isCut = first !== last && beyond === (isAscending ? last : first)
  if (isAscending) {
    const cut = isCut ? last : end
    return { bars: windowBars(view, windows, start, cut), queryCount: own.length, next: cut }
  }
  const cut = isCut ? windows.nextOf(first) : start
  return {
    bars: windowBars(view, windows, cut, end),
    queryCount: own.length,
    next: isCut ? first : beyond,
  }
}

/** The starts of all minutes or days in the range, ascending; of minutes no more than a page needs. */
function collectStarts(view: TickerView, query: Query): number[] {
  const { calendar } = view.market
  const { windows, limit, isAscending } = query
  if (windows.base === 'day') {
    const from = windows.startOf(calendar.localDay(query.from))
    return Array.from(baseBars(view, '1d', from, calendar.localDay(query.to) + DAY_MS).ts)
  }
  const from = windows.startOf(query.from)
  const firstDay = Math.max(calendar.localDay(from), view.from)
  const sessions = calendar.sessions(
    firstDay,
    Math.min(calendar.localDay(query.to) + DAY_MS, view.until),
  )
  const starts: number[] = []
  for (const { day } of isAscending ? sessions : sessions.toReversed()) {
    const { ts } = baseBars(view, '1m', day, day + DAY_MS)
    const wanted = ts.filter((start) => start >= from && start <= query.to)
    if (isAscending) starts.push(...wanted)
    else starts.unshift(...wanted)
    if (starts.length > limit) break
  }
  return starts
}

function reversed(bars: BarBatch): BarBatch {
  return takeBars(
    bars,
    Array.from({ length: bars.length }, (_, i) => bars.length - 1 - i),
  )
}
