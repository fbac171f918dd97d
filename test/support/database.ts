/**
 * Databases for tests: each test file gets a fresh, migrated one, cloned from a template on a real
 * server, and dropped again. One that a single test had is emptied for the next test of the file, which
 * takes a tenth of the time. A pool that is left open fails the file.
 */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
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
}

let made = 0
const spares: Spare[] = []

after(async () => {
  for (const spare of spares.splice(0)) await dropDatabase(spare)
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
  const pool = openPool(url, { max: 8, applicationName: 'test' })
  const seeds = spare?.seeds ?? (isMigrated && t !== undefined ? await readSeeds(pool) : undefined)
  const finish = async () => {
    await pool.end()
    if (seeds !== undefined && (await isEmptied(database, seeds))) {
      spares.push({ ...database, seeds })
    } else await dropDatabase(database)
  }
  if (t === undefined) after(finish)
  else t.after(finish)
  return { url, pool }
}

function takeSpare(serverUrl: string): Spare | undefined {
  const at = spares.findIndex((spare) => spare.serverUrl === serverUrl)
  return at < 0 ? undefined : spares.splice(at, 1)[0]
}

async function createDatabase(serverUrl: string, isMigrated: boolean): Promise<Database> {
  made += 1
  const name = `test_${process.pid}_${made}_${Date.now().toString(36)}`
  const template = isMigrated ? await makeTemplate(serverUrl) : 'template0'
  await onServer(serverUrl, async (server) => {
    // Writing every page of the copy to the log, as is the default, takes three times as long.
    await server.query(`CREATE DATABASE ${name} TEMPLATE ${template} STRATEGY FILE_COPY`)
    // Nothing of a test has to survive a crash of the server.
    await server.query(`ALTER DATABASE ${name} SET synchronous_commit = off`)
  })
  return { name, url: withDatabase(serverUrl, name), serverUrl }
}

/** A URL of another database on the same server. */
export function withDatabase(serverUrl: string, name: string): string {
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  return url.href
}

/** False where it cannot be emptied, or where it is still in use, which dropping it tells. */
async function isEmptied({ url, name }: Database, seeds: Seeds): Promise<boolean> {
  let isEmpty = false
  await onServer(url, async (database) => {
    const open = await openConnections(database, name)
    isEmpty = open.length === 0 && (await emptyDatabase(database, seeds))
  })
  return isEmpty
}

async function dropDatabase({ serverUrl, name }: Database): Promise<void> {
  await onServer(serverUrl, async (server) => {
    const open = await openConnections(server, name)
    // By force only what a test left open: the server itself ends a vacuum, which this role may not.
    const force = open.length > 0 ? 'WITH (FORCE)' : ''
    await server.query(`DROP DATABASE IF EXISTS ${name} ${force}`)
    assert.deepEqual(open, [], 'a test left connections to its database open')
  })
}

// The server notices a moment later than the client that a connection was closed.
async function openConnections(server: Pool, name: string): Promise<string[]> {
  for (let attempt = 0; ; attempt += 1) {
    const { rows } = await server.query<{ application: string }>(
      `SELECT application_name AS application FROM pg_stat_activity
       WHERE datname = $1 AND pid <> pg_backend_pid() AND backend_type = 'client backend'`,
      [name],
    )
    if (rows.length === 0 || attempt === 200) return rows.map((row) => row.application)
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
  await onServer(serverUrl, async (server) => {
    await server.query(`SELECT pg_advisory_lock(hashtext($1))`, [name])
    const { rowCount } = await server.query('SELECT FROM pg_database WHERE datname = $1', [name])
    if (rowCount !== 0) return
    await server.query(`DROP DATABASE IF EXISTS ${name}_new`)
    await server.query(`CREATE DATABASE ${name}_new TEMPLATE template0`)
    const pool = openPool(withDatabase(serverUrl, `${name}_new`))
    await migrate(pool).finally(() => pool.end())
    await renameDatabase(server, `${name}_new`, name)
  })
  return name
}

async function renameDatabase(server: Pool, from: string, to: string): Promise<void> {
  assert.deepEqual(await openConnections(server, from), [])
  await server.query(`ALTER DATABASE ${from} RENAME TO ${to}`)
}

// One connection, so that a session lock holds over all statements of the work.
async function onServer(
  serverUrl: string,
  work: (server: Pool) => Promise<unknown>,
): Promise<void> {
  const server = openPool(serverUrl, { max: 1, applicationName: 'test server' })
  try {
    await work(server)
  } finally {
    await server.end()
  }
}
