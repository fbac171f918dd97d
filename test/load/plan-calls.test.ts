/** Which calls a wish takes, which days no call brings, and how many bars days can have. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { getCalendar } from '../../src/domain/calendar/registry.ts'
import { formatDate, parseDay } from '../../src/domain/date.ts'
import type { Interval } from '../../src/domain/interval.ts'
import { countBars, isAllLacking, planCalls } from '../../src/load/plan-calls.ts'
import type { Provider } from '../../src/providers/provider.ts'
import { getProvider } from '../../src/providers/registry.ts'

const calendar = getCalendar('XNYS')
const SATURDAY = Date.parse('2026-06-06T12:00:00-04:00')

function wishOf(interval: Interval, from: string, until: string | null = null) {
  return {
    interval,
    from: parseDay(from),
    until: until === null ? null : parseDay(until),
    force: false,
    defaultDays: 90,
    finalOnly: true,
  }
}

function plan(provider: Provider, wish: ReturnType<typeof wishOf>) {
  return planCalls(wish, 'IBM', provider, null, calendar, SATURDAY)
}

function dates(ranges: readonly { from: number; until: number }[]): string[] {
  return ranges.map(({ from, until }) => `${formatDate(from)}/${formatDate(until)}`)
}

describe('days that no call brings', () => {
  it('are those before the window of Yahoo’s minutes, 30 days back', () => {
    const planned = plan(getProvider('yahoo'), wishOf('1m', '2026-03-09'))
    // 30 days before Saturday noon is Thursday noon: Friday 2026-05-08 is the first whole day.
    assert.deepEqual(dates(planned.notOffered), ['2026-03-09/2026-05-08'])
    assert.deepEqual(dates(planned.wanted), ['2026-05-08/2026-06-06'])
    assert.equal(planned.calls[0]?.asked?.from, parseDay('2026-05-08'))
    assert.equal(isAllLacking(planned, wishOf('1m', '2026-03-09'), []), false)
  })

  it('are all of them where the window ended before', () => {
    const wish = wishOf('1m', '2025-01-06', '2025-02-01')
    const planned = plan(getProvider('yahoo'), wish)
    assert.deepEqual([planned.calls, planned.wanted], [[], []])
    assert.deepEqual(dates(planned.notOffered), ['2025-01-06/2025-02-01'])
    assert.equal(isAllLacking(planned, wish, []), true)
    const stored = [{ from: parseDay('2025-01-06'), until: parseDay('2025-01-20') }]
    assert.equal(isAllLacking(planned, wish, stored), false)
  })

  it('are those before Alpha Vantage’s minutes begin, in January 2000', () => {
    const planned = plan(getProvider('alpha-vantage'), wishOf('1m', '1999-11-01', '2000-03-01'))
    assert.deepEqual(dates(planned.notOffered), ['1999-11-01/2000-01-01'])
    assert.deepEqual(
      planned.calls.map(({ request }) => request.params['month']),
      ['2000-01', '2000-02'],
    )
  })

  it('are none where calls name no days: nobody can say how far they reach', () => {
    const planned = plan(getProvider('alpha-vantage'), wishOf('1d', '2026-05-04'))
    assert.deepEqual([planned.calls.length, planned.notOffered], [1, []])
  })
})

describe('the calls of a wish for final sessions only', () => {
  it('leave a session alone that is not settled yet', () => {
    const noon = Date.parse('2026-06-05T12:00:00-04:00')
    const known = {
      coverage: [{ from: parseDay('2026-06-01'), until: parseDay('2026-06-05') }],
      observedAt: parseDay('2026-06-05'),
    }
    const wish = wishOf('1m', '2026-06-01')
    const provider = getProvider('alpha-vantage')
    const calls = (finalOnly: boolean) =>
      planCalls({ ...wish, finalOnly }, 'IBM', provider, known, calendar, noon).calls.length
    assert.deepEqual([calls(true), calls(false)], [0, 1])
  })
})

function count(interval: Interval, hours: Provider['hours'], from: string, until: string): number {
  const days = { from: parseDay(from), until: parseDay(until) }
  return countBars(calendar, interval, hours, [days])
}

describe('bars that days can have', () => {
  it('are 390 minutes of a session, 960 with those before and after', () => {
    assert.equal(count('1m', 'regular', '2026-06-01', '2026-06-06'), 5 * 390)
    assert.equal(count('1m', 'all', '2026-06-01', '2026-06-06'), 5 * 960)
    assert.equal(count('5m', 'all', '2026-06-01', '2026-06-02'), 192)
    assert.equal(count('1h', 'regular', '2026-06-01', '2026-06-02'), 7)
  })

  it('are fewer on a half day: 210 minutes on the day after Thanksgiving', () => {
    assert.equal(count('1m', 'regular', '2025-11-28', '2025-11-29'), 210)
  })

  it('are one a session, week or month for longer intervals', () => {
    // May 2026 has 20 sessions (Memorial Day is the 25th) in five weeks.
    assert.equal(count('1d', 'all', '2026-05-01', '2026-06-01'), 20)
    assert.equal(count('1wk', 'all', '2026-05-01', '2026-06-01'), 5)
    assert.equal(count('1mo', 'all', '2026-05-01', '2026-06-01'), 1)
  })
})
