/** Runs, status, rejects, revisions and providers over HTTP. */
import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { storeCanary } from '../../src/db/canaries.ts'
import { storePlanLimit } from '../../src/db/plan-limits.ts'
import { claimStore } from '../../src/db/store-kind.ts'
import { makeDatabase } from '../support/database.ts'
import { fillStore, FRIDAY, REVISED } from '../support/filled-store.ts'
import { appOver, ask } from './app-under-test.ts'

const { pool } = await makeDatabase()
const { runs } = await fillStore(pool)
const app = await appOver(pool)
after(() => app.close())

describe('the state of the pipeline', () => {
  it('lists runs, newest first', async () => {
    const { body } = await ask(app, '/api/v1/etl/jobs?limit=2')
    assert.deepEqual(
      body.data.map(({ run, status }) => [run, status]),
      [
        [runs.partial, 'partial'],
        [runs.revision, 'succeeded'],
      ],
    )
    const rest = await ask(app, `/api/v1/etl/jobs?limit=2&cursor=${String(body.next)}`)
    assert.deepEqual(
      rest.body.data.map(({ run }) => run),
      [runs.first],
    )
  })

  it('tells one run with its tasks', async () => {
    const { body } = await ask(app, `/api/v1/etl/jobs/${runs.revision}`)
    const { run, job, status, symbols, fetched, inserted, updated, unchanged, rejected } = body
    assert.deepEqual(
      [run, job, status, symbols, fetched, inserted, updated, unchanged, rejected],
      [runs.revision, 'fetch', 'succeeded', 1, 1, 0, 1, 0, 0],
    )
    const [task] = body['tasks'] as { symbol: string; updated: number; error: null }[]
    assert.deepEqual([task!.symbol, task!.updated, task!.error], ['AAPL', 1, null])
  })

  it('sums up the store and tells whether the market is open', async () => {
    const { body } = await ask(app, '/api/v1/etl/status?limit=1')
    assert.deepEqual(
      [body.symbols, body.series, body.bars, body.rejects, body.simulated],
      [3, 4, 381 + 1170 + 4 + 27, 2, false],
    )
    // The clock stands on Friday at 15:30; the exchange opens again on Monday at 09:30.
    assert.deepEqual(body.market, {
      exchange: 'XNYS',
      open: true,
      next_open: '2024-06-10T13:30:00Z',
    })
    assert.deepEqual([body.data[0]!.symbol, body.data.length], ['AAPL', 1])
  })

  it('lists rejects and revisions', async () => {
    const rejects = await ask(app, '/api/v1/rejects?symbol=MSFT&rule=price-order')
    assert.deepEqual(
      rejects.body.data.map(({ raw }) => raw),
      ['"=1+1",2'],
    )
    const revisions = await ask(app, '/api/v1/stocks/AAPL/revisions?interval=daily')
    assert.deepEqual(
      revisions.body.data.map(({ session }) => session),
      [REVISED.session],
    )
  })

  it('lists providers with what is left of their budgets, what plans lack, and the last canary', async () => {
    const reader = { account: 'an-account' }
    await storePlanLimit(pool, 'alpha-vantage', 'bars 1d full', 'Premium.', reader)
    await storeCanary(
      pool,
      { provider: 'alpha-vantage', checkedAt: FRIDAY, status: 'changed', nextProbe: 0 },
      {},
    )
    const { body } = await ask(app, '/api/v1/providers')
    const [{ lanes, plan_limits: limits, ...provider }] = body.data as never as [
      Record<string, unknown> & { lanes: object; plan_limits: object[] },
    ]
    assert.deepEqual(Object.keys(lanes), ['close_reserve', 'reserve_until', 'waiting'])
    assert.deepEqual(
      limits.map((limit) => ({ ...limit, refused_at: '', retry_after: '' })),
      [{ topic: 'bars 1d full', words: 'Premium.', refused_at: '', retry_after: '' }],
    )
    const unused = { used: 0, resets_at: null, seen_ceiling: null }
    assert.deepEqual(
      [provider],
      [
        {
          id: 'alpha-vantage',
          name: 'Alpha Vantage',
          enabled: true,
          needs_key: true,
          intervals: ['1m', '5m', '1d'],
          basis: 'raw',
          budget: '1/s,5/min,25/day',
          reset_zone: 'America/New_York',
          plans: [{ name: 'free', budget: '1/s,5/min,25/day', includes: 'the newest 100 days' }],
          windows: [
            { window: 'second', limit: 1, left: 1, ...unused },
            { window: 'minute', limit: 5, left: 5, ...unused },
            { window: 'day', limit: 25, left: 25, ...unused },
          ],
          paused_until: null,
          pause_reason: null,
          canary: { status: 'changed', checked_at: '2024-06-07T19:30:00Z' },
        },
      ],
    )
  })

  it('says that the store is simulated once it is', async (t) => {
    const other = await makeDatabase(t)
    const simulated = await appOver(other.pool)
    t.after(() => simulated.close())
    assert.equal((await ask(simulated, '/api/v1/etl/status')).body.simulated, false)
    await claimStore(other.pool, 'simulated')
    assert.equal((await ask(simulated, '/api/v1/etl/status')).body.simulated, true)
  })
})
