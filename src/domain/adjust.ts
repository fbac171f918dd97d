/**
 * Bars on another basis: as traded, restated for splits, or for splits and dividends. What the splits
 * and dividends of an instrument do is found once, as steps in time, and then applied to any of its bars.
 */
import { BAR_COLUMNS, type BarBatch } from './bar-batch.ts'

/** `none`: as traded; `splits`: in today's shares; `all`: as if each payment had been reinvested. */
export type AdjustMode = 'none' | 'splits' | 'all'

/** `raw`: as traded then; `split`: restated for every split that took place since. */
type Basis = 'raw' | 'split'

/** From the session of `day` on, `newShares` stand for what were `oldShares` before. */
export interface ShareSplit {
  readonly day: number
  readonly newShares: number
  readonly oldShares: number
}

/** Who holds a share at the close before the ex date `day` gets `amount`. Of any kind, each given once. */
export interface Payment {
  readonly day: number
  readonly amount: number
  /** Null where nobody says; then it is taken to be that of the prices. */
  readonly currency: string | null
  readonly basis: Basis
}

/** Daily closes of an instrument, in the order of days. */
export interface DailyCloses {
  readonly days: Float64Array
  readonly closes: Float64Array
  readonly basis: Basis
}

/**
 * What share of a price is left by a payment D.
 * - `previous-close`: 1 - D / C, with C the last close before the ex date. So CRSP and Yahoo do it.
 * - `ex-close`: X / (X + D), with X the close of the ex date. So Alpha Vantage and Quandl WIKI do it;
 *   their published adjusted closes are met by no other rule.
 */
export type DividendRule = 'previous-close' | 'ex-close'

export interface AdjustmentNeed {
  readonly mode: AdjustMode
  /** Basis of the bars that are to be adjusted. */
  readonly basis: Basis
  /** The last day that counts: what has a later ex date has not happened yet. Today, or the day of an as-of. */
  readonly throughDay: number
  readonly splits: readonly ShareSplit[]
  readonly payments: readonly Payment[]
  /** Used for `all` only. May be of another interval's series, and on another basis than the bars. */
  readonly closes: DailyCloses
  /** Currency of prices and closes; null where it is not known. */
  readonly currency: string | null
  readonly rule?: DividendRule
}

/**
 * Why an action was left out: its numbers make no sense; it was paid in another currency than prices are
 * quoted in; there is no close to hold it against; it is not smaller than that close.
 */
export type UnappliedReason = 'invalid' | 'currency' | 'no-close' | 'too-large'

export interface Unapplied {
  readonly action: ShareSplit | Payment
  readonly reason: UnappliedReason
}

/** What actions do to bars. At index i of the columns: what counts for sessions before the i-th day. */
export interface Adjustment {
  /** Ex dates at which something changes, ascending. */
  readonly days: readonly number[]
  readonly newShares: Float64Array
  readonly oldShares: Float64Array
  /** Share of a price that payments leave. */
  readonly kept: Float64Array
  /** Actions that were left out. One before the first bar of interest does not matter to it. */
  readonly unapplied: readonly Unapplied[]
}

/**
 * Finds what splits and payments do to bars, whatever the order in which they are given. A session is
 * changed by the actions with an ex date strictly after it, since on the ex date itself trading is on
 * the new basis already. Payments of one day are held together against one close. Close and payment
 * are compared in the same shares: where a split has the same ex date, the payment is for a new share.
 */
export function findAdjustment(need: AdjustmentNeed): Adjustment {
  const unapplied: Unapplied[] = []
  const splits = knownSplits(need, unapplied)
  const steps = new Map<number, Step>()
  for (const split of splitsToApply(need, splits)) {
    const step = stepOf(steps, split.day)
    step.newShares *= split.newShares
    step.oldShares *= split.oldShares
  }
  if (need.mode === 'all') {
    for (const [day, payments] of paymentsByDay(need, unapplied)) {
      const kept = keptShare(need, splits, day, payments)
      if (typeof kept === 'number') stepOf(steps, day).kept = kept
      else for (const action of payments) unapplied.push({ action, reason: kept })
    }
  }
  return { ...accumulate(steps), unapplied }
}

interface Step {
  newShares: number
  oldShares: number
  kept: number
}

function stepOf(steps: Map<number, Step>, day: number): Step {
  const known = steps.get(day)
  if (known !== undefined) return known
  const step = { newShares: 1, oldShares: 1, kept: 1 }
  steps.set(day, step)
  return step
}

/** Splits that took place, sorted so that products are the same whatever order they came in. */
function knownSplits(need: AdjustmentNeed, unapplied: Unapplied[]): ShareSplit[] {
  const isValid = ({ newShares, oldShares }: ShareSplit) =>
    newShares > 0 && oldShares > 0 && Number.isFinite(newShares) && Number.isFinite(oldShares)
  const due = need.splits.filter(({ day }) => day <= need.throughDay)
  for (const action of due) if (!isValid(action)) unapplied.push({ action, reason: 'invalid' })
  return due
    .filter(isValid)
    .toSorted((a, b) => a.day - b.day || a.newShares - b.newShares || a.oldShares - b.oldShares)
}

/** The splits that lead from the basis of the bars to the one wanted; turned round to undo them. */
function splitsToApply({ basis, mode }: AdjustmentNeed, splits: ShareSplit[]): ShareSplit[] {
  if (basis === 'raw') return mode === 'none' ? [] : splits
  if (mode !== 'none') return []
  return splits.map(({ day, newShares, oldShares }) => ({
    day,
    newShares: oldShares,
    oldShares: newShares,
  }))
}

function paymentsByDay(need: AdjustmentNeed, unapplied: Unapplied[]): Map<number, Payment[]> {
  const usable: Payment[] = []
  for (const action of need.payments) {
    if (action.day > need.throughDay) continue
    const { amount, currency } = action
    const isForeign = currency !== null && need.currency !== null && currency !== need.currency
    if (!(amount > 0 && Number.isFinite(amount))) unapplied.push({ action, reason: 'invalid' })
    else if (isForeign) unapplied.push({ action, reason: 'currency' })
    else usable.push(action)
  }
  return Map.groupBy(usable, ({ day }) => day)
}

/** Share of a price that the payments of a day leave, or why they cannot be applied. */
function keptShare(
  { closes, rule = 'previous-close' }: AdjustmentNeed,
  splits: readonly ShareSplit[],
  day: number,
  payments: readonly Payment[],
): number | UnappliedReason {
  const index = firstAtOrAfter(closes.days, day) - (rule === 'previous-close' ? 1 : 0)
  const closeDay = closes.days[index]
  if (closeDay === undefined) return 'no-close'
  const close = inTodaysShares(closes.closes[index]!, closes.basis, closeDay, splits)
  if (!(close > 0)) return 'no-close'
  // Added up in order of size, so that the sum is the same whatever order they came in.
  const paid = payments
    .map(({ amount, basis }) => inTodaysShares(amount, basis, day, splits))
    .toSorted((a, b) => a - b)
    .reduce((sum, each) => sum + each, 0)
  if (rule === 'ex-close') return close / (close + paid)
  return paid < close ? 1 - paid / close : 'too-large'
}

/** What was said of one share of a day, said of one share after all splits. */
export function inTodaysShares(
  value: number,
  basis: Basis,
  day: number,
  splits: readonly ShareSplit[],
): number {
  if (basis === 'split') return value
  let newShares = 1
  let oldShares = 1
  for (const split of splits) {
    if (split.day <= day) continue
    newShares *= split.newShares
    oldShares *= split.oldShares
  }
  return (value * oldShares) / newShares
}

/** Index of the first day that is not before `day`; the length where all are. */
function firstAtOrAfter(days: Float64Array, day: number): number {
  let low = 0
  let high = days.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (days[middle]! < day) low = middle + 1
    else high = middle
  }
  return low
}

/** Products of each step and all later ones. */
function accumulate(steps: Map<number, Step>): Omit<Adjustment, 'unapplied'> {
  const days = [...steps.keys()].toSorted((a, b) => a - b)
  const newShares = new Float64Array(days.length)
  const oldShares = new Float64Array(days.length)
  const kept = new Float64Array(days.length)
  const after = { newShares: 1, oldShares: 1, kept: 1 }
  for (let i = days.length - 1; i >= 0; i -= 1) {
    const step = steps.get(days[i]!)!
    newShares[i] = after.newShares *= step.newShares
    oldShares[i] = after.oldShares *= step.oldShares
    kept[i] = after.kept *= step.kept
  }
  return { days, newShares, oldShares, kept }
}

/**
 * Bars (ascending by ts) on the basis that an adjustment leads to. Volume follows splits only; a dividend
 * leaves the number of shares alone. Nothing is rounded.
 *
 * Bars of weeks and months that hold an ex date inside cannot be adjusted rightly: make them of adjusted
 * daily bars.
 * @param dayOf the session date of a ts: the session in whose extended hours an intraday bar starts; for
 *   daily bars the ts itself
 */
export function adjust(
  batch: BarBatch,
  dayOf: (ts: number) => number,
  adjustment: Adjustment,
): BarBatch {
  const { days } = adjustment
  if (days.length === 0) return batch
  const adjusted = copyBatch(batch)
  const { ts, length } = batch
  let step = 0
  let i = 0
  while (i < length) {
    const day = dayOf(ts[i]!)
    while (step < days.length && days[step]! <= day) step += 1
    if (step === days.length) break
    const first = i
    i += 1
    while (i < length && dayOf(ts[i]!) < days[step]!) i += 1
    scale(adjusted, first, i, adjustment, step)
  }
  return adjusted
}

function copyBatch(batch: BarBatch): BarBatch {
  const columns = BAR_COLUMNS.map((column) => [column, batch[column].slice()] as const)
  return { length: batch.length, ...(Object.fromEntries(columns) as Omit<BarBatch, 'length'>) }
}

const PRICE_COLUMNS = ['open', 'high', 'low', 'close', 'vwap'] as const

/** Applies a step to the bars from an index to another, in place. */
function scale(
  bars: BarBatch,
  from: number,
  until: number,
  { newShares, oldShares, kept }: Adjustment,
  step: number,
): void {
  // Multiplied by whole numbers first and divided last: 499.23 / 4 is then as near as it can be.
  const times = oldShares[step]! * kept[step]!
  const over = newShares[step]!
  for (const column of PRICE_COLUMNS) {
    const prices = bars[column]
    for (let i = from; i < until; i += 1) prices[i] = (prices[i]! * times) / over
  }
  const { volume } = bars
  for (let i = from; i < until; i += 1) volume[i] = (volume[i]! * over) / oldShares[step]!
}
