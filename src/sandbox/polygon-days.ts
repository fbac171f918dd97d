/** Polygon's answers about one day: the whole market, the previous session, open and close. */
import { barAt, makeBatch, BAR_COLUMNS, type BarBatch } from '../domain/bar-batch.ts'
import { DAY_MS, formatDate, parseDay } from '../domain/date.ts'
import { hashOf, keyOf } from './counter-random.ts'
import type { Market } from './market.ts'
import { delayOf, includesDays, type Plan } from './plans.ts'
import { viewOf, windowBars } from './polygon-bars.ts'
import { badRequest, notFound, refuseTimeframe } from './polygon-refusals.ts'
import { aggregatesAnswer, jsonAnswer, requestId } from './polygon-text.ts'
import { findWindows } from './polygon-windows.ts'
import type { VendorCall, WireAnswer } from './vendor.ts'

/** Symbols SIM1 to SIM100 stand for the many small ones. */
const SIMULATED_COUNT = 100
/** These answers label a day by its 16:00 in New York, whatever the documentation says. */
const LABEL_MINUTES = 16 * 60

/** Tickers that trade on a day, by their names of that day. */
function tickersOf(market: Market, day: number): string[] {
  const simulated = Array.from({ length: SIMULATED_COUNT }, (_, i) => `SIM${i + 1}`)
  return [...market.listings().map(({ symbol }) => symbol), ...simulated]
    .map((symbol) => market.namesOf(symbol)?.find((span) => span.from <= day && day < span.until))
    .filter((span) => span !== undefined)
    .map(({ symbol }) => symbol)
}

/** The answer to `/v2/aggs/grouped/locale/us/market/stocks/{date}`. */
export function groupedAnswer(market: Market, call: VendorCall, plan: Plan): WireAnswer {
  const day = parseDay(call.params['date'] ?? '')
  if (Number.isNaN(day)) return badRequest(call, "Could not parse the time parameter: 'date'.")
  if (!includesDays(plan, day, day, market.today())) return refuseTimeframe(call)
  const found = tickersOf(market, day)
    // The vendor sends them in no order.
    .toSorted((a, b) => hashOf(keyOf(1, a), 1, 1) - hashOf(keyOf(1, b), 1, 1))
    .map((ticker) => ({ ticker, bar: dayBar(market, call, plan, ticker, day) }))
    .filter(({ bar }) => bar.length === 1)
  const bars = makeBatch(found.length)
  for (const [i, { bar }] of found.entries()) {
    for (const column of BAR_COLUMNS) bars[column][i] = bar[column][0]!
    bars.ts[i] = market.calendar.instantAt(day, LABEL_MINUTES)
  }
  return aggregatesAnswer(
    {
      queryCount: found.length,
      adjusted: call.params['adjusted'] !== 'false',
      status: plan.delayed ? 'DELAYED' : 'OK',
      requestId: requestId(call),
    },
    { bars, isExponential: true, barMs: null, tickers: found.map(({ ticker }) => ticker) },
  )
}

/** The answer to `/v2/aggs/ticker/{T}/prev`: the newest session before today. */
export function previousAnswer(market: Market, call: VendorCall, plan: Plan): WireAnswer {
  const ticker = call.params['symbol'] ?? ''
  const day = market.calendar.sessions(market.today() - 10 * DAY_MS, market.today()).at(-1)?.day
  const bar = day === undefined ? makeBatch(0) : dayBar(market, call, plan, ticker, day)
  const ts = bar.ts.map((label) => market.calendar.instantAt(label, LABEL_MINUTES))
  return aggregatesAnswer(
    {
      ticker,
      queryCount: bar.length,
      adjusted: call.params['adjusted'] !== 'false',
      status: plan.delayed ? 'DELAYED' : 'OK',
      requestId: requestId(call),
    },
    { bars: { ...bar, ts }, isExponential: true, barMs: null, tickers: [ticker] },
  )
}

function dayBar(
  market: Market,
  { params }: VendorCall,
  plan: Plan,
  ticker: string,
  day: number,
): BarBatch {
  const view = viewOf(market, ticker, params['adjusted'] !== 'false', delayOf(plan))
  const windows = findWindows(1, 'day', market.calendar)
  return view === null || windows === null
    ? makeBatch(0)
    : windowBars(view, windows, day, day + DAY_MS)
}

/** The answer to `/v1/open-close/{T}/{date}`. */
export function openCloseAnswer(market: Market, call: VendorCall, plan: Plan): WireAnswer {
  const day = parseDay(call.params['date'] ?? '')
  if (Number.isNaN(day)) return badRequest(call, "Could not parse the time parameter: 'date'.")
  if (!includesDays(plan, day, day, market.today())) return refuseTimeframe(call)
  const symbol = call.params['symbol'] ?? ''
  const bar = dayBar(market, call, plan, symbol, day)
  const session = market.calendar.session(day)
  const view = viewOf(market, symbol, call.params['adjusted'] !== 'false', delayOf(plan))
  const windows = findWindows(1, 'minute', market.calendar)
  if (bar.length === 0 || session === null || view === null || windows === null) {
    return notFound(call, 'Data not found.')
  }
  const early = windowBars(view, windows, session.extendedOpen, session.open)
  const late = windowBars(view, windows, session.close, session.extendedClose)
  const { open, high, low, close, volume } = barAt(bar, 0)
  return jsonAnswer(200, {
    status: plan.delayed ? 'DELAYED' : 'OK',
    from: formatDate(day),
    symbol,
    open,
    high,
    low,
    close,
    volume,
    ...(late.length === 0 ? {} : { afterHours: late.close[late.length - 1] }),
    ...(early.length === 0 ? {} : { preMarket: early.open[0] }),
  })
}
