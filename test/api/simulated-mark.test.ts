/** Answers about a store of simulated data say so in a header, whatever they tell. */
import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import type { App } from '../../src/api/context.ts'
import { claimStore } from '../../src/db/store-kind.ts'
import { makeDatabase } from '../support/database.ts'
import { fillStore } from '../support/filled-store.ts'
import { appOver, ask, contextOf } from './app-under-test.ts'

const URLS = [
  '/api/v1/stocks',
  '/api/v1/stocks/AAPL',
  '/api/v1/stocks/AAPL/prices',
  '/api/v1/stocks/AAPL/prices?format=csv',
  '/api/v1/stocks/AAPL/prices/latest',
  '/api/v1/stocks/AAPL/quote',
  '/api/v1/stocks/AAPL/actions',
  '/api/v1/stocks/AAPL/revisions',
  '/api/v1/stocks/AAPL/coverage',
  '/api/v1/prices?symbols=AAPL,MSFT',
  '/api/v1/analytics/stocks/AAPL/summary',
  '/api/v1/analytics/stocks/AAPL/indicators?indicators=sma:5',
  '/api/v1/analytics/market/overview',
  '/api/v1/analytics/correlation?symbols=AAPL,MSFT',
  '/api/v1/etl/status',
]

async function marksOf(app: App, url: string) {
  const { status, headers } = await ask(app, url)
  return { url, status, mark: headers['x-stockyard-simulated'] }
}

async function marksOfAll(app: App) {
  return await Promise.all(URLS.map((url) => marksOf(app, url)))
}

describe('the mark of simulated data', () => {
  it('is on every answer about a store of such data, and on none about another', async () => {
    const { pool } = await makeDatabase()
    await fillStore(pool)
    const { options } = contextOf(pool)
    const simulated = await appOver(pool, { options: { ...options, simulated: true } })
    const real = await appOver(pool)
    after(() => Promise.all([simulated.close(), real.close()]))
    assert.deepEqual(
      await marksOfAll(simulated),
      URLS.map((url) => ({ url, status: 200, mark: '1' })),
    )
    assert.deepEqual(
      await marksOfAll(real),
      URLS.map((url) => ({ url, status: 200, mark: undefined })),
    )
  })

  it('is there from the first load on, where the server began with an empty store', async () => {
    const { pool } = await makeDatabase()
    const app = await appOver(pool)
    after(() => app.close())
    const url = '/api/v1/stocks'
    assert.deepEqual(await marksOf(app, url), { url, status: 200, mark: undefined })
    await claimStore(pool, 'simulated')
    assert.deepEqual(await marksOf(app, url), { url, status: 200, mark: '1' })
    assert.match((await ask(app, '/metrics')).text, /^stockyard_info\{.*simulated="true"\} 1$/m)
  })
})
