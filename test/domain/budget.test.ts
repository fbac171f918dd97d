import assert from 'node:assert/strict'
import test from 'node:test'
import * as fc from 'fast-check'
import {
  closeReserve,
  decideCall,
  LANES,
  tightened,
  type Budget,
  type Lane,
  type Spending,
} from '../../src/domain/budget.ts'

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
  dayUsed: 0,
  pausedUntil: null,
  pauseReason: null,
  keptSeries: 0,
  moreUrgent: 0,
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

test('a full day is waited for until the next one begins', () => {
  const today = decideCall({ ...UNSPENT, dayUsed: 25 }, FREE_PLAN)
  assert.deepEqual(today, {
    allowed: false,
    window: 'day',
    waitMs: DAY_MS / 2,
    resetsAt: DAY_START + DAY_MS,
    reason: '25 calls a day are used up',
  })
  assert.deepEqual(decideCall({ ...UNSPENT, dayUsed: 24 }, FREE_PLAN), { allowed: true })
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
  const later = { ...UNSPENT, ...pause, dayUsed: 25 }
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
    dayUsed: calls.filter((at) => at >= dayStart).length,
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

// Lanes ----------------------------------------------------------------------------------------------

function windowOf(spending: Partial<Spending>, lane: Lane): string {
  const decision = decideCall({ ...UNSPENT, ...spending }, FREE_PLAN, lane)
  return decision.allowed ? 'allowed' : decision.window
}

test('of 25 calls a day repair and backfill leave one for each kept series, and no more than half', () => {
  const reserves = [0, 3, 12, 13, 500].map((kept) => closeReserve(25, kept))
  assert.deepEqual(reserves, [5, 3, 12, 12, 12])
  assert.deepEqual([closeReserve(1, 9), closeReserve(2, 9), closeReserve(Infinity, 9)], [0, 1, 0])
})

function windowsAfter(dayUsed: number): string[] {
  return LANES.map((lane) => windowOf({ dayUsed, keptSeries: 5 }, lane))
}

test('backfill stops where the reserve of the close begins, and live and close go on to the last call', () => {
  assert.deepEqual(windowsAfter(19), ['allowed', 'allowed', 'allowed', 'allowed'])
  assert.deepEqual(windowsAfter(20), ['allowed', 'allowed', 'reserve', 'reserve'])
  assert.deepEqual(windowsAfter(24), ['allowed', 'allowed', 'reserve', 'reserve'])
  assert.deepEqual(windowsAfter(25), ['day', 'day', 'day', 'day'])
})

test('the reserve is let go two hours before the day of the vendor ends', () => {
  const kept = { ...UNSPENT, dayUsed: 20, keptSeries: 5 }
  assert.deepEqual(decideCall(kept, FREE_PLAN, 'backfill'), {
    allowed: false,
    window: 'reserve',
    waitMs: 10 * 3_600_000,
    resetsAt: DAY_START + 22 * 3_600_000,
    reason: 'the last 5 of 25 calls a day are kept for the close',
  })
  const late = { ...kept, now: DAY_START + 22 * 3_600_000 }
  assert.deepEqual(decideCall(late, FREE_PLAN, 'backfill'), { allowed: true })
})

test('a call steps aside for a second while a more urgent one waits', () => {
  assert.deepEqual(decideCall({ ...UNSPENT, moreUrgent: 2 }, FREE_PLAN, 'backfill'), {
    allowed: false,
    window: 'lane',
    waitMs: 1_000,
    resetsAt: NOON + 1_000,
    reason: 'a more urgent call goes first',
  })
})

test('a limit that was seen lowers a budget and never raises it', () => {
  assert.deepEqual(tightened(FREE_PLAN, { perMinute: 3, perDay: 500 }), {
    perSecond: 1,
    perMinute: 3,
    perDay: 25,
  })
})
