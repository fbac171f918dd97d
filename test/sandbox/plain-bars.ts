/** Simulated markets at fixed instants, and their bars as plain values that tests can compare. */
import type { BarBatch } from '../../src/domain/bar-batch.ts'
import { getCalendar } from '../../src/domain/calendar/registry.ts'
import { DAY_MS } from '../../src/domain/date.ts'
import type { Interval } from '../../src/domain/interval.ts'
import { makeMarket, type Market } from '../../src/sandbox/market.ts'

export const calendar = getCalendar('XNYS')

/** The instant of a text. */
export function at(text: string): number {
  return Date.parse(text)
}

/** The day of a date. */
export function day(date: string): number {
  return at(`${date}T00:00:00Z`)
}

/** Long after every session that the tests look at. */
export const LATE = at('2026-06-30T23:00:00Z')

/** A market whose clock stands still. */
export function marketAt(instant: number, seed = 1): Market {
  return makeMarket({ seed, calendar, now: () => instant })
}

/** The bars of one session. */
export function bars(
  from: Market,
  symbol: string,
  interval: Interval,
  date: string | number,
  hours: 'regular' | 'all' = 'regular',
): BarBatch {
  const first = typeof date === 'number' ? date : day(date)
  return from.bars({ symbol, interval, from: first, until: first + DAY_MS, hours })
}

export interface PlainBar {
  ts: number
  open: number
  high: number
  low: number
  close: number
  volume: number
}

/** Bars as objects, for comparison. */
export function plain(batch: BarBatch): PlainBar[] {
  return Array.from(batch.ts, (ts, i) => ({
    ts,
    open: batch.open[i],
    high: batch.high[i],
    low: batch.low[i],
    close: batch.close[i],
    volume: batch.volume[i],
  }))
}

/** One bar over many, by its definition. */
export function over(list: readonly PlainBar[], ts: number): PlainBar {
  return {
    ts,
    open: list[0].open,
    high: Math.max(...list.map((bar) => bar.high)),
    low: Math.min(...list.map((bar) => bar.low)),
    close: list.at(-1)!.close,
    volume: list.reduce((sum, bar) => sum + bar.volume, 0),
  }
}
