/** `stockyard up` as people run it: it keeps current what is watched, or does not where it is told so. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { startSandbox } from '../../src/sandbox/server.ts'
import { makeDatabase } from '../support/database.ts'
import { readJson, run, start, type Variables } from './run-stockyard.ts'

const sandbox = await startSandbox({ port: 0, clock: () => Date.now() })
after(() => sandbox.close())
const database = await makeDatabase()
const env: Variables = {
  DATABASE_URL: database.url,
  ALPHA_VANTAGE_BASE_URL: sandbox.url,
  ALPHA_VANTAGE_API_KEY: 'a-key-for-tests',
  ALPHA_VANTAGE_BUDGET: 'unlimited',
  // Nobody listens there.
  YAHOO_BASE_URL: 'http://127.0.0.1:9',
  DEFAULT_TICKERS: 'IBM',
  API_PORT: '0',
}

interface Runs {
  readonly data: { status: string; symbols: number; inserted: number }[]
}

test('up fetches what is watched without being asked, and says how it went', async () => {
  const running = start(['up', '--json'], env)
  await running.says('a round of fetching')
  running.child.kill('SIGTERM')
  const { code, stdout } = await running.ended
  assert.equal(code, 0)
  assert.equal(stdout.split('\n').length, 2, 'standard output has the address only')
  const { data } = readJson<Runs>(await run(['runs', '--json'], env))
  assert.deepEqual(
    data.map(({ status, symbols, inserted }) => [status, symbols, inserted > 50]),
    [['succeeded', 1, true]],
  )
})

test('SIGTERM in the middle of a round ends it soon, and the run says that it was interrupted', async () => {
  sandbox.faults.add({ fault: 'stall', match: { symbol: 'MSFT' } })
  const running = start(['up', '--json'], { ...env, DEFAULT_TICKERS: 'MSFT', LOG_LEVEL: 'trace' })
  while (sandbox.calls.list().every(({ symbol }) => symbol !== 'MSFT')) {
    await new Promise((resolve) => setImmediate(resolve))
  }
  running.child.kill('SIGTERM')
  const { code } = await running.ended
  sandbox.faults.clear()
  assert.equal(code, 0)
  const { data } = readJson<Runs>(await run(['runs', '--json'], env))
  assert.equal(data[0]?.status, 'interrupted')
})

test('with ETL_ENABLED=false nothing is fetched', async () => {
  const runsBefore = readJson<Runs>(await run(['runs', '--json'], env)).data.length
  const running = start(['up', '--json'], { ...env, ETL_ENABLED: 'false', DEFAULT_TICKERS: 'TSLA' })
  await running.says('"simulated"')
  await running.says('ETL is off')
  running.child.kill('SIGTERM')
  assert.equal((await running.ended).code, 0)
  assert.equal(readJson<Runs>(await run(['runs', '--json'], env)).data.length, runsBefore)
})

for (const [name, value] of [
  ['ETL_ENABLED', 'perhaps'],
  ['ETL_INTERVAL_MINUTES', '0'],
  ['ETL_INTERVAL_MINUTES', '2.5'],
] as const) {
  test(`${name}=${value} is refused with what was expected`, async () => {
    const { code, stderr } = await run(['status'], { ...env, [name]: value })
    assert.equal(code, 3)
    assert.match(stderr, new RegExp(`${name}: expected`))
  })
}
