/** Alpha Vantage's price series over the simulated market: intraday, daily, weekly and monthly. */
import { sliceBatch, type BarBatch } from '../domain/bar-batch.ts'
import { DAY_MS, formatDate, monthStart, parseDay } from '../domain/date.ts'
import type { Interval } from '../domain/interval.ts'
import { fourDecimals, makeLabels, unpadded, type SeriesAnswer } from './alpha-vantage-text.ts'
import { adjustmentFactors } from './corporate-actions.ts'
import type { Market } from './market.ts'
import type { Params } from './vendor.ts'

/** Points in a compact answer. */
const COMPACT_COUNT = 100
/**
 * Sessions in a full intraday answer without a month. The vendor says 30 days, but its answer of
 * 2022-06-08 began with 2022-05-11: 20 sessions.
 */
const TRAILING_SESSIONS = 20
const FIRST_MONTH = Date.UTC(2000, 0, 1)
const ZONE = 'US/Eastern'
const PRICE_NAMES = ['1. open', '2. high', '3. low', '4. close'] as const
const CSV_HEADER = 'timestamp,open,high,low,close,volume'
const INTERVALS: Readonly<Record<string, Interval>> = {
  '1min': '1m',
  '5min': '5m',
  '15min': '15m',
  '30min': '30m',
  '60min': '1h',
}

/** TIME_SERIES_INTRADAY; null where the vendor calls the parameters invalid. */
export function intradayAnswer(
  market: Market,
  symbol: string,
  params: Params,
): SeriesAnswer | null {
  const asked = params.interval ?? ''
  const interval = INTERVALS[asked]
  const days = readMonth(market, params.month)
  if (interval === undefined || days === null) return null
  const hours = params.extended_hours === 'false' ? 'regular' : 'all'
  const all = market.bars({ symbol, interval, ...days, hours })
  // A month before the listing is an invalid call to the vendor; this month may have no bar yet.
  if (all.length === 0 && days.until <= market.today()) return null
  const bars = params.outputsize === 'full' ? all : lastBars(all, COMPACT_COUNT)
  const factorAt = params.adjusted === 'false' ? null : factorsBySession(market, symbol, days.from)
  const labels = labelsOf(bars, makeLabels(market.calendar))
  return {
    kind: 'series',
    meta: numbered([
      ['Information', `Intraday (${asked}) open, high, low, close prices and volume`],
      ['Symbol', params.symbol ?? symbol],
      ['Last Refreshed', labels[0] ?? formatDate(market.today())],
      ['Interval', asked],
      ['Output Size', params.outputsize === 'full' ? 'Full size' : 'Compact'],
      ['Time Zone', ZONE],
    ]),
    seriesKey: `Time Series (${asked})`,
    names: [...PRICE_NAMES, '5. volume'],
    csvHeader: CSV_HEADER,
    rows: {
      labels,
      cells: [...priceCells(bars, fourDecimals, factorAt), volumeCells(bars)],
    },
  }
}

/** The days of a `month=2026-05`, or of the trailing window without one; null where it is no month. */
function readMonth(
  market: Market,
  month: string | undefined,
): { from: number; until: number } | null {
  const until = market.today() + DAY_MS
  if (month === undefined) {
    const recent = market.calendar
      .sessions(until - 60 * DAY_MS, until)
      .filter((session) => session.extendedOpen < market.now())
    return { from: recent.at(-TRAILING_SESSIONS)?.day ?? until, until }
  }
  const from = parseDay(`${month}-01`)
  if (Number.isNaN(from) || from < FIRST_MONTH || from >= until) return null
  return { from, until: monthStart(from + 31 * DAY_MS) }
}

/** TIME_SERIES_DAILY: prices as traded. */
export function dailyAnswer(market: Market, symbol: string, params: Params): SeriesAnswer {
  const bars = dailyBars(market, symbol, params)
  return {
    kind: 'series',
    meta: dailyMeta(market, params, 'Daily Prices (open, high, low, close) and Volumes', bars),
    seriesKey: 'Time Series (Daily)',
    names: [...PRICE_NAMES, '5. volume'],
    csvHeader: CSV_HEADER,
    rows: {
      labels: labelsOf(bars, formatDate),
      cells: [...priceCells(bars, fourDecimals, null), volumeCells(bars)],
    },
  }
}

/** TIME_SERIES_DAILY_ADJUSTED: prices as traded, with the adjusted close, dividends and splits. */
export function dailyAdjustedAnswer(market: Market, symbol: string, params: Params): SeriesAnswer {
  const bars = dailyBars(market, symbol, params)
  const end = market.today() + DAY_MS
  const splits = new Map(market.splits(symbol, end).map(({ day, ratio }) => [day, ratio]))
  const dividends = new Map(market.dividends(symbol, end).map(({ day, amount }) => [day, amount]))
  const factors = factorsOf(market, symbol, bars)
  const isCsv = params.datatype === 'csv'
  // The CSV of this function is the one that does not pad its numbers.
  const number = isCsv ? unpadded : fourDecimals
  return {
    kind: 'series',
    meta: dailyMeta(market, params, 'Daily Time Series with Splits and Dividend Events', bars),
    seriesKey: 'Time Series (Daily)',
    names: [
      ...PRICE_NAMES,
      '5. adjusted close',
      '6. volume',
      '7. dividend amount',
      '8. split coefficient',
    ],
    csvHeader:
      'timestamp,open,high,low,close,adjusted_close,volume,dividend_amount,split_coefficient',
    rows: {
      labels: labelsOf(bars, formatDate),
      cells: [
        ...priceCells(bars, number, null),
        cellsOf(bars, (i) => number(bars.close[i] * factors[i])),
        volumeCells(bars),
        cellsOf(bars, (i) => fourDecimals(dividends.get(bars.ts[i]) ?? 0)),
        cellsOf(bars, (i) => number(splits.get(bars.ts[i]) ?? 1)),
      ],
    },
  }
}

/** TIME_SERIES_WEEKLY and _MONTHLY, with or without _ADJUSTED: labelled by the last trading day. */
export function periodAnswer(
  market: Market,
  symbol: string,
  params: Params,
  interval: '1wk' | '1mo',
  isAdjusted: boolean,
): SeriesAnswer {
  const { bars, last } = market.periods(symbol, interval)
  const name = interval === '1wk' ? 'Weekly' : 'Monthly'
  const information = isAdjusted
    ? `${name} Adjusted Prices and Volumes`
    : `${name} Prices (open, high, low, close) and Volumes`
  const adjusted = isAdjusted ? adjustedCells(market, symbol, bars, last) : null
  return {
    kind: 'series',
    meta: numbered([
      ['Information', information],
      ['Symbol', params.symbol ?? symbol],
      ['Last Refreshed', lastRefreshed(market, last.at(-1))],
      ['Time Zone', ZONE],
    ]),
    seriesKey: isAdjusted ? `${name} Adjusted Time Series` : `${name} Time Series`,
    names: isAdjusted
      ? [...PRICE_NAMES, '5. adjusted close', '6. volume', '7. dividend amount']
      : [...PRICE_NAMES, '5. volume'],
    // Spaces here, underscores in daily adjusted: so it is on the wire.
    csvHeader: isAdjusted
      ? 'timestamp,open,high,low,close,adjusted close,volume,dividend amount'
      : CSV_HEADER,
    rows: {
      labels: cellsOf(bars, (i) => formatDate(last[i])),
      cells: [
        ...priceCells(bars, fourDecimals, null),
        ...(adjusted === null
          ? [volumeCells(bars)]
          : [adjusted.closes, volumeCells(bars), adjusted.dividends]),
      ],
    },
  }
}

/** The adjusted close of each period's last day, and the dividends with ex days in the period. */
function adjustedCells(
  market: Market,
  symbol: string,
  bars: BarBatch,
  last: Float64Array,
): { closes: string[]; dividends: string[] } {
  const end = market.today() + DAY_MS
  const days = market.bars({ symbol, interval: '1d', from: 0, until: end, hours: 'regular' })
  const factors = factorsOf(market, symbol, days)
  const byDay = new Map(Array.from(days.ts, (day, i) => [day, factors[i]]))
  const dividends = market.dividends(symbol, end)
  return {
    closes: cellsOf(bars, (i) => fourDecimals(bars.close[i] * (byDay.get(last[i]) ?? 1))),
    dividends: cellsOf(bars, (i) => {
      const paid = dividends.filter(({ day }) => day >= bars.ts[i] && day <= last[i])
      return fourDecimals(paid.reduce((sum, { amount }) => sum + amount, 0))
    }),
  }
}

function dailyBars(market: Market, symbol: string, params: Params): BarBatch {
  const until = market.today() + DAY_MS
  const isFull = params.outputsize === 'full'
  // 100 sessions fit into 160 days.
  const from = isFull ? 0 : until - 160 * DAY_MS
  const bars = market.bars({ symbol, interval: '1d', from, until, hours: 'regular' })
  return isFull ? bars : lastBars(bars, COMPACT_COUNT)
}

function dailyMeta(
  market: Market,
  params: Params,
  information: string,
  bars: BarBatch,
): [string, string][] {
  return numbered([
    ['Information', information],
    ['Symbol', params.symbol ?? ''],
    ['Last Refreshed', lastRefreshed(market, bars.ts[bars.length - 1])],
    ['Output Size', params.outputsize === 'full' ? 'Full size' : 'Compact'],
    ['Time Zone', ZONE],
  ])
}

/** A date after the close; date and time of day while the newest bar's session is on. */
function lastRefreshed(market: Market, lastDay: number | undefined): string {
  if (lastDay === undefined) return formatDate(market.today())
  const session = market.calendar.session(lastDay)
  const isOpen = session !== null && market.now() < session.close
  return isOpen ? makeLabels(market.calendar)(market.now()) : formatDate(lastDay)
}

function numbered(entries: readonly (readonly [string, string])[]): [string, string][] {
  return entries.map(([name, value], i) => [`${i + 1}. ${name}`, value])
}

function factorsOf(market: Market, symbol: string, days: BarBatch): Float64Array {
  const end = market.today() + DAY_MS
  const splits = market.splits(symbol, end)
  return adjustmentFactors(days.ts, days.close, splits, market.dividends(symbol, end))
}

/** The factor for a bar by its instant, from the first session asked for until today. */
function factorsBySession(market: Market, symbol: string, from: number): (ts: number) => number {
  const until = market.today() + DAY_MS
  const days = market.bars({ symbol, interval: '1d', from, until, hours: 'regular' })
  const factors = factorsOf(market, symbol, days)
  const byDay = new Map(Array.from(days.ts, (day, i) => [day, factors[i]]))
  return (ts) => byDay.get(market.calendar.localDay(ts)) ?? 1
}

function lastBars(bars: BarBatch, count: number): BarBatch {
  return sliceBatch(bars, Math.max(0, bars.length - count), bars.length)
}

/** One text a bar, newest first. */
function cellsOf(bars: BarBatch, cellAt: (index: number) => string): string[] {
  const cells: string[] = []
  for (let i = bars.length - 1; i >= 0; i -= 1) cells.push(cellAt(i))
  return cells
}

function labelsOf(bars: BarBatch, toLabel: (ts: number) => string): string[] {
  return cellsOf(bars, (i) => toLabel(bars.ts[i]))
}

function priceCells(
  bars: BarBatch,
  toText: (price: number) => string,
  factorAt: ((ts: number) => number) | null,
): string[][] {
  return [bars.open, bars.high, bars.low, bars.close].map((column) =>
    factorAt === null
      ? cellsOf(bars, (i) => toText(column[i]))
      : cellsOf(bars, (i) => toText(column[i] * factorAt(bars.ts[i]))),
  )
}

function volumeCells(bars: BarBatch): string[] {
  return cellsOf(bars, (i) => String(bars.volume[i]))
}
