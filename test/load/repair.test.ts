/** Closing gaps where the series' own vendor has nothing: others are asked, and what nobody has is proven. */
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, beforeEach, describe, it } from 'node:test'
import type { TestContext } from 'node:test'
import { sliceBatch, takeBars } from '../../src/domain/bar-batch.ts'
import { getCalendar } from '../../src/domain/calendar/registry.ts'
import { sessionStates } from '../../src/domain/coverage-states.ts'
import { parseDay } from '../../src/domain/date.ts'
import { inTransaction, type Pool } from '../../src/db/connect.ts'
import { readCoverageHeads } from '../../src/db/coverage-heads.ts'
import { startRun } from '../../src/db/runs.ts'
import { fetchAll } from '../../src/load/fetch-series.ts'
import { factsOf, listGaps } from '../../src/load/list-gaps.ts'
import { loadBatch } from '../../src/load/load-batch.ts'
import { repairGaps } from '../../src/load/repair.ts'
import { makeLogger } from '../../src/log.ts'
import { makeHttpClient } from '../../src/providers/fetch.ts'
import type { Provider } from '../../src/providers/provider.ts'
import { calendar, dailyBars, minuteBars } from '../support/bars.ts'
import { makeDatabase } from '../support/database.ts'
import { vendorOf } from '../support/given-vendor.ts'

const log = makeLogger({ level: 'silent', format: 'json' })
const NOW = Date.parse('2026-06-06T12:00:00-04:00')
const DAYS = ['2026-06-01', '2026-06-02', '2026-06-03', '2026-06-04', '2026-06-05'].map(parseDay)
const HOLE = DAYS[2]!
const ALL = { from: null, until: null }

// What it answers does not matter: the vendors below say themselves what an answer means.
const server = createServer((_request, response) => response.end('{}'))
await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
after(() => server.close())

let pool: Pool
beforeEach(async (t) => {
  ;({ pool } = await makeDatabase(t as TestContext))
})

/** Work of some vendors on calls that no network is needed for. */
async function asking<T>(
  providers: readonly Provider[],
  work: (context: Parameters<typeof fetchAll>[0]) => Promise<T>,
): Promise<T> {
  const clock = { now: () => NOW, sleep: () => Promise.resolve() }
  const client = makeHttpClient({ clock, log, retries: 0 })
  const configs = Object.fromEntries(
    providers.map(({ id }) => [id, { key: undefined, baseUrl, budget: 'unlimited' }]),
  )
  try {
    return await work({ pool, client, clock, log, configs })
  } finally {
    await client.close()
  }
}

/** A series of five days of the first vendor, out of which one was taken by hand. */
async function withHole(first: Provider): Promise<void> {
  await asking([first], (context) =>
    fetchAll(context, {
      symbols: ['IBM'],
      intervals: ['1d'],
      providers: [first],
      from: DAYS[0]!,
      until: null,
      force: false,
      defaultDays: 90,
    }),
  )
  // 2026-06-03 is the 154th day of its year, and the third bar of five.
  const cut = ['open', 'high', 'low', 'close', 'volume', 'vwap', 'trades']
    .map((column) => `${column} = ${column}[:2] || ${column}[4:]`)
    .join(', ')
  await pool.query(
    `UPDATE stockyard.pages SET bars = 4, ts = array_remove(ts, 153::smallint), ${cut}`,
  )
}

async function stateOf(provider: string): Promise<string> {
  const [head] = await readCoverageHeads(pool, { provider })
  const range = { from: HOLE, until: HOLE + 86_400_000 }
  return sessionStates(factsOf(head!, getCalendar), range, NOW)[0]!.state
}

async function repair(providers: readonly Provider[]) {
  return await asking(providers, (context) => repairGaps(context, ALL, providers))
}

describe('a gap that its own vendor has nothing for', () => {
  it('is filled by another one as its own series, and not offered by the first', async () => {
    const first = vendorOf('first', [{ days: DAYS }, 'no-data'])
    const second = vendorOf('second', [{ days: [HOLE] }])
    await withHole(first)
    const { summary, gaps } = await repair([first, second])
    assert.deepEqual([summary!.inserted, gaps], [1, []])
    assert.deepEqual([first.asked(), second.asked()], [2, 1])
    assert.equal(await stateOf('first'), 'not-offered')
    assert.equal(await stateOf('second'), 'available')
  })

  it('is asked of every other one in turn until one has it', async () => {
    const first = vendorOf('first', [{ days: DAYS }, 'no-data'])
    const second = vendorOf('second', ['no-data'])
    const third = vendorOf('third', [{ days: [HOLE] }])
    const fourth = vendorOf('fourth', [{ days: [HOLE] }])
    await withHole(first)
    const { summary, gaps } = await repair([first, second, third, fourth])
    assert.deepEqual([summary!.inserted, summary!.requests, gaps], [1, 3, []])
    assert.deepEqual([second.asked(), third.asked(), fourth.asked()], [1, 1, 0])
    assert.equal(await stateOf('first'), 'not-offered')
    assert.equal(await stateOf('third'), 'available')
  })

  it('is closed in the same way where the first one’s row had been refused', async () => {
    const first = vendorOf('first', [{ days: DAYS }])
    const second = vendorOf('second', [{ days: [HOLE] }])
    await withHole(first)
    await pool.query(
      `UPDATE stockyard.series_heads SET bars = 4, partial = '{[2026-06-03,2026-06-04)}'`,
    )
    const { gaps } = await repair([first, second])
    assert.deepEqual(gaps, [])
    assert.deepEqual([first.asked(), second.asked()], [1, 1])
    assert.equal(await stateOf('first'), 'not-offered')
  })

  it('had no trades where nobody has anything, and is not asked for again', async () => {
    const first = vendorOf('first', [{ days: DAYS }, 'no-data'])
    const second = vendorOf('second', ['no-data'])
    await withHole(first)
    assert.deepEqual((await repair([first, second])).gaps, [])
    assert.equal(await stateOf('first'), 'no-trades')
    assert.deepEqual(await repair([first, second]), { summary: null, gaps: [] })
    assert.deepEqual([first.asked(), second.asked()], [2, 1])
  })

  it('had no trades either where its vendor is known to have nothing before the first bar', async () => {
    const first = vendorOf('first', [{ days: DAYS }, 'no-data'])
    await withHole(first)
    await pool.query(
      `UPDATE stockyard.series_heads SET covered = covered + '{[2026-05-25,2026-06-01)}'::datemultirange,
         no_trades = '{[2026-05-25,2026-06-01)}'`,
    )
    assert.deepEqual((await repair([first])).gaps, [])
    assert.equal(await stateOf('first'), 'no-trades')
  })

  it('is not offered any more where it lies further back than the vendor has anything', async () => {
    const first = vendorOf('first', [{ days: DAYS }])
    await withHole(first)
    const later = { ...first, planBars: () => [] }
    assert.deepEqual((await repair([later])).gaps, [])
    assert.deepEqual([first.asked(), await stateOf('first')], [1, 'not-offered'])
  })

  it('is filled by another one where its own vendor has nothing of so long ago', async () => {
    const first = vendorOf('first', [{ days: DAYS }])
    const second = vendorOf('second', [{ days: [HOLE] }])
    await withHole(first)
    const later = { ...first, planBars: () => [] }
    assert.deepEqual((await repair([later, second])).gaps, [])
    assert.deepEqual(
      [await stateOf('first'), await stateOf('second')],
      ['not-offered', 'available'],
    )
  })

  it('stays where the vendors were out of order', async () => {
    const first = vendorOf('first', [{ days: DAYS }, 'outage'])
    await withHole(first)
    const { gaps } = await repair([first])
    assert.equal(gaps.length, 1)
    assert.equal(await stateOf('first'), 'missing')
  })
})

// Intraday sessions beside the daily bars --------------------------------------------------------------

async function load(interval: '1d' | '5m', batch: ReturnType<typeof dailyBars>, symbol = 'IBM') {
  const series = { symbol, interval, provider: 'polygon', basis: 'raw' } as const
  const runId = await inTransaction(pool, (connection) =>
    startRun(connection, 'fetch', {}, [series]),
  )
  await loadBatch(pool, {
    series,
    calendar,
    settleMs: 4 * 3_600_000,
    runId,
    taskNumber: 1,
    batch,
    rejects: [],
    fetched: batch.length,
    covers: { from: DAYS[0]!, until: DAYS[4]! + 86_400_000 },
    continuesFrom: null,
    receivedAt: NOW,
    actions: null,
    simulated: false,
  })
}

async function gapsOf(symbol: string) {
  const gaps = await listGaps(
    pool,
    { ...ALL, symbols: [symbol], intervals: ['5m'] },
    getCalendar,
    NOW,
  )
  return gaps.map(({ from, sessions, state }) => [from, sessions, state])
}

/** 5-minute bars of the five days, without those of the third but `kept`. */
function fiveMinutes(kept: number, volume: number) {
  const minutes = minuteBars(DAYS[0]!, DAYS[4]! + 86_400_000)
  const all = takeBars(
    minutes,
    Array.from(minutes.ts.keys()).filter((i) => i % 5 === 0),
  )
  const ofHole = (i: number) => calendar.localDay(all.ts[i]!) === HOLE
  let left = kept
  const chosen = Array.from(all.ts.keys()).filter((i) => !ofHole(i) || left-- > 0)
  const batch = takeBars(all, chosen)
  chosen.forEach((i, at) => {
    if (ofHole(i)) batch.volume[at] = volume
  })
  return batch
}

describe('a session of intraday bars', () => {
  const daily = dailyBars(DAYS[0]!, DAYS[4]! + 86_400_000)
  const dayVolume = daily.volume[2]!

  it('without any is a gap where the day has a volume, and else had no trades', async () => {
    await load('5m', fiveMinutes(0, 0))
    assert.deepEqual(await gapsOf('IBM'), [])
    await load('1d', daily)
    assert.deepEqual(await gapsOf('IBM'), [[HOLE, 1, 'missing']])
  })

  it('with few is a gap unless they make up half of the volume of the day', async () => {
    await load('5m', fiveMinutes(4, Math.ceil(dayVolume / 10)), 'THIN')
    assert.deepEqual(await gapsOf('THIN'), [[HOLE, 1, 'partial']])
    await load('1d', daily, 'THIN')
    assert.deepEqual(await gapsOf('THIN'), [[HOLE, 1, 'partial']])
    await load('5m', fiveMinutes(4, dayVolume / 4), 'WHOLE')
    await load('1d', daily, 'WHOLE')
    assert.deepEqual(await gapsOf('WHOLE'), [])
  })

  it('with few is missing once they are taken out by hand', async () => {
    await load('5m', fiveMinutes(4, 1000))
    assert.deepEqual(await gapsOf('IBM'), [[HOLE, 1, 'partial']])
    await pool.query(`DELETE FROM stockyard.pages WHERE starts_on = '2026-06-03'`)
    assert.deepEqual(await gapsOf('IBM'), [[HOLE, 1, 'missing']])
  })

  it('that was taken out by hand and came again before anybody looked is no gap, nor is another', async () => {
    await load('5m', fiveMinutes(78, 1000))
    await pool.query(`DELETE FROM stockyard.pages WHERE starts_on = '2026-06-03'`)
    await load('5m', fiveMinutes(78, 1000))
    assert.deepEqual(await gapsOf('IBM'), [])
  })

  it('that bars were taken out of by hand is asked for again', async () => {
    await load('5m', sliceBatch(fiveMinutes(78, 1000), 0, 5 * 78))
    await pool.query(
      `UPDATE stockyard.pages SET bars = 77, ts = ts[2:], open = open[2:], high = high[2:],
         low = low[2:], close = close[2:], volume = volume[2:]
       WHERE starts_on = '2026-06-03'`,
    )
    assert.deepEqual(await gapsOf('IBM'), [[HOLE, 1, 'missing']])
  })
})
