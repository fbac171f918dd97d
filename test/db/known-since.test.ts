/** What becomes of pages and actions that were stored before it was kept since when bars are known. */
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { listActions } from '../../src/db/actions.ts'
import { migrate, readMigrations } from '../../src/db/migrate.ts'
import { readPageRange } from '../../src/db/pages.ts'
import { makeDatabase } from '../support/database.ts'

const day = (text: string) => Date.parse(text)

/** A page of one year with daily bars on its first days, of which each has the same close. */
const INSERT_PAGE = `
  INSERT INTO stockyard.pages (series_id, starts_on, bars, regular_bars, expected_bars, run_id, observed_at,
    valid_from, price_digits, volume_digits, ts, open, high, low, close)
  VALUES (1, $1, 2, 2, 250, 1, $2, $3, 0, 0, '{1,2}', '{5,5}', '{5,5}', '{5,5}', '{5,5}')`

test('a page of before shows no bar earlier than it was known', async (t) => {
  const { pool } = await makeDatabase(t as TestContext, { migrated: false })
  const migrations = readMigrations()
  const number = migrations.findIndex(({ name }) => name.includes('known_since'))
  await migrate(pool, migrations.slice(0, number))
  // One page was appended to after its version began, one was not, one follows a version that was kept.
  await pool.query(INSERT_PAGE, ['2021-01-01', '2021-06-05', '2021-01-03'])
  await pool.query(INSERT_PAGE, ['2022-01-01', '2022-01-03', '2022-01-03T00:00:01Z'])
  await pool.query(INSERT_PAGE, ['2023-01-01', '2023-06-05', '2023-02-01'])
  await pool.query(
    `INSERT INTO stockyard.page_versions
     SELECT p.*, p.valid_from, 2 FROM stockyard.pages p WHERE starts_on = '2023-01-01'`,
  )
  await pool.query(
    `UPDATE stockyard.page_versions SET valid_from = '2023-01-03', observed_at = '2023-01-20'`,
  )
  await pool.query(`INSERT INTO stockyard.instruments DEFAULT VALUES`)
  await pool.query(
    `INSERT INTO stockyard.actions (instrument_id, provider, kind, ex_day, amount, first_seen, replaced_at)
     VALUES (1, 'polygon', 'dividend', '2021-03-01', 1, '2021-02-01', '2021-02-05')`,
  )
  await migrate(pool, migrations)
  const bars = async (asOf: string | null) => {
    const range = {
      interval: '1d',
      from: 0,
      until: day('2100-01-01'),
      order: 'asc',
      limit: 9,
    } as const
    const at = asOf === null ? null : day(asOf)
    const pages = await readPageRange(pool, 1, { ...range, asOf: at })
    return pages.map((page) => [new Date(page.startsOn).getUTCFullYear(), page.bars.length])
  }
  const all = [
    [2021, 2],
    [2022, 2],
    [2023, 2],
  ]
  assert.deepEqual(await bars('2021-06-04'), [])
  assert.deepEqual(await bars('2021-06-05'), [[2021, 2]])
  assert.deepEqual((await bars('2022-01-04')).at(-1), [2022, 2])
  assert.equal((await bars('2023-01-19')).length, 2)
  assert.deepEqual(await bars('2023-01-20'), all)
  assert.deepEqual(await bars('2023-03-01'), all)
  assert.deepEqual(await bars(null), all)
  assert.equal((await listActions(pool, 1, { asOf: day('2021-02-01') })).length, 1)
  assert.equal((await listActions(pool, 1, { asOf: day('2021-02-05') })).length, 0)
})
