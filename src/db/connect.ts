/**
 * Connections to PostgreSQL: the pool, how its values come out, transactions. SQL names the
 * schema itself; the search path is left alone.
 */
import { DatabaseError, Pool as PgPool, types, type PoolClient } from 'pg'
import { messageOf, StockyardError } from '../domain/error.ts'
import { redact, type Logger } from '../log.ts'

export type Pool = PgPool
/** One connection taken from the pool. */
export type Connection = PoolClient
/** Where a single statement can run: on the pool, or inside a transaction. */
export type Queryable = Pick<Pool, 'query'>

export interface PoolOptions {
  /** Most connections at a time. */
  readonly max?: number
  /** Shown in pg_stat_activity. */
  readonly applicationName?: string
  /** A statement that takes longer is cancelled (SQLSTATE 57014); 0, the default, means no limit. */
  readonly statementTimeoutMs?: number
  /** Longest wait for a lock. */
  readonly lockTimeoutMs?: number
  /** A transaction that does nothing for longer is ended. */
  readonly idleTransactionTimeoutMs?: number
  /** Longest wait for a connection. */
  readonly connectTimeoutMs?: number
  /** Server settings of every session, by name; values without spaces. */
  readonly settings?: Readonly<Record<string, string>>
  readonly log?: Logger
}

const CONNECT_TIMEOUT_MS = 15_000
/** Loads of the same series wait for one another; longer than this, something is stuck. */
const LOCK_TIMEOUT_MS = 60_000
/** No transaction of ours waits for a vendor, so an idle one was forgotten and must not hold locks. */
const IDLE_TRANSACTION_TIMEOUT_MS = 120_000

/** A pool of connections to a `postgres://` URL. Connects at first use; close it with `pool.end()`. */
export function openPool(url: string, options: PoolOptions = {}): Pool {
  const pool = new PgPool({
    connectionString: url,
    max: options.max ?? 10,
    application_name: options.applicationName ?? 'stockyard',
    connectionTimeoutMillis: options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
    statement_timeout: options.statementTimeoutMs ?? 0,
    lock_timeout: options.lockTimeoutMs ?? LOCK_TIMEOUT_MS,
    idle_in_transaction_session_timeout:
      options.idleTransactionTimeoutMs ?? IDLE_TRANSACTION_TIMEOUT_MS,
    ...(options.settings !== undefined && { options: settingsText(options.settings) }),
    keepAlive: true,
    types: { getTypeParser },
  })
  const report = (error: Error) => {
    // Connections that the pool is closing anyway may be ended by the server first.
    if (pool.ending) return
    options.log?.warn({ reason: redact(error.message) }, 'a database connection was lost')
  }
  // An error event that nobody listens to ends the process. The pool listens to idle connections
  // only, so one that is in use needs a listener of its own; its next query rejects.
  pool.on('error', report)
  pool.on('connect', (connection) => connection.on('error', () => {}))
  return pool
}

function settingsText(settings: Readonly<Record<string, string>>): string {
  return Object.entries(settings)
    .map(([name, value]) => `-c ${name}=${value}`)
    .join(' ')
}

/**
 * Runs work in one transaction: committed when it returns, rolled back when it throws.
 * @throws what the work threw; `TRANSACTION_ABORTED` when the work hid a failed statement
 */
export async function inTransaction<T>(
  pool: Pool,
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  const connection = await pool.connect()
  let broken: Error | undefined
  try {
    await connection.query('BEGIN')
    const result = await work(connection)
    const committed = await connection.query('COMMIT')
    // The COMMIT of a transaction in which a statement failed rolls back, and says so only here.
    if (committed.command !== 'COMMIT') {
      throw new StockyardError(
        'internal',
        'TRANSACTION_ABORTED',
        'A statement of the transaction failed and its error was not passed on.',
        { hint: 'Nothing was committed; please report it.' },
      )
    }
    return result
  } catch (error) {
    broken = await rollback(connection)
    throw error
  } finally {
    // A connection that could not roll back is destroyed, never lent out again.
    connection.release(broken)
  }
}

/** Deadlock, and serialization failure: the transaction was in order and lost to another one. */
const CONFLICT_STATES: ReadonlySet<unknown> = new Set(['40P01', '40001'])
const CONFLICT_RETRIES = 5

/**
 * The same, done again from its beginning where it lost to another transaction: for work that changes nothing
 * but the database.
 * @throws as inTransaction; the conflict where one comes each time
 */
export async function inRetriedTransaction<T>(
  pool: Pool,
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  for (let retry = 0; ; retry += 1) {
    try {
      return await inTransaction(pool, work)
    } catch (error) {
      const state = error instanceof DatabaseError ? error.code : null
      // The server made it wait for a while before it said so, which gave the other one its time.
      if (retry === CONFLICT_RETRIES || !CONFLICT_STATES.has(state)) throw error
    }
  }
}

async function rollback(connection: Connection): Promise<Error | undefined> {
  try {
    await connection.query('ROLLBACK')
    return undefined
  } catch (error) {
    return error instanceof Error ? error : new Error(messageOf(error))
  }
}

// Values ---------------------------------------------------------------------------------------------

const OID = {
  int8: 20,
  int2Array: 1005,
  int4Array: 1007,
  int8Array: 1016,
  float8Array: 1022,
  date: 1082,
  dateArray: 1182,
  numeric: 1700,
  numericArray: 1231,
} as const

/**
 * Text values: bigint and numeric come as numbers, a date as the text YYYY-MM-DD (node-postgres would
 * make it a local midnight), a timestamptz as a Date, arrays of numbers as number[].
 */
const TEXT_PARSERS: Readonly<Record<number, (text: string) => unknown>> = {
  [OID.int8]: Number,
  [OID.numeric]: Number,
  [OID.date]: String,
  [OID.int2Array]: parseNumbers,
  [OID.int4Array]: parseNumbers,
  [OID.int8Array]: parseNumbers,
  [OID.float8Array]: parseNumbers,
  [OID.numericArray]: parseNumbers,
  [OID.dateArray]: (text) => arrayParts(text).map((part) => (part === 'NULL' ? null : part)),
}

function getTypeParser(oid: number, format?: 'text' | 'binary'): (value: string) => unknown {
  if (format !== 'binary' && Object.hasOwn(TEXT_PARSERS, oid)) return TEXT_PARSERS[oid]
  return types.getTypeParser(oid, format ?? 'text') as (value: string) => unknown
}

// One-dimensional arrays of values that PostgreSQL never quotes.
function parseNumbers(text: string): (number | null)[] {
  return arrayParts(text).map((part) => (part === 'NULL' ? null : Number(part)))
}

function arrayParts(text: string): string[] {
  return text === '{}' ? [] : text.slice(1, -1).split(',')
}
