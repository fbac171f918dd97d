/**
 * The daily bar of any symbol on any session: a price path that looks like a random walk but is a sum
 * of smooth waves, so that each day can be computed on its own.
 */
import { DAY_MS } from '../domain/date.ts'
import {
  dividendAccrued,
  isExDay,
  splitRatioBetween,
  splitRise,
  type ActionPlan,
  type Dividend,
} from './corporate-actions.ts'
import { hashOf, normalOf } from './counter-random.ts'
import type { Listing } from './listings.ts'

/** All that a symbol's numbers follow from. */
export interface Ticker {
  /** Its first symbol, which stays when it is renamed. */
  readonly origin: string
  readonly listing: Listing
  /** Key of its random numbers. */
  readonly key: number
  readonly plan: ActionPlan
}

export interface DayBar {
  readonly open: number
  readonly high: number
  readonly low: number
  readonly close: number
  readonly volume: number
  /** The close of the session before, on this session's share basis and less a dividend of today. */
  readonly carried: number
}

/** Waves of 1, 2, 4 … 512 days; with half the step of a walk each, they move about like one. */
const WAVES = 10
/** Streams of random numbers of one ticker. */
const STREAM = { wave: 100, gap: 200, up: 201, down: 202, decimals: 203, volume: 204 } as const
const DRIFT_A_YEAR = 0.03
const DRIFT_ORIGIN = Date.UTC(2025, 0, 1)
/** A session that ends early trades about half as much. */
const EARLY_VOLUME = 0.5

/** Log of the level around which the price moves: drift, splits and dividends, no chance. */
function logLevel({ listing, plan }: Ticker, day: number): number {
  return (
    Math.log(listing.level) +
    (DRIFT_A_YEAR * (day - DRIFT_ORIGIN)) / (365.25 * DAY_MS) +
    splitRise(plan.planned, day) -
    Math.log(splitRatioBetween(plan.announced, -Infinity, day))
  )
}

function logPrice(ticker: Ticker, day: number): number {
  const number = day / DAY_MS
  let waves = 0
  for (let wave = 0; wave < WAVES; wave += 1) {
    const position = number / 2 ** wave
    const index = Math.floor(position)
    const part = position - index
    const here = normalOf(ticker.key, STREAM.wave + wave, index)
    const next = part === 0 ? here : normalOf(ticker.key, STREAM.wave + wave, index + 1)
    waves += (here + (next - here) * part) * 2 ** (wave / 2)
  }
  return (
    logLevel(ticker, day) +
    0.5 * ticker.listing.volatility * waves +
    (ticker.listing.dividendYield / 4) * dividendAccrued(ticker.plan.exDays, day)
  )
}

/** The whole bar of a session; `previousDay` is the session before it. */
export function makeDayBar(
  ticker: Ticker,
  day: number,
  previousDay: number,
  early: boolean,
): DayBar {
  const { key, listing, plan } = ticker
  const number = day / DAY_MS
  const carriedLog =
    logPrice(ticker, previousDay) -
    Math.log(splitRatioBetween(plan.splits, previousDay, day)) -
    (isExDay(plan.exDays, day) ? listing.dividendYield / 4 : 0)
  const gap = 0.35 * listing.volatility * normalOf(key, STREAM.gap, number)
  const open = toCents(Math.exp(carriedLog + gap))
  const close = toCents(Math.exp(logPrice(ticker, day)))
  const reach = 0.6 * listing.volatility
  const up = Math.max(open, close) * (1 + reach * Math.abs(normalOf(key, STREAM.up, number)))
  const down = Math.min(open, close) * (1 - reach * Math.abs(normalOf(key, STREAM.down, number)))
  // Vendors print tenths of a cent where an odd trade made the day's extreme.
  const places = hashOf(key, STREAM.decimals, number) % 6 === 0 ? 10_000 : 100
  return {
    open,
    close,
    high: Math.max(open, close, Math.round(up * places) / places),
    low: Math.max(0.01, Math.min(open, close, Math.round(down * places) / places)),
    volume: Math.round(
      listing.dailyVolume *
        (early ? EARLY_VOLUME : 1) *
        Math.exp(0.35 * normalOf(key, STREAM.volume, number)),
    ),
    carried: toCents(Math.exp(carriedLog)),
  }
}

/** The dividends with ex day before `until`, each a quarter of the yield on the level of its time. */
export function dividendsOf(ticker: Ticker, until: number): Dividend[] {
  return ticker.plan.exDays
    .filter((day) => day < until)
    .map((day) => ({
      day,
      amount: toCents((Math.exp(logLevel(ticker, day)) * ticker.listing.dividendYield) / 4),
    }))
}

function toCents(price: number): number {
  return Math.max(0.01, Math.round(price * 100) / 100)
}
