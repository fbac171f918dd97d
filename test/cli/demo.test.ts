/** The demo: the whole job on the simulated exchange, in a home of its own. */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { folder, readJson, run, runProcess } from './run-stockyard.ts'

test('demo --once stores five symbols at two intervals, marked SIMULATED, and real data stays out', async () => {
  const home = join(folder, 'home')
  const demo = await runProcess(['demo', '--once'])
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
  // Splits and dividends came along, so that prices can be adjusted and nothing is in doubt.
  const shown = await run(['symbols', 'show', 'AAPL'], simulated)
  assert.match(shown.stdout, /^splits and dividends asked last: alpha-vantage 20\d\d-/m)
  assert.match(shown.stderr, /^SIMULATED: /m)
  const told = await run(['symbols', 'actions', 'AAPL'], simulated)
  assert.match(told.stderr, /^SIMULATED: /m)
  const verified = await run(['verify'], simulated)
  assert.equal(verified.code, 0, verified.stdout)
  // Apple's shares were split 4 for 1 on 2020-08-31, and the exchange pays what they are worth less.
  const day = ['--from', '2020-08-28', '--until', '2020-08-29', '-i', '1d', '--json']
  const closeOf = async (adjust: string) =>
    readJson<{ close: number }>(await run(['bars', 'AAPL', ...day, '--adjust', adjust], simulated))
      .close
  const [raw, splits, all] = [await closeOf('none'), await closeOf('splits'), await closeOf('all')]
  assert.ok(splits < raw / 2 && all < splits, `${raw} ${splits} ${all}`)

  const real = { ...simulated, ALPHA_VANTAGE_API_KEY: 'a-key-for-tests' }
  const refused = await run(['fetch', 'AAPL', '-p', 'alpha-vantage', '--json'], real)
  assert.equal(refused.code, 3)
  assert.equal(readJson<{ error: { code: string } }>(refused).error.code, 'STORE_SIMULATED')
})
