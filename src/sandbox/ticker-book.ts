/**
 * What is listed and what happens to it: announced splits, renamed symbols, and days on which the
 * exchange is closed without notice.
 */
import type { Calendar } from '../domain/calendar/calendar.ts'
import { withClosures } from '../domain/calendar/make-calendar.ts'
import { formatDate } from '../domain/date.ts'
import { StockyardError } from '../domain/error.ts'
import { makeBoundedCache } from './bounded-cache.ts'
import { planActions, withAnnounced } from './corporate-actions.ts'
import { keyOf } from './counter-random.ts'
import type { Ticker } from './daily-path.ts'
import { findListing, WELL_KNOWN, type Listing, type Split } from './listings.ts'
import type { MarketOptions } from './market.ts'
import { makeNameBook, type NameBook, type NameSpan, type Rename } from './symbol-changes.ts'

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

export interface TickerBook {
  /** What is listed under a symbol today, or null. */
  find(symbol: string): Ticker | null
  /** The same. @throws StockyardError `SYMBOL_UNKNOWN` */
  get(symbol: string): Ticker
  /** The well-known tickers, under their symbols of today. */
  listings(): Listing[]
  /** The symbols that the listing with a symbol, of today or before, has had; null for no listing. */
  namesOf(symbol: string): readonly NameSpan[] | null
  readonly events: MarketEvents
}

/** All that was edited, and the calendar and tickers that follow from it. */
interface State {
  readonly announced: Map<string, Split[]>
  readonly closedDays: Set<number>
  readonly names: NameBook
  calendar: Calendar
  /** Made anew after each edit. */
  tickers: ReturnType<typeof makeBoundedCache<string, Ticker | null>>
}

const TICKERS_KEPT = 2000

/** A book without edits; `onChange` is told the calendar after each. */
export function makeTickerBook(
  { seed, calendar: usual, now }: MarketOptions,
  onChange: (calendar: Calendar) => void,
): TickerBook {
  const state: State = {
    announced: new Map(),
    closedDays: new Set(),
    names: makeNameBook(),
    calendar: usual,
    tickers: makeBoundedCache(TICKERS_KEPT),
  }
  const today = (): number => state.calendar.localDay(now())

  function findOrigin(origin: string): Ticker | null {
    const make = (): Ticker | null =>
      makeTicker(seed, origin, state.calendar, state.announced.get(origin) ?? [])
    return state.tickers.get(origin, make)
  }

  function find(symbol: string): Ticker | null {
    const origin = state.names.originOf(symbol, today())
    const ticker = origin === null ? null : findOrigin(origin)
    if (ticker === null || ticker.listing.symbol === symbol) return ticker
    return { ...ticker, listing: { ...ticker.listing, symbol } }
  }

  function get(symbol: string): Ticker {
    const ticker = find(symbol)
    if (ticker !== null) return ticker
    throw new StockyardError('not-found', 'SYMBOL_UNKNOWN', `Nothing is listed as "${symbol}".`, {
      hint: 'Use a well-known ticker such as IBM, or SIM1, SIM2, …',
    })
  }

  function renew(): void {
    const { closedDays } = state
    state.tickers = makeBoundedCache(TICKERS_KEPT)
    state.calendar = closedDays.size === 0 ? usual : withClosures(usual, closedDays)
    onChange(state.calendar)
  }

  return {
    find,
    get,
    listings: () =>
      [...WELL_KNOWN.values()].map((listing) => {
        const spans = state.names.spansOf(listing.symbol)
        const symbol = spans.findLast(({ from }) => from <= today())?.symbol ?? listing.symbol
        return symbol === listing.symbol ? listing : { ...listing, symbol }
      }),
    namesOf(symbol) {
      const origin = state.names.originEver(symbol)
      return findOrigin(origin) === null ? null : state.names.spansOf(origin)
    },
    events: makeEvents(state, { find, get }, renew),
  }
}

function makeEvents(
  state: State,
  { find, get }: Pick<TickerBook, 'find' | 'get'>,
  renew: () => void,
): MarketEvents {
  const { announced, closedDays, names } = state
  return {
    split(symbol, split) {
      const { origin, plan, listing } = get(symbol)
      checkSplit(split, plan.splits, listing, state.calendar)
      announced.set(origin, [...(announced.get(origin) ?? []), split])
      renew()
    },
    rename(rename) {
      get(rename.from)
      const taken = names.list().some(({ from, to }) => from === rename.to || to === rename.to)
      checkRename(rename, taken || find(rename.to) !== null, state.calendar)
      if (names.list().some(({ from }) => from === rename.from)) {
        throw invalid('RENAME_INVALID', `${rename.from} is renamed already.`)
      }
      names.add(rename)
    },
    renames: () => names.list(),
    close(day) {
      if (state.calendar.session(day) === null) {
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
