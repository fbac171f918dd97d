/** Indicators of volume: on-balance volume and the volume-weighted average price. */
import type { BarBatch } from '../bar-batch.ts'

/**
 * On-balance volume: volume added up, with the sign of the close's change (J. Granville, 1963). It begins
 * with the first bar's volume, as TA-Lib's OBV does; only its differences mean something. A bar without
 * volume counts as none.
 */
export function obv({ close, volume }: Pick<BarBatch, 'close' | 'volume'>): Float64Array {
  const sums = new Float64Array(close.length)
  let sum = 0
  for (let i = 0; i < close.length; i += 1) {
    const change = i === 0 ? 1 : Math.sign(close[i]! - close[i - 1]!)
    sum += Number.isNaN(volume[i]!) ? 0 : change * volume[i]!
    sums[i] = sum
  }
  return sums
}

/**
 * Volume-weighted average price: Σ price · volume / Σ volume, with the bar's own VWAP as its price where the
 * vendor gives one, else (high + low + close) / 3. NaN while nothing was traded.
 * @param anchorOf what the sums belong to (the session of a bar): they begin anew where it changes
 */
export function anchoredVwap(bars: BarBatch, anchorOf: (index: number) => number): Float64Array {
  const averages = new Float64Array(bars.length).fill(Number.NaN)
  let anchor = Number.NaN
  let money = 0
  let shares = 0
  for (let i = 0; i < bars.length; i += 1) {
    if (anchorOf(i) !== anchor) {
      anchor = anchorOf(i)
      money = 0
      shares = 0
    }
    money += moneyOf(bars, i)
    shares += sharesOf(bars, i)
    if (shares > 0) averages[i] = money / shares
  }
  return averages
}

/** The same over the last `period` bars; NaN until there are as many. */
export function rollingVwap(bars: BarBatch, period: number): Float64Array {
  const averages = new Float64Array(bars.length).fill(Number.NaN)
  let money = 0
  let shares = 0
  for (let i = 0; i < bars.length; i += 1) {
    money += moneyOf(bars, i)
    shares += sharesOf(bars, i)
    if (i >= period) {
      money -= moneyOf(bars, i - period)
      shares -= sharesOf(bars, i - period)
    }
    if (i >= period - 1 && shares > 0) averages[i] = money / shares
  }
  return averages
}

function sharesOf({ volume }: BarBatch, i: number): number {
  return Number.isNaN(volume[i]!) ? 0 : volume[i]!
}

function moneyOf(bars: BarBatch, i: number): number {
  const own = bars.vwap[i]!
  const price = Number.isNaN(own) ? (bars.high[i]! + bars.low[i]! + bars.close[i]!) / 3 : own
  return price * sharesOf(bars, i)
}
