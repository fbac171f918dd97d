/** What Polygon lists, as the command line shows it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startPolygon } from './polygon-sandbox.ts'
import { run } from './run-stockyard.ts'

const { sandbox, env } = await startPolygon()

interface Line {
  readonly symbol: string
  readonly kind: string
  readonly active: boolean
  readonly delisted_on: string | null
}

const linesOf = (stdout: string) =>
  stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line)

test('all stocks that are listed come page by page, each once and in their order', async () => {
  const { code, stdout, stderr } = await run(['symbols', 'listing', '--json'], env)
  assert.equal(code, 0, stderr)
  const symbols = linesOf(stdout).map(({ symbol }) => symbol)
  assert.ok(symbols.includes('AAPL') && symbols.includes('SPY'))
  assert.equal(new Set(symbols).size, symbols.length)
  assert.deepEqual(symbols, symbols.toSorted())
  assert.ok(linesOf(stdout).every(({ active, delisted_on }) => active && delisted_on === null))
  const table = await run(['symbols', 'listing'], env)
  assert.match(table.stdout, /^symbol +name +kind +exchange +currency +delisted$/m)
  assert.match(table.stdout, /^AAPL +Apple Inc.* stock +XNAS +USD +–$/m)
})

test('those that are listed no more come with the day, as of the day that is asked for', async () => {
  sandbox.market.events.rename({ from: 'DIS', to: 'MICKY', day: Date.parse('2024-06-11') })
  const args = ['symbols', 'listing', '--delisted', '--on', '2024-07-01', '--json']
  const { stdout } = await run(args, env)
  assert.deepEqual(
    linesOf(stdout).map(({ symbol, active, delisted_on }) => [symbol, active, delisted_on]),
    [['DIS', false, '2024-06-11']],
  )
  assert.equal(sandbox.calls.list().at(-1)!.params['date'], '2024-07-01')
})

test('a wrong date costs no call', async () => {
  const calls = sandbox.calls.count()
  const { code } = await run(['symbols', 'listing', '--on', 'yesterday'], env)
  assert.deepEqual([code, sandbox.calls.count()], [2, calls])
})
