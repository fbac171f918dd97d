/** Indices of the simulated exchange: under the names of each vendor, and through the store. */
import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { readPageRange } from '../../src/db/pages.ts'
import { findHead } from '../../src/db/series.ts'
import { parseDay } from '../../src/domain/date.ts'
import type { Interval } from '../../src/domain/interval.ts'
import { fetchAll } from '../../src/load/fetch-series.ts'
import { makeLogger } from '../../src/log.ts'
import { makeHttpClient } from '../../src/providers/fetch.ts'
import { getProvider, PROVIDERS } from '../../src/providers/registry.ts'
import { startSandbox } from '../../src/sandbox/server.ts'
import { makeDatabase } from '../support/database.ts'

const log = makeLogger({ level: 'silent', format: 'json' })
/** A Saturday: all of the week is final. */
const clock = { now: () => Date.parse('2024-06-15T16:00:00Z'), sleep: () => Promise.resolve() }
const sandbox = await startSandbox({ port: 0, clock: clock.now })
const client = makeHttpClient({ clock, log, retries: 0 })
const { pool } = await makeDatabase()
after(async () => {
  await client.close()
  await sandbox.close()
})

const [FROM, UNTIL] = [parseDay('2024-06-10'), parseDay('2024-06-15')]

async function fetchWeek(symbol: string, interval: Interval, ids: readonly string[]) {
  const config = { key: 'a-key', baseUrl: sandbox.url, budget: 'unlimited' }
  const configs = Object.fromEntries(PROVIDERS.map(({ id }) => [id, config]))
  return await fetchAll(
    { pool, client, clock, log, configs },
    {
      symbols: [symbol],
      intervals: [interval],
      providers: ids.map(getProvider),
      from: FROM,
      until: UNTIL,
      force: false,
      defaultDays: 20,
    },
  )
}

async function storedBars(symbol: string, interval: Interval, provider: string) {
  const { basis } = getProvider(provider)
  const head = await findHead(pool, { symbol, interval, provider, basis })
  const all = { interval, from: 0, until: 4e12, order: 'asc', limit: 1000 } as const
  const pages = await readPageRange(pool, head!.seriesId, all)
  return pages.flatMap(({ bars }) =>
    Array.from(bars.ts, (ts, i) =>
      [ts, bars.open[i]!, bars.high[i]!, bars.low[i]!, bars.close[i]!, bars.volume[i]!].map(
        (value) => (Number.isNaN(value) ? null : value),
      ),
    ),
  )
}

/** The exchange's own bars of an index. */
function truthOf(interval: Interval, hasVolume: boolean) {
  const bars = sandbox.market.bars({
    symbol: 'I:SPX',
    interval,
    from: FROM,
    until: UNTIL,
    hours: 'regular',
  })
  return Array.from(bars.ts, (ts, i) => [
    ts,
    bars.open[i]!,
    bars.high[i]!,
    bars.low[i]!,
    bars.close[i]!,
    hasVolume ? bars.volume[i]! : null,
  ])
}

describe('an index of the simulated exchange', () => {
  for (const symbol of ['I:SPX', '^GSPC']) {
    for (const id of ['polygon', 'yahoo']) {
      it(`${symbol} comes from ${id} as the exchange has it`, async () => {
        for (const interval of ['1d', '5m'] as const) {
          // Yahoo's bars inside a day are long gone.
          if (id === 'yahoo' && interval === '5m') continue
          const { tasks, rejected } = await fetchWeek(symbol, interval, [id])
          assert.deepEqual([tasks[0]!.error, rejected], [null, 0])
          const stored = await storedBars(symbol, interval, id)
          const truth = truthOf(interval, id === 'yahoo')
          assert.equal(stored.length, interval === '1d' ? 5 : 5 * 78)
          // Yahoo's prices are 32-bit floats.
          for (const [i, bar] of stored.entries())
            bar.forEach((value, column) => {
              const real = truth[i]![column]!
              if (value === null) assert.equal(real, null)
              else assert.ok(Math.abs(value - real) <= real * 1e-7, `${value} for ${real}`)
            })
        }
      })
    }
  }

  it('is not to be had from a vendor that has none, nor under another vendor’s name', async () => {
    const { tasks } = await fetchWeek('I:NDX', '1d', ['alpha-vantage', 'yahoo'])
    assert.deepEqual([tasks[0]!.error, tasks[0]!.provider], [null, 'yahoo'])
    for (const [path, words] of [
      ['/query?function=TIME_SERIES_DAILY&symbol=I:SPX&apikey=k', 'Error Message'],
      ['/v8/finance/chart/I:SPX?interval=1d&range=5d', 'Not Found'],
      ['/v2/aggs/ticker/%5EGSPC/range/1/day/2024-06-10/2024-06-14?apiKey=k', '"resultsCount":0'],
    ] as const) {
      const text = await (await fetch(`${sandbox.url}${path}`)).text()
      assert.ok(text.includes(words), text.slice(0, 200))
    }
  })

  it('says of itself that it is one', async () => {
    for (const [id, symbol, exchange] of [
      ['polygon', 'I:SPX', null],
      ['yahoo', '^GSPC', 'XNYS'],
    ] as const) {
      const provider = getProvider(id)
      const { path, params } = provider.requestOverview(symbol)
      const query = new URLSearchParams({ ...params, apiKey: 'k' })
      const response = await fetch(`${sandbox.url}${path}?${query}`)
      const bytes = new Uint8Array(await response.arrayBuffer())
      const told = provider.parseOverview(
        { status: response.status, bytes, contentType: '' },
        symbol,
      )
      assert.ok(told.ok, JSON.stringify(told))
      assert.deepEqual([told.kind, told.exchange, told.symbol], ['index', exchange, symbol])
      assert.match(told.name!, /^S&P 500 \(SIMULATED\)$/)
    }
  })
})
