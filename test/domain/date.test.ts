import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { Temporal } from 'temporal-polyfill'
import {
  DAY_MS,
  decadeStart,
  formatDate,
  monthStart,
  parseDay,
  requireDay,
  weekStart,
  yearStart,
} from '../../src/domain/date.ts'

const day = (text: string) => Date.parse(`${text}T00:00:00Z`)

describe('a date as text', () => {
  it('is the day of its midnight in UTC', () => {
    assert.equal(parseDay('1970-01-01'), 0)
    assert.equal(parseDay('1970-01-02'), 86_400_000)
    assert.equal(parseDay('2024-02-29'), 1_709_164_800_000)
    assert.equal(parseDay('1962-01-02'), -252_374_400_000)
  })

  it('is no day when it is not a real date in that form', () => {
    const wrong = [
      '',
      '2024-02-30',
      '2023-02-29',
      '2024-13-01',
      '2024-00-10',
      '2024-01-00',
      '2024-1-02',
      '2024-01-2',
      '2024/01/02',
      '20240102',
      ' 2024-01-02',
      '2024-01-02 ',
      '2024-01-02T00:00:00Z',
      '+024-01-02',
      '2024-0x-02',
      '２０24-01-02',
      'yesterday',
    ]
    for (const text of wrong) assert.ok(Number.isNaN(parseDay(text)), JSON.stringify(text))
  })

  it('that a person typed wrong is refused in a sentence that names it', () => {
    assert.equal(requireDay('2024-01-02', '--from'), day('2024-01-02'))
    assert.throws(() => requireDay('2024-02-30', '--from'), {
      code: 'DATE_INVALID',
      kind: 'usage',
      message: '--from "2024-02-30" is not a date.',
    })
  })

  it('comes back as it was written, for any day from the year 100 on', () => {
    const days = fc.integer({ min: day('0100-01-01') / DAY_MS, max: day('9999-12-31') / DAY_MS })
    fc.assert(
      fc.property(days, (number) => {
        const text = formatDate(number * DAY_MS)
        assert.equal(parseDay(text), number * DAY_MS)
        const expected = Temporal.Instant.fromEpochMilliseconds(number * DAY_MS)
        assert.equal(text, expected.toZonedDateTimeISO('UTC').toPlainDate().toString())
      }),
    )
  })

  it('is the date in UTC of an instant', () => {
    assert.equal(formatDate(Date.parse('2024-01-02T23:59:59Z')), '2024-01-02')
  })
})

describe('the start of a period', () => {
  it('is the Monday of a week, over months and years', () => {
    assert.equal(weekStart(day('2024-01-01')), day('2024-01-01'))
    assert.equal(weekStart(day('2024-01-07')), day('2024-01-01'))
    assert.equal(weekStart(day('2024-01-08')), day('2024-01-08'))
    assert.equal(weekStart(day('2023-01-01')), day('2022-12-26'))
    assert.equal(weekStart(day('1969-12-31')), day('1969-12-29'))
  })

  it('is the first of a month, a year, a decade', () => {
    assert.equal(monthStart(day('2024-02-29')), day('2024-02-01'))
    assert.equal(yearStart(day('2024-02-29')), day('2024-01-01'))
    assert.equal(decadeStart(day('2024-02-29')), day('2020-01-01'))
    assert.equal(decadeStart(day('2020-01-01')), day('2020-01-01'))
    assert.equal(decadeStart(day('1999-12-31')), day('1990-01-01'))
    assert.equal(decadeStart(day('1969-07-20')), day('1960-01-01'))
  })

  it('of a week agrees with ISO 8601 for any day', () => {
    fc.assert(
      fc.property(fc.integer({ min: -60_000, max: 60_000 }), (number) => {
        const date = Temporal.PlainDate.from('1970-01-01').add({ days: number })
        const monday = date.subtract({ days: date.dayOfWeek - 1 })
        assert.equal(weekStart(number * DAY_MS), day(monday.toString()))
      }),
    )
  })
})
