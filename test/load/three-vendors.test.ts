/**
 * Days of AAPL over its split of 2020-08-31 from all three vendors of the simulated exchange, taken into
 * one store: three series, each on its own basis, that agree where they should.
 */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { parseDay } from '../../src/domain/date.ts'
import { readPageRange } from '../../src/db/pages.ts'
import { findHead } from '../../src/db/series.ts'
import { fetchAll } from '../../src/load/fetch-series.ts'
import { makeLogger } from '../../src/log.ts'
import { makeHttpClient } from '../../src/providers/fetch.ts'
import { PROVIDERS } from '../../src/providers/registry.ts'
import { startSandbox, type Sandbox } from '../../src/sandbox/server.ts'
import { makeDatabase } from '../support/database.ts'

/** A Sunday, after all three have settled. */
const NOW = Date.parse('2020-11-22T15:00:00Z')
const FROM = parseDay('2020-06-01')
/** Weekdays from June to 2020-11-20 without Independence Day (observed on July 3) and Labor Day. */
const SESSIONS = 123
/** Public record: four new shares for one, from 2020-08-31. */
const SPLIT_DAY = parseDay('2020-08-31')

const log = makeLogger({ level: 'silent', format: 'json' })
const { pool } = await makeDatabase()
let sandbox: Sandbox
before(async () => {
  sandbox = await startSandbox({ port: 0, clock: () => NOW })
})
after(() => sandbox.close())

interface Bar {
  readonly day: number
  readonly prices: readonly number[]
  readonly volume: number
}

async function storedBars(provider: string, basis: 'raw' | 'split'): Promise<Bar[]> {
  const head = await findHead(pool, { symbol: 'AAPL', interval: '1d', provider, basis })
  assert.notEqual(head, null, `${provider} has a series of basis ${basis}`)
  const range = { interval: '1d', from: 0, until: NOW, order: 'asc', limit: 10_000 } as const
  const pages = await readPageRange(pool, head!.seriesId, range)
  return pages
    .flatMap(({ bars }) =>
      Array.from(bars.ts, (day, i) => ({
        day,
        prices: [bars.open[i]!, bars.high[i]!, bars.low[i]!, bars.close[i]!],
        volume: bars.volume[i]!,
      })),
    )
    .filter(({ day }) => day >= FROM)
}

/** The close before the split in terms of the open after it. */
function jumpOf(bars: readonly Bar[]): number {
  const at = bars.findIndex(({ day }) => day === SPLIT_DAY)
  return bars[at - 1]!.prices[3]! / bars[at]!.prices[0]!
}

describe('AAPL from three vendors', () => {
  it('is three series, each complete', async () => {
    const clock = { now: () => NOW, sleep: () => Promise.resolve() }
    const client = makeHttpClient({ clock, log, retries: 0 })
    const config = { key: 'sandbox-key', baseUrl: sandbox.url, budget: 'unlimited' }
    try {
      for (const provider of PROVIDERS) {
        const summary = await fetchAll(
          { pool, client, clock, log, configs: { [provider.id]: config } },
          {
            symbols: ['AAPL'],
            intervals: ['1d'],
            providers: [provider],
            from: FROM,
            until: null,
            force: false,
            defaultDays: 90,
          },
        )
        const [task] = summary.tasks
        assert.deepEqual([task!.error, task!.watermark], [null, '2020-11-20'], provider.id)
        const bars = await storedBars(provider.id, provider.basis)
        assert.equal(bars.length, SESSIONS, provider.id)
      }
    } finally {
      await client.close()
    }
  })

  it('is the same to the last digit where both sell it as it was traded', async () => {
    assert.deepEqual(await storedBars('alpha-vantage', 'raw'), await storedBars('polygon', 'raw'))
  })

  it('jumps at the split where it is raw, and goes on quietly where it is adjusted', async () => {
    const raw = jumpOf(await storedBars('polygon', 'raw'))
    const adjusted = jumpOf(await storedBars('yahoo', 'split'))
    assert.ok(raw > 3.5 && raw < 4.5, String(raw))
    assert.ok(adjusted > 0.9 && adjusted < 1.1, String(adjusted))
  })

  it('is, adjusted, the raw prices over the splits that came later, and the volume times them', async () => {
    const raw = await storedBars('alpha-vantage', 'raw')
    const adjusted = await storedBars('yahoo', 'split')
    assert.deepEqual(
      adjusted.map(({ day }) => day),
      raw.map(({ day }) => day),
    )
    for (const [i, { day, prices, volume }] of adjusted.entries()) {
      const ratio = day < SPLIT_DAY ? 4 : 1
      for (const [column, price] of prices.entries()) {
        // A 32-bit float and two roundings to a hundredth of a cent lie between them.
        const expected = raw[i]!.prices[column]! / ratio
        assert.ok(Math.abs(price - expected) < 0.00011, `${price} is not ${expected}`)
      }
      assert.equal(volume, Math.round(raw[i]!.volume * ratio))
    }
  })
})
