/** What becomes of the ledgers of sessions that were stored before it was kept which of them are partial. */
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { readCoverageHeads } from '../../src/db/coverage-heads.ts'
import { migrate, readMigrations } from '../../src/db/migrate.ts'
import { makeDatabase } from '../support/database.ts'

const day = (text: string) => Date.parse(text)

test('intraday sessions of before with fewer than half of their bars are in doubt, daily bars are not', async (t) => {
  const { pool } = await makeDatabase(t as TestContext, { migrated: false })
  const migrations = readMigrations()
  const number = migrations.findIndex(({ name }) => name.includes('_coverage'))
  await migrate(pool, migrations.slice(0, number))
  await pool.query(`
    INSERT INTO stockyard.instruments DEFAULT VALUES;
    INSERT INTO stockyard.symbols (symbol, instrument_id) VALUES ('AAPL', 1);
    INSERT INTO stockyard.series (instrument_id, interval, provider, basis)
      VALUES (1, '1h', 'polygon', 'raw'), (1, '1d', 'polygon', 'raw');
    INSERT INTO stockyard.series_heads (series_id, covered, observed_at)
      VALUES (1, '{[2024-06-03,2024-06-07)}', '2024-06-08'), (2, '{[2024-06-03,2024-06-07)}', '2024-06-08');`)
  const pages = [
    [1, '2024-06-03', 7],
    [1, '2024-06-04', 3],
    [1, '2024-06-05', 4],
    [1, '2024-06-06', 1],
    [2, '2024-01-01', 3],
  ]
  for (const page of pages) {
    await pool.query(
      `INSERT INTO stockyard.pages (series_id, starts_on, bars, regular_bars, expected_bars, run_id,
         observed_at, valid_from, price_digits, volume_digits, ts)
       VALUES ($1, $2, 1, $3, 7, 1, '2024-06-08', '2024-06-08', 0, 0, '{1}')`,
      page,
    )
  }
  await migrate(pool, migrations)
  const [hours, days] = await readCoverageHeads(pool, {})
  assert.deepEqual(hours!.partial, [
    { from: day('2024-06-04'), until: day('2024-06-05') },
    { from: day('2024-06-06'), until: day('2024-06-07') },
  ])
  assert.deepEqual(days!.partial, [])
  assert.deepEqual([hours!.pages, days!.pages], [4, 1])
})
