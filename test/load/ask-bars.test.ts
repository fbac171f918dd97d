import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { budgetState } from '../../src/db/budgets.ts'
import { accountOf, readCeilings, readPlanLimits } from '../../src/db/plan-limits.ts'
import { makeBatch } from '../../src/domain/bar-batch.ts'
import { getCalendar } from '../../src/domain/calendar/registry.ts'
import { ask, askBars } from '../../src/load/ask.ts'
import { parseBudget } from '../../src/providers/budget.ts'
import { makeHttpClient } from '../../src/providers/fetch.ts'
import type { BarRequest, Provider, VendorFailure } from '../../src/providers/provider.ts'
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
import { makeDatabase } from '../support/database.ts'
import { answer, type Reply } from '../support/fault-server.ts'

// One database for all tests; each has a provider of its own in it.
const { pool } = await makeDatabase()
const xnys = getCalendar('XNYS')

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
  const bench = await makeBench(t, pool, replies)
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

test('what the plan was found to lack is not asked again for other symbols, nor by another process', async (t) => {
  const replies = [refusing('entitlement', 'Premium, MY-KEY.'), barsOf(null)]
  const { provider, context, seen } = await makeBarBench(t, replies)
  for (const symbol of ['IBM', 'AAPL', 'MSFT']) {
    const lesser = barRequest(symbol, null)
    const got = await askBars(context, provider, barRequest(symbol, lesser), xnys)
    assert.equal(got.request, lesser)
  }
  // A process that was started again knows nothing but what is in the store.
  const client = makeHttpClient({ clock: context.clock, log: context.log })
  t.after(() => client.close())
  const restarted = { ...context, client }
  await askBars(restarted, provider, barRequest('TSLA', barRequest('TSLA', null)), xnys)
  assert.deepEqual([context.requests, seen()], [4, 5])
  const alone = { ...barRequest('IBM', null), fallback: barRequest('IBM', null) }
  const asking = ask(restarted, provider, alone.request, parse, { bars: alone })
  const error = await failureOf(asking)
  assert.equal(error.code, 'PLAN_LACKS')
  assert.match(
    error.message,
    /^Vendor does not give "bars 1d full" to your plan: it refused that on \d{4}-\d\d-\d\d with "Premium, MY-KEY\."\.$/,
  )
  assert.match(error.hint!, /stockyard providers --forget-limits vendor-\d+ asks again/)
  assert.equal(seen(), 5)
})

test('a new key or another budget asks again for what the plan lacked', async (t) => {
  for (const change of [{ key: 'another-key-2' }, { budget: '75/min' }]) {
    const { provider, context } = await makeBarBench(t, [refusing('entitlement'), barsOf(null)])
    await failureOf(askBars(context, provider, barRequest('IBM', null), xnys))
    await failureOf(askBars(context, provider, barRequest('IBM', null), xnys))
    assert.equal(context.requests, 1)
    const changed = { ...context, config: { ...context.config, ...change } }
    await askBars(changed, provider, barRequest('IBM', null), xnys)
    assert.equal(changed.requests, 2)
  }
})

test('the refusal of a plan is kept in the words of the vendor, without the key', async (t) => {
  const { provider, context } = await makeBarBench(t, [refusing('entitlement', `No: ${KEY}.`)])
  await failureOf(askBars(context, provider, barRequest('IBM', null), xnys))
  const [limit] = await readPlanLimits(pool, provider.id, { account: accountOf(context.config) })
  assert.deepEqual([limit?.topic, limit?.words], ['bars 1d', 'No: [redacted].'])
  const { rows } = await pool.query<{ all: string }>(
    'SELECT string_agg(l::text, chr(10)) AS all FROM stockyard.plan_limits l',
  )
  assert.ok(!rows[0]!.all.includes(KEY))
})

test('a refusal that names a lower limit lowers the budget, and is seen as such', async (t) => {
  const words = 'Our rate limit is 3 requests per minute.'
  const replies = [good, refusing('minute', words), good]
  const { provider, context, sleeps } = await makeBench(t, pool, replies, { budget: '10/min' })
  for (let i = 0; i < 2; i += 1) await ask(context, provider, REQUEST, parse)
  const account = accountOf(context.config)
  const [ceiling] = await readCeilings(pool, provider.id, { account })
  assert.deepEqual([ceiling?.window, ceiling?.calls, ceiling?.words], ['minute', 3, words])
  assertAbout(sleeps, [60_000])
  const state = await budgetState(pool, provider.id, parseBudget('10/min'), 'UTC', { account })
  assert.equal(state.windows[0]!.limit, 3)
})

test('a backfill waits behind a close that waits, and says so', async (t) => {
  const { provider, context, waits } = await makeBench(t, pool, [good], { budget: '5/min' })
  await pool.query(
    `INSERT INTO stockyard.budget_waits (provider, waiter, lane, expected_by)
     VALUES ($1, gen_random_uuid(), 'close', clock_timestamp() + interval '1 hour')`,
    [provider.id],
  )
  const clock = {
    ...context.clock,
    sleep: async () => {
      await pool.query('DELETE FROM stockyard.budget_waits WHERE lane = $1', ['close'])
    },
  }
  await ask({ ...context, clock, lane: 'backfill' }, provider, REQUEST, parse)
  assert.deepEqual(
    waits.map(({ why }) => why),
    ['a more urgent call goes first'],
  )
  const { rows } = await pool.query('SELECT FROM stockyard.budget_waits WHERE provider = $1', [
    provider.id,
  ])
  assert.equal(rows.length, 0)
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
