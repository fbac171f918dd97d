/**
 * A split that a vendor announces between two runs, where its prices are restated after each: the series
 * is fetched again whole, the values before are revisions, and nothing else is asked for.
 */
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, beforeEach, describe, it, type TestContext } from 'node:test'
import { parseDay } from '../../src/domain/date.ts'
import { makeBatch } from '../../src/domain/bar-batch.ts'
import type { Pool } from '../../src/db/connect.ts'
import { readPageRange } from '../../src/db/pages.ts'
import { findHead } from '../../src/db/series.ts'
import { fetchAll } from '../../src/load/fetch-series.ts'
import { makeLogger } from '../../src/log.ts'
import { makeHttpClient } from '../../src/providers/fetch.ts'
import type { Provider, Split } from '../../src/providers/provider.ts'
import { yahoo } from '../../src/providers/yahoo/index.ts'
import { readRevisions } from '../../src/query/revisions.ts'
import { calendar } from '../support/bars.ts'
import { makeDatabase } from '../support/database.ts'

const log = makeLogger({ level: 'silent', format: 'json' })
const FROM = parseDay('2026-05-01')

let pool: Pool
beforeEach(async (t) => {
  ;({ pool } = await makeDatabase(t as TestContext))
})
const server = createServer((_request, response) => response.end('{}'))
await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
after(() => server.close())

/** Yahoo, as if it never changed a bar that was final. */
const { reread: _reread, ...steady } = yahoo

/** A vendor of split-adjusted days: 100 before every split, divided by those that it knows. */
function vendorOf(splits: readonly Split[], asked: string[] = []): Provider {
  return {
    ...steady,
    intervals: ['1d'],
    planBars: ({ from, until, symbol, interval }) => {
      asked.push(new Date(from!).toISOString().slice(0, 10))
      const request = { path: '/chart', params: { from: String(from), until: String(until) } }
      const range = { from: from!, until }
      return [{ request, symbol, interval, asked: range, covers: range, fallback: null }]
    },
    parseBars: (_body, { asked: range }) => {
      const sessions = calendar.sessions(range!.from, range!.until)
      const batch = makeBatch(sessions.length)
      sessions.forEach(({ day }, i) => {
        const ratio = splits
          .filter((split) => split.day > day)
          .reduce((product, split) => (product * split.newShares) / split.oldShares, 1)
        batch.ts[i] = day
        for (const column of ['open', 'high', 'low', 'close'] as const)
          batch[column][i] = 100 / ratio
        batch.volume[i] = 1000 * ratio
      })
      const inRange = splits.filter((split) => split.day >= range!.from && split.day < range!.until)
      const actions = { splits: inRange, dividends: [] }
      return { ok: true, symbol: null, batch, rawAt: String, unreadable: [], notes: [], actions }
    },
  }
}

async function fetch(provider: Provider, now: string) {
  const clock = { now: () => Date.parse(now), sleep: () => Promise.resolve() }
  const client = makeHttpClient({ clock, log, retries: 0 })
  const configs = { yahoo: { key: undefined, baseUrl, budget: 'unlimited' } }
  const wish = { from: FROM, until: null, force: false, defaultDays: 90 }
  try {
    return await fetchAll(
      { pool, client, clock, log, configs },
      { ...wish, symbols: ['ACME'], intervals: ['1d'], providers: [provider] },
    )
  } finally {
    await client.close()
  }
}

async function closes(): Promise<number[]> {
  const key = { symbol: 'ACME', interval: '1d', provider: 'yahoo', basis: 'split' } as const
  const { seriesId } = (await findHead(pool, key))!
  const range = {
    interval: '1d',
    from: 0,
    until: parseDay('2100-01-01'),
    order: 'asc',
    limit: 9,
  } as const
  return (await readPageRange(pool, seriesId, range)).flatMap(({ bars }) => [...bars.close])
}

const SPLIT = { day: parseDay('2026-06-10'), newShares: 4, oldShares: 1 }

describe('a split between two runs', () => {
  it('makes the series be fetched again whole, once, with the old values as revisions', async () => {
    await fetch(vendorOf([]), '2026-06-06T12:00:00-04:00')
    const before = await closes()
    assert.deepEqual(new Set(before), new Set([100]))

    const asked: string[] = []
    const summary = await fetch(vendorOf([SPLIT], asked), '2026-06-13T12:00:00-04:00')
    assert.deepEqual(
      [summary.status, summary.requests, summary.updated],
      ['succeeded', 2, before.length],
    )
    assert.deepEqual(asked, ['2026-06-08', '2026-05-01'])
    const restated = await closes()
    assert.equal(restated.length, before.length + 5)
    // The two sessions before the split, of the second run, are on the new basis too.
    assert.deepEqual(restated.slice(-5), [25, 25, 100, 100, 100])
    assert.deepEqual(new Set(restated.slice(0, before.length)), new Set([25]))
    const { data } = await readRevisions(pool, { symbol: 'ACME', limit: 100 })
    assert.equal(data.length, before.length)
    assert.deepEqual([data[0]!.old.close, data[0]!.new!.close], [100, 25])
    const { rows } = await pool.query('SELECT notes FROM stockyard.tasks WHERE run_id = $1', [
      summary.run,
    ])
    assert.deepEqual(rows[0].notes, [
      'a new split: all bars since 2026-05-01 are fetched again',
      '25 final bars were changed',
    ])

    const again = await fetch(vendorOf([SPLIT]), '2026-06-13T13:00:00-04:00')
    assert.deepEqual([again.requests, again.updated], [0, 0])
  })

  it('of long ago, learnt with older history, makes nothing be fetched again', async () => {
    const old = { ...SPLIT, day: parseDay('2026-05-12') }
    const provider = vendorOf([old])
    await fetch(
      {
        ...provider,
        planBars: (need) => provider.planBars({ ...need, from: parseDay('2026-05-18') }),
      },
      '2026-06-06T12:00:00-04:00',
    )
    const asked: string[] = []
    const summary = await fetch(vendorOf([old], asked), '2026-06-06T13:00:00-04:00')
    assert.deepEqual([summary.requests, asked], [1, ['2026-05-01']])
    assert.equal(summary.updated, 0)
  })
})
