/**
 * Several vendors for one wish: the preferred one serves; where it cannot or will not, the next one does,
 * and the run says which did.
 */
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, beforeEach, describe, it } from 'node:test'
import type { TestContext } from 'node:test'
import { parseDay } from '../../src/domain/date.ts'
import type { Pool } from '../../src/db/connect.ts'
import { fetchAll, type FetchWish } from '../../src/load/fetch-series.ts'
import { makeLogger } from '../../src/log.ts'
import { makeHttpClient } from '../../src/providers/fetch.ts'
import type { Provider } from '../../src/providers/provider.ts'
import { makeDatabase } from '../support/database.ts'
import { vendorOf } from '../support/given-vendor.ts'

const log = makeLogger({ level: 'silent', format: 'json' })
const NOW = Date.parse('2026-06-06T12:00:00-04:00')
const DAYS = ['2026-06-01', '2026-06-02', '2026-06-03', '2026-06-04', '2026-06-05'].map(parseDay)

let pool: Pool
beforeEach(async (t) => {
  ;({ pool } = await makeDatabase(t as TestContext))
})

// What it answers does not matter: the vendors below say themselves what an answer means.
const server = createServer((_request, response) => response.end('{}'))
await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
after(() => server.close())

async function fetch(providers: readonly Provider[], wish: Partial<FetchWish> = {}) {
  const clock = { now: () => NOW, sleep: () => Promise.resolve() }
  const client = makeHttpClient({ clock, log, retries: 0 })
  const configs = Object.fromEntries(
    providers.map(({ id }) => [id, { key: undefined, baseUrl, budget: 'unlimited' }]),
  )
  try {
    return await fetchAll(
      { pool, client, clock, log, configs },
      {
        symbols: ['IBM'],
        intervals: ['1d'],
        providers,
        from: DAYS[0]!,
        until: null,
        force: false,
        defaultDays: 90,
        ...wish,
      },
    )
  } finally {
    await client.close()
  }
}

describe('failover', () => {
  it('lets the next vendor serve what the first refuses, and says so', async () => {
    for (const failure of [
      'entitlement',
      'unknown-symbol',
      'no-data',
      'outage',
      'key',
      'day',
    ] as const) {
      await pool.query('DELETE FROM stockyard.budget_pauses')
      const first = vendorOf(`first-${failure}`, [failure])
      const second = vendorOf(`second-${failure}`, [{ days: DAYS }])
      const summary = await fetch([first, second])
      assert.equal(summary.status, 'succeeded', failure)
      assert.deepEqual(
        [summary.tasks[0]!.provider, summary.inserted, summary.tasks[0]!.error],
        [second.id, 5, null],
      )
      const { rows } = await pool.query(
        'SELECT provider, notes FROM stockyard.tasks WHERE run_id = $1',
        [summary.run],
      )
      assert.equal(rows[0].provider, second.id)
      assert.match(rows[0].notes[0], new RegExp(`^first-${failure} did not serve: `))
    }
  })

  it('names the error of the first vendor when none serves', async () => {
    const first = vendorOf('first', ['entitlement'])
    const second = vendorOf('second', ['unknown-symbol'])
    const { status, tasks } = await fetch([first, second])
    assert.equal(status, 'failed')
    assert.deepEqual([tasks[0]!.provider, tasks[0]!.error?.code], ['first', 'PLAN_LACKS'])
  })

  it('says that nobody knows a symbol where one vendor says so and none anything else', async () => {
    const vague = vendorOf('vague', ['bad-request'])
    const exact = vendorOf('exact', ['unknown-symbol'])
    const third = vendorOf('third', ['bad-request'])
    const intervals = ['1d', '1wk'] as const
    const { tasks } = await fetch([vague, exact, third], { intervals, parallel: 1 })
    assert.deepEqual(
      tasks.map(({ provider, error }) => [provider, error?.code]),
      [
        ['vague', 'SYMBOL_UNKNOWN'],
        ['vague', 'SYMBOL_UNKNOWN'],
      ],
    )
    // Asked for at one interval, and at no other after that.
    assert.deepEqual([vague.asked(), exact.asked(), third.asked()], [1, 1, 1])
    // That one has nothing of a period says nothing of other intervals.
    const empty = vendorOf('empty', ['no-data', { days: DAYS }])
    await fetch([exact, empty], { intervals, parallel: 1 })
    assert.deepEqual([exact.asked(), empty.asked()], [3, 2])
    const outage = vendorOf('out', ['outage'])
    const other = await fetch([vague, exact, outage])
    assert.equal(other.tasks[0]!.error?.code, 'REQUEST_REFUSED')
  })

  it('asks a vendor no more in a run once it has refused the key', async () => {
    const first = vendorOf('first', ['key'])
    const second = vendorOf('second', [{ days: DAYS }])
    const summary = await fetch([first, second], { symbols: ['IBM'], intervals: ['1d'] })
    assert.equal(summary.status, 'succeeded')
    assert.equal(first.asked(), 1)
  })

  it('leaves a vendor alone that failed three tasks in a row', async () => {
    const symbols = Array.from({ length: 20 }, (_, i) => `A${i}`)
    const first = vendorOf('first', ['outage'])
    const alone = await fetch([first], { symbols, parallel: 1 })
    assert.deepEqual([alone.status, first.asked()], ['failed', 9])
    assert.match(alone.tasks[0]!.error!.message, /^first is out of order/)
    assert.equal(alone.tasks[19]!.error!.code, 'PROVIDER_OUTAGE')
    const sentence = 'first failed 3 times in a row and is left alone until 16:05 UTC.'
    assert.equal(alone.tasks[19]!.error!.message, sentence)
    // What a vendor says of a symbol is no failure of the vendor.
    const unknowing = vendorOf('unknowing', ['unknown-symbol'])
    await fetch([unknowing], { symbols, parallel: 1 })
    assert.equal(unknowing.asked(), 20)
  })

  it('goes on with the vendor that a series began with', async () => {
    const first = vendorOf('first', [{ days: DAYS }])
    const second = vendorOf('second', [{ days: DAYS.slice(0, 3) }, { days: DAYS }])
    await fetch([second], { until: DAYS[3]! })
    const summary = await fetch([first, second])
    assert.deepEqual([summary.tasks[0]!.provider, first.asked()], ['second', 0])
  })

  it('passes over a vendor that lacks the interval, and says so where all do', async () => {
    const lacking = { ...vendorOf('lacking', ['outage']), intervals: ['1m'] as const }
    const able = vendorOf('able', [{ days: DAYS }])
    assert.equal((await fetch([lacking, able])).tasks[0]!.provider, 'able')
    const { tasks } = await fetch([lacking])
    assert.equal(tasks[0]!.error?.code, 'INTERVAL_UNSUPPORTED')
  })
})

describe('an answer in pages', () => {
  it('is followed to its end, and covers a day only once all of it is there', async () => {
    const paged = vendorOf('paged', [
      { days: DAYS.slice(0, 2), next: DAYS[1]! },
      { days: [], next: DAYS[2]! },
      { days: DAYS.slice(2) },
    ])
    const summary = await fetch([paged])
    assert.deepEqual([summary.status, summary.inserted, summary.requests], ['succeeded', 5, 3])
    assert.equal(summary.tasks[0]!.watermark, '2026-06-05')
  })

  it('is asked for again from the half-read day on when it breaks off', async () => {
    const broken = vendorOf('paged', [{ days: DAYS.slice(0, 2), next: DAYS[1]! }, 'outage'])
    const first = await fetch([broken])
    assert.deepEqual([first.status, first.tasks[0]!.watermark], ['failed', '2026-06-01'])
    let from = 0
    const mended: Provider = {
      ...vendorOf('paged', [{ days: DAYS.slice(1) }]),
      planBars: (need) => {
        from = need.from!
        return vendorOf('paged', []).planBars(need)
      },
    }
    const second = await fetch([mended])
    assert.deepEqual(
      [from, second.inserted, second.tasks[0]!.watermark],
      [DAYS[1], 3, '2026-06-05'],
    )
  })

  it('that leads in a circle ends with an error', async () => {
    const circle = vendorOf('circle', [{ days: DAYS, next: DAYS[0]! }])
    const { tasks } = await fetch([circle])
    assert.equal(tasks[0]!.error?.code, 'PAGES_CIRCULAR')
  })
})
