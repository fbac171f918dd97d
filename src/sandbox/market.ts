/**
 * The truth of the simulated exchange: which symbols exist, and their bars, splits and dividends as
 * they stand at the instant of its clock. It knows no vendor; the wire formats are made from it.
 */
import type { BarBatch } from '../domain/bar-batch.ts'
import type { Calendar } from '../domain/calendar/calendar.ts'
import { withClosures } from '../domain/calendar/make-calendar.ts'
import { DAY_MS, formatDate } from '../domain/date.ts'
import { StockyardError } from '../domain/error.ts'
import { isIntraday, type Interval } from '../domain/interval.ts'
import type { Buckets } from './bar-buckets.ts'
import { makeBoundedCache } from './bounded-cache.ts'
import { planActions, withAnnounced, type Dividend } from './corporate-actions.ts'
import { keyOf } from './counter-random.ts'
import { dividendsOf, type Ticker } from './daily-path.ts'
import { findListing, WELL_KNOWN, type Listing, type Split } from './listings.ts'
import { barsOf, makeFloor, periodsOf, renewFloor, type BarQuery } from './market-bars.ts'
import type { Revision } from './revisions.ts'
import { makeNameBook, type NameSpan, type Rename } from './symbol-changes.ts'

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

export interface MarketEvents {
  /**
   * Announces a split: from its session on, prices are on the new basis, and earlier ones are as before.
   * @throws StockyardError `SYMBOL_UNKNOWN`, `SPLIT_INVALID`
   */
  split(symbol: string, split: Split): void
  /** Renames a listing. @throws StockyardError `SYMBOL_UNKNOWN`, `RENAME_INVALID` */
  rename(rename: Rename): void
  /** The renames so far, in the order in which they were made. */
  renames(): readonly Rename[]
  /** Closes the exchange on a day. @throws StockyardError `CLOSURE_INVALID` */
  close(day: number): void
  /** Days on which the exchange was closed that way. */
  closures(): readonly number[]
  /** Forgets splits, renames or closures. */
  forget(what: 'splits' | 'renames' | 'closures'): void
}

const TICKERS_KEPT = 2000

/** A market; see MarketOptions. */
export function makeMarket({ seed, calendar: usual, now }: MarketOptions): Market {
  const announced = new Map<string, Split[]>()
  const closedDays = new Set<number>()
  const names = makeNameBook()
  let tickers = makeBoundedCache<string, Ticker | null>(TICKERS_KEPT)
  let floor = makeFloor(usual, now)
  const today = (): number => floor.calendar.localDay(now())

  function renew(): void {
    tickers = makeBoundedCache(TICKERS_KEPT)
    floor = renewFloor(floor, closedDays.size === 0 ? usual : withClosures(usual, closedDays))
  }

  function findOrigin(origin: string): Ticker | null {
    const make = (): Ticker | null =>
      makeTicker(seed, origin, floor.calendar, announced.get(origin) ?? [])
    return tickers.get(origin, make)
  }

  function findTicker(symbol: string): Ticker | null {
    const origin = names.originOf(symbol, today())
    const ticker = origin === null ? null : findOrigin(origin)
    if (ticker === null || ticker.listing.symbol === symbol) return ticker
    return { ...ticker, listing: { ...ticker.listing, symbol } }
  }

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

  const events: MarketEvents = {
    split(symbol, split) {
      const { origin, plan, listing } = requireTicker(symbol)
      checkSplit(split, plan.splits, listing, floor.calendar)
      announced.set(origin, [...(announced.get(origin) ?? []), split])
      renew()
    },
    rename(rename) {
      requireTicker(rename.from)
      const taken = names.list().some(({ from, to }) => from === rename.to || to === rename.to)
      checkRename(rename, taken || findTicker(rename.to) !== null, floor.calendar)
      if (names.list().some(({ from }) => from === rename.from)) {
        throw invalid('RENAME_INVALID', `${rename.from} is renamed already.`)
      }
      names.add(rename)
    },
    renames: () => names.list(),
    close(day) {
      if (floor.calendar.session(day) === null) {
        throw invalid(
          'CLOSURE_INVALID',
          `The exchange has no session on ${formatDate(day)} anyway.`,
        )
      }
      closedDays.add(day)
      renew()
    },
    closures: () => [...closedDays].sort((a, b) => a - b),
    forget(what) {
      if (what === 'splits') announced.clear()
      else if (what === 'closures') closedDays.clear()
      else names.clear()
      renew()
    },
  }

  return {
    get calendar() {
      return floor.calendar
    },
    now,
    today,
    listing: (symbol) => findTicker(symbol)?.listing ?? null,
    listings: () =>
      [...WELL_KNOWN.values()].map((listing) => {
        const spans = names.spansOf(listing.symbol)
        const symbol = spans.findLast(({ from }) => from <= today())?.symbol ?? listing.symbol
        return symbol === listing.symbol ? listing : { ...listing, symbol }
      }),
    namesOf(symbol) {
      const origin = names.originEver(symbol)
      return findOrigin(origin) === null ? null : names.spansOf(origin)
    },
    bars,
    periods: (symbol, interval) => periodsOf(floor, requireTicker(symbol), interval),
    splits: (symbol, until) => requireTicker(symbol).plan.splits.filter(({ day }) => day < until),
    dividends: (symbol, until) => dividendsOf(requireTicker(symbol), until),
    revise(symbol, interval, ts, revision) {
      const day = isIntraday(interval) ? floor.calendar.localDay(ts) : ts
      const query = { symbol, interval, from: day, until: day + DAY_MS, hours: 'all' } as const
      const { origin } = requireTicker(symbol)
      floor.revisions.add(origin, interval, ts, revision, bars(query).ts.includes(ts))
    },
    restore: () => floor.revisions.clear(),
    events,
  }
}

function makeTicker(
  seed: number,
  symbol: string,
  calendar: Calendar,
  announced: readonly Split[],
): Ticker | null {
  const listing = findListing(seed, symbol)
  if (listing === null) return null
  const key = keyOf(seed, symbol)
  const plan = withAnnounced(planActions(key, listing, calendar), announced)
  return { origin: symbol, listing, key, plan }
}

function checkSplit(
  { day, ratio }: Split,
  others: readonly Split[],
  listing: Listing,
  calendar: Calendar,
): void {
  const date = formatDate(day)
  if (calendar.session(day) === null || day <= listing.firstDay) {
    throw invalid('SPLIT_INVALID', `${listing.symbol} does not trade on ${date}.`)
  }
  if (others.some((other) => other.day === day)) {
    throw invalid('SPLIT_INVALID', `${listing.symbol} splits on ${date} already.`)
  }
  if (ratio === 1) throw invalid('SPLIT_INVALID', 'A split of 1 for 1 is none.')
}

function checkRename({ to, day }: Rename, isTaken: boolean, calendar: Calendar): void {
  if (!/^[A-Z][A-Z0-9]{0,8}(\.[A-Z]{1,2})?$/.test(to)) {
    throw invalid('RENAME_INVALID', `"${to}" is not a symbol in capitals.`)
  }
  if (isTaken) throw invalid('RENAME_INVALID', `"${to}" is taken.`)
  if (calendar.session(day) === null) {
    throw invalid('RENAME_INVALID', `The exchange is closed on ${formatDate(day)}.`)
  }
}

function invalid(code: string, sentence: string): StockyardError {
  return new StockyardError('usage', code, sentence, {
    hint: 'docs/sandbox.md tells what can happen to the exchange.',
  })
}
