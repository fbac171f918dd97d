/** The face that the store shows to people who write SQL: pages put in by hand, read back as rows. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Pool } from '../../src/db/connect.ts'
import { makeDatabase } from '../support/database.ts'
import { testServerUrls } from '../support/server.ts'

/** An instrument with its present symbol and one series; the series' id. */
async function addSeries(pool: Pool, symbol: string, interval: string): Promise<number> {
  const { rows } = await pool.query<{ id: number }>(
    `WITH instrument AS (
       INSERT INTO stockyard.instruments (name) VALUES ($1) RETURNING id
     ), symbol AS (
       INSERT INTO stockyard.symbols (symbol, instrument_id) SELECT $1, id FROM instrument
     )
     INSERT INTO stockyard.series (instrument_id, interval, provider, basis)
     SELECT id, $2, 'alpha-vantage', 'raw' FROM instrument RETURNING id`,
    [symbol, interval],
  )
  return rows[0].id
}

/** One page; `columns` are SQL expressions by column name. */
async function addPage(
  pool: Pool,
  seriesId: number,
  startsOn: string,
  bars: number,
  columns: Readonly<Record<string, string>>,
): Promise<void> {
  await pool.query(
    `INSERT INTO stockyard.pages (series_id, starts_on, bars, regular_bars, expected_bars, run_id,
       observed_at, valid_from, ${Object.keys(columns).join(', ')})
     VALUES ($1, $2, $3, $3, $3, 1, now(), now(), ${Object.values(columns).join(', ')})`,
    [seriesId, startsOn, bars],
  )
}

/** The plan's step that reads pages, wherever it is in the tree. */
function findPagesScan(plan: PlanNode): PlanNode | undefined {
  if (plan['Relation Name'] === 'pages') return plan
  for (const child of plan.Plans ?? []) {
    const found = findPagesScan(child)
    if (found !== undefined) return found
  }
  return undefined
}

interface PlanNode {
  readonly 'Relation Name'?: string
  readonly 'Index Cond'?: string
  readonly 'Actual Rows': number
  readonly 'Actual Loops': number
  readonly 'Rows Removed by Filter'?: number
  readonly Plans?: readonly PlanNode[]
}

for (const [server, serverUrl] of Object.entries(await testServerUrls())) {
  describe(`on ${server}`, async () => {
    const { pool } = await makeDatabase(undefined, { serverUrl })

    test('an intraday page shows a row a bar, with its instant and its state', async () => {
      const id = await addSeries(pool, 'MINUTE', '5m')
      // 2024-01-02 in New York: 09:30 is 14:30 UTC, 870 minutes after midnight.
      await addPage(pool, id, '2024-01-02', 2, {
        price_digits: '4',
        volume_digits: '0',
        ts: `'{870,875}'`,
        provisional: `'{875}'`,
        open: `'{1871500,1871600}'`,
        high: `'{1872999,1871601}'`,
        low: `'{1870000,1871599}'`,
        close: `'{1871550,1871600}'`,
        volume: `'{9007199254740991,0}'`,
        vwap: `'{1871523,NULL}'`,
        trades: `'{12345,NULL}'`,
      })
      const { rows } = await pool.query(
        `SELECT * FROM stockyard.bars WHERE symbol = 'MINUTE' ORDER BY ts`,
      )
      const common = { symbol: 'MINUTE', interval: '5m', provider: 'alpha-vantage', basis: 'raw' }
      assert.deepEqual(rows, [
        {
          ...common,
          ts: new Date('2024-01-02T14:30:00Z'),
          session: null,
          open: 187.15,
          high: 187.2999,
          low: 187,
          close: 187.155,
          volume: 9007199254740991,
          vwap: 187.1523,
          trades: 12345,
          state: 'final',
        },
        {
          ...common,
          ts: new Date('2024-01-02T14:35:00Z'),
          session: null,
          open: 187.16,
          high: 187.1601,
          low: 187.1599,
          close: 187.16,
          volume: 0,
          vwap: null,
          trades: null,
          state: 'provisional',
        },
      ])
    })

    test('a daily page shows sessions, and the function cuts the page to the range', async () => {
      const id = await addSeries(pool, 'DAILY', '1d')
      // Days after 1 January: 1 is 2 January, 365 is 31 December of the leap year.
      await addPage(pool, id, '2024-01-01', 3, {
        price_digits: '2',
        volume_digits: '1',
        ts: `'{1,2,365}'`,
        open: `'{10000,10100,20000}'`,
        high: `'{10200,10300,20000}'`,
        low: `'{9900,10000,20000}'`,
        close: `'{10100,10250,20000}'`,
        volume: `'{259336,10,0}'`,
      })
      const { rows } = await pool.query(
        `SELECT * FROM stockyard.bars('DAILY', '1d', '2024-01-03', '2024-12-31')`,
      )
      assert.deepEqual(rows, [
        {
          provider: 'alpha-vantage',
          basis: 'raw',
          ts: null,
          session: '2024-01-03',
          open: 101,
          high: 103,
          low: 100,
          close: 102.5,
          volume: 1,
          vwap: null,
          trades: null,
          state: 'final',
        },
      ])
      const all = await pool.query<{ session: string; volume: number }>(
        `SELECT session, volume FROM stockyard.bars WHERE symbol = 'DAILY' ORDER BY session`,
      )
      assert.deepEqual(all.rows, [
        { session: '2024-01-02', volume: 25933.6 },
        { session: '2024-01-03', volume: 1 },
        { session: '2024-12-31', volume: 0 },
      ])
    })

    test('a page of values too fine or too large for integers shows them as they are', async () => {
      const id = await addSeries(pool, 'WIDE', '1wk')
      // A decade that began on 1 January 2020: 5 days later is Monday 6 January.
      await addPage(pool, id, '2020-01-01', 2, {
        price_digits: '-1',
        volume_digits: '0',
        ts: `'{5,12}'`,
        trades: `'{7,8}'`,
        wide: `'{1.23456789,628123.4567, 2e9,3, 0.1,0.2, 1,628124, 10,NULL, NULL,0.3}'`,
      })
      const { rows } = await pool.query(
        `SELECT session, open, high, low, close, volume, vwap, trades
         FROM stockyard.bars('WIDE', '1wk', '2020-01-01', '2021-01-01')`,
      )
      assert.deepEqual(rows, [
        {
          session: '2020-01-06',
          open: 1.23456789,
          high: 2e9,
          low: 0.1,
          close: 1,
          volume: 10,
          vwap: null,
          trades: 7,
        },
        {
          session: '2020-01-13',
          open: 628123.4567,
          high: 3,
          low: 0.2,
          close: 628124,
          volume: null,
          vwap: 0.3,
          trades: 8,
        },
      ])
    })

    test('the function opens only the pages that can hold the range', async () => {
      const id = await addSeries(pool, 'MANY', '1m')
      await pool.query(
        `INSERT INTO stockyard.pages (series_id, starts_on, bars, regular_bars, expected_bars,
           run_id, observed_at, valid_from, price_digits, volume_digits, ts, open, high, low, close)
         SELECT $1, day, 1, 1, 390, 1, now(), now(), 0, 0, '{870}', '{1}', '{1}', '{1}', '{1}'
         FROM generate_series('2020-01-01'::date, '2023-12-31', '1 day') AS day`,
        [id],
      )
      await pool.query('ANALYZE stockyard.pages')
      const { rows } = await pool.query<{ 'QUERY PLAN': [{ Plan: PlanNode }] }>(
        `EXPLAIN (ANALYZE, FORMAT JSON)
         SELECT count(*) FROM stockyard.bars('MANY', '1m', '2022-03-01', '2022-03-11')`,
      )
      const scan = findPagesScan(rows[0]['QUERY PLAN'][0].Plan)
      assert.ok(scan !== undefined)
      assert.match(scan['Index Cond'] ?? '', /series_id.*starts_on|starts_on.*series_id/)
      assert.equal(scan['Actual Rows'] * scan['Actual Loops'], 10)
      assert.equal(scan['Rows Removed by Filter'] ?? 0, 0)
    })

    test('a former symbol no longer names the instrument, and one symbol cannot name two', async () => {
      await addSeries(pool, 'FB', '1d')
      await pool.query(
        `UPDATE stockyard.symbols SET valid_until = '2022-06-09' WHERE symbol = 'FB'`,
      )
      const { rows } = await pool.query(`SELECT FROM stockyard.bars WHERE symbol = 'FB'`)
      assert.equal(rows.length, 0)
      await assert.rejects(addSeries(pool, 'DAILY', '1d'), { code: '23505' })
    })

    test('no table that grows with the data is tied to another, so that it can be spread', async () => {
      const { rows } = await pool.query<{ table: string; constraint: string }>(
        `SELECT conrelid::regclass::text AS table, conname AS constraint FROM pg_constraint
         WHERE contype IN ('f', 'p', 'u', 'x')
           AND conrelid::regclass::text = ANY (
             '{stockyard.series_heads,stockyard.pages,stockyard.page_versions,stockyard.rejects}')
           AND (contype = 'f' OR conkey[1] <> (
             SELECT attnum FROM pg_attribute
             WHERE attrelid = conrelid AND attname = 'series_id'))`,
      )
      assert.deepEqual(rows, [])
    })
  })
}
