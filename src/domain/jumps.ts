/** Nights on which prices jumped as after a split, though nobody tells of one. Pure. */
import type { BarBatch } from './bar-batch.ts'
import { inTodaysShares, type Payment, type ShareSplit } from './adjust.ts'
import { DAY_MS } from './date.ts'

export interface Jump {
  /** The session that opened elsewhere than the one before had closed. */
  readonly day: number
  readonly previousClose: number
  readonly open: number
  /** The usual ratio that it is nearest to; null where it is near none. */
  readonly likely: { readonly newShares: number; readonly oldShares: number } | null
}

/** Logarithm of a move that is worth a look by itself: a third down, or half up. */
const LOG_MOVE_MIN = 0.38
/** Prices as traded that are no farther apart are neighbours: of a share at 0.0001 any move is a leap. */
const TICK = 0.000_101
/** A close that is older than this says nothing of the night before. */
const NIGHT_DAYS_MAX = 10
/** Nearer than this, in logarithms, a move is taken for a ratio. */
const NEAR_RATIO = 0.06

const USUAL = [2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 20, 25, 30, 40, 50, 100, 1.5]

/**
 * Jumps of daily bars that no split or payment explains.
 * @param basis of the bars: those as traded follow the splits, restated ones have none
 */
export function findJumps(
  bars: BarBatch,
  basis: 'raw' | 'split',
  splits: readonly ShareSplit[],
  payments: readonly Payment[],
): Jump[] {
  const jumps: Jump[] = []
  const followed = basis === 'raw' ? splits : []
  const paid = payments.map((payment) => ({ ...payment, amount: onBasis(payment, basis, splits) }))
  for (let i = 1; i < bars.length; i += 1) {
    const day = bars.ts[i]!
    if (day - bars.ts[i - 1]! > NIGHT_DAYS_MAX * DAY_MS) continue
    const previousClose = bars.close[i - 1]!
    const open = bars.open[i]!
    const fallen = Math.log(previousClose / open)
    if (!(Math.abs(fallen) >= LOG_MOVE_MIN)) continue
    const left = Math.log(expectedOpen(previousClose, day, followed, paid) / open)
    if (Math.abs(left) < LOG_MOVE_MIN) continue
    const traded = basis === 'raw' ? 1 : inTodaysShares(1, 'raw', day, splits)
    if (Math.abs(previousClose - open) / traded <= TICK) continue
    jumps.push({ day, previousClose, open, likely: likelyRatio(fallen) })
  }
  return jumps
}

/** What was paid, in the shares that prices of its day are in. */
function onBasis(
  { amount, basis, day }: Payment,
  wanted: 'raw' | 'split',
  splits: readonly ShareSplit[],
): number {
  if (basis === wanted) return amount
  const today = inTodaysShares(1, 'raw', day, splits)
  return wanted === 'split' ? amount * today : amount / today
}

/** What a close would open at after the splits and payments of a day. */
function expectedOpen(
  previousClose: number,
  day: number,
  splits: readonly ShareSplit[],
  payments: readonly Payment[],
): number {
  const paid = payments
    .filter((payment) => payment.day === day)
    .reduce((sum, { amount }) => sum + amount, 0)
  const left = paid < previousClose ? previousClose - paid : previousClose
  return splits
    .filter((split) => split.day === day)
    .reduce((price, { newShares, oldShares }) => (price * oldShares) / newShares, left)
}

function likelyRatio(fallen: number): Jump['likely'] {
  const nearest = USUAL.toSorted(
    (a, b) => Math.abs(Math.abs(fallen) - Math.log(a)) - Math.abs(Math.abs(fallen) - Math.log(b)),
  )[0]!
  if (Math.abs(Math.abs(fallen) - Math.log(nearest)) > NEAR_RATIO) return null
  const [many, few] = nearest === 1.5 ? [3, 2] : [nearest, 1]
  return fallen > 0 ? { newShares: many, oldShares: few } : { newShares: few, oldShares: many }
}
