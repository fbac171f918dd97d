/**
 * How a need becomes calls to Yahoo: one endpoint for all bars, periods in seconds, and for each
 * interval how far back the vendor has it and how much it gives in a call.
 */
import { DAY_MS } from '../../domain/date.ts'
import type { Interval } from '../../domain/interval.ts'
import type { BarNeed, BarRequest, VendorRequest } from '../provider.ts'

/** Milliseconds after a regular close until bars are final. Volumes can still be restated for days. */
export const SETTLE_MS = 4 * 3_600_000

interface Window {
  /** The vendor has bars that begin this far back from now. */
  readonly backMs: number
  /** Longest period of a call. */
  readonly callMs: number
}

/** https://github.com/ranaroussi/yfinance, and the vendor's own words in its refusals with HTTP 422. */
const WINDOWS: Partial<Record<Interval, Window>> = {
  '1m': { backMs: 30 * DAY_MS, callMs: 8 * DAY_MS },
  '5m': { backMs: 60 * DAY_MS, callMs: Infinity },
  '15m': { backMs: 60 * DAY_MS, callMs: Infinity },
  '1h': { backMs: 730 * DAY_MS, callMs: Infinity },
}

/** Time that may go by until the last of the calls is sent: its window must not be too old by then. */
const QUEUE_MS = 3_600_000
/** Before any bar that the vendor has; its oldest daily histories begin in 1927. */
const FAR_PAST = Date.UTC(1900, 0, 1)

/** Programs that say what they are get HTTP 429 on their first call. */
const HEADERS = {
  'user-agent':
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36',
} as const

/** Exchanges whose suffix is one letter: Frankfurt, London, Tokyo, TSX Venture. */
const EXCHANGE_LETTERS = 'FLTV'
const SHARE_CLASS = /\.([A-Z])$/

/** What the vendor calls the indices that people write as Polygon does. */
const INDICES: Readonly<Record<string, string>> = {
  'I:SPX': '^GSPC',
  'I:DJI': '^DJI',
  'I:COMP': '^IXIC',
  'I:NDX': '^NDX',
  'I:RUT': '^RUT',
  'I:VIX': '^VIX',
}

/**
 * The vendor's spelling of a symbol: share classes of the US follow a dash (`BRK-B`), units and warrants
 * are `-UN` and `-WT`, a currency pair is `EURUSD=X`, the best-known indices go by the vendor's names
 * (`I:SPX` as `^GSPC`). Suffixes of exchanges (`BARC.L`, `SAP.DE`) stay as they are.
 */
function vendorSymbol(symbol: string): string {
  const upper = symbol.trim().toUpperCase()
  const index = INDICES[upper]
  if (index !== undefined) return index
  const pair = /^(?:C:([A-Z]{3})|([A-Z]{3})\/)([A-Z]{3})$/.exec(upper)
  if (pair !== null) return `${pair[1] ?? pair[2]}${pair[3]}=X`
  if (upper.endsWith('.WS')) return `${upper.slice(0, -3)}-WT`
  const letter = SHARE_CLASS.exec(upper)?.[1]
  if (letter === undefined || EXCHANGE_LETTERS.includes(letter)) return upper
  return `${upper.slice(0, -2)}-${letter === 'U' ? 'UN' : letter}`
}

/** True when an answer for `answered` is an answer for `asked`, in either spelling. */
export function isSameSymbol(answered: string, asked: string): boolean {
  return shortSymbol(answered) === shortSymbol(asked)
}

/** The vendor leaves the dollar out where it is what is paid for: `JPY=X` is `USDJPY=X`. */
function shortSymbol(symbol: string): string {
  return vendorSymbol(symbol).replace(/^USD(?=[A-Z]{3}=X$)/, '')
}

function chartCall(symbol: string, params: Readonly<Record<string, string>>): VendorRequest {
  const path = `/v8/finance/chart/${encodeURIComponent(vendorSymbol(symbol))}`
  return { path, params, headers: HEADERS }
}

/** The newest daily row and the `meta` beside it; the vendor's own call for quotes wants a crumb. */
export function requestQuote(symbol: string): VendorRequest {
  return chartCall(symbol, { interval: '1d', range: '1d' })
}

export function requestOverview(symbol: string): VendorRequest {
  return requestQuote(symbol)
}

export function requestSearch(words: string): VendorRequest {
  const params = { q: words, quotesCount: '10', newsCount: '0' }
  return { path: '/v1/finance/search', params, headers: HEADERS }
}

/** The calls that bring a need, oldest first; none where the vendor can have nothing of it. */
export function planBars(need: BarNeed): BarRequest[] {
  const until = Math.min(need.until, begunUntil(need))
  if (need.interval === '1d') return dailyCalls(need, until)
  const window = WINDOWS[need.interval]
  return window === undefined ? [] : intradayCalls(need, until, window)
}

/** The day after the newest session whose regular trading has begun: later ones have no rows yet. */
function begunUntil({ calendar, now }: BarNeed): number {
  const today = calendar.localDay(now)
  const sessions = calendar.sessions(today - 30 * DAY_MS, today + 2 * DAY_MS)
  const newest = sessions.findLast((session) => session.open <= now)
  return newest === undefined ? today : newest.day + DAY_MS
}

function dailyCalls(need: BarNeed, until: number): BarRequest[] {
  const from = need.from ?? FAR_PAST
  if (from >= until) return []
  if (need.from !== null && need.calendar.countSessions(from, until) === 0) return []
  // Days of zones east and west of Greenwich begin and end on either side of UTC's.
  const period = { from: from - DAY_MS, until: until + DAY_MS }
  return [barCall(need, { from, until }, period)]
}

function intradayCalls(need: BarNeed, until: number, window: Window): BarRequest[] {
  const { calendar } = need
  const oldest = firstDayAfter(need, need.now - window.backMs + QUEUE_MS)
  let from = Math.max(need.from ?? oldest, oldest)
  const days = calendar.sessions(from, until).map(({ day }) => day)
  const calls: BarRequest[] = []
  for (let at = 0; at < days.length;) {
    const first = days[at]!
    const starts = calendar.instantAt(first, 0)
    let next = at + 1
    while (next < days.length && endOf(need, days[next]!) - starts <= window.callMs) next += 1
    // Up to the next call's first session, so that together they cover all days.
    const end = days[next] ?? until
    const period = { from: starts, until: endOf(need, days[next - 1]!) }
    calls.push(barCall(need, { from, until: end }, period))
    from = end
    at = next
  }
  return calls
}

function endOf({ calendar }: BarNeed, day: number): number {
  return calendar.instantAt(day + DAY_MS, 0)
}

/** The first day whose midnight is not before an instant. */
function firstDayAfter({ calendar }: BarNeed, instant: number): number {
  const day = calendar.localDay(instant)
  return calendar.instantAt(day, 0) >= instant ? day : day + DAY_MS
}

/** A call for days; the period is in instants, its end not included. */
function barCall(
  need: BarNeed,
  asked: { readonly from: number; readonly until: number },
  period: { readonly from: number; readonly until: number },
): BarRequest {
  const { symbol, interval, calendar, now } = need
  const settledUntil = calendar.lastClosed(now - SETTLE_MS).day + DAY_MS
  const covers = { from: asked.from, until: Math.min(asked.until, settledUntil) }
  const request = chartCall(symbol, {
    interval,
    period1: String(period.from / 1000),
    // The vendor gives a row that begins exactly then.
    period2: String(period.until / 1000 - 1),
    includePrePost: 'false',
    events: 'div|split|capitalGains',
  })
  return {
    request,
    symbol,
    interval,
    asked,
    covers: covers.from < covers.until ? covers : null,
    fallback: null,
  }
}
