/**
 * The schema: applies the numbered files of migrations/ in order. Forward only; each file runs in one
 * transaction together with the row that records it, so that a kill at any moment leaves whole files.
 */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { messageOf, StockyardError } from '../domain/error.ts'
import { inTransaction, type Connection, type Pool, type Queryable } from './connect.ts'
import { databaseError } from './database-error.ts'

/** The oldest server on which the SQL of Stockyard runs. */
const OLDEST_SERVER_VERSION = 15

/** Any constant will do, as long as all versions of Stockyard take the same: "stockyrd" in ASCII. */
const LOCK_KEY = '8319395793566790244'
/** How long to wait for another process that migrates. */
const LOCK_TIMEOUT = '10min'
const UNDEFINED_TABLE = '42P01'

const FOLDER = new URL('../../migrations/', import.meta.url)

export interface Migration {
  readonly number: number
  readonly name: string
  readonly sql: string
  readonly sha256: string
}

export interface MigrateResult {
  /** Names of the migrations that this call applied. */
  readonly applied: string[]
  /** Number of the newest migration that the database has now. */
  readonly version: number
}

interface AppliedRow {
  readonly number: number
  readonly name: string
  readonly sha256: string
}

/**
 * The migrations of a folder in order, numbered from 1 without a hole.
 * @throws StockyardError `MIGRATIONS_INVALID`
 */
export function readMigrations(folder: URL = FOLDER): Migration[] {
  const names = readdirSync(folder)
    .filter((name) => name.endsWith('.sql'))
    .sort()
  return names.map((name, index) => {
    const number = Number(/^(\d{4})_[a-z0-9_]+\.sql$/.exec(name)?.[1])
    if (number !== index + 1) {
      throw new StockyardError(
        'internal',
        'MIGRATIONS_INVALID',
        `Migration ${name} should be number ${index + 1}, written NNNN_name.sql.`,
        { hint: 'Put the files of the folder migrations back as they were.' },
      )
    }
    const sql = readFileSync(new URL(name, folder), 'utf8')
    return { number, name, sql, sha256: createHash('sha256').update(sql).digest('hex') }
  })
}

/**
 * Brings the schema to the newest version. Harmless when repeated, and from many processes at once;
 * one query when there is nothing to do.
 * @throws StockyardError `DATABASE_TOO_OLD`, `DATABASE_NEWER`, `MIGRATION_CHANGED`, `MIGRATION_FAILED`
 */
export async function migrate(
  pool: Pool,
  migrations: readonly Migration[] = readMigrations(),
): Promise<MigrateResult> {
  const applied: string[] = []
  for (;;) {
    const next = nextMigration(await appliedMigrations(pool), migrations)
    if (next === undefined) return { applied, version: migrations.length }
    const done = await applyNext(pool, migrations)
    if (done !== undefined) applied.push(done)
  }
}

/**
 * Number of the newest migration that the database has; 0 where the schema is not there yet.
 */
export async function schemaVersion(pool: Pool): Promise<number> {
  const rows = await appliedMigrations(pool)
  return rows.at(-1)?.number ?? 0
}

/** Checks what is applied against the files, and gives the first file that is not applied yet. */
function nextMigration(
  rows: readonly AppliedRow[],
  migrations: readonly Migration[],
): Migration | undefined {
  const version = rows.at(-1)?.number ?? 0
  if (version > migrations.length) {
    throw new StockyardError(
      'database',
      'DATABASE_NEWER',
      `The database has schema version ${version}, but this Stockyard knows versions up to ${migrations.length}.`,
      { hint: 'Update Stockyard on this machine; an older one must not write to a newer store.' },
    )
  }
  for (const row of rows) {
    const file = migrations[row.number - 1]
    if (file.sha256 === row.sha256) continue
    throw new StockyardError(
      'database',
      'MIGRATION_CHANGED',
      `Migration ${file.name} was applied to this database with other contents than the file has now.`,
      {
        hint: 'Put the file back as it was when it was released; changes go into a new migration.',
      },
    )
  }
  return migrations[version]
}

async function applyNext(
  pool: Pool,
  migrations: readonly Migration[],
): Promise<string | undefined> {
  return inTransaction(pool, async (connection) => {
    await connection.query(
      `SET LOCAL lock_timeout = '${LOCK_TIMEOUT}'; SET LOCAL statement_timeout = 0`,
    )
    await connection.query('SELECT pg_advisory_xact_lock($1)', [LOCK_KEY])
    await makeMigrationsTable(connection)
    // Another process may have applied it while this one waited for the lock.
    const next = nextMigration(await readApplied(connection), migrations)
    if (next === undefined) return undefined
    await apply(connection, next)
    return next.name
  })
}

async function apply(connection: Connection, migration: Migration): Promise<void> {
  try {
    await connection.query(migration.sql)
    await connection.query(
      'INSERT INTO stockyard.migrations (number, name, sha256) VALUES ($1, $2, $3)',
      [migration.number, migration.name, migration.sha256],
    )
  } catch (error) {
    // Whoever lost the connection may try again; a statement that fails will fail again.
    if (databaseError(error)?.retry ?? sqlState(error) === undefined) throw error
    throw new StockyardError(
      'database',
      'MIGRATION_FAILED',
      `Migration ${migration.name} failed and was rolled back: ${messageOf(error)}.`,
      { hint: 'The database user needs the right to create a schema and functions.', cause: error },
    )
  }
}

async function makeMigrationsTable(connection: Connection): Promise<void> {
  const { rows } = await connection.query<{ server: number; exists: boolean }>(`
    SELECT current_setting('server_version_num')::integer AS server,
           to_regclass('stockyard.migrations') IS NOT NULL AS exists`)
  requireServer(rows[0].server)
  if (rows[0].exists) return
  await connection.query(`
    CREATE SCHEMA IF NOT EXISTS stockyard;
    CREATE TABLE stockyard.migrations (
      number     integer PRIMARY KEY,
      name       text NOT NULL,
      sha256     text NOT NULL,
      applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
    )`)
}

/** The migrations that a database has, oldest first; none where it was never migrated. */
async function appliedMigrations(pool: Pool): Promise<AppliedRow[]> {
  try {
    return await readApplied(pool)
  } catch (error) {
    if (sqlState(error) === UNDEFINED_TABLE) return []
    throw error
  }
}

async function readApplied(queryable: Queryable): Promise<AppliedRow[]> {
  const { rows } = await queryable.query<AppliedRow>(
    'SELECT number, name, sha256 FROM stockyard.migrations ORDER BY number',
  )
  return rows
}

function sqlState(error: unknown): string | undefined {
  return (error as { code?: string }).code
}

function requireServer(versionNumber: number): void {
  const version = Math.floor(versionNumber / 10_000)
  if (version >= OLDEST_SERVER_VERSION) return
  throw new StockyardError(
    'database',
    'DATABASE_TOO_OLD',
    `The server is PostgreSQL ${version}; Stockyard needs version ${OLDEST_SERVER_VERSION} or newer.`,
    { hint: 'Use a newer server, or unset DATABASE_URL to use the embedded one.' },
  )
}
