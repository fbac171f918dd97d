/** `stockyard canary` against the simulated exchange, as people run it: the text, the JSON, the exit codes. */
import assert from 'node:assert/strict'
import { after, beforeEach, test } from 'node:test'
import type { CanaryReport } from '../../src/load/canary.ts'
import { startSandbox } from '../../src/sandbox/server.ts'
import { makeDatabase } from '../support/database.ts'
import { keepDayFromEnding } from '../support/steady-day.ts'
import { readJson, run, runProcess, type Variables } from './run-stockyard.ts'

const sandbox = await startSandbox({ port: 0, clock: () => Date.now() })
after(() => sandbox.close())
const database = await makeDatabase()
await keepDayFromEnding(database.url)
const env: Variables = {
  DATABASE_URL: database.url,
  ALPHA_VANTAGE_BASE_URL: sandbox.url,
  ALPHA_VANTAGE_API_KEY: 'a-key-for-tests',
  YAHOO_BASE_URL: sandbox.url,
}
beforeEach(() => sandbox.faults.clear())

test('every vendor whose key is set is asked once, and all is as before', async () => {
  const calls = sandbox.calls.count()
  const ended = await runProcess(['canary', '--json'], env)
  assert.equal(ended.code, 0, ended.stderr)
  const { data } = readJson<{ data: CanaryReport[] }>(ended)
  assert.deepEqual(
    data.map(({ provider, status }) => `${provider} ${status}`),
    ['alpha-vantage ok', 'yahoo ok'],
  )
  assert.equal(sandbox.calls.count() - calls, 2)
})

test('labels at the other end are told with the evidence, and the exit code is 1', async () => {
  sandbox.faults.add({ fault: 'end-labels' })
  const { code, stdout } = await run(['canary', '-p', 'alpha-vantage'], {
    ...env,
    ALPHA_VANTAGE_BUDGET: 'unlimited',
  })
  assert.equal(code, 1)
  assert.match(stdout, /^alpha-vantage: changed SIMULATED \(AAPL 5m 2020-08-28 to 2020-08-31\)$/m)
  assert.match(stdout, /^ {2}changed {2}labels {2}END: .* \(expected START\)$/m)
  assert.match(stdout, /^ {2}ok {7}basis {3}raw: close /m)
  const shown = await run(['providers'], env)
  assert.match(shown.stdout, /changed \d{4}-\d{2}-\d{2}/)
})

test('a missing key ends with 3, a used-up budget and a vendor that is out with 5', async () => {
  assert.equal((await run(['canary', '-p', 'polygon'], env)).code, 3)
  sandbox.faults.add({ fault: 'error-key' })
  const refused = await run(['canary', '-p', 'alpha-vantage'], {
    ...env,
    ALPHA_VANTAGE_BUDGET: 'unlimited',
  })
  assert.equal(refused.code, 3)
  const calls = sandbox.calls.count()
  const spent = await run(['canary', '-p', 'alpha-vantage'], {
    ...env,
    ALPHA_VANTAGE_BUDGET: '1/day',
  })
  assert.equal(spent.code, 5)
  assert.match(spent.stdout, /No call to Alpha Vantage can go out before/)
  assert.equal(sandbox.calls.count(), calls)
  sandbox.faults.clear()
  sandbox.faults.add({ fault: 'http-503' })
  assert.equal((await runProcess(['canary', '-p', 'yahoo'], env)).code, 5)
})
