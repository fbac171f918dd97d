/**
 * Databases for tests: each test file gets a fresh, migrated one, cloned from a template on a real
 * server, and dropped again. One that a single test had is emptied for the next test of the process, and
 * its connections go along, which takes a tenth of the time. A pool that is left open fails the test.
 */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Pool as PgPool } from 'pg'
import { openPool, type Pool } from '../../src/db/connect.ts'
import { migrate, readMigrations } from '../../src/db/migrate.ts'
import { emptyDatabase, readSeeds, type Seeds } from './empty-database.ts'
import { testServerUrl } from './server.ts'

export interface TestDatabase {
  readonly url: string
  /** Closed by itself at the end. */
  readonly pool: Pool
}

export interface TestDatabaseOptions {
  /** False gives an empty database. */
  readonly migrated?: boolean
  /** Another server than the usual one. */
  readonly serverUrl?: string
}

interface Database {
  readonly name: string
  readonly url: string
  readonly serverUrl: string
}

/** A migrated database that no test uses, as empty as a new one. */
interface Spare extends Database {
  readonly seeds: Seeds
  readonly pool: Pool
}

let made = 0
const spares: Spare[] = []

after(async () => {
  for (const spare of spares.splice(0)) await dropDatabase(spare, spare.pool)
})

/** A fresh migrated database, dropped after the test `t`, or after the file where there is no `t`. */
export async function makeDatabase(
  t?: TestContext,
  options: TestDatabaseOptions = {},
): Promise<TestDatabase> {
  const serverUrl = options.serverUrl ?? (await testServerUrl())
  const isMigrated = options.migrated !== false
  const spare = isMigrated ? takeSpare(serverUrl) : undefined
  const database = spare ?? (await createDatabase(serverUrl, isMigrated))
  const { url } = database
  const pool = spare?.pool ?? openPool(url, { max: 8, applicationName: 'test' })
  if (t === undefined) {
    after(() => dropDatabase(database, pool))
    return { url, pool }
  }
  const seeds = spare?.seeds ?? (isMigrated ? await readSeeds(pool) : undefined)
  const lent = lend(pool)
  t.after(async () => {
    lent.takeBack()
    if (seeds !== undefined && (await isEmptied(database, pool, seeds))) {
      spares.push({ ...database, seeds, pool })
    } else await dropDatabase(database, pool)
  })
  return { url, pool: lent.pool }
}

/** A pool for one test: what goes on after it finds it closed, although its connections are not. */
function lend(pool: Pool): { readonly pool: Pool; readonly takeBack: () => void } {
  let isOver = false
  const lent = new Proxy(pool, {
    get: (target, name) => {
      if (isOver && (name === 'query' || name === 'connect')) {
        return () => Promise.reject(new Error('The test is over, and with it the use of its pool.'))
      }
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
  return { pool: lent, takeBack: () => (isOver = true) }
}

function takeSpare(serverUrl: string): Spare | undefined {
  const at = spares.findIndex((spare) => spare.serverUrl === serverUrl)
  return at < 0 ? undefined : spares.splice(at, 1)[0]
}

async function createDatabase(serverUrl: string, isMigrated: boolean): Promise<Database> {
  made += 1
  const name = `test_${process.pid}_${made}_${Date.now().toString(36)}`
  const template = isMigrated ? await makeTemplate(serverUrl) : 'template0'
  const server = serverPool(serverUrl)
  // Writing every page of the copy to the log, as is the default, takes three times as long.
  await server.query(`CREATE DATABASE ${name} TEMPLATE ${template} STRATEGY FILE_COPY`)
  // Nothing of a test has to survive a crash of the server.
  await server.query(`ALTER DATABASE ${name} SET synchronous_commit = off`)
  return { name, url: withDatabase(serverUrl, name), serverUrl }
}

/** A URL of another database on the same server. */
export function withDatabase(serverUrl: string, name: string): string {
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  return url.href
}

/** False where it cannot be emptied, or where it is still in use, which dropping it tells. */
async function isEmptied(database: Database, pool: Pool, seeds: Seeds): Promise<boolean> {
  if (pool.ending) return false
  // As closing the pool would, this waits for work that was begun.
  while (pool.idleCount < pool.totalCount || pool.waitingCount > 0) await sleep(1)
  const open = await openConnections(database, pool.totalCount)
  if (open.length > pool.totalCount || (await hasLock(pool))) return false
  return await emptyDatabase(pool, seeds)
}

/** True where a connection holds what it would give up only with its end. */
async function hasLock(pool: Pool): Promise<boolean> {
  const { rowCount } = await pool.query(
    `SELECT FROM pg_locks l JOIN pg_database d ON d.oid = l.database
     WHERE locktype = 'advisory' AND datname = current_database()`,
  )
  return rowCount !== 0
}

async function dropDatabase(database: Database, pool: Pool): Promise<void> {
  if (!pool.ending) await pool.end()
  const open = await openConnections(database, 0)
  // By force only what a test left open: the server itself ends a vacuum, which this role may not.
  const force = open.length > 0 ? 'WITH (FORCE)' : ''
  const server = serverPool(database.serverUrl)
  await server.query(`DROP DATABASE IF EXISTS ${database.name} ${force}`)
  assert.deepEqual(open, [], 'a test left connections to its database open')
}

// The server notices a moment later than the client that a connection was closed.
async function openConnections({ serverUrl, name }: Database, allowed: number): Promise<string[]> {
  for (let attempt = 0; ; attempt += 1) {
    const { rows } = await serverPool(serverUrl).query<{ application: string }>(
      `SELECT application_name AS application FROM pg_stat_activity
       WHERE datname = $1 AND backend_type = 'client backend'`,
      [name],
    )
    if (rows.length <= allowed || attempt === 200) return rows.map((row) => row.application)
    await sleep(10)
  }
}

const templates = new Map<string, Promise<string>>()

function makeTemplate(serverUrl: string): Promise<string> {
  const known = templates.get(serverUrl)
  if (known !== undefined) return known
  const making = findOrMakeTemplate(serverUrl)
  templates.set(serverUrl, making)
  return making
}

/** The template of the present migrations, made by whichever test file comes first. */
async function findOrMakeTemplate(serverUrl: string): Promise<string> {
  const digest = createHash('sha256')
  for (const migration of readMigrations()) digest.update(migration.sha256)
  const name = `template_${digest.digest('hex').slice(0, 16)}`
  const server = serverPool(serverUrl)
  await server.query(`SELECT pg_advisory_lock(hashtext($1))`, [name])
  try {
    const { rowCount } = await server.query('SELECT FROM pg_database WHERE datname = $1', [name])
    if (rowCount === 0) await makeTemplateOf(server, serverUrl, name)
  } finally {
    await server.query(`SELECT pg_advisory_unlock(hashtext($1))`, [name])
  }
  return name
}

async function makeTemplateOf(server: Pool, serverUrl: string, name: string): Promise<void> {
  const half = { name: `${name}_new`, serverUrl, url: withDatabase(serverUrl, `${name}_new`) }
  await server.query(`DROP DATABASE IF EXISTS ${half.name}`)
  await server.query(`CREATE DATABASE ${half.name} TEMPLATE template0`)
  const pool = openPool(half.url)
  await migrate(pool).finally(() => pool.end())
  assert.deepEqual(await openConnections(half, 0), [])
  await server.query(`ALTER DATABASE ${half.name} RENAME TO ${name}`)
}

const serverPools = new Map<string, Pool>()

/** The one connection of this process by which databases of a server are made, looked at and dropped. */
function serverPool(serverUrl: string): Pool {
  const known = serverPools.get(serverUrl)
  if (known !== undefined) return known
  const pool = new PgPool({
    connectionString: serverUrl,
    max: 1,
    application_name: 'test server',
    // It is not closed before the process ends, and does not keep it from ending.
    idleTimeoutMillis: 0,
    allowExitOnIdle: true,
  })
  // The server may be ended first.
  pool.on('error', () => {})
  serverPools.set(serverUrl, pool)
  return pool
}
