/** Loading an answer: what is stored, what is counted, and what a crash at any seam leaves behind. */
import assert from 'node:assert/strict'
import { beforeEach, describe, it } from 'node:test'
import { makeBatch, sliceBatch, type BarBatch } from '../../src/domain/bar-batch.ts'
import { formatCoverage } from '../../src/domain/coverage.ts'
import { formatDate } from '../../src/domain/date.ts'
import { inTransaction, type Connection, type Pool } from '../../src/db/connect.ts'
import { readPageChanges, readPageRange } from '../../src/db/pages.ts'
import { startRun } from '../../src/db/runs.ts'
import { findHead, type SeriesKey } from '../../src/db/series.ts'
import { loadBatch, type Load } from '../../src/load/load-batch.ts'
import { calendar, dailyBars, minuteBars } from '../support/bars.ts'
import { makeDatabase } from '../support/database.ts'

const { pool } = await makeDatabase()
const SETTLE_MS = 4 * 3_600_000
const SATURDAY = Date.parse('2024-06-08T12:00:00-04:00')
const day = (text: string) => Date.parse(text)

let series: SeriesKey
let count = 0
beforeEach(() => {
  count += 1
  series = { symbol: `T${count}`, interval: '1d', provider: 'alpha-vantage', basis: 'raw' }
})

async function newRun(): Promise<number> {
  return inTransaction(pool, (connection) => startRun(connection, 'fetch', {}, [series]))
}

async function load(batch: BarBatch, options: Partial<Load> = {}, where: Pool = pool) {
  return loadBatch(where, {
    series,
    calendar,
    settleMs: SETTLE_MS,
    runId: options.runId ?? (await newRun()),
    taskNumber: 1,
    batch,
    rejects: [],
    fetched: batch.length + (options.rejects?.length ?? 0),
    covers: null,
    continuesFrom: null,
    receivedAt: SATURDAY,
    actions: null,
    simulated: false,
    ...options,
  })
}

async function head() {
  return (await findHead(pool, series))!
}

/** All stored bars of the series as [ts, close]. */
async function stored(): Promise<[number, number][]> {
  const found = await findHead(pool, series)
  if (found === null) return []
  const pages = await readPageRange(pool, found.seriesId, {
    interval: series.interval,
    from: day('1990-01-01'),
    until: day('2040-01-01'),
    order: 'asc',
    limit: 10_000,
  })
  return pages.flatMap(({ bars }) => truthOf(bars))
}

function truthOf(bars: BarBatch): [number, number][] {
  return Array.from(bars.ts, (ts, i) => [ts, bars.close[i]!])
}

describe('loading fresh history', () => {
  it('stores each bar once, in one page a year, and moves coverage and watermark', async () => {
    const truth = dailyBars(day('2022-12-01'), day('2024-06-08'))
    const loaded = await load(truth)
    assert.deepEqual(
      [loaded.fetched, loaded.inserted, loaded.updated, loaded.unchanged, loaded.rejected],
      [truth.length, truth.length, 0, 0, 0],
    )
    assert.deepEqual(await stored(), truthOf(truth))
    const { coverage, watermark, bars, lastClose, previousClose } = await head()
    // From the day after the session before the first bar to the session after the last one.
    assert.equal(formatCoverage(coverage), '{[2022-12-01,2024-06-10)}')
    assert.equal(formatDate(watermark!), '2024-06-07')
    assert.equal(bars, truth.length)
    assert.deepEqual([lastClose, previousClose], [truth.close.at(-1), truth.close.at(-2)])
    const pages = await pool.query(
      'SELECT starts_on, bars, expected_bars FROM stockyard.pages WHERE series_id = $1 ORDER BY 1',
      [loaded.seriesId],
    )
    // The exchange had 251 sessions in 2022, 250 in 2023 and 252 in 2024.
    assert.deepEqual(
      pages.rows.map((row) => [row.starts_on, row.expected_bars]),
      [
        ['2022-01-01', 251],
        ['2023-01-01', 250],
        ['2024-01-01', 252],
      ],
    )
  })

  it('puts intraday bars into one page a session, with the regular ones counted', async () => {
    series = { ...series, interval: '1m' }
    const truth = minuteBars(day('2024-07-02'), day('2024-07-06')) // 07-03 closed at 13:00, 07-04 was closed
    await load(truth, { receivedAt: day('2024-07-08T12:00:00Z') })
    assert.deepEqual(await stored(), truthOf(truth))
    const { seriesId, watermark } = await head()
    assert.equal(formatDate(watermark!), '2024-07-05')
    const { rows } = await pool.query(
      'SELECT starts_on, bars, regular_bars, expected_bars FROM stockyard.pages WHERE series_id = $1 ORDER BY 1',
      [seriesId],
    )
    assert.deepEqual(
      rows.map((row) => Object.values(row)),
      [
        ['2024-07-02', 390, 390, 390],
        ['2024-07-03', 210, 210, 210],
        ['2024-07-05', 390, 390, 390],
      ],
    )
  })

  it('keeps weekly bars in one page a decade', async () => {
    series = { ...series, interval: '1wk' }
    const batch = dailyBars(day('2019-12-23'), day('2020-01-14'))
    const mondays = [...batch.ts]
      .map((ts, i) => [ts, i] as const)
      .filter(([ts]) => new Date(ts).getUTCDay() === 1)
    const weekly = makeBatch(mondays.length)
    mondays.forEach(([ts, i], k) => {
      weekly.ts[k] = ts
      for (const column of ['open', 'high', 'low', 'close', 'volume'] as const)
        weekly[column][k] = batch[column][i]!
    })
    await load(weekly, { receivedAt: SATURDAY })
    const { rows } = await pool.query(
      'SELECT starts_on, bars FROM stockyard.pages WHERE series_id = $1 ORDER BY 1',
      [(await head()).seriesId],
    )
    assert.deepEqual(
      rows.map((row) => Object.values(row)),
      [
        ['2010-01-01', 2],
        ['2020-01-01', 2],
      ],
    )
  })
})

describe('loading the same again', () => {
  it('writes no row of data', async () => {
    const truth = dailyBars(day('2024-01-01'), day('2024-06-08'))
    const first = await load(truth)
    const rowVersions = `SELECT 'p' AS t, xmin::text FROM stockyard.pages WHERE series_id = $1
      UNION ALL SELECT 'h', xmin::text FROM stockyard.series_heads WHERE series_id = $1`
    const before = await pool.query(rowVersions, [first.seriesId])
    const again = await load(truth, { receivedAt: SATURDAY + 1000 })
    assert.deepEqual([again.inserted, again.updated, again.unchanged], [0, 0, truth.length])
    assert.deepEqual((await pool.query(rowVersions, [first.seriesId])).rows, before.rows)
  })

  it('stores what only the second answer has, wherever it overlaps', async () => {
    const truth = dailyBars(day('2023-10-01'), day('2024-06-08'))
    await load(sliceBatch(truth, 60, 120))
    const after = await load(sliceBatch(truth, 100, truth.length))
    assert.deepEqual([after.inserted, after.unchanged], [truth.length - 120, 20])
    const before = await load(sliceBatch(truth, 0, 70))
    assert.deepEqual([before.inserted, before.unchanged], [60, 10])
    assert.deepEqual(await stored(), truthOf(truth))
    assert.equal((await head()).bars, truth.length)
    assert.equal((await head()).lastClose, truth.close.at(-1))
  })

  it('leaves two stretches apart and joins them when the hole is filled', async () => {
    const truth = dailyBars(day('2024-01-01'), day('2024-06-08'))
    await load(sliceBatch(truth, 60, truth.length))
    await load(sliceBatch(truth, 0, 20))
    assert.equal((await head()).coverage.length, 2)
    assert.equal(formatDate((await head()).watermark!), '2024-06-07')
    await load(sliceBatch(truth, 20, 60))
    assert.equal((await head()).coverage.length, 1)
  })
})

describe('a changed value', () => {
  it('replaces a final bar, is counted, and keeps the value before as a revision', async () => {
    const truth = dailyBars(day('2024-01-01'), day('2024-06-08'))
    const { seriesId } = await load(truth)
    const changed = dailyBars(day('2024-01-01'), day('2024-06-08'))
    changed.close[3] = 101.11
    const run = await newRun()
    const loaded = await load(changed, { receivedAt: SATURDAY + 1000, runId: run })
    assert.deepEqual([loaded.inserted, loaded.updated, loaded.unchanged], [0, 1, truth.length - 1])
    const [change, ...others] = await readPageChanges(pool, [{ id: seriesId, interval: '1d' }], 10)
    assert.equal(others.length, 0)
    assert.deepEqual(
      [change!.before.bars.close[3], change!.after!.bars.close[3], change!.runId],
      [truth.close[3], 101.11, run],
    )
  })

  it('of an open session replaces the bar and is no revision', async () => {
    const open = Date.parse('2024-06-07T11:00:00-04:00')
    const live = dailyBars(day('2024-06-03'), day('2024-06-08'))
    const { seriesId, watermark } = await load(live, { receivedAt: open })
    assert.equal(formatDate(watermark!), '2024-06-06')
    const later = dailyBars(day('2024-06-03'), day('2024-06-08'))
    later.close[4] = 108
    const loaded = await load(later, { receivedAt: open + 3_600_000 })
    assert.equal(loaded.updated, 1)
    assert.deepEqual(await readPageChanges(pool, [{ id: seriesId, interval: '1d' }], 10), [])
    const { rows } = await pool.query(
      'SELECT last_final, last_close FROM stockyard.series_heads WHERE series_id = $1',
      [seriesId],
    )
    assert.deepEqual(rows[0], { last_final: false, last_close: 108 })
    // The same values, seen after the session has settled, make the bar final.
    const settled = await load(later)
    assert.deepEqual([settled.updated, formatDate(settled.watermark!)], [0, '2024-06-07'])
    const [page] = await readPageRange(pool, seriesId, {
      interval: '1d',
      from: 0,
      until: day('2040-01-01'),
      order: 'asc',
      limit: 1,
    })
    assert.deepEqual([...page!.provisional], [0, 0, 0, 0, 0])
  })
})

describe('refused rows', () => {
  it('are stored with rule and raw text, once, beside the good rows', async () => {
    const truth = dailyBars(day('2024-06-03'), day('2024-06-08'))
    const reject = {
      rule: 'positive',
      reason: 'close is -1',
      raw: '2024-06-05,1,1,1,-1\0',
      ts: day('2024-06-05'),
    }
    const absurd = { rule: 'number', reason: 'no number', raw: 'x', ts: Number.NaN }
    const first = await load(truth, { rejects: [reject, absurd] })
    await load(truth, { rejects: [reject, absurd] })
    assert.deepEqual([first.fetched, first.inserted, first.rejected], [7, 5, 2])
    const { rows } = await pool.query(
      'SELECT rule, reason, raw, bar_ts, symbol FROM stockyard.rejects WHERE series_id = $1 ORDER BY rule',
      [first.seriesId],
    )
    assert.deepEqual(rows, [
      { rule: 'number', reason: 'no number', raw: 'x', bar_ts: null, symbol: series.symbol },
      {
        rule: 'positive',
        reason: 'close is -1',
        raw: '2024-06-05,1,1,1,-1\uFFFD',
        bar_ts: new Date('2024-06-05'),
        symbol: series.symbol,
      },
    ])
  })
})

describe('an answer of the simulated exchange', () => {
  it('is refused by a store of real data, and leaves nothing', async () => {
    const truth = dailyBars(day('2024-06-03'), day('2024-06-08'))
    await load(truth)
    series = { ...series, symbol: 'MADEUP' }
    await assert.rejects(load(truth, { simulated: true }), { code: 'STORE_REAL', kind: 'config' })
    assert.equal(await findHead(pool, series), null)
  })
})

describe('several loads of one series at once', () => {
  it('end as if they had come one after the other', async () => {
    const truth = dailyBars(day('2022-01-01'), day('2024-06-08'))
    const parts = Array.from({ length: 8 }, (_, i) =>
      sliceBatch(truth, i * 60, Math.min(truth.length, i * 60 + 140)),
    )
    await Promise.all(parts.map((part) => load(part)))
    const end = Math.min(truth.length, 7 * 60 + 140)
    assert.deepEqual(await stored(), truthOf(sliceBatch(truth, 0, end)))
    assert.equal((await head()).bars, end)
  })
})

// A crash at every seam ------------------------------------------------------------------------------

/** A pool whose connection breaks for good before its n-th statement, as when the process is killed. */
function dyingPool(statement: number, splitAtHead = false): { pool: Pool; died: () => boolean } {
  let seen = 0
  let isDead = false
  const connect = async () => {
    const connection = await pool.connect()
    const query = connection.query.bind(connection) as (...args: unknown[]) => Promise<unknown>
    // Not async, since a COPY is a stream that must come back as it is.
    const guarded = (...args: unknown[]) => {
      seen += 1
      if (seen === statement) {
        isDead = true
        const socket = (connection as unknown as { connection: { stream: { destroy(): void } } })
          .connection
        socket.stream.destroy()
      }
      const [asked] = args as [string | { readonly text?: string }]
      const text = (typeof asked === 'string' ? asked : asked.text) ?? ''
      if (splitAtHead && text.includes('UPDATE stockyard.series_heads')) {
        return query('COMMIT')
          .then(() => query('BEGIN'))
          .then(() => query(...args))
      }
      return query(...args)
    }
    const wrapped = new Proxy(connection, {
      get(target, name) {
        if (name === 'query') {
          return guarded
        }
        const value = Reflect.get(target, name) as unknown
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
    return wrapped as Connection
  }
  return { pool: { connect } as unknown as Pool, died: () => isDead }
}

/** True when rows, counts and watermark say the same. */
async function isConsistent(): Promise<boolean> {
  const bars = await stored()
  const found = await findHead(pool, series)
  if (found === null) return bars.length === 0
  const known = new Set(bars.map(([ts]) => ts))
  const covered = found.coverage.flatMap((range) => calendar.sessions(range.from, range.until))
  const { rows } = await pool.query<{ inserted: number }>(
    'SELECT coalesce(sum(inserted), 0)::bigint AS inserted FROM stockyard.tasks WHERE series_id = $1',
    [found.seriesId],
  )
  return (
    found.bars === bars.length &&
    new Set(bars.map(([ts]) => ts)).size === bars.length &&
    covered.every((session) => known.has(session.day)) &&
    (found.watermark === null || known.has(found.watermark)) &&
    rows[0]!.inserted === bars.length
  )
}

async function crashEverywhere(
  splitAtHead: boolean,
): Promise<{ seams: number; consistent: boolean }> {
  const truth = dailyBars(day('2023-06-01'), day('2024-06-08'))
  let consistent = true
  for (let seam = 1; ; seam += 1) {
    count += 1
    series = { ...series, symbol: `T${count}` }
    await load(sliceBatch(truth, 0, 150)) // a page that is appended to, and one that is new
    const broken = dyingPool(seam, splitAtHead)
    const rest = sliceBatch(truth, 140, truth.length)
    const failed = await load(rest, {}, broken.pool).then(
      () => false,
      () => true,
    )
    consistent &&= await isConsistent()
    if (!broken.died()) return { seams: seam - 1, consistent: consistent && !failed }
    await load(rest)
    consistent &&= await isConsistent()
    assert.deepEqual(await stored(), truthOf(truth))
  }
}

describe('a crash before any statement of a load', () => {
  it('loses and doubles nothing, and the next load completes it', async () => {
    const { seams, consistent } = await crashEverywhere(false)
    assert.ok(seams >= 7, `only ${seams} seams were cut`)
    assert.equal(consistent, true)
  })

  it('is seen to break a loader that uses two transactions', async () => {
    const { consistent } = await crashEverywhere(true)
    assert.equal(consistent, false)
  })
})
