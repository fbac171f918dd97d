/**
 * The check of an answer: good rows go on, each other one is refused with a reason and its raw text.
 * Nothing is dropped or mended.
 */
import { takeBars, VALUE_COLUMNS, type BarBatch } from '../domain/bar-batch.ts'
import { isSaneTs } from './describe.ts'
import { compareDuplicates, DUPLICATE, explainDuplicate } from './duplicates.ts'
import type { CheckContext, Reject } from './reject.ts'
import { RULES } from './rules.ts'

/** Rows as a vendor gave them. */
export interface UncheckedBars {
  readonly batch: BarBatch
  /** The vendor's own text of the row at an index; asked for refused rows only. */
  readonly rawAt: (index: number) => string
}

export interface CheckedBars {
  /** The good rows, by ascending ts, each ts once. */
  readonly batch: BarBatch
  /** By ascending ts. */
  readonly rejects: readonly Reject[]
  /** Rows that said the same as a good row once more, and were left out. */
  readonly duplicates: number
}

/**
 * Checks each row by each rule. The result is the same for any order of the rows, and good rows,
 * rejects and duplicates together are as many as came.
 */
export function validateBatch(answer: UncheckedBars, context: CheckContext): CheckedBars {
  if (!isAscending(answer.batch.ts)) return validateBatch(sortRows(answer), context)
  const { batch } = answer
  const failed = new Uint8Array(batch.length)
  for (let i = 0; i < RULES.length; i += 1) RULES[i]!.scan(batch, context, failed, i + 1)
  if (isAllGood(batch, failed)) return { batch, rejects: [], duplicates: 0 }
  return separate(answer, context, failed)
}

function isAscending(ts: Float64Array): boolean {
  for (let i = 1; i < ts.length; i += 1) {
    if (!(ts[i]! >= ts[i - 1]!) && compareTs(ts[i - 1]!, ts[i]!) > 0) return false
  }
  return true
}

/** Orders rows by ts, those without one last. */
function compareTs(a: number, b: number): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b))
  return a - b
}

function sortRows({ batch, rawAt }: UncheckedBars): UncheckedBars {
  const { ts } = batch
  const order = Uint32Array.from({ length: batch.length }, (_, index) => index)
  order.sort((a, b) => compareTs(ts[a]!, ts[b]!))
  return { batch: takeBars(batch, order), rawAt: (index) => rawAt(order[index]!) }
}

function isAllGood({ length, ts }: BarBatch, failed: Uint8Array): boolean {
  for (let i = 0; i < length; i += 1) {
    if (failed[i] !== 0 || (i > 0 && ts[i] === ts[i - 1])) return false
  }
  return true
}

function separate(
  { batch, rawAt }: UncheckedBars,
  context: CheckContext,
  failed: Uint8Array,
): CheckedBars {
  const good: number[] = []
  const rejects: Reject[] = []
  let duplicates = 0
  const refuse = (index: number, rule: string, reason: string) => {
    const ts = batch.ts[index]!
    const values = VALUE_COLUMNS.map((column) => batch[column][index]!)
    rejects.push({ rule, reason, raw: rawAt(index), ts: isSaneTs(ts) ? ts : null, values })
  }
  for (let i = 0; i < batch.length;) {
    const rivals: number[] = []
    const end = endOfTs(batch, i)
    for (; i < end; i += 1) {
      const rule = RULES[failed[i]! - 1]
      if (rule === undefined) rivals.push(i)
      else refuse(i, rule.name, rule.explain(batch, i, context))
    }
    rivals.sort((a, b) => compareDuplicates(batch, a, b) || compareText(rawAt(a), rawAt(b)))
    rivals.forEach((index, rank) => {
      const kept = rivals[0]!
      if (rank === 0) good.push(index)
      else if (compareDuplicates(batch, rivals[rank - 1]!, index) === 0) duplicates += 1
      else refuse(index, DUPLICATE, explainDuplicate(batch, index, kept, context))
    })
  }
  return { batch: takeBars(batch, good), rejects: inOrder(rejects), duplicates }
}

/** The index after the rows that have the ts of a row. */
function endOfTs({ length, ts }: BarBatch, from: number): number {
  let end = from + 1
  while (end < length && ts[end] === ts[from]) end += 1
  return end
}

/** By ts, and within one by rule and text, so that the order of the rows does not show. */
function inOrder(rejects: Reject[]): Reject[] {
  return rejects.sort(
    (a, b) =>
      (a.ts ?? Infinity) - (b.ts ?? Infinity) ||
      compareText(a.rule, b.rule) ||
      compareText(a.raw, b.raw) ||
      compareText(a.reason, b.reason),
  )
}

function compareText(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
