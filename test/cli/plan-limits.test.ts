/** What a plan lacks, over commands that know nothing of each other but the store. */
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
const DAY_MS = 86_400_000
const daysAgo = (days: number) => new Date(Date.now() - days * DAY_MS).toISOString().slice(0, 10)

interface Summary {
  readonly requests: number
  readonly tasks: readonly { readonly error: { readonly code: string; readonly hint: string } }[]
}

interface Plan {
  readonly tasks: readonly {
    readonly calls: number
    readonly notOffered: readonly { readonly from: string }[]
  }[]
}

interface Providers {
  readonly data: readonly {
    readonly id: string
    readonly plan_limits: readonly { readonly topic: string }[]
  }[]
}

const fetch = async (symbol: string, from: number, until: number, more: Variables = {}) =>
  readJson<Summary>(
    await run(
      [
        'fetch',
        symbol,
        '-p',
        'polygon',
        '--from',
        daysAgo(from),
        '--until',
        daysAgo(until),
        '--json',
      ],
      { ...env, ...more },
    ),
  )

test('what the plan lacks costs its calls once, until a new key or a person asks again', async () => {
  sandbox.plans.set('polygon', { years: 2, delayed: false, endOfDay: true })
  // Four years back and to today: one call too far, and the one that the plan has.
  assert.equal((await fetch('AAPL', 1_400, -1)).requests, 2)
  assert.equal((await fetch('MSFT', 1_400, -1)).requests, 1)
  const span = ['--from', daysAgo(1_400), '--until', daysAgo(-1)]
  const args = ['backfill', 'TSLA', '-p', 'polygon', '-i', '1d', ...span, '--dry-run', '--json']
  const plan = readJson<Plan>(await run(args, env))
  const [lacking] = plan.tasks[0]!.notOffered
  assert.equal(plan.tasks[0]!.calls, 1)
  // The first session of the period, which a weekend and a holiday can hold back.
  assert.ok(lacking!.from >= daysAgo(1_400) && lacking!.from < daysAgo(1_394), lacking!.from)
  const unknown = await run(args, { ...env, POLYGON_API_KEY: 'a-third-key' })
  assert.deepEqual(readJson<Plan>(unknown).tasks[0]!.notOffered, [])
  const refused = await fetch('IBM', 1_400, 1_300)
  assert.equal(refused.requests, 0)
  assert.equal(refused.tasks[0]!.error.code, 'PLAN_LACKS')
  assert.match(refused.tasks[0]!.error.hint, /stockyard providers --forget-limits polygon/)
  assert.equal((await fetch('IBM', 1_400, 1_300, { POLYGON_API_KEY: 'another-key' })).requests, 1)
  const shown = await runProcess(['providers'], env)
  assert.match(
    shown.stdout,
    /^polygon: the plan lacks "stocks: bars of 5 years or of today" \(refused \d{4}-.*Your plan doesn't include/m,
  )
  assert.doesNotMatch(shown.stdout, /a-key-for-tests/)
  const forgotten = await run(['providers', '--forget-limits', 'polygon', '--json'], env)
  const polygon = readJson<Providers>(forgotten).data.find(({ id }) => id === 'polygon')
  assert.deepEqual(polygon?.plan_limits, [])
  sandbox.plans.set('polygon', { years: null, delayed: false, endOfDay: false })
  assert.equal((await fetch('IBM', 1_400, 1_300)).requests, 1)
  const full = await run(['providers'], { ...env, POLYGON_BUDGET: '1/min' })
  assert.match(full.stdout, /^polygon: the minute's next call is free at \d{4}-\d\d-\d\dT/m)
})

test('limits of a vendor that does not exist are not forgotten', async () => {
  const { code, stderr } = await run(['providers', '--forget-limits', 'nobody'], env)
  assert.equal(code, 2)
  assert.match(stderr, /nobody/)
})
