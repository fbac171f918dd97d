/**
 * Indices: instruments that nobody trades, with bars that need no volume, under the names of either
 * vendor that has them.
 */
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, describe, it } from 'node:test'
import { parseDay } from '../../src/domain/date.ts'
import type { Pool } from '../../src/db/connect.ts'
import { getInstrument } from '../../src/db/instruments.ts'
import { readPageRange } from '../../src/db/pages.ts'
import { findHead } from '../../src/db/series.ts'
import { fetchAll } from '../../src/load/fetch-series.ts'
import { makeLogger } from '../../src/log.ts'
import { makeHttpClient } from '../../src/providers/fetch.ts'
import { getProvider } from '../../src/providers/registry.ts'
import { makeDatabase } from '../support/database.ts'

const log = makeLogger({ level: 'silent', format: 'json' })

const paths: string[] = []
let answer: object = {}
const server = createServer((request, response) => {
  paths.push(new URL(request.url!, 'http://vendor').pathname)
  response.end(JSON.stringify(answer))
})
await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
after(() => server.close())

async function fetchDays(pool: Pool, symbol: string, ids: readonly string[]) {
  const clock = { now: () => Date.parse('2024-01-06T12:00Z'), sleep: () => Promise.resolve() }
  const client = makeHttpClient({ clock, log, retries: 0 })
  const config = { key: 'key-of-an-index-test', baseUrl, budget: 'unlimited' }
  paths.length = 0
  try {
    return await fetchAll(
      {
        pool,
        client,
        clock,
        log,
        configs: Object.fromEntries(ids.map((id) => [id, config])),
      },
      {
        symbols: [symbol],
        intervals: ['1d'],
        providers: ids.map(getProvider),
        from: parseDay('2024-01-02'),
        until: parseDay('2024-01-05'),
        force: false,
        defaultDays: 90,
      },
    )
  } finally {
    await client.close()
  }
}

// The S&P 500 of 2024-01-02 to 04: 4745.20 4754.33 4722.67 4742.83, and the two days after.
const DAYS = ['2024-01-02', '2024-01-03', '2024-01-04'].map(parseDay)
const ROWS = [
  [4745.2, 4754.33, 4722.67, 4742.83],
  [4725.07, 4729.29, 4699.71, 4704.81],
  [4697.42, 4726.78, 4687.53, 4688.68],
] as const

const POLYGON = {
  ticker: 'I:SPX',
  queryCount: 3,
  resultsCount: 3,
  results: ROWS.map(([o, h, l, c], i) => ({ o, h, l, c, t: DAYS[i]! + 5 * 3_600_000 })),
  status: 'OK',
  request_id: '0cf72b6da685bcd386548ffe2895904a',
  count: 3,
}

const YAHOO = {
  chart: {
    result: [
      {
        meta: {
          symbol: '^GSPC',
          currency: 'USD',
          exchangeName: 'SNP',
          instrumentType: 'INDEX',
          exchangeTimezoneName: 'America/New_York',
          dataGranularity: '1d',
          priceHint: 2,
        },
        timestamp: DAYS.map((day) => day / 1000 + 14.5 * 3600),
        indicators: {
          quote: [
            {
              open: ROWS.map(([open]) => open),
              high: ROWS.map(([, high]) => high),
              low: ROWS.map(([, , low]) => low),
              close: ROWS.map(([, , , close]) => close),
              volume: [3743050000, 3950760000, 3715480000],
            },
          ],
        },
      },
    ],
    error: null,
  },
}

describe('an index', () => {
  for (const [symbol, id, sent, path, volumes] of [
    ['I:SPX', 'polygon', POLYGON, '/v2/aggs/ticker/I:SPX/range/1/day/2024-01-02/2024-01-04', null],
    ['^GSPC', 'polygon', POLYGON, '/v2/aggs/ticker/I:SPX/range/1/day/2024-01-02/2024-01-04', null],
    ['^GSPC', 'yahoo', YAHOO, '/v8/finance/chart/%5EGSPC', 3743050000],
    ['I:SPX', 'yahoo', YAHOO, '/v8/finance/chart/%5EGSPC', 3743050000],
  ] as const) {
    it(`${symbol} is fetched from ${id}, and is an instrument of that kind`, async (t) => {
      const { pool } = await makeDatabase(t)
      answer = sent
      const summary = await fetchDays(pool, symbol, [id])
      assert.deepEqual([summary.tasks[0]!.error, summary.inserted, summary.rejected], [null, 3, 0])
      assert.deepEqual(paths, [path])
      assert.equal((await getInstrument(pool, symbol)).kind, 'index')
      const head = await findHead(pool, {
        symbol,
        interval: '1d',
        provider: id,
        basis: getProvider(id).basis,
      })
      const range = {
        interval: '1d',
        from: 0,
        until: DAYS[2]! + 1,
        order: 'asc',
        limit: 10,
      } as const
      const [page] = await readPageRange(pool, head!.seriesId, range)
      const { bars } = page!
      assert.deepEqual(
        DAYS.map((_, i) => [bars.open[i], bars.high[i], bars.low[i], bars.close[i]]),
        ROWS,
      )
      assert.deepEqual(bars.volume[0], volumes ?? Number.NaN)
    })
  }

  it('is never asked for at a vendor that has none', async (t) => {
    const { pool } = await makeDatabase(t)
    answer = POLYGON
    const served = await fetchDays(pool, 'I:SPX', ['alpha-vantage', 'polygon'])
    assert.deepEqual([served.tasks[0]!.provider, served.requests], ['polygon', 1])
    const refused = await fetchDays(pool, '^NDX', ['alpha-vantage'])
    assert.deepEqual([refused.tasks[0]!.error?.code, refused.requests], ['INTERVAL_UNSUPPORTED', 0])
    assert.match(refused.tasks[0]!.error!.message, /index \^NDX from Alpha Vantage/)
  })

  it('has no bar without a volume where it is a stock', async (t) => {
    const { pool } = await makeDatabase(t)
    answer = { ...POLYGON, ticker: 'IBM' }
    const summary = await fetchDays(pool, 'IBM', ['polygon'])
    assert.deepEqual([summary.tasks[0]!.error?.code, summary.inserted], ['ANSWER_MALFORMED', 0])
  })
})
