/** Splits and dividends asked from a vendor that has calls for them, over real HTTP. */
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { listActions } from '../../src/db/actions.ts'
import { findInstrument } from '../../src/db/instruments.ts'
import { StockyardError } from '../../src/domain/error.ts'
import type { AskContext } from '../../src/load/ask.ts'
import { refreshActions } from '../../src/load/refresh-actions.ts'
import { makeLogger } from '../../src/log.ts'
import { alphaVantage } from '../../src/providers/alpha-vantage/index.ts'
import { makeHttpClient } from '../../src/providers/fetch.ts'
import { polygon } from '../../src/providers/polygon/index.ts'
import { yahoo } from '../../src/providers/yahoo/index.ts'
import { startSandbox } from '../../src/sandbox/server.ts'
import { makeDatabase } from '../support/database.ts'
import { answer, startFaultServer, type Reply } from '../support/fault-server.ts'

const { pool } = await makeDatabase()
const log = makeLogger({ level: 'silent', format: 'json' })
const clock = { now: () => Date.UTC(2026, 5, 6), sleep: () => Promise.resolve() }

async function asking(t: TestContext, replies: readonly Reply[]): Promise<AskContext> {
  const server = await startFaultServer(t, replies)
  const client = makeHttpClient({ clock, log, retries: 0, deadlineMs: 5000 })
  t.after(() => client.close())
  const config = { key: 'test-key', baseUrl: server.url, budget: 'unlimited' }
  return { pool, client, clock, log, config, requests: 0 }
}

const json = (results: readonly object[]) =>
  answer(200, JSON.stringify({ status: 'OK', request_id: 'r', results }), {
    'content-type': 'application/json',
  })

const SPLIT = { ticker: 'AAPL', execution_date: '2020-08-31', split_from: 1, split_to: 4 }
const DIVIDEND = {
  ticker: 'AAPL',
  ex_dividend_date: '2020-08-07',
  cash_amount: 0.82,
  currency: 'USD',
  dividend_type: 'CD',
}

test('both calls are made, and what they bring is in the ledger', async (t) => {
  const context = await asking(t, [json([SPLIT]), json([DIVIDEND])])
  const change = await refreshActions(context, polygon, 'AAPL')
  assert.equal(context.requests, 2)
  assert.deepEqual(
    change.added.map(({ kind }) => kind),
    ['dividend', 'split'],
  )
  const { id } = (await findInstrument(pool, 'AAPL'))!
  const stored = await listActions(pool, id)
  assert.deepEqual(
    stored.map(({ amount, newShares, provider }) => [amount, newShares, provider]),
    [
      [0.82, null, 'polygon'],
      [null, 4, 'polygon'],
    ],
  )
})

test('nothing is stored where the second call fails', async (t) => {
  const context = await asking(t, [json([{ ...SPLIT, ticker: 'KO' }]), answer(401, '{}')])
  await assert.rejects(refreshActions(context, polygon, 'KO'), StockyardError)
  assert.equal(await findInstrument(pool, 'KO'), null)
})

test('a vendor without calls for them is refused before anything is asked', async (t) => {
  const context = await asking(t, [])
  await assert.rejects(
    refreshActions(context, yahoo, 'AAPL'),
    (error) => error instanceof StockyardError && error.code === 'ACTIONS_UNSUPPORTED',
  )
  assert.equal(context.requests, 0)
})

test('two vendors of the simulated exchange tell of the same splits and payments', async (t) => {
  const { pool: simulated } = await makeDatabase(t)
  const sandbox = await startSandbox({ port: 0, clock: clock.now })
  const client = makeHttpClient({ clock, log, retries: 0 })
  t.after(() => Promise.all([client.close(), sandbox.close()]))
  const config = { key: 'sandbox-key', baseUrl: sandbox.url, budget: 'unlimited' }
  const told = async (provider: typeof polygon) => {
    const context = { pool: simulated, client, clock, log, config, requests: 0 }
    await refreshActions(context, provider, 'AAPL')
    assert.equal(context.requests, 2)
    const { id } = (await findInstrument(simulated, 'AAPL'))!
    return (await listActions(simulated, id))
      .filter((action) => action.provider === provider.id && action.exDay < clock.now())
      .map(({ exDay, kind, amount, newShares, oldShares }) => ({
        exDay,
        kind,
        amount,
        newShares,
        oldShares,
      }))
  }
  const theirs = await told(alphaVantage)
  // Public record: 2000-06-21, 2005-02-28, 2014-06-09 and 2020-08-31.
  assert.deepEqual(
    theirs.filter(({ kind }) => kind === 'split').map(({ newShares }) => newShares),
    [2, 2, 7, 4],
  )
  assert.ok(theirs.length > 50)
  const since = Math.min(...theirs.map(({ exDay }) => exDay))
  assert.deepEqual(
    (await told(polygon)).filter(({ exDay }) => exDay >= since),
    theirs,
  )
})
