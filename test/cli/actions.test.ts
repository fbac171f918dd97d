/** Splits and dividends besides bars, as the commands bring them, on the simulated exchange. */
import assert from 'node:assert/strict'
import { after, beforeEach, test } from 'node:test'
import { startSandbox } from '../../src/sandbox/server.ts'
import { makeDatabase } from '../support/database.ts'
import { readJson, run, runProcess, type Ended, type Variables } from './run-stockyard.ts'

const sandbox = await startSandbox({ port: 0, clock: Date.now })
after(() => sandbox.close())
const database = await makeDatabase()
const env: Variables = {
  DATABASE_URL: database.url,
  ALPHA_VANTAGE_BASE_URL: sandbox.url,
  ALPHA_VANTAGE_API_KEY: 'a-key-for-tests',
  ALPHA_VANTAGE_BUDGET: 'unlimited',
}
beforeEach(() => sandbox.faults.clear())

const requestsOf = (ended: Ended) => readJson<{ requests: number }>(ended).requests

/** Of days that are final, so that nothing is asked for again, at whatever hour this runs. */
const days = ['fetch', '--until', new Date(Date.now() - 10 * 86_400_000).toISOString().slice(0, 10)]

test('a fetch says what was never asked for, and --actions asks for it once', async () => {
  const plain = await runProcess([...days, 'AAPL', '--json'], env)
  assert.deepEqual([plain.code, requestsOf(plain)], [0, 1])
  assert.doesNotMatch(plain.stderr, /never asked/)
  const again = await run([...days, 'AAPL'], env)
  assert.match(
    again.stderr,
    /^Splits and dividends of AAPL were never asked for: stockyard fetch AAPL --actions$/m,
  )
  const asked = await run([...days, 'AAPL', '--actions', '--json'], env)
  assert.deepEqual([asked.code, requestsOf(asked)], [0, 2])
  const shown = readJson<{ actions_asked: { provider: string; failure: string | null }[] }>(
    await run(['symbols', 'show', 'AAPL', '--json'], env),
  )
  assert.deepEqual(
    shown.actions_asked.map(({ provider, failure }) => [provider, failure]),
    [['alpha-vantage', null]],
  )
  const third = await run([...days, 'AAPL', '--actions', '--json'], env)
  assert.equal(requestsOf(third), 0)
  assert.doesNotMatch((await run([...days, 'AAPL'], env)).stderr, /never asked/)
  const forced = await run([...days, 'AAPL', '--actions', '--force', '--json'], env)
  assert.equal(requestsOf(forced), 3)
})

test('what does not come leaves the exit code as it was, and is told by the run', async () => {
  sandbox.faults.add({ fault: 'http-500', match: { function: 'SPLITS' } })
  const ended = await run(['fetch', 'MSFT', '--actions', '--json'], env)
  assert.equal(ended.code, 0, ended.stderr)
  const { run: id } = readJson<{ run: number }>(ended)
  const told = await run(['runs', String(id)], env)
  assert.match(told.stdout, /splits and dividends did not come from alpha-vantage/)
})

test('a backfill of days asks for them once, as its plan says, and one of minutes does not', async () => {
  const backfill = ['backfill', 'TSLA', '--days', '30', '-p', 'alpha-vantage']
  interface Plan {
    readonly calls: number
    readonly actions: object[]
  }
  const plan = readJson<Plan>(await run([...backfill, '--dry-run', '--json'], env))
  assert.deepEqual(
    [plan.calls, plan.actions],
    [3, [{ symbol: 'TSLA', provider: 'alpha-vantage', calls: 2 }]],
  )
  const text = await run([...backfill, '--dry-run'], env)
  assert.match(text.stdout, /Of them 2 calls for the splits and dividends of 1 symbol/)
  const before = sandbox.calls.count()
  const done = await run([...backfill, '--json'], env)
  assert.deepEqual([done.code, requestsOf(done), sandbox.calls.count() - before], [0, 3, 3])
  assert.equal(requestsOf(await run([...backfill, '--json'], env)), 0)
  const minutes = ['backfill', 'IBM', '-i', '1m', '--days', '5', '-p', 'alpha-vantage']
  const short = readJson<Plan>(await run([...minutes, '--dry-run', '--json'], env))
  assert.deepEqual(short.actions, [])
})
