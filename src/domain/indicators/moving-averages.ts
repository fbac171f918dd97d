/**
 * Moving averages. All take a column and a number of bars, and give a column of the same length that is
 * NaN until enough bars are there. Definitions, seeds and rounding are those of TA-Lib (ta-lib.org), which
 * most charts and papers go by.
 */

/** Simple moving average: the mean of the last `period` values. TA-Lib's SMA. */
export function sma(values: Float64Array, period: number): Float64Array {
  const averages = new Float64Array(values.length).fill(Number.NaN)
  const first = firstKnown(values)
  let sum = 0
  for (let i = first; i < values.length; i += 1) {
    sum += values[i]!
    if (i < first + period - 1) continue
    averages[i] = sum / period
    sum -= values[i - period + 1]!
  }
  return averages
}

/**
 * Exponential moving average with k = 2 / (period + 1). Seeded by the simple mean of the first `period`
 * values, as TA-Lib's EMA is.
 * @param from index at which the seed's values begin; the first value that is known where left out
 */
export function ema(
  values: Float64Array,
  period: number,
  from: number = firstKnown(values),
): Float64Array {
  return smooth(values, period, 2 / (period + 1), from)
}

/** Wilder's smoothing (k = 1 / period), seeded by the mean of the first `period` values after `from`. */
export function wilder(values: Float64Array, period: number, from: number): Float64Array {
  return smooth(values, period, 1 / period, from)
}

function smooth(values: Float64Array, period: number, k: number, from: number): Float64Array {
  const averages = new Float64Array(values.length).fill(Number.NaN)
  const seedAt = from + period - 1
  if (seedAt >= values.length) return averages
  let average = 0
  for (let i = from; i <= seedAt; i += 1) average += values[i]!
  average /= period
  averages[seedAt] = average
  for (let i = seedAt + 1; i < values.length; i += 1) {
    average += (values[i]! - average) * k
    averages[i] = average
  }
  return averages
}

/** Weighted moving average: the newest value counts `period` times, the oldest once. TA-Lib's WMA. */
export function wma(values: Float64Array, period: number): Float64Array {
  const averages = new Float64Array(values.length).fill(Number.NaN)
  const first = firstKnown(values)
  const weights = (period * (period + 1)) / 2
  // Of the last values: their sum, and the sum in which each counts as often as its place.
  let sum = 0
  let weighted = 0
  for (let i = first; i < values.length; i += 1) {
    const place = Math.min(i - first + 1, period)
    if (i - first >= period) {
      weighted -= sum
      sum -= values[i - period]!
    }
    sum += values[i]!
    weighted += values[i]! * place
    if (place === period) averages[i] = weighted / weights
  }
  return averages
}

/** Index of the first value that is not NaN; the length where none is. */
export function firstKnown(values: Float64Array): number {
  let i = 0
  while (i < values.length && Number.isNaN(values[i]!)) i += 1
  return i
}
