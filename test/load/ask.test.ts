import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { pino } from 'pino'
import { budgetState } from '../../src/db/budgets.ts'
import { makeBatch } from '../../src/domain/bar-batch.ts'
import { getCalendar } from '../../src/domain/calendar/registry.ts'
import { StockyardError } from '../../src/domain/error.ts'
import { ask, askBars, type AskContext, type Wait } from '../../src/load/ask.ts'
import { alphaVantage } from '../../src/providers/alpha-vantage/index.ts'
import { parseBudget } from '../../src/providers/budget.ts'
import { makeHttpClient } from '../../src/providers/fetch.ts'
import type {
  BarRequest,
  Provider,
  VendorBody,
  VendorFailure,
  VendorRequest,
} from '../../src/providers/provider.ts'
import { makeDatabase } from '../support/database.ts'
import { answer, reset, startFaultServer, type Reply } from '../support/fault-server.ts'
import { makeRecordingClock } from '../support/recording-clock.ts'

// One database for all tests; each has a provider of its own in it.
const { pool } = await makeDatabase()
const xnys = getCalendar('XNYS')
const KEY = 'canary-key-1'
const REQUEST: VendorRequest = { path: '/query', params: { symbol: 'IBM' }, keyParam: 'apikey' }
let providers = 0

interface Answered {
  readonly ok: true
  readonly value: number
}

/** A vendor whose answers say themselves what they are. */
const parse = (body: VendorBody) => {
  try {
    return JSON.parse(Buffer.from(body.bytes).toString()) as Answered | VendorFailure
  } catch {
    const failure = body.status >= 500 ? 'outage' : 'malformed'
    return { ok: false, failure, message: `status ${body.status}` } as const
  }
}

const good = answer(200, JSON.stringify({ ok: true, value: 42 }))

function refusing(failure: VendorFailure['failure'], message = 'No.'): Reply {
  return answer(200, JSON.stringify({ ok: false, failure, message }))
}

interface Bench {
  readonly provider: Provider
  readonly context: AskContext
  readonly sleeps: readonly number[]
  readonly waits: readonly Wait[]
  readonly seen: () => number
}

/** A vendor with the replies given, and what is needed to ask it. Time passes only by sleeping. */
async function makeBench(
  t: TestContext,
  replies: readonly Reply[],
  options: { budget?: string; baseUrl?: string; signal?: AbortSignal; onSleep?: () => void } = {},
): Promise<Bench> {
  providers += 1
  const provider = { ...alphaVantage, id: `vendor-${providers}`, name: 'Vendor' }
  const server = await startFaultServer(t, replies)
  const clock = makeRecordingClock({
    onSleep: async (ms) => {
      await passTime(provider.id, ms)
      options.onSleep?.()
    },
  })
  const log = pino({ level: 'silent' })
  const client = makeHttpClient({ clock, log, random: () => 0.5 })
  t.after(() => client.close())
  const waits: Wait[] = []
  const context: AskContext = {
    pool,
    client,
    clock,
    log,
    config: {
      key: KEY,
      baseUrl: options.baseUrl ?? server.url,
      budget: options.budget ?? 'unlimited',
    },
    ...(options.signal === undefined ? {} : { signal: options.signal }),
    onWait: (wait) => waits.push(wait),
    requests: 0,
  }
  return { provider, context, sleeps: clock.sleeps, waits, seen: () => server.requests.length }
}

/** The clock of the database cannot be moved, so what it has stored is moved the other way. */
async function passTime(provider: string, ms: number): Promise<void> {
  const interval = `${ms} milliseconds`
  await pool.query(
    'UPDATE stockyard.budget_calls SET called_at = called_at - $2::interval WHERE provider = $1',
    [provider, interval],
  )
  await pool.query(
    'UPDATE stockyard.budget_pauses SET paused_until = paused_until - $2::interval WHERE provider = $1',
    [provider, interval],
  )
}

async function failureOf(asking: Promise<unknown>): Promise<StockyardError> {
  const error = await asking.then(
    () => assert.fail('it was answered'),
    (thrown: unknown) => thrown,
  )
  assert.ok(error instanceof StockyardError, String(error))
  return error
}

/** Waits are measured against a real clock in between, so they may be a little shorter. */
function assertAbout(actual: readonly number[], expected: readonly number[]): void {
  assert.equal(actual.length, expected.length, `waited ${actual.join(', ')} ms`)
  for (const [index, ms] of actual.entries()) {
    assert.ok(
      ms <= expected[index]! && ms > expected[index]! - 1_000,
      `waited ${actual.join(', ')} ms`,
    )
  }
}

test('gives what the answer holds, for one call', async (t) => {
  const { provider, context } = await makeBench(t, [good])
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
    const { provider, context, sleeps } = await makeBench(t, [
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
  const { provider, context } = await makeBench(t, [refusing('entitlement', words)])
  const error = await failureOf(ask(context, provider, REQUEST, parse))
  assert.match(error.message, /detected your API key as \[redacted\] and so on/)
  assert.ok(!JSON.stringify([error.message, error.hint, error.stack]).includes(KEY))
  assert.ok(error.message.length < 400)
})

test('an unreadable answer is asked for twice more', async (t) => {
  const html = answer(200, '<html>')
  const mended = await makeBench(t, [html, html, good])
  assert.equal((await ask(mended.context, mended.provider, REQUEST, parse)).value, 42)
  assert.deepEqual([mended.context.requests, mended.sleeps], [3, [1_000, 2_000]])
  const lasting = await makeBench(t, [html])
  const error = await failureOf(ask(lasting.context, lasting.provider, REQUEST, parse))
  assert.deepEqual(
    [error.code, error.retry, lasting.context.requests],
    ['ANSWER_MALFORMED', true, 3],
  )
})

test('an outage is told after three calls, and not asked three times three', async (t) => {
  const { provider, context, seen } = await makeBench(t, [answer(503, 'down')])
  const error = await failureOf(ask(context, provider, REQUEST, parse))
  assert.deepEqual([error.kind, error.code, error.retry], ['provider', 'PROVIDER_OUTAGE', true])
  assert.deepEqual([context.requests, seen()], [3, 3])
})

test('an outage that comes with status 200 is asked for again', async (t) => {
  const { provider, context } = await makeBench(t, [refusing('outage'), good])
  assert.equal((await ask(context, provider, REQUEST, parse)).value, 42)
  assert.equal(context.requests, 2)
})

test('calls are counted also where the connection broke', async (t) => {
  const { provider, context } = await makeBench(t, [reset])
  const error = await failureOf(ask(context, provider, REQUEST, parse))
  assert.deepEqual([error.code, context.requests], ['PROVIDER_UNREACHABLE', 3])
})

// Too many calls -------------------------------------------------------------------------------------

test('a burst is waited for a little longer each time', async (t) => {
  const burst = refusing('burst', 'Please spread out.')
  const { provider, context, sleeps, waits } = await makeBench(t, [burst, burst, good])
  assert.equal((await ask(context, provider, REQUEST, parse)).value, 42)
  assert.equal(context.requests, 3)
  assertAbout(sleeps, [1_500, 3_000])
  assert.deepEqual(waits[0], { provider: provider.id, ms: sleeps[0], why: '"Please spread out."' })
})

test('a full minute is waited for a minute', async (t) => {
  const { provider, context, sleeps } = await makeBench(t, [refusing('minute'), good])
  assert.equal((await ask(context, provider, REQUEST, parse)).value, 42)
  assertAbout(sleeps, [60_000])
})

test('a vendor that goes on refusing is given up after four calls', async (t) => {
  const { provider, context } = await makeBench(t, [refusing('burst')])
  const error = await failureOf(ask(context, provider, REQUEST, parse))
  assert.deepEqual([error.code, error.retry, context.requests], ['RATE_LIMITED', true, 4])
})

test('a vendor that goes on answering 429 gets one pause, and six calls in all', async (t) => {
  const busy = answer(429, JSON.stringify({ ok: false, failure: 'minute', message: 'Too many.' }))
  const { provider, context, sleeps } = await makeBench(t, [busy])
  const error = await failureOf(ask(context, provider, REQUEST, parse))
  assert.deepEqual([error.code, context.requests], ['RATE_LIMITED', 6])
  assert.equal(sleeps.filter((ms) => ms > 50_000).length, 1)
})

test('a refusal for the day ends this call and sends no other one', async (t) => {
  const { provider, context, sleeps, seen } = await makeBench(t, [
    refusing('day', '25 a day.'),
    good,
  ])
  // However near the reset may be, it is not waited for.
  const options = { maxWaitMs: 0 }
  const first = await failureOf(ask(context, provider, REQUEST, parse, options))
  assert.deepEqual([first.kind, first.code, first.retry], ['provider', 'BUDGET_EXHAUSTED', true])
  assert.match(first.message, /before \d{4}-\d\d-\d\d \d\d:\d\d UTC: "25 a day\."\.$/)
  const next = { ...context, requests: 0 }
  const second = await failureOf(ask(next, provider, REQUEST, parse, options))
  assert.deepEqual([second.code, next.requests], ['BUDGET_EXHAUSTED', 0])
  assert.deepEqual([seen(), sleeps.length], [1, 0])
})

test('a minute that is full by our own count is waited for before anything is sent', async (t) => {
  const { provider, context, sleeps, waits, seen } = await makeBench(t, [good], { budget: '2/min' })
  for (let i = 0; i < 3; i += 1) await ask(context, provider, REQUEST, parse)
  assertAbout(sleeps, [62_000])
  assert.equal(waits[0]!.why, '2 calls a minute are used up')
  assert.deepEqual([context.requests, seen()], [3, 3])
})

test('a day that is full by our own count ends the call before anything is sent', async (t) => {
  const { provider, context, sleeps, seen } = await makeBench(t, [good], { budget: '1/day' })
  await ask(context, provider, REQUEST, parse)
  const error = await failureOf(ask(context, provider, REQUEST, parse, { maxWaitMs: 0 }))
  assert.equal(error.code, 'BUDGET_EXHAUSTED')
  assert.match(error.hint!, /VENDOR_\d+_BUDGET/)
  assert.deepEqual([context.requests, seen(), sleeps.length], [1, 1, 0])
})

test('every try is paid for: tries stop where the budget does', async (t) => {
  const { provider, context, seen } = await makeBench(t, [answer(503, '')], { budget: '2/day' })
  const error = await failureOf(ask(context, provider, REQUEST, parse, { maxWaitMs: 0 }))
  assert.deepEqual([error.code, context.requests, seen()], ['BUDGET_EXHAUSTED', 2, 2])
})

test('what Retry-After says to one process holds for all', async (t) => {
  const busy = answer(429, '', { 'retry-after': '40' })
  const { provider, context, sleeps } = await makeBench(t, [busy, good])
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
  const { provider, context } = await makeBench(t, [good], { baseUrl, budget: '25/day' })
  assert.equal(
    (await failureOf(ask(context, provider, REQUEST, parse))).code,
    'PROVIDER_UNREACHABLE',
  )
  assert.equal(context.requests, 0)
  const state = await budgetState(pool, provider.id, parseBudget('25/day'), provider.resetZone)
  assert.equal(state.windows[0]!.left, 25)
})

test('a call that is vetoed while it waits for the budget is not made', async (t) => {
  let veto: StockyardError | undefined
  const onSleep = () => {
    veto = new StockyardError('provider', 'PLAN_LACKS', 'Another call was told so.')
  }
  const { provider, context, seen } = await makeBench(t, [good], { budget: '1/min', onSleep })
  const options = { veto: () => veto }
  await ask(context, provider, REQUEST, parse, options)
  const error = await failureOf(ask(context, provider, REQUEST, parse, options))
  assert.deepEqual([error.code, context.requests, seen()], ['PLAN_LACKS', 1, 1])
})

test('an interruption ends a wait for the budget', async (t) => {
  const stop = new AbortController()
  const options = { budget: '1/min', signal: stop.signal, onSleep: () => stop.abort() }
  const { provider, context } = await makeBench(t, [good], options)
  await ask(context, provider, REQUEST, parse)
  const error = await failureOf(ask(context, provider, REQUEST, parse))
  assert.deepEqual([error.kind, error.code, context.requests], ['incomplete', 'INTERRUPTED', 1])
})

// Bars -----------------------------------------------------------------------------------------------

function barRequest(symbol: string, fallback: BarRequest | null): BarRequest {
  const params = { symbol, outputsize: fallback === null ? 'compact' : 'full' }
  return {
    request: { ...REQUEST, params },
    symbol,
    interval: '1d',
    asked: null,
    covers: null,
    fallback,
  }
}

/** A bench whose answers are one bar of a symbol, or a failure. */
async function makeBarBench(t: TestContext, replies: readonly Reply[]) {
  const bench = await makeBench(t, replies)
  const provider: Provider = {
    ...bench.provider,
    parseBars: (body) => {
      const said = JSON.parse(Buffer.from(body.bytes).toString()) as
        | { ok: true; symbol: string | null }
        | VendorFailure
      if (!said.ok) return said
      return { ...said, batch: makeBatch(1), rawAt: () => '', unreadable: [], notes: [] }
    },
  }
  return { ...bench, provider }
}

const barsOf = (symbol: string | null) => answer(200, JSON.stringify({ ok: true, symbol }))

test('bars come with the call that brought them and when', async (t) => {
  for (const said of ['BRK.B', 'brk.b', null]) {
    const { provider, context } = await makeBarBench(t, [barsOf(said)])
    const request = barRequest('BRK.B', null)
    const got = await askBars(context, provider, request, xnys)
    assert.equal(got.request, request)
    assert.equal(got.receivedAt, context.clock.now())
    assert.equal(got.batch.length, 1)
  }
})

test('bars of another symbol are refused', async (t) => {
  const { provider, context } = await makeBarBench(t, [barsOf('AAPL')])
  const error = await failureOf(askBars(context, provider, barRequest('MSFT', null), xnys))
  assert.deepEqual([error.kind, error.code], ['provider', 'ANSWER_OTHER_SYMBOL'])
  assert.match(error.message, /asked for MSFT and answered for AAPL/)
})

test('where the plan lacks a call the lesser one is made, once', async (t) => {
  const lesser = barRequest('IBM', null)
  const request = barRequest('IBM', lesser)
  const mended = await makeBarBench(t, [refusing('entitlement'), barsOf('IBM')])
  assert.equal((await askBars(mended.context, mended.provider, request, xnys)).request, lesser)
  assert.equal(mended.context.requests, 2)
  const lacking = await makeBarBench(t, [refusing('entitlement')])
  const error = await failureOf(askBars(lacking.context, lacking.provider, request, xnys))
  assert.deepEqual([error.code, lacking.context.requests], ['PLAN_LACKS', 2])
})

test('what the plan was found to lack is not asked again for the next symbols', async (t) => {
  const replies = [refusing('entitlement'), barsOf(null)]
  const { provider, context, seen } = await makeBarBench(t, replies)
  for (const symbol of ['IBM', 'AAPL', 'MSFT']) {
    const lesser = barRequest(symbol, null)
    const got = await askBars(context, provider, barRequest(symbol, lesser), xnys)
    assert.equal(got.request, lesser)
  }
  assert.deepEqual([context.requests, seen()], [4, 4])
})

test('no lesser call is made for any other failure', async (t) => {
  const request = barRequest('IBM', barRequest('IBM', null))
  const { provider, context } = await makeBarBench(t, [refusing('unknown-symbol'), barsOf('IBM')])
  const error = await failureOf(askBars(context, provider, request, xnys))
  assert.deepEqual([error.code, context.requests], ['SYMBOL_UNKNOWN', 1])
})

test('a refused call is tried in its lesser form, for each symbol anew', async (t) => {
  const replies = [refusing('bad-request'), barsOf(null), barsOf(null)]
  const { provider, context } = await makeBarBench(t, replies)
  const lesser = barRequest('IBM', null)
  assert.equal((await askBars(context, provider, barRequest('IBM', lesser), xnys)).request, lesser)
  const full = barRequest('MSFT', barRequest('MSFT', null))
  assert.equal((await askBars(context, provider, full, xnys)).request, full)
  assert.equal(context.requests, 3)
})
