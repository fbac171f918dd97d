/** What an answer with bars says of the instrument besides, taken along over real HTTP at no further call. */
import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import {
  addInstrument,
  getInstrument,
  mergeReference,
  updateInstrument,
} from '../../src/db/instruments.ts'
import { parseDay } from '../../src/domain/date.ts'
import { fetchAll } from '../../src/load/fetch-series.ts'
import { makeLogger } from '../../src/log.ts'
import { alphaVantage } from '../../src/providers/alpha-vantage/index.ts'
import { makeHttpClient } from '../../src/providers/fetch.ts'
import { polygon } from '../../src/providers/polygon/index.ts'
import type { BarAnswer, OverviewAnswer, Provider } from '../../src/providers/provider.ts'
import { yahoo } from '../../src/providers/yahoo/index.ts'
import { readStatus } from '../../src/query/status.ts'
import { startSandbox } from '../../src/sandbox/server.ts'
import { makeDatabase } from '../support/database.ts'

/** Saturday: the session of Friday, 2026-06-05, has settled. */
const NOW = Date.parse('2026-06-06T12:00:00-04:00')
const log = makeLogger({ level: 'silent', format: 'json' })
const clock = { now: () => NOW, sleep: () => Promise.resolve() }
const { pool } = await makeDatabase()
const sandbox = await startSandbox({ port: 0, clock: () => NOW })
const client = makeHttpClient({ clock, log, retries: 0 })
after(async () => {
  await client.close()
  await sandbox.close()
})

async function fetch(symbol: string, { provider = yahoo, force = false } = {}) {
  const config = { key: 'sandbox-key', baseUrl: sandbox.url, budget: 'unlimited' }
  const summary = await fetchAll(
    { pool, client, clock, log, configs: { [provider.id]: config } },
    {
      symbols: [symbol],
      intervals: ['1d'],
      providers: [provider],
      from: parseDay('2026-05-01'),
      until: null,
      force,
      defaultDays: 90,
    },
  )
  assert.equal(summary.status, 'succeeded', JSON.stringify(summary.tasks))
  return summary
}

/** What the run said of its tasks. */
async function notesOf({ run }: { readonly run: number }): Promise<string> {
  const sql = 'SELECT notes::text FROM stockyard.tasks WHERE run_id = $1'
  const { rows } = await pool.query<{ notes: string }>(sql, [run])
  return rows.map(({ notes }) => notes).join()
}

/** Yahoo, which says something else of what its answers are of; of the series nothing, unless given. */
function saying(said: Partial<OverviewAnswer>, metadata?: BarAnswer['metadata']): Provider {
  return {
    ...yahoo,
    parseBars: (...given) => {
      const read = yahoo.parseBars(...given)
      if (!read.ok) return read
      const { metadata: _metadata, ...answer } = read
      const overview = { ...answer.overview!, ...said }
      return { ...answer, overview, ...(metadata === undefined ? {} : { metadata }) }
    },
  }
}

/** What Yahoo's meta has that does not change with prices, with the season or with the call. */
const LASTING = [
  'exchangeName',
  'exchangeTimezoneName',
  'firstTradeDate',
  'fullExchangeName',
  'hasPrePostMarketData',
  'instrumentType',
  'longName',
  'priceHint',
  'shortName',
]

async function statusOf(symbol: string, provider: string) {
  const { data } = await readStatus(pool, { symbol, provider, interval: '1d' })
  return data[0]
}

async function seriesVersions(): Promise<unknown[]> {
  const { rows } = await pool.query('SELECT id, xmin FROM stockyard.series ORDER BY id')
  return rows
}

/** Another version of the row has another one. */
async function rowVersion(symbol: string): Promise<unknown> {
  const { id } = await getInstrument(pool, symbol)
  const { rows } = await pool.query('SELECT xmin FROM stockyard.instruments WHERE id = $1', [id])
  return rows[0]
}

describe('what bars come with', () => {
  it('names a symbol that was new, without a call more', async () => {
    const { requests } = await fetch('SPY')
    assert.equal(requests, 1)
    const { name, kind, exchange, currency, metadata, simulated } = await getInstrument(pool, 'SPY')
    assert.match(name ?? '', /S&P 500.*\(SIMULATED\)$/)
    assert.deepEqual([kind, exchange, currency, simulated], ['etf', 'ARCX', 'USD', true])
    const said = metadata['yahoo'] as Record<string, unknown>
    assert.equal(said['exchangeTimezoneName'], 'America/New_York')
    assert.deepEqual(Object.keys(said).toSorted(), LASTING, 'nothing of the moment is kept')
  })

  it('is written once', async () => {
    await fetch('MSFT')
    const before = await rowVersion('MSFT')
    const { requests } = await fetch('MSFT', { force: true })
    assert.ok(requests > 0)
    assert.deepEqual(await rowVersion('MSFT'), before)
  })

  it('fills blanks and leaves what a person said', async () => {
    const own = { name: 'My fruit', exchange: 'XNGS', sector: 'Fruit', watched: true } as const
    await addInstrument(pool, { symbol: 'AAPL', ...own })
    await fetch('AAPL')
    const found = await getInstrument(pool, 'AAPL')
    const { name, exchange, sector, watched, currency } = found
    assert.deepEqual({ name, exchange, sector, watched }, own)
    assert.equal(currency, 'USD')
    await updateInstrument(pool, found.id, { currency: null })
    await fetch('AAPL', { force: true })
    assert.equal((await getInstrument(pool, 'AAPL')).currency, null, 'a person took it away')
  })

  it('leaves what a vendor said that was asked', async () => {
    const { id } = await addInstrument(pool, { symbol: 'IBM' })
    const asked = await mergeReference(pool, id, {
      provider: alphaVantage.id,
      kind: 'stock',
      name: 'International Business Machines',
      exchange: null,
      currency: null,
      sector: 'Technology',
      industry: null,
      listedDay: null,
      delistedDay: null,
      metadata: { Country: 'USA' },
    })
    await fetch('IBM')
    assert.deepEqual(await getInstrument(pool, 'IBM'), asked)
  })

  it('takes no exchange with other sessions than those by which the bars were read', async () => {
    for (const [symbol, exchange] of [
      ['TSLA', 'XTKS'],
      ['NVDA', 'NOWHERE'],
    ] as const) {
      await fetch(symbol, { provider: saying({ exchange }) })
      const found = await getInstrument(pool, symbol)
      assert.equal(found.exchange, 'XNYS')
      assert.notEqual(found.name, null)
    }
  })

  it('survives what no database can hold', async () => {
    const odd = 'A\u0000B\uD800'
    const metadata = { [odd]: odd, nested: { deep: [odd] }, long: 'x'.repeat(10_000), none: null }
    await fetch('AMZN', { provider: saying({ name: odd, currency: odd, metadata }) })
    const found = await getInstrument(pool, 'AMZN')
    assert.deepEqual([found.name, found.currency], ['A\uFFFDB\uFFFD', 'A\uFFFDB\uFFFD'])
    assert.deepEqual(found.metadata, {
      yahoo: { 'A\uFFFDB\uFFFD': 'A\uFFFDB\uFFFD', long: 'x'.repeat(300) },
    })
  })
})

describe('what an answer says of its series', () => {
  const expected = {
    'alpha-vantage': {
      Information: 'Daily Prices (open, high, low, close) and Volumes',
      Symbol: 'META',
      'Time Zone': 'US/Eastern',
    },
    polygon: { ticker: 'META', adjusted: false },
  }
  for (const provider of [alphaVantage, polygon]) {
    it(`is kept as ${provider.name} says it`, async () => {
      await fetch('META', { provider })
      const series = await statusOf('META', provider.id)
      assert.deepEqual(series?.metadata, expected[provider.id as keyof typeof expected])
    })
  }

  it('is kept as Yahoo says it, and written again when it is another', async () => {
    await fetch('META')
    const before = await seriesVersions()
    const first = (await statusOf('META', 'yahoo'))!.metadata!
    const own = ['currency', 'dataGranularity', 'symbol']
    assert.deepEqual(Object.keys(first).toSorted(), [...LASTING, ...own].toSorted())
    assert.equal(first['priceHint'], 2)
    await fetch('META', { force: true })
    assert.deepEqual(await seriesVersions(), before)
    await fetch('META', { provider: saying({}, { priceHint: 4 }), force: true })
    assert.deepEqual((await statusOf('META', 'yahoo'))!.metadata, { priceHint: 4 })
    await fetch('META', { provider: saying({}), force: true })
    assert.deepEqual((await statusOf('META', 'yahoo'))!.metadata, { priceHint: 4 })
  })
})

describe('bars of an exchange without a calendar', () => {
  const metadata = { exchangeTimezoneName: 'Asia/Jerusalem' }
  const provider = saying({ exchange: 'XTAE', metadata })

  it('are judged by New York’s, which the run says', async () => {
    const notes = await notesOf(await fetch('GOOGL', { provider }))
    assert.match(notes, /trades at XTAE \(Asia\/Jerusalem\), whose sessions are not known here/)
    assert.match(notes, /stockyard symbols add GOOGL --exchange 24\/7 takes each day/)
  })

  it('are stored by the calendar that a person chose', async () => {
    await addInstrument(pool, { symbol: 'NFLX', exchange: '24/7' })
    const summary = await fetch('NFLX', { provider })
    assert.doesNotMatch(await notesOf(summary), /trades at/)
    const { inserted, rejected } = summary
    // Sessions of New York in May 2026 and the first week of June: 20 and 5.
    assert.deepEqual([inserted, rejected], [25, 0])
  })
})
