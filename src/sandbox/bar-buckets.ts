/** Longer bars made of shorter ones: minutes into 5 minutes, days into weeks. */
import { makeBatch, sliceBatch, type BarBatch } from '../domain/bar-batch.ts'

/** Bars by the bucket in which they start; both have one entry a bucket, ascending. */
export interface Buckets {
  readonly bars: BarBatch
  /** ts of the last short bar in each bucket. */
  readonly last: Float64Array
}

/** Puts ascending bars into buckets. `bucketOf` gives the start of the bucket of a bar's ts. */
export function makeBuckets(bars: BarBatch, bucketOf: (ts: number) => number): Buckets {
  const made = makeBatch(bars.length)
  const last = new Float64Array(bars.length)
  let count = 0
  for (let i = 0; i < bars.length; i += 1) {
    const ts = bars.ts[i]
    const start = bucketOf(ts)
    if (count === 0 || made.ts[count - 1] !== start) {
      made.ts[count] = start
      made.open[count] = bars.open[i]
      made.high[count] = bars.high[i]
      made.low[count] = bars.low[i]
      made.volume[count] = 0
      count += 1
    }
    const at = count - 1
    made.high[at] = Math.max(made.high[at], bars.high[i])
    made.low[at] = Math.min(made.low[at], bars.low[i])
    made.close[at] = bars.close[i]
    made.volume[at] += bars.volume[i]
    last[at] = ts
  }
  return { bars: sliceBatch(made, 0, count), last: last.subarray(0, count) }
}
