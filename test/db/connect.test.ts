import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import { inTransaction, openPool } from '../../src/db/connect.ts'
import { databaseError, databasePlace } from '../../src/db/database-error.ts'
import { StockyardError } from '../../src/domain/error.ts'
import { makeDatabase, withDatabase } from '../support/database.ts'

const { pool, url } = await makeDatabase(undefined, { migrated: false })
await pool.query('CREATE TABLE note (text text PRIMARY KEY)')

/** What a connection to another URL fails with. */
async function failureAt(wrongUrl: string): Promise<StockyardError> {
  const other = openPool(wrongUrl, { max: 1 })
  try {
    const error: unknown = await other.query('SELECT 1').then(
      () => assert.fail('the connection was made'),
      (reason: unknown) => reason,
    )
    const meaning = databaseError(error, wrongUrl)
    assert.ok(meaning instanceof StockyardError, String(error))
    return meaning
  } finally {
    await other.end()
  }
}

async function notes(): Promise<string[]> {
  const { rows } = await pool.query<{ text: string }>('SELECT text FROM note ORDER BY text')
  return rows.map((row) => row.text)
}

test('values come out as plain numbers, dates as text, instants as dates', async () => {
  const { rows } = await pool.query(`SELECT 9007199254740991::int8 AS big, 1.25::numeric AS exact,
    '2024-02-29'::date AS day, 'infinity'::date AS ever, '2024-01-02 14:30Z'::timestamptz AS instant,
    '{1,NULL,-3}'::int2[] AS small, '{1.5,2e300}'::float8[] AS wide, '{}'::int8[] AS none,
    '{2024-01-02,NULL}'::date[] AS days, NULL::int8 AS absent`)
  assert.deepEqual(rows[0], {
    big: 9007199254740991,
    exact: 1.25,
    day: '2024-02-29',
    ever: 'infinity',
    instant: new Date(Date.UTC(2024, 0, 2, 14, 30)),
    small: [1, null, -3],
    wide: [1.5, 2e300],
    none: [],
    days: ['2024-01-02', null],
    absent: null,
  })
})

test('a transaction is stored whole when its work returns', async () => {
  const result = await inTransaction(pool, async (connection) => {
    await connection.query(`INSERT INTO note VALUES ('kept 1')`)
    await connection.query(`INSERT INTO note VALUES ('kept 2')`)
    return 7
  })
  assert.equal(result, 7)
  assert.deepEqual((await notes()).slice(0, 2), ['kept 1', 'kept 2'])
})

test('a transaction leaves nothing when its work throws, and passes the error on', async () => {
  const reason = new Error('changed my mind')
  await assert.rejects(
    inTransaction(pool, async (connection) => {
      await connection.query(`INSERT INTO note VALUES ('gone')`)
      throw reason
    }),
    reason,
  )
  assert.ok(!(await notes()).includes('gone'))
})

test('a transaction in which a failed statement was hidden is an error, not a silent rollback', async () => {
  await assert.rejects(
    inTransaction(pool, async (connection) => {
      await connection.query(`INSERT INTO note VALUES ('hidden')`)
      await connection.query('SELECT 1 / 0').catch(() => undefined)
    }),
    { code: 'TRANSACTION_ABORTED' },
  )
  assert.ok(!(await notes()).includes('hidden'))
})

test('a connection that dies inside a transaction is told as lost, and never lent out again', async () => {
  const one = openPool(url, { max: 1, applicationName: 'dies' })
  after(() => one.end())
  const error: unknown = await inTransaction(one, async (connection) => {
    const { rows } = await connection.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
    await pool.query('SELECT pg_terminate_backend($1)', [rows[0].pid])
    await connection.query(`INSERT INTO note VALUES ('lost')`)
  }).catch((reason: unknown) => reason)
  const meaning = databaseError(error, url)
  assert.equal(meaning?.code, 'DATABASE_LOST')
  assert.equal(meaning.retry, true)
  const { rows } = await one.query<{ one: number }>('SELECT 1 AS one')
  assert.equal(rows[0].one, 1)
})

test('an idle connection that the server ends does not end the process', async () => {
  const idle = openPool(url, { max: 1, applicationName: 'idle' })
  after(() => idle.end())
  const { rows } = await idle.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
  const noticed = new Promise((resolve) => idle.once('error', resolve))
  await pool.query('SELECT pg_terminate_backend($1)', [rows[0].pid])
  await noticed
  const again = await idle.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
  assert.notEqual(again.rows[0].pid, rows[0].pid)
})

test('a statement that exceeds its limit is told as such', async () => {
  const hurried = openPool(url, { max: 1, statementTimeoutMs: 20 })
  after(() => hurried.end())
  const error: unknown = await hurried
    .query('SELECT pg_sleep(5)')
    .catch((reason: unknown) => reason)
  assert.equal(databaseError(error)?.code, 'DATABASE_TIMEOUT')
})

test('a port on which nothing listens is unreachable, and the sentence names it', async () => {
  const listener = createServer()
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
  const { port } = listener.address() as AddressInfo
  await new Promise((resolve) => listener.close(resolve))
  const error = await failureAt(`postgres://me:sesame-open@127.0.0.1:${port}/market`)
  assert.equal(error.code, 'DATABASE_UNREACHABLE')
  assert.equal(error.kind, 'database')
  assert.equal(
    error.message,
    `The database at 127.0.0.1:${port}/market cannot be reached: nothing listens there.`,
  )
  assert.equal(error.retry, true)
  assert.doesNotMatch(`${error.message} ${error.hint}`, /sesame/)
})

test('a server that hangs up before it has answered is lost', async () => {
  const listener = createServer((socket) => socket.destroy())
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
  after(() => listener.close())
  const { port } = listener.address() as AddressInfo
  const error = await failureAt(`postgres://me:sesame-open@127.0.0.1:${port}/market`)
  assert.equal(error.code, 'DATABASE_LOST')
})

test('a host that does not exist is unreachable', async () => {
  const error = await failureAt('postgres://me@nowhere.invalid:5432/market')
  assert.equal(error.code, 'DATABASE_UNREACHABLE')
  assert.match(error.message, /nowhere\.invalid:5432\/market cannot be reached: the host name/)
})

test('a wrong password is refused, and is not shown', async () => {
  const wrong = new URL(url)
  wrong.password = 'wrong-sesame'
  const error = await failureAt(wrong.href)
  assert.equal(error.code, 'DATABASE_AUTH')
  assert.doesNotMatch(`${error.message} ${error.hint}`, /sesame/)
})

test('a database that does not exist is missing', async () => {
  const error = await failureAt(withDatabase(url, 'no_such_database'))
  assert.equal(error.code, 'DATABASE_MISSING')
  assert.match(error.message, /no_such_database/)
})

test('a table that does not exist means that the database was not migrated', async () => {
  const error: unknown = await pool
    .query('SELECT * FROM stockyard.pages')
    .catch((reason: unknown) => reason)
  assert.equal(databaseError(error)?.code, 'DATABASE_NOT_MIGRATED')
})

test('other errors of statements are not about the database', async () => {
  const error: unknown = await pool.query('SELECT 1 / 0').catch((reason: unknown) => reason)
  assert.equal(databaseError(error), undefined)
  assert.equal(databaseError(new TypeError('x is not a function')), undefined)
})

test('the place of a URL has neither user nor password', () => {
  assert.equal(
    databasePlace('postgres://me:secret@db.example:6543/market'),
    'db.example:6543/market',
  )
  assert.equal(databasePlace('postgres://me:secret@db.example/market'), 'db.example:5432/market')
  assert.equal(databasePlace('postgres:///market?host=/run/pg'), '/run/pg:5432/market')
  assert.equal(databasePlace('nonsense'), 'DATABASE_URL')
})
