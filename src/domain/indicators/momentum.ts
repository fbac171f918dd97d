/** Oscillators of the close: RSI, MACD, and the stochastics. Definitions and seeds are TA-Lib's. */
import { ema, firstKnown, sma } from './moving-averages.ts'

/**
 * Relative strength index, 0 to 100: 100 · U / (U + D), with U and D Wilder's averages of rises and of
 * falls, seeded by the mean of the first `period` changes (J. W. Wilder, New Concepts in Technical Trading
 * Systems, 1978). 0 where nothing moved, as in TA-Lib's RSI.
 */
export function rsi(closes: Float64Array, period: number): Float64Array {
  const index = new Float64Array(closes.length).fill(Number.NaN)
  let rise = 0
  let fall = 0
  for (let i = 1; i < closes.length; i += 1) {
    const change = closes[i]! - closes[i - 1]!
    const up = Math.max(change, 0)
    const down = Math.max(-change, 0)
    if (i <= period) {
      rise += up / period
      fall += down / period
    } else {
      rise += (up - rise) / period
      fall += (down - fall) / period
    }
    if (i >= period) index[i] = isZero(rise + fall) ? 0 : (100 * rise) / (rise + fall)
  }
  return index
}

export interface Macd {
  readonly macd: Float64Array
  readonly signal: Float64Array
  readonly histogram: Float64Array
}

/**
 * Moving average convergence/divergence (G. Appel): the fast EMA less the slow one, its own EMA as the
 * signal, and the difference of these. As in TA-Lib's MACD both averages are seeded so that they begin at
 * the same bar, and nothing is given before the signal is known.
 */
export function macd(closes: Float64Array, fast: number, slow: number, signal: number): Macd {
  const [short, long] = fast < slow ? [fast, slow] : [slow, fast]
  const first = firstKnown(closes)
  const fastAverage = ema(closes, short, first + long - short)
  const slowAverage = ema(closes, long, first)
  const line = closes.map((_, i) => fastAverage[i]! - slowAverage[i]!)
  const signalLine = ema(line, signal)
  return {
    macd: line.map((value, i) => (Number.isNaN(signalLine[i]!) ? Number.NaN : value)),
    signal: signalLine,
    histogram: line.map((value, i) => value - signalLine[i]!),
  }
}

export interface Stochastic {
  readonly k: Float64Array
  readonly d: Float64Array
}

export interface HighLowClose {
  readonly high: Float64Array
  readonly low: Float64Array
  readonly close: Float64Array
}

/**
 * Stochastic oscillator (G. Lane), 0 to 100: where the close lies in the range of the last `period` bars,
 * smoothed by a mean of `slowing` bars (%K), and a mean of `signal` of these (%D). TA-Lib's STOCH with
 * simple averages; with `slowing` 1 its STOCHF. 0 where the range is empty. Nothing is given before %D is
 * known.
 */
export function stochastic(
  bars: HighLowClose,
  period: number,
  slowing: number,
  signal: number,
): Stochastic {
  const { close } = bars
  const highest = slidingExtreme(bars.high, period, (a, b) => a >= b)
  const lowest = slidingExtreme(bars.low, period, (a, b) => a <= b)
  const fast = close.map((price, i) => {
    const range = (highest[i]! - lowest[i]!) / 100
    return range === 0 ? 0 : (price - lowest[i]!) / range
  })
  const k = sma(fast, slowing)
  const d = sma(k, signal)
  return { k: k.map((value, i) => (Number.isNaN(d[i]!) ? Number.NaN : value)), d }
}

/** The extreme of the last `period` values at each index, in one pass; NaN until there are as many. */
function slidingExtreme(
  values: Float64Array,
  period: number,
  beats: (a: number, b: number) => boolean,
): Float64Array {
  const extremes = new Float64Array(values.length).fill(Number.NaN)
  // Indexes of values that nothing later beats; the first of them is the extreme of the window.
  const waiting = new Int32Array(values.length)
  let head = 0
  let tail = 0
  for (let i = 0; i < values.length; i += 1) {
    while (tail > head && beats(values[i]!, values[waiting[tail - 1]!]!)) tail -= 1
    waiting[tail] = i
    tail += 1
    if (waiting[head]! <= i - period) head += 1
    if (i >= period - 1) extremes[i] = values[waiting[head]!]!
  }
  return extremes
}

/** What TA-Lib takes for zero before it divides. */
export function isZero(value: number): boolean {
  return Math.abs(value) < 1e-14
}
