/** Prices that are adjusted by splits and dividends of which nobody was asked for all days, and bars that mix bases. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { BarBatch } from '../../src/domain/bar-batch.ts'
import { DAY_MS, parseDay } from '../../src/domain/date.ts'
import { parseIndicator } from '../../src/domain/indicators/registry.ts'
import { recordActionAsk } from '../../src/db/action-asks.ts'
import { getInstrument } from '../../src/db/instruments.ts'
import { readVersion } from '../../src/db/read-version.ts'
import { readSummary } from '../../src/query/analytics.ts'
import { readBars, type BarQuery } from '../../src/query/bars.ts'
import { parseBound } from '../../src/query/bound.ts'
import { readIndicators } from '../../src/query/indicators.ts'
import { dailyBars } from '../support/bars.ts'
import { makeDatabase } from '../support/database.ts'
import { loadSeries, tellActions } from '../support/loaded-series.ts'

const { pool } = await makeDatabase()
const NOW = Date.parse('2024-06-08T12:00:00-04:00')

async function read(symbol: string, more: Partial<BarQuery> = {}): Promise<readonly string[]> {
  const { warnings } = await readBars(pool, { ...queryOf(symbol), ...more }, 10)
  return warnings
}

function queryOf(symbol: string): BarQuery {
  return {
    symbol,
    interval: '1d',
    provider: 'alpha-vantage',
    from: null,
    until: null,
    session: 'all',
    sort: 'asc',
    now: NOW,
    adjust: 'splits',
  }
}

/** As traded, before and after a split of so many for one. */
function traded(from: string, splitDay: number, ratio: number): BarBatch {
  const bars = dailyBars(parseDay(from), parseDay('2024-06-08'))
  for (let i = 0; i < bars.length && bars.ts[i]! < splitDay; i += 1) {
    for (const column of ['open', 'high', 'low', 'close'] as const) bars[column][i]! *= ratio
  }
  return bars
}

const mixed = (interval: string) =>
  `Bars of ${interval} in which a split took effect (2024-05-07) hold prices of before and of after it: ask with adjust=splits.`

/** Prices as traded of 2022 to June 2024, and restated ones with splits and dividends from a day on. */
async function storeOf(symbol: string, restatedFrom: string): Promise<void> {
  const raw = { symbol, interval: '1d', provider: 'alpha-vantage', basis: 'raw' } as const
  await loadSeries(pool, raw, traded('2022-01-03', parseDay('2024-05-07'), 2), NOW)
  const said = {
    dividends: [],
    splits: [{ day: parseDay('2024-05-07'), newShares: 2, oldShares: 1 }],
  }
  const restated = { ...raw, provider: 'yahoo', basis: 'split' } as const
  const bars = dailyBars(parseDay(restatedFrom), parseDay('2024-06-08'))
  await loadSeries(pool, restated, bars, NOW, said)
}

const PART =
  'Splits and dividends of HALF are known only from 2023-03-01 to 2024-06-07, so that bars may not be ' +
  'adjusted for all of them: stockyard fetch HALF --actions asks for the rest.'

describe('bars from before the first day of which anybody was asked for splits', () => {
  it('say from when to when they are known, on every way on which prices are adjusted', async () => {
    await storeOf('HALF', '2023-03-01')
    assert.deepEqual(await read('HALF'), [PART])
    assert.deepEqual(await read('HALF', { adjust: 'all', provider: 'auto' }), [PART])
    assert.deepEqual(await read('HALF', { resample: '1mo' }), [PART])
    const { heading } = await readSummary(pool, queryOf('HALF'))
    assert.deepEqual(heading.warnings, [PART])
    const indicators = [parseIndicator('sma:5')]
    const { warnings, data } = await readIndicators(pool, queryOf('HALF'), indicators, 10, null)
    assert.deepEqual([warnings, data.length], [[PART], 10])
  })

  it('do not where prices are as traded, or restated, or all asked for lie inside', async () => {
    assert.deepEqual(await read('HALF', { adjust: 'none' }), [])
    assert.deepEqual(await read('HALF', { provider: 'yahoo' }), [])
    assert.deepEqual(await read('HALF', { from: parseBound('2023-03-01', 'from') }), [])
    await storeOf('WHOLE', '2022-01-03')
    assert.deepEqual(await read('WHOLE'), [])
  })

  it('do not any more once a vendor has told all, which makes the answer another version', async () => {
    const { id: instrumentId } = await getInstrument(pool, 'HALF')
    const before = await readVersion(pool, ['HALF'])
    const ask = { instrumentId, provider: 'alpha-vantage', failure: null }
    await recordActionAsk(pool, { ...ask, askedAt: NOW, failure: 'DAY_QUOTA' })
    assert.deepEqual(await read('HALF'), [PART])
    await recordActionAsk(pool, { ...ask, askedAt: NOW })
    assert.deepEqual(await read('HALF'), [])
    assert.notEqual(await readVersion(pool, ['HALF']), before)
  })

  it('of which all was told too long ago say until when', async () => {
    const raw = { symbol: 'LATE', interval: '1d', provider: 'alpha-vantage', basis: 'raw' } as const
    await loadSeries(pool, raw, dailyBars(parseDay('2024-01-02'), parseDay('2024-06-08')), NOW)
    await tellActions(pool, 'LATE', 'alpha-vantage', {}, NOW)
    const { id: instrumentId } = await getInstrument(pool, 'LATE')
    const askedAt = NOW - 20 * DAY_MS
    await recordActionAsk(pool, { instrumentId, provider: 'polygon', askedAt, failure: null })
    const warnings = await read('LATE', { until: parseBound('2024-02-01', 'until') })
    assert.match(warnings.join('\n'), /of LATE are known only until 2024-05-17, /)
  })
})

describe('weeks and months across a split, as traded', () => {
  it('say that they hold prices of before and of after it', async () => {
    await storeOf('SPLIT', '2022-01-03')
    // A Tuesday.
    assert.deepEqual(await read('SPLIT', { adjust: 'none', resample: '1wk' }), [mixed('1wk')])
    assert.deepEqual(await read('SPLIT', { adjust: 'none', resample: '1mo' }), [mixed('1mo')])
    const restated = { adjust: 'none', resample: '1mo', provider: 'yahoo' } as const
    assert.deepEqual(await read('SPLIT', restated), [mixed('1mo')])
  })

  it('do not where the split lies elsewhere, or all is in the shares of today', async () => {
    const until = parseBound('2024-05-01', 'until')
    assert.deepEqual(await read('SPLIT', { adjust: 'none', resample: '1mo', until }), [])
    assert.deepEqual(await read('SPLIT', { resample: '1mo' }), [])
    const monday = {
      dividends: [],
      splits: [{ day: parseDay('2024-04-08'), newShares: 3, oldShares: 1 }],
    }
    const raw = {
      symbol: 'MONDAY',
      interval: '1d',
      provider: 'alpha-vantage',
      basis: 'raw',
    } as const
    await loadSeries(pool, raw, traded('2024-03-04', parseDay('2024-04-08'), 3), NOW)
    await tellActions(pool, 'MONDAY', 'alpha-vantage', monday, NOW)
    assert.deepEqual(await read('MONDAY', { adjust: 'none', resample: '1wk' }), [])
  })
})
