/** How far prices swing: Bollinger bands and the average true range. Definitions and seeds are TA-Lib's. */
import type { HighLowClose } from './momentum.ts'
import { sma, wilder } from './moving-averages.ts'

export interface Bands {
  readonly upper: Float64Array
  readonly middle: Float64Array
  readonly lower: Float64Array
}

/**
 * Bollinger bands: the mean of `period` closes, and that plus and minus `width` standard deviations of
 * the same closes (of the population, that is divided by `period`: J. Bollinger, Bollinger on Bollinger
 * Bands, 2001). TA-Lib's BBANDS with a simple average.
 */
export function bollinger(closes: Float64Array, period: number, width: number): Bands {
  const middle = sma(closes, period)
  const deviation = standardDeviation(closes, period)
  return {
    upper: middle.map((value, i) => value + width * deviation[i]!),
    middle,
    lower: middle.map((value, i) => value - width * deviation[i]!),
  }
}

/** Standard deviation of the last `period` values as a population. */
function standardDeviation(values: Float64Array, period: number): Float64Array {
  const deviations = new Float64Array(values.length).fill(Number.NaN)
  // Squares are summed of what is left after a value that is near: those of whole prices would lose digits.
  const near = values[0] ?? 0
  let sum = 0
  let squares = 0
  for (let i = 0; i < values.length; i += 1) {
    const value = values[i]! - near
    sum += value
    squares += value * value
    if (i >= period) {
      const left = values[i - period]! - near
      sum -= left
      squares -= left * left
    }
    if (i < period - 1) continue
    const variance = squares / period - (sum / period) ** 2
    deviations[i] = variance < 1e-14 ? 0 : Math.sqrt(variance)
  }
  return deviations
}

/**
 * Average true range: Wilder's average of how far a bar reached, the close before it included, seeded by the
 * mean of the first `period` ranges. The first bar has no close before it, so it does not count. TA-Lib's
 * ATR.
 */
export function atr(bars: HighLowClose, period: number): Float64Array {
  return wilder(trueRange(bars), period, 1)
}

/** The greatest of high − low, |high − close before| and |low − close before|; NaN for the first bar. */
export function trueRange({ high, low, close }: HighLowClose): Float64Array {
  return high.map((top, i) => {
    if (i === 0) return Number.NaN
    const before = close[i - 1]!
    return Math.max(top - low[i]!, Math.abs(top - before), Math.abs(low[i]! - before))
  })
}
