/** Vendors held against each other: IBM on 2024-05-09 and around, and what differs on purpose. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { makeBatch, sliceBatch, type BarBatch } from '../../src/domain/bar-batch.ts'
import {
  COMPARED_COLUMNS,
  compareSeries,
  makeComparison,
  TOLERANCES,
} from '../../src/domain/compare-series.ts'

/** Bars with the given closes at 1, 2, 3 …; a null leaves one out. */
function bars(closes: readonly (number | null)[], volume = 1000): BarBatch {
  const there = [...closes.entries()].filter(([, close]) => close !== null)
  const batch = makeBatch(there.length)
  there.forEach(([ts, close], i) => {
    batch.ts[i] = ts + 1
    for (const column of ['open', 'high', 'low', 'close'] as const) batch[column][i] = close!
    batch.volume[i] = volume
  })
  return batch
}

test('closes that differ by more than a thousandth are told, with both values', () => {
  const found = compareSeries(bars([166.32, 166.27, 167.15]), bars([166.32, 168.27, 167.15]))
  assert.equal(found.overlap, 3)
  const [only] = found.disagreements
  assert.deepEqual([only!.from, only!.through, only!.bars], [2, 2, 1])
  const close = only!.worst.find(({ column }) => column === 'close')!
  assert.deepEqual([close.left, close.right], [166.27, 168.27])
  assert.ok(Math.abs(close.error - 2 / 168.27) < 1e-12)
})

test('a cent is rounding, whatever share of the price it is', () => {
  assert.deepEqual(compareSeries(bars([2.01]), bars([2.02])).disagreements, [])
  assert.equal(compareSeries(bars([0.02]), bars([0.03])).disagreements.length, 1)
  assert.equal(compareSeries(bars([2.01]), bars([2.03])).disagreements.length, 1)
})

test('volumes may be a tenth apart, and a vendor without one disagrees with nobody', () => {
  const [one, other] = [bars([100], 1000), bars([100], 1090)]
  assert.deepEqual(compareSeries(one, other).disagreements, [])
  assert.equal(compareSeries(one, bars([100], 1200)).disagreements.length, 1)
  assert.deepEqual(compareSeries(one, bars([100], Number.NaN)).disagreements, [])
})

test('bars that differ in a row are one stretch; bars that one lacks are counted', () => {
  const found = compareSeries(
    bars([10, 11, 12, 13, 14, 15, 16, 17, 18, 19]),
    bars([10, 99, 98, null, 14, 15, 16, 17, 97, 19]),
  )
  assert.deepEqual(
    found.disagreements.map(({ from, through, bars: count }) => [from, through, count]),
    [
      [2, 3, 2],
      [9, 9, 1],
    ],
  )
  assert.deepEqual([found.overlap, found.onlyLeft, found.onlyRight], [9, 1, 0])
})

test('what is told is what a naive comparison finds, from either side', () => {
  const price = fc.option(fc.integer({ min: 1, max: 40 }).map((n) => 100 + n / 20))
  const pair = fc.tuple(fc.array(price, { maxLength: 30 }), fc.array(price, { maxLength: 30 }))
  fc.assert(
    fc.property(pair, ([one, other]) => {
      const found = compareSeries(bars(one), bars(other))
      const both = one.filter((left, i) => left !== null && (other[i] ?? null) !== null).length
      assert.equal(found.overlap, both)
      const wrong = one.filter((left, i) => {
        const right = other[i] ?? null
        if (left === null || right === null) return false
        const off = Math.abs(left - right)
        return off > 0.0101 && off / Math.max(left, right) > TOLERANCES.close
      }).length
      const told = found.disagreements.reduce((sum, { bars: count }) => sum + count, 0)
      assert.equal(told, wrong)
      const back = compareSeries(bars(other), bars(one))
      assert.equal(back.disagreements.length, found.disagreements.length)
      assert.ok(found.worst.length === 0 || found.worst.length === COMPARED_COLUMNS.length)
    }),
    { numRuns: 200 },
  )
})

test('the same is found of series that come in stretches', () => {
  const price = fc.option(fc.constantFrom(10, 10.005, 11, 12), { freq: 4 })
  const prices = fc.array(price, { minLength: 40, maxLength: 40 })
  const cuts = fc.uniqueArray(fc.integer({ min: 1, max: 39 }), { maxLength: 5 })
  fc.assert(
    fc.property(prices, prices, cuts, (one, other, at) => {
      const [left, right] = [bars(one), bars(other)]
      const comparing = makeComparison()
      const bounds = [0, ...at.toSorted((a, b) => a - b), 41]
      for (let i = 1; i < bounds.length; i += 1) {
        const inside = (batch: BarBatch) => {
          const from = batch.ts.filter((ts) => ts <= bounds[i - 1]!).length
          return sliceBatch(batch, from, batch.ts.filter((ts) => ts <= bounds[i]!).length)
        }
        comparing.add(inside(left), inside(right))
      }
      assert.deepEqual(comparing.finish(), compareSeries(left, right))
    }),
    { numRuns: 300 },
  )
})
