/**
 * Bars for benchmarks: a seeded walk over the true sessions of the calendar, regular minutes only, with
 * prices in cents and now and then with four decimals, as vendors have them.
 */
import { makeBatch, type BarBatch } from '../src/domain/bar-batch.ts'
import { getCalendar } from '../src/domain/calendar/registry.ts'

/** Regular minute bars of the sessions with from <= day < until. */
export function madeMinutes(from: number, until: number, seed: number): BarBatch {
  const sessions = getCalendar('XNYS').sessions(from, until)
  const length = sessions.reduce((sum, { open, close }) => sum + (close - open) / 60_000, 0)
  const batch = makeBatch(length)
  const random = mulberry32(seed)
  let price = 150
  let i = 0
  for (const { open, close } of sessions) {
    for (let ts = open; ts < close; ts += 60_000) {
      const power = random() < 0.1 ? 10_000 : 100
      const round = (value: number) => Math.round(value * power) / power
      const start = price
      price = Math.max(5, price + (random() - 0.5) * 0.3)
      batch.ts[i] = ts
      batch.open[i] = round(start)
      batch.close[i] = round(price)
      batch.high[i] = Math.max(
        batch.open[i]!,
        batch.close[i]!,
        round(Math.max(start, price) + random() * 0.1),
      )
      batch.low[i] = Math.min(
        batch.open[i]!,
        batch.close[i]!,
        round(Math.min(start, price) - random() * 0.1),
      )
      batch.volume[i] = Math.floor(random() * random() * 200_000)
      i += 1
    }
  }
  return batch
}

/** A small generator with a seed, so that every run has the same bars. */
function mulberry32(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
