/** Fetches of the same series at the same time, through pools that know nothing of each other. */
import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { openPool } from '../../src/db/connect.ts'
import { fetchAll, type FetchSummary } from '../../src/load/fetch-series.ts'
import { makeLogger } from '../../src/log.ts'
import { alphaVantage } from '../../src/providers/alpha-vantage/index.ts'
import { makeHttpClient, type HttpClient } from '../../src/providers/fetch.ts'
import { startSandbox } from '../../src/sandbox/server.ts'
import { makeDatabase } from '../support/database.ts'

const log = makeLogger({ level: 'silent', format: 'json' })
const SATURDAY = Date.parse('2026-06-06T12:00:00-04:00')
/** 14:00 in New York on a Wednesday: the session's bar is not final. */
const IN_MARKET_HOURS = Date.parse('2026-06-03T14:00:00-04:00')
/** Two symbols at two intervals. */
const SERIES = 4

async function fetchTwice(
  t: TestContext,
  now: number,
  force: boolean,
): Promise<readonly FetchSummary[]> {
  const { url } = await makeDatabase(t)
  const sandbox = await startSandbox({ port: 0, clock: () => now })
  const clock = { now: () => now, sleep: () => new Promise<void>((done) => setImmediate(done)) }
  const configs = { 'alpha-vantage': { key: 'k', baseUrl: sandbox.url, budget: 'unlimited' } }
  const wish = {
    symbols: ['AAPL', 'MSFT'],
    intervals: ['1d', '5m'],
    providers: [alphaVantage],
    from: null,
    until: null,
    force,
    defaultDays: 90,
    parallel: SERIES,
  } as const
  // No call goes out before each series is held by one of the two and waited for by the other.
  const allWaitedFor = Promise.withResolvers<void>()
  let waits = 0
  const onWait = () => {
    waits += 1
    if (waits === SERIES) allWaitedFor.resolve()
  }
  const fetchOnce = async () => {
    const pool = openPool(url)
    const client = makeHttpClient({ clock, log })
    const gated: HttpClient = {
      ...client,
      sender: async () => {
        await allWaitedFor.promise
        return client.sender()
      },
    }
    try {
      return await fetchAll({ pool, client: gated, clock, log, configs, onWait }, wish)
    } finally {
      await client.close()
      await pool.end()
    }
  }
  try {
    return await Promise.all([fetchOnce(), fetchOnce()])
  } finally {
    await sandbox.close()
  }
}

const requestsOf = (summaries: readonly FetchSummary[]) =>
  summaries.reduce((sum, { requests }) => sum + requests, 0)

for (const [when, now] of [
  ['while the market is closed', SATURDAY],
  ['in market hours', IN_MARKET_HOURS],
] as const) {
  test(`two that fetch the same series at once pay what one pays, ${when}`, async (t) => {
    const both = await fetchTwice(t, now, false)
    assert.deepEqual(
      both.map(({ status }) => status),
      ['succeeded', 'succeeded'],
    )
    // For each symbol one call for the days, and for 90 days of 5 minutes one a month but the last.
    assert.equal(requestsOf(both), 2 * (1 + 4))
    const inserted = both.map((summary) => summary.inserted)
    assert.ok(Math.min(...inserted) >= 0 && Math.max(...inserted) > 0)
  })
}

test('who asks again on purpose pays again', async (t) => {
  const both = await fetchTwice(t, SATURDAY, true)
  assert.equal(requestsOf(both), 2 * 2 * (1 + 4))
})
