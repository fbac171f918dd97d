import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { expectedBars } from '../../../src/domain/calendar/expected.ts'
import { finalAt, lastFinalDay } from '../../../src/domain/calendar/finality.ts'
import { getCalendar } from '../../../src/domain/calendar/registry.ts'
import { DAY_MS } from '../../../src/domain/date.ts'
import { INTERVALS } from '../../../src/domain/interval.ts'

const xnys = getCalendar('XNYS')
const at = (text: string) => Date.parse(text)
const day = (text: string) => Date.parse(`${text}T00:00:00Z`)
const HOUR_MS = 3_600_000

describe('expected bars', () => {
  const cases = [
    ['2024-01-02', [390, 78, 26, 13, 7]],
    // Half day: 09:30 to 13:00.
    ['2024-11-29', [210, 42, 14, 7, 4]],
    // Sessions next to a change of the clocks are as long as any other.
    ['2024-03-11', [390, 78, 26, 13, 7]],
  ] as const
  for (const [date, counts] of cases) {
    it(`are ${counts.join(', ')} of 1m, 5m, 15m, 30m and 1h on ${date}`, () => {
      const session = xnys.session(day(date))!
      const found = (['1m', '5m', '15m', '30m', '1h'] as const).map((i) => expectedBars(session, i))
      assert.deepEqual(found, counts)
    })
  }

  it('are anchored again after a break', () => {
    // Tokyo until 2024: 09:00 to 11:30 and 12:30 to 15:00.
    const session = {
      day: day('2024-01-04'),
      open: at('2024-01-04T00:00:00Z'),
      close: at('2024-01-04T06:00:00Z'),
      breaks: [[at('2024-01-04T02:30:00Z'), at('2024-01-04T03:30:00Z')]] as const,
      extendedOpen: at('2024-01-04T00:00:00Z'),
      extendedClose: at('2024-01-04T06:00:00Z'),
      early: false,
    }
    assert.equal(expectedBars(session, '1m'), 300)
    assert.equal(expectedBars(session, '1h'), 6)
  })

  it('are one for a daily bar', () => {
    assert.equal(expectedBars(xnys.session(day('2024-01-02'))!, '1d'), 1)
  })
})

describe('a bar is final', () => {
  it('a settle delay after the close of its day', () => {
    assert.equal(
      finalAt(xnys, '1d', day('2024-01-02'), 4 * HOUR_MS),
      at('2024-01-03T01:00:00Z'), // 20:00 in New York
    )
    assert.equal(
      finalAt(xnys, '1d', day('2024-11-29'), 4 * HOUR_MS),
      at('2024-11-29T22:00:00Z'), // 17:00, after a close at 13:00
    )
  })

  it('intraday with its session, and never while extended trading goes on', () => {
    const open = at('2024-01-02T14:30:00Z')
    assert.equal(finalAt(xnys, '1m', open, 6 * HOUR_MS), at('2024-01-03T03:00:00Z'))
    assert.equal(finalAt(xnys, '1m', open, 0), at('2024-01-03T01:00:00Z'))
    const late = at('2024-01-03T00:59:00Z') // 19:59 on 2 January in New York
    assert.equal(finalAt(xnys, '1m', late, 0), at('2024-01-03T01:00:00Z'))
  })

  it('by week and month with the last session of the period', () => {
    // Good Friday 2024-03-29 was closed: the week and the month ended on Thursday 28.
    assert.equal(finalAt(xnys, '1wk', day('2024-03-25'), HOUR_MS), at('2024-03-28T21:00:00Z'))
    assert.equal(finalAt(xnys, '1mo', day('2024-03-01'), HOUR_MS), at('2024-03-28T21:00:00Z'))
  })

  it('never, where there is no session', () => {
    assert.ok(Number.isNaN(finalAt(xnys, '1d', day('2024-01-01'), 0)))
    assert.ok(Number.isNaN(finalAt(xnys, '1m', at('2024-01-06T15:00:00Z'), 0)))
  })
})

describe('the last final day', () => {
  const settleMs = 4 * HOUR_MS
  const cases = [
    ['1d', '2024-01-03T00:59:59Z', '2023-12-29', 'a second before Tuesday has settled'],
    ['1d', '2024-01-03T01:00:00Z', '2024-01-02', 'once Tuesday has settled'],
    ['1d', '2024-01-07T12:00:00Z', '2024-01-05', 'on a Sunday'],
    ['1d', '2025-01-09T23:59:00Z', '2025-01-08', 'on a day of mourning'],
    ['1wk', '2024-01-06T00:59:59Z', '2023-12-25', 'a second before the week has settled'],
    ['1wk', '2024-01-06T01:00:00Z', '2024-01-01', 'once the week has settled'],
    ['1mo', '2024-03-28T23:59:59Z', '2024-02-01', 'a second before March has settled'],
    ['1mo', '2024-03-29T00:00:00Z', '2024-03-01', 'once March has settled, though its days go on'],
    ['5m', '2024-11-29T21:59:59Z', '2024-11-27', 'while late trading goes on after a half day'],
    ['5m', '2024-11-29T22:00:00Z', '2024-11-29', 'once late trading is over'],
  ] as const
  for (const [interval, now, expected, when] of cases) {
    it(`of ${interval} is ${expected} ${when}`, () => {
      assert.equal(lastFinalDay(xnys, interval, at(now), settleMs), day(expected))
    })
  }

  it('of minutes waits for the end of extended trading when the vendor settles sooner', () => {
    assert.equal(lastFinalDay(xnys, '1m', at('2024-01-03T00:59:59Z'), 0), day('2023-12-29'))
    assert.equal(lastFinalDay(xnys, '1m', at('2024-01-03T01:00:00Z'), 0), day('2024-01-02'))
  })

  it('is the newest day whose bar is final, at any time', () => {
    const minutes = fc.integer({ min: Date.UTC(1995, 0) / 60_000, max: Date.UTC(2030, 0) / 60_000 })
    const settle = fc.integer({ min: 0, max: 72 })
    fc.assert(
      fc.property(fc.constantFrom(...INTERVALS), minutes, settle, (interval, minute, hours) => {
        const now = minute * 60_000
        const settled = hours * HOUR_MS
        const found = lastFinalDay(xnys, interval, now, settled)
        const tsOf = (each: number) =>
          interval.endsWith('m') || interval === '1h' ? (xnys.session(each)?.open ?? NaN) : each
        assert.ok(finalAt(xnys, interval, tsOf(found), settled) <= now)
        for (let each = found + DAY_MS; each <= now; each += DAY_MS) {
          if (interval === '1wk' && (each - found) % (7 * DAY_MS) !== 0) continue
          if (interval === '1mo' && new Date(each).getUTCDate() !== 1) continue
          assert.ok(!(finalAt(xnys, interval, tsOf(each), settled) <= now))
        }
      }),
      { numRuns: 1000 },
    )
  })
})
