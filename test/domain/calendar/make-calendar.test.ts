import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { makeCalendar, withClosures } from '../../../src/domain/calendar/make-calendar.ts'
import { getCalendar, listExchanges } from '../../../src/domain/calendar/registry.ts'
import { fixed, nearestWeekday, type ExchangeRules } from '../../../src/domain/calendar/rules.ts'
import { DAY_MS } from '../../../src/domain/date.ts'

const xnys = getCalendar('XNYS')
const at = (text: string) => Date.parse(text)
const day = (text: string) => Date.parse(`${text}T00:00:00Z`)
const iso = (instant: number) => new Date(instant).toISOString().replace(':00.000Z', 'Z')

/** An exchange east of UTC with a lunch break, new hours in 2011, and a session on a Saturday. */
const EASTERN: ExchangeRules = {
  exchange: 'XEST',
  name: 'Eastern Exchange',
  timeZone: 'Asia/Tokyo',
  firstDay: '2000-01-01',
  hours: [
    {
      from: '2000-01-01',
      weekdays: [1, 2, 3, 4, 5],
      open: '09:00',
      close: '15:00',
      breaks: [['11:00', '12:30']],
    },
    {
      from: '2011-11-21',
      weekdays: [1, 2, 3, 4, 5],
      open: '09:00',
      close: '15:00',
      breaks: [['11:30', '12:30']],
    },
  ],
  holidays: [{ name: 'New Year', date: fixed(1, 1) }],
  oddHours: [{ name: 'Last day of the year', date: fixed(12, 31), close: '11:30' }],
  closures: { '2020-10-01': 'Failure of the trading system' },
  oddDays: [
    { date: '2024-02-03', reason: 'Trial session on a Saturday', open: '10:00' },
    { date: '2020-10-01', reason: 'Closures win' },
  ],
}
const eastern = makeCalendar(EASTERN)

function sessionDayAt(text: string): number | null {
  return xnys.sessionAt(at(text))?.day ?? null
}

function easternHours(date: string): string {
  const session = eastern.session(day(date))!
  return [session.open, ...session.breaks.flat(), session.close].map(iso).join(' ')
}

describe('the calendar', () => {
  it('has no session on what is no day', () => {
    assert.equal(xnys.session(Number.NaN), null)
    assert.equal(xnys.session(Infinity), null)
    assert.equal(xnys.session(-Infinity), null)
    assert.equal(xnys.session(day('2024-01-02') + 1), null)
    assert.equal(xnys.session(1e30), null)
    assert.equal(xnys.sessionAt(Number.NaN), null)
    assert.equal(xnys.sessionAt(1e18), null)
    assert.equal(xnys.isOpen(Number.NaN), false)
  })

  it('refuses to search from what is no instant, or has no year that it knows', () => {
    assert.throws(() => xnys.nextSession(Number.NaN), { code: 'SESSION_NOT_FOUND', kind: 'usage' })
    assert.throws(() => xnys.lastClosed(at('1700-01-01T00:00:00Z')), { code: 'SESSION_NOT_FOUND' })
    assert.throws(() => xnys.nextSession(at('+012024-01-01T00:00:00Z')), {
      code: 'SESSION_NOT_FOUND',
    })
  })

  it('counts none in an empty or senseless range', () => {
    assert.equal(xnys.countSessions(day('2024-01-05'), day('2024-01-02')), 0)
    assert.equal(xnys.countSessions(Number.NaN, day('2024-01-02')), 0)
    assert.deepEqual(xnys.sessions(day('2024-01-01'), day('2024-01-02')), [])
  })

  it('lists the sessions over the turn of a year', () => {
    const days = xnys.sessions(day('2023-12-29'), day('2024-01-04')).map((each) => iso(each.day))
    assert.deepEqual(days, ['2023-12-29T00:00Z', '2024-01-02T00:00Z', '2024-01-03T00:00Z'])
  })

  it('finds the session whose extended hours hold an instant', () => {
    assert.equal(sessionDayAt('2024-01-02T08:59:59.999Z'), null)
    assert.equal(sessionDayAt('2024-01-02T09:00:00Z'), day('2024-01-02'))
    // 19:59 in New York is the next date in UTC.
    assert.equal(sessionDayAt('2024-01-03T00:59:59.999Z'), day('2024-01-02'))
    assert.equal(sessionDayAt('2024-01-03T01:00:00Z'), null)
    assert.equal(sessionDayAt('2024-01-06T15:00:00Z'), null)
  })

  it('is open from the opening to the close, and not at the close', () => {
    assert.equal(xnys.isOpen(at('2024-01-02T14:29:59.999Z')), false)
    assert.equal(xnys.isOpen(at('2024-01-02T14:30:00Z')), true)
    assert.equal(xnys.isOpen(at('2024-01-02T20:59:59.999Z')), true)
    assert.equal(xnys.isOpen(at('2024-01-02T21:00:00Z')), false)
  })

  it('finds the next session by its opening and the last one by its close', () => {
    const open = at('2024-01-02T14:30:00Z')
    const close = at('2024-01-02T21:00:00Z')
    assert.equal(xnys.nextSession(open - 1).day, day('2024-01-02'))
    assert.equal(xnys.nextSession(open).day, day('2024-01-03'))
    assert.equal(xnys.lastClosed(close).day, day('2024-01-02'))
    assert.equal(xnys.lastClosed(close - 1).day, day('2023-12-29'))
  })

  it('finds sessions across the longest closure of the last decades', () => {
    assert.equal(xnys.nextSession(at('2001-09-11T13:30:00Z')).day, day('2001-09-17'))
    assert.equal(xnys.lastClosed(at('2001-09-17T13:29:00Z')).day, day('2001-09-10'))
  })

  it('turns wall-clock time into an instant and an instant into a date', () => {
    assert.equal(xnys.instantAt(day('2024-07-01'), 16 * 60), at('2024-07-01T20:00:00Z'))
    assert.equal(xnys.localDay(at('2024-07-02T03:59:59Z')), day('2024-07-01'))
  })

  it('is known under codes and spellings in any case', () => {
    for (const name of ['XNYS', 'nyse', 'Nasdaq', 'XNAS', 'ARCX', ' BATS ', 'NYSE ARCA', 'OTCM']) {
      assert.equal(getCalendar(name), xnys)
    }
    assert.equal(listExchanges()[0], 'XNYS')
    assert.throws(() => getCalendar('constructor'), { code: 'EXCHANGE_UNKNOWN', kind: 'usage' })
    assert.throws(() => getCalendar('XXXX'), /no calendar for the exchange "XXXX"/)
  })
})

describe('any question', () => {
  const first = day('1990-01-01') / DAY_MS
  const last = day('2050-01-01') / DAY_MS
  const days = fc.integer({ min: first, max: last })

  it('of how many sessions there are is answered by listing them one by one', () => {
    fc.assert(
      fc.property(days, fc.integer({ min: 0, max: 900 }), (start, length) => {
        const from = start * DAY_MS
        const until = from + length * DAY_MS
        const expected = []
        for (let each = from; each < until; each += DAY_MS) {
          const session = xnys.session(each)
          if (session !== null) expected.push(session)
        }
        assert.deepEqual(xnys.sessions(from, until), expected)
        assert.equal(xnys.countSessions(from, until), expected.length)
      }),
    )
  })

  it('about an instant agrees with the sessions around it', () => {
    const minutes = fc.integer({ min: first * 1440, max: last * 1440 })
    fc.assert(
      fc.property(minutes, (minute) => {
        const now = minute * 60_000
        const near = xnys.sessions(now - 20 * DAY_MS, now + 20 * DAY_MS)
        const holding = near.find((each) => now >= each.extendedOpen && now < each.extendedClose)
        assert.equal(xnys.sessionAt(now), holding ?? null)
        assert.equal(
          xnys.nextSession(now),
          near.find((each) => each.open > now),
        )
        assert.equal(
          xnys.lastClosed(now),
          near.findLast((each) => each.close <= now),
        )
        assert.equal(
          xnys.isOpen(now),
          near.some((each) => now >= each.open && now < each.close),
        )
      }),
      { numRuns: 1000 },
    )
  })

  it('finds sessions in order, inside their date in New York, and no two on one day', () => {
    let before = 0
    for (const each of xnys.sessions(first * DAY_MS, last * DAY_MS)) {
      assert.ok(each.day > before)
      assert.ok(each.extendedOpen < each.open && each.open < each.close)
      assert.ok(each.close < each.extendedClose)
      assert.equal(xnys.localDay(each.extendedOpen), each.day)
      assert.equal(xnys.localDay(each.extendedClose), each.day)
      assert.equal(each.early, each.close - each.open < 6.5 * 3_600_000)
      before = each.day
    }
  })
})

describe('a calendar of other rules', () => {
  it('has the breaks that held on the date', () => {
    // As Tokyo did: lunch began at 11:00 (02:00Z) until 2011-11-18, and at 11:30 since.
    assert.equal(
      easternHours('2011-11-18'),
      '2011-11-18T00:00Z 2011-11-18T02:00Z 2011-11-18T03:30Z 2011-11-18T06:00Z',
    )
    assert.equal(
      easternHours('2011-11-21'),
      '2011-11-21T00:00Z 2011-11-21T02:30Z 2011-11-21T03:30Z 2011-11-21T06:00Z',
    )
  })

  it('is not open during a break', () => {
    assert.equal(eastern.isOpen(at('2024-02-01T02:29:00Z')), true)
    assert.equal(eastern.isOpen(at('2024-02-01T02:30:00Z')), false)
    assert.equal(eastern.isOpen(at('2024-02-01T03:30:00Z')), true)
    assert.equal(eastern.sessionAt(at('2024-02-01T02:30:00Z'))?.day, day('2024-02-01'))
  })

  it('has no break on a day that closes before it is over', () => {
    assert.equal(easternHours('2024-12-31'), '2024-12-31T00:00Z 2024-12-31T02:30Z')
    assert.equal(eastern.session(day('2024-12-31'))!.early, true)
  })

  it('has a session on a Saturday that was added, with its own hours', () => {
    assert.equal(
      easternHours('2024-02-03'),
      '2024-02-03T01:00Z 2024-02-03T02:30Z 2024-02-03T03:30Z 2024-02-03T06:00Z',
    )
    assert.equal(eastern.session(day('2024-02-03'))!.early, false)
    assert.equal(eastern.session(day('2024-02-10')), null)
  })

  it('has no extended hours where none are given', () => {
    const session = eastern.session(day('2024-02-01'))!
    assert.equal(session.extendedOpen, session.open)
    assert.equal(session.extendedClose, session.close)
  })

  it('has a session on 1 January where that is no holiday', () => {
    const restless = makeCalendar({ ...EASTERN, holidays: [] })
    const days = restless.sessions(day('2023-12-29'), day('2024-01-03')).map((each) => each.day)
    assert.deepEqual(days, [day('2023-12-29'), day('2024-01-01'), day('2024-01-02')])
    assert.equal(restless.countSessions(day('2023-12-29'), day('2024-01-03')), 3)
  })

  it('keeps the holiday of a new year in the old one where the rule says so', () => {
    const early = makeCalendar({
      ...EASTERN,
      holidays: [{ name: 'New Year', date: nearestWeekday(fixed(1, 1)) }],
    })
    // 2022-01-01 was a Saturday.
    assert.equal(early.session(day('2021-12-31')), null)
    assert.notEqual(early.session(day('2021-12-30')), null)
  })

  it('is closed on a closure whatever else is said of the day', () => {
    assert.equal(eastern.session(day('2020-10-01')), null)
  })
})

describe('closures that were recorded later', () => {
  const days = [day('2026-12-01'), day('2026-12-02')]
  const closed = withClosures(xnys, days)

  it('take their sessions away, and leave the calendar that they were added to', () => {
    assert.equal(closed.session(days[0]!), null)
    assert.equal(closed.sessionAt(at('2026-12-01T15:00:00Z')), null)
    assert.equal(closed.nextSession(at('2026-12-01T00:00:00Z')).day, day('2026-12-03'))
    const year = [day('2026-01-01'), day('2027-01-01')] as const
    assert.equal(closed.countSessions(...year), xnys.countSessions(...year) - 2)
    assert.notEqual(xnys.session(days[0]!), null)
  })

  it('add up', () => {
    const more = withClosures(closed, [day('2026-12-03')])
    assert.equal(more.session(days[0]!), null)
    assert.equal(more.session(day('2026-12-03')), null)
  })

  it('keep the closures of the rules', () => {
    assert.equal(closed.session(day('2025-01-09')), null)
  })
})
