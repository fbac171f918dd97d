/** When there can be something new: hours are the exchanges' published ones, instants worked out by hand. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { getCalendar } from '../../src/domain/calendar/registry.ts'
import { nextWake, strideWithin } from '../../src/load/next-wake.ts'

const HOUR_MS = 3_600_000

interface Case {
  readonly what: string
  readonly exchange?: string
  readonly now: string
  readonly wake: string
  readonly every?: number
  readonly settleHours?: number
  readonly stride?: number
}

const CASES: readonly Case[] = [
  {
    what: 'before the open: five minutes into it',
    now: '2024-07-01T08:00-04:00',
    wake: '2024-07-01T09:35-04:00',
  },
  { what: 'at the open', now: '2024-07-01T09:30-04:00', wake: '2024-07-01T09:35-04:00' },
  {
    what: 'within the session: the next of the grid',
    now: '2024-07-01T11:03-04:00',
    wake: '2024-07-01T11:05-04:00',
  },
  {
    what: 'on the grid: the one after',
    now: '2024-07-01T11:05-04:00',
    wake: '2024-07-01T11:10-04:00',
  },
  {
    what: 'shortly before the close: the close',
    now: '2024-07-01T15:58-04:00',
    wake: '2024-07-01T16:00-04:00',
  },
  {
    what: 'after the close: when it has settled',
    now: '2024-07-01T16:00-04:00',
    wake: '2024-07-01T17:00-04:00',
  },
  {
    what: 'settled: after the extended hours',
    now: '2024-07-01T17:00-04:00',
    wake: '2024-07-01T20:00-04:00',
  },
  { what: 'all over: the next day', now: '2024-07-01T20:00-04:00', wake: '2024-07-02T09:35-04:00' },
  {
    what: 'settling takes longer than extended hours',
    now: '2024-07-01T20:30-04:00',
    wake: '2024-07-01T22:00-04:00',
    settleHours: 6,
  },
  { what: 'Saturday: Monday', now: '2024-06-29T12:00-04:00', wake: '2024-07-01T09:35-04:00' },
  {
    what: 'Friday evening, settling over midnight UTC',
    now: '2024-06-28T19:59-04:00',
    wake: '2024-06-28T20:00-04:00',
  },
  {
    what: 'a settle delay that ends on Saturday',
    now: '2024-06-29T01:00-04:00',
    wake: '2024-06-29T04:00-04:00',
    settleHours: 12,
  },
  {
    what: 'a holiday, Thursday 4 July: Friday',
    now: '2024-07-04T10:00-04:00',
    wake: '2024-07-05T09:35-04:00',
  },
  {
    what: 'a half day closes at 13:00',
    now: '2024-07-03T12:59-04:00',
    wake: '2024-07-03T13:00-04:00',
  },
  {
    what: 'a half day settles an hour later',
    now: '2024-07-03T13:00-04:00',
    wake: '2024-07-03T14:00-04:00',
  },
  {
    what: 'a half day has extended hours until 17:00',
    now: '2024-07-03T14:00-04:00',
    wake: '2024-07-03T17:00-04:00',
  },
  {
    what: 'the Sunday on which the clocks go forward',
    now: '2024-03-10T01:00-05:00',
    wake: '2024-03-11T13:35Z',
  },
  {
    what: 'the Sunday on which the clocks go back',
    now: '2024-11-03T01:00-04:00',
    wake: '2024-11-04T14:35Z',
  },
  {
    what: 'a length that does not fit the session',
    now: '2024-07-01T15:00-04:00',
    wake: '2024-07-01T15:30-04:00',
    every: 60,
  },
  {
    what: 'no grid instant left: the settled close',
    now: '2024-07-01T15:31-04:00',
    wake: '2024-07-01T17:00-04:00',
    every: 60,
  },
  {
    what: 'every third of the grid',
    now: '2024-07-01T11:05-04:00',
    wake: '2024-07-01T11:20-04:00',
    stride: 3,
  },
  {
    what: 'none within the session',
    now: '2024-07-01T09:31-04:00',
    wake: '2024-07-01T17:00-04:00',
    stride: Infinity,
  },
  {
    what: 'Tokyo, in the morning',
    exchange: 'XTKS',
    now: '2024-07-01T10:01+09:00',
    wake: '2024-07-01T10:05+09:00',
  },
  {
    what: 'Tokyo, at noon: after the break',
    exchange: 'XTKS',
    now: '2024-07-01T11:45+09:00',
    wake: '2024-07-01T12:35+09:00',
  },
  {
    what: 'bitcoin never rests',
    exchange: '24/7',
    now: '2024-06-29T12:01Z',
    wake: '2024-06-29T12:05Z',
  },
]

describe('the next wake-up', () => {
  for (const { what, exchange, now, wake, every, settleHours, stride } of CASES) {
    test(what, () => {
      const calendar = getCalendar(exchange ?? 'XNYS')
      const at = nextWake(
        calendar,
        Date.parse(now),
        every ?? 5,
        (settleHours ?? 1) * HOUR_MS,
        stride,
      )
      assert.equal(new Date(at).toISOString(), new Date(Date.parse(wake)).toISOString())
    })
  }
})

describe('the stride', () => {
  const whole = { everyMinutes: 5, minutesLeft: 390, callsPerRound: 5 }

  test('is 1 where the plan has no calls a day, or more than enough', () => {
    assert.equal(strideWithin({ ...whole, callsLeft: null }), 1)
    assert.equal(strideWithin({ ...whole, callsLeft: 5 * (78 + 2) }), 1)
  })

  test('spreads what is left over the day and keeps two rounds for after the close', () => {
    // 25 calls are 5 rounds of 5: two are kept, three are left for the 78 instants of the day.
    assert.equal(strideWithin({ ...whole, callsLeft: 25 }), 26)
  })

  test('takes no rounds before the close where what is left is needed after it', () => {
    assert.equal(strideWithin({ ...whole, callsLeft: 10 }), Infinity)
    assert.equal(strideWithin({ ...whole, callsLeft: 0 }), Infinity)
  })

  test('is 1 where nothing costs a call', () => {
    assert.equal(strideWithin({ ...whole, callsPerRound: 0, callsLeft: 0 }), 1)
  })
})
