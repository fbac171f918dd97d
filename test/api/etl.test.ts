/** Runs, status, rejects, revisions and providers over HTTP. */
import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { claimStore } from '../../src/db/store-kind.ts'
import { makeDatabase } from '../support/database.ts'
import { fillStore, REVISED } from '../support/filled-store.ts'
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

  it('lists providers with their budgets', async () => {
    const { body } = await ask(app, '/api/v1/providers')
    assert.deepEqual(body.data, [
      {
        id: 'alpha-vantage',
        name: 'Alpha Vantage',
        enabled: true,
        needs_key: true,
        intervals: ['1m', '5m', '1d'],
        basis: 'raw',
        budget: '1/s,5/min,25/day',
        reset_zone: 'America/New_York',
      },
    ])
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
