/**
 * Odd days of the world's exchanges, typed from what the exchanges, governments or the press of the day
 * published: closures, half days, late openings, dates on which hours changed, and weeks in which the clocks
 * of two continents differ. Times are on the exchange's clock, read by another library than the calendar's own.
 * Apart from them stand the few days on which the calendar keeps to recorded lists against a publication.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Temporal } from 'temporal-polyfill'
import { getCalendar } from '../../../src/domain/calendar/registry.ts'
import { parseDay } from '../../../src/domain/date.ts'

/** `10:00-12:30 14:30-16:00` on the exchange's clock, or `closed`. */
function hoursOf(exchange: string, date: string): string {
  const calendar = getCalendar(exchange)
  const session = calendar.session(parseDay(date))
  if (session === null) return 'closed'
  const clock = (instant: number) =>
    Temporal.Instant.fromEpochMilliseconds(instant)
      .toZonedDateTimeISO(calendar.timeZone)
      .toPlainTime()
      .toString({ smallestUnit: 'minute' })
  const edges = [session.open, ...session.breaks.flat(), session.close].map(clock)
  return edges
    .map((edge, index) => edge + (index % 2 === 0 ? '-' : ' '))
    .join('')
    .trim()
}

const CLOSED = 'closed'

type OddDays = readonly (readonly [string, string, string])[]

const ODD_DAYS: Readonly<Record<string, OddDays>> = {
  XLON: [
    ['1995-05-01', '08:00-16:30', 'the May holiday, moved to the anniversary of peace'],
    ['1995-05-08', CLOSED, 'fifty years of peace'],
    ['1999-12-31', CLOSED, 'the eve of the year 2000'],
    ['2002-06-03', CLOSED, 'the golden jubilee'],
    ['2011-04-29', CLOSED, 'the wedding of Prince William'],
    ['2012-06-05', CLOSED, 'the diamond jubilee'],
    ['2020-05-04', '08:00-16:30', 'the May holiday, moved to Friday'],
    ['2020-05-08', CLOSED, 'seventy-five years of peace'],
    ['2022-09-19', CLOSED, 'the funeral of Elizabeth II'],
    ['2022-12-23', '08:00-12:30', 'the Friday before a Saturday Christmas Eve'],
    ['2022-12-27', CLOSED, 'Christmas on a Sunday'],
    ['2023-05-08', CLOSED, 'the coronation of Charles III'],
    ['2023-12-29', '08:00-12:30', 'the Friday before a Sunday New Year’s Eve'],
  ],
  XETR: [
    ['2007-05-28', CLOSED, 'Whit Monday, that year only'],
    ['2013-10-03', '09:00-17:30', 'Unity Day, not yet kept'],
    ['2014-10-03', CLOSED, 'Unity Day, for the first time'],
    ['2017-10-31', CLOSED, 'five hundred years of Reformation'],
    ['2021-05-24', CLOSED, 'Whit Monday, for the last time'],
    ['2022-06-06', '09:00-17:30', 'Whit Monday, no longer kept'],
    ['2022-10-03', '09:00-17:30', 'Unity Day, no longer kept'],
    ['2023-12-29', '09:00-14:00', 'the last session of the year'],
  ],
  XPAR: [
    ['2001-07-14', CLOSED, 'a Saturday'],
    ['2000-07-14', CLOSED, 'Bastille Day, when it was kept'],
    ['2003-07-14', '09:00-17:30', 'Bastille Day, no longer kept'],
    ['2024-05-20', '09:00-17:30', 'Whit Monday, no longer kept'],
    ['2024-12-24', '09:00-14:05', 'Christmas Eve'],
    ['2024-12-31', '09:00-14:05', 'New Year’s Eve'],
  ],
  XAMS: [
    ['2001-04-30', CLOSED, 'Queen’s Day, for the last time'],
    ['2002-04-30', '09:00-17:30', 'Queen’s Day, no longer kept'],
  ],
  XBRU: [
    ['2000-07-21', CLOSED, 'the National Day, when it was kept'],
    ['2003-07-21', '09:00-17:30', 'the National Day, no longer kept'],
  ],
  XSWX: [
    ['2024-05-09', CLOSED, 'Ascension Day'],
    ['2024-08-01', CLOSED, 'the National Day'],
    ['2024-12-23', '09:00-17:30', 'the last session before Christmas, a full one'],
  ],
  XMIL: [
    ['2024-08-15', CLOSED, 'Ferragosto'],
    ['2024-12-30', '09:00-17:30', 'the last session of the year, a full one'],
  ],
  XMAD: [
    ['2004-10-12', CLOSED, 'the National Day, for the last time'],
    ['2005-10-12', '09:00-17:30', 'the National Day, no longer kept'],
    ['2020-12-24', '09:00-14:00', 'Christmas Eve, a half day'],
    ['2021-12-24', CLOSED, 'Christmas Eve, closed for three years'],
    ['2024-12-24', '09:00-14:00', 'Christmas Eve, a half day again'],
  ],
  XSTO: [
    ['2024-03-28', '09:00-13:00', 'Maundy Thursday'],
    ['2024-05-08', '09:00-13:00', 'the eve of Ascension Day'],
    ['2024-06-06', CLOSED, 'the National Day'],
    ['2024-06-21', CLOSED, 'Midsummer Eve'],
    ['2024-11-01', '09:00-13:00', 'All Saints’ Eve'],
    ['2025-06-09', '09:00-17:30', 'Whit Monday, no longer kept'],
  ],
  XTSE: [
    ['2001-09-12', CLOSED, 'the attack on New York'],
    ['2007-02-19', '09:30-16:00', 'Family Day, before there was one'],
    ['2008-02-18', CLOSED, 'Family Day, for the first time'],
    ['2024-11-29', '09:30-16:00', 'the day after Thanksgiving in the United States'],
    ['2024-12-24', '09:30-13:00', 'Christmas Eve'],
    ['2022-12-27', CLOSED, 'Christmas on a Sunday'],
  ],
  BVMF: [
    ['2014-06-12', CLOSED, 'the World Cup’s opening match'],
    ['2019-11-01', '10:00-17:00', 'the last day of the shorter hours'],
    ['2019-11-04', '10:00-18:00', 'the first day of the longer ones'],
    ['2020-07-09', '10:00-18:00', 'the Revolution’s day, moved in the pandemic'],
    ['2022-01-25', '10:00-18:00', 'the city’s anniversary, no longer kept'],
    ['2023-11-20', '10:00-18:00', 'Black Awareness Day, not yet of the nation'],
    ['2024-02-14', '13:00-18:00', 'Ash Wednesday'],
    ['2024-12-31', CLOSED, 'the last weekday of the year'],
  ],
  XTKS: [
    ['1990-11-12', CLOSED, 'the enthronement of Emperor Akihito'],
    ['1993-06-09', CLOSED, 'the wedding of Crown Prince Naruhito'],
    ['2009-09-22', CLOSED, 'a Tuesday between two holidays'],
    ['2019-05-01', CLOSED, 'the accession of Emperor Naruhito'],
    ['2019-05-07', '09:00-11:30 12:30-15:00', 'the end of ten days off'],
    ['2019-10-22', CLOSED, 'the enthronement'],
    ['2020-07-24', CLOSED, 'Sports Day, moved for the Olympic Games'],
    ['2020-10-01', CLOSED, 'the failure of the trading system'],
    ['2020-10-12', '09:00-11:30 12:30-15:00', 'where Sports Day would have been'],
    ['2024-11-01', '09:00-11:30 12:30-15:00', 'the last day that ended at 15:00'],
    ['2024-11-05', '09:00-11:30 12:30-15:30', 'the first day that ended at 15:30'],
    ['2026-09-22', CLOSED, 'a Tuesday between two holidays'],
  ],
  XHKG: [
    ['1997-07-02', CLOSED, 'the day after the return to China'],
    ['2010-12-24', '10:00-12:30', 'Christmas Eve, when mornings were long'],
    ['2012-03-05', '09:30-12:00 13:00-16:00', 'the second change of hours'],
    ['2015-09-03', CLOSED, 'seventy years after the war'],
    ['2017-08-23', CLOSED, 'Typhoon Hato'],
    ['2024-02-09', '09:30-12:00', 'the eve of the lunar new year'],
    ['2024-09-06', CLOSED, 'Typhoon Yagi'],
    ['2024-11-14', '09:30-12:00 13:00-16:00', 'a typhoon day since weather closes no more'],
  ],
  XSHG: [
    ['2020-01-31', CLOSED, 'new year’s holidays, made longer in the pandemic'],
    ['2020-02-03', '09:30-11:30 13:00-15:00', 'the reopening'],
    ['2024-02-04', CLOSED, 'a Sunday on which China worked'],
    ['2024-02-09', CLOSED, 'the eve of the lunar new year'],
    ['2024-10-08', '09:30-11:30 13:00-15:00', 'the day after Golden Week'],
  ],
  XKRX: [
    ['1998-12-07', '09:00-12:00 13:00-15:00', 'the first week of five days'],
    ['1998-12-12', CLOSED, 'a Saturday since'],
    ['2000-05-19', '09:00-12:00 13:00-15:00', 'the last day with a break'],
    ['2000-05-22', '09:00-15:00', 'the first day without one'],
    ['2016-07-29', '09:00-15:00', 'the last day that ended at 15:00'],
    ['2016-08-01', '09:00-15:30', 'the first day that ended at 15:30'],
    ['2018-11-15', '10:00-16:30', 'the university entrance exam'],
    ['2007-01-02', '10:00-15:00', 'the first session of the year'],
    ['2008-11-13', '10:00-16:00', 'the university entrance exam'],
    ['2021-08-16', CLOSED, 'Liberation Day, made up for by the new law'],
    ['2024-10-01', CLOSED, 'Armed Forces Day, that year only'],
    ['2025-01-02', '10:00-15:30', 'the first session of the year'],
  ],
  XASX: [
    ['2010-04-26', CLOSED, 'Anzac Day on a Sunday, made up for that year only'],
    ['2011-04-26', CLOSED, 'Anzac Day on Easter Monday'],
    ['2021-04-26', '10:00-16:00', 'Anzac Day on a Sunday, not made up for'],
    ['2022-09-22', CLOSED, 'mourning for Elizabeth II'],
    ['2022-12-23', '10:00-16:00', 'no half day that year'],
    ['2024-12-24', '10:00-14:10', 'Christmas Eve'],
    ['2024-12-31', '10:00-14:10', 'New Year’s Eve'],
  ],
  XBOM: [
    ['2008-11-27', CLOSED, 'the attack on Bombay'],
    ['2024-01-20', '09:15-15:30', 'a Saturday session'],
    ['2024-01-22', CLOSED, 'the consecration at Ayodhya'],
    ['2025-02-01', '09:15-15:30', 'the budget, on a Saturday'],
  ],
  '24/5': [
    ['2024-12-25', '00:00-00:00', 'Christmas'],
    ['2024-12-28', CLOSED, 'a Saturday'],
  ],
}

/** Sessions whose days were published, with the hours of recorded lists: docs/calendars.md has those published. */
const LISTED: Readonly<Record<string, OddDays>> = {
  XHKG: [
    ['1998-05-01', '10:00-12:00 13:00-16:00', 'Labour Day, not yet kept'],
    ['2011-03-04', '10:00-12:00 13:00-16:00', 'the last day that began at ten'],
    ['2011-03-07', '09:30-12:00 13:00-16:00', 'the change of hours'],
    ['2023-09-01', '09:30-12:00 13:00-16:00', 'Typhoon Saola'],
  ],
  BVMF: [['2024-07-01', '10:00-18:00', 'New York on summer time']],
  XKRX: [
    ['1998-12-05', '09:30-11:30 13:00-15:00', 'the last Saturday with a session'],
    ['2026-07-17', '09:00-15:30', 'Constitution Day, a holiday again'],
    ['2026-12-30', '10:00-15:30', 'the last session of the year'],
  ],
}

for (const [what, table] of Object.entries({ 'odd days': ODD_DAYS, 'listed days': LISTED })) {
  describe(`on ${what}`, () => {
    for (const [exchange, days] of Object.entries(table)) {
      for (const [date, hours, why] of days) {
        it(`${exchange} is ${hours} on ${date}: ${why}`, () => {
          assert.equal(hoursOf(exchange, date), hours)
        })
      }
    }
  })
}

describe('in the weeks between two changes of clocks', () => {
  // America changed on 10 March and 3 November 2024, Europe on 31 March and 27 October, Sydney on
  // 7 April and 6 October; Tokyo, Hong Kong and, since 2019, São Paulo never do.
  const opens = [
    ['XNYS', '2024-03-08', '2024-03-08T14:30Z'],
    ['XLON', '2024-03-08', '2024-03-08T08:00Z'],
    ['XNYS', '2024-03-11', '2024-03-11T13:30Z'],
    ['XLON', '2024-03-11', '2024-03-11T08:00Z'],
    ['XETR', '2024-03-11', '2024-03-11T08:00Z'],
    ['XLON', '2024-04-02', '2024-04-02T07:00Z'],
    ['XETR', '2024-04-02', '2024-04-02T07:00Z'],
    ['XTSE', '2024-03-11', '2024-03-11T13:30Z'],
    ['BVMF', '2024-03-11', '2024-03-11T13:00Z'],
    ['XLON', '2024-10-28', '2024-10-28T08:00Z'],
    ['XNYS', '2024-10-28', '2024-10-28T13:30Z'],
    ['XNYS', '2024-11-04', '2024-11-04T14:30Z'],
    ['XTKS', '2024-07-01', '2024-07-01T00:00Z'],
    ['XHKG', '2024-07-02', '2024-07-02T01:30Z'],
    ['XKRX', '2024-07-01', '2024-07-01T00:00Z'],
    ['XBOM', '2024-07-01', '2024-07-01T03:45Z'],
    // A session of Sydney in summer begins on the date before in UTC.
    ['XASX', '2024-04-05', '2024-04-04T23:00Z'],
    ['XASX', '2024-04-08', '2024-04-08T00:00Z'],
    ['XASX', '2024-10-07', '2024-10-06T23:00Z'],
  ] as const
  for (const [exchange, date, open] of opens) {
    it(`${exchange} opens at ${open} on ${date}`, () => {
      assert.equal(getCalendar(exchange).session(parseDay(date))!.open, Date.parse(open))
    })
  }
})

describe('the auction after the close', () => {
  const windows = [
    ['XLON', '2024-07-01', '16:40'],
    ['XLON', '2024-12-24', '12:40'],
    ['XPAR', '2024-12-24', '14:15'],
    ['XTKS', '2024-11-05', '15:35'],
    ['XHKG', '2024-07-02', '16:15'],
    ['XHKG', '2024-12-24', '12:15'],
    ['XASX', '2024-12-24', '14:25'],
  ] as const
  for (const [exchange, date, end] of windows) {
    it(`belongs to the session: ${exchange} until ${end} on ${date}`, () => {
      const calendar = getCalendar(exchange)
      const session = calendar.session(parseDay(date))!
      const [hours, minutes] = end.split(':').map(Number)
      const after = calendar.instantAt(session.day, hours! * 60 + minutes!)
      assert.equal(calendar.sessionAt(session.close), session)
      assert.equal(calendar.isOpen(session.close), false)
      assert.equal(calendar.sessionAt(after - 1), session)
      assert.equal(calendar.sessionAt(after), null)
    })
  }
})
