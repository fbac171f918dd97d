/** The demo: the whole job on the simulated exchange, in a home of its own. */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { folder, readJson, run } from './run-stockyard.ts'

test('demo --once stores five symbols at two intervals, marked SIMULATED, and real data stays out', async () => {
  const home = join(folder, 'home')
  const demo = await run(['demo', '--once'])
  assert.equal(demo.code, 0, demo.stderr)
  const rows = demo.stdout.trimEnd().split('\n').slice(1, -1)
  assert.deepEqual(
    rows.map((row) => row.split(/ +/).slice(0, 2).join(' ')),
    ['AAPL', 'AMZN', 'GOOGL', 'MSFT', 'TSLA'].flatMap((symbol) => [`${symbol} 1d`, `${symbol} 5m`]),
  )
  for (const row of rows) assert.match(row, /SIMULATED$/)
  assert.match(demo.stdout, /^SIMULATED: [\d,]+ bars stored; .* bars\/s\.$/m)
  // oxlint-disable-next-line no-control-regex -- the escape character is what is looked for
  assert.doesNotMatch(demo.stdout + demo.stderr, /\u001B/)
  assert.ok(existsSync(join(home, 'demo', 'postgres')))
  assert.ok(!existsSync(join(home, 'postgres')), 'the real store is not touched')

  const simulated = { STOCKYARD_HOME: join(home, 'demo') }
  const status = await run(['status', 'AAPL'], simulated)
  assert.match(status.stdout, /^SIMULATED: /m)
  const real = { ...simulated, ALPHA_VANTAGE_API_KEY: 'a-key-for-tests' }
  const refused = await run(['fetch', 'AAPL', '-p', 'alpha-vantage', '--json'], real)
  assert.equal(refused.code, 3)
  assert.equal(readJson<{ error: { code: string } }>(refused).error.code, 'STORE_SIMULATED')
})
