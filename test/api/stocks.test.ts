/** Stocks: list, add, change, delete. */
import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { makeDatabase } from '../support/database.ts'
import { fillStore } from '../support/filled-store.ts'
import { appOver, ask } from './app-under-test.ts'

const { pool } = await makeDatabase()
await fillStore(pool)
const app = await appOver(pool)
after(() => app.close())

async function symbols(search = ''): Promise<unknown[]> {
  const { status, body, text } = await ask(app, `/api/v1/stocks${search}`)
  assert.equal(status, 200, text)
  return body.data.map(({ symbol }) => symbol)
}

describe('the list of stocks', () => {
  it('is by symbol, with all that is said about each', async () => {
    const { body } = await ask(app, '/api/v1/stocks?limit=1')
    const { created_at, updated_at, ...said } = body.data[0]!
    assert.deepEqual(said, {
      symbol: 'AAPL',
      kind: 'stock',
      name: 'Apple Inc.',
      exchange: 'XNAS',
      currency: null,
      sector: 'Technology',
      industry: null,
      watched: true,
      active: true,
      listed_on: null,
      delisted_on: null,
      simulated: false,
      metadata: {},
    })
    for (const at of [created_at, updated_at]) assert.match(String(at), /^\d{4}-.*T.*Z$/)
    assert.deepEqual(await symbols(), ['AAPL', 'MSFT', 'XOM'])
  })

  it('is filtered by exchange, sector, kind, watch list and words', async () => {
    assert.deepEqual(await symbols('?exchange=xnas'), ['AAPL'])
    assert.deepEqual(await symbols('?sector=technology'), ['AAPL', 'MSFT'])
    assert.deepEqual(await symbols('?kind=etf'), [])
    assert.deepEqual(await symbols('?watched=true'), ['AAPL'])
    assert.deepEqual(await symbols('?text=exx'), ['XOM'])
    assert.deepEqual(await symbols('?text=%25'), [])
    assert.deepEqual(await symbols('?sector=Technology&watched=false'), ['MSFT'])
  })

  it('knows an exchange by any of its names, in the question and in the store', async () => {
    const url = '/api/v1/stocks/MSFT'
    for (const spelt of ['NASDAQ', 'NMS', 'XNGS', 'XNAS']) {
      await ask(app, url, { method: 'PATCH', body: { exchange: spelt } })
      for (const name of ['XNAS', 'nasdaq', 'NGM', '%20xnas%20']) {
        assert.deepEqual(await symbols(`?exchange=${name}`), ['AAPL', 'MSFT'], `${name}, ${spelt}`)
      }
      // The same calendar does not make it the same market.
      assert.deepEqual(await symbols('?exchange=NYSE'), ['XOM'])
      assert.deepEqual(await symbols('?exchange=XASE'), [])
      const movers = async (name: string) => {
        const { body } = await ask(app, `/api/v1/analytics/market/overview?exchange=${name}`)
        return (body['most_active'] as { symbol: string }[]).map(({ symbol }) => symbol).sort()
      }
      assert.deepEqual(await movers('nasdaq'), ['AAPL', 'MSFT'])
      assert.deepEqual(await movers('XNYS'), [])
    }
    await ask(app, url, { method: 'PATCH', body: { exchange: 'XNYS' } })
  })

  it('refuses an exchange that there is not, and names the nearest; one that a vendor named is one', async () => {
    for (const path of ['stocks', 'indices', 'analytics/market/overview']) {
      const { status, body } = await ask(app, `/api/v1/${path}?exchange=NASDQ`)
      assert.deepEqual([status, body['code']], [400, 'EXCHANGE_UNKNOWN'], path)
      assert.equal(body['hint'], 'Did you mean "NASDAQ"?')
    }
    const far = await ask(app, '/api/v1/stocks?exchange=the%20moon%20and%20the%20stars')
    assert.match(String(far.body['hint']), /ISO 10383/)
    await pool.query("UPDATE stockyard.instruments SET exchange = 'Wse' WHERE name = 'Exxon'")
    assert.deepEqual(await symbols('?exchange=wse'), ['XOM'])
    await pool.query("UPDATE stockyard.instruments SET exchange = 'XNYS' WHERE name = 'Exxon'")
  })

  it('is walked by cursor or by skip', async () => {
    const first = await ask(app, '/api/v1/stocks?limit=2')
    const rest = await ask(app, `/api/v1/stocks?limit=2&cursor=${String(first.body.next)}`)
    assert.deepEqual(
      [...first.body.data, ...rest.body.data].map(({ symbol }) => symbol),
      ['AAPL', 'MSFT', 'XOM'],
    )
    assert.equal(rest.body.next, null)
    assert.deepEqual(await symbols('?skip=1&limit=1'), ['MSFT'])
    assert.deepEqual(await symbols('?skip=3'), [])
  })
})

describe('a list that is cut or turned', () => {
  it('runs backwards, by cursor too', async () => {
    const first = await ask(app, '/api/v1/stocks?sort=desc&limit=2')
    const rest = await ask(app, `/api/v1/stocks?sort=desc&cursor=${String(first.body.next)}`)
    assert.deepEqual(
      [...first.body.data, ...rest.body.data].map(({ symbol }) => symbol),
      ['XOM', 'MSFT', 'AAPL'],
    )
    const turned = await ask(app, `/api/v1/stocks?cursor=${String(first.body.next)}`)
    assert.deepEqual([turned.status, turned.body['code']], [400, 'CURSOR_INVALID'])
  })

  it('has just the fields that are wanted', async () => {
    const { body } = await ask(app, '/api/v1/stocks?fields=sector,name&limit=1')
    assert.deepEqual(body.data, [{ symbol: 'AAPL', name: 'Apple Inc.', sector: 'Technology' }])
    const wrong = await ask(app, '/api/v1/stocks?fields=sektor')
    assert.deepEqual([wrong.status, wrong.body['code']], [400, 'PARAMETER_INVALID'])
  })
})

describe('one stock', () => {
  it('is added, found in any case, changed, replaced, deleted and brought back', async () => {
    const url = '/api/v1/stocks/BRK.B'
    const body = { symbol: 'BRK.B', name: 'Berkshire', sector: 'Finance', exchange: 'xnys' }
    const added = await ask(app, '/api/v1/stocks', { method: 'POST', body })
    assert.deepEqual([added.status, added.headers['location']], [201, url])
    assert.deepEqual([added.body.symbol, added.body.exchange], ['BRK.B', 'XNYS'])

    assert.equal((await ask(app, '/api/v1/stocks/brk.b')).body.name, 'Berkshire')

    const changed = await ask(app, url, { method: 'PATCH', body: { watched: true, sector: null } })
    assert.deepEqual(
      [changed.body.watched, changed.body.sector, changed.body.name],
      [true, null, 'Berkshire'],
    )

    const replaced = await ask(app, url, { method: 'PUT', body: { currency: 'USD' } })
    assert.deepEqual(
      [replaced.body.currency, replaced.body.name, replaced.body.watched],
      ['USD', null, false],
    )

    for (let times = 0; times < 2; times += 1) {
      const deleted = await ask(app, url, { method: 'DELETE' })
      assert.deepEqual([deleted.status, deleted.text], [204, ''])
    }
    assert.deepEqual(await symbols(), ['AAPL', 'MSFT', 'XOM'])
    assert.deepEqual(await symbols('?active=false'), ['BRK.B'])
    assert.equal((await ask(app, url)).body.active, false)

    await ask(app, url, { method: 'PATCH', body: { active: true } })
    assert.deepEqual(await symbols(), ['AAPL', 'BRK.B', 'MSFT', 'XOM'])
  })

  it('keeps its bars when it is deleted', async () => {
    await ask(app, '/api/v1/stocks/AAPL', { method: 'DELETE' })
    const { body } = await ask(app, '/api/v1/stocks/AAPL/prices/latest')
    assert.equal(body.session, '2024-06-07')
  })

  it('is added once, however many ask at a time', async () => {
    const adding = Array.from({ length: 8 }, () =>
      ask(app, '/api/v1/stocks', { method: 'POST', body: { symbol: 'ONCE' } }),
    )
    const statuses = (await Promise.all(adding)).map(({ status }) => status).sort()
    assert.deepEqual(statuses, [201, 409, 409, 409, 409, 409, 409, 409])
    const { rows } = await pool.query(
      `SELECT count(*) AS instruments FROM stockyard.instruments
       WHERE NOT EXISTS (SELECT FROM stockyard.symbols WHERE instrument_id = id)`,
    )
    assert.equal(rows[0].instruments, 0)
  })
})

describe('indices', () => {
  it('are stocks of that kind, with prices', async () => {
    const body = { symbol: '^GSPC', name: 'S&P 500' }
    assert.equal((await ask(app, '/api/v1/stocks', { method: 'POST', body })).status, 201)
    const listed = await ask(app, '/api/v1/indices?fields=kind')
    assert.deepEqual(listed.body.data, [{ symbol: '^GSPC', kind: 'index' }])
    assert.deepEqual(await symbols('?kind=index'), ['^GSPC'])
    const session = '2024-06-04'
    const values = { open: 5278.24, high: 5298.8, low: 5257.63, close: 5291.34 }
    const bar = { symbol: '^GSPC', session, ...values }
    const given = await ask(app, '/api/v1/prices', { method: 'POST', body: bar })
    assert.equal(given.status, 201, given.text)
    const prices = await ask(app, '/api/v1/indices/%5EGSPC/prices?fields=close')
    assert.deepEqual(prices.body.data, [{ session, close: 5291.34 }])
    const stock = await ask(app, '/api/v1/indices/AAPL/prices')
    assert.deepEqual([stock.status, stock.body['code']], [404, 'SYMBOL_UNKNOWN'])
  })
})

describe('a list of stocks', () => {
  it('has a tag, by which a caller that holds it is told so until it changes', async () => {
    for (const path of ['stocks', 'indices']) {
      const url = `/api/v1/${path}`
      const first = await ask(app, url)
      const headers = { 'if-none-match': String(first.headers['etag']) }
      const again = await ask(app, url, { headers })
      assert.deepEqual([first.status, again.status, again.text], [200, 304, ''])
      assert.match(String(first.headers['content-type']), /^application\/json/)
      const kind = path === 'stocks' ? 'stock' : 'index'
      const body = { symbol: `TAG${kind}`, kind }
      await ask(app, '/api/v1/stocks', { method: 'POST', body })
      assert.equal((await ask(app, url, { headers })).status, 200)
      await ask(app, `/api/v1/stocks/${body.symbol}`, { method: 'DELETE' })
      assert.equal((await ask(app, url, { headers })).status, 304)
    }
  })
})
