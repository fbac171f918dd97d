/**
 * Rows of a series whose prices are in another unit than their neighbours' (pence among pounds), or on
 * another side of a split, and published adjusted closes that do not follow from the dividends beside
 * them. Pure: it tells, and changes nothing.
 */
import { adjust, findAdjustment, inTodaysShares, type Payment, type ShareSplit } from './adjust.ts'
import type { BarBatch } from './bar-batch.ts'
import { DAY_MS } from './date.ts'

/**
 * - `unit`: prices a hundred or a thousand times off, as where a subunit of the currency is taken for it
 * - `split-basis`: prices that a split nearby was not applied to, or applied to twice
 * - `adjusted-close`: the vendor's own adjusted close lacks a dividend, or has one too many
 */
export type PriceDefectRule = 'unit' | 'split-basis' | 'adjusted-close'

export type DefectColumn = 'open' | 'high' | 'low' | 'close' | 'adjusted-close'

export interface PriceDefect {
  readonly index: number
  readonly ts: number
  readonly rule: PriceDefectRule
  readonly columns: readonly DefectColumn[]
  /** What the values would have to be multiplied by to fit. */
  readonly factor: number
}

export interface PricedSeries {
  /** Ascending by ts, on one basis. */
  readonly bars: BarBatch
  readonly basis: 'raw' | 'split'
  /** The session date of a ts. */
  readonly dayOf: (ts: number) => number
  readonly splits: readonly ShareSplit[]
  readonly payments: readonly Payment[]
  /** What the vendor publishes as adjusted for splits and dividends; null where it does not. */
  readonly adjustedClose: Float64Array | null
}

/** A unit is mistaken for its hundredth (pence, cents) or thousandth (fils). */
const UNIT_FACTORS = [100, 1 / 100, 1000, 1 / 1000]
/** Rows on the wrong side of a split begin or end within so many days of it. */
const SPLIT_DAYS = 20
/** Farther than this from a factor, in logarithms, a change of price is not that factor. */
const FACTOR_TOLERANCE = 0.65
/** Splits below this logarithm cannot be told from a night's move. */
const LOG_FACTOR_MIN = 0.15
/** Relative error of an adjusted close beyond rounding to single precision or four decimals. */
const ADJUSTED_ERROR = 2e-4
/** A stretch of fewer rows than this cannot be what all others are measured by. */
const BASELINE_ROWS_MIN = 3

/** What rows before a place are measured by: prices in today's shares, and the factor that the row there took. */
export interface PriceLevel {
  readonly reference: number
  readonly before: number
}

/** All defects, by row. A row can have one of its prices and one of its adjusted close. */
export function findPriceDefects(series: PricedSeries): PriceDefect[] {
  return [...findLevelDefects(series, null).defects, ...adjustedCloseDefects(series)].toSorted(
    (a, b) => a.index - b.index,
  )
}

const PRICES = ['open', 'high', 'low', 'close'] as const

/**
 * Defects of prices. Walks from a row that can be trusted to both ends, and holds each row against its
 * corrected neighbour. Vendors mend the newest rows first, and put wrong units into stretches without
 * trades, so the newest row with volume is trusted, unless nearly all others are on another level.
 *
 * A long series can come in stretches, the newest first: each is then walked from its end.
 * @param newer the level that the stretch after this one began at; null for the newest
 * @returns the level at the first row for the stretch before; null where there is no row
 */
export function findLevelDefects(
  series: PricedSeries,
  newer: PriceLevel | null,
): { readonly defects: PriceDefect[]; readonly level: PriceLevel | null } {
  const onOneBasis = series.basis === 'raw' ? restated(series) : series.bars
  const level = { ...series, bars: onOneBasis }
  const { length } = onOneBasis
  if (length === 0) return { defects: [], level: newer }
  if (newer !== null) {
    const { defects, level: first } = walk(level, { start: length, end: -1, step: -1, ...newer })
    return { defects: defects.toReversed(), level: first }
  }
  const first = walkFrom(
    level,
    newestTraded(onOneBasis, () => true),
  )
  const flagged = new Set(first.defects.map(({ index }) => index))
  const sound = length - flagged.size
  if (sound >= BASELINE_ROWS_MIN || length < 3 * BASELINE_ROWS_MIN) return first
  return walkFrom(
    level,
    newestTraded(onOneBasis, (index) => flagged.has(index)),
  )
}

/** Raw prices in today's shares, so that splits are no jumps. */
function restated({ bars, dayOf, splits }: PricedSeries): BarBatch {
  const none = { days: new Float64Array(0), closes: new Float64Array(0), basis: 'raw' as const }
  const adjustment = findAdjustment({
    mode: 'splits',
    basis: 'raw',
    throughDay: Infinity,
    splits,
    payments: [],
    closes: none,
    currency: null,
  })
  return adjust(bars, dayOf, adjustment)
}

function newestTraded(bars: BarBatch, isWanted: (index: number) => boolean): number {
  for (let i = bars.length - 1; i >= 0; i -= 1) {
    if (bars.volume[i]! > 0 && isWanted(i) && !isTorn(bars, i)) return i
  }
  for (let i = bars.length - 1; i > 0; i -= 1) if (isWanted(i)) return i
  return 0
}

/** True where the prices of one row are not of one level themselves. */
function isTorn(bars: BarBatch, index: number): boolean {
  const prices = PRICES.map((column) => bars[column][index]!)
  return Math.max(...prices) / Math.min(...prices) > 10
}

interface Walked {
  readonly defects: PriceDefect[]
  /** At the last row of the walk. */
  readonly level: PriceLevel
}

function walkFrom(series: PricedSeries, start: number): Walked {
  const from = { start, reference: medianOf(series.bars, start), before: 1 }
  const backward = walk(series, { ...from, end: -1, step: -1 })
  const forward = walk(series, { ...from, end: series.bars.length, step: 1 })
  return { ...backward, defects: [...backward.defects.toReversed(), ...forward.defects] }
}

/** Where a walk begins, which row is not walked any more, and what the first is measured by. */
interface Walk extends PriceLevel {
  readonly start: number
  readonly end: number
  readonly step: 1 | -1
}

function walk(series: PricedSeries, { start, end, step, ...level }: Walk): Walked {
  const { bars, dayOf } = series
  const defects: PriceDefect[] = []
  let { reference, before } = level
  for (let i = start + step; i !== end; i += step) {
    const middle = medianOf(bars, i)
    if (!(middle > 0) || !(reference > 0)) continue
    const ts = bars.ts[i]!
    reference = acrossPayments(middle, reference, paidBetween(series, i - step, i))
    const candidates = [...UNIT_FACTORS, ...splitFactors(series.splits, dayOf(ts)), before]
    const factor = fittingFactor(middle, reference, candidates)
    before = factor
    if (factor !== 1) {
      const rule = UNIT_FACTORS.includes(factor) ? 'unit' : 'split-basis'
      defects.push({ index: i, ts, rule, columns: PRICES, factor })
      reference = middle * factor
      continue
    }
    const torn = tornColumns(bars, i, reference)
    if (torn.columns.length > 0) defects.push({ index: i, ts, rule: 'unit', ...torn })
    reference = torn.middle
  }
  return { defects, level: { reference, before } }
}

/**
 * What was paid for a share in today's shares between two neighbours of a walk: taken off the later one.
 * Above zero where the walk goes back in time, below where it goes forward.
 */
function paidBetween(series: PricedSeries, from: number, to: number): number {
  const { bars, dayOf, payments, splits } = series
  if (payments.length === 0 || from < 0 || from >= bars.length) return 0
  const [start, end] = [dayOf(bars.ts[from]!), dayOf(bars.ts[to]!)]
  const [earlier, later] = start < end ? [start, end] : [end, start]
  const paid = payments
    .filter(({ day }) => day > earlier && day <= later)
    .reduce((sum, { amount, basis, day }) => sum + inTodaysShares(amount, basis, day, splits), 0)
  return start < end ? -paid : paid
}

/** The reference after a payment, where that is nearer to the price: the payment itself may be wrong. */
function acrossPayments(price: number, reference: number, paid: number): number {
  const after = reference + paid
  const isNearer =
    after > 0 && Math.abs(Math.log(price / after)) < Math.abs(Math.log(price / reference))
  return isNearer ? after : reference
}

/** Ratios of the splits around a day, both ways round. */
function splitFactors(splits: readonly ShareSplit[], day: number): number[] {
  return splits
    .filter((split) => Math.abs(split.day - day) <= SPLIT_DAYS * DAY_MS)
    .flatMap(({ newShares, oldShares }) => [newShares / oldShares, oldShares / newShares])
    .filter((factor) => Math.abs(Math.log(factor)) >= LOG_FACTOR_MIN)
}

/** The factor that brings a price to its reference far better than leaving it alone does; else 1. */
function fittingFactor(price: number, reference: number, candidates: readonly number[]): number {
  const alone = Math.abs(Math.log(price / reference))
  let best = 1
  let distance = alone / 3
  for (const factor of candidates) {
    const left = Math.abs(Math.log((price * factor) / reference))
    const tolerance = Math.min(Math.abs(Math.log(factor)) / 3, FACTOR_TOLERANCE)
    if (left >= distance || left >= tolerance) continue
    distance = left
    best = factor
  }
  return best
}

/** The columns of one row that are in another unit than the rest, and the middle of them all mended. */
function tornColumns(bars: BarBatch, index: number, reference: number) {
  const columns: DefectColumn[] = []
  let factor = 1
  const mended = PRICES.map((column) => {
    const price = bars[column][index]!
    const fitting = price > 0 ? fittingFactor(price, reference, UNIT_FACTORS) : 1
    if (fitting !== 1) {
      columns.push(column)
      factor = fitting
    }
    return price * fitting
  })
  return { columns, factor, middle: middleOf(mended) }
}

function medianOf(bars: BarBatch, index: number): number {
  return middleOf(PRICES.map((column) => bars[column][index]!))
}

function middleOf(four: number[]): number {
  const [, second, third] = four.toSorted((a, b) => a - b)
  return (second! + third!) / 2
}

/** Published adjusted closes that closes and dividends do not lead to, by the rule of the close before. */
function adjustedCloseDefects(series: PricedSeries): PriceDefect[] {
  const { bars, basis, dayOf, splits, payments, adjustedClose } = series
  if (adjustedClose === null || bars.length === 0) return []
  const closes = lastCloses(bars, dayOf)
  const adjustment = findAdjustment({
    mode: 'all',
    basis,
    throughDay: Infinity,
    splits,
    payments,
    closes: { ...closes, basis },
    currency: null,
  })
  const expected = adjust(bars, dayOf, adjustment).close
  const last = adjustedClose.findLastIndex((adjusted, i) => adjusted > 0 && expected[i]! > 0)
  if (last < 0) return []
  // What was paid after the last row lowers all rows by the same share.
  const later = adjustedClose[last]! / expected[last]!
  const defects: PriceDefect[] = []
  for (let i = 0; i < bars.length; i += 1) {
    const factor = (expected[i]! * later) / adjustedClose[i]!
    if (!(Math.abs(factor - 1) > ADJUSTED_ERROR)) continue
    const ts = bars.ts[i]!
    defects.push({ index: i, ts, rule: 'adjusted-close', columns: ['adjusted-close'], factor })
  }
  return defects
}

/** The last close of each day. */
function lastCloses(bars: BarBatch, dayOf: (ts: number) => number) {
  const byDay = new Map<number, number>()
  for (let i = 0; i < bars.length; i += 1) {
    if (bars.close[i]! > 0) byDay.set(dayOf(bars.ts[i]!), bars.close[i]!)
  }
  return { days: Float64Array.from(byDay.keys()), closes: Float64Array.from(byDay.values()) }
}
