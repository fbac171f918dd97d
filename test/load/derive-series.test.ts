/** Weeks and months of a vendor that has days alone: made of what is stored, and kept up to date with it. */
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, beforeEach, describe, it, type TestContext } from 'node:test'
import { formatDate, parseDay } from '../../src/domain/date.ts'
import type { Interval } from '../../src/domain/interval.ts'
import type { Pool } from '../../src/db/connect.ts'
import { readPageRange } from '../../src/db/pages.ts'
import { findHead } from '../../src/db/series.ts'
import { fetchAll } from '../../src/load/fetch-series.ts'
import { makeLogger } from '../../src/log.ts'
import { makeHttpClient } from '../../src/providers/fetch.ts'
import type { Provider } from '../../src/providers/provider.ts'
import { calendar } from '../support/bars.ts'
import { makeDatabase } from '../support/database.ts'
import { priceOf, vendorOf } from '../support/given-vendor.ts'

const log = makeLogger({ level: 'silent', format: 'json' })
// A Saturday; the week began on Monday 2026-06-01.
const NOW = Date.parse('2026-06-06T12:00:00-04:00')

let pool: Pool
beforeEach(async (t) => {
  ;({ pool } = await makeDatabase(t as TestContext))
})
const server = createServer((_request, response) => response.end('{}'))
await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
after(() => server.close())

async function fetch(provider: Provider, intervals: readonly Interval[], now = NOW) {
  const clock = { now: () => now, sleep: () => Promise.resolve() }
  const client = makeHttpClient({ clock, log, retries: 0 })
  const configs = { [provider.id]: { key: undefined, baseUrl, budget: 'unlimited' } }
  const wish = { from: parseDay('2026-04-15'), until: null, force: false, defaultDays: 90 }
  try {
    return await fetchAll(
      { pool, client, clock, log, configs },
      { ...wish, symbols: ['IBM'], intervals, providers: [provider] },
    )
  } finally {
    await client.close()
  }
}

async function stored(interval: Interval) {
  const key = { symbol: 'IBM', interval, provider: 'days', basis: 'raw' } as const
  const { seriesId } = (await findHead(pool, key))!
  const range = {
    interval,
    from: 0,
    until: parseDay('2100-01-01'),
    order: 'asc',
    limit: 100,
  } as const
  return (await readPageRange(pool, seriesId, range)).flatMap(({ bars, provisional }) =>
    Array.from(bars.ts, (ts, i) => ({
      from: formatDate(ts),
      open: bars.open[i],
      high: bars.high[i],
      low: bars.low[i],
      close: bars.close[i],
      volume: bars.volume[i],
      provisional: provisional[i],
    })),
  )
}

const sessions = (from: string, until: string) =>
  calendar.sessions(parseDay(from), parseDay(until)).map((session) => session.day)

/** A longer bar of the given days, computed here. */
function barOf(from: string, days: readonly number[], provisional = 0) {
  const prices = days.map(priceOf)
  return {
    from,
    open: prices[0],
    high: Math.max(...prices) + 2,
    low: Math.min(...prices) - 2,
    close: prices.at(-1)! + 1,
    volume: prices.reduce((sum, price) => sum + 1000 + price, 0),
    provisional,
  }
}

describe('weeks and months that a vendor lacks', () => {
  it('are made of its days, without the period that began before them', async () => {
    const vendor = vendorOf('days', [{ days: sessions('2026-04-15', '2026-06-06') }])
    const summary = await fetch(vendor, ['1wk', '1mo'])
    assert.equal(summary.status, 'succeeded')
    assert.deepEqual(
      summary.tasks.map((task) => [task.interval, task.status, task.watermark]),
      [
        ['1wk', 'succeeded', '2026-06-01'],
        ['1mo', 'succeeded', '2026-05-01'],
        ['1d', 'succeeded', '2026-06-05'],
      ],
    )
    assert.equal(summary.requests, 1)
    const weeks = [
      '2026-04-20',
      '2026-04-27',
      '2026-05-04',
      '2026-05-11',
      '2026-05-18',
      '2026-05-25',
      '2026-06-01',
      '2026-06-08',
    ]
    assert.deepEqual(
      await stored('1wk'),
      weeks.slice(0, -1).map((from, i) => barOf(from, sessions(from, weeks[i + 1]!))),
    )
    assert.deepEqual(await stored('1mo'), [
      barOf('2026-05-01', sessions('2026-05-01', '2026-06-01')),
      barOf('2026-06-01', sessions('2026-06-01', '2026-06-06'), 1),
    ])
  })

  it('cost no call and no write when the days are there already', async () => {
    const vendor = vendorOf('days', [{ days: sessions('2026-04-15', '2026-06-06') }])
    await fetch(vendor, ['1d', '1wk'])
    const again = await fetch(vendor, ['1d', '1wk'])
    assert.deepEqual(
      [again.requests, again.inserted, again.updated, again.tasks.length],
      [0, 0, 0, 2],
    )
  })

  it('fail with the error of the days', async () => {
    const { tasks } = await fetch(vendorOf('days', ['entitlement']), ['1wk'])
    assert.deepEqual(
      tasks.map((task) => [task.interval, task.error?.code]),
      [
        ['1wk', 'PLAN_LACKS'],
        ['1d', 'PLAN_LACKS'],
      ],
    )
  })
})
