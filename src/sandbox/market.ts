/**
 * The truth of the simulated exchange: which symbols exist, and their bars, splits and dividends as
 * they stand at the instant of its clock. It knows no vendor; the wire formats are made from it.
 */
import type { BarBatch } from '../domain/bar-batch.ts'
import type { Calendar } from '../domain/calendar/calendar.ts'
import { DAY_MS } from '../domain/date.ts'
import { isIntraday, type Interval } from '../domain/interval.ts'
import type { Buckets } from './bar-buckets.ts'
import type { Dividend } from './corporate-actions.ts'
import { dividendsOf } from './daily-path.ts'
import type { Listing, Split } from './listings.ts'
import { barsOf, makeFloor, periodsOf, renewFloor, type BarQuery } from './market-bars.ts'
import type { Revision } from './revisions.ts'
import type { NameSpan } from './symbol-changes.ts'
import { makeTickerBook, type MarketEvents } from './ticker-book.ts'

export interface MarketOptions {
  /** The same seed gives the same market. */
  readonly seed: number
  readonly calendar: Calendar
  /** The exchange's clock; nothing after it exists. */
  readonly now: () => number
}

export interface Market {
  /** With the closures announced so far. */
  readonly calendar: Calendar
  /** The exchange's instant. */
  now(): number
  /** The exchange's date of that instant. */
  today(): number
  /** What is listed under a symbol today, or null. */
  listing(symbol: string): Listing | null
  /** The well-known tickers, under their symbols of today. */
  listings(): readonly Listing[]
  /** The symbols that the listing with a symbol, of today or before, has had; null for no listing. */
  namesOf(symbol: string): readonly NameSpan[] | null
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
  /** Edits of what happens to the exchange and its listings. */
  readonly events: MarketEvents
}

/** A market; see MarketOptions. */
export function makeMarket(options: MarketOptions): Market {
  const { now } = options
  let floor = makeFloor(options.calendar, now)
  const book = makeTickerBook(options, (calendar) => {
    floor = renewFloor(floor, calendar)
  })

  function bars(query: BarQuery): BarBatch {
    return barsOf(floor, book.get(query.symbol), query)
  }

  return {
    get calendar() {
      return floor.calendar
    },
    now,
    today: () => floor.calendar.localDay(now()),
    listing: (symbol) => book.find(symbol)?.listing ?? null,
    listings: book.listings,
    namesOf: book.namesOf,
    bars,
    periods: (symbol, interval) => periodsOf(floor, book.get(symbol), interval),
    splits: (symbol, until) => book.get(symbol).plan.splits.filter(({ day }) => day < until),
    dividends: (symbol, until) => dividendsOf(book.get(symbol), until),
    revise(symbol, interval, ts, revision) {
      const day = isIntraday(interval) ? floor.calendar.localDay(ts) : ts
      const query = { symbol, interval, from: day, until: day + DAY_MS, hours: 'all' } as const
      const { origin } = book.get(symbol)
      floor.revisions.add(origin, interval, ts, revision, bars(query).ts.includes(ts))
    },
    restore: () => floor.revisions.clear(),
    events: book.events,
  }
}
