import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import {
  daysAfter,
  easter,
  fixed,
  lastWeekday,
  nearestWeekday,
  nthWeekday,
  onWeekdays,
  sundayToMonday,
  weekdayOf,
} from '../../../src/domain/calendar/rules.ts'

const day = (text: string) => Date.parse(`${text}T00:00:00Z`)
const date = (value: number) =>
  Number.isNaN(value) ? 'none' : new Date(value).toISOString().slice(0, 10)

describe('rules of one date a year', () => {
  it('find Easter where the church has it', () => {
    const known = [
      // The earliest and the latest that there are, and those of some years between.
      '1818-03-22',
      '1943-04-25',
      '1990-04-15',
      '2000-04-23',
      '2008-03-23',
      '2011-04-24',
      '2016-03-27',
      '2024-03-31',
      '2025-04-20',
      '2026-04-05',
      '2038-04-25',
      '2049-04-18',
    ]
    for (const each of known) assert.equal(date(easter(Number(each.slice(0, 4)))), each)
  })

  it('find the nth and the last weekday of a month', () => {
    assert.equal(date(nthWeekday(3, 1, 1)(2024)), '2024-01-15')
    assert.equal(date(nthWeekday(1, 1, 9)(2025)), '2025-09-01')
    assert.equal(date(nthWeekday(4, 4, 11)(2024)), '2024-11-28')
    assert.equal(date(lastWeekday(1, 5)(2024)), '2024-05-27')
    assert.equal(date(lastWeekday(1, 5)(2027)), '2027-05-31')
  })

  it('move a Sunday to Monday, and a Saturday to Friday only where asked', () => {
    const newYear = fixed(1, 1)
    assert.equal(date(sundayToMonday(newYear)(2023)), '2023-01-02')
    assert.equal(date(sundayToMonday(newYear)(2022)), '2022-01-01')
    assert.equal(date(nearestWeekday(newYear)(2022)), '2021-12-31')
    assert.equal(date(nearestWeekday(newYear)(2023)), '2023-01-02')
    assert.equal(date(nearestWeekday(newYear)(2024)), '2024-01-01')
  })

  it('hold only on some weekdays where asked', () => {
    const eve = onWeekdays(fixed(12, 24), [1, 2, 3, 4])
    assert.equal(date(eve(2024)), '2024-12-24')
    assert.equal(date(eve(2027)), 'none')
  })

  it('count days after another rule, and before it', () => {
    assert.equal(date(daysAfter(easter, -2)(2024)), '2024-03-29')
    assert.equal(date(daysAfter(nthWeekday(4, 4, 11), 1)(2024)), '2024-11-29')
  })

  it('know the weekday of any day', () => {
    assert.equal(weekdayOf(day('2024-01-01')), 1)
    assert.equal(weekdayOf(day('1969-12-28')), 7)
    fc.assert(
      fc.property(fc.integer({ min: -60_000, max: 60_000 }), (days) => {
        const sunday0 = new Date(days * 86_400_000).getUTCDay()
        assert.equal(weekdayOf(days * 86_400_000) % 7, sunday0)
      }),
    )
  })
})
