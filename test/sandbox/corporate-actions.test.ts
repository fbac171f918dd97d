/** Factors of adjustment, on numbers worked out by hand. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  adjustmentFactors,
  dividendAccrued,
  splitRise,
} from '../../src/sandbox/corporate-actions.ts'

const day = (date: string): number => Date.parse(`${date}T00:00:00Z`)
const days = ['2024-01-02', '2024-01-03', '2024-01-04', '2024-01-05'].map(day)

function factors(
  closes: number[],
  splits: { day: number; ratio: number }[],
  dividends: { day: number; amount: number }[],
): number[] {
  return Array.from(adjustmentFactors(days, closes, splits, dividends), (factor) =>
    Number(factor.toFixed(12)),
  )
}

describe('adjustment factors', () => {
  it('are 1 where nothing happened', () => {
    assert.deepEqual(factors([10, 11, 12, 13], [], []), [1, 1, 1, 1])
  })

  it('divide by a split before its ex day, and not on it', () => {
    assert.deepEqual(
      factors([100, 100, 50, 50], [{ day: day('2024-01-04'), ratio: 2 }], []),
      [0.5, 0.5, 1, 1],
    )
  })

  it('take a dividend off by the close before its ex day', () => {
    // 1 - 2/40
    assert.deepEqual(
      factors([30, 40, 38, 39], [], [{ day: day('2024-01-04'), amount: 2 }]),
      [0.95, 0.95, 1, 1],
    )
  })

  it('put dividend and split of one day on one share basis', () => {
    // The day before closes at 100; after 2:1 that is 50, of which 5 are paid out: 0.5 x (1 - 5/50).
    assert.deepEqual(
      factors(
        [90, 100, 45, 46],
        [{ day: day('2024-01-04'), ratio: 2 }],
        [{ day: day('2024-01-04'), amount: 5 }],
      ),
      [0.45, 0.45, 1, 1],
    )
  })

  it('multiply over several actions', () => {
    // A dividend of 1 on 20 at the end, and 4:1 before it.
    assert.deepEqual(
      factors(
        [80, 20, 20, 19],
        [{ day: day('2024-01-03'), ratio: 4 }],
        [{ day: day('2024-01-05'), amount: 1 }],
      ),
      [0.2375, 0.95, 0.95, 1],
    )
  })

  it('leave actions after the last day alone', () => {
    const later = day('2024-02-01')
    assert.deepEqual(
      factors([10, 10, 10, 10], [{ day: later, ratio: 2 }], [{ day: later, amount: 1 }]),
      [1, 1, 1, 1],
    )
  })
})

describe('the way to an action', () => {
  it('rises by the ratio until the split, and begins again on its day', () => {
    const splits = [
      { day: day('2022-01-03'), ratio: 2 },
      { day: day('2024-01-03'), ratio: 4 },
    ]
    const middle = (splits[0].day + splits[1].day) / 2
    assert.equal(splitRise(splits, splits[0].day), 0)
    assert.ok(Math.abs(Math.exp(splitRise(splits, middle)) - 2) < 1e-12)
    assert.equal(splitRise(splits, splits[1].day), 0)
  })

  it('gathers a dividend from one ex day to the next', () => {
    const exDays = [day('2024-02-01'), day('2024-05-01')]
    assert.equal(dividendAccrued(exDays, day('2024-02-01')), 0)
    assert.equal(dividendAccrued(exDays, day('2024-03-17')), 0.5)
    assert.equal(dividendAccrued(exDays, day('2024-05-01')), 0)
    assert.equal(dividendAccrued(exDays, day('2023-01-01')), 0)
  })
})
