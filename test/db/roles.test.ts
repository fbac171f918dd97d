/** What the API reads with can read, and nothing else. */
import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { openPool } from '../../src/db/connect.ts'
import { databaseError } from '../../src/db/database-error.ts'
import { openReadPool, READ_ROLE } from '../../src/db/roles.ts'
import { makeApp } from '../../src/api/app.ts'
import { contextOf } from '../api/app-under-test.ts'
import { makeDatabase } from '../support/database.ts'
import { fillStore } from '../support/filled-store.ts'

// Ends before the database is dropped.
after(() => readPool.end())
const { pool, url } = await makeDatabase()
await fillStore(pool)
const readPool = await openReadPool(pool, { url, max: 2 })

const { rows: tables } = await pool.query<{ name: string }>(
  `SELECT relname AS name FROM pg_class
   WHERE relnamespace = 'stockyard'::regnamespace AND relkind IN ('r', 'p') ORDER BY 1`,
)
const INSUFFICIENT_PRIVILEGE = '42501'

/** SQLSTATE of what a statement fails with, even where the session asks for leave to write. */
async function stateOf(sql: string): Promise<string | undefined> {
  const connection = await readPool.connect()
  try {
    await connection.query('BEGIN READ WRITE')
    await connection.query(sql)
    return undefined
  } catch (error) {
    return (error as { code?: string }).code
  } finally {
    await connection.query('ROLLBACK')
    connection.release()
  }
}

describe('the role for reading', () => {
  it('is what sessions of the read pool have, in read-only transactions with short timeouts', async () => {
    const { rows } = await readPool.query<Record<string, string>>(
      `SELECT current_user AS "user", current_setting('transaction_read_only') AS read_only,
              current_setting('statement_timeout') AS statement, current_setting('lock_timeout') AS lock,
              current_setting('idle_in_transaction_session_timeout') AS idle`,
    )
    assert.deepEqual(rows[0], {
      user: READ_ROLE,
      read_only: 'on',
      statement: '30s',
      lock: '5s',
      idle: '1min',
    })
  })

  it('can read every table but the hashes of keys', async () => {
    assert.ok(tables.length > 20)
    const refused: string[] = []
    for (const { name } of tables) {
      if ((await stateOf(`SELECT FROM stockyard.${name} LIMIT 1`)) !== undefined) refused.push(name)
    }
    assert.deepEqual(refused, ['api_keys'])
    assert.equal(await stateOf('SELECT * FROM stockyard.bars LIMIT 1'), undefined)
  })

  it('can do nothing else, also where the transaction is not read-only', async () => {
    const allowed: string[] = []
    const check = async (sql: string) => {
      const state = await stateOf(sql)
      if (state !== INSUFFICIENT_PRIVILEGE) allowed.push(`${sql}: ${state}`)
    }
    for (const { name } of tables) {
      const table = `stockyard.${name}`
      for (const sql of [
        `INSERT INTO ${table} DEFAULT VALUES`,
        `DELETE FROM ${table}`,
        `TRUNCATE ${table}`,
        `DROP TABLE ${table}`,
        `ALTER TABLE ${table} ADD COLUMN x integer`,
        `LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE`,
        `SELECT FROM ${table} FOR UPDATE`,
        `COPY ${table} FROM STDIN`,
        `CREATE INDEX ON ${table} ((1))`,
      ]) {
        await check(sql)
      }
    }
    for (const sql of [
      'UPDATE stockyard.instruments SET name = NULL',
      "UPDATE stockyard.audit SET actor = 'nobody'",
      'CREATE TABLE stockyard.mine (x integer)',
      'CREATE TABLE public.mine (x integer)',
      'CREATE SCHEMA mine',
      'CREATE FUNCTION stockyard.mine() RETURNS integer LANGUAGE sql AS $$ SELECT 1 $$',
      'CREATE ROLE mine',
      'CREATE DATABASE mine',
      'CREATE EXTENSION dblink',
      `ALTER ROLE ${READ_ROLE} SUPERUSER`,
      "COPY (SELECT 1) TO '/dev/null'",
      "COPY (SELECT 1) TO PROGRAM 'true'",
      "SELECT pg_read_file('/etc/passwd')",
      "SELECT lo_import('/etc/passwd')",
      "SELECT nextval(pg_get_serial_sequence('stockyard.audit', 'id'))",
    ]) {
      // A database cannot be made within a transaction, whoever asks.
      if (sql === 'CREATE DATABASE mine') assert.notEqual(await stateOf(sql), undefined)
      else await check(sql)
    }
    assert.deepEqual(allowed, [])
  })

  it('is enough for everything that the API reads', async (t) => {
    const app = await makeApp(contextOf(pool, { readPool }))
    t.after(() => app.close())
    for (const path of [
      '/health',
      '/stocks',
      '/stocks/AAPL',
      '/stocks/AAPL/prices',
      '/stocks/AAPL/prices?interval=1m&format=csv',
      '/stocks/AAPL/prices?adjust=all&resample=1wk',
      '/stocks/AAPL/prices?as_of=2024-06-06',
      '/stocks/AAPL/prices/latest',
      '/stocks/AAPL/actions',
      '/stocks/AAPL/coverage',
      '/stocks/AAPL/revisions',
      '/prices?symbols=AAPL,MSFT',
      '/coverage',
      '/rejects',
      '/providers',
      '/etl/status',
      '/etl/jobs',
      '/etl/jobs/1',
      '/analytics/stocks/AAPL/summary',
      '/analytics/market/overview',
      '/analytics/correlation?symbols=AAPL,MSFT',
    ]) {
      const { statusCode, body } = await app.inject(`/api/v1${path}`)
      assert.equal(statusCode, 200, `${path}: ${body.slice(0, 300)}`)
    }
  })

  it('is done without where the server does not let it be made', async (t) => {
    const name = `poor_${process.pid}`
    const { rows } = await pool.query<{ can: boolean }>(
      'SELECT rolcreaterole OR rolsuper AS can FROM pg_roles WHERE rolname = current_user',
    )
    if (!rows[0]!.can) {
      t.skip('the user of the tests cannot make another user')
      return
    }
    const password = 'poor-password'
    await pool.query(`CREATE ROLE ${name} LOGIN PASSWORD '${password}'`)
    await pool.query(`GRANT SELECT ON ALL TABLES IN SCHEMA stockyard TO ${name}`)
    await pool.query(`GRANT USAGE ON SCHEMA stockyard TO ${name}`)
    const poorUrl = new URL(url)
    poorUrl.username = name
    poorUrl.password = password
    const poor = openPool(poorUrl.href, { max: 1 })
    const poorRead = await openReadPool(poor, { url: poorUrl.href, max: 1 })
    t.after(async () => {
      await poor.end()
      await poorRead.end()
      await pool.query(`DROP OWNED BY ${name}`)
      await pool.query(`DROP ROLE ${name}`)
    })
    const failure: unknown = await poorRead
      .query("INSERT INTO stockyard.audit (at, action, actor) VALUES (now(), 'a', 'b')")
      .catch((error: unknown) => error)
    assert.equal(databaseError(failure)?.code, 'DATABASE_READ_ONLY')
  })
})
