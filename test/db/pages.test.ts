/** Pages in PostgreSQL: what is written comes back digit for digit, in Node and in SQL. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { BAR_COLUMNS, makeBatch, type BarBatch } from '../../src/domain/bar-batch.ts'
import { DAY_MS, formatDate } from '../../src/domain/date.ts'
import { inTransaction } from '../../src/db/connect.ts'
import { type PageRow } from '../../src/db/page-codec.ts'
import { readPageChanges, readPageRange, readPages, writePages } from '../../src/db/pages.ts'
import { makeDatabase } from '../support/database.ts'

const SESSION = Date.UTC(2024, 0, 2)
const OBSERVED = Date.UTC(2024, 0, 3, 1, 2, 3, 456)

const { pool } = await makeDatabase()

function rowOf(seriesId: number, bars: BarBatch, options: Partial<PageRow> = {}): PageRow {
  return {
    seriesId,
    startsOn: SESSION,
    bars,
    provisional: new Uint8Array(bars.length),
    regularBars: bars.length,
    expectedBars: 390,
    regularVolume: null,
    runId: 3,
    observedAt: OBSERVED,
    validFrom: OBSERVED + 1000,
    known: null,
    intraday: true,
    ...options,
  }
}

async function write(
  row: PageRow,
  replace: 'nothing' | 'replace' | 'keep' = 'nothing',
): Promise<void> {
  await inTransaction(pool, (connection) =>
    writePages(connection, {
      seriesId: row.seriesId,
      rows: [row],
      replaced: replace === 'nothing' ? [] : [row.startsOn],
      kept: replace === 'keep' ? [row.startsOn] : [],
      runId: row.runId,
      now: row.validFrom,
    }),
  )
}

async function readBack(seriesId: number, intraday = true) {
  const pages = await readPages(pool, seriesId, intraday ? '1m' : '1d', [SESSION, SESSION + DAY_MS])
  return pages.get(SESSION)!
}

/** A batch of minute bars with the same value in all price columns. */
function batchOf(prices: readonly number[], volumes: readonly number[] = []): BarBatch {
  const batch = makeBatch(prices.length)
  prices.forEach((price, i) => {
    batch.ts[i] = SESSION + (870 + i) * 60_000
    batch.open[i] = price
    batch.high[i] = price
    batch.low[i] = price
    batch.close[i] = price
    batch.volume[i] = volumes[i] ?? 100
  })
  return batch
}

let nextId = 1000
function newId(): number {
  nextId += 1
  return nextId
}

async function digitsInStore(seriesId: number): Promise<[number, number]> {
  const { rows } = await pool.query<{ price_digits: number; volume_digits: number }>(
    'SELECT price_digits, volume_digits FROM stockyard.pages WHERE series_id = $1',
    [seriesId],
  )
  return [rows[0]!.price_digits, rows[0]!.volume_digits]
}

describe('a page in the store', () => {
  it('keeps prices with the fewest digits that hold them exactly', async () => {
    for (const [prices, digits] of [
      [[100, 2], 0],
      [[218.79, 218.5], 2],
      [[219.0783, 1], 4],
      [[0.000001, 1], 6],
      [[628_123.4567], -1], // one price of an expensive share, too long for an integer of 4 digits
      [[1.2345678], -1],
      [[3e9], -1],
    ] as const) {
      const id = newId()
      await write(rowOf(id, batchOf(prices)))
      assert.deepEqual(await digitsInStore(id), [digits, 0], `digits of ${prices.join(' ')}`)
      assert.deepEqual([...(await readBack(id)).bars.close], prices)
    }
  })

  it('keeps volumes beyond 32 bits and fractions of shares', async () => {
    const id = newId()
    await write(rowOf(id, batchOf([1, 1, 1, 1], [5_123_456_789, 25_933.6, 9_007_199_254_740, 0])))
    assert.deepEqual(await digitsInStore(id), [0, 1])
    assert.deepEqual(
      [...(await readBack(id)).bars.volume],
      [5_123_456_789, 25_933.6, 9_007_199_254_740, 0],
    )
  })

  it('tells an absent value of one bar from an absent column', async () => {
    const id = newId()
    const batch = batchOf([10, 11])
    batch.vwap[1] = 11.25
    batch.volume.fill(Number.NaN)
    await write(rowOf(id, batch))
    const { bars } = await readBack(id)
    assert.deepEqual([...bars.vwap], [Number.NaN, 11.25])
    assert.deepEqual([...bars.volume], [Number.NaN, Number.NaN])
    const { rows } = await pool.query(
      'SELECT volume, trades, vwap FROM stockyard.pages WHERE series_id = $1',
      [id],
    )
    assert.deepEqual(rows[0], { volume: null, trades: null, vwap: [null, 1125] })
  })

  it('keeps which bars are provisional, and when it was observed and became current', async () => {
    const id = newId()
    const batch = batchOf([1, 2, 3])
    await write(rowOf(id, batch, { provisional: Uint8Array.of(0, 1, 1) }))
    const page = await readBack(id)
    assert.deepEqual([...page.provisional], [0, 1, 1])
    assert.equal(page.observedAt, OBSERVED)
    assert.equal(page.validFrom, OBSERVED + 1000)
  })

  it('keeps bars before midnight UTC of the session and those of a year by their day', async () => {
    const early = newId()
    const asian = batchOf([1, 2])
    asian.ts.set([SESSION - 60 * 60_000, SESSION])
    await write(rowOf(early, asian))
    assert.deepEqual([...(await readBack(early)).bars.ts], [SESSION - 3_600_000, SESSION])

    const daily = newId()
    const year = batchOf([1, 2])
    year.ts.set([SESSION, SESSION + 360 * DAY_MS])
    await write(rowOf(daily, year, { intraday: false }))
    assert.deepEqual([...(await readBack(daily, false)).bars.ts], [SESSION, SESSION + 360 * DAY_MS])
  })

  it('brings back any bars exactly, in Node and in SQL', async () => {
    const price = fc.oneof(
      fc.integer({ min: 1, max: 100_000_000 }).map((cents) => cents / 100),
      fc.integer({ min: 1, max: 100_000_000 }).map((units) => units / 10_000),
      fc.double({ min: 1e-6, max: 1e12, noNaN: true }),
    )
    const absent = fc.oneof(
      { weight: 3, arbitrary: price },
      { weight: 1, arbitrary: fc.constant(Number.NaN) },
    )
    const row = fc.record({
      open: price,
      high: price,
      low: price,
      close: price,
      volume: fc.oneof(
        fc.maxSafeNat(),
        fc.integer({ min: 0, max: 1e9 }).map((n) => n / 1000),
        fc.constant(Number.NaN),
      ),
      vwap: absent,
      trades: fc.oneof(fc.integer({ min: 0, max: 2_000_000_000 }), fc.constant(Number.NaN)),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 40 }), async (rows) => {
        const batch = makeBatch(rows.length)
        rows.forEach((values, i) => {
          batch.ts[i] = SESSION + i * 60_000
          for (const [name, value] of Object.entries(values)) batch[name as 'open'][i] = value
        })
        const id = newId()
        await write(rowOf(id, batch))
        const { bars } = await readBack(id)
        for (const column of BAR_COLUMNS)
          assert.deepEqual([...bars[column]], [...batch[column]], column)
        const sql = await pool.query(
          'SELECT b.* FROM stockyard.pages p, stockyard.page_bars(p, true) b WHERE p.series_id = $1 ORDER BY b.ts',
          [id],
        )
        assert.deepEqual(
          sql.rows.map((r) => [r.open, r.high, r.low, r.close, r.volume, r.vwap, r.trades]),
          rows.map((r) => [
            r.open,
            r.high,
            r.low,
            r.close,
            orNull(r.volume),
            orNull(r.vwap),
            orNull(r.trades),
          ]),
        )
      }),
      { numRuns: 60 },
    )
  })
})

function orNull(value: number): number | null {
  return Number.isNaN(value) ? null : value
}

describe('pages that are written at once by several connections', () => {
  it('each keep their own bars, whatever room was written over', async () => {
    const longest = 600
    const seriesIds = Array.from({ length: 8 }, (_, i) => 9_100 + i)
    const batches = seriesIds.map((id, i) =>
      batchOf(Array.from({ length: longest - i * 70 }, (_, bar) => id + bar / 100)),
    )
    for (let round = 0; round < 3; round += 1) {
      const rows = batches.map((bars, i) => rowOf(seriesIds[i]! + 100 * round, bars))
      await Promise.all(rows.map((row) => write(row)))
      for (const [i, row] of rows.entries()) {
        assert.deepEqual((await readBack(row.seriesId)).bars.close, batches[i]!.close)
      }
    }
  })
})

describe('versions of a page', () => {
  it('keep what a page was before, newest change first, each beside its successor', async () => {
    const id = newId()
    await write(rowOf(id, batchOf([10]), { runId: 1, validFrom: OBSERVED }))
    await write(rowOf(id, batchOf([11]), { runId: 2, validFrom: OBSERVED + 1 }), 'keep')
    await write(rowOf(id, batchOf([12]), { runId: 3, validFrom: OBSERVED + 1 }), 'replace')
    await write(rowOf(id, batchOf([13]), { runId: 4, validFrom: OBSERVED + 3 }), 'keep')
    const changes = await readPageChanges(pool, [{ id, interval: '1m' }], 10)
    assert.deepEqual(
      changes.map(({ before: old, after, runId, changedAt }) => [
        old.bars.close[0],
        after?.bars.close[0],
        runId,
        changedAt,
      ]),
      [
        [12, 13, 4, OBSERVED + 3],
        [10, 12, 2, OBSERVED + 1],
      ],
    )
  })
})

describe('reading a range of pages', () => {
  it('includes the first day, excludes the last, and stops at the limit', async () => {
    const id = newId()
    for (let day = 0; day < 5; day += 1) {
      await write(rowOf(id, batchOf([day + 1]), { startsOn: SESSION + day * DAY_MS }))
    }
    const range = {
      interval: '1m',
      from: SESSION + DAY_MS,
      until: SESSION + 4 * DAY_MS,
      limit: 2,
    } as const
    const up = await readPageRange(pool, id, { ...range, order: 'asc' })
    assert.deepEqual(
      up.map((page) => formatDate(page.startsOn)),
      ['2024-01-03', '2024-01-04'],
    )
    const down = await readPageRange(pool, id, { ...range, order: 'desc' })
    assert.deepEqual(
      down.map((page) => formatDate(page.startsOn)),
      ['2024-01-05', '2024-01-04'],
    )
  })
})
