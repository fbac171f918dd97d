import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseDay } from '../../src/domain/date.ts'
import {
  annualisedReturn,
  annualisedVolatility,
  correlation,
  logReturns,
  maximumDrawdown,
  sampleDeviation,
  totalReturn,
} from '../../src/domain/statistics.ts'

const columns = (...values: number[]) => Float64Array.from(values)

/** The 21 closes of table 15.1 in J. Hull, Options, Futures and Other Derivatives (8th edition: 13.1). */
const HULL = columns(
  20.0,
  20.1,
  19.9,
  20.0,
  20.5,
  20.25,
  20.9,
  20.9,
  20.9,
  20.75,
  20.75,
  21.0,
  21.1,
  20.9,
  20.9,
  21.25,
  21.4,
  21.4,
  21.25,
  21.75,
  22.0,
)

function assertNear(actual: number, expected: number, tolerance: number): void {
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} is not ${expected}`)
}

describe('volatility', () => {
  it("is that of Hull's example: 1.216 % a day, 19.3 % a year", () => {
    assertNear(sampleDeviation(logReturns(HULL)), 0.01216, 0.000005)
    assertNear(annualisedVolatility(HULL, 252), 0.193, 0.0005)
  })

  it('is not known of fewer than three closes', () => {
    assert.ok(Number.isNaN(annualisedVolatility(columns(1, 2), 252)))
    assert.ok(Number.isNaN(annualisedVolatility(columns(), 252)))
  })
})

describe('returns', () => {
  it('are of the last close over the first', () => {
    assertNear(totalReturn(HULL), 0.1, 1e-12)
    assert.ok(Number.isNaN(totalReturn(columns(5))))
  })

  it('of two years that make 21 % are 10 % a year', () => {
    const closes = columns(100, 121)
    const [from, until] = [parseDay('2022-01-03'), parseDay('2024-01-03')]
    assertNear(annualisedReturn(closes, from, until), 0.1, 0.0002)
  })

  it('are not made a year of where there is less', () => {
    const [from, until] = [parseDay('2024-01-03'), parseDay('2024-11-01')]
    assert.ok(Number.isNaN(annualisedReturn(columns(100, 121), from, until)))
  })
})

describe('the greatest drawdown', () => {
  it('is from the peak before the trough, not from the highest of all', () => {
    const { depth, peak, trough } = maximumDrawdown(columns(100, 120, 90, 110, 130, 104, 150))
    assertNear(depth, -0.25, 1e-12)
    assert.deepEqual([peak, trough], [1, 2])
  })

  it('is none where closes only rise', () => {
    assert.deepEqual(maximumDrawdown(columns(1, 2, 2, 3)), { depth: 0, peak: null, trough: null })
    assert.equal(maximumDrawdown(columns()).depth, 0)
  })
})

describe('correlation', () => {
  it('is that of the textbook example of Anscombe (1973), the same for all four of his sets', () => {
    const x = columns(10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5)
    const y1 = columns(8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68)
    const y2 = columns(9.14, 8.14, 8.74, 8.77, 9.26, 8.1, 6.13, 3.1, 9.13, 7.26, 4.74)
    assertNear(correlation(x, y1), 0.816, 0.0005)
    assertNear(correlation(x, y2), 0.816, 0.0005)
  })

  it('is 1 with itself, -1 with its mirror, and unknown where one side never moves', () => {
    const x = columns(0.1, -0.2, 0.3)
    assert.equal(correlation(x, x), 1)
    assert.equal(
      correlation(
        x,
        x.map((value) => -value),
      ),
      -1,
    )
    assert.ok(Number.isNaN(correlation(x, columns(1, 1, 1))))
    assert.ok(Number.isNaN(correlation(columns(1), columns(2))))
  })
})
