import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pool } from '../../src/db/connect.ts'
import { makeDatabase } from './database.ts'
import { fillStore } from './filled-store.ts'

/** All rows and counters, but for when the schema was made. */
async function contents(pool: Pool): Promise<Record<string, unknown>> {
  const { rows: tables } = await pool.query<{ name: string }>(
    `SELECT table_name AS name FROM information_schema.tables
     WHERE table_schema = 'stockyard' AND table_type = 'BASE TABLE' AND table_name <> 'migrations'`,
  )
  const { rows: counters } = await pool.query(
    `SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = 'stockyard' ORDER BY 1`,
  )
  const found: Record<string, unknown> = { counters }
  for (const { name } of tables) {
    const { rows } = await pool.query<{ row: string }>(
      `SELECT t::text AS row FROM stockyard.${name} t ORDER BY 1`,
    )
    if (rows.length > 0) found[name] = rows
  }
  return found
}

const fresh = await makeDatabase()
const pristine = await contents(fresh.pool)
let first: string
let before: Pool

test('a test has a database to itself', async (t) => {
  const { pool, url } = await makeDatabase(t)
  first = url
  before = pool
  assert.notEqual(url, fresh.url)
  assert.deepEqual(await contents(pool), pristine)
  await fillStore(pool)
  await pool.query("UPDATE stockyard.schedules SET paused_by = 'somebody'")
  assert.notDeepEqual(await contents(pool), pristine)
})

test('the next test gets it as empty as a new one', async (t) => {
  const { pool, url } = await makeDatabase(t)
  assert.equal(url, first)
  assert.deepEqual(await contents(pool), pristine)
  // What the test before has left running cannot write into it.
  await assert.rejects(before.query('SELECT'), /The test is over/)
  await assert.rejects(before.connect(), /The test is over/)
  await pool.query("INSERT INTO stockyard.audit (at, action, actor) VALUES (now(), 'a', 'b')")
})

test('one with an audit is not used again', async (t) => {
  const { pool, url } = await makeDatabase(t)
  assert.notEqual(url, first)
  assert.deepEqual(await contents(pool), pristine)
})
