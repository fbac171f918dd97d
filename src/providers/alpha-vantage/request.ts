/**
 * How a need becomes calls to Alpha Vantage: one endpoint, everything in the query, the fewest calls
 * that bring all of it.
 */
import type { Calendar } from '../../domain/calendar/calendar.ts'
import { DAY_MS, formatDate, monthStart } from '../../domain/date.ts'
import type { Interval } from '../../domain/interval.ts'
import type { BarNeed, BarRequest, VendorRequest } from '../provider.ts'

/**
 * Milliseconds after a regular close until bars are final: trading after hours ends four hours after
 * the close, on half days too, and the vendor gets one more for its last bars.
 */
export const SETTLE_MS = 5 * 3_600_000

/** The vendor's spelling of each interval with bars inside a day. */
const INTRADAY_SPELLINGS: Partial<Record<Interval, string>> = {
  '1m': '1min',
  '5m': '5min',
  '15m': '15min',
  '30m': '30min',
  '1h': '60min',
}

/** The vendor keeps intraday bars from January 2000 on. */
const INTRADAY_FIRST_DAY = Date.UTC(2000, 0, 1)
/** Before any bar that the vendor has; its daily history begins in 1999. */
const FAR_PAST = Date.UTC(1900, 0, 1)
/**
 * Sessions in an intraday answer without a month. The vendor says "30 days"; the full answer of
 * 2022-06-08 begins with 2022-05-11, which is 20 sessions and not 30 days.
 */
const TRAILING_SESSIONS = 20
/** A compact daily answer has the newest 100 bars; a few are left for sessions not yet in it. */
const COMPACT_SESSIONS_MAX = 95

/**
 * The vendor's spelling of a symbol. Share classes, warrants, units and rights of the US follow a dash
 * (`BRK-B`, `AAC-WS`), where others write a dot; the suffixes of exchanges (`TSCO.LON`) keep theirs.
 */
export function vendorSymbol(symbol: string): string {
  return symbol.trim().replace(/\.([A-Z]|WS)$/i, '-$1')
}

/** True when an answer for `answered` is an answer for `asked`, in either spelling. */
export function isSameSymbol(answered: string, asked: string): boolean {
  return vendorSymbol(answered).toUpperCase() === vendorSymbol(asked).toUpperCase()
}

/** A call of one of the vendor's functions. */
export function call(name: string, params: Readonly<Record<string, string>>): VendorRequest {
  return { path: '/query', params: { function: name, ...params }, keyParam: 'apikey' }
}

export function requestQuote(symbol: string): VendorRequest {
  return call('GLOBAL_QUOTE', { symbol: vendorSymbol(symbol) })
}

export function requestOverview(symbol: string): VendorRequest {
  return call('OVERVIEW', { symbol: vendorSymbol(symbol) })
}

export function requestSearch(words: string): VendorRequest {
  return call('SYMBOL_SEARCH', { keywords: words })
}

/** The calls that bring a need, oldest first; none where the vendor can have nothing of it. */
export function planBars(need: BarNeed): BarRequest[] {
  const today = need.calendar.localDay(need.now)
  const until = Math.min(need.until, today + DAY_MS)
  if (need.from !== null && need.from >= until) return []
  if (need.interval === '1d') return [dailyCall(need, today)]
  if (need.interval === '1wk') return [periodCall(need, 'TIME_SERIES_WEEKLY')]
  if (need.interval === '1mo') return [periodCall(need, 'TIME_SERIES_MONTHLY')]
  return intradayCalls(need, today, until)
}

/** The day after the newest session that was settled at the time of planning. */
function settledUntil(need: BarNeed): number {
  return need.calendar.lastClosed(need.now - SETTLE_MS).day + DAY_MS
}

function barCall(
  need: BarNeed,
  request: VendorRequest,
  covers: BarRequest['covers'],
  fallback: BarRequest | null = null,
): BarRequest {
  const { symbol, interval } = need
  return { request, symbol, interval, asked: null, covers, fallback }
}

function dailyCall(need: BarNeed, today: number): BarRequest {
  const symbol = vendorSymbol(need.symbol)
  const daily = (outputsize: string) => call('TIME_SERIES_DAILY', { symbol, outputsize })
  const compact = barCall(need, daily('compact'), null)
  const sessions =
    need.from === null ? Infinity : need.calendar.countSessions(need.from, today + DAY_MS)
  if (sessions <= COMPACT_SESSIONS_MAX) return compact
  // The full answer is for paying plans; others still get the newest 100 bars.
  return barCall(need, daily('full'), { from: FAR_PAST, until: settledUntil(need) }, compact)
}

function periodCall(need: BarNeed, name: string): BarRequest {
  const request = call(name, { symbol: vendorSymbol(need.symbol) })
  return barCall(need, request, { from: FAR_PAST, until: settledUntil(need) })
}

function intradayCalls(need: BarNeed, today: number, until: number): BarRequest[] {
  const from = Math.max(need.from ?? INTRADAY_FIRST_DAY, INTRADAY_FIRST_DAY)
  const trailingFrom = firstTrailingDay(need.calendar, today)
  const calls: BarRequest[] = []
  for (let month = monthStart(from); month < until; month = nextMonth(month)) {
    const first = Math.max(from, month)
    if (first >= trailingFrom) {
      calls.push(intradayCall(need, null))
      break
    }
    if (need.calendar.countSessions(first, Math.min(until, nextMonth(month))) > 0) {
      calls.push(intradayCall(need, month))
    }
  }
  return calls
}

/** First day from which an answer without a month has every session. */
function firstTrailingDay(calendar: Calendar, today: number): number {
  const sessions = calendar.sessions(today - 60 * DAY_MS, today + DAY_MS)
  const before = sessions[sessions.length - 1 - TRAILING_SESSIONS]
  return before === undefined ? today : before.day + DAY_MS
}

function intradayCall(need: BarNeed, month: number | null): BarRequest {
  const params: Record<string, string> = {
    symbol: vendorSymbol(need.symbol),
    interval: INTRADAY_SPELLINGS[need.interval] ?? need.interval,
    adjusted: 'false',
    extended_hours: 'true',
    outputsize: 'full',
  }
  if (month === null) return barCall(need, call('TIME_SERIES_INTRADAY', params), null)
  params['month'] = formatDate(month).slice(0, 7)
  const until = Math.min(nextMonth(month), settledUntil(need))
  const covers = until > month ? { from: month, until } : null
  const asked = { from: month, until: nextMonth(month) }
  return { ...barCall(need, call('TIME_SERIES_INTRADAY', params), covers), asked }
}

function nextMonth(month: number): number {
  return monthStart(month + 31 * DAY_MS)
}
