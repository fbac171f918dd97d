/** Jumps overnight, with prices of Apple and Tesla as traded. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeBatch } from '../../src/domain/bar-batch.ts'
import { parseDay } from '../../src/domain/date.ts'
import { findJumps } from '../../src/domain/jumps.ts'

/** Bars of days with open and close. */
function bars(...rows: readonly (readonly [date: string, open: number, close: number])[]) {
  const batch = makeBatch(rows.length)
  rows.forEach(([date, open, close], i) => {
    batch.ts[i] = parseDay(date)
    batch.open[i] = open
    batch.close[i] = close
  })
  return batch
}

const APPLE = bars(
  ['2020-08-27', 508.57, 500.04],
  ['2020-08-28', 504.05, 499.23],
  ['2020-08-31', 127.58, 129.04],
  ['2020-09-01', 132.76, 134.18],
)
const FOUR = { day: parseDay('2020-08-31'), newShares: 4, oldShares: 1 }

test('a jump that a split explains is none', () => {
  assert.deepEqual(findJumps(APPLE, 'raw', [FOUR], []), [])
})

test('a jump without a split is told with the ratio that it looks like', () => {
  assert.deepEqual(findJumps(APPLE, 'raw', [], []), [
    {
      day: parseDay('2020-08-31'),
      previousClose: 499.23,
      open: 127.58,
      likely: { newShares: 4, oldShares: 1 },
    },
  ])
  const wrongDay = findJumps(APPLE, 'raw', [{ ...FOUR, day: parseDay('2020-09-01') }], [])
  assert.equal(wrongDay.length, 1)
})

test('a jump up is a split the other way round; an odd one is like none', () => {
  const up = bars(['2024-01-02', 1, 1], ['2024-01-03', 10.2, 10])
  assert.deepEqual(findJumps(up, 'raw', [], [])[0]!.likely, { newShares: 1, oldShares: 10 })
  const odd = bars(['2024-01-02', 1, 100], ['2024-01-03', 58, 50])
  assert.equal(findJumps(odd, 'raw', [], [])[0]!.likely, null)
})

test('ordinary nights, nights after a long silence, and large payments are no jumps', () => {
  const third = bars(['2024-01-02', 100, 100], ['2024-01-03', 70, 70])
  assert.deepEqual(findJumps(third, 'raw', [], []), [])
  const silent = bars(['2024-01-02', 100, 100], ['2024-03-01', 20, 20])
  assert.deepEqual(findJumps(silent, 'raw', [], []), [])
  const paid = bars(['2024-01-02', 100, 100], ['2024-01-03', 41, 41])
  const special = { day: parseDay('2024-01-03'), amount: 60, currency: null, basis: 'raw' as const }
  assert.deepEqual(findJumps(paid, 'raw', [], [special]), [])
  assert.equal(findJumps(paid, 'raw', [], []).length, 1)
})

test('a payment explains a night on whichever basis it and the bars are', () => {
  // 60.00 of 100.00 as traded, before 10 for 1: restated 6.00 of 10.00.
  const split = { day: parseDay('2024-06-10'), newShares: 10, oldShares: 1 }
  const traded = bars(['2024-01-02', 100, 100], ['2024-01-03', 41, 41])
  const restated = bars(['2024-01-02', 10, 10], ['2024-01-03', 4.1, 4.1])
  const day = parseDay('2024-01-03')
  for (const [basis, amount] of [
    ['raw', 60],
    ['split', 6],
  ] as const) {
    const special = { day, amount, currency: null, basis }
    assert.deepEqual(findJumps(traded, 'raw', [split], [special]), [], basis)
    assert.deepEqual(findJumps(restated, 'split', [split], [special]), [], basis)
  }
})

test('one tick of a share that costs next to nothing is no jump', () => {
  // 0.0001 to 0.0002 as traded, before 1 for 10000.
  const split = { day: parseDay('2023-05-10'), newShares: 1, oldShares: 10_000 }
  const restated = bars(['2023-04-27', 1, 1], ['2023-04-28', 2, 2])
  assert.deepEqual(findJumps(restated, 'split', [split], []), [])
  assert.equal(findJumps(restated, 'split', [], []).length, 1)
})
