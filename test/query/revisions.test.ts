/** Revisions, runs, rejects and the status. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { makeBatch } from '../../src/domain/bar-batch.ts'
import { inTransaction } from '../../src/db/connect.ts'
import { readPageRange, writePages } from '../../src/db/pages.ts'
import { encodeCursor } from '../../src/query/cursor.ts'
import { changedBars, readRevisions } from '../../src/query/revisions.ts'
import { readRejects } from '../../src/query/rejects.ts'
import { readRun, readRuns } from '../../src/query/runs.ts'
import { readStatus } from '../../src/query/status.ts'
import { makeDatabase } from '../support/database.ts'
import { calendar } from '../support/bars.ts'
import { day, fillStore, REVISED, reviseAgain } from '../support/filled-store.ts'
import { loadSeries } from '../support/loaded-series.ts'

const { pool } = await makeDatabase()
const { runs } = await fillStore(pool)

function batchOf(pairs: readonly (readonly [ts: number, close: number])[]) {
  const bars = makeBatch(pairs.length)
  pairs.forEach(([ts, close], i) => {
    bars.ts[i] = ts
    bars.close[i] = close
  })
  return bars
}

describe('the difference of two versions of a page', () => {
  it('is the final bars that have another value, newest first', () => {
    const before = {
      bars: batchOf([
        [1, 10],
        [3, 30],
        [4, 40],
        [5, 50],
        [6, 60],
      ]),
      provisional: Uint8Array.of(0, 0, 0, 0, 1),
    }
    // 2 is new, 3 and 5 changed, 6 changed but was provisional.
    const after = {
      bars: batchOf([
        [1, 10],
        [2, 20],
        [3, 31],
        [4, 40],
        [5, 51],
        [6, 61],
      ]),
    }
    assert.deepEqual(
      changedBars(before, after).map(({ ts, before: i, after: j }) => [ts, i, j]),
      [
        [5, 3, 4],
        [3, 1, 2],
      ],
    )
  })
})

describe('a final bar that was removed', () => {
  const before = {
    bars: batchOf([
      [1, 10],
      [2, 20],
      [3, 30],
    ]),
    provisional: Uint8Array.of(0, 1, 0),
  }

  it('is a difference of the two versions, a provisional one is not', () => {
    assert.deepEqual(changedBars(before, { bars: batchOf([[1, 10]]) }), [
      { ts: 3, before: 2, after: null },
    ])
  })

  it('is one where no page is left', () => {
    assert.deepEqual(
      changedBars(before, null).map(({ ts }) => ts),
      [3, 1],
    )
  })
})

describe('revisions of a symbol', () => {
  it('tell the value before and after, when, and by which run', async () => {
    const { data, next } = await readRevisions(pool, { symbol: 'aapl', limit: 10 })
    assert.equal(next, null)
    assert.deepEqual(
      data.map((one) => [
        one.symbol,
        one.interval,
        one.provider,
        one.session,
        one.old.close,
        one.new?.close,
        one.run,
      ]),
      [['AAPL', '1d', 'alpha-vantage', REVISED.session, REVISED.old, REVISED.new, runs.revision]],
    )
    assert.deepEqual({ ...data[0]!.old, close: 0 }, { ...data[0]!.new, close: 0 })
  })

  it('are paged newest first, and can be of one interval or provider', async () => {
    for (const cents of [1, 2, 3]) await reviseAgain(pool, cents)
    const all = await readRevisions(pool, { symbol: 'AAPL', limit: 10 })
    assert.deepEqual(
      all.data.map((one) => Math.round((one.new!.close - REVISED.old) * 100)),
      [3, 2, 1, 25],
    )
    const first = await readRevisions(pool, { symbol: 'AAPL', limit: 3 })
    const rest = await readRevisions(pool, { symbol: 'AAPL', limit: 3, cursor: first.next! })
    assert.deepEqual([...first.data, ...rest.data], all.data)
    assert.equal(rest.next, null)
    const others = { symbol: 'AAPL', limit: 3 }
    assert.deepEqual((await readRevisions(pool, { ...others, interval: '1m' })).data, [])
    assert.deepEqual((await readRevisions(pool, { ...others, provider: 'yahoo' })).data, [])
  })
})

describe('many revisions of one instant', () => {
  const SESSIONS = calendar.sessions(day('2024-01-02'), day('2024-03-01'))
  const PROVIDERS = ['alpha-vantage', 'polygon']
  const LATER = Date.parse('2024-04-01T12:00:00Z')

  it('come each once, whatever the size of pages', async (t) => {
    const { pool: own } = await makeDatabase(t)
    for (const close of [10, 11]) {
      for (const provider of PROVIDERS) {
        const bars = batchOf(SESSIONS.map(({ open }): [number, number] => [open, close]))
        for (const column of ['open', 'high', 'low'] as const) bars[column].set(bars.close)
        bars.volume.fill(1)
        const series = { symbol: 'TIE', interval: '1m', provider, basis: 'raw' } as const
        await loadSeries(own, series, bars, LATER + close)
      }
    }
    // Two vendors' changes of the very same millisecond.
    await own.query("UPDATE stockyard.page_versions SET valid_until = '2024-04-02T00:00:00Z'")
    await own.query("UPDATE stockyard.pages SET valid_from = '2024-04-02T00:00:00Z'")
    const ids = await own.query<{ provider: string }>(
      'SELECT provider FROM stockyard.series ORDER BY id DESC',
    )
    const newestFirst = SESSIONS.map(({ open }) => open).toReversed()
    const expected = ids.rows.flatMap(({ provider }) =>
      newestFirst.map((open) => [provider, open, 10, 11]),
    )
    for (const limit of [7, 50, 1000]) {
      const seen: unknown[] = []
      let cursor: string | undefined
      do {
        const page = await readRevisions(own, { symbol: 'TIE', limit, cursor })
        for (const { provider, ts, old, new: after } of page.data) {
          seen.push([provider, Date.parse(ts!), old.close, after!.close])
        }
        cursor = page.next ?? undefined
      } while (cursor !== undefined)
      assert.deepEqual(seen, expected, String(limit))
    }
  })
})

describe('a forged cursor of revisions', () => {
  it('is refused where its bar lies beyond all dates', async () => {
    const cursor = encodeCursor('revisions', [1, 1, 1e300])
    await assert.rejects(readRevisions(pool, { symbol: 'AAPL', limit: 3, cursor }), {
      code: 'CURSOR_INVALID',
    })
  })
})

describe('runs', () => {
  it('are listed newest first with their sums and the first error', async () => {
    const found = await readRuns(pool, { limit: 1, status: 'partial' })
    const { run, status, symbols, requests, failed, error } = found.data[0]!
    assert.deepEqual([run, status, symbols, requests, failed], [runs.partial, 'partial', 1, 3, 1])
    assert.deepEqual(error, {
      symbol: 'XOM',
      code: 'PROVIDER_DOWN',
      message: 'The vendor does not answer.',
      hint: 'Try again later.',
    })
    assert.equal(found.next, null)
  })

  it('are walked by cursor without a repeat', async () => {
    const ids: number[] = []
    let cursor: string | undefined
    do {
      const { data, next } = await readRuns(pool, { limit: 2, cursor })
      ids.push(...data.map(({ run }) => run))
      cursor = next ?? undefined
    } while (cursor !== undefined)
    assert.deepEqual(
      ids,
      [...ids].sort((a, b) => b - a),
    )
    assert.equal(new Set(ids).size, ids.length)
    assert.equal(ids.at(-1), runs.first)
  })

  it('tell their tasks', async () => {
    const { tasks, ...run } = await readRun(pool, runs.partial)
    assert.equal(run.finished_at === null, false)
    assert.deepEqual(
      tasks.map((task) => [task.symbol, task.interval, task.status, task.notes, task.error?.code]),
      [['XOM', '1d', 'failed', ['asked three times'], 'PROVIDER_DOWN']],
    )
    await assert.rejects(readRun(pool, 999_999), { code: 'RUN_UNKNOWN' })
  })
})

async function count(filter: object): Promise<number> {
  return (await readRejects(pool, { limit: 9, ...filter })).data.length
}

describe('rejects', () => {
  it('keep rule, reason and raw text, newest first', async () => {
    const { data } = await readRejects(pool, { limit: 10 })
    assert.deepEqual(
      data.map(({ symbol, ts, rule, reason, raw, run }) => [symbol, ts, rule, reason, raw, run]),
      [
        ['MSFT', null, 'number', 'close is "n/a"', '{"4. close": "n/a"}', runs.first],
        ['MSFT', '2024-05-06', 'price-order', 'high 1 is below low 2', '"=1+1",2', runs.first],
      ],
    )
  })

  it('can be of one symbol, rule, provider or run', async () => {
    assert.deepEqual(
      [
        await count({ symbol: 'MSFT' }),
        await count({ symbol: 'AAPL' }),
        await count({ rule: 'number' }),
        await count({ provider: 'yahoo' }),
        await count({ run: runs.first }),
        await count({ run: runs.partial }),
      ],
      [2, 0, 1, 0, 2, 0],
    )
  })
})

describe('the status', () => {
  it('tells of each series how much there is and how fresh it is', async () => {
    const { data, next } = await readStatus(pool)
    assert.equal(next, null)
    assert.deepEqual(
      data.map((one) => [
        one.symbol,
        one.interval,
        one.bars,
        one.first,
        one.last,
        one.watermark,
        one.state,
      ]),
      [
        ['AAPL', '1d', 381, '2022-12-01', '2024-06-07', '2024-06-06', 'provisional'],
        ['AAPL', '1m', 1170, '2024-06-03T13:30:00Z', '2024-06-05T19:59:00Z', '2024-06-05', 'final'],
        ['AAPL', '5m', 4, '2024-06-04T12:00:00Z', '2024-06-04T20:00:00Z', '2024-06-04', 'final'],
        // A refused row of no known day may have stood for any of them, so none counts as complete yet.
        ['MSFT', '1d', 27, '2024-05-01', '2024-06-07', null, 'provisional'],
      ],
    )
  })

  it('is paged by symbol and can be of one', async () => {
    const first = await readStatus(pool, { limit: 3 })
    const rest = await readStatus(pool, { limit: 3, cursor: first.next! })
    assert.deepEqual(
      [...first.data, ...rest.data].map(({ symbol, interval }) => `${symbol} ${interval}`),
      ['AAPL 1d', 'AAPL 1m', 'AAPL 5m', 'MSFT 1d'],
    )
    assert.equal((await readStatus(pool, { symbol: 'msft' })).data.length, 1)
    assert.equal((await readStatus(pool, { interval: '1d' })).data.length, 2)
    await assert.rejects(readStatus(pool, { symbol: 'NOPE' }), { code: 'SYMBOL_UNKNOWN' })
  })
})

describe('bars that were removed with their page', () => {
  it('are listed with nothing in their place', async () => {
    const { rows } = await pool.query<{ series_id: number }>(
      `SELECT s.id AS series_id FROM stockyard.series s JOIN stockyard.symbols y USING (instrument_id)
       WHERE y.symbol = 'AAPL' AND s.interval = '5m'`,
    )
    const [{ series_id: seriesId }] = rows as [{ series_id: number }]
    const [page] = await readPageRange(pool, seriesId, {
      interval: '5m',
      from: 0,
      until: Date.UTC(2100, 0, 1),
      order: 'asc',
      limit: 1,
    })
    await inTransaction(pool, (connection) =>
      writePages(connection, {
        seriesId,
        rows: [],
        replaced: [page!.startsOn],
        kept: [page!.startsOn],
        runId: runs.partial,
        now: Date.now(),
      }),
    )
    const { data } = await readRevisions(pool, { symbol: 'AAPL', interval: '5m', limit: 10 })
    assert.deepEqual(
      data.map((one) => [one.ts, one.old.close, one.new, one.run]),
      Array.from(page!.bars.ts, (ts, i) => [
        new Date(ts).toISOString().replace('.000', ''),
        page!.bars.close[i],
        null,
        runs.partial,
      ]).reverse(),
    )
  })
})
