import assert from 'node:assert/strict'
import test from 'node:test'
import { budgetState, pauseProvider, reserveCall } from '../../src/db/budgets.ts'
import {
  accountOf,
  findPlanLimit,
  forgetLimits,
  learnCeiling,
  readCeilings,
  readPlanLimits,
  storePlanLimit,
  type RefusedCall,
} from '../../src/db/plan-limits.ts'
import type { Budget } from '../../src/domain/budget.ts'
import { makeDatabase } from '../support/database.ts'

// One database for all tests; each has a provider of its own in it.
const { pool } = await makeDatabase()
const NOON = Date.UTC(2026, 2, 2, 12)
const DAY_MS = 86_400_000
const TEN: Budget = { perSecond: Infinity, perMinute: 10, perDay: Infinity }
const account = accountOf({ key: 'KEY-1', budget: undefined })

test('an account is a hash that changes with the key and with the budget, and holds neither', () => {
  const others = [
    { key: 'KEY-2', budget: undefined },
    { key: 'KEY-1', budget: '75/min' },
    { key: undefined, budget: undefined },
  ].map(accountOf)
  assert.equal(new Set([account, ...others]).size, 4)
  assert.match(account, /^[0-9a-f]{16}$/)
})

test('what a plan lacks is known for 30 days, to the key that was refused', async () => {
  await storePlanLimit(pool, 'lacks', 'bars 1d full', 'Premium.', { now: NOON, account })
  const find = (topics: readonly string[], now: number, of = account) =>
    findPlanLimit(pool, 'lacks', topics, { now, account: of })
  assert.deepEqual(await find(['bars 5m', 'bars 1d full'], NOON + 1), {
    topic: 'bars 1d full',
    words: 'Premium.',
    refusedAt: NOON,
    retryAfter: NOON + 30 * DAY_MS,
  })
  assert.equal(await find(['bars 1d'], NOON + 1), null)
  assert.equal(await find([], NOON + 1), null)
  assert.equal(await find(['bars 1d full'], NOON + 30 * DAY_MS), null)
  assert.equal(await find(['bars 1d full'], NOON + 1, accountOf({ key: 'K', budget: '' })), null)
})

async function spend(provider: string, calls: number): Promise<number> {
  for (let i = 0; i < calls; i += 1) {
    assert.ok((await reserveCall(pool, provider, TEN, 'UTC', { now: NOON + i, account })).allowed)
  }
  return NOON + calls - 1
}

const refusedAt = (reservedAt: number, change: Partial<RefusedCall> = {}): RefusedCall => ({
  window: 'minute',
  reservedAt,
  named: null,
  words: 'Too many.',
  limit: 10,
  ...change,
})

test('a sixth call that is refused shows a limit of five, for all processes, for an hour', async () => {
  const sixth = await spend('counted', 6)
  // Two more were on their way when the sixth was refused.
  for (const i of [1, 2])
    await reserveCall(pool, 'counted', TEN, 'UTC', { now: sixth + i, account })
  const reader = { now: sixth + 50, account }
  await learnCeiling(pool, 'counted', refusedAt(sixth), reader)
  await learnCeiling(pool, 'counted', refusedAt(sixth + 1), reader)
  const [ceiling, ...others] = await readCeilings(pool, 'counted', reader)
  assert.deepEqual([ceiling?.calls, ceiling?.holdsUntil, others], [5, sixth + 50 + 3_600_000, []])
  // The calls up to then fill a window that ends with the last of them.
  const later = sixth + 62_002
  let allowed = 0
  for (let i = 0; i < 10; i += 1) {
    const answer = await reserveCall(pool, 'counted', TEN, 'UTC', { now: later + i, account })
    if (answer.allowed) allowed += 1
  }
  assert.equal(allowed, 5)
  const state = await budgetState(pool, 'counted', TEN, 'UTC', { now: later + 10, account })
  assert.deepEqual([state.windows[0]!.limit, state.windows[0]!.left], [5, 0])
  const relaxed = { now: sixth + 50 + 3_600_000, account }
  assert.deepEqual((await budgetState(pool, 'counted', TEN, 'UTC', relaxed)).windows[0]!.limit, 10)
})

test('a limit that the vendor names holds for a week, and only where it is lower', async () => {
  const budget = { ...TEN, perDay: 500 }
  const day = (named: number | null) =>
    refusedAt(NOON, { window: 'day', named, limit: budget.perDay, words: '25 requests per day' })
  await learnCeiling(pool, 'named', day(500), { now: NOON, account })
  await learnCeiling(pool, 'named', day(null), { now: NOON, account })
  assert.deepEqual(await readCeilings(pool, 'named', { now: NOON, account }), [])
  await learnCeiling(pool, 'named', day(25), { now: NOON, account })
  assert.deepEqual(await readCeilings(pool, 'named', { now: NOON + 7 * DAY_MS - 1, account }), [
    {
      window: 'day',
      calls: 25,
      words: '25 requests per day',
      seenAt: NOON,
      holdsUntil: NOON + 7 * DAY_MS,
    },
  ])
  assert.deepEqual(await readCeilings(pool, 'named', { now: NOON + 7 * DAY_MS, account }), [])
})

test('a first call that is refused shows no limit: somebody else spends calls', async () => {
  const first = await spend('first', 1)
  await learnCeiling(pool, 'first', refusedAt(first), { now: first, account })
  assert.deepEqual(await readCeilings(pool, 'first', { now: first, account }), [])
})

test('what was learned of one provider is forgotten on request, of every key', async () => {
  for (const key of ['KEY-1', 'KEY-2']) {
    const reader = { now: NOON, account: accountOf({ key, budget: undefined }) }
    await storePlanLimit(pool, 'forgotten', 'bars 5m', 'Premium.', reader)
    await learnCeiling(pool, 'forgotten', refusedAt(NOON, { named: 3 }), reader)
  }
  await pauseProvider(pool, 'forgotten', { ms: 3_600_000 }, 'The day is used up.', { now: NOON })
  assert.equal(await forgetLimits(pool, 'forgotten'), 5)
  assert.equal(await forgetLimits(pool, 'forgotten'), 0)
  assert.deepEqual(await readPlanLimits(pool, 'forgotten', { now: NOON, account }), [])
})
