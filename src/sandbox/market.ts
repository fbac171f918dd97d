/**
 * The truth of the simulated exchange: which symbols exist, and their bars, splits and dividends as
 * they stand at the instant of its clock. It knows no vendor; the wire formats are made from it.
 */
import type { BarBatch } from '../domain/bar-batch.ts'
import type { Calendar } from '../domain/calendar/calendar.ts'
import { DAY_MS } from '../domain/date.ts'
import { StockyardError } from '../domain/error.ts'
import { isIntraday, type Interval } from '../domain/interval.ts'
import type { Buckets } from './bar-buckets.ts'
import { makeBoundedCache } from './bounded-cache.ts'
import { planActions, type Dividend } from './corporate-actions.ts'
import { keyOf } from './counter-random.ts'
import { dividendsOf, type Ticker } from './daily-path.ts'
import { findListing, WELL_KNOWN, type Listing, type Split } from './listings.ts'
import { barsOf, makeFloor, periodsOf, type BarQuery } from './market-bars.ts'
import type { Revision } from './revisions.ts'

export interface MarketOptions {
  /** The same seed gives the same market. */
  readonly seed: number
  readonly calendar: Calendar
  /** The exchange's clock; nothing after it exists. */
  readonly now: () => number
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

const TICKERS_KEPT = 2000

/** A market; see MarketOptions. */
export function makeMarket({ seed, calendar, now }: MarketOptions): Market {
  const tickers = makeBoundedCache<string, Ticker | null>(TICKERS_KEPT)
  const floor = makeFloor(calendar, now)
  const findTicker = (symbol: string): Ticker | null =>
    tickers.get(symbol, () => makeTicker(seed, symbol, calendar))

  function requireTicker(symbol: string): Ticker {
    const ticker = findTicker(symbol)
    if (ticker !== null) return ticker
    throw new StockyardError('not-found', 'SYMBOL_UNKNOWN', `Nothing is listed as "${symbol}".`, {
      hint: 'Use a well-known ticker such as IBM, or SIM1, SIM2, …',
    })
  }

  function bars(query: BarQuery): BarBatch {
    return barsOf(floor, requireTicker(query.symbol), query)
  }

  return {
    calendar,
    now,
    today: () => calendar.localDay(now()),
    listing: (symbol) => findTicker(symbol)?.listing ?? null,
    listings: () => [...WELL_KNOWN.values()],
    bars,
    periods: (symbol, interval) => periodsOf(floor, requireTicker(symbol), interval),
    splits: (symbol, until) => requireTicker(symbol).plan.splits.filter(({ day }) => day < until),
    dividends: (symbol, until) => dividendsOf(requireTicker(symbol), until),
    revise(symbol, interval, ts, revision) {
      const day = isIntraday(interval) ? calendar.localDay(ts) : ts
      const query = { symbol, interval, from: day, until: day + DAY_MS, hours: 'all' } as const
      floor.revisions.add(symbol, interval, ts, revision, bars(query).ts.includes(ts))
    },
    restore: () => floor.revisions.clear(),
  }
}

function makeTicker(seed: number, symbol: string, calendar: Calendar): Ticker | null {
  const listing = findListing(seed, symbol)
  if (listing === null) return null
  const key = keyOf(seed, symbol)
  return { listing, key, plan: planActions(key, listing, calendar) }
}
