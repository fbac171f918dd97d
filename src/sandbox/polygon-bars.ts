/**
 * The market's bars as Polygon has them: each listing under the symbol of the time, adjusted for splits
 * if wanted, with an average price and a number of trades, in windows of any length.
 */
import {
  BAR_COLUMNS,
  joinBatches,
  makeBatch,
  takeBars,
  type BarBatch,
} from '../domain/bar-batch.ts'
import { DAY_MS } from '../domain/date.ts'
import type { Interval } from '../domain/interval.ts'
import { splitRatioBetween } from './corporate-actions.ts'
import { hashOf } from './counter-random.ts'
import type { Market } from './market.ts'
import type { Windows } from './polygon-windows.ts'

/** The vendor's history of stocks begins on 2003-09-10. */
const FIRST_DAY = Date.UTC(2003, 8, 10)

/** Bars of one ticker as the vendor sees it. */
export interface TickerView {
  readonly market: Market
  /** The symbol of today, under which the market has the bars. */
  readonly symbol: string
  /** Days [from, until) on which it traded under the ticker asked for. */
  readonly from: number
  readonly until: number
  readonly isAdjusted: boolean
  /** Milliseconds by which the view is late. */
  readonly delayMs: number
}

/**
 * The view of a ticker; null where there is none of that name. A ticker has bars only of the days on
 * which it was in use: those before a renaming are found under the former one.
 */
export function viewOf(
  market: Market,
  ticker: string,
  isAdjusted: boolean,
  delayMs: number,
): TickerView | null {
  const today = market.today()
  const spans = market.namesOf(ticker)
  const own = spans?.find((span) => span.symbol === ticker && span.from <= today)
  const current = spans?.findLast((span) => span.from <= today)
  if (own === undefined || current === undefined) return null
  return {
    market,
    symbol: current.symbol,
    from: Math.max(own.from, FIRST_DAY),
    until: Math.min(own.until, today + DAY_MS),
    isAdjusted,
    delayMs,
  }
}

/** Bars of the market of the days [from, until), all hours, with average price and trades. */
export function baseBars(
  view: TickerView,
  interval: Interval,
  from: number,
  until: number,
): BarBatch {
  const { market, symbol, delayMs } = view
  const first = Math.max(from, view.from)
  const end = Math.min(until, view.until)
  if (first >= end) return makeBatch(0)
  // An index is computed while its members trade.
  const hours = market.listing(symbol)?.kind === 'Index' ? 'regular' : 'all'
  const bars = market.bars({ symbol, interval, from: first, until: end, hours, delayMs })
  const batch = takeBars(
    bars,
    Array.from({ length: bars.length }, (_, i) => i),
  )
  for (let i = 0; i < batch.length; i += 1) {
    batch.vwap[i] = fourPlaces(
      (batch.open[i]! + batch.high[i]! + batch.low[i]! + batch.close[i]!) / 4,
    )
    // 60 to 119 shares a trade.
    const shares = 60 + (hashOf(batch.volume[i]!, 5, batch.ts[i]! / 60_000) % 60)
    batch.trades[i] = 1 + Math.floor(batch.volume[i]! / shares)
  }
  return batch
}

/** Bars of the windows that begin in [start, end), made of minutes or days, by ascending ts. */
export function windowBars(
  view: TickerView,
  windows: Windows,
  start: number,
  end: number,
): BarBatch {
  if (windows.base === 'day') {
    const days = adjusted(view, baseBars(view, '1d', start, end), (day) => day)
    return windows.interval === '1d' ? days : gather(days, windows)
  }
  const { calendar } = view.market
  const parts = calendar
    .sessions(calendar.localDay(start), calendar.localDay(end - 1) + DAY_MS)
    .map(({ day }) => sessionBars(view, windows, day))
    .map((bars) => takeRange(bars, start, end))
  return adjusted(view, joinBatches(parts), (ts) => calendar.localDay(ts))
}

/** Where the market has such bars, their prices are taken from it: an edit may be of just one of them. */
function sessionBars(view: TickerView, windows: Windows, day: number): BarBatch {
  const minutes = baseBars(view, '1m', day, day + DAY_MS)
  if (windows.interval === '1m') return minutes
  const gathered = gather(minutes, windows)
  if (windows.interval === null) return gathered
  const bars = baseBars(view, windows.interval, day, day + DAY_MS)
  let g = 0
  for (let i = 0; i < bars.length; i += 1) {
    while (g < gathered.length && gathered.ts[g]! < bars.ts[i]!) g += 1
    if (gathered.ts[g] !== bars.ts[i]) continue
    bars.vwap[i] = gathered.vwap[g]!
    bars.trades[i] = gathered.trades[g]!
  }
  return bars
}

/** Longer bars of shorter ones; the average price goes by volume. */
function gather(bars: BarBatch, windows: Windows): BarBatch {
  const made = makeBatch(bars.length)
  let count = 0
  let paid = 0
  for (let i = 0; i < bars.length; i += 1) {
    const start = windows.startOf(bars.ts[i]!)
    if (count === 0 || made.ts[count - 1] !== start) {
      for (const column of BAR_COLUMNS) made[column][count] = bars[column][i]!
      made.ts[count] = start
      paid = bars.vwap[i]! * bars.volume[i]!
      count += 1
      continue
    }
    const at = count - 1
    made.high[at] = Math.max(made.high[at]!, bars.high[i]!)
    made.low[at] = Math.min(made.low[at]!, bars.low[i]!)
    made.close[at] = bars.close[i]!
    made.volume[at]! += bars.volume[i]!
    made.trades[at]! += bars.trades[i]!
    paid += bars.vwap[i]! * bars.volume[i]!
    made.vwap[at] = fourPlaces(paid / made.volume[at]!)
  }
  return takeBars(
    made,
    Array.from({ length: count }, (_, i) => i),
  )
}

/** Prices and volumes restated for all splits up to today; changes the batch. */
function adjusted(view: TickerView, bars: BarBatch, dayOf: (ts: number) => number): BarBatch {
  const { market, symbol, isAdjusted } = view
  if (!isAdjusted) return bars
  const today = market.today()
  const splits = market.splits(symbol, today + DAY_MS)
  for (let i = 0; i < bars.length; i += 1) {
    const ratio = splitRatioBetween(splits, dayOf(bars.ts[i]!), today)
    for (const column of ['open', 'high', 'low', 'close', 'vwap'] as const) {
      bars[column][i] = fourPlaces(bars[column][i]! / ratio)
    }
    bars.volume[i] = Math.round(bars.volume[i]! * ratio)
  }
  return bars
}

function takeRange(bars: BarBatch, start: number, end: number): BarBatch {
  const indexes: number[] = []
  for (let i = 0; i < bars.length; i += 1) {
    if (bars.ts[i]! >= start && bars.ts[i]! < end) indexes.push(i)
  }
  return takeBars(bars, indexes)
}

function fourPlaces(price: number): number {
  return Math.round(price * 10_000) / 10_000
}
