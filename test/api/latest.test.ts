/** The latest bar by all that can be asked about it: made, adjusted, as of an instant, over or still running. */
import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { makeLatestCache } from '../../src/api/latest-cache.ts'
import { serve } from '../../src/api/serve.ts'
import { sliceBatch } from '../../src/domain/bar-batch.ts'
import { makeLogger } from '../../src/log.ts'
import { dailyBars, minuteBars } from '../support/bars.ts'
import { makeDatabase } from '../support/database.ts'
import { AAPL_DAILY, AAPL_MINUTES, day, fillStore, FRIDAY } from '../support/filled-store.ts'
import { loadSeries, tellActions } from '../support/loaded-series.ts'
import { appOver, ask, contextOf } from './app-under-test.ts'

const { pool } = await makeDatabase()
await fillStore(pool)
const app = await appOver(pool)
after(() => app.close())

const latest = async (symbol: string, search = '') =>
  await ask(app, `/api/v1/stocks/${symbol}/prices/latest${search}`)

/** The newest of all bars, as the list of bars has it. */
async function newest(symbol: string, search: string): Promise<Readonly<Record<string, unknown>>> {
  const { body, text } = await ask(
    app,
    `/api/v1/stocks/${symbol}/prices?sort=desc&limit=1&${search}`,
  )
  assert.equal(body.data.length, 1, text)
  return body.data[0]!
}

describe('the latest bar', () => {
  it('that is running is marked, and left out on request', async () => {
    const { body } = await latest('AAPL')
    assert.deepEqual(
      [body['session'], body['state'], body['partial']],
      ['2024-06-07', 'provisional', true],
    )
    const { body: over } = await latest('AAPL', '?include=none')
    assert.deepEqual(
      [over['session'], over['state'], over['partial'], over['close']],
      ['2024-06-06', 'final', undefined, AAPL_DAILY.close.at(-2)],
    )
    // Seen again after the close, but before it is settled.
    const last = sliceBatch(AAPL_DAILY, AAPL_DAILY.length - 1, AAPL_DAILY.length)
    const series = {
      symbol: 'SEEN',
      interval: '1d',
      provider: 'alpha-vantage',
      basis: 'raw',
    } as const
    await loadSeries(pool, series, last, FRIDAY)
    assert.equal((await latest('SEEN')).body['partial'], true)
    await loadSeries(pool, series, { ...last, close: Float64Array.of(101) }, FRIDAY + 3_600_000)
    const { body: seen } = await latest('SEEN')
    assert.deepEqual(
      [seen['state'], seen['partial'], seen['close']],
      ['provisional', undefined, 101],
    )
  })

  it('of several vendors that are not final is one that was seen after the close', async () => {
    const bars = dailyBars(day('2024-06-07'), day('2024-06-08'))
    const series = { symbol: 'TWO', interval: '1d', basis: 'raw' } as const
    await loadSeries(pool, { ...series, provider: 'alpha-vantage' }, bars, FRIDAY)
    await loadSeries(pool, { ...series, provider: 'polygon' }, bars, FRIDAY + 3_600_000)
    const { body } = await latest('TWO')
    assert.deepEqual([body['provider'], body['partial']], ['polygon', undefined])
    assert.equal((await newest('TWO', 'include=live'))['provider'], 'polygon')
  })

  it('of an interval that is not stored is made of shorter bars', async () => {
    // The last stored 5-minute bar, after the close of Tuesday.
    const { body } = await latest('AAPL', '?interval=1h')
    const at = AAPL_MINUTES
    assert.deepEqual(body, {
      symbol: 'AAPL',
      interval: '1h',
      provider: 'alpha-vantage',
      ts: '2024-06-04T20:00:00Z',
      open: at.open[3],
      high: at.high[3],
      low: at.low[3],
      close: at.close[3],
      volume: at.volume[3],
      vwap: null,
      trades: null,
      state: 'final',
      derived_from: '5m',
    })
    const { body: week } = await latest('AAPL', '?interval=1wk')
    assert.deepEqual(
      [week['session'], week['derived_from'], week['state'], week['partial'], week['close']],
      ['2024-06-03', '1d', 'provisional', true, AAPL_DAILY.close.at(-1)],
    )
    const { body: over } = await latest('AAPL', '?interval=1wk&include=none')
    assert.deepEqual([over['session'], over['close']], ['2024-06-03', AAPL_DAILY.close.at(-2)])
  })

  it('is adjusted', async () => {
    // Too small for its night to speak against it.
    const split = { day: day('2024-06-06'), newShares: 11, oldShares: 10 }
    await tellActions(pool, 'AAPL', 'alpha-vantage', { splits: [split] }, FRIDAY)
    const { body } = await latest('AAPL', '?interval=1m&adjust=splits')
    assert.deepEqual([body['ts'], body['adjust']], ['2024-06-05T19:59:00Z', 'splits'])
    const expected = (AAPL_MINUTES.close.at(-1)! * 10) / 11
    assert.ok(Math.abs(Number(body['close']) - expected) < 1e-6, `${String(body['close'])}`)
    assert.equal((await latest('AAPL', '?interval=1m')).body['close'], AAPL_MINUTES.close.at(-1))
  })

  it('is what was known as of an instant', async () => {
    const known = new Date().toISOString()
    const { body } = await latest('AAPL', `?as_of=${known}`)
    // What was not final was not known for good.
    assert.deepEqual([body['session'], body['as_of']], ['2024-06-06', known])
    const { status, body: none } = await latest('AAPL', '?as_of=2024-06-07')
    assert.deepEqual([status, none['code']], [404, 'BARS_NONE'])
    assert.equal((await latest('AAPL', '?as_of=2999-01-01')).body['code'], 'AS_OF_FUTURE')
  })

  it('is the last of the list of bars, whichever way it is asked for', async () => {
    for (const interval of ['1m', '5m', '15m', '30m', '1h', '1d', '1wk', '1mo']) {
      for (const adjust of ['none', 'splits', 'all']) {
        for (const include of ['none', 'live']) {
          const search = `interval=${interval}&adjust=${adjust}&include=${include}`
          const bar = await newest('AAPL', search)
          const { body } = await latest('AAPL', `?${search}`)
          const same = Object.fromEntries(Object.keys(bar).map((name) => [name, body[name]]))
          assert.deepEqual(same, bar, search)
          assert.equal(body['partial'], bar['partial'], search)
        }
      }
    }
  })
})

it('a bar that was made is made anew where a bar within it changed that is not the newest', async (t) => {
  const log = makeLogger({ level: 'silent', format: 'json' })
  const cache = makeLatestCache(pool, { log, elapsedMs: () => performance.now() })
  const server = await serve(contextOf(pool, { latest: cache }), { host: '127.0.0.1', port: 0 })
  t.after(async () => {
    await server.close()
    await cache.close()
  })
  const minutes = sliceBatch(minuteBars(day('2024-06-05'), day('2024-06-06')), 0, 10)
  const series = {
    symbol: 'MADE',
    interval: '1m',
    provider: 'alpha-vantage',
    basis: 'raw',
  } as const
  await loadSeries(pool, series, minutes, FRIDAY)
  const highOf = async (): Promise<unknown> => {
    const url = `${server.url}/api/v1/stocks/MADE/prices/latest`
    // So that there are heads and bytes in memory to be mistaken for it.
    await (await fetch(url)).text()
    return ((await (await fetch(`${url}?interval=1h`)).json()) as { high: number }).high
  }
  for (let times = 0; times < 3; times += 1) assert.equal(await highOf(), minutes.high.at(-1))
  const first = { ...sliceBatch(minutes, 0, 1), high: Float64Array.of(500) }
  await loadSeries(pool, series, first, FRIDAY + 60_000)
  assert.equal(await highOf(), 500)
})
