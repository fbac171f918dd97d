/**
 * A split between two runs, over the whole way: a vendor of prices as traded and one that restates its
 * history say the same before it and after it, in every mode, by days and within the day.
 */
import assert from 'node:assert/strict'
import { after, it } from 'node:test'
import { takeBars, type BarBatch } from '../../src/domain/bar-batch.ts'
import { parseDay } from '../../src/domain/date.ts'
import type { AdjustMode } from '../../src/domain/adjust.ts'
import type { Interval } from '../../src/domain/interval.ts'
import { fetchAll } from '../../src/load/fetch-series.ts'
import { makeLogger } from '../../src/log.ts'
import { makeHttpClient } from '../../src/providers/fetch.ts'
import { getProvider } from '../../src/providers/registry.ts'
import { readBars } from '../../src/query/bars.ts'
import { adjustmentFactors } from '../../src/sandbox/corporate-actions.ts'
import { startSandbox } from '../../src/sandbox/server.ts'
import { assertNear } from '../support/adjusting.ts'
import { calendar } from '../support/bars.ts'
import { makeDatabase } from '../support/database.ts'

const FROM = parseDay('2024-05-01')
const SPLIT_DAY = parseDay('2024-06-12')
const RATIO = 4
const BEFORE = Date.parse('2024-06-11T23:30:00-04:00')
/** A session later, when Yahoo's prices are restated, and settled. */
const AFTER = Date.parse('2024-06-22T12:00:00-04:00')

let now = BEFORE
const clock = { now: () => now, sleep: () => Promise.resolve() }
const log = makeLogger({ level: 'silent', format: 'json' })
const sandbox = await startSandbox({ port: 0, clock: clock.now })
const client = makeHttpClient({ clock, log, retries: 0 })
const { pool } = await makeDatabase()
after(async () => {
  await client.close()
  await sandbox.close()
})

async function fetchFrom(vendor: 'polygon' | 'yahoo'): Promise<void> {
  const config = { key: 'a-key', baseUrl: sandbox.url, budget: 'unlimited' }
  const { status, tasks } = await fetchAll(
    { pool, client, clock, log, configs: { [vendor]: config } },
    {
      symbols: ['IBM'],
      intervals: ['1d', '5m'],
      providers: [getProvider(vendor)],
      from: FROM,
      until: null,
      force: false,
      defaultDays: 90,
    },
  )
  assert.equal(status, 'succeeded', JSON.stringify(tasks))
}

const one = () => 1

/** Bars of regular hours as the exchange has them, with prices and volumes of earlier days made new. */
function truth(
  interval: Interval,
  until: number,
  price: (day: number) => number,
  volume: (day: number) => number,
): BarBatch {
  const range = { symbol: 'IBM', interval, from: FROM, until, hours: 'regular' } as const
  const bars = sandbox.market.bars(range)
  const copy = takeBars(bars, [...bars.ts.keys()])
  for (let i = 0; i < copy.length; i += 1) {
    const day = interval === '1d' ? copy.ts[i]! : calendar.localDay(copy.ts[i]!)
    for (const column of ['open', 'high', 'low', 'close'] as const) copy[column][i]! *= price(day)
    copy.volume[i]! *= volume(day)
  }
  return copy
}

/** What is read must be what the exchange had; of Yahoo's prices six digits are kept. */
async function assertReads(
  provider: string,
  interval: Interval,
  adjust: AdjustMode,
  expected: BarBatch,
): Promise<void> {
  const bound = { kind: 'day', day: FROM } as const
  const query = {
    symbol: 'IBM',
    interval,
    provider,
    from: bound,
    until: null,
    adjust,
    now,
  } as const
  const answer = await readBars(pool, { ...query, session: 'regular', sort: 'asc' }, 10_000)
  assert.deepEqual(answer.warnings, [])
  assert.deepEqual(answer.bars.ts, expected.ts)
  for (const column of ['open', 'high', 'low', 'close', 'volume'] as const) {
    assertNear(answer.bars[column], expected[column], 2e-6)
  }
}

it('reads right in all modes from raw and from split-adjusted bars, before and after it', async () => {
  await fetchFrom('polygon')
  await fetchFrom('yahoo')
  for (const provider of ['polygon', 'yahoo']) {
    const days = truth('1d', SPLIT_DAY, one, one)
    await assertReads(provider, '1d', 'none', days)
    await assertReads(provider, '1d', 'splits', days)
  }

  sandbox.market.events.split('IBM', { day: SPLIT_DAY, ratio: RATIO })
  now = AFTER
  await fetchFrom('polygon')
  await fetchFrom('yahoo')
  const ratio = (day: number) => (day < SPLIT_DAY ? RATIO : 1)
  const until = parseDay('2024-06-22')
  const days = truth('1d', until, one, one)
  const { market } = sandbox
  const dividends = market.dividends('IBM', until).filter(({ day }) => day > FROM)
  assert.equal(dividends.length, 1)
  const splits = [{ day: SPLIT_DAY, ratio: RATIO }]
  const factors = adjustmentFactors(days.ts, days.close, splits, dividends)
  const factorOf = (day: number) => factors[days.ts.indexOf(day)]!
  for (const provider of ['polygon', 'yahoo']) {
    for (const interval of ['1d', '5m'] as const) {
      const modes = {
        none: truth(interval, until, one, one),
        splits: truth(interval, until, (day) => 1 / ratio(day), ratio),
        all: truth(interval, until, factorOf, ratio),
      }
      for (const [adjust, expected] of Object.entries(modes)) {
        await assertReads(provider, interval, adjust as AdjustMode, expected)
      }
    }
  }
})
