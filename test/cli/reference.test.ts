/** What commands ask vendors about instruments, beside bars: quotes, names and the like. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { startSandbox } from '../../src/sandbox/server.ts'
import { makeDatabase } from '../support/database.ts'
import { readJson, run, runProcess, type Variables } from './run-stockyard.ts'

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
}
const ALPHA_VANTAGE = ['--provider', 'alpha-vantage']

interface Quotes {
  readonly data: { symbol: string; source: string; price: number; provider: string }[]
}

test('quote --fresh asks, stores and shows; quote shows it again without asking', async () => {
  const before = await run(['quote', 'IBM'], env)
  assert.equal(before.code, 1, 'nothing is known yet')
  const fresh = await run(['quote', 'ibm', '--fresh', ...ALPHA_VANTAGE, '--json'], env)
  assert.equal(fresh.code, 0, fresh.stderr)
  const [quote] = readJson<Quotes>(fresh).data
  assert.deepEqual([quote?.symbol, quote?.source], ['IBM', 'quote'])
  const again = await runProcess(['quote', 'IBM', '--json'], {
    ...env,
    ALPHA_VANTAGE_BASE_URL: 'http://127.0.0.1:9',
  })
  assert.deepEqual(readJson<Quotes>(again), readJson<Quotes>(fresh))
})

test('quote --fresh of an unknown symbol among others shows the others and exits 1', async () => {
  const args = ['quote', 'MSFT', 'QQQQX', '--fresh', ...ALPHA_VANTAGE, '--json']
  const { code, stdout, stderr } = await run(args, env)
  assert.equal(code, 1)
  assert.deepEqual(
    (JSON.parse(stdout) as Quotes).data.map(({ symbol }) => symbol),
    ['MSFT'],
  )
  assert.match(stderr, /does not know the symbol/)
})

test('quote --provider without --fresh is wrong usage', async () => {
  const { code, stderr } = await run(['quote', 'IBM', ...ALPHA_VANTAGE], env)
  assert.equal(code, 2)
  assert.match(stderr, /code: OPTION_CONFLICT/)
})

test('symbols add says how to get a name, until there is one', async () => {
  const first = await run(['symbols', 'add', 'TSLA', 'GOOGL'], env)
  assert.match(first.stdout, /^Watching TSLA, GOOGL\.\n$/)
  assert.match(first.stderr, /stockyard symbols show TSLA --refresh/)
  const json = await run(['symbols', 'add', 'TSLA', '--json'], env)
  assert.equal(json.stderr, '')
  const shown = await run(['symbols', 'show', 'TSLA', '--refresh', ...ALPHA_VANTAGE], env)
  assert.equal(shown.code, 0, shown.stderr)
  const again = await run(['symbols', 'add', 'TSLA'], env)
  assert.equal(again.stderr, '')
})

test('symbols add --refresh brings names, and symbols show tells them', async () => {
  const added = await run(['symbols', 'add', 'AAPL', '--refresh', ...ALPHA_VANTAGE], env)
  assert.equal(added.code, 0, added.stderr)
  const shown = readJson<Record<string, unknown>>(
    await run(['symbols', 'show', 'AAPL', '--json'], env),
  )
  assert.match(String(shown['name']), /\(SIMULATED\)$/)
  assert.equal(shown['currency'], 'USD')
  assert.equal(shown['watched'], true)
})

test('symbols show --refresh of a symbol that nobody knows says so', async () => {
  const { code, stderr } = await run(
    ['symbols', 'show', 'QQQQX', '--refresh', ...ALPHA_VANTAGE],
    env,
  )
  assert.equal(code, 1)
  assert.match(stderr, /code: SYMBOL_UNKNOWN/)
})
