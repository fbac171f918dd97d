/**
 * The truth of the simulated exchange: which symbols exist, and their bars, splits and dividends as
 * they stand at the instant of its clock. It knows no vendor; the wire formats are made from it.
 */
import { makeBatch, sliceBatch, type BarBatch } from '../domain/bar-batch.ts'
import type { Calendar, Session } from '../domain/calendar/calendar.ts'
import { DAY_MS, monthStart, weekStart } from '../domain/date.ts'
import { StockyardError } from '../domain/error.ts'
import { intervalMs, isIntraday, type Interval } from '../domain/interval.ts'
import { makeBuckets, type Buckets } from './bar-buckets.ts'
import { makeBoundedCache } from './bounded-cache.ts'
import { planActions, type Dividend } from './corporate-actions.ts'
import { keyOf } from './counter-random.ts'
import { dividendsOf, makeDayBar, type DayBar, type Ticker } from './daily-path.ts'
import { findListing, WELL_KNOWN, type Listing, type Split } from './listings.ts'
import { makeRevisionBook, type Revision } from './revisions.ts'
import { makeSessionMinutes, minutesUntil, type SessionMinutes } from './session-minutes.ts'

export interface MarketOptions {
  /** The same seed gives the same market. */
  readonly seed: number
  readonly calendar: Calendar
  /** The exchange's clock; nothing after it exists. */
  readonly now: () => number
}

export interface BarQuery {
  readonly symbol: string
  readonly interval: Interval
  /** Days [from, until): of sessions, or of the starts of weeks and months. */
  readonly from: number
  readonly until: number
  /** Regular hours only, or pre- and post-market too. Means nothing for daily and longer bars. */
  readonly hours: 'regular' | 'all'
}

export interface Market {
  readonly calendar: Calendar
  /** The exchange's instant. */
  now(): number
  /** The exchange's date of that instant. */
  today(): number
  /** What is listed under a symbol, or null. */
  listing(symbol: string): Listing | null
  /** The well-known tickers. */
  listings(): readonly Listing[]
  /**
   * Bars as traded, by ascending ts (see bar-batch.ts), the unfinished one included.
   * @throws StockyardError `SYMBOL_UNKNOWN`
   */
  bars(query: BarQuery): BarBatch
  /** Weekly or monthly bars of all history, with the last trading day in each. Throws like bars. */
  periods(symbol: string, interval: '1wk' | '1mo'): Buckets
  /** Splits with ex day before `until`, oldest first. Throws like bars. */
  splits(symbol: string, until: number): Split[]
  /** Dividends with ex day before `until`, oldest first. Throws like bars. */
  dividends(symbol: string, until: number): Dividend[]
  /**
   * States a bar anew; `ts` is its start as in BarBatch. An edit of a minute shows in longer intraday
   * bars too, one of a day in weeks and months; the daily bar stands on its own.
   * @throws StockyardError `SYMBOL_UNKNOWN`, `BAR_UNKNOWN`
   */
  revise(symbol: string, interval: Interval, ts: number, revision: Revision): void
  /** Forgets all revisions. */
  restore(): void
}

/** Sessions of minutes kept; a year of one symbol is 252. */
const SESSIONS_KEPT = 300
const TICKERS_KEPT = 2000

/** A market; see MarketOptions. */
export function makeMarket({ seed, calendar, now }: MarketOptions): Market {
  const tickers = makeBoundedCache<string, Ticker | null>(TICKERS_KEPT)
  const kept = makeBoundedCache<string, SessionMinutes>(SESSIONS_KEPT)
  const revisions = makeRevisionBook()

  function requireTicker(symbol: string): Ticker {
    const ticker = tickers.get(symbol, () => makeTicker(seed, symbol, calendar))
    if (ticker !== null) return ticker
    throw new StockyardError('not-found', 'SYMBOL_UNKNOWN', `Nothing is listed as "${symbol}".`, {
      hint: 'Use a well-known ticker such as IBM, or SIM1, SIM2, …',
    })
  }

  function minutesOf(ticker: Ticker, session: Session, previousDay: number): SessionMinutes {
    const key = `${ticker.listing.symbol} ${session.day}`
    const make = (): SessionMinutes =>
      makeSessionMinutes(ticker, session, dayBar(ticker, session, previousDay))
    return minutesUntil(kept.get(key, make), now())
  }

  /** Sessions [from, until) that have begun to trade, pre-market included. */
  function begunSessions(ticker: Ticker, from: number, until: number): Session[] {
    const first = Math.max(from, ticker.listing.firstDay, calendar.firstDay)
    const end = Math.min(until, calendar.localDay(now()) + DAY_MS)
    if (first >= end) return []
    return calendar.sessions(first, end).filter((session) => session.extendedOpen < now())
  }

  function daily(ticker: Ticker, from: number, until: number): BarBatch {
    const sessions = begunSessions(ticker, from, until).filter((session) => session.open < now())
    const batch = makeBatch(sessions.length)
    let previous = sessions.length === 0 ? 0 : previousSessionDay(calendar, sessions[0].day)
    for (const [i, session] of sessions.entries()) {
      const bar =
        session.close <= now()
          ? dayBar(ticker, session, previous)
          : dayBarSoFar(minutesOf(ticker, session, previous))
      batch.ts[i] = session.day
      batch.open[i] = bar.open
      batch.high[i] = bar.high
      batch.low[i] = bar.low
      batch.close[i] = bar.close
      batch.volume[i] = bar.volume
      previous = session.day
    }
    const end = Math.min(until, calendar.localDay(now()) + DAY_MS)
    return revisions.apply(ticker.listing.symbol, '1d', batch, (ts) => ts >= from && ts < end)
  }

  function intraday(ticker: Ticker, query: BarQuery): BarBatch {
    const { symbol } = ticker.listing
    const sessions = begunSessions(ticker, query.from, query.until)
    let previous = sessions.length === 0 ? 0 : previousSessionDay(calendar, sessions[0].day)
    const parts: BarBatch[] = []
    for (const session of sessions) {
      const { bars, regularFrom, regularUntil } = minutesOf(ticker, session, previous)
      const wanted = query.hours === 'all' ? bars : sliceBatch(bars, regularFrom, regularUntil)
      const [start, end] =
        query.hours === 'all'
          ? [session.extendedOpen, session.extendedClose]
          : [session.open, session.close]
      const inRange = (ts: number): boolean => ts >= start && ts < Math.min(end, now())
      const minutes = revisions.apply(symbol, '1m', wanted, inRange)
      if (query.interval === '1m') parts.push(minutes)
      else {
        const bucketOf = bucketStart(calendar, session, query)
        const made = makeBuckets(minutes, bucketOf).bars
        parts.push(revisions.apply(symbol, query.interval, made, inRange))
      }
      previous = session.day
    }
    return joinBatches(parts)
  }

  function makePeriods(ticker: Ticker, interval: '1wk' | '1mo'): Buckets {
    const days = daily(ticker, ticker.listing.firstDay, Infinity)
    const made = makeBuckets(days, interval === '1wk' ? weekStart : monthStart)
    const bars = revisions.apply(ticker.listing.symbol, interval, made.bars, (ts) =>
      made.bars.ts.includes(ts),
    )
    if (bars === made.bars) return made
    // A period that was taken back takes its last day with it.
    const last = made.last.filter((_, index) => bars.ts.includes(made.bars.ts[index]))
    return { bars, last }
  }

  function readBars(query: BarQuery): BarBatch {
    const ticker = requireTicker(query.symbol)
    if (isIntraday(query.interval)) return intraday(ticker, query)
    if (query.interval === '1d') return daily(ticker, query.from, query.until)
    const all = makePeriods(ticker, query.interval === '1wk' ? '1wk' : '1mo').bars
    let from = 0
    while (from < all.length && all.ts[from] < query.from) from += 1
    let until = from
    while (until < all.length && all.ts[until] < query.until) until += 1
    return sliceBatch(all, from, until)
  }

  return {
    calendar,
    now,
    today: () => calendar.localDay(now()),
    listing: (symbol) =>
      tickers.get(symbol, () => makeTicker(seed, symbol, calendar))?.listing ?? null,
    listings: () => [...WELL_KNOWN.values()],
    bars: readBars,
    periods: (symbol, interval) => makePeriods(requireTicker(symbol), interval),
    splits: (symbol, until) => requireTicker(symbol).plan.splits.filter(({ day }) => day < until),
    dividends: (symbol, until) => dividendsOf(requireTicker(symbol), until),
    revise(symbol, interval, ts, revision) {
      const day = isIntraday(interval) ? calendar.localDay(ts) : ts
      const query = { symbol, interval, from: day, until: day + DAY_MS, hours: 'all' } as const
      revisions.add(symbol, interval, ts, revision, readBars(query).ts.includes(ts))
    },
    restore: () => revisions.clear(),
  }
}

function makeTicker(seed: number, symbol: string, calendar: Calendar): Ticker | null {
  const listing = findListing(seed, symbol)
  if (listing === null) return null
  const key = keyOf(seed, symbol)
  return { listing, key, plan: planActions(key, listing, calendar) }
}

function dayBar(ticker: Ticker, session: Session, previousDay: number): DayBar {
  return makeDayBar(ticker, session.day, previousDay, session.early)
}

/** The day's bar while its session is on: what regular hours have brought so far. */
function dayBarSoFar(minutes: SessionMinutes): Omit<DayBar, 'carried'> {
  const regular = sliceBatch(minutes.bars, minutes.regularFrom, minutes.regularUntil)
  const { bars } = makeBuckets(regular, () => 0)
  return {
    open: bars.open[0],
    high: bars.high[0],
    low: bars.low[0],
    close: bars.close[0],
    volume: bars.volume[0],
  }
}

function previousSessionDay(calendar: Calendar, day: number): number {
  // The longest closure on record, in September 2001, was six days.
  for (let back = 1; back <= 10; back += 1) {
    if (calendar.session(day - back * DAY_MS) !== null) return day - back * DAY_MS
  }
  return day - DAY_MS
}

/**
 * Buckets count from midnight on the exchange; regular hours alone count from the open, so that their
 * first hour is 09:30 to 10:30.
 */
function bucketStart(
  calendar: Calendar,
  session: Session,
  query: BarQuery,
): (ts: number) => number {
  const step = intervalMs(query.interval)
  // From noon, since a clock change may move the distance to midnight.
  const origin = query.hours === 'all' ? calendar.instantAt(session.day, 720) : session.open
  return (ts) => origin + Math.floor((ts - origin) / step) * step
}

function joinBatches(parts: readonly BarBatch[]): BarBatch {
  if (parts.length === 1) return parts[0]
  const joined = makeBatch(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    joined.ts.set(part.ts, at)
    joined.open.set(part.open, at)
    joined.high.set(part.high, at)
    joined.low.set(part.low, at)
    joined.close.set(part.close, at)
    joined.volume.set(part.volume, at)
    at += part.length
  }
  return joined
}
