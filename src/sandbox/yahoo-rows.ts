/**
 * The rows of Yahoo's chart: restated for splits as 32-bit floats, with rows of null where a minute saw
 * no trade, and at the end the latest price, which is no bar.
 */
import {
  BAR_COLUMNS,
  joinBatches,
  makeBatch,
  takeBars,
  type BarBatch,
} from '../domain/bar-batch.ts'
import type { Session } from '../domain/calendar/calendar.ts'
import { DAY_MS, monthStart, weekStart } from '../domain/date.ts'
import type { Interval } from '../domain/interval.ts'
import { makeBuckets } from './bar-buckets.ts'
import { adjustmentFactors, splitRatioBetween } from './corporate-actions.ts'
import type { Split } from './listings.ts'
import type { Market } from './market.ts'
import type { ChartQuery, YahooInterval } from './yahoo-period.ts'

/** One listing in the vendor's eyes. */
export interface ChartView {
  readonly market: Market
  readonly symbol: string
  /** Up to today. */
  readonly splits: readonly Split[]
  /** The newest session whose regular trading has begun, and those before it. */
  readonly newest: Session
  /** Instant of the latest trade in regular hours. */
  readonly lastTrade: number
}

export interface ChartRows {
  /** `ts` are instants; a row without a trade has NaN everywhere else. */
  readonly bars: BarBatch
  /** Closes restated for dividends too; null for bars inside a day. */
  readonly adjusted: Float64Array | null
}

const MARKET_INTERVALS: Readonly<Record<number, Interval>> = {
  1: '1m',
  5: '5m',
  15: '15m',
  30: '30m',
  60: '1h',
}

/** Starts of the days, weeks, months or quarters that hold a day. */
const PERIOD_STARTS: Readonly<Partial<Record<YahooInterval, (day: number) => number>>> = {
  // The vendor's five days are weeks in all but name.
  '5d': weekStart,
  '1wk': weekStart,
  '1mo': monthStart,
  '3mo': (day) => {
    const month = new Date(day).getUTCMonth()
    return Date.UTC(new Date(day).getUTCFullYear(), month - (month % 3), 1)
  },
}

/** The view of a listing at this instant; null before its first trade. */
export function makeView(market: Market, symbol: string): ChartView | null {
  const { calendar } = market
  const [now, today] = [market.now(), market.today()]
  const newest = calendar
    .sessions(today - 30 * DAY_MS, today + DAY_MS)
    .findLast(({ open }) => open < now)
  const listing = market.listing(symbol)
  if (newest === undefined || listing === null || listing.firstDay > newest.day) return null
  const splits = market.splits(symbol, today + DAY_MS)
  // Some seconds after the close comes its auction; before it a trade is never quite of now.
  const isOver = now >= newest.close + 1000
  const second = Math.floor((now - 1) / 1000) * 1000
  const lastTrade = isOver ? newest.close + 1000 : second % 60_000 === 0 ? second - 1000 : second
  return { market, symbol, splits, newest, lastTrade: Math.max(newest.open, lastTrade) }
}

/** The rows of a query. */
export function chartRows(view: ChartView, query: ChartQuery, withExtended: boolean): ChartRows {
  if (query.minutes !== null) {
    return { bars: intradayRows(view, query, query.minutes, withExtended), adjusted: null }
  }
  return dailyRows(view, query)
}

function intradayRows(
  view: ChartView,
  query: ChartQuery,
  minutes: number,
  withExtended: boolean,
): BarBatch {
  const { market, newest } = view
  const { calendar } = market
  const days = [calendar.localDay(query.from), calendar.localDay(query.to) + DAY_MS] as const
  const sessions = calendar.sessions(days[0], days[1]).filter(({ day }) => day <= newest.day)
  const parts = sessions.map((session) => {
    const bars = sessionBars(view, session, minutes, withExtended)
    // With the hours before and after, bars count from the full hour, and quiet stretches are left out.
    const whole = withExtended ? bars : withQuietRows(bars, session, minutes * 60_000, market.now())
    return withinPeriod(
      restated(view, whole, () => session.day),
      query,
    )
  })
  const tick = tickRow(view)
  const at = tick.ts[0] ?? Number.NaN
  const hasTick =
    sessions.at(-1) === newest && at > newest.open && at >= query.from && at <= query.to
  return joinBatches(hasTick ? [...parts, tick] : parts)
}

function sessionBars(
  { market, symbol }: ChartView,
  session: Session,
  minutes: number,
  withExtended: boolean,
): BarBatch {
  const hours = withExtended ? 'all' : 'regular'
  const days = { symbol, from: session.day, until: session.day + DAY_MS, hours } as const
  const interval = MARKET_INTERVALS[minutes]
  if (interval !== undefined) return market.bars({ ...days, interval })
  const stepMs = minutes * 60_000
  const startOf = (ts: number): number =>
    session.open + Math.floor((ts - session.open) / stepMs) * stepMs
  return makeBuckets(market.bars({ ...days, interval: '1m' }), startOf).bars
}

/** With a row of nothing for each stretch of regular hours, up to now, that saw no trade. */
function withQuietRows(bars: BarBatch, session: Session, stepMs: number, now: number): BarBatch {
  const traded = new Set(bars.ts)
  const quiet: number[] = []
  for (let ts = session.open; ts < Math.min(session.close, now); ts += stepMs) {
    if (!traded.has(ts)) quiet.push(ts)
  }
  if (quiet.length === 0) return bars
  const rows = makeBatch(quiet.length)
  for (const column of BAR_COLUMNS) rows[column].fill(Number.NaN)
  rows.ts.set(quiet)
  const all = joinBatches([bars, rows])
  return takeBars(
    all,
    [...all.ts.keys()].sort((a, b) => all.ts[a]! - all.ts[b]!),
  )
}

/** The latest price as a row without volume: at the close, or at the second of the latest trade. */
function tickRow({ market, symbol, newest, lastTrade }: ChartView): BarBatch {
  const day = { symbol, interval: '1d', from: newest.day, until: newest.day + DAY_MS } as const
  const bars = market.bars({ ...day, hours: 'regular' })
  const row = makeBatch(bars.length)
  for (const column of ['open', 'high', 'low', 'close'] as const) {
    row[column].set(bars.close.map((price) => Math.fround(price)))
  }
  row.ts.fill(Math.min(lastTrade, newest.close))
  return row
}

function dailyRows(view: ChartView, query: ChartQuery): ChartRows {
  const { market, newest, symbol } = view
  const { calendar } = market
  const first = calendar.localDay(query.from)
  const until = newest.day + DAY_MS
  const all = market.bars({ symbol, interval: '1d', from: first, until, hours: 'regular' })
  const dividends = market.dividends(symbol, until)
  const factors = adjustmentFactors(all.ts, all.close, view.splits, dividends)
  const indexes = [...all.ts.keys()].filter((i) => {
    const open = calendar.session(all.ts[i]!)?.open ?? Number.NaN
    return open >= query.from && open <= query.to
  })
  const days = restated(view, takeBars(all, indexes), (day) => day)
  const closes = indexes.map((i) => Math.fround(all.close[i]! * factors[i]!))
  const startOf = PERIOD_STARTS[query.interval]
  if (startOf === undefined) {
    const ts = days.ts.map((day) => rowInstant(view, day))
    return { bars: { ...days, ts }, adjusted: Float64Array.from(closes) }
  }
  return periodRows(view, days, closes, startOf)
}

/** Where a daily row stands: at the open, or for the session of today at its latest trade. */
function rowInstant({ market, newest, lastTrade }: ChartView, day: number): number {
  if (day === newest.day && day === market.today()) return lastTrade
  return market.calendar.session(day)?.open ?? market.calendar.instantAt(day, 570)
}

/** Weeks and longer, labelled with midnight; the session of today comes once more as a row of its own. */
function periodRows(
  view: ChartView,
  days: BarBatch,
  closes: readonly number[],
  startOf: (day: number) => number,
): ChartRows {
  const { market, newest, lastTrade } = view
  const { bars, last } = makeBuckets(days, startOf)
  const closeOf = new Map(Array.from(days.ts, (day, i) => [day, closes[i]!]))
  const periods = { ...bars, ts: bars.ts.map((day) => market.calendar.instantAt(day, 0)) }
  const adjusted = Array.from(last, (day) => closeOf.get(day) ?? Number.NaN)
  const isLive = last.at(-1) === newest.day && newest.day === market.today()
  if (!isLive) return { bars: periods, adjusted: Float64Array.from(adjusted) }
  const live = takeBars(days, [days.length - 1])
  live.ts[0] = lastTrade
  return {
    bars: joinBatches([periods, live]),
    adjusted: Float64Array.from([...adjusted, adjusted.at(-1)!]),
  }
}

/** Bars in shares of today, as 32-bit floats. */
function restated(view: ChartView, bars: BarBatch, dayOf: (ts: number) => number): BarBatch {
  const today = view.market.today()
  const made = takeBars(bars, [...bars.ts.keys()])
  for (let i = 0; i < made.length; i += 1) {
    const ratio = splitRatioBetween(view.splits, dayOf(made.ts[i]!), today)
    for (const column of ['open', 'high', 'low', 'close'] as const) {
      made[column][i] = Math.fround(made[column][i]! / ratio)
    }
    made.volume[i] = Math.round(made.volume[i]! * ratio)
  }
  return made
}

function withinPeriod(bars: BarBatch, { from, to }: ChartQuery): BarBatch {
  return takeBars(
    bars,
    [...bars.ts.keys()].filter((i) => bars.ts[i]! >= from && bars.ts[i]! <= to),
  )
}
