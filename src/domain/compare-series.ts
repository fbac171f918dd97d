/** Two vendors' bars of the same instrument, interval and basis held against each other. Pure. */
import type { BarBatch } from './bar-batch.ts'

export const COMPARED_COLUMNS = ['open', 'high', 'low', 'close', 'volume'] as const
export type ComparedColumn = (typeof COMPARED_COLUMNS)[number]

/** How far two vendors may be apart, as a share of the larger value. */
export type Tolerances = Readonly<Record<ComparedColumn, number>>

/**
 * Vendors see other trades: opens and extremes differ by who counts auctions and odd lots, volumes by
 * who adds late prints. Closes are official and hardly differ.
 */
export const TOLERANCES: Tolerances = {
  open: 0.005,
  high: 0.005,
  low: 0.005,
  close: 0.001,
  volume: 0.1,
}
/** Prices that are a cent apart are one, differently rounded. */
const CENT = 0.0101
/** Disagreements with fewer agreeing bars than this between them are one stretch. */
const STRETCH_GAP = 3

/** Where two series are farthest apart in a column, as a share of the larger value. */
export interface Difference {
  readonly column: ComparedColumn
  readonly ts: number
  readonly left: number
  readonly right: number
  readonly error: number
}

/** Bars in a row that differ by more than is tolerated. */
export interface Disagreement {
  /** First and last bar. */
  readonly from: number
  readonly through: number
  /** Bars among them that differ. */
  readonly bars: number
  /** The worst of each column that differs. */
  readonly worst: readonly Difference[]
}

export interface Comparison {
  /** Bars that both have. */
  readonly overlap: number
  /** Bars between the first and last common one that only one of them has. */
  readonly onlyLeft: number
  readonly onlyRight: number
  /** The worst of each column over all, tolerated or not. */
  readonly worst: readonly Difference[]
  readonly disagreements: readonly Disagreement[]
}

/** Compares two batches, both ascending by ts. Absent values are compared with nothing. */
export function compareSeries(
  left: BarBatch,
  right: BarBatch,
  tolerances: Tolerances = TOLERANCES,
): Comparison {
  const comparing = makeComparison(tolerances)
  comparing.add(left, right)
  return comparing.finish()
}

/** A comparison of series that come in stretches. */
export interface Comparing {
  /** Both sides of a stretch of time, ascending by ts; stretches come one after the other. */
  add(left: BarBatch, right: BarBatch): void
  finish(): Comparison
}

export function makeComparison(tolerances: Tolerances = TOLERANCES): Comparing {
  const worst = new Map<ComparedColumn, Difference>()
  const found: Stretch[] = []
  let overlap = 0
  const [spanLeft, spanRight] = [makeSpan(), makeSpan()]
  return {
    add(left, right) {
      forEachCommon(left, right, (l, r) => {
        spanLeft.meet(l)
        spanRight.meet(r)
        const differences = COMPARED_COLUMNS.flatMap((column) => {
          const difference = differenceOf(left, l, right, r, column)
          if (difference === null) return []
          keepWorst(worst, difference)
          return isTolerated(difference, tolerances) ? [] : [difference]
        })
        if (differences.length > 0) addDiffering(found, overlap, differences)
        overlap += 1
      })
      spanLeft.pass(left.length)
      spanRight.pass(right.length)
    },
    finish: () => ({
      overlap,
      onlyLeft: spanLeft.bars() - overlap,
      onlyRight: spanRight.bars() - overlap,
      worst: [...worst.values()],
      disagreements: found.map(({ from, through, bars, worst: greatest }) => {
        return { from, through, bars, worst: [...greatest.values()] }
      }),
    }),
  }
}

/** Counts the bars of one side from its first to its last common one. */
function makeSpan() {
  let passed = 0
  let first: number | null = null
  let last = 0
  return {
    /** The bar at an index of this stretch is a common one. */
    meet(index: number): void {
      last = passed + index
      first ??= last
    },
    /** So many bars were in this stretch. */
    pass(length: number): void {
      passed += length
    },
    bars: () => (first === null ? 0 : last - first + 1),
  }
}

/** Calls with the indexes of the bars that start at the same ts. */
function forEachCommon(
  left: BarBatch,
  right: BarBatch,
  common: (left: number, right: number) => void,
): void {
  let r = 0
  for (let l = 0; l < left.length; l += 1) {
    while (r < right.length && right.ts[r]! < left.ts[l]!) r += 1
    if (r < right.length && right.ts[r] === left.ts[l]) common(l, r)
  }
}

function differenceOf(
  left: BarBatch,
  l: number,
  right: BarBatch,
  r: number,
  column: ComparedColumn,
): Difference | null {
  const [one, other] = [left[column][l]!, right[column][r]!]
  if (Number.isNaN(one) || Number.isNaN(other)) return null
  const larger = Math.max(Math.abs(one), Math.abs(other))
  const error = larger === 0 ? 0 : Math.abs(one - other) / larger
  return { column, ts: left.ts[l]!, left: one, right: other, error }
}

function isTolerated({ column, left, right, error }: Difference, tolerances: Tolerances): boolean {
  if (error <= tolerances[column]) return true
  // Of a price below ten dollars a cent is more than a thousandth.
  return column !== 'volume' && Math.abs(left - right) <= CENT && Math.max(left, right) > 0.5
}

function keepWorst(worst: Map<ComparedColumn, Difference>, difference: Difference): void {
  const known = worst.get(difference.column)
  if (known === undefined || difference.error > known.error) {
    worst.set(difference.column, difference)
  }
}

/** A disagreement that the next bar may belong to. */
interface Stretch {
  readonly from: number
  through: number
  bars: number
  /** Place of its last bar among the common ones. */
  place: number
  readonly worst: Map<ComparedColumn, Difference>
}

/** Adds a bar that differs to the last stretch, or begins another. */
function addDiffering(found: Stretch[], place: number, differences: readonly Difference[]): void {
  const { ts } = differences[0]!
  let stretch = found.at(-1)
  if (stretch === undefined || place - stretch.place > STRETCH_GAP) {
    stretch = { from: ts, through: ts, bars: 0, place, worst: new Map() }
    found.push(stretch)
  }
  stretch.through = ts
  stretch.bars += 1
  stretch.place = place
  for (const one of differences) keepWorst(stretch.worst, one)
}
