import assert from 'node:assert/strict'
import test from 'node:test'
import * as fc from 'fast-check'
import { decideCall, type Budget, type Spending } from '../../src/domain/budget.ts'

const DAY_MS = 86_400_000
const DAY_START = Date.UTC(2026, 2, 2)
const NOON = DAY_START + DAY_MS / 2
const FREE_PLAN: Budget = { perSecond: 1, perMinute: 5, perDay: 25 }
const UNSPENT: Spending = {
  now: NOON,
  dayStart: DAY_START,
  dayEnd: DAY_START + DAY_MS,
  secondCall: null,
  minuteCall: null,
  dayCall: null,
  pausedUntil: null,
  pauseReason: null,
}

test('a call may go out where nothing was spent', () => {
  assert.deepEqual(decideCall(UNSPENT, FREE_PLAN), { allowed: true })
})

test('a full second is waited for 1.25 seconds, a full minute for 62', () => {
  const second = decideCall({ ...UNSPENT, secondCall: NOON - 250 }, FREE_PLAN)
  assert.deepEqual(second, {
    allowed: false,
    window: 'second',
    waitMs: 1_000,
    resetsAt: NOON + 1_000,
    reason: '1 call a second is used up',
  })
  const minute = decideCall(
    { ...UNSPENT, secondCall: NOON - 1_000, minuteCall: NOON - 50_000 },
    FREE_PLAN,
  )
  assert.deepEqual(minute, {
    allowed: false,
    window: 'minute',
    waitMs: 12_000,
    resetsAt: NOON + 12_000,
    reason: '5 calls a minute are used up',
  })
})

test('a full day is waited for until the next one begins, and a call of yesterday does not count', () => {
  const today = decideCall({ ...UNSPENT, dayCall: DAY_START }, FREE_PLAN)
  assert.deepEqual(today, {
    allowed: false,
    window: 'day',
    waitMs: DAY_MS / 2,
    resetsAt: DAY_START + DAY_MS,
    reason: '25 calls a day are used up',
  })
  assert.deepEqual(decideCall({ ...UNSPENT, dayCall: DAY_START - 1 }, FREE_PLAN), { allowed: true })
})

test('a pause holds until its end, and what lasts longest is what is told', () => {
  const pause = { pausedUntil: NOON + 5_000, pauseReason: 'the vendor said so' }
  assert.deepEqual(decideCall({ ...UNSPENT, ...pause, secondCall: NOON }, FREE_PLAN), {
    allowed: false,
    window: 'pause',
    waitMs: 5_000,
    resetsAt: NOON + 5_000,
    reason: 'the vendor said so',
  })
  const later = { ...UNSPENT, ...pause, dayCall: NOON }
  const told = decideCall(later, FREE_PLAN)
  assert.equal(told.allowed ? null : told.window, 'day')
  assert.deepEqual(decideCall({ ...UNSPENT, ...pause, now: NOON + 5_000 }, FREE_PLAN), {
    allowed: true,
  })
})

/** What was spent, by walking all calls: slow and plain. */
function spendingAt(now: number, calls: readonly number[], budget: Budget): Spending {
  const back = (limit: number) => calls.toReversed()[limit - 1] ?? null
  const dayStart = Math.floor(now / DAY_MS) * DAY_MS
  return {
    ...UNSPENT,
    now,
    dayStart,
    dayEnd: dayStart + DAY_MS,
    secondCall: back(budget.perSecond),
    minuteCall: back(budget.perMinute),
    dayCall: back(budget.perDay),
  }
}

function mostWithin(calls: readonly number[], windowMs: number): number {
  return Math.max(
    0,
    ...calls.map((from) => calls.filter((at) => at >= from && at < from + windowMs).length),
  )
}

test('no second, minute or day ever has more calls than its limit, and no wait is longer than needed', () => {
  const limit = fc.oneof(fc.integer({ min: 1, max: 8 }), fc.constant(Infinity))
  const budgets = fc.record({ perSecond: limit, perMinute: limit, perDay: limit })
  const steps = fc.array(
    fc.oneof(
      { weight: 4, arbitrary: fc.integer({ min: 0, max: 2_000 }) },
      { weight: 2, arbitrary: fc.integer({ min: 0, max: 70_000 }) },
      { weight: 1, arbitrary: fc.integer({ min: 0, max: DAY_MS }) },
    ),
    { maxLength: 60 },
  )
  fc.assert(
    fc.property(budgets, steps, (budget, stepsMs) => {
      const calls: number[] = []
      let now = NOON
      for (const stepMs of stepsMs) {
        now += stepMs
        const decision = decideCall(spendingAt(now, calls, budget), budget)
        if (!decision.allowed) {
          assert.equal(decision.resetsAt, now + decision.waitMs)
          assert.ok(decision.waitMs > 0)
          const justBefore = decideCall(spendingAt(decision.resetsAt - 1, calls, budget), budget)
          assert.equal(justBefore.allowed, false)
          now = decision.resetsAt
          // One obstacle may be gone and another one begin, such as the next second of a new day.
          if (!decideCall(spendingAt(now, calls, budget), budget).allowed) continue
        }
        calls.push(now)
      }
      assert.ok(mostWithin(calls, 1_000) <= budget.perSecond)
      assert.ok(mostWithin(calls, 60_000) <= budget.perMinute)
      const days = Map.groupBy(calls, (at) => Math.floor(at / DAY_MS))
      for (const ofDay of days.values()) assert.ok(ofDay.length <= budget.perDay)
    }),
  )
})
