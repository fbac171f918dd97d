/**
 * The role `stockyard_read`, which may read the store and nothing else, and the pool whose sessions have it.
 * The embedded server makes the role; on a server of the user's own it is made where that is permitted.
 */
import type { Logger } from '../log.ts'
import { inTransaction, openPool, type Connection, type Pool } from './connect.ts'

export const READ_ROLE = 'stockyard_read'

/** Hashes of keys are for the one look-up of auth. */
const UNREADABLE = ['api_keys']
/** One statement reads one part of a stream: what takes longer is stuck, or asks for far too much. */
const STATEMENT_TIMEOUT_MS = 30_000
const LOCK_TIMEOUT_MS = 5000
const IDLE_TRANSACTION_TIMEOUT_MS = 60_000
/** Whoever waits longer for a connection is told that the server is busy. */
const CONNECT_TIMEOUT_MS = 5000
const INSUFFICIENT_PRIVILEGE = '42501'
/** "stockyrr" in ASCII. */
const GRANT_LOCK = '8319395793566790258'

export interface ReadPoolOptions {
  readonly url: string
  readonly max?: number
  /** Longest wait for a connection. */
  readonly connectTimeoutMs?: number
  readonly log?: Logger
}

/**
 * A pool of sessions that cannot write: read-only transactions, short timeouts and, where the server has
 * the role or lets it be made, the rights of `stockyard_read` only. The store must be migrated.
 */
export async function openReadPool(pool: Pool, options: ReadPoolOptions): Promise<Pool> {
  const isRestricted = await prepareReadRole(pool)
  if (!isRestricted) {
    options.log?.info(
      { role: READ_ROLE },
      'the database has no role for reading; the API reads in read-only transactions all the same',
    )
  }
  return openPool(options.url, {
    applicationName: 'stockyard read',
    statementTimeoutMs: STATEMENT_TIMEOUT_MS,
    lockTimeoutMs: LOCK_TIMEOUT_MS,
    idleTransactionTimeoutMs: IDLE_TRANSACTION_TIMEOUT_MS,
    connectTimeoutMs: options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
    settings: {
      default_transaction_read_only: 'on',
      ...(isRestricted && { role: READ_ROLE }),
    },
    ...(options.max !== undefined && { max: options.max }),
    ...(options.log !== undefined && { log: options.log }),
  })
}

/** Makes the role where it can, and gives it what it may read. False where sessions cannot take it. */
async function prepareReadRole(pool: Pool): Promise<boolean> {
  try {
    return await inTransaction(pool, async (connection) => {
      await connection.query('SELECT pg_advisory_xact_lock($1)', [GRANT_LOCK])
      if (!(await canUseRole(connection))) await makeRole(connection)
      if (!(await canReadAll(connection))) await grant(connection)
      return true
    })
  } catch (error) {
    if ((error as { code?: string }).code === INSUFFICIENT_PRIVILEGE) return false
    throw error
  }
}

async function canUseRole(connection: Connection): Promise<boolean> {
  const { rows } = await connection.query<{ can: boolean }>(
    `SELECT coalesce(bool_or(pg_has_role(current_user, oid, 'MEMBER')), false) AS can
     FROM pg_roles WHERE rolname = $1`,
    [READ_ROLE],
  )
  return rows[0]!.can
}

async function makeRole(connection: Connection): Promise<void> {
  const { rowCount } = await connection.query('SELECT FROM pg_roles WHERE rolname = $1', [
    READ_ROLE,
  ])
  if (rowCount === 0) await connection.query(`CREATE ROLE ${READ_ROLE} NOLOGIN`)
  await connection.query(`GRANT ${READ_ROLE} TO CURRENT_USER`)
}

async function canReadAll(connection: Connection): Promise<boolean> {
  const { rows } = await connection.query<{ can: boolean }>(
    `SELECT coalesce(bool_and(has_table_privilege($1, c.oid, 'SELECT')), false)
            AND has_schema_privilege($1, 'stockyard', 'USAGE') AS can
     FROM pg_class c WHERE c.relnamespace = 'stockyard'::regnamespace
       AND c.relkind IN ('r', 'p', 'v', 'm') AND c.relname <> ALL ($2)`,
    [READ_ROLE, UNREADABLE],
  )
  return rows[0]!.can
}

async function grant(connection: Connection): Promise<void> {
  await connection.query(`
    GRANT USAGE ON SCHEMA stockyard TO ${READ_ROLE};
    GRANT SELECT ON ALL TABLES IN SCHEMA stockyard TO ${READ_ROLE}`)
  for (const table of UNREADABLE) {
    await connection.query(`REVOKE ALL ON stockyard.${table} FROM ${READ_ROLE}`)
  }
}
