/** Coverage: stretches of days that are answered for and final. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { getCalendar } from '../../src/domain/calendar/registry.ts'
import {
  addRange,
  formatCoverage,
  missingFrom,
  parseCoverage,
  periodRange,
  type Coverage,
} from '../../src/domain/coverage.ts'
import { DAY_MS, formatDate } from '../../src/domain/date.ts'

const BASE = Date.UTC(2024, 0, 1)
const day = (offset: number) => BASE + offset * DAY_MS
const range = fc
  .tuple(fc.nat(60), fc.integer({ min: 1, max: 20 }))
  .map(([from, length]) => ({ from: day(from), until: day(from + length) }))

/** The days that a coverage holds, one by one: an independent reading of it. */
function daysOf(coverage: Coverage): Set<number> {
  const days = new Set<number>()
  for (const { from, until } of coverage) {
    for (let d = from; d < until; d += DAY_MS) days.add(d)
  }
  return days
}

describe('a coverage', () => {
  it('holds just the days of all ranges that were added, in any order, in disjoint sorted stretches', () => {
    fc.assert(
      fc.property(fc.array(range, { maxLength: 12 }), (ranges) => {
        const coverage = ranges.reduce<Coverage>(addRange, [])
        const expected = new Set(ranges.flatMap((one) => [...daysOf([one])]))
        assert.deepEqual(daysOf(coverage), new Set([...expected].sort((a, b) => a - b)))
        coverage.slice(1).forEach((one, i) => assert.ok(one.from > coverage[i]!.until))
      }),
    )
  })

  it('names as missing just the days that it does not hold', () => {
    fc.assert(
      fc.property(fc.array(range, { maxLength: 8 }), range, (ranges, asked) => {
        const coverage = ranges.reduce<Coverage>(addRange, [])
        const held = daysOf(coverage)
        const expected = [...daysOf([asked])].filter((d) => !held.has(d))
        assert.deepEqual([...daysOf(missingFrom(coverage, asked))], expected)
      }),
    )
  })

  it('ignores an empty range', () => {
    assert.deepEqual(addRange([], { from: day(2), until: day(2) }), [])
  })

  it('is written and read as a multirange of PostgreSQL', () => {
    const text = '{[2024-01-02,2024-02-01),[2024-03-01,2024-03-02)}'
    assert.equal(formatCoverage(parseCoverage(text)), text)
    assert.deepEqual(parseCoverage('{}'), [])
  })
})

describe('the period of a bar', () => {
  const calendar = getCalendar('XNYS')
  const show = (interval: '1d' | '1wk' | '1mo' | '5m', date: number) => {
    const { from, until } = periodRange(calendar, interval, date)
    return [formatDate(from), formatDate(until)]
  }

  it('joins Friday to Monday over the weekend', () => {
    assert.deepEqual(show('1d', Date.UTC(2024, 5, 7)), ['2024-06-07', '2024-06-10'])
    assert.deepEqual(show('5m', Date.UTC(2024, 5, 10)), ['2024-06-08', '2024-06-11'])
  })

  it('joins the sessions around the longest closure in living memory', () => {
    // The exchange was closed from 2001-09-11 to 2001-09-14, with weekends on both sides of it.
    assert.deepEqual(show('1d', Date.UTC(2001, 8, 10)), ['2001-09-08', '2001-09-17'])
  })

  it('is the ISO week and the month for longer bars', () => {
    assert.deepEqual(show('1wk', Date.UTC(2024, 11, 30)), ['2024-12-30', '2025-01-06'])
    assert.deepEqual(show('1mo', Date.UTC(2024, 1, 1)), ['2024-02-01', '2024-03-01'])
    assert.deepEqual(show('1mo', Date.UTC(2024, 11, 1)), ['2024-12-01', '2025-01-01'])
  })
})
