/** A listing that is renamed, delisted, and whose symbol is used again, seen from the command line. */
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
  POLYGON_BASE_URL: sandbox.url,
  POLYGON_API_KEY: 'a-key-for-tests',
  POLYGON_BUDGET: 'unlimited',
}
const RENAMED_ON = '2026-06-11'
const PERIOD = ['-p', 'polygon', '--from', '2026-06-01', '--until', '2026-06-20']

interface Summary {
  readonly status: string
  readonly requests: number
  readonly inserted: number
  readonly tasks: { symbol: string; error: unknown }[]
}

async function sessions(symbol: string): Promise<string[]> {
  const lines = (await run(['bars', symbol, '--json', '--limit', '100'], env)).stdout
  return lines
    .trim()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => (JSON.parse(line) as { session: string }).session)
    .sort()
}

test('bars of a renamed listing are fetched under the symbol of then and of now', async () => {
  sandbox.market.events.rename({ from: 'DIS', to: 'MICKY', day: Date.parse(RENAMED_ON) })
  const added = await runProcess(['symbols', 'add', 'dis'], env)
  assert.equal(added.code, 0, added.stderr)
  const renamed = await run(['symbols', 'rename', 'DIS', 'MICKY', '--on', RENAMED_ON], env)
  assert.equal(renamed.stdout, 'DIS is MICKY since 2026-06-11.\n', renamed.stderr)
  sandbox.calls.clear()
  const fetched = await run(['fetch', 'DIS', ...PERIOD, '--json'], env)
  const summary = readJson<Summary>(fetched)
  assert.equal(summary.status, 'succeeded', fetched.stdout)
  assert.deepEqual(
    summary.tasks.map(({ symbol }) => symbol),
    ['MICKY'],
  )
  // 1 to 19 June 2026 without Juneteenth, a Friday.
  assert.equal(summary.inserted, 14)
  const asked = sandbox.calls.list().map(({ symbol }) => symbol)
  assert.deepEqual(asked, ['DIS', 'MICKY'])
  const all = await sessions('MICKY')
  assert.deepEqual([all.length, all[0], all.at(-1)], [14, '2026-06-01', '2026-06-18'])
  assert.deepEqual(await sessions('DIS'), all)
  const again = readJson<Summary>(await run(['fetch', 'MICKY', ...PERIOD, '--json'], env))
  assert.equal(again.requests, 0)
})

test('symbols show tells the symbols it had, and bars what a former symbol is now', async () => {
  const read = await run(['bars', 'DIS', '--limit', '1'], env)
  assert.match(read.stderr, /^DIS is MICKY since 2026-06-11\.$/m)
  assert.match(read.stdout, /^2026-06-18/m)
  const shown = readJson<{ symbol: string; symbols: unknown }>(
    await run(['symbols', 'show', 'DIS', '--json'], env),
  )
  assert.equal(shown.symbol, 'MICKY')
  assert.deepEqual(shown.symbols, [
    { symbol: 'DIS', from: null, until: RENAMED_ON },
    { symbol: 'MICKY', from: RENAMED_ON, until: null },
  ])
})

test('a symbol that was given up is added again only as another company, without its bars', async () => {
  const refused = await run(['symbols', 'add', 'DIS'], env)
  assert.equal(refused.code, 1)
  assert.match(refused.stderr, /DIS is MICKY since 2026-06-11/)
  const added = await run(['symbols', 'add', 'DIS', '--new'], env)
  assert.equal(added.code, 0, added.stderr)
  const shown = readJson<{ symbol: string; series: unknown[] }>(
    await run(['symbols', 'show', 'DIS', '--json'], env),
  )
  assert.deepEqual([shown.symbol, shown.series], ['DIS', []])
  assert.equal((await sessions('MICKY')).length, 14)
})

test('nothing is asked for after a listing has ended', async () => {
  const ended = await run(['symbols', 'delist', 'MICKY', '--on', '2026-06-19'], env)
  assert.equal(ended.code, 0, ended.stderr)
  sandbox.calls.clear()
  const fetched = await run(['fetch', 'MICKY', '-p', 'polygon', '--json'], env)
  assert.deepEqual([readJson<Summary>(fetched).requests, sandbox.calls.list().length], [0, 0])
  const undone = readJson<{ delisted_on: string | null }>(
    await run(['symbols', 'delist', 'MICKY', '--undo', '--json'], env),
  )
  assert.equal(undone.delisted_on, null)
  const other = await run(['symbols', 'add', 'MICKY', '--new'], env)
  assert.equal(other.code, 2, 'it has not ended, so that a day is wanted')
  const freed = await run(['symbols', 'add', 'MICKY', '--new', '--on', '2026-07-01'], env)
  assert.match(freed.stderr, /What was MICKY is called MICKY@2026-07-01 now/)
  assert.equal((await sessions('MICKY@2026-07-01')).length, 14)
  assert.match((await run(['bars', 'DIS', '--json'], env)).stdout, /"code":"BARS_NONE"/)
})

test('a day that is to come is told as one', async () => {
  await run(['symbols', 'add', 'KO'], env)
  const ends = await run(['symbols', 'delist', 'KO', '--on', '2999-01-02'], env)
  assert.equal(ends.stdout, 'KO is not listed from 2999-01-02 on.\n', ends.stderr)
  const renamed = await run(['symbols', 'rename', 'KO', 'COKE', '--on', '2999-01-02'], env)
  assert.equal(renamed.stdout, 'KO is COKE from 2999-01-02 on.\n', renamed.stderr)
})

test('two companies are not made one by a slip, unless it is said that they are one', async () => {
  const added = await run(['symbols', 'add', 'AAPL', 'MSFT'], env)
  assert.equal(added.code, 0, added.stderr)
  const wish = ['symbols', 'rename', 'AAPL', 'MSFT', '--on', '2026-01-01']
  const slip = await run(wish, env)
  assert.equal(slip.code, 2)
  assert.equal(slip.stdout, '')
  assert.match(slip.stderr, /MSFT is watched by itself, and may be another company than AAPL\./)
  assert.match(slip.stderr, /stockyard symbols rename AAPL MSFT --on 2026-01-01 --merge/)
  const meant = await run([...wish, '--merge'], env)
  assert.equal(meant.stdout, 'AAPL is MSFT since 2026-01-01.\n', meant.stderr)
})
