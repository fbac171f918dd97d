/** When vendors are asked for splits and dividends by themselves, and what that may spend. */
import assert from 'node:assert/strict'
import { beforeEach, test, type TestContext } from 'node:test'
import { listActionAsks, listSymbolsWithoutLedger } from '../../src/db/action-asks.ts'
import { listActions } from '../../src/db/actions.ts'
import { pauseProvider, reserveCall } from '../../src/db/budgets.ts'
import { inTransaction, type Pool } from '../../src/db/connect.ts'
import { getInstrument } from '../../src/db/instruments.ts'
import { accountOf } from '../../src/db/plan-limits.ts'
import { startRun } from '../../src/db/runs.ts'
import { DAY_MS } from '../../src/domain/date.ts'
import {
  actionsDue,
  keepActions,
  planActions,
  type ActionsWish,
} from '../../src/load/keep-actions.ts'
import { makeLogger } from '../../src/log.ts'
import { alphaVantage } from '../../src/providers/alpha-vantage/index.ts'
import { parseBudget } from '../../src/providers/budget.ts'
import { makeHttpClient } from '../../src/providers/fetch.ts'
import { polygon } from '../../src/providers/polygon/index.ts'
import { yahoo } from '../../src/providers/yahoo/index.ts'
import { dailyBars } from '../support/bars.ts'
import { makeDatabase } from '../support/database.ts'
import { answer, startFaultServer, type Reply } from '../support/fault-server.ts'
import { loadSeries, tellActions } from '../support/loaded-series.ts'

const log = makeLogger({ level: 'silent', format: 'json' })
/** A Saturday; the session before it is of Friday, 5 June. */
const START = Date.UTC(2026, 5, 6, 12)
const FRIDAY = Date.UTC(2026, 5, 5)

/** Polygon with a day that does not end within hours: what is kept for the close is let go before it does. */
const hour = new Date().getUTCHours()
const midday = hour >= 2 && hour < 20 ? polygon : { ...polygon, resetZone: 'America/New_York' }

let pool: Pool
let now = START
beforeEach(async (t) => {
  pool = (await makeDatabase(t as never)).pool
  now = START
})

/** Daily bars as traded of the two weeks before; from a day on they trade at half the price. */
async function loadDays(
  symbol: string,
  halvedFrom = Infinity,
  provider = 'polygon',
): Promise<void> {
  const bars = dailyBars(Date.UTC(2026, 4, 25), Date.UTC(2026, 5, 6))
  for (const [i, day] of bars.ts.entries()) {
    if (day < halvedFrom) continue
    for (const column of [bars.open, bars.high, bars.low, bars.close]) column[i]! /= 2
  }
  await loadSeries(pool, { symbol, interval: '1d', provider, basis: 'raw' }, bars, START)
}

const none = answer(200, JSON.stringify({ status: 'OK', request_id: 'r', results: [] }), {
  'content-type': 'application/json',
})

const csv = (text: string) => answer(200, text, { 'content-type': 'application/x-download' })

interface Kept {
  readonly paths: () => string[]
  readonly keep: (wish?: Partial<ActionsWish>) => Promise<number>
}

/** Polygon, as far as it is not said otherwise, with replies in turn; symbols of its calls in order. */
async function keeper(
  t: TestContext,
  replies: readonly Reply[] = [none],
  budget = 'unlimited',
): Promise<Kept> {
  const server = await startFaultServer(t, replies)
  const clock = { now: () => now, sleep: () => Promise.resolve() }
  const client = makeHttpClient({ clock, log, retries: 0, deadlineMs: 5000 })
  t.after(() => client.close())
  const config = { key: 'k', baseUrl: server.url, budget }
  const context = {
    pool,
    client,
    clock,
    log,
    configs: { polygon: config, 'alpha-vantage': config },
  }
  return {
    paths: () =>
      server.requests.map(({ path }) => {
        const url = new URL(path, 'http://vendor')
        return `${url.searchParams.get('function') ?? url.pathname.split('/').at(-1)} ${url.searchParams.get('ticker') ?? url.searchParams.get('symbol')}`
      }),
    keep: async (wish) => {
      const { calls } = await keepActions(context, {
        symbols: ['AAPL', 'KO'],
        providers: [polygon],
        which: 'due',
        ...wish,
      })
      return calls
    },
  }
}

test('a vendor is asked at first, after a week, a day after a failure, and after a jump', () => {
  const told = { askedAt: 0, answeredAt: 0, failure: null }
  const failed = { askedAt: 0, answeredAt: null, failure: 'PROVIDER_OUTAGE' }
  const unknown = { askedAt: 0, answeredAt: null, failure: 'SYMBOL_UNKNOWN' }
  const almostDay = DAY_MS - 3_600_000
  for (const [about, ask, hasJump, at, due] of [
    ['never asked', null, false, 0, true],
    ['before a week has passed', told, false, 7 * DAY_MS - 1, false],
    ['after a week', told, false, 7 * DAY_MS, true],
    ['after a jump', told, true, DAY_MS, true],
    ['after a jump on the same day', told, true, almostDay, false],
    ['a day after a failure', failed, false, DAY_MS, true],
    ['on the day of a failure', failed, false, almostDay, false],
    ['a symbol that it does not know, before a week', unknown, false, 6 * DAY_MS, false],
    ['a symbol that it does not know, after a week', unknown, false, 7 * DAY_MS, true],
  ] as const) {
    assert.equal(actionsDue(ask, hasJump, at), due, about)
  }
})

test('what was never asked costs its calls once, and nothing for a week', async (t) => {
  await loadDays('AAPL')
  await loadDays('KO')
  const { keep, paths } = await keeper(t)
  assert.equal(await keep(), 4)
  assert.deepEqual(paths(), ['splits AAPL', 'dividends AAPL', 'splits KO', 'dividends KO'])
  assert.equal(await keep(), 0)
  now += 7 * DAY_MS - 1
  assert.equal(await keep(), 0)
  now += 1
  assert.equal(await keep({ symbols: ['KO'] }), 2)
  assert.equal(paths().length, 6)
})

test('every vendor that has calls for them is asked, and no other', async (t) => {
  await loadDays('AAPL')
  const { keep, paths } = await keeper(t, [
    csv('effective_date,split_factor\r\n'),
    csv('ex_dividend_date,declaration_date,record_date,payment_date,amount\r\n'),
    none,
  ])
  const calls = await keep({ symbols: ['AAPL'], providers: [yahoo, alphaVantage, polygon] })
  assert.equal(calls, 4)
  assert.deepEqual(paths(), ['SPLITS AAPL', 'DIVIDENDS AAPL', 'splits AAPL', 'dividends AAPL'])
})

test('symbols without bars as traded, indices and currencies cost nothing', async (t) => {
  const bars = dailyBars(Date.UTC(2026, 4, 25), Date.UTC(2026, 5, 6))
  const split = { interval: '1d', provider: 'yahoo', basis: 'split' } as const
  await loadSeries(pool, { ...split, symbol: 'AAPL' }, bars, START)
  await loadDays('^GSPC')
  const { keep } = await keeper(t)
  assert.equal(await keep({ symbols: ['AAPL', '^GSPC', 'NOBODY'] }), 0)
})

test('a jump that no vendor tells of is asked about a day later, and one that is told of is not', async (t) => {
  await loadDays('AAPL', FRIDAY)
  await loadDays('KO', FRIDAY)
  const { keep, paths } = await keeper(t)
  assert.equal(await keep(), 4)
  const split = { day: FRIDAY, newShares: 2, oldShares: 1 }
  await tellActions(pool, 'KO', 'polygon', { splits: [split] }, now)
  now += DAY_MS - 1
  assert.equal(await keep(), 0)
  now += 1
  assert.equal(await keep(), 2)
  assert.deepEqual(paths().slice(4), ['splits AAPL', 'dividends AAPL'])
})

test('a jump of weeks ago is no reason to ask', async (t) => {
  await loadDays('AAPL', Date.UTC(2026, 4, 27))
  const { keep } = await keeper(t)
  assert.equal(await keep(), 2)
  now += DAY_MS
  assert.equal(await keep(), 0)
})

test('a failure is noted in the run, does not fail anything, and leaves the vendor alone', async (t) => {
  await loadDays('AAPL')
  await loadDays('KO')
  const task = { symbol: 'AAPL', interval: '1d', provider: 'polygon' }
  const run = await inTransaction(pool, (connection) => startRun(connection, 'fetch', {}, [task]))
  const { keep, paths } = await keeper(t, [
    answer(401, '{"status":"ERROR","error":"Unknown API Key"}'),
  ])
  assert.equal(await keep({ runs: new Map([['AAPL', run]]) }), 1)
  assert.deepEqual(paths(), ['splits AAPL'])
  const { rows } = await pool.query<{ notes: string[]; requests: number; status: string }>(
    'SELECT notes, requests, status FROM stockyard.tasks WHERE run_id = $1',
    [run],
  )
  assert.equal(rows[0]!.requests, 1)
  assert.equal(rows[0]!.status, 'pending')
  assert.match(rows[0]!.notes[0]!, /^splits and dividends did not come from polygon: /)
  const { id } = await getInstrument(pool, 'AAPL')
  const [ask] = await listActionAsks(pool, [id])
  assert.deepEqual([ask!.askedAt, ask!.answeredAt, ask!.failure], [START, null, 'KEY_REFUSED'])
})

test('the calls that the close needs are left for it, and nothing is kept of what was not asked', async (t) => {
  await loadDays('AAPL')
  await loadDays('KO')
  const budget = '10/day'
  // Two of ten are for the close; with six spent, two are left for one symbol.
  for (let i = 0; i < 6; i += 1) {
    await reserveCall(pool, 'polygon', parseBudget(budget), midday.resetZone)
  }
  const { keep } = await keeper(t, [none], budget)
  assert.equal(await keep({ providers: [midday] }), 2)
  const { id } = await getInstrument(pool, 'KO')
  assert.deepEqual(await listActionAsks(pool, [id]), [])
})

test('one call that is left where two are needed is not thrown away', async (t) => {
  await loadDays('AAPL')
  const budget = '10/day'
  for (let i = 0; i < 7; i += 1) {
    await reserveCall(pool, 'polygon', parseBudget(budget), midday.resetZone)
  }
  const { keep, paths } = await keeper(t, [none], budget)
  assert.equal(await keep({ providers: [midday] }), 0)
  assert.deepEqual(paths(), [])
})

test('while the vendor is not to be called, nothing is sent', async (t) => {
  await loadDays('AAPL')
  const account = accountOf({ key: 'k', budget: 'unlimited' })
  await pauseProvider(pool, 'polygon', { ms: 3_600_000 }, 'no more today', { account })
  const { keep } = await keeper(t)
  assert.equal(await keep(), 0)
})

test('no call begins once the time is over', async (t) => {
  await loadDays('AAPL')
  const { keep } = await keeper(t)
  assert.equal(await keep({ until: START }), 0)
  assert.equal(await keep({ until: START + 1 }), 2)
})

test('those come first that were asked longest ago', async (t) => {
  await loadDays('AAPL')
  await loadDays('KO')
  const { keep, paths } = await keeper(t)
  await keep({ symbols: ['KO'] })
  now += DAY_MS
  await keep({ symbols: ['AAPL'] })
  now += 8 * DAY_MS
  await keep()
  assert.deepEqual(paths().slice(4), ['splits KO', 'dividends KO', 'splits AAPL', 'dividends AAPL'])
})

test('what was told is in the ledger, and the symbol is no longer among those without one', async (t) => {
  await loadDays('AAPL')
  assert.deepEqual(await listSymbolsWithoutLedger(pool, ['AAPL', 'KO']), ['AAPL'])
  const result = { ticker: 'AAPL', execution_date: '2020-08-31', split_from: 1, split_to: 4 }
  const split = answer(200, JSON.stringify({ status: 'OK', results: [result] }), {
    'content-type': 'application/json',
  })
  const { keep } = await keeper(t, [split, none])
  await keep()
  const { id } = await getInstrument(pool, 'AAPL')
  assert.deepEqual(
    (await listActions(pool, id)).map(({ newShares }) => newShares),
    [4],
  )
  assert.deepEqual(await listSymbolsWithoutLedger(pool, ['AAPL']), [])
})

test('a plan counts the calls for symbols that were never answered for, new ones included', async (t) => {
  await loadDays('AAPL')
  await loadDays('KO')
  const { keep } = await keeper(t)
  await keep({ symbols: ['KO'] })
  const plan = await planActions(
    { pool, configs: {}, now },
    ['AAPL', 'KO', 'NEW', '^GSPC'],
    [yahoo, polygon],
  )
  assert.deepEqual(
    plan.map(({ symbol, provider, calls }) => [symbol, provider.id, calls]).toSorted(),
    [
      ['AAPL', 'polygon', 2],
      ['NEW', 'polygon', 2],
    ],
  )
})
