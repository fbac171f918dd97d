import assert from 'node:assert/strict'
import test from 'node:test'
import { budgetState } from '../../src/db/budgets.ts'
import { openPool } from '../../src/db/connect.ts'
import { accountOf, storePlanLimit } from '../../src/db/plan-limits.ts'
import { ask } from '../../src/load/ask.ts'
import { parseBudget } from '../../src/providers/budget.ts'
import {
  assertAbout,
  failureOf,
  good,
  KEY,
  makeBench,
  parse,
  refusing,
  REQUEST,
} from '../support/asking.ts'
import { makeClockMovable } from '../support/database-clock.ts'
import { makeDatabase } from '../support/database.ts'
import { answer, reset, type Reply } from '../support/fault-server.ts'
import { makeRecordingClock } from '../support/recording-clock.ts'

// One database for all tests; each has a provider of its own in it.
const { pool } = await makeDatabase()
/** For the one test that moves the clock of its database. */
const timed = await makeDatabase()

test('gives what the answer holds, for one call', async (t) => {
  const { provider, context } = await makeBench(t, pool, [good])
  assert.deepEqual(await ask(context, provider, REQUEST, parse), { ok: true, value: 42 })
  assert.equal(context.requests, 1)
})

// What is not data -----------------------------------------------------------------------------------

for (const [failure, kind, code, hint] of [
  ['entitlement', 'provider', 'PLAN_LACKS', /plan/],
  ['key', 'config', 'KEY_REFUSED', /VENDOR_\d+_API_KEY/],
  ['unknown-symbol', 'not-found', 'SYMBOL_UNKNOWN', /spelling/],
  ['bad-request', 'provider', 'REQUEST_REFUSED', /symbol/],
  ['no-data', 'not-found', 'NO_DATA', /symbol/],
] as const) {
  test(`an answer of the class ${failure} is ${code}, and the call is not repeated`, async (t) => {
    const { provider, context, sleeps } = await makeBench(t, pool, [
      refusing(failure, 'Sorry about that.'),
      good,
    ])
    const error = await failureOf(ask(context, provider, REQUEST, parse))
    assert.deepEqual([error.kind, error.code, error.retry], [kind, code, false])
    assert.match(error.hint!, hint)
    assert.match(error.message, /^Vendor .*: "Sorry about that\."\.$/)
    assert.deepEqual([context.requests, sleeps.length], [1, 0])
  })
}

test('the words of the vendor are told without the key and not at length', async (t) => {
  const words = `We have detected your API key as ${KEY} ${'and so on '.repeat(100)}`
  const { provider, context } = await makeBench(t, pool, [refusing('entitlement', words)])
  const error = await failureOf(ask(context, provider, REQUEST, parse))
  assert.match(error.message, /detected your API key as \[redacted\] and so on/)
  assert.ok(!JSON.stringify([error.message, error.hint, error.stack]).includes(KEY))
  assert.ok(error.message.length < 400)
})

test('an unreadable answer is asked for twice more', async (t) => {
  const html = answer(200, '<html>')
  const mended = await makeBench(t, pool, [html, html, good])
  assert.equal((await ask(mended.context, mended.provider, REQUEST, parse)).value, 42)
  assert.deepEqual([mended.context.requests, mended.sleeps], [3, [1_000, 2_000]])
  const lasting = await makeBench(t, pool, [html])
  const error = await failureOf(ask(lasting.context, lasting.provider, REQUEST, parse))
  assert.deepEqual(
    [error.code, error.retry, lasting.context.requests],
    ['ANSWER_MALFORMED', true, 3],
  )
})

test('an outage is told after three calls, and not asked three times three', async (t) => {
  const { provider, context, seen } = await makeBench(t, pool, [answer(503, 'down')])
  const error = await failureOf(ask(context, provider, REQUEST, parse))
  assert.deepEqual([error.kind, error.code, error.retry], ['provider', 'PROVIDER_OUTAGE', true])
  assert.deepEqual([context.requests, seen()], [3, 3])
})

test('an outage that comes with status 200 is asked for again', async (t) => {
  const { provider, context } = await makeBench(t, pool, [refusing('outage'), good])
  assert.equal((await ask(context, provider, REQUEST, parse)).value, 42)
  assert.equal(context.requests, 2)
})

test('calls are counted also where the connection broke', async (t) => {
  const { provider, context } = await makeBench(t, pool, [reset])
  const error = await failureOf(ask(context, provider, REQUEST, parse))
  assert.deepEqual([error.code, context.requests], ['PROVIDER_UNREACHABLE', 3])
})

// Too many calls -------------------------------------------------------------------------------------

test('a burst is waited for a little longer each time', async (t) => {
  const burst = refusing('burst', 'Please spread out.')
  const { provider, context, sleeps, waits } = await makeBench(t, pool, [burst, burst, good])
  assert.equal((await ask(context, provider, REQUEST, parse)).value, 42)
  assert.equal(context.requests, 3)
  assertAbout(sleeps, [1_500, 3_000])
  assert.deepEqual(waits[0], { provider: provider.id, ms: sleeps[0], why: '"Please spread out."' })
})

test('a full minute is waited for a minute', async (t) => {
  const { provider, context, sleeps } = await makeBench(t, pool, [refusing('minute'), good])
  assert.equal((await ask(context, provider, REQUEST, parse)).value, 42)
  assertAbout(sleeps, [60_000])
})

test('a vendor that goes on refusing is given up after four calls', async (t) => {
  const { provider, context } = await makeBench(t, pool, [refusing('burst')])
  const error = await failureOf(ask(context, provider, REQUEST, parse))
  assert.deepEqual([error.code, error.retry, context.requests], ['RATE_LIMITED', true, 4])
})

test('a vendor that goes on answering 429 gets one pause, and six calls in all', async (t) => {
  const busy = answer(429, JSON.stringify({ ok: false, failure: 'minute', message: 'Too many.' }))
  const { provider, context, sleeps } = await makeBench(t, pool, [busy])
  const error = await failureOf(ask(context, provider, REQUEST, parse))
  assert.deepEqual([error.code, context.requests], ['RATE_LIMITED', 6])
  assert.equal(sleeps.filter((ms) => ms > 50_000).length, 1)
})

test('a refusal for the day ends this call and sends no other one', async (t) => {
  const { provider, context, sleeps, seen } = await makeBench(t, pool, [
    refusing('day', '25 a day.'),
    good,
  ])
  // However near the reset may be, it is not waited for.
  const options = { maxWaitMs: 0 }
  const first = await failureOf(ask(context, provider, REQUEST, parse, options))
  assert.deepEqual([first.kind, first.code, first.retry], ['provider', 'BUDGET_EXHAUSTED', true])
  assert.match(first.message, /before \d{4}-\d\d-\d\d \d\d:\d\d UTC: "25 a day\."\.$/)
  assert.equal(first.hint, 'Run it again then: it goes on where it stopped.')
  const next = { ...context, requests: 0 }
  const second = await failureOf(ask(next, provider, REQUEST, parse, options))
  assert.deepEqual([second.code, next.requests], ['BUDGET_EXHAUSTED', 0])
  assert.deepEqual([seen(), sleeps.length], [1, 0])
})

test('a minute that is full by our own count is waited for before anything is sent', async (t) => {
  const { provider, context, sleeps, waits, seen } = await makeBench(t, pool, [good], {
    budget: '2/min',
  })
  for (let i = 0; i < 3; i += 1) await ask(context, provider, REQUEST, parse)
  assertAbout(sleeps, [62_000])
  assert.equal(waits[0]!.why, '2 calls a minute are used up')
  assert.deepEqual([context.requests, seen()], [3, 3])
})

test('a day that is full by our own count ends the call before anything is sent', async (t) => {
  const { provider, context, sleeps, seen } = await makeBench(t, pool, [good], { budget: '1/day' })
  await ask(context, provider, REQUEST, parse)
  const error = await failureOf(ask(context, provider, REQUEST, parse, { maxWaitMs: 0 }))
  assert.equal(error.code, 'BUDGET_EXHAUSTED')
  assert.match(error.hint!, /VENDOR_\d+_BUDGET/)
  assert.deepEqual([context.requests, seen(), sleeps.length], [1, 1, 0])
})

test('a call counts from when the vendor had it for sure, where that is long after it was paid for', async (t) => {
  const clock = makeRecordingClock({ onSleep: await makeClockMovable(timed.pool) })
  const moved = openPool(timed.url, { max: 2 })
  t.after(() => moved.end())
  const slow: Reply = (socket, request) => {
    void clock.sleep(30_000).then(() => good(socket, request))
  }
  const bench = await makeBench(t, moved, [slow, good], { budget: '1/min' })
  const context = { ...bench.context, clock }
  for (let i = 0; i < 2; i += 1) await ask(context, bench.provider, REQUEST, parse)
  // Not the 32 seconds that were left of the minute since it was paid for.
  assertAbout(clock.sleeps, [30_000, 60_000])
})

test('every try is paid for: tries stop where the budget does', async (t) => {
  const { provider, context, seen } = await makeBench(t, pool, [answer(503, '')], {
    budget: '2/day',
  })
  const error = await failureOf(ask(context, provider, REQUEST, parse, { maxWaitMs: 0 }))
  assert.deepEqual([error.code, context.requests, seen()], ['BUDGET_EXHAUSTED', 2, 2])
})

test('what Retry-After says to one process holds for all', async (t) => {
  const busy = answer(429, '', { 'retry-after': '40' })
  const { provider, context, sleeps } = await makeBench(t, pool, [busy, good])
  assert.equal((await ask(context, provider, REQUEST, parse)).value, 42)
  assert.equal(sleeps[0], 40_000)
  const { rows } = await pool.query(
    'SELECT reason FROM stockyard.budget_pauses WHERE provider = $1',
    [provider.id],
  )
  assert.match(rows[0].reason, /status 429/)
})

test('a network that is down costs no call of the day', async (t) => {
  const baseUrl = 'http://stockyard.invalid'
  const { provider, context } = await makeBench(t, pool, [good], { baseUrl, budget: '25/day' })
  assert.equal(
    (await failureOf(ask(context, provider, REQUEST, parse))).code,
    'PROVIDER_UNREACHABLE',
  )
  assert.equal(context.requests, 0)
  const state = await budgetState(pool, provider.id, parseBudget('25/day'), provider.resetZone)
  assert.equal(state.windows[0]!.left, 25)
})

test('a call that is found to be lacking in the plan while it waits for the budget is not made', async (t) => {
  const onSleep = async () => {
    const account = accountOf(context.config)
    await storePlanLimit(pool, provider.id, 'bars 1d', 'Premium.', { account })
  }
  const { provider, context, seen } = await makeBench(t, pool, [good], { budget: '1/min', onSleep })
  const bars = {
    request: REQUEST,
    symbol: 'IBM',
    interval: '1d',
    asked: null,
    covers: null,
  } as const
  const options = { bars: { ...bars, fallback: null } }
  await ask(context, provider, REQUEST, parse, options)
  const error = await failureOf(ask(context, provider, REQUEST, parse, options))
  assert.deepEqual([error.code, context.requests, seen()], ['PLAN_LACKS', 1, 1])
})

test('an interruption ends a wait for the budget', async (t) => {
  const stop = new AbortController()
  const options = { budget: '1/min', signal: stop.signal, onSleep: () => stop.abort() }
  const { provider, context } = await makeBench(t, pool, [good], options)
  await ask(context, provider, REQUEST, parse)
  const error = await failureOf(ask(context, provider, REQUEST, parse))
  assert.deepEqual([error.kind, error.code, context.requests], ['incomplete', 'INTERRUPTED', 1])
})
