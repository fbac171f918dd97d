/** How long a plan's calls take inside a budget, by hand. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { daysAt, spanOf } from '../../src/load/plan-backfill.ts'

const HOUR_MS = 3_600_000
const NOON = Date.parse('2026-06-05T16:00:00Z')
/** The vendor's day ends at midnight in New York, twelve hours later. */
const DAY_END = Date.parse('2026-06-06T04:00:00Z')
const FREE = { perSecond: 1, perMinute: 5, perDay: 25 }
const UNLIMITED = { perSecond: Infinity, perMinute: Infinity, perDay: Infinity }

it('takes no time where nothing limits, and no day without a call', () => {
  assert.deepEqual(spanOf(1000, UNLIMITED, { left: Infinity, endsAt: DAY_END }, NOON), {
    ms: 0,
    days: 1,
  })
  assert.deepEqual(spanOf(0, FREE, { left: 25, endsAt: DAY_END }, NOON), { ms: 0, days: 0 })
})

it('lets five calls out a minute, each in a second of its own', () => {
  const day = { left: 25, endsAt: DAY_END }
  // A second and a minute are kept with a margin: 1.25 s and 62 s.
  assert.equal(spanOf(5, FREE, day, NOON).ms, 4 * 1250)
  assert.equal(spanOf(6, FREE, day, NOON).ms, 62_000)
  assert.equal(spanOf(25, FREE, day, NOON).ms, 4 * 62_000)
})

it('waits for midnight where the vendor counts, and counts what was spent today', () => {
  // 52 calls with 22 left: 22 today, 25 tomorrow, 5 on the third day.
  const third = spanOf(52, FREE, { left: 22, endsAt: DAY_END }, NOON)
  assert.deepEqual(third, { ms: 12 * HOUR_MS + 24 * HOUR_MS + 4 * 1250, days: 3 })
  const tomorrow = spanOf(25, FREE, { left: 0, endsAt: DAY_END }, NOON)
  assert.deepEqual(tomorrow, { ms: 12 * HOUR_MS + 4 * 62_000, days: 1 })
})

it('tells the days on a plan of so many calls a day', () => {
  assert.deepEqual(
    [0, 1, 25, 26, 52, 1240].map((calls) => daysAt(calls, 25)),
    [0, 1, 1, 2, 3, 50],
  )
  assert.equal(daysAt(1240, Infinity), 1)
})
