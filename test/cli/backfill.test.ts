/** `stockyard backfill` through the real program, against the simulated exchange. */
import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { startSandbox } from '../../src/sandbox/server.ts'
import { makeDatabase } from '../support/database.ts'
import { findInconsistencies } from '../support/store.ts'
import { keepDayFromEnding } from '../support/steady-day.ts'
import { readJson, run, runProcess, start } from './run-stockyard.ts'

const { pool, url } = await makeDatabase()
await keepDayFromEnding(url)
const sandbox = await startSandbox({ port: 0, clock: Date.now })
after(() => sandbox.close())

const ENV = {
  DATABASE_URL: url,
  ALPHA_VANTAGE_API_KEY: 'backfill-test-key',
  ALPHA_VANTAGE_BASE_URL: sandbox.url,
  ALPHA_VANTAGE_BUDGET: 'unlimited',
  YAHOO_BASE_URL: sandbox.url,
}
/** January and February of 2026: 39 sessions, and two calls of Alpha Vantage. */
const PERIOD = ['-i', '1m', '--from', '2026-01-01', '--until', '2026-03-01']

interface Plan {
  calls: number
  rows: number
  bytes: number
  seconds: number
  days: number
  providers: { provider: string; today: object | null; daysOnFreePlan: object | null }[]
  tasks: { calls: number; rows: number; from: string; until: string; notOffered: object[] }[]
}

interface Summary {
  status: string
  requests: number
  inserted: number
  tasks: { symbol: string; status: string; error: { code: string; message: string } | null }[]
}

describe('a dry run', () => {
  it('tells calls, rows, time and days, and spends nothing', async () => {
    const before = sandbox.calls.count()
    const budget = { ...ENV, ALPHA_VANTAGE_BUDGET: '1/s,5/min,25/day' }
    const symbols = Array.from({ length: 13 }, (_, i) => `SIM${i + 1}`)
    const args = ['backfill', ...symbols, ...PERIOD, '--dry-run']
    const ended = await runProcess([...args, '--json'], budget)
    assert.equal(ended.code, 0, ended.stderr)
    const plan = readJson<Plan>(ended)
    // 960 minutes a session; neither month has a half day.
    assert.deepEqual([plan.calls, plan.rows], [26, 13 * 39 * 960])
    assert.equal(plan.days, 2)
    assert.deepEqual(plan.providers[0]?.today, { spent: 0, left: 25 })
    assert.deepEqual(plan.providers[0]?.daysOnFreePlan, { perDay: 25, days: 2 })
    assert.ok(plan.bytes > plan.rows * 10 && plan.bytes < plan.rows * 100)
    const text = await run(args, budget)
    assert.match(text.stdout, /In all 26 calls, 486,720 bars at most/)
    assert.match(text.stdout, /0 are spent today and 25 left: 2 days/)
    assert.match(text.stdout, /25\/day is the plan free: the newest 100 days,.* no intraday bars\./)
    assert.equal(sandbox.calls.count(), before)
    const { rows } = await pool.query('SELECT FROM stockyard.runs')
    assert.equal(rows.length, 0)
  })

  it('marks what the vendor does not have that far back', async () => {
    const args = ['backfill', 'SIM1', '-i', '1m', '--days', '90', '-p', 'yahoo', '--dry-run']
    const plan = readJson<Plan>(await run([...args, '--json'], ENV))
    assert.equal(plan.tasks[0]?.notOffered.length, 1)
    assert.match((await run(args, ENV)).stdout, /SIM1 1m: not-offered by yahoo from 20\d\d-/)
  })
})

describe('a backfill', () => {
  it('brings what was planned, and nothing when it is run again', async () => {
    const first = await run(['backfill', 'SIM1', 'SIM2', ...PERIOD, '--json'], ENV)
    assert.equal(first.code, 0, first.stderr)
    assert.deepEqual(
      [readJson<Summary>(first).status, readJson<Summary>(first).requests],
      ['succeeded', 4],
    )
    assert.match(first.stderr, /SIM1 1m: 1 of 2 calls, .* \(in all 1\/4 calls .* to go\)/)
    const again = await run(['backfill', 'SIM1', 'SIM2', ...PERIOD, '--json'], ENV)
    assert.deepEqual([again.code, readJson<Summary>(again).requests], [0, 0])
    const { rows } = await pool.query('SELECT DISTINCT job, status FROM stockyard.runs')
    assert.deepEqual(rows, [{ job: 'backfill', status: 'succeeded' }])
  })

  it('of days long past takes the silence of later ones for no closure', async () => {
    const symbols = ['SIM1', 'SIM2', 'SIM5']
    const args = ['backfill', ...symbols, '-i', '15m', ...PERIOD.slice(2), '--json']
    const ended = await run(args, ENV)
    assert.equal(ended.code, 0, ended.stderr)
    assert.doesNotMatch(ended.stderr, /closure/)
  })

  it('ends with 5 when the calls of the day are used up, and goes on from there', async () => {
    await pool.query('TRUNCATE stockyard.budget_calls')
    const budget = { ...ENV, ALPHA_VANTAGE_BUDGET: '3/day' }
    const args = ['backfill', 'SIM3', 'SIM4', ...PERIOD, '--lane', 'close', '--json']
    const first = await runProcess(args, budget)
    assert.equal(first.code, 5, first.stderr)
    const summary = readJson<Summary>(first)
    assert.deepEqual(
      summary.tasks.map((task) => [task.symbol, task.status, task.error?.code ?? null]),
      [
        ['SIM3', 'succeeded', null],
        ['SIM4', 'failed', 'BUDGET_EXHAUSTED'],
      ],
    )
    assert.match(summary.tasks[1]?.error?.message ?? '', /before 20\d\d-\d\d-\d\d \d\d:\d\d UTC/)
    const next = readJson<Summary>(await run(args, ENV))
    assert.deepEqual([next.status, next.requests], ['succeeded', 1])
  })

  it('is left resumable by Ctrl-C', async () => {
    const symbols = ['SIM5', 'SIM6', 'SIM7', 'SIM8']
    const args = ['backfill', ...symbols, ...PERIOD, '--json']
    const running = start(args, ENV)
    await running.says('SIM5 1m: 1 of 2 calls')
    running.child.kill('SIGINT')
    const ended = await running.ended
    assert.equal(ended.code, 130, ended.stderr)
    assert.deepEqual(await findInconsistencies(pool), [])
    const next = await run(args, ENV)
    assert.equal(readJson<Summary>(next).status, 'succeeded', next.stderr)
    assert.deepEqual(await findInconsistencies(pool), [])
  })
})

describe('wrong usage', () => {
  it('is refused before anything is opened', async () => {
    const cases = [
      [['--from', '2999-01-01'], 'PERIOD_FUTURE'],
      [['--from', '2026-01-02', '--days', '3'], 'OPTION_CONFLICT'],
      [['--from', '2026-01-02', '--until', '2026-01-02'], 'PERIOD_EMPTY'],
    ] as const
    for (const [options, code] of cases) {
      for (const command of ['backfill', 'fetch']) {
        const ended = await run([command, 'SIM1', ...options, '--json'], ENV)
        const { error } = readJson<{ error: { code: string } }>(ended)
        assert.deepEqual([ended.code, error.code], [2, code], `${command} ${options.join(' ')}`)
      }
    }
  })

  it('says of a period that no vendor offers that it is not offered', async () => {
    const args = ['backfill', 'SIM9', '-i', '1m', '--from', '2020-01-01', '--until', '2020-02-01']
    const ended = await run([...args, '-p', 'yahoo', '--json'], ENV)
    assert.equal(ended.code, 1)
    assert.equal(readJson<Summary>(ended).tasks[0]?.error?.code, 'NOT_OFFERED')
  })
})
