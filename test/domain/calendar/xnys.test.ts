/**
 * XNYS against what NYSE published: every session of 1990 to 2023 from a recorded list where there is
 * one, and odd days by hand from NYSE's yearly calendars and its list of special closings.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { Temporal } from 'temporal-polyfill'
import { getCalendar } from '../../../src/domain/calendar/registry.ts'
import { DAY_MS } from '../../../src/domain/date.ts'

const xnys = getCalendar('XNYS')
const day = (text: string) => Date.parse(`${text}T00:00:00Z`)

/** `HH:MM` in New York, by another library than the calendar's own. */
function clock(instant: number): string {
  const there =
    Temporal.Instant.fromEpochMilliseconds(instant).toZonedDateTimeISO('America/New_York')
  return there.toPlainTime().toString({ smallestUnit: 'minute' })
}

function hoursOf(date: string): string {
  const session = xnys.session(day(date))
  return session === null ? 'closed' : `${clock(session.open)}-${clock(session.close)}`
}

const FULL = '09:30-16:00'
const HALF = '09:30-13:00'
const UNTIL_TWO = '09:30-14:00'
const CLOSED = 'closed'

const recordings = process.env['STOCKYARD_RECORDINGS']

describe('XNYS and the recorded list', () => {
  const skip = !recordings ? 'STOCKYARD_RECORDINGS is not set' : false

  it('have the same sessions, openings and closes from 1990 to 2023-01-13', { skip }, () => {
    const text = readFileSync(join(recordings!, 'calendars', 'XNYS-NYSE-sessions.csv'), 'utf8')
    const expected = text
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => line.split(',', 3).join(' '))
    assert.equal(expected.length, 8324)
    const found = xnys
      .sessions(day('1990-01-01'), day('2023-01-14'))
      .map((session) =>
        [session.day, session.open, session.close]
          .map((ms) => new Date(ms).toISOString().replace('.000Z', 'Z'))
          .join(' '),
      )
    assert.deepEqual(found, expected)
  })

  it(
    'have the same full-day holidays from the end of Saturday sessions to June 2021',
    { skip },
    () => {
      const file = join(recordings!, 'calendars', 'NYSE-full-day-holidays-since-1928.csv')
      const expected = readFileSync(file, 'utf8')
        .trim()
        .split('\n')
        .map((line) => {
          const [month, date, year] = line.trim().split('/').map(Number)
          return Date.UTC(year!, month! - 1, date)
        })
        .filter((each) => each >= xnys.firstDay && each < day('2021-07-01'))
      const found = []
      for (let each = xnys.firstDay; each < day('2021-07-01'); each += DAY_MS) {
        const weekday = new Date(each).getUTCDay()
        if (weekday !== 0 && weekday !== 6 && xnys.session(each) === null) found.push(each)
      }
      assert.deepEqual(found, expected)
    },
  )
})

const ODD_DAYS: readonly (readonly [string, string, string])[] = [
  ['1953-10-12', CLOSED, 'Columbus Day, for the last time'],
  ['1962-01-02', '10:00-15:30', 'the first day for which vendors have daily bars'],
  ['1963-11-25', CLOSED, 'the funeral of John F. Kennedy'],
  ['1967-11-07', CLOSED, 'an election day of a year without a presidential one'],
  ['1968-06-12', CLOSED, 'the first Wednesday of the paperwork crisis'],
  ['1970-05-29', '10:00-15:30', 'the Friday before a Saturday Memorial Day'],
  ['1971-02-15', CLOSED, "the first Washington's Birthday on a Monday"],
  ['1974-09-30', '10:00-15:30', 'the last day that ended at 15:30'],
  ['1974-10-01', '10:00-16:00', 'the first day that ended at 16:00'],
  ['1980-11-04', CLOSED, 'Election Day, for the last time'],
  ['1984-11-06', '10:00-16:00', 'Election Day, no longer kept'],
  ['1985-09-27', CLOSED, 'Hurricane Gloria'],
  ['1985-09-30', FULL, 'the first day that began at 09:30'],
  ['1990-12-24', UNTIL_TWO, 'Christmas Eve, when half days lasted until 14:00'],
  ['1990-11-23', FULL, 'the day after Thanksgiving, not yet short'],
  ['1991-11-29', FULL, 'the day after Thanksgiving, not yet short'],
  ['1992-11-27', UNTIL_TWO, 'the day after Thanksgiving, the first short one'],
  ['1993-11-26', HALF, 'the day after Thanksgiving, since then until 13:00'],
  ['1993-12-24', CLOSED, 'Christmas on a Saturday'],
  ['1994-04-27', CLOSED, 'the funeral of Richard Nixon'],
  ['1995-07-03', HALF, 'the Monday before Independence Day'],
  ['1996-07-03', FULL, 'the Wednesday before Independence Day, before 2013'],
  ['1996-07-05', HALF, 'the Friday after Independence Day, before 2013'],
  ['1997-01-20', FULL, 'Martin Luther King, Jr. Day, before it was kept'],
  ['1997-12-26', HALF, 'the day after Christmas'],
  ['1998-01-19', CLOSED, 'the first Martin Luther King, Jr. Day'],
  ['1999-12-31', HALF, 'the last day of the 1990s'],
  ['2000-01-03', FULL, 'New Year on a Saturday: not made up for'],
  ['2001-09-10', FULL, 'the day before the attack'],
  ['2001-09-11', CLOSED, 'the attack'],
  ['2001-09-12', CLOSED, 'the day after the attack'],
  ['2001-09-13', CLOSED, 'the third of four days'],
  ['2001-09-14', CLOSED, 'the last of four days after the attack'],
  ['2001-09-17', FULL, 'the reopening'],
  ['2002-07-05', HALF, 'the Friday after Independence Day, before 2013'],
  ['2003-12-26', HALF, 'the day after Christmas'],
  ['2004-06-11', CLOSED, 'mourning for Ronald Reagan'],
  ['2004-12-31', FULL, 'New Year 2005 on a Saturday'],
  ['2007-01-02', CLOSED, 'mourning for Gerald Ford'],
  ['2008-07-03', HALF, 'the Thursday before Independence Day'],
  ['2010-12-31', FULL, 'New Year 2011 on a Saturday'],
  ['2012-10-29', CLOSED, 'Hurricane Sandy'],
  ['2012-10-30', CLOSED, 'Hurricane Sandy'],
  ['2012-10-31', FULL, 'after Hurricane Sandy'],
  ['2013-07-03', HALF, 'the Wednesday before Independence Day, since 2013'],
  ['2013-07-05', FULL, 'the Friday after Independence Day, since 2013'],
  ['2018-12-05', CLOSED, 'mourning for George H. W. Bush'],
  ['2020-07-03', CLOSED, 'Independence Day on a Saturday'],
  ['2021-06-18', FULL, 'Juneteenth, before it was kept'],
  ['2021-12-31', FULL, 'New Year 2022 on a Saturday'],
  ['2022-06-20', CLOSED, 'Juneteenth on a Sunday, the first'],
  ['2022-12-26', CLOSED, 'Christmas on a Sunday'],
  ['2023-01-02', CLOSED, 'New Year on a Sunday'],
  ['2023-04-07', CLOSED, 'Good Friday'],
  ['2023-06-19', CLOSED, 'Juneteenth'],
  ['2023-07-03', HALF, 'the Monday before Independence Day'],
  ['2023-11-24', HALF, 'the day after Thanksgiving'],
  ['2023-12-22', FULL, 'the Friday before a Sunday Christmas Eve'],
  ['2024-01-15', CLOSED, 'Martin Luther King, Jr. Day'],
  ['2024-03-29', CLOSED, 'Good Friday'],
  ['2024-07-03', HALF, 'the Wednesday before Independence Day'],
  ['2024-11-29', HALF, 'the day after Thanksgiving'],
  ['2024-12-24', HALF, 'Christmas Eve'],
  ['2024-12-26', FULL, 'the day after Christmas'],
  ['2025-01-09', CLOSED, 'mourning for Jimmy Carter'],
  ['2025-04-18', CLOSED, 'Good Friday'],
  ['2025-07-03', HALF, 'the Thursday before Independence Day'],
  ['2025-11-28', HALF, 'the day after Thanksgiving'],
  ['2025-12-24', HALF, 'Christmas Eve'],
  ['2025-12-26', FULL, 'the day after Christmas, though federal offices were closed'],
  ['2026-04-03', CLOSED, 'Good Friday'],
  ['2026-07-02', FULL, 'the Thursday before Independence Day on a Saturday'],
  ['2026-07-03', CLOSED, 'Independence Day on a Saturday'],
  ['2026-11-27', HALF, 'the day after Thanksgiving'],
  ['2026-12-24', HALF, 'Christmas Eve'],
  ['2027-03-26', CLOSED, 'Good Friday'],
  ['2027-06-18', CLOSED, 'Juneteenth on a Saturday'],
  ['2027-07-02', FULL, 'the Friday before Independence Day on a Sunday'],
  ['2027-07-05', CLOSED, 'Independence Day on a Sunday'],
  ['2027-12-23', FULL, 'the Thursday before Christmas on a Saturday'],
  ['2027-12-24', CLOSED, 'Christmas on a Saturday'],
  ['2027-12-31', FULL, 'New Year 2028 on a Saturday'],
  ['2028-07-03', HALF, 'the Monday before Independence Day'],
]

describe('XNYS on odd days', () => {
  for (const [date, hours, why] of ODD_DAYS) {
    it(`is ${hours} on ${date}: ${why}`, () => assert.equal(hoursOf(date), hours))
  }
})

describe("XNYS and NYSE's own calendars", () => {
  const published: Readonly<Record<string, string>> = {
    2024: '01-01 01-15 02-19 03-29 05-27 06-19 07-04 09-02 11-28 12-25',
    2025: '01-01 01-09 01-20 02-17 04-18 05-26 06-19 07-04 09-01 11-27 12-25',
    2026: '01-01 01-19 02-16 04-03 05-25 06-19 07-03 09-07 11-26 12-25',
    2027: '01-01 01-18 02-15 03-26 05-31 06-18 07-05 09-06 11-25 12-24',
    2028: '01-17 02-21 04-14 05-29 06-19 07-04 09-04 11-23 12-25',
  }
  const early: Readonly<Record<string, string>> = {
    2024: '07-03 11-29 12-24',
    2025: '07-03 11-28 12-24',
    2026: '11-27 12-24',
    2027: '11-26',
    2028: '07-03 11-24',
  }
  for (const year of Object.keys(published)) {
    it(`close on the same days of ${year}, and early on the same`, () => {
      const closed = []
      const short = []
      for (let each = day(`${year}-01-01`); each <= day(`${year}-12-31`); each += DAY_MS) {
        const weekday = new Date(each).getUTCDay()
        const date = new Date(each).toISOString().slice(5, 10)
        const session = xnys.session(each)
        if (session === null && weekday !== 0 && weekday !== 6) closed.push(date)
        if (session?.early === true) short.push(date)
      }
      assert.equal(closed.join(' '), published[year])
      assert.equal(short.join(' '), early[year])
    })
  }

  it('have as many sessions a year as are known', () => {
    // 2020 and 2024 are often quoted as 253 and 252; 2001 lost four days, 2012 two.
    const counts = { 2001: 248, 2012: 250, 2020: 253, 2021: 252, 2022: 251, 2023: 250, 2024: 252 }
    for (const [year, count] of Object.entries(counts)) {
      assert.equal(
        xnys.countSessions(day(`${year}-01-01`), day(`${Number(year) + 1}-01-01`)),
        count,
      )
    }
  })
})

function extendedHoursOf(date: string): string {
  const session = xnys.session(day(date))!
  return `${clock(session.extendedOpen)}-${clock(session.extendedClose)}`
}

function utcOpenOf(date: string): string {
  return new Date(xnys.session(day(date))!.open).toISOString().slice(11, 16)
}

describe('hours around regular trading', () => {
  it('last from 04:00 to 20:00, winter and summer', () => {
    assert.equal(extendedHoursOf('2024-01-02'), '04:00-20:00')
    assert.equal(extendedHoursOf('2024-07-02'), '04:00-20:00')
  })

  it('end at 17:00 on a half day', () => {
    assert.equal(extendedHoursOf('2024-11-29'), '04:00-17:00')
  })

  it('keep to the wall clock when the clocks change', () => {
    // Clocks went forward on Sunday 2024-03-10 and back on Sunday 2024-11-03.
    assert.equal(utcOpenOf('2024-03-08'), '14:30')
    assert.equal(utcOpenOf('2024-03-11'), '13:30')
    assert.equal(utcOpenOf('2024-11-01'), '13:30')
    assert.equal(utcOpenOf('2024-11-04'), '14:30')
    // Until 2006 they went forward in April.
    assert.equal(utcOpenOf('2006-03-31'), '14:30')
    assert.equal(utcOpenOf('2006-04-03'), '13:30')
  })
})
