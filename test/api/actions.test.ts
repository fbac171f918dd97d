/** Splits and dividends over the API. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { storeActions } from '../../src/db/actions.ts'
import { inTransaction } from '../../src/db/connect.ts'
import { addInstrument } from '../../src/db/instruments.ts'
import { makeDatabase } from '../support/database.ts'
import { appOver, ask } from './app-under-test.ts'

const { pool } = await makeDatabase()
const app = await appOver(pool)
after(() => app.close())
const { id } = await addInstrument(pool, { symbol: 'AAPL' })
await addInstrument(pool, { symbol: 'BRK.A' })
await inTransaction(pool, (connection) =>
  storeActions(
    connection,
    {
      instrumentId: id,
      provider: 'alpha-vantage',
      runId: null,
      observedAt: Date.parse('2024-06-07T19:30:00Z'),
    },
    {
      splits: [{ day: Date.parse('2020-08-31'), newShares: 4, oldShares: 1 }],
      dividends: [
        {
          day: Date.parse('2024-05-10'),
          amount: 0.25,
          currency: 'USD',
          kind: 'cash',
          basis: 'raw',
        },
      ],
    },
  ),
)

test('lists splits and dividends by ex date', async () => {
  const { status, body } = await ask(app, '/api/v1/stocks/aapl/actions')
  assert.equal(status, 200)
  const counted = { status: 'single-source', applied: true }
  const same = {
    symbol: 'AAPL',
    provider: 'alpha-vantage',
    first_seen: '2024-06-07T19:30:00Z',
    ...counted,
  }
  assert.deepEqual(body, {
    data: [
      {
        ...same,
        kind: 'split',
        ex_date: '2020-08-31',
        new_shares: 4,
        old_shares: 1,
        amount: null,
        currency: null,
        basis: null,
      },
      {
        ...same,
        kind: 'dividend',
        ex_date: '2024-05-10',
        new_shares: null,
        old_shares: null,
        amount: 0.25,
        currency: 'USD',
        basis: 'raw',
      },
    ],
    next: null,
  })
})

async function count(search: string): Promise<number> {
  return (await ask(app, `/api/v1/stocks/AAPL/actions?${search}`)).body.data.length
}

test('filters by kind and ex date, the end not included', async () => {
  assert.equal(await count('kind=split'), 1)
  assert.equal(await count('from=2020-08-31&until=2024-05-10'), 1)
  assert.equal(await count('from=2020-09-01'), 1)
  assert.equal(await count('until=2020-08-31'), 0)
})

async function codes(path: string) {
  const { status, body } = await ask(app, `/api/v1/stocks/${path}`)
  return [status, body['code']]
}

test('a stock without any has an empty list; unknown symbols and bad parameters are told', async () => {
  assert.deepEqual((await ask(app, '/api/v1/stocks/BRK.A/actions')).body.data, [])
  assert.deepEqual(await codes('NOPE/actions'), [404, 'SYMBOL_UNKNOWN'])
  assert.deepEqual(await codes('AAPL/actions?from=yesterday'), [400, 'DATE_INVALID'])
  assert.equal((await codes('AAPL/actions?kind=merger'))[0], 400)
  assert.deepEqual(await codes('AAPL/actions?provider=acme'), [400, 'PROVIDER_UNKNOWN'])
})

function gist({ provider, amount, status }: Record<string, unknown>) {
  return [provider, amount, status]
}

test('as of an instant are those that were known then, with what became of them then', async () => {
  const before = new Date(Date.now()).toISOString()
  const asked = `/api/v1/stocks/AAPL/actions?kind=dividend&as_of=${before}`
  const first = await ask(app, asked)
  assert.equal(first.body.data.length, 1)
  const source = { instrumentId: id, runId: null, observedAt: Date.parse('2024-06-10T19:30:00Z') }
  const said = {
    day: Date.parse('2024-05-10'),
    currency: 'USD',
    kind: 'cash',
    basis: 'raw',
  } as const
  await inTransaction(pool, async (connection) => {
    const one = { splits: [], dividends: [{ ...said, amount: 0.26 }] }
    await storeActions(connection, { ...source, provider: 'alpha-vantage' }, one)
    await storeActions(connection, { ...source, provider: 'polygon' }, one)
  })
  const now = await ask(app, '/api/v1/stocks/AAPL/actions?kind=dividend')
  assert.deepEqual(now.body.data.map(gist), [
    ['alpha-vantage', 0.26, 'confirmed'],
    ['polygon', 0.26, 'confirmed'],
  ])
  assert.equal((await ask(app, asked)).text, first.text)
  assert.deepEqual(first.body.data.map(gist), [['alpha-vantage', 0.25, 'single-source']])
  assert.equal((await ask(app, '/api/v1/stocks/AAPL/actions?as_of=2999-01-01')).status, 400)
})
