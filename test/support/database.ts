/**
 * Databases for tests: each test file gets a fresh, migrated one, cloned from a template on a real
 * server, and dropped again. A pool that is left open fails the file.
 */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { openPool, type Pool } from '../../src/db/connect.ts'
import { migrate, readMigrations } from '../../src/db/migrate.ts'
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

let made = 0

/** A fresh migrated database, dropped after the test `t`, or after the file where there is no `t`. */
export async function makeDatabase(
  t?: TestContext,
  options: TestDatabaseOptions = {},
): Promise<TestDatabase> {
  const serverUrl = options.serverUrl ?? (await testServerUrl())
  made += 1
  const name = `test_${process.pid}_${made}_${Date.now().toString(36)}`
  const template = options.migrated === false ? 'template0' : await makeTemplate(serverUrl)
  await onServer(serverUrl, (server) =>
    server.query(`CREATE DATABASE ${name} TEMPLATE ${template}`),
  )
  const url = withDatabase(serverUrl, name)
  const pool = openPool(url, { max: 8, applicationName: 'test' })
  const finish = async () => {
    await pool.end()
    await dropDatabase(serverUrl, name)
  }
  if (t === undefined) after(finish)
  else t.after(finish)
  return { url, pool }
}

/** A URL of another database on the same server. */
export function withDatabase(serverUrl: string, name: string): string {
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  return url.href
}

async function dropDatabase(serverUrl: string, name: string): Promise<void> {
  await onServer(serverUrl, async (server) => {
    const open = await openConnections(server, name)
    await server.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
    assert.deepEqual(open, [], 'a test left connections to its database open')
  })
}

// The server notices a moment later than the client that a connection was closed.
async function openConnections(server: Pool, name: string): Promise<string[]> {
  for (let attempt = 0; ; attempt += 1) {
    const { rows } = await server.query<{ application: string }>(
      'SELECT application_name AS application FROM pg_stat_activity WHERE datname = $1',
      [name],
    )
    if (rows.length === 0 || attempt === 40) return rows.map((row) => row.application)
    await sleep(50)
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
