/** `stockyard schedule` as people run it: beside `up`, and alone. */
import assert from 'node:assert/strict'
import { hostname } from 'node:os'
import { after, test } from 'node:test'
import { startSandbox } from '../../src/sandbox/server.ts'
import { makeDatabase } from '../support/database.ts'
import { readJson, run, runProcess, start, type Variables } from './run-stockyard.ts'

const sandbox = await startSandbox({ port: 0, clock: () => Date.now() })
after(() => sandbox.close())
const database = await makeDatabase()
const env: Variables = {
  DATABASE_URL: database.url,
  ALPHA_VANTAGE_BASE_URL: sandbox.url,
  ALPHA_VANTAGE_API_KEY: 'a-key-for-tests',
  ALPHA_VANTAGE_BUDGET: 'unlimited',
  DEFAULT_TICKERS: 'IBM',
  API_PORT: '0',
}

interface Listed {
  readonly data: readonly Readonly<Record<string, unknown>>[]
}
interface Done {
  readonly asked: boolean
  readonly by: { readonly host: string; readonly pid: number } | null
  readonly runs: readonly { readonly status: string; readonly inserted: number }[]
  readonly actions: Readonly<Record<string, number>> | null
}

const fieldsOf = ({ data }: Listed, ...names: readonly string[]) =>
  data.map((row) => names.map((name) => row[name]))

test('without a process that keeps series current the schedules are off, and run does their work here', async () => {
  const listed = readJson<Listed>(
    await runProcess(['schedule', 'list', '--json'], { ...env, ETL_ENABLED: 'false' }),
  )
  assert.deepEqual(fieldsOf(listed, 'name', 'state', 'why', 'next_at', 'keeper', 'last_run'), [
    ['keep-current', 'off', 'ETL_ENABLED is false', null, null, null],
    ['actions', 'off', 'ETL_ENABLED is false', null, null, null],
  ])
  const done = await run(['schedule', 'run', 'keep-current', '--json'], env)
  assert.equal(done.code, 0, done.stderr)
  const { asked, by, runs, actions } = readJson<Done>(done)
  assert.deepEqual([asked, by, actions], [false, null, null])
  assert.deepEqual(
    runs.map(({ status, inserted }) => [status, inserted > 50]),
    [['succeeded', true]],
  )
  const asking = await run(['schedule', 'run', 'actions'], env)
  assert.equal(asking.code, 0, asking.stderr)
  assert.equal(asking.stdout, 'Splits and dividends came of 1 instrument. 2 calls.\n')
  const known = await run(['schedule', 'list'], env)
  assert.match(known.stdout, /keep-current +off +– +– .* succeeded +1 +no process keeps series/)
  assert.match(known.stdout, /actions +off +– +– .* succeeded +– +no process keeps series/)
})

test('what is paused is not done, by nobody', async () => {
  const paused = await run(['schedule', 'pause', 'keep-current', '--reason', 'a test'], env)
  assert.equal(
    paused.stdout,
    'keep-current is paused. To go on: stockyard schedule resume keep-current\n',
  )
  const refused = await run(['schedule', 'run', 'keep-current', '--json'], env)
  assert.equal(refused.code, 1)
  assert.match(refused.stdout, /"code":"SCHEDULE_PAUSED"/)
  const listed = await run(['schedule', 'list'], env)
  assert.match(listed.stdout, /no process keeps series current; paused by user:.+: a test\n/)
  const resumed = await run(['schedule', 'resume', 'keep-current', '--json'], env)
  assert.equal(readJson<{ paused_at: string | null }>(resumed).paused_at, null)
  const unknown = await run(['schedule', 'pause', 'nightly'], env)
  assert.equal(unknown.code, 1)
  assert.match(unknown.stderr, /There is no schedule "nightly"[^]*keep-current and actions/)
})

/** Work that is due waits as well, until it is begun. */
function isAhead({ state, next_at: at }: Listed['data'][number]): boolean {
  return state === 'waiting' && Date.parse(at as string) > Date.now()
}

test('beside up, run asks it and list tells who does it and when', async () => {
  const running = start(['up', '--json'], env)
  await running.says('"url"')
  const list = async () => readJson<Listed>(await run(['schedule', 'list', '--json'], env))
  let listed = await list()
  while (!listed.data.every(isAhead)) listed = await list()
  for (const row of listed.data) {
    assert.equal((row['keeper'] as { host: string }).host, hostname())
  }
  const before = listed.data[0]!['last_at']
  const { asked, by } = readJson<Done>(
    await run(['schedule', 'run', 'keep-current', '--json'], env),
  )
  assert.equal(asked, true)
  assert.deepEqual(by, listed.data[0]!['keeper'])
  while (listed.data[0]!['last_at'] === before) listed = await list()
  assert.equal(listed.data[0]!['last_status'], 'succeeded')
  running.child.kill('SIGTERM')
  assert.equal((await running.ended).code, 0)
  assert.deepEqual(fieldsOf(await list(), 'state', 'next_at'), [
    ['off', null],
    ['off', null],
  ])
})
