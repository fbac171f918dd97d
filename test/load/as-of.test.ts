/** Reads as of an instant through the store: the same rows for ever, whatever is loaded afterwards. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { makeBatch, type BarBatch } from '../../src/domain/bar-batch.ts'
import { DAY_MS, formatDate } from '../../src/domain/date.ts'
import type { Interval } from '../../src/domain/interval.ts'
import { settleAsOf } from '../../src/db/as-of.ts'
import { inTransaction, type Connection, type Pool } from '../../src/db/connect.ts'
import { readPageRange } from '../../src/db/pages.ts'
import { startRun } from '../../src/db/runs.ts'
import { findHead, type SeriesKey } from '../../src/db/series.ts'
import { inSnapshot } from '../../src/db/snapshot.ts'
import { loadBatch } from '../../src/load/load-batch.ts'
import { calendar, dailyBars } from '../support/bars.ts'
import { makeDatabase } from '../support/database.ts'

const { pool } = await makeDatabase()
const SETTLE_MS = 4 * 3_600_000
const TODAY = Math.floor(Date.now() / DAY_MS) * DAY_MS
/** Sessions of the last eleven weeks: bars of the first ones are too old for a version to say since when. */
const SESSIONS = calendar.sessions(TODAY - 77 * DAY_MS, TODAY)
const EARLIEST = Date.UTC(1900, 0, 1)
const LATEST = Date.UTC(2100, 0, 1)

let count = 0
function newSeries(interval: Interval = '1d'): SeriesKey {
  count += 1
  return { symbol: `T${count}`, interval, provider: 'alpha-vantage', basis: 'raw' }
}

async function load(series: SeriesKey, batch: BarBatch, receivedAt: number, where: Pool = pool) {
  const runId = await inTransaction(pool, (connection) =>
    startRun(connection, 'fetch', {}, [series]),
  )
  return loadBatch(where, {
    series,
    calendar,
    settleMs: SETTLE_MS,
    runId,
    taskNumber: 1,
    batch,
    rejects: [],
    fetched: batch.length,
    covers: null,
    continuesFrom: null,
    receivedAt,
    actions: null,
    simulated: false,
  })
}

type Row = [ts: number, close: number]

function rowsOf(pages: readonly { bars: BarBatch }[]): Row[] {
  return pages.flatMap(({ bars }) => Array.from(bars.ts, (ts, i): Row => [ts, bars.close[i]!]))
}

async function readAsOf(
  series: SeriesKey,
  asOf: number,
  where: Pool | Connection = pool,
): Promise<Row[]> {
  await settleAsOf(where, asOf)
  const head = await findHead(where, series)
  if (head === null) return []
  const range = { interval: series.interval, from: EARLIEST, until: LATEST, limit: 1000 }
  return rowsOf(await readPageRange(where, head.seriesId, { ...range, order: 'asc', asOf }))
}

async function readBySql({ symbol, interval }: SeriesKey, asOf: number): Promise<Row[]> {
  const { rows } = await pool.query<{ ts: Date | null; session: string; close: number }>(
    `SELECT ts, session, close
     FROM stockyard.bars_as_of($1, $2, '1900-01-01', '2100-01-01', $3)`,
    [symbol, interval, new Date(asOf)],
  )
  return rows.map(({ ts, session, close }) => [ts?.getTime() ?? Date.parse(session), close])
}

/** An instant by the database's clock that is past. */
async function instant(): Promise<number> {
  const { rows } = await pool.query<{ now: Date }>('SELECT clock_timestamp() AS now')
  return rows[0]!.now.getTime()
}

function batchOf(rows: readonly Row[]): BarBatch {
  const batch = makeBatch(rows.length)
  rows.forEach(([ts, close], i) => {
    batch.ts[i] = ts
    for (const column of ['open', 'high', 'low', 'close'] as const) batch[column][i] = close
    batch.volume[i] = 100
  })
  return batch
}

describe('any sequence of loads', () => {
  it('leaves reads as of each instant between them as they were, in the program and in SQL', async () => {
    const load1 = fc.record({
      rows: fc.uniqueArray(
        fc.tuple(fc.integer({ min: 0, max: SESSIONS.length - 1 }), fc.integer({ min: 1, max: 3 })),
        { selector: ([session]) => session, minLength: 1, maxLength: 10 },
      ),
      // An answer that came on the day of one of the sessions, before or after it had settled.
      session: fc.integer({ min: 0, max: SESSIONS.length - 1 }),
      hour: fc.constantFrom(16, 30),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(load1, { minLength: 2, maxLength: 8 }), async (loads) => {
        const series = newSeries()
        const pages = new Map<number, Model>()
        const said: { at: number; rows: Row[] }[] = []
        for (const { rows, session, hour } of loads) {
          const receivedAt = SESSIONS[session]!.day + hour * 3_600_000
          const batch = rows
            .map(([index, close]): Row => [SESSIONS[index]!.day, close])
            .filter(([day]) => day <= receivedAt)
            .sort((a, b) => a[0] - b[0])
          if (batch.length === 0) continue
          await load(series, batchOf(batch), receivedAt)
          applyTo(pages, batch, receivedAt)
          const expected = finalOf(pages)
          const at = await instant()
          assert.deepEqual(await readAsOf(series, at), expected)
          said.push({ at, rows: expected })
        }
        for (const { at, rows } of said) {
          assert.deepEqual(await readAsOf(series, at), rows)
          assert.deepEqual(await readBySql(series, at), rows)
        }
      }),
      { numRuns: 25 },
    )
  })
})

interface Model {
  observedAt: number
  readonly bars: Map<number, { close: number; final: boolean }>
}

/** The rules of the store, said without pages of columns: year by year, newer answers win. */
function applyTo(pages: Map<number, Model>, rows: readonly Row[], receivedAt: number): void {
  for (const year of new Set(rows.map(([day]) => new Date(day).getUTCFullYear()))) {
    const page = pages.get(year) ?? { observedAt: -Infinity, bars: new Map() }
    pages.set(year, page)
    const isStale = receivedAt < page.observedAt
    for (const [day, close] of rows) {
      if (new Date(day).getUTCFullYear() !== year) continue
      // New York closes at 16:00 or earlier; settled four hours later is 01:00 UTC of the next day at the latest.
      const final = receivedAt >= day + 25 * 3_600_000
      const old = page.bars.get(day)
      if (old !== undefined && (isStale || (old.final && !final))) continue
      if (old?.close === close && old.final === final) continue
      page.bars.set(day, { close, final })
      page.observedAt = Math.max(page.observedAt, receivedAt)
    }
  }
}

function finalOf(pages: ReadonlyMap<number, Model>): Row[] {
  return [...pages.values()]
    .flatMap(({ bars }) => [...bars])
    .filter(([, bar]) => bar.final)
    .map(([day, { close }]): Row => [day, close])
    .sort((a, b) => a[0] - b[0])
}

describe('a minute series', () => {
  it('has as of an instant the sessions that were final, and the rest of one that came later', async () => {
    const series = newSeries('1m')
    const session = SESSIONS.at(-2)!
    const minutes = (from: number, until: number) =>
      batchOf(
        Array.from({ length: until - from }, (_, i) => [session.open + (from + i) * 60_000, 7]),
      )
    await load(series, minutes(0, 100), session.open + 100 * 60_000)
    const open = await instant()
    await load(series, minutes(0, 150), session.close + SETTLE_MS)
    const first = await instant()
    await load(series, minutes(150, 180), session.close + SETTLE_MS + 1)
    const last = await instant()
    assert.deepEqual(await readAsOf(series, open), [])
    assert.equal((await readAsOf(series, first)).length, 150)
    assert.equal((await readAsOf(series, last)).length, 180)
    for (const at of [open, first, last]) {
      assert.deepEqual(await readBySql(series, at), await readAsOf(series, at))
    }
  })
})

/** A pool of which one load stops before its commit until it is let go. */
function heldPool(): { pool: Pool; reached: Promise<void>; letGo: () => void } {
  const reached = Promise.withResolvers<void>()
  const gate = Promise.withResolvers<void>()
  const connect = async () => {
    const connection = await pool.connect()
    const query = connection.query.bind(connection) as (...args: unknown[]) => Promise<unknown>
    return new Proxy(connection, {
      get(target, name) {
        if (name !== 'query') {
          const value = Reflect.get(target, name) as unknown
          return typeof value === 'function' ? value.bind(target) : value
        }
        return (...args: unknown[]) => {
          if (args[0] !== 'COMMIT') return query(...args)
          reached.resolve()
          return gate.promise.then(() => query(...args))
        }
      },
    })
  }
  return { pool: { connect } as unknown as Pool, reached: reached.promise, letGo: gate.resolve }
}

/** Returns once somebody in this database waits for a lock: a load for its series, a reader for loads. */
async function untilWaiting(who: 'load' | 'reader'): Promise<void> {
  for (;;) {
    const { rowCount } = await pool.query(
      `SELECT FROM pg_stat_activity a JOIN pg_locks l USING (pid)
       WHERE NOT l.granted AND a.datname = current_database()
         AND (l.locktype = 'advisory') = $1`,
      [who === 'reader'],
    )
    if (rowCount !== 0) return
  }
}

describe('a read as of now while a load is in flight', () => {
  const week = dailyBars(SESSIONS[0]!.day, SESSIONS[5]!.day)
  const settled = SESSIONS[0]!.day + 14 * DAY_MS

  for (const [what, read] of [
    ['plainly', (series: SeriesKey, at: number) => readAsOf(series, at)],
    [
      'in a snapshot that was taken before',
      (series: SeriesKey, at: number) =>
        inSnapshot(pool, async (connection) => {
          await findHead(connection, series)
          return readAsOf(series, at, connection)
        }),
    ],
  ] as const) {
    it(`waits for it and gives the same rows again, ${what}, of a series that is new`, async () => {
      const series = newSeries()
      const held = heldPool()
      const loading = load(series, week, settled, held.pool)
      await held.reached
      const at = await instant()
      const reading = read(series, at)
      await untilWaiting('reader')
      held.letGo()
      await loading
      const rows = await reading
      assert.equal(rows.length, week.length)
      assert.deepEqual(await readAsOf(series, at), rows)
    })
  }

  it('is not held up where the instant is long past', async () => {
    const series = newSeries()
    const held = heldPool()
    const loading = load(series, week, settled, held.pool)
    await held.reached
    assert.deepEqual(await readAsOf(series, (await instant()) - 3_600_000), [])
    held.letGo()
    await loading
  })

  it('does not see a load that waited for its series at the time, even behind one that changed nothing', async () => {
    const series = newSeries()
    const old: Row[] = [[week.ts[0]!, 5]]
    await load(series, batchOf(old), settled)
    const held = heldPool()
    const loading = load(series, batchOf(old), settled, held.pool)
    await held.reached
    const waiting = load(series, batchOf([[week.ts[1]!, 6]]), settled + 1)
    await untilWaiting('load')
    const at = await instant()
    held.letGo()
    await Promise.all([loading, waiting])
    assert.deepEqual(await readAsOf(series, at), old)
    assert.equal((await readAsOf(series, await instant())).length, 2)
  })
})

describe('an instant that has not come', () => {
  it('is refused, in the program and in SQL', async () => {
    const future = (await instant()) + 60_000
    await assert.rejects(settleAsOf(pool, future), { code: 'AS_OF_FUTURE', kind: 'usage' })
    const series = newSeries()
    await load(series, dailyBars(Date.UTC(2024, 0, 1), Date.UTC(2024, 0, 9)), Date.UTC(2024, 1, 1))
    await assert.rejects(readBySql(series, future), /Nothing is known yet/)
  })
})

describe('the bars of SQL as of now', () => {
  it('are those of stockyard.bars where all are final', async () => {
    const series = newSeries()
    await load(series, dailyBars(Date.UTC(2022, 10, 1), Date.UTC(2024, 1, 1)), Date.UTC(2024, 2, 1))
    const columns = 'provider, basis, session, open, high, low, close, volume, vwap, trades'
    const range = [series.symbol, '1d', formatDate(Date.UTC(2022, 11, 5)), '2024-01-10']
    const now = await pool.query(
      `SELECT ${columns} FROM stockyard.bars($1, $2, $3, $4) ORDER BY session`,
      range,
    )
    const asOf = await pool.query(
      `SELECT ${columns} FROM stockyard.bars_as_of($1, $2, $3, $4, clock_timestamp())`,
      range,
    )
    // 2022-12-05 to 2024-01-09: 19 sessions of that December, 250 of 2023, and 6 of January.
    assert.equal(now.rows.length, 275)
    assert.deepEqual(asOf.rows, now.rows)
  })
})
