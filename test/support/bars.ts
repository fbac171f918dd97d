/**
 * Bars for tests: a plain truth that is computed from the date alone, so that any test can say what
 * the store must hold.
 */
import { makeBatch, type BarBatch } from '../../src/domain/bar-batch.ts'
import { getCalendar } from '../../src/domain/calendar/registry.ts'

export const calendar = getCalendar('XNYS')

/** Daily bars of all sessions with from <= day < until; `shift` is added to every price. */
export function dailyBars(from: number, until: number, shift = 0): BarBatch {
  const sessions = calendar.sessions(from, until)
  const batch = makeBatch(sessions.length)
  sessions.forEach(({ day }, i) => fill(batch, i, day, priceOf(day) + shift))
  return batch
}

/** Regular minute bars of all sessions with from <= day < until. */
export function minuteBars(from: number, until: number): BarBatch {
  const starts = calendar
    .sessions(from, until)
    .flatMap(({ open, close }) =>
      Array.from({ length: (close - open) / 60_000 }, (_, minute) => open + minute * 60_000),
    )
  const batch = makeBatch(starts.length)
  starts.forEach((start, i) => fill(batch, i, start, priceOf(start)))
  return batch
}

function cents(value: number): number {
  return Math.round(value * 100) / 100
}

function priceOf(instant: number): number {
  return 100 + ((instant / 60_000) % 5000) / 100
}

function fill(batch: BarBatch, i: number, ts: number, price: number): void {
  batch.ts[i] = ts
  batch.open[i] = cents(price)
  batch.high[i] = cents(price + 1)
  batch.low[i] = cents(price - 1)
  batch.close[i] = cents(price + 0.5)
  batch.volume[i] = 1000 + i
}
