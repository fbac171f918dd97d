/** The exchanges' calendars over HTTP. */
import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { putClosure } from '../../src/db/closures.ts'
import { parseDay } from '../../src/domain/date.ts'
import { makeDatabase } from '../support/database.ts'
import { appOver, ask } from './app-under-test.ts'

const { pool } = await makeDatabase()
const app = await appOver(pool)
after(() => app.close())

async function get(search: string): Promise<Readonly<Record<string, unknown>>> {
  const { status, body, text } = await ask(app, `/api/v1/calendar${search}`)
  assert.equal(status, 200, text)
  return body
}

async function codeOf(search: string): Promise<unknown[]> {
  const { status, body } = await ask(app, `/api/v1/calendar${search}`)
  return [status, body['code']]
}

// NYSE's holidays and early closings of 2024: it closed at 13:00 on 3 July and was closed on the 4th.
const THIRD = {
  session: '2024-07-03',
  open: '2024-07-03T13:30:00Z',
  close: '2024-07-03T17:00:00Z',
  early: true,
  breaks: [],
}

describe('sessions', () => {
  it('are listed with their hours', async () => {
    const { data, ...rest } = await get('?from=2024-07-03&until=2024-07-06')
    assert.deepEqual(rest, {
      exchange: 'XNYS',
      name: 'New York Stock Exchange',
      time_zone: 'America/New_York',
      certain_until: null,
      next: null,
    })
    assert.deepEqual(data, [
      THIRD,
      {
        session: '2024-07-05',
        open: '2024-07-05T13:30:00Z',
        close: '2024-07-05T20:00:00Z',
        early: false,
        breaks: [],
      },
    ])
  })

  it('are certain as far as the exchange has announced its holidays', async () => {
    const mumbai = await get('?exchange=XBOM&from=2027-01-04&until=2027-01-05')
    assert.equal(mumbai['certain_until'], '2026-12-31')
  })

  it('of Tokyo pause for lunch', async () => {
    const { data } = await get('?exchange=xtks&from=2024-06-03&until=2024-06-04')
    const [{ breaks }] = data as [{ breaks: unknown }]
    assert.deepEqual(breaks, [['2024-06-03T02:30:00Z', '2024-06-03T03:30:00Z']])
  })

  it('begin today where no period is given', async () => {
    // The clock of the tests stands on Friday, 7 June 2024; Juneteenth and 4 July are holidays.
    const { data } = await get('')
    const days = (data as { session: string }[]).map(({ session }) => session)
    assert.equal(days[0], '2024-06-07')
    assert.equal(days.length, 19)
  })

  it('leave out closures that were recorded', async () => {
    await putClosure(pool, {
      exchange: 'XNYS',
      day: parseDay('2024-06-11'),
      closed: true,
      reason: 'A test',
    })
    const { data } = await get('?from=2024-06-10&until=2024-06-13')
    assert.deepEqual(
      (data as { session: string }[]).map(({ session }) => session),
      ['2024-06-10', '2024-06-12'],
    )
    assert.equal((await get('/is-open?at=2024-06-11'))['open'], false)
    assert.equal((await get('/next?at=2024-06-11'))['session'], '2024-06-12')
  })
})

describe('a moment', () => {
  it('finds an exchange open or closed', async () => {
    const open = await get('/is-open?at=2024-07-03T16:59:59Z')
    assert.deepEqual([open['open'], open['session']], [true, THIRD])
    assert.equal((await get('/is-open?at=2024-07-03T17:00:00Z'))['open'], false)
    const holiday = await get('/is-open?at=2024-07-04')
    assert.deepEqual(
      [holiday['at'], holiday['open'], holiday['session']],
      ['2024-07-04', false, null],
    )
    // Friday 15:30 in New York.
    const now = await get('/is-open')
    assert.deepEqual([now['at'], now['open']], ['2024-06-07T19:30:00Z', true])
  })

  it('tells the next session', async () => {
    const next = await get('/next?at=2024-07-03T20:00:00Z')
    assert.deepEqual([next['session'], next['open']], ['2024-07-05', '2024-07-05T13:30:00Z'])
    // From Wednesday 20:00 to Friday 13:30 UTC: 41.5 hours.
    assert.equal(next['opens_in_s'], 149_400)
  })
})

it('what cannot be asked of a calendar is refused', async () => {
  assert.deepEqual(await codeOf('?exchange=MARS'), [400, 'EXCHANGE_UNKNOWN'])
  assert.deepEqual(await codeOf('?from=1900-01-01'), [400, 'CALENDAR_TOO_EARLY'])
  assert.deepEqual(await codeOf('?from=2200-01-01'), [400, 'PARAMETER_INVALID'])
  assert.deepEqual(await codeOf('?from=2024-01-02&until=2024-01-02'), [400, 'RANGE_INVALID'])
  assert.deepEqual(await codeOf('?from=2000-01-01&until=2024-01-02'), [400, 'PERIOD_TOO_LONG'])
  assert.deepEqual(await codeOf('?from=soon'), [400, 'DATE_INVALID'])
  assert.deepEqual(await codeOf('/is-open?at=soon'), [400, 'DATE_INVALID'])
  assert.deepEqual(await codeOf('/next?at=0101-01-01'), [400, 'CALENDAR_TOO_EARLY'])
  assert.deepEqual(await codeOf('/next?at=9999-12-31'), [400, 'PARAMETER_INVALID'])
})
