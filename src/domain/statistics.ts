/**
 * Statistics of closes: returns, volatility, drawdown and correlation, in the field's usual definitions.
 * Pure; NaN where there is too little to say.
 */
import { DAY_MS } from './date.ts'

/** Sessions that volatility is scaled to a year by; the usual figure for exchanges in the United States. */
export const SESSIONS_A_YEAR = 252

/** ln of each close over the one before (J. Hull, Options, Futures and Other Derivatives: ch. 15). */
export function logReturns(closes: Float64Array): Float64Array {
  const returns = new Float64Array(Math.max(closes.length - 1, 0))
  for (let i = 1; i < closes.length; i += 1) returns[i - 1] = Math.log(closes[i]! / closes[i - 1]!)
  return returns
}

/** Standard deviation of a sample, that is divided by n − 1; NaN for fewer than two values. */
export function sampleDeviation(values: Float64Array): number {
  if (values.length < 2) return Number.NaN
  const middle = mean(values)
  let squares = 0
  for (const value of values) squares += (value - middle) ** 2
  return Math.sqrt(squares / (values.length - 1))
}

/** Volatility a year: the deviation of log returns times the root of the periods a year (Hull, ch. 15). */
export function annualisedVolatility(closes: Float64Array, periodsAYear: number): number {
  return sampleDeviation(logReturns(closes)) * Math.sqrt(periodsAYear)
}

/** The last value over the first, less 1; NaN for fewer than two. */
export function totalReturn(closes: Float64Array): number {
  return closes.length < 2 ? Number.NaN : closes[closes.length - 1]! / closes[0]! - 1
}

/**
 * The return that, compounded every year, makes the total over so many days (a year is 365.25); NaN below a
 * year, where it would say more than is known (GIPS standards 2020, 2.A.7).
 */
export function annualisedReturn(closes: Float64Array, fromDay: number, untilDay: number): number {
  const years = (untilDay - fromDay) / DAY_MS / 365.25
  // A year counted in sessions may be a day or two short of 365.25.
  return years < 0.99 ? Number.NaN : (1 + totalReturn(closes)) ** (1 / years) - 1
}

export interface Drawdown {
  /** Loss from a peak to the lowest close after it, as a share below 0; 0 where closes only rose. */
  readonly depth: number
  /** Indexes of that peak and of that trough; null where there is none. */
  readonly peak: number | null
  readonly trough: number | null
}

/** The greatest loss from a close to a later one (M. Magdon-Ismail, A. Atiya, Maximum Drawdown, 2004). */
export function maximumDrawdown(closes: Float64Array): Drawdown {
  let worst: Drawdown = { depth: 0, peak: null, trough: null }
  let peak = 0
  for (let i = 1; i < closes.length; i += 1) {
    if (closes[i]! > closes[peak]!) peak = i
    const depth = closes[i]! / closes[peak]! - 1
    if (depth < worst.depth) worst = { depth, peak, trough: i }
  }
  return worst
}

/** Pearson's correlation of pairs; NaN for fewer than two, or where one side never moves. */
export function correlation(a: Float64Array, b: Float64Array): number {
  const length = Math.min(a.length, b.length)
  if (length < 2) return Number.NaN
  const meanA = mean(a.subarray(0, length))
  const meanB = mean(b.subarray(0, length))
  let together = 0
  let squaresA = 0
  let squaresB = 0
  for (let i = 0; i < length; i += 1) {
    const fromA = a[i]! - meanA
    const fromB = b[i]! - meanB
    together += fromA * fromB
    squaresA += fromA * fromA
    squaresB += fromB * fromB
  }
  const scale = Math.sqrt(squaresA) * Math.sqrt(squaresB)
  if (scale === 0) return Number.NaN
  return Math.min(1, Math.max(-1, together / scale))
}

/** The mean of values; NaN of none. */
export function mean(values: Float64Array): number {
  let sum = 0
  for (const value of values) sum += value
  return sum / values.length
}
