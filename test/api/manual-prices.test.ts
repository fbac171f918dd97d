/** Bars by hand: given, read, replaced and taken back. */
import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { makeDatabase } from '../support/database.ts'
import { AAPL_DAILY, day, fillStore } from '../support/filled-store.ts'
import { findInconsistencies } from '../support/store.ts'
import { appOver, ask, type Wish } from './app-under-test.ts'

const { pool } = await makeDatabase()
await fillStore(pool)
const app = await appOver(pool)
after(() => app.close())

const VALUES = { open: 190.5, high: 193, low: 189.25, close: 192, volume: 1000 }

async function give(body: object) {
  return await ask(app, '/api/v1/prices', { method: 'POST', body })
}

async function send(method: Wish['method'] & string, url: string, body?: object) {
  const { status, body: answer } = await ask(app, url, {
    method,
    ...(body === undefined ? {} : { body }),
  })
  return [status, answer['code'] ?? answer['inserted'] ?? null]
}

async function closes(search: string): Promise<unknown[]> {
  const { status, body, text } = await ask(app, `/api/v1/stocks/AAPL/prices?${search}`)
  assert.equal(status, 200, text)
  return body.data.map((row) => [row['session'] ?? row['ts'], row['close'], row['provider']])
}

function closeOf(session: string): number {
  return AAPL_DAILY.close[AAPL_DAILY.ts.indexOf(day(session))]!
}

const AROUND = 'from=2024-06-03&until=2024-06-06'
const VENDOR = ['2024-06-03', '2024-06-04', '2024-06-05'].map((session) => [
  session,
  closeOf(session),
  'alpha-vantage',
])

describe('a daily bar by hand', () => {
  const url = '/api/v1/stocks/AAPL/prices/2024-06-04'

  it('comes before that of the vendor, is revised, and gives way again', async () => {
    const began = new Date().toISOString()
    // What the store of the tests was filled with is not all counted by its runs.
    const oddBefore = (await findInconsistencies(pool)).toSorted()
    const made = await give({ symbol: 'aapl', session: '2024-06-04', ...VALUES })
    assert.equal(made.status, 201, made.text)
    const { run, ...said } = made.body
    assert.deepEqual(said as unknown, {
      symbol: 'AAPL',
      interval: '1d',
      provider: 'manual',
      inserted: 1,
      updated: 0,
      unchanged: 0,
    })
    const done = await ask(app, `/api/v1/etl/jobs/${String(run)}`)
    assert.deepEqual([done.body['job'], done.body['status']], ['manual', 'succeeded'])
    const byHand = ['2024-06-04', 192, 'manual']
    assert.deepEqual(await closes(AROUND), [VENDOR[0], byHand, VENDOR[2]])
    assert.deepEqual(await closes('provider=manual'), [byHand])
    assert.deepEqual((await findInconsistencies(pool)).toSorted(), oddBefore)

    // The same once more is no news, in the shape in which it is read.
    const read = await ask(app, '/api/v1/stocks/AAPL/prices?provider=manual')
    assert.deepEqual(await send('PUT', url, read.body.data[0]!), [200, 0])
    const before = new Date().toISOString()
    assert.deepEqual(await send('PUT', url, { ...VALUES, close: 191 }), [200, 0])
    assert.deepEqual(await closes('provider=manual'), [['2024-06-04', 191, 'manual']])
    assert.deepEqual(await closes(`provider=manual&as_of=${before}`), [byHand])

    const gone = await ask(app, url, { method: 'DELETE' })
    assert.deepEqual([gone.status, gone.text], [204, ''])
    assert.deepEqual(await closes(AROUND), VENDOR)
    assert.deepEqual(await closes(`provider=manual&as_of=${before}`), [byHand])
    assert.deepEqual(await closes(`provider=manual&as_of=${began}`), [])
    const revisions = await ask(app, '/api/v1/stocks/AAPL/revisions?provider=manual')
    assert.deepEqual(
      revisions.body.data.map(({ old, new: now }) => [
        (old as { close: number }).close,
        (now as { close: number } | null)?.close ?? null,
      ]),
      [
        [191, null],
        [192, 191],
      ],
    )
    assert.deepEqual(await send('DELETE', url), [404, 'BAR_NOT_BY_HAND'])
  })

  it('is the latest only where it is the newest, and moves on when that is taken back', async () => {
    const bars = ['2024-06-05', '2024-06-06', '2023-12-29'].map((session, i) => ({
      session,
      ...VALUES,
      close: 190 + i,
    }))
    const made = await give({ symbol: 'MSFT', interval: 'daily', data: bars })
    assert.deepEqual([made.status, made.body['inserted']], [201, 3])
    const latest = async () => {
      const { body } = await ask(app, '/api/v1/stocks/MSFT/prices/latest?provider=manual')
      return [body['session'] ?? body['code'], body['close']]
    }
    assert.deepEqual(await latest(), ['2024-06-06', 191])
    const status = await ask(app, '/api/v1/etl/status?symbol=MSFT&provider=manual')
    // Nobody asked for the sessions between them.
    assert.deepEqual([status.body.data[0]?.['bars'], status.body.data[0]?.['watermark']], [3, null])
    // Nobody is asked for bars by hand: no session is expected of them.
    for (const path of ['/api/v1/stocks/MSFT/coverage', '/api/v1/coverage']) {
      const { body } = await ask(app, path)
      const providers = body.data.map(({ provider }) => provider)
      assert.deepEqual([providers.length > 0, providers.includes('manual')], [true, false])
    }
    const coverage = await ask(app, '/api/v1/stocks/MSFT/coverage?provider=manual')
    assert.deepEqual([coverage.status, coverage.body.data], [200, []])
    const msft = '/api/v1/stocks/MSFT/prices'
    await send('DELETE', `${msft}/2024-06-06`)
    assert.deepEqual(await latest(), ['2024-06-05', 190])
    await send('DELETE', `${msft}/2024-06-05`)
    assert.deepEqual(await latest(), ['2023-12-29', 192])
    await send('DELETE', `${msft}/2023-12-29`)
    assert.deepEqual(await latest(), ['BARS_NONE', undefined])
  })
})

describe('an intraday bar by hand', () => {
  it('is keyed by its start', async () => {
    const url = '/api/v1/stocks/AAPL/prices/2024-06-04T15:30:00Z?interval=1h'
    assert.deepEqual(await send('PUT', url, VALUES), [201, 1])
    assert.deepEqual(await closes('interval=1h&provider=manual'), [
      ['2024-06-04T15:30:00Z', 192, 'manual'],
    ])
    assert.deepEqual(await send('DELETE', url), [204, null])
  })
})

describe('a thousand bars by hand', () => {
  it('fit into one request with all their fields, and a larger body is refused', async () => {
    const start = Date.parse('2024-06-03T13:30:00Z')
    const minute = (i: number) => start + Math.floor(i / 390) * 86_400_000 + (i % 390) * 60_000
    const more = { vwap: 191.123456789, trades: 123_456, provider: 'alpha-vantage', state: 'final' }
    const data = Array.from({ length: 1000 }, (_, i) => ({
      ts: new Date(minute(i)).toISOString(),
      ...VALUES,
      ...more,
    }))
    const body = JSON.stringify({ symbol: 'MSFT', interval: '1m', data }, null, 4)
    assert.ok(body.length > 200 * 1024)
    const headers = { 'content-type': 'application/json' }
    const made = await ask(app, '/api/v1/prices', { method: 'POST', body, headers })
    assert.deepEqual([made.status, made.body['inserted']], [201, 1000], made.text)
    const large = { method: 'POST', headers, body: body.padEnd(512 * 1024 + 1) } as const
    const refused = await ask(app, '/api/v1/prices', large)
    assert.deepEqual([refused.status, refused.body['code']], [413, 'BODY_TOO_LARGE'])
    assert.match(String(refused.body['detail']), /512 KB/)
  })
})

describe('what cannot be a bar', () => {
  const key = { symbol: 'AAPL', session: '2024-06-04' }

  it('is refused by the rules for vendors’ rows, and nothing of it is stored', async () => {
    const good = { session: '2024-06-03', ...VALUES }
    const odd: [object, string, RegExp][] = [
      [{ ...key, ...VALUES, high: 180 }, 'BAR_INVALID', /2024-06-04 .*price-order.*high/],
      [{ ...key, ...VALUES, session: '2024-06-08' }, 'BAR_INVALID', /2024-06-08/],
      [{ ...key, ...VALUES, session: '2024-07-01' }, 'BAR_INVALID', /future/],
      [{ ...key, ...VALUES, volume: -1 }, 'BAR_INVALID', /volume/],
      [{ ...key, ...VALUES, close: '192' }, 'BODY_INVALID', /"close" must be a number/],
      [{ ...key, open: 1, high: 1, low: 1 }, 'BODY_INVALID', /"close" is missing/],
      [{ symbol: 'AAPL', ts: '2024-06-04T14:30:00Z', ...VALUES }, 'BODY_INVALID', /"session"/],
      [{ ...key, interval: '5m', ...VALUES }, 'BODY_INVALID', /"ts"/],
      [{ ...key, session: '2024-02-30', ...VALUES }, 'DATE_INVALID', /2024-02-30/],
      [{ ...key, ...VALUES, data: [good] }, 'BODY_INVALID', /not both/],
      [{ symbol: 'AAPL', data: [good, { ...good, open: true }] }, 'BODY_INVALID', /data\[1\].open/],
      [{ symbol: 'AAPL', data: [good, { ...good, high: 1 }] }, 'BAR_INVALID', /price-order/],
      [{ symbol: 'AAPL', data: [] }, 'BODY_INVALID', /1 to 1000 items/],
      [{ ...key, ...VALUES, symbol: 'NOSUCH' }, 'SYMBOL_UNKNOWN', /NOSUCH/],
    ]
    for (const [body, code, message] of odd) {
      const answer = await give(body)
      assert.equal(answer.body['code'], code, `${JSON.stringify(body)} ${answer.text}`)
      assert.match(String(answer.body['detail']), message)
    }
    const wrongPath = { ...VALUES, session: '2024-06-05' }
    const put = '/api/v1/stocks/AAPL/prices/2024-06-04'
    assert.deepEqual(await send('PUT', put, wrongPath), [400, 'BODY_INVALID'])
    assert.deepEqual(await send('PUT', `${put}T`, VALUES), [400, 'DATE_INVALID'])
    assert.deepEqual(await closes(AROUND), VENDOR)
  })
})
