/** What a person sees of one bar that a vendor changes late, and of a day without any, by commands alone. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { parseDay } from '../../src/domain/date.ts'
import { startSandbox } from '../../src/sandbox/server.ts'
import { readJson, run, type Variables } from '../cli/run-stockyard.ts'
import { makeDatabase } from '../support/database.ts'

/** Noon of the newest Sunday: while a session is on, its bar is another one at each call. */
const SUNDAY = Math.floor((Date.now() / 86_400_000 + 4) / 7) * 7 * 86_400_000 - 3.5 * 86_400_000
const sandbox = await startSandbox({ port: 0, clock: () => Math.min(SUNDAY, Date.now()) })
after(() => sandbox.close())
const { url, pool } = await makeDatabase()
const env: Variables = {
  DATABASE_URL: url,
  ALPHA_VANTAGE_BASE_URL: sandbox.url,
  ALPHA_VANTAGE_API_KEY: 'a-key-for-tests',
  ALPHA_VANTAGE_BUDGET: 'unlimited',
}
const DAY = '2024-06-12'
const PERIOD = ['--from', DAY, '--until', '2024-06-13']

interface Summary {
  readonly run: number
  readonly inserted: number
  readonly updated: number
}
interface Revisions {
  readonly data: {
    session: string
    old: { close: number; volume: number }
    new: { close: number; volume: number }
    run: number
  }[]
}
interface Alerts {
  readonly data: unknown[]
  readonly alerts: { exchange: string; session: string; symbols: number }[]
}

async function fetch(symbols: readonly string[], ...more: readonly string[]): Promise<Summary> {
  const fetched = await run(['fetch', ...symbols, '-i', '1d', '--json', ...more], env)
  assert.equal(fetched.code, 0, fetched.stderr)
  return readJson<Summary>(fetched)
}

/** The bar of the day as `bars` prints it. */
async function bar(...more: readonly string[]): Promise<{ close: number; volume: number }> {
  return readJson(await run(['bars', 'IBM', ...PERIOD, '--json', ...more], env))
}

async function databaseNow(): Promise<string> {
  const { rows } = await pool.query<{ now: Date }>('SELECT clock_timestamp() AS now')
  return rows[0]!.now.toISOString()
}

test('a late change is told by the run and the revisions, and reads as of before it stay as they were', async () => {
  await fetch(['IBM'], '--from', '2024-05-01')
  const before = await bar()
  const instant = await databaseNow()
  const late = { close: before.close + 0.01, volume: before.volume + 700 }
  sandbox.market.revise('IBM', '1d', parseDay(DAY), { ...late, high: before.close + 9 })

  const { run: id, inserted, updated } = await fetch(['IBM'], '--from', '2024-05-01', '--force')
  assert.deepEqual([inserted, updated], [0, 1])
  assert.match((await run(['runs', String(id)], env)).stdout, /IBM 1d: 1 final bar was changed/)
  const { data } = readJson<Revisions>(await run(['revisions', 'IBM', '--json'], env))
  assert.deepEqual(
    data.map((one) => [one.session, one.old.close, one.new.close, one.run]),
    [[DAY, before.close, late.close, id]],
  )
  assert.deepEqual(await bar('--as-of', instant), before)
  const now = await bar()
  assert.deepEqual([now.close, now.volume], [late.close, late.volume])
  assert.deepEqual(await bar('--as-of', await databaseNow()), now)
})

test('a session that no symbol has a bar of is one alert and no gap, until it is recorded as closed', async () => {
  sandbox.market.events.close(parseDay('2024-06-18'))
  await fetch(['MSFT', 'AAPL', 'GE', 'DIS'], '--from', '2024-06-03', '--until', '2024-07-02')
  const { data, alerts } = readJson<Alerts>(await run(['gaps', '--json'], env))
  assert.deepEqual(data, [])
  assert.deepEqual(
    alerts.map(({ exchange, session, symbols }) => [exchange, session, symbols]),
    [['XNYS', '2024-06-18', 4]],
  )
  await run(['market', 'close', '2024-06-18', '--reason', 'Power cut'], env)
  assert.deepEqual(readJson<Alerts>(await run(['gaps', '--json'], env)).alerts, [])
})
