/** What holds for every exchange's calendar, on any day and at any time. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { getCalendar, listExchanges } from '../../../src/domain/calendar/registry.ts'
import { DAY_MS, parseDay } from '../../../src/domain/date.ts'

const MINUTE_MS = 60_000
const FIRST = parseDay('1990-01-01')
const LAST = parseDay('2050-01-01')
/** Golden Week and the lunar new year with their weekends, and then some. */
const NEAR = 30 * DAY_MS

const anExchange = fc.constantFrom(...listExchanges())
const anInstant = fc
  .integer({ min: FIRST / MINUTE_MS, max: LAST / MINUTE_MS })
  .map((minute) => minute * MINUTE_MS)

describe('every calendar', () => {
  for (const exchange of listExchanges()) {
    it(`has its sessions in order, each inside its date, with breaks inside: ${exchange}`, () => {
      const calendar = getCalendar(exchange)
      let before = -Infinity
      for (const session of calendar.sessions(FIRST, LAST)) {
        assert.ok(session.open >= before && session.open < session.close)
        assert.equal(calendar.localDay(session.open), session.day)
        assert.equal(calendar.localDay(session.close - 1), session.day)
        let edge = session.open
        for (const [start, end] of session.breaks) {
          assert.ok(start > edge && end > start)
          edge = end
        }
        assert.ok(edge < session.close)
        before = session.close
      }
    })

    it(`has a plausible number of sessions every year: ${exchange}`, () => {
      const calendar = getCalendar(exchange)
      const start = Math.max(1991, new Date(calendar.firstDay).getUTCFullYear() + 1)
      for (let year = start; year < 2050; year += 1) {
        const count = calendar.countSessions(
          parseDay(`${year}-01-01`),
          parseDay(`${year + 1}-01-01`),
        )
        const isSixDayWeek = exchange === 'XKRX' && year < 1999
        const [least, most] =
          exchange === '24/7' ? [365, 366] : isSixDayWeek ? [280, 300] : [236, 262]
        assert.ok(count >= least! && count <= most!, `${year}: ${count}`)
      }
    })

    it(`knows from where on it is right, and until when for certain: ${exchange}`, () => {
      const { firstDay, knownUntil } = getCalendar(exchange)
      assert.ok(firstDay < parseDay('1997-01-02'))
      assert.ok(knownUntil >= parseDay('2026-12-31'))
    })
  }

  it('may be asked from the first date of the recorded lists, and from the year before 1991', () => {
    const later: Readonly<Record<string, string>> = { XBOM: '1997-01-01', XSHG: '1990-12-03' }
    for (const exchange of listExchanges()) {
      const { firstDay } = getCalendar(exchange)
      const begin = exchange === 'XKRX' ? '1986-01-01' : (later[exchange] ?? '1990-01-01')
      assert.ok(firstDay <= parseDay(begin), exchange)
    }
    // Korea kept three days of New Year, and began 1986 on Saturday the 4th.
    const [first] = getCalendar('XKRX').sessions(parseDay('1986-01-01'), parseDay('1986-02-01'))
    assert.equal(first?.day, parseDay('1986-01-04'))
  })

  it('is open exactly inside a session and outside its breaks', () => {
    fc.assert(
      fc.property(anExchange, anInstant, (exchange, now) => {
        const calendar = getCalendar(exchange)
        const isOpen = calendar
          .sessions(now - NEAR, now + NEAR)
          .some(
            ({ open, close, breaks }) =>
              now >= open && now < close && !breaks.some(([from, to]) => now >= from && now < to),
          )
        assert.equal(calendar.isOpen(now), isOpen)
      }),
      { numRuns: 2000 },
    )
  })

  it('finds the session before the next one by its close, and the other way round', () => {
    fc.assert(
      fc.property(anExchange, anInstant, (exchange, now) => {
        const calendar = getCalendar(exchange)
        const next = calendar.nextSession(now)
        assert.ok(next.open > now)
        const last = calendar.lastClosed(next.close)
        assert.equal(last, next)
        assert.equal(calendar.nextSession(last.open - 1), last)
        const between = calendar.sessions(calendar.localDay(now) - DAY_MS, next.day)
        assert.ok(between.every(({ open }) => open <= now))
      }),
      { numRuns: 2000 },
    )
  })

  it('counts the sessions that it lists', () => {
    fc.assert(
      fc.property(anExchange, anInstant, fc.nat({ max: 1500 }), (exchange, start, days) => {
        const calendar = getCalendar(exchange)
        const until = start + days * DAY_MS
        assert.equal(calendar.countSessions(start, until), calendar.sessions(start, until).length)
      }),
    )
  })
})

describe('names of exchanges', () => {
  const cases = [
    ['XNAS', 'XNYS'],
    ['lse', 'XLON'],
    ['Frankfurt', 'XFRA'],
    ['GER', 'XETR'],
    ['Tokyo', 'XTKS'],
    ['HKEX', 'XHKG'],
    ['XSHE', 'XSHG'],
    ['XNSE', 'XBOM'],
    ['B3', 'BVMF'],
    ['24/7', '24/7'],
  ] as const
  for (const [name, exchange] of cases) {
    it(`lead from ${name} to ${exchange}`, () => {
      assert.equal(getCalendar(name).exchange, exchange)
    })
  }

  it('are codes of four letters, or hours by days', () => {
    for (const exchange of listExchanges()) assert.match(exchange, /^([A-Z]{4}|24\/[57])$/)
    assert.equal(listExchanges().length, 21)
  })
})
