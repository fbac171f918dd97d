/**
 * Adjusted closes as a vendor publishes them, held against those that our closes, splits and payments
 * lead to. Pure.
 */
import {
  adjust,
  findAdjustment,
  type DividendRule,
  type Payment,
  type ShareSplit,
} from './adjust.ts'
import type { BarBatch } from './bar-batch.ts'

/** What a vendor says that closes are worth after all splits and payments; ascending by day. */
export interface PublishedCloses {
  readonly days: Float64Array
  readonly adjusted: Float64Array
  /** How this vendor lets a payment lower the prices before it. */
  readonly rule: DividendRule
}

export interface PublishedComparison {
  /** Sessions that both have. */
  readonly sessions: number
  /** Greatest relative error, and the day of it; null where there is no common session. */
  readonly greatestError: number | null
  readonly worstDay: number | null
  /** First and last session that is off by more than is tolerated, and how many are. */
  readonly off: {
    readonly from: number
    readonly through: number
    readonly sessions: number
  } | null
}

/** What rounding to four decimals and single precision can do to a price above a dollar. */
const TOLERANCE = 1e-4

/**
 * Recomputes published adjusted closes.
 * @param bars daily bars of the same vendor in today's shares
 * @param throughDay the day on which the vendor said it
 */
export function comparePublished(
  published: PublishedCloses,
  bars: BarBatch,
  splits: readonly ShareSplit[],
  payments: readonly Payment[],
  throughDay: number,
): PublishedComparison {
  const adjustment = findAdjustment({
    mode: 'all',
    basis: 'split',
    throughDay: Math.max(throughDay, ...splits.map(({ day }) => day)),
    splits,
    payments: payments.filter(({ day }) => day <= throughDay),
    closes: { days: bars.ts, closes: bars.close, basis: 'split' },
    currency: null,
    rule: published.rule,
  })
  const ours = adjust(bars, (ts) => ts, adjustment).close
  const common = commonDays(published, bars)
  if (common.length === 0) return { sessions: 0, greatestError: null, worstDay: null, off: null }
  // Splits and payments that only one of the two heeds after the last session scale all of it alike.
  const last = common.findLast(([theirs]) => published.adjusted[theirs]! > 0)
  const scale = last === undefined ? 1 : published.adjusted[last[0]]! / ours[last[1]]!
  let greatestError = 0
  let worstDay = bars.ts[common.at(-1)![1]]!
  const off: number[] = []
  for (const [theirs, own] of common) {
    const expected = ours[own]! * scale
    const said = published.adjusted[theirs]!
    // Of what is no price the share is one of ours, since nothing is a share of zero.
    const error = Math.abs(said > 0 ? expected / said - 1 : said / expected - 1)
    if (error > TOLERANCE) off.push(bars.ts[own]!)
    if (error <= greatestError) continue
    greatestError = error
    worstDay = bars.ts[own]!
  }
  const range = { from: off[0]!, through: off.at(-1)!, sessions: off.length }
  return {
    sessions: common.length,
    greatestError,
    worstDay,
    off: off.length === 0 ? null : range,
  }
}

/** Indexes of the days that both have. A published zero is a mistake to be told, and no absent value. */
function commonDays(published: PublishedCloses, bars: BarBatch): [number, number][] {
  const indexes = new Map(Array.from(bars.ts, (day, i) => [day, i]))
  return Array.from(published.days.keys()).flatMap((theirs): [number, number][] => {
    const own = indexes.get(published.days[theirs]!)
    const isThere = own !== undefined && Number.isFinite(published.adjusted[theirs]!)
    return isThere && bars.close[own]! > 0 ? [[theirs, own]] : []
  })
}
