/** A million bars pass through every stage of the read path without being held. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { parseDay } from '../../src/domain/date.ts'
import { addInstrument } from '../../src/db/instruments.ts'
import { streamBars, type BarQuery } from '../../src/query/bars.ts'
import { csvLines } from '../../src/query/rows.ts'
import { minuteBars } from '../support/bars.ts'
import { makeDatabase } from '../support/database.ts'
import { loadSeries, tellActions } from '../support/loaded-series.ts'

const NOW = Date.parse('2024-06-07T20:00:00-04:00')
const YEARS = [2013, 2014, 2015, 2016, 2017, 2018, 2019, 2020, 2021, 2022, 2023]
/** The columns of a million bars are 64 MB. */
const GROWTH_MAX = 32 * 1024 * 1024
const PAGES_BETWEEN = 500

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

const { pool } = await makeDatabase()
await addInstrument(pool, { symbol: 'LONG' })
const series = { symbol: 'LONG', provider: 'polygon', basis: 'raw', interval: '1m' } as const
let loaded = 0
for (const year of YEARS) {
  const bars = minuteBars(parseDay(`${year}-01-01`), parseDay(`${year + 1}-01-01`))
  await loadSeries(pool, series, bars, NOW)
  loaded += bars.length
}
const splits = [{ day: parseDay('2018-06-01'), newShares: 3, oldShares: 2 }]
await tellActions(pool, 'LONG', 'polygon', { splits }, NOW)

function memoryInUse(): number {
  // Twice, since what the first run frees is given back in the background.
  collectGarbage()
  collectGarbage()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

/** Reads a stream to its end: how many bars it has, and by how much memory grew on the way. */
async function drain(changes: Partial<BarQuery>): Promise<{ bars: number; growth: number }> {
  const query = { symbol: 'LONG', interval: '1m', provider: 'auto', session: 'regular' } as const
  const asked = { ...query, from: null, until: null, sort: 'asc', now: NOW, ...changes } as const
  const stream = await streamBars(pool, asked)
  const start = memoryInUse()
  let most = start
  let bars = 0
  let pages = 0
  for await (const chunk of stream.chunks) {
    bars += chunk.bars.length
    assert.ok(csvLines(stream, chunk).length > 0)
    pages += 1
    if (pages % PAGES_BETWEEN === 0) most = Math.max(most, memoryInUse())
  }
  assert.ok(pages > 2 * PAGES_BETWEEN)
  return { bars, growth: most - start }
}

describe('a stream of a million bars', () => {
  it('adjusted and made into half hours, newest first, is never held as a whole', async () => {
    const { bars, growth } = await drain({ adjust: 'splits', resample: '30m', sort: 'desc' })
    assert.ok(loaded > 1_000_000)
    assert.equal(bars, loaded / 30)
    assert.ok(growth < GROWTH_MAX, `${Math.round(growth / 1024)} KB`)
  })
})
