/** How a need becomes calls to Polygon: the fewest that bring all of it, each with one whole answer. */
import type { Calendar } from '../../domain/calendar/calendar.ts'
import { DAY_MS, formatDate } from '../../domain/date.ts'
import type { Interval } from '../../domain/interval.ts'
import type { BarNeed, BarRequest, VendorRequest } from '../provider.ts'
import { REACHES } from './plan.ts'

/**
 * Milliseconds after a regular close until bars are final: at 11:15 of the next morning, when the
 * vendor has rebuilt the day (its flat file of the day is out by about 11:00).
 */
export const SETTLE_MS = 19.25 * 3_600_000

/** The vendor's multiplier and timespan of each interval that it has in our terms. */
const SPELLINGS: Partial<Record<Interval, string>> = {
  '1m': '1/minute',
  '5m': '5/minute',
  '15m': '15/minute',
  '30m': '30/minute',
  '1d': '1/day',
}

/** Most aggregates that an answer can be made of: minutes for bars inside a day, days for daily ones. */
const BASE_AGGREGATES_MAX = 50_000
/** The vendor's history of stocks begins on 2003-09-10. */
const FIRST_DAY = Date.UTC(2003, 8, 10)

/** What the vendor calls the indices that people write as Yahoo does. */
const INDICES: Readonly<Record<string, string>> = {
  '^GSPC': 'I:SPX',
  '^DJI': 'I:DJI',
  '^IXIC': 'I:COMP',
  '^NDX': 'I:NDX',
  '^RUT': 'I:RUT',
  '^VIX': 'I:VIX',
}

/**
 * The vendor's spelling of a symbol, which is case-sensitive. Share classes and warrants follow a dot
 * (`BRK.B`, `SPAQ.WS`), where others write a dash; preferred shares a small p (`PEBpE`), where others
 * write `PEB-PE` or `PEB-P-E`.
 */
export function vendorTicker(symbol: string): string {
  const text = symbol.trim()
  return (
    INDICES[text.toUpperCase()] ??
    text.replace(/^([A-Z]+)-P-?([A-Z])$/i, '$1p$2').replace(/-([A-Z]|WS|U|R)$/i, '.$1')
  )
}

/** A call with the key in a header, where no log or address shows it. */
export function call(path: string, params: Readonly<Record<string, string>> = {}): VendorRequest {
  return { path, params, keyHeader: { name: 'Authorization', prefix: 'Bearer ' } }
}

/** A symbol as a part of a path. Colons stay as they are (`I:SPX`). */
function tickerPath(symbol: string): string {
  return encodeURIComponent(vendorTicker(symbol)).replaceAll('%3A', ':')
}

/** The multiplier and timespan of an interval as they stand in a path, e.g. `5/minute`. */
export function rangeSpelling(interval: Interval): string | null {
  return SPELLINGS[interval] ?? null
}

/** The call for the session before the newest one, or the newest one when it is over. */
export function requestQuote(symbol: string): VendorRequest {
  return call(`/v2/aggs/ticker/${tickerPath(symbol)}/prev`, { adjusted: 'false' })
}

export function requestOverview(symbol: string): VendorRequest {
  return call(`/v3/reference/tickers/${tickerPath(symbol)}`)
}

/** The call for the symbols that a listing has had. The endpoint is experimental, by the vendor's own word. */
export function requestSymbolHistory(symbol: string): VendorRequest {
  return call(`/vX/reference/tickers/${tickerPath(symbol)}/events`, { types: 'ticker_change' })
}

/** The calls that bring a need, oldest first; none where the vendor can have nothing of it. */
export function planBars(need: BarNeed): BarRequest[] {
  const spelling = rangeSpelling(need.interval)
  const today = need.calendar.localDay(need.now)
  const until = Math.min(need.until, today + DAY_MS)
  const from = Math.max(need.from ?? FIRST_DAY, FIRST_DAY)
  if (spelling === null || !(from < until)) return []
  const chunks = need.interval === '1d' ? [{ from, until }] : chunksOf(need.calendar, from, until)
  return chunks.map((chunk) => barCall(need, spelling, chunk))
}

interface DayRange {
  readonly from: number
  readonly until: number
}

/** Ranges of days of which no one has more minutes than an answer can be made of. */
function chunksOf(calendar: Calendar, from: number, until: number): DayRange[] {
  const chunks: DayRange[] = []
  let minutes = 0
  let start = from
  for (const session of calendar.sessions(from, until)) {
    const own = (session.extendedClose - session.extendedOpen) / 60_000
    if (minutes > 0 && minutes + own > BASE_AGGREGATES_MAX) {
      chunks.push({ from: start, until: session.day })
      start = session.day
      minutes = 0
    }
    minutes += own
  }
  if (minutes > 0) chunks.push({ from: start, until })
  return chunks
}

/**
 * A call for days, and what is left of it for each lesser plan, step by step: a plan that lacks the oldest
 * years, or today, still gets all that it has.
 */
function barCall(need: BarNeed, spelling: string, asked: DayRange): BarRequest {
  const today = need.calendar.localDay(need.now)
  let widest: BarRequest | null = null
  for (const { daysBack, hasToday } of REACHES) {
    const from = Math.max(asked.from, today - daysBack * DAY_MS)
    const until = hasToday ? asked.until : Math.min(asked.until, today)
    const isSame = widest?.asked?.from === from && widest.asked.until === until
    if (isSame || need.calendar.countSessions(from, until) === 0) continue
    widest = rangeCall(need, spelling, { from, until }, widest)
  }
  return widest ?? rangeCall(need, spelling, asked, null)
}

function rangeCall(
  need: BarNeed,
  spelling: string,
  asked: DayRange,
  fallback: BarRequest | null,
): BarRequest {
  const { symbol, interval, calendar, now } = need
  const settledUntil = calendar.lastClosed(now - SETTLE_MS).day + DAY_MS
  const until = Math.min(asked.until, settledUntil)
  // Both dates are included, and mean dates in New York.
  const dates = `${formatDate(asked.from)}/${formatDate(asked.until - DAY_MS)}`
  return {
    request: call(`/v2/aggs/ticker/${tickerPath(symbol)}/range/${spelling}/${dates}`, {
      adjusted: 'false',
      sort: 'asc',
      limit: String(BASE_AGGREGATES_MAX),
    }),
    symbol,
    interval,
    asked,
    covers: asked.from < until ? { from: asked.from, until } : null,
    fallback,
  }
}
