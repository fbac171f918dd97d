/** The states of sessions: by hand, and against a plain model day by day. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { getCalendar } from '../../src/domain/calendar/registry.ts'
import { withClosures } from '../../src/domain/calendar/make-calendar.ts'
import { parseCoverage, spanOf, type DayRange } from '../../src/domain/coverage.ts'
import { moveLedger, type Ledger } from '../../src/domain/coverage-ledger.ts'
import {
  findGaps,
  sessionStates,
  stateTeller,
  type SeriesFacts,
} from '../../src/domain/coverage-states.ts'
import { DAY_MS, formatDate, parseDay } from '../../src/domain/date.ts'

const calendar = getCalendar('XNYS')
const NOW = Date.parse('2024-03-16T12:00:00-04:00')
const SETTLE_MS = 4 * 3_600_000
const EMPTY: Ledger = { coverage: [], noTrades: [], notOffered: [], partial: [] }

function facts(rest: Partial<SeriesFacts>): SeriesFacts {
  return {
    ...EMPTY,
    interval: '1d',
    calendar,
    settleMs: SETTLE_MS,
    span: spanOf(rest.coverage ?? [], null),
    firstBar: parseDay('2024-02-05'),
    lastBar: parseDay('2024-03-15'),
    listedDay: null,
    delistedDay: null,
    ...rest,
  }
}

function lines(series: SeriesFacts, from: string, until: string, closed = false): string[] {
  const range = { from: parseDay(from), until: parseDay(until) }
  return sessionStates(series, range, NOW, { closed }).map(
    (found) =>
      `${formatDate(found.from)}..${formatDate(found.until)} ${found.sessions} ${found.state}`,
  )
}

describe('the states of a series', () => {
  const series = facts({
    coverage: parseCoverage('{[2024-01-20,2024-02-20),[2024-02-22,2024-03-12)}'),
    noTrades: parseCoverage('{[2024-01-20,2024-02-05),[2024-02-15,2024-02-16)}'),
    partial: parseCoverage('{[2024-03-06,2024-03-07)}'),
    lastBar: parseDay('2024-03-13'),
  })

  it('are told run by run', () => {
    assert.deepEqual(lines(series, '2024-01-22', '2024-04-01'), [
      '2024-01-22..2024-02-05 10 not-offered',
      '2024-02-05..2024-02-15 8 available',
      '2024-02-15..2024-02-16 1 no-trades',
      // Friday, with the weekend and Presidents' Day.
      '2024-02-16..2024-02-20 1 available',
      '2024-02-20..2024-02-22 2 missing',
      '2024-02-22..2024-03-06 9 available',
      '2024-03-06..2024-03-07 1 missing',
      '2024-03-07..2024-03-12 3 available',
      // Stored before they had settled, and not asked for since.
      '2024-03-12..2024-03-14 2 provisional',
      '2024-03-14..2024-03-17 2 missing',
    ])
  })

  it('say nothing of days before the first bar where none was ever covered', () => {
    const day = parseDay('2024-03-13')
    // As by a bar that a person gave.
    const one = facts({ firstBar: day, lastBar: day })
    assert.deepEqual(lines(one, '2024-03-11', '2024-03-16'), [
      '2024-03-11..2024-03-13 2 missing',
      '2024-03-13..2024-03-14 1 provisional',
      '2024-03-14..2024-03-16 2 missing',
    ])
  })

  it('tell closed days apart where that is asked for', () => {
    assert.deepEqual(lines(series, '2024-02-15', '2024-02-21', true), [
      '2024-02-15..2024-02-16 1 no-trades',
      '2024-02-16..2024-02-17 1 available',
      '2024-02-17..2024-02-20 0 closed',
      '2024-02-20..2024-02-21 1 missing',
    ])
  })

  it('name gaps by their sessions alone', () => {
    const range = { from: parseDay('2024-02-10'), until: parseDay('2024-03-12') }
    const gaps = findGaps(series, range, NOW).map(({ from, until, sessions }) => [
      formatDate(from),
      formatDate(until),
      sessions,
    ])
    assert.deepEqual(gaps, [
      ['2024-02-20', '2024-02-22', 2],
      ['2024-03-06', '2024-03-07', 1],
    ])
  })

  it('are not offered before the listing and from the delisting on', () => {
    const young = facts({
      listedDay: parseDay('2024-02-07'),
      delistedDay: parseDay('2024-02-14'),
      lastBar: null,
    })
    assert.deepEqual(lines(young, '2024-02-05', '2024-02-16'), [
      '2024-02-05..2024-02-07 2 not-offered',
      '2024-02-07..2024-02-14 5 missing',
      '2024-02-14..2024-02-16 2 not-offered',
    ])
  })

  it('of a session of which few bars are there is partial, and of a lost one missing again', () => {
    const minutes = facts({
      interval: '5m',
      coverage: parseCoverage('{[2024-02-05,2024-02-07)}'),
      span: { from: parseDay('2024-02-05'), until: parseDay('2024-02-09') },
      partial: parseCoverage('{[2024-02-06,2024-02-07)}'),
      lastBar: Date.parse('2024-02-08T20:55:00Z'),
    })
    assert.deepEqual(lines(minutes, '2024-02-05', '2024-02-09'), [
      '2024-02-05..2024-02-06 1 available',
      '2024-02-06..2024-02-07 1 partial',
      '2024-02-07..2024-02-09 2 missing',
    ])
  })

  it('of a session that goes on is provisional, however few of its bars there can be yet', () => {
    const minutes = facts({
      interval: '5m',
      coverage: parseCoverage('{[2024-03-13,2024-03-14)}'),
      span: { from: parseDay('2024-03-13'), until: parseDay('2024-03-14') },
      partial: parseCoverage('{[2024-03-14,2024-03-15)}'),
      lastBar: Date.parse('2024-03-14T14:55:00Z'),
    })
    const stateAt = (now: string) => stateTeller(minutes, Date.parse(now))(parseDay('2024-03-14'))
    assert.equal(stateAt('2024-03-14T11:00:00-04:00'), 'provisional')
    const range = { from: parseDay('2024-03-13'), until: parseDay('2024-03-15') }
    assert.deepEqual(findGaps(minutes, range, Date.parse('2024-03-14T11:00:00-04:00')), [])
    // Settled four hours after its close, and nobody has asked again.
    assert.equal(stateAt('2024-03-14T20:00:01-04:00'), 'partial')
  })
})

// The model ------------------------------------------------------------------------------------------

const FIRST = parseDay('2024-01-02')
const LAST = parseDay('2024-03-14')
const dayAt = (offset: number) => FIRST + offset * DAY_MS
const DAYS = (LAST - FIRST) / DAY_MS

/** An answer for a range of days, that has bars of all but some of its sessions, and refuses some. */
const answer = fc.record({
  from: fc.nat(DAYS - 1),
  length: fc.integer({ min: 1, max: 30 }),
  lacking: fc.array(fc.nat(DAYS), { maxLength: 12 }),
  refused: fc.array(fc.nat(DAYS), { maxLength: 2 }),
})

describe('a ledger that answers have moved', () => {
  it('says of each session what a list of all that was said of it says', () => {
    fc.assert(
      fc.property(
        fc.array(answer, { maxLength: 10 }),
        fc.array(fc.nat(DAYS), { maxLength: 6 }),
        (answers, closures) => {
          const own = withClosures(calendar, closures.map(dayAt))
          const sessions = own.sessions(FIRST, LAST).map(({ day }) => day)
          const bars = new Set<number>()
          const answered = new Set<number>()
          const doubtful = new Set<number>()
          let ledger = EMPTY
          for (const one of answers) {
            const range: DayRange = {
              from: dayAt(one.from),
              until: Math.min(dayAt(one.from + one.length), LAST),
            }
            const expected = sessions.filter((day) => day >= range.from && day < range.until)
            const lacking = new Set([...one.lacking, ...one.refused].map(dayAt))
            const got = expected.filter((day) => !lacking.has(day))
            const refused = expected.filter((day) => one.refused.map(dayAt).includes(day))
            const kept = expected.filter((day) => lacking.has(day) && bars.has(day))
            ledger = moveLedger(
              ledger,
              {
                answered: [range],
                expected,
                barDays: new Set(got),
                storedDays: new Set(kept),
                pages: [],
                refused,
              },
              own,
              '1d',
            )
            for (const day of expected) answered.add(day)
            for (const day of refused) if (!bars.has(day)) doubtful.add(day)
            for (const day of got) bars.add(day)
            for (const day of got) doubtful.delete(day)
          }
          const firstBar = bars.size === 0 ? null : Math.min(...bars)
          const series = facts({ ...ledger, calendar: own, span: null, firstBar, lastBar: null })
          const tell = stateTeller(series, NOW)
          const ranges = sessionStates(series, { from: FIRST, until: LAST }, NOW)
          for (const { from, until, sessions: count, state } of ranges) {
            const inside = sessions.filter((day) => day >= from && day < until)
            assert.equal(count, inside.length)
            for (const day of inside) assert.equal(tell(day), state)
          }
          assert.equal(ranges[0]!.from, FIRST)
          assert.equal(ranges.at(-1)!.until, LAST)
          ranges.slice(1).forEach((one, i) => {
            assert.equal(one.from, ranges[i]!.until)
            assert.notEqual(one.state, ranges[i]!.state)
          })
          for (const day of sessions) {
            let state = 'missing'
            if (doubtful.has(day)) state = 'missing'
            else if (bars.has(day)) state = 'available'
            else if (answered.has(day)) {
              state = firstBar !== null && day > firstBar ? 'no-trades' : 'not-offered'
            }
            assert.equal(tell(day), state, formatDate(day))
          }
        },
      ),
      { numRuns: 150 },
    )
  })
})

const DAY_OF = fc.integer({ min: -20, max: DAYS + 20 }).map(dayAt)
const KNOWN = fc
  .uniqueArray(DAY_OF, { maxLength: 8 })
  .map((days) => days.toSorted((a, b) => a - b))
  .map((days) =>
    days.flatMap((from, i) =>
      i % 2 === 0 && i + 1 < days.length ? [{ from, until: days[i + 1]! }] : [],
    ),
  )

describe('the states of a range', () => {
  it('are counted as if each session had been asked about by itself', () => {
    const some = fc.record({
      coverage: KNOWN,
      noTrades: KNOWN,
      notOffered: KNOWN,
      partial: KNOWN,
      interval: fc.constantFrom('1d' as const, '1m' as const),
      span: fc.option(KNOWN.map((ranges) => ranges[0] ?? null)),
      firstBar: fc.option(DAY_OF),
      lastBar: fc.option(DAY_OF),
      listedDay: fc.option(DAY_OF),
      delistedDay: fc.option(DAY_OF),
    })
    fc.assert(
      fc.property(some, DAY_OF, DAY_OF, DAY_OF, (given, from, until, now) => {
        const series = facts(given)
        const at = now + 15 * 3_600_000
        const tell = stateTeller(series, at)
        const end = Math.min(until, calendar.localDay(at) + DAY_MS)
        const slow: Record<string, number> = {}
        for (const { day } of calendar.sessions(from, end)) {
          slow[tell(day)] = (slow[tell(day)] ?? 0) + 1
        }
        const counted: Record<string, number> = {}
        for (const { state, sessions } of sessionStates(series, { from, until }, at)) {
          if (sessions > 0) counted[state] = (counted[state] ?? 0) + sessions
        }
        assert.deepEqual(counted, slow)
      }),
      { numRuns: 300 },
    )
  })
})
