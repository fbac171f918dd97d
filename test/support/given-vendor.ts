/** A vendor for tests whose daily bars, pages and refusals are given; what is sent to it does not matter. */
import { makeBatch } from '../../src/domain/bar-batch.ts'
import { parseDay } from '../../src/domain/date.ts'
import { alphaVantage } from '../../src/providers/alpha-vantage/index.ts'
import type { BarRequest, Provider, VendorFailure } from '../../src/providers/provider.ts'

const UNTIL = parseDay('2026-06-06')

/** What the bar of a day is: open, and with it all else. */
export function priceOf(day: number): number {
  return 100 + ((day / 86_400_000) % 50)
}

export interface Part {
  readonly days: readonly number[]
  /** First day of the page that follows. */
  readonly next?: number
}

/** A vendor whose answers are given: the days of its bars page by page, or a failure. */
export function vendorOf(
  id: string,
  parts: readonly (Part | VendorFailure['failure'])[],
): Provider & { asked: () => number } {
  let asked = 0
  const requestFrom = (from: number): BarRequest => ({
    request: { path: '/query', params: { vendor: id, from: String(from) } },
    symbol: 'IBM',
    interval: '1d',
    asked: { from, until: UNTIL },
    covers: { from, until: UNTIL },
    fallback: null,
  })
  return {
    ...alphaVantage,
    id,
    name: id,
    needsKey: false,
    intervals: ['1d'],
    asked: () => asked,
    planBars: ({ from }) => [requestFrom(from ?? 0)],
    parseBars: () => {
      const part = parts[Math.min(asked, parts.length - 1)]!
      asked += 1
      if (typeof part === 'string') return { ok: false, failure: part, message: 'No.' }
      const batch = makeBatch(part.days.length)
      part.days.forEach((day, i) => {
        batch.ts[i] = day
        batch.open[i] = priceOf(day)
        batch.high[i] = priceOf(day) + 2
        batch.low[i] = priceOf(day) - 2
        batch.close[i] = priceOf(day) + 1
        batch.volume[i] = 1000 + priceOf(day)
      })
      return {
        ok: true,
        symbol: 'IBM',
        batch,
        rawAt: String,
        unreadable: [],
        notes: [],
        ...(part.next === undefined ? {} : { next: requestFrom(part.next) }),
      }
    },
  }
}
