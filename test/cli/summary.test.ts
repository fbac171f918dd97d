/** What `stockyard fetch` says at its end: who served, and what became of the run. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { startSandbox } from '../../src/sandbox/server.ts'
import { makeDatabase } from '../support/database.ts'
import { run, start } from './run-stockyard.ts'

const sandbox = await startSandbox({ port: 0, clock: () => Date.now() })
after(() => sandbox.close())
const { url } = await makeDatabase()
const env = {
  DATABASE_URL: url,
  ALPHA_VANTAGE_BASE_URL: sandbox.url,
  ALPHA_VANTAGE_API_KEY: 'a-key-for-tests',
  ALPHA_VANTAGE_BUDGET: 'unlimited',
  POLYGON_BASE_URL: sandbox.url,
  POLYGON_API_KEY: 'a-key-for-tests',
  POLYGON_BUDGET: 'unlimited',
}

test('the table of a run says which vendor served, also where it is not the first one', async () => {
  sandbox.faults.add({ fault: 'http-404', match: { vendor: 'alpha-vantage' } })
  const { code, stdout, stderr } = await run(
    ['fetch', 'DIS', '--from', '2024-02-05', '--until', '2024-03-02'],
    env,
  )
  sandbox.faults.clear()
  assert.equal(code, 0, stderr)
  assert.match(stdout, /^symbol +interval +provider +status /m)
  // The sessions of February from the fifth on, and the first of March, without Presidents' Day.
  assert.match(stdout, /^DIS +1d +polygon +succeeded +19 +19 /m)
  const week = ['--from', '2024-02-05', '--until', '2024-02-10']
  assert.equal((await run(['fetch', 'DIS', ...week, '-p', 'alpha-vantage'], env)).code, 0)
  const bars = await run(['bars', 'DIS', ...week, '--all'], env)
  assert.match(bars.stderr, /^SIMULATED: DIS 1d from polygon$/m)
})

test('a run that was interrupted is not said to have failed', async () => {
  sandbox.faults.add({ fault: 'stall', match: { symbol: 'IBM' } })
  const running = start(['fetch', 'IBM', '-p', 'polygon'], env)
  await running.says('IBM 1d: 1 call planned')
  running.child.kill('SIGINT')
  const { code, stdout, stderr } = await running.ended
  sandbox.faults.clear()
  assert.equal(code, 130, stderr)
  assert.match(stdout, /^SIMULATED Run 3 was interrupted, [01] calls?\.$/m)
})
