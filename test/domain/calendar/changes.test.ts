import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { applyCalendarChanges, parseCalendarChanges } from '../../../src/domain/calendar/changes.ts'
import { getCalendar } from '../../../src/domain/calendar/registry.ts'
import { parseDay } from '../../../src/domain/date.ts'

const xnys = getCalendar('XNYS')
const at = (text: string) => Date.parse(text)

function changed(text: string) {
  return applyCalendarChanges(xnys, parseCalendarChanges(text))
}

describe('a text of changes', () => {
  it('closes days, and opens them late or closes them early', () => {
    const changes = parseCalendarChanges(
      '# Known since July\r\n' +
        '\n' +
        'XNYS,2026-12-10,closed,Mourning\r\n' +
        'NYSE, 2026-12-11, open 11:00, Snow, and more of it\n' +
        'XTKS,2026-12-10,close 11:30,\n',
    )
    assert.deepEqual(changes, [
      { exchange: 'XNYS', day: parseDay('2026-12-10'), closed: true, reason: 'Mourning' },
      {
        exchange: 'XNYS',
        day: parseDay('2026-12-11'),
        closed: false,
        open: '11:00',
        reason: 'Snow, and more of it',
      },
      { exchange: 'XTKS', day: parseDay('2026-12-10'), closed: false, close: '11:30', reason: '' },
    ])
  })

  it('may be empty', () => {
    assert.deepEqual(parseCalendarChanges(''), [])
  })

  const refused = [
    ['XNYS,2026-12-10,closed,\nXNYS,2026-02-30,closed,', /Line 2: "2026-02-30" is not a date/],
    ['XXXX,2026-12-10,closed,', /Line 1: There is no calendar for the exchange "XXXX"/],
    ['XNYS,2026-12-10,shut,', /Line 1: "shut" is neither/],
    ['XNYS,2026-12-10,open 9:30,', /Line 1: "open 9:30" is neither/],
    ['XNYS,2026-12-10,close 24:00,', /Line 1: "close 24:00" is neither/],
    ['XNYS', /Line 1: "" is not a date/],
  ] as const
  for (const [text, message] of refused) {
    it(`is refused by line: ${JSON.stringify(text)}`, () => {
      assert.throws(() => parseCalendarChanges(text), {
        kind: 'usage',
        code: 'CALENDAR_CHANGE_INVALID',
        message,
      })
    })
  }

  it('is read or refused by line, whatever it is', () => {
    const word = fc.constantFrom(
      'XNYS',
      '24/7',
      '2026-12-10',
      'closed',
      'open 09:00',
      ',',
      '\n',
      '#',
    )
    fc.assert(
      fc.property(fc.array(fc.oneof(word, fc.string()), { maxLength: 12 }), (words) => {
        try {
          parseCalendarChanges(words.join(''))
        } catch (error) {
          assert.match((error as Error).message, /^Line \d+: /)
        }
      }),
    )
  })
})

describe('a changed calendar', () => {
  it('is closed on a closed day and as before on the others', () => {
    const calendar = changed('XNYS,2026-12-10,closed,Mourning')
    assert.equal(calendar.session(parseDay('2026-12-10')), null)
    assert.deepEqual(calendar.session(parseDay('2026-12-11')), xnys.session(parseDay('2026-12-11')))
    assert.notEqual(xnys.session(parseDay('2026-12-10')), null)
  })

  it('opens late and closes early where two lines say so', () => {
    const calendar = changed('XNYS,2026-12-10,open 11:00,Snow\nXNYS,2026-12-10,close 14:00,Snow')
    const session = calendar.session(parseDay('2026-12-10'))!
    assert.equal(session.open, at('2026-12-10T16:00Z'))
    assert.equal(session.close, at('2026-12-10T19:00Z'))
    assert.equal(session.early, true)
  })

  it('keeps the early close of a day that opens late', () => {
    const session = changed('XNYS,2026-12-24,open 11:00,Snow').session(parseDay('2026-12-24'))!
    assert.equal(session.open, at('2026-12-24T16:00Z'))
    assert.equal(session.close, at('2026-12-24T18:00Z'))
  })

  it('has a session on a day that had none: a weekend, a holiday, a closure', () => {
    for (const date of ['2026-12-12', '2026-12-25', '2025-01-09']) {
      assert.equal(xnys.session(parseDay(date)), null)
      const session = changed(`XNYS,${date},open 10:00,Told so`).session(parseDay(date))!
      assert.equal(session.open, at(`${date}T15:00Z`))
      assert.equal(session.close, at(`${date}T21:00Z`))
    }
  })

  it('does as the later line says, of a closure and hours for one day', () => {
    const [closed, open] = ['XNYS,2026-12-10,closed,', 'XNYS,2026-12-10,open 10:00,']
    assert.equal(changed(`${open}\n${closed}`).session(parseDay('2026-12-10')), null)
    assert.notEqual(changed(`${closed}\n${open}`).session(parseDay('2026-12-10')), null)
  })

  it('passes over the changes of other exchanges', () => {
    assert.equal(changed('XLON,2026-12-10,closed,'), xnys)
  })

  it('is refused where a day would close before it opens', () => {
    assert.throws(() => changed('XNYS,2026-12-10,close 09:00,'), {
      code: 'CALENDAR_CHANGE_INVALID',
      message: /XNYS would close before it opens on 2026-12-10/,
    })
  })
})
