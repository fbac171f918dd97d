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
  const pairs = commonBars(left, right)
  const worst = new Map<ComparedColumn, Difference>()
  const differing: { place: number; ts: number; differences: Difference[] }[] = []
  pairs.forEach(([l, r], place) => {
    const differences = COMPARED_COLUMNS.flatMap((column) => {
      const difference = differenceOf(left, l, right, r, column)
      if (difference === null) return []
      keepWorst(worst, difference)
      return isTolerated(difference, tolerances) ? [] : [difference]
    })
    if (differences.length > 0) differing.push({ place, ts: left.ts[l]!, differences })
  })
  const first = pairs[0]
  const last = pairs.at(-1)
  const spanOf = (side: 0 | 1) => (first === undefined ? 0 : last![side] - first[side] + 1)
  return {
    overlap: pairs.length,
    onlyLeft: spanOf(0) - pairs.length,
    onlyRight: spanOf(1) - pairs.length,
    worst: [...worst.values()],
    disagreements: stretches(differing),
  }
}

/** Indexes of the bars that start at the same ts. */
function commonBars(left: BarBatch, right: BarBatch): [number, number][] {
  const pairs: [number, number][] = []
  let r = 0
  for (let l = 0; l < left.length; l += 1) {
    while (r < right.length && right.ts[r]! < left.ts[l]!) r += 1
    if (r < right.length && right.ts[r] === left.ts[l]) pairs.push([l, r])
  }
  return pairs
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

function stretches(
  differing: readonly { place: number; ts: number; differences: Difference[] }[],
): Disagreement[] {
  const groups: (typeof differing)[number][][] = []
  for (const one of differing) {
    const group = groups.at(-1)
    if (group !== undefined && one.place - group.at(-1)!.place <= STRETCH_GAP) group.push(one)
    else groups.push([one])
  }
  return groups.map((group) => {
    const worst = new Map<ComparedColumn, Difference>()
    for (const { differences } of group) for (const one of differences) keepWorst(worst, one)
    const [first, last] = [group[0]!, group.at(-1)!]
    return { from: first.ts, through: last.ts, bars: group.length, worst: [...worst.values()] }
  })
}
