/** Planning: what is worth asking a vendor for, and when nothing is. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { getCalendar } from '../../src/domain/calendar/registry.ts'
import { parseCoverage } from '../../src/domain/coverage.ts'
import { formatDate, parseDay } from '../../src/domain/date.ts'
import type { Interval } from '../../src/domain/interval.ts'
import { planRanges, type Known } from '../../src/load/plan.ts'

const calendar = getCalendar('XNYS')
const SETTLE_MS = 4 * 3_600_000

interface Case {
  readonly now: string
  readonly interval?: Interval
  readonly from?: string
  readonly until?: string
  readonly force?: boolean
  readonly covered?: string
  readonly observed?: string
}

/** The planned ranges as text; instants are given with their offset. */
function plan(given: Case): string[] {
  const known: Known | null =
    given.covered === undefined
      ? null
      : {
          coverage: parseCoverage(`{${given.covered}}`),
          observedAt: given.observed === undefined ? null : Date.parse(given.observed),
        }
  const wish = {
    interval: given.interval ?? '1d',
    from: given.from === undefined ? null : parseDay(given.from),
    until: given.until === undefined ? null : parseDay(given.until),
    force: given.force ?? false,
    defaultDays: 90,
  }
  return planRanges(wish, known, calendar, SETTLE_MS, Date.parse(given.now)).map(
    ({ from, until }) => `${formatDate(from)} ${formatDate(until)}`,
  )
}

describe('planning a new series', () => {
  it('asks for the default number of days up to today', () => {
    // Saturday: the last session was Friday 2024-06-07; 90 days before was Sunday 2024-03-10.
    assert.deepEqual(plan({ now: '2024-06-08T12:00:00-04:00' }), ['2024-03-11 2024-06-08'])
  })

  it('asks for just the sessions of the period that was named', () => {
    assert.deepEqual(
      plan({ now: '2024-06-08T12:00:00-04:00', from: '2024-01-01', until: '2024-01-08' }),
      ['2024-01-02 2024-01-06'],
    )
  })

  it('asks for nothing when the period has no session, or lies ahead', () => {
    assert.deepEqual(
      plan({ now: '2024-06-08T12:00:00-04:00', from: '2024-01-06', until: '2024-01-08' }),
      [],
    )
    assert.deepEqual(plan({ now: '2024-06-08T12:00:00-04:00', from: '2024-06-10' }), [])
    assert.deepEqual(
      plan({ now: '2024-06-08T12:00:00-04:00', from: '2024-05-01', until: '2024-05-01' }),
      [],
    )
  })
})

describe('planning a series that is there', () => {
  const covered = '[2024-01-02,2024-06-10)' // up to Friday 2024-06-07

  it('asks for nothing over the weekend', () => {
    assert.deepEqual(
      plan({ now: '2024-06-09T12:00:00-04:00', covered, observed: '2024-06-07T21:00:00-04:00' }),
      [],
    )
  })

  it('asks for nothing on Monday before the market opens', () => {
    assert.deepEqual(
      plan({ now: '2024-06-10T09:00:00-04:00', covered, observed: '2024-06-07T21:00:00-04:00' }),
      [],
    )
  })

  it('asks for intraday bars from the pre-market on', () => {
    const given = { interval: '5m', covered, observed: '2024-06-07T21:00:00-04:00' } as const
    assert.deepEqual(plan({ ...given, now: '2024-06-10T03:59:00-04:00' }), [])
    assert.deepEqual(plan({ ...given, now: '2024-06-10T04:00:00-04:00' }), [
      '2024-06-10 2024-06-11',
    ])
  })

  it('asks for the day alone while it is open, and while it settles', () => {
    for (const now of ['2024-06-10T10:00:00-04:00', '2024-06-10T17:00:00-04:00']) {
      assert.deepEqual(plan({ now, covered, observed: '2024-06-10T09:45:00-04:00' }), [
        '2024-06-10 2024-06-11',
      ])
    }
  })

  it('asks once more after it has settled, and then no longer', () => {
    const now = '2024-06-10T20:30:00-04:00'
    assert.deepEqual(plan({ now, covered, observed: '2024-06-10T17:00:00-04:00' }), [
      '2024-06-10 2024-06-11',
    ])
    assert.deepEqual(plan({ now, covered: '[2024-01-02,2024-06-11)', observed: now }), [])
  })

  it('asks again for a settled session that the vendor was late with', () => {
    assert.deepEqual(
      plan({ now: '2024-06-10T21:00:00-04:00', covered, observed: '2024-06-10T20:30:00-04:00' }),
      ['2024-06-10 2024-06-11'],
    )
  })

  it('asks for the holes between what is covered, not for what is', () => {
    assert.deepEqual(
      plan({
        now: '2024-06-08T12:00:00-04:00',
        covered: '[2024-01-02,2024-02-01),[2024-03-01,2024-06-10)',
        observed: '2024-06-07T21:00:00-04:00',
      }),
      ['2024-02-01 2024-03-01'],
    )
  })

  it('asks for older history when it is named', () => {
    assert.deepEqual(
      plan({
        now: '2024-06-08T12:00:00-04:00',
        covered,
        from: '2023-12-01',
        observed: '2024-06-07T21:00:00-04:00',
      }),
      ['2023-12-01 2023-12-30'],
    )
  })

  it('asks for everything again when forced', () => {
    assert.deepEqual(
      plan({
        now: '2024-06-08T12:00:00-04:00',
        covered,
        from: '2024-05-01',
        force: true,
        observed: '2024-06-07T21:00:00-04:00',
      }),
      ['2024-05-01 2024-06-08'],
    )
  })
})

describe('planning weeks and months', () => {
  // Week 23 began on Monday 2024-06-03, week 24 on Monday 2024-06-10.
  const covered = '[2024-01-01,2024-06-10)'

  it('asks for the running week once a session of it has traded since the last answer', () => {
    const given = { interval: '1wk', covered } as const
    assert.deepEqual(
      plan({ ...given, now: '2024-06-10T08:00:00-04:00', observed: '2024-06-08T12:00:00-04:00' }),
      [],
    )
    assert.deepEqual(
      plan({ ...given, now: '2024-06-11T12:00:00-04:00', observed: '2024-06-10T21:00:00-04:00' }),
      ['2024-06-10 2024-06-12'],
    )
    assert.deepEqual(
      plan({ ...given, now: '2024-06-12T08:00:00-04:00', observed: '2024-06-11T21:00:00-04:00' }),
      [],
    )
  })

  it('asks for a month that has become final', () => {
    assert.deepEqual(
      plan({
        interval: '1mo',
        covered: '[2024-01-01,2024-05-01)',
        now: '2024-06-01T12:00:00-04:00',
        observed: '2024-05-31T12:00:00-04:00',
      }),
      ['2024-05-01 2024-06-01'],
    )
  })
})
