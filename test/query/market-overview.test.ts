/** Whose bars the overview of the market shows where several vendors have the newest session. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { makeBatch } from '../../src/domain/bar-batch.ts'
import { setPriority } from '../../src/db/priorities.ts'
import { findLatest } from '../../src/query/latest.ts'
import { readMarketOverview } from '../../src/query/market-overview.ts'
import { makeDatabase } from '../support/database.ts'
import { day } from '../support/filled-store.ts'
import { loadSeries } from '../support/loaded-series.ts'

const { pool } = await makeDatabase()

/** Two sessions of which the second closes at a price. */
async function load(provider: string, close: number, receivedAt: string): Promise<void> {
  const bars = makeBatch(2)
  for (const [i, [date, price]] of [
    ['2024-05-16', 100] as const,
    ['2024-05-17', close] as const,
  ].entries()) {
    bars.ts[i] = day(date)
    for (const column of ['open', 'high', 'low', 'close'] as const) bars[column][i] = price
    bars.volume[i] = 1000
  }
  const series = { symbol: 'ONE', interval: '1d', provider, basis: 'raw' } as const
  await loadSeries(pool, series, bars, Date.parse(receivedAt))
}

async function shown(): Promise<[string, number]> {
  const { most_active: active, symbols } = await readMarketOverview(pool, null, 10)
  assert.equal(symbols, 1)
  const query = { symbol: 'ONE', interval: '1d', provider: 'auto', now: 0, live: true } as const
  const { bar: latest } = await findLatest(pool, query)
  assert.deepEqual([active[0]!.provider, active[0]!.close], [latest.provider, latest.close])
  return [active[0]!.provider, active[0]!.close]
}

it('they are those that a read of the latest bar shows: final before provisional, then by priority', async () => {
  // During the session, and on the day after it.
  await load('polygon', 101, '2024-05-17T15:00:00Z')
  await load('alpha-vantage', 102, '2024-05-18T12:00:00Z')
  assert.deepEqual(await shown(), ['alpha-vantage', 102])
  await load('polygon', 103, '2024-05-18T12:00:00Z')
  assert.deepEqual(await shown(), ['polygon', 103])
  await setPriority(pool, { kind: null, interval: null }, ['alpha-vantage', 'polygon'], 'ada')
  assert.deepEqual(await shown(), ['alpha-vantage', 102])
})
