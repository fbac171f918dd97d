/**
 * Two rows of one answer for the same bar. Equal ones are one row said twice. Of different ones the
 * same is kept whatever their order: vendors add a live row to the one of the session, and the row
 * with more volume has seen more of it.
 */
import type { BarBatch } from '../domain/bar-batch.ts'
import { describeTs } from './describe.ts'
import type { CheckContext } from './reject.ts'

export const DUPLICATE = 'duplicate'

/** The first of these to differ decides; the greater value is kept, and any value before an absent one. */
const PREFERENCE = ['volume', 'close', 'high', 'low', 'open', 'vwap', 'trades'] as const

/** Orders rows of the same ts: the one to keep comes first. 0 for rows that are equal. */
export function compareDuplicates(batch: BarBatch, a: number, b: number): number {
  for (const column of PREFERENCE) {
    const left = batch[column][a]!
    const right = batch[column][b]!
    if (left === right || (Number.isNaN(left) && Number.isNaN(right))) continue
    if (Number.isNaN(left)) return 1
    return Number.isNaN(right) || left > right ? -1 : 1
  }
  return 0
}

/** Why a row was refused in favour of another of the same ts. */
export function explainDuplicate(
  batch: BarBatch,
  index: number,
  kept: number,
  { interval }: CheckContext,
): string {
  const differences = PREFERENCE.filter((column) => {
    const left = batch[column][index]!
    const right = batch[column][kept]!
    return left !== right && !(Number.isNaN(left) && Number.isNaN(right))
  }).map((column) => `${column} ${batch[column][index]} instead of ${batch[column][kept]}`)
  return (
    `Another row for ${describeTs(batch.ts[index]!, interval)} was kept; ` +
    `this one says ${differences.join(', ')}.`
  )
}
