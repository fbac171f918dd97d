/** For tests of adjusting: a need with everything in it, and near enough. */
import assert from 'node:assert/strict'
import { adjust, findAdjustment, type AdjustmentNeed } from '../../src/domain/adjust.ts'
import type { BarBatch } from '../../src/domain/bar-batch.ts'
import { parseDay } from '../../src/domain/date.ts'

/** Raw bars that bring their own closes, seen long after all of it. */
export function needFor(bars: BarBatch, rest: Partial<AdjustmentNeed>): AdjustmentNeed {
  return {
    mode: 'all',
    basis: 'raw',
    throughDay: parseDay('2030-01-01'),
    splits: [],
    payments: [],
    closes: { days: bars.ts, closes: bars.close, basis: rest.basis ?? 'raw' },
    currency: null,
    ...rest,
  }
}

/** The session date of a daily bar. */
export function sameDay(ts: number): number {
  return ts
}

export function adjustDaily(bars: BarBatch, rest: Partial<AdjustmentNeed>): BarBatch {
  return adjust(bars, sameDay, findAdjustment(needFor(bars, rest)))
}

export function assertNear(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  relative = 1e-12,
) {
  assert.equal(actual.length, expected.length)
  Array.from(expected).forEach((value, i) => {
    assert.ok(
      Object.is(actual[i], value) || Math.abs(actual[i]! - value) <= relative * Math.abs(value),
      `at ${i}: ${actual[i]} is not ${value}`,
    )
  })
}
