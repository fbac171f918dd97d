/**
 * The database that a command works on: the user's own server where a URL is set, else the embedded
 * one of the home.
 */
import type { Logger } from '../log.ts'
import { registerSecret } from '../log.ts'
import { openPool, type Pool } from './connect.ts'
import { databaseError } from './database-error.ts'
import { startEmbedded } from './embedded/embedded.ts'
import { migrate, type MigrateResult } from './migrate.ts'

export interface OpenOptions {
  /** `postgres://…`; undefined means the embedded server. */
  readonly databaseUrl: string | undefined
  /** Absolute path of STOCKYARD_HOME. */
  readonly home: string
  readonly log: Logger
  /** Shown in pg_stat_activity. */
  readonly applicationName: string
  /** Most connections at a time. */
  readonly max?: number
}

export interface Database {
  readonly pool: Pool
  /** With the password: never to be shown. */
  readonly url: string
  readonly embedded: boolean
  /** Brings the schema to the newest version; see migrate.ts. */
  migrate(): Promise<MigrateResult>
  /** Closes the pool, and stops the embedded server when nobody else uses it. Harmless when repeated. */
  close(): Promise<void>
}

/**
 * Opens the database and makes sure that it answers. It is not migrated yet.
 * @throws StockyardError of kind `database` or `config`, in one sentence that names the place
 */
export async function openDatabase(options: OpenOptions): Promise<Database> {
  const server =
    options.databaseUrl === undefined ? await startEmbedded(options.home, options.log) : undefined
  const url = server?.url ?? options.databaseUrl ?? ''
  registerPassword(url)
  const pool = openPool(url, {
    applicationName: options.applicationName,
    log: options.log,
    ...(options.max === undefined ? {} : { max: options.max }),
  })
  let closed: Promise<void> | undefined
  const close = () => (closed ??= pool.end().then(() => server?.release()))
  try {
    await pool.query('SELECT 1')
    return {
      pool,
      url,
      embedded: server !== undefined,
      migrate: () => naming(url, () => migrate(pool)),
      close,
    }
  } catch (error) {
    await close()
    throw databaseError(error, url) ?? error
  }
}

// The error names the place, which the driver's own errors do not.
async function naming<T>(url: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw databaseError(error, url) ?? error
  }
}

function registerPassword(url: string): void {
  if (!URL.canParse(url)) return
  const parsed = new URL(url)
  registerSecret(decodeURIComponent(parsed.password))
  registerSecret(parsed.searchParams.get('password') ?? undefined)
}
