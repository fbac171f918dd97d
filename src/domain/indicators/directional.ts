/** Wilder's directional movement: +DI, −DI and ADX, with the seeds of TA-Lib. */
import { isZero, type HighLowClose } from './momentum.ts'
import { trueRange } from './volatility.ts'

export interface Directional {
  readonly adx: Float64Array
  readonly plusDi: Float64Array
  readonly minusDi: Float64Array
}

/**
 * Average directional index, 0 to 100, with its two directional indicators (J. W. Wilder, New Concepts in
 * Technical Trading Systems, 1978). The sums begin with `period` − 1 bars, +DI and −DI with bar `period`,
 * and ADX, which is Wilder's average of DX seeded by the mean of the first `period`, with bar 2 · `period` − 1:
 * TA-Lib's ADX, PLUS_DI and MINUS_DI. `period` is 2 or more.
 */
export function directional(bars: HighLowClose, period: number): Directional {
  const { length } = bars.close
  const adx = new Float64Array(length).fill(Number.NaN)
  const plusDi = adx.slice()
  const minusDi = adx.slice()
  const ranges = trueRange(bars)
  let plus = 0
  let minus = 0
  let range = 0
  let average = 0
  for (let i = 1; i < length; i += 1) {
    const kept = i < period ? 1 : 1 - 1 / period
    plus = plus * kept + upMove(bars, i)
    minus = minus * kept + downMove(bars, i)
    range = range * kept + ranges[i]!
    if (i < period) continue
    plusDi[i] = isZero(range) ? 0 : (100 * plus) / range
    minusDi[i] = isZero(range) ? 0 : (100 * minus) / range
    const dx = indexOf(plusDi[i]!, minusDi[i]!)
    if (i < 2 * period) average += (dx ?? 0) / period
    else if (dx !== null) average += (dx - average) / period
    if (i >= 2 * period - 1) adx[i] = average
  }
  return { adx, plusDi, minusDi }
}

/** DX; null where nothing moved in either direction. */
function indexOf(plusDi: number, minusDi: number): number | null {
  const sum = plusDi + minusDi
  return isZero(sum) ? null : (100 * Math.abs(minusDi - plusDi)) / sum
}

function upMove({ high, low }: HighLowClose, i: number): number {
  const up = high[i]! - high[i - 1]!
  return up > 0 && up > low[i - 1]! - low[i]! ? up : 0
}

function downMove({ high, low }: HighLowClose, i: number): number {
  const down = low[i - 1]! - low[i]!
  return down > 0 && down > high[i]! - high[i - 1]! ? down : 0
}
