/** Rows whose prices or adjusted closes are wrong, where payments and splits lie between them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Payment, ShareSplit } from '../../src/domain/adjust.ts'
import { makeBatch } from '../../src/domain/bar-batch.ts'
import { DAY_MS, parseDay } from '../../src/domain/date.ts'
import { findPriceDefects } from '../../src/domain/price-defects.ts'

const FIRST = parseDay('2023-05-04')

function at(row: number): number {
  return FIRST + row * DAY_MS
}

/** Flat bars, one a day, restated for splits; what is wrong with them by row. */
function defects(
  closes: readonly number[],
  actions: {
    readonly splits?: readonly ShareSplit[]
    readonly payments?: readonly Payment[]
    readonly adjusted?: readonly number[]
  },
) {
  const bars = makeBatch(closes.length)
  closes.forEach((close, i) => {
    bars.ts[i] = at(i)
    for (const column of ['open', 'high', 'low', 'close'] as const) bars[column][i] = close
    bars.volume[i] = 1000
  })
  const found = findPriceDefects({
    bars,
    basis: 'split',
    dayOf: (ts) => ts,
    splits: actions.splits ?? [],
    payments: actions.payments ?? [],
    adjustedClose: actions.adjusted === undefined ? null : Float64Array.from(actions.adjusted),
  })
  return found.map(({ index, rule, factor }) => [index, rule, Number(factor.toPrecision(6))])
}

function paid(row: number, amount: number): Payment {
  return { day: at(row), amount, currency: null, basis: 'split' }
}

test('a payment of half the price on the day of a consolidation is no wrong side of it', () => {
  // 33 for 70 and 244 of 461 on one day; the third row was not restated.
  const splits = [{ day: at(5), newShares: 33, oldShares: 70 }]
  const closes = [470, 476, 218.4, 457, 461, 205, 198, 197]
  assert.deepEqual(defects(closes, { splits, payments: [paid(5, 244)] }), [
    [2, 'split-basis', Number((70 / 33).toPrecision(6))],
  ])
})

test('a payment that is a hundred times what was paid hides no wrong unit, and makes none', () => {
  const closes = [100, 101, 1.01, 100, 99, 100]
  assert.deepEqual(defects(closes, { payments: [paid(4, 70)] }), [[2, 'unit', 100]])
})

test('a split that was not applied shows beside a fall by half on another day', () => {
  // 1 for 10 on the third day, of which nothing was applied to the first five rows.
  const splits = [{ day: at(2), newShares: 1, oldShares: 10 }]
  const closes = [52, 51, 43, 39, 40.5, 2.2, 2.2, 2, 2.1, 2.2]
  assert.deepEqual(
    defects(closes, { splits }),
    [0, 1, 2, 3, 4].map((row) => [row, 'split-basis', 0.1]),
  )
})

test('a fall by a factor that is no unit is none', () => {
  assert.deepEqual(defects([140, 139.7, 140, 2.8, 2.8, 2.9], {}), [])
})

test('an adjusted close of zero is one that does not follow from the dividends', () => {
  assert.deepEqual(
    defects([10, 10, 10, 10], { adjusted: [10, 0, 10, 0] }).map(([index, rule]) => [index, rule]),
    [
      [1, 'adjusted-close'],
      [3, 'adjusted-close'],
    ],
  )
})

test('a row without prices before an ex date does not hide the payment', () => {
  const closes = [10, 10, Number.NaN, 9, 9]
  const adjusted = [9, 9, Number.NaN, 9, 9]
  assert.deepEqual(defects(closes, { payments: [paid(3, 1)], adjusted }), [])
  assert.deepEqual(
    defects(closes, { payments: [paid(3, 1)], adjusted: closes }).map(([index]) => index),
    [0, 1],
  )
})
