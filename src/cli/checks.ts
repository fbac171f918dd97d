/** The checks of `stockyard doctor`: each looks at one thing and says what to do about it. */
import { stat, statfs } from 'node:fs/promises'
import type { Clock } from '../clock.ts'
import type { Config } from '../config.ts'
import { databasePlace } from '../db/database-error.ts'
import { readMigrations, schemaVersion } from '../db/migrate.ts'
import { openDatabase, type Database } from '../db/open.ts'
import { findServerVersion } from '../db/server-version.ts'
import { findStoreKind } from '../db/store-kind.ts'
import { EXIT_CODES, messageOf, StockyardError } from '../domain/error.ts'
import type { Logger } from '../log.ts'
import { makeHttpClient, sendRequest } from '../providers/fetch.ts'
import type { Provider } from '../providers/provider.ts'
import { PROVIDERS } from '../providers/registry.ts'
import { ensureHome } from './home-folder.ts'
import { formatCount } from './table.ts'

export interface Check {
  readonly name: string
  readonly status: 'ok' | 'warn' | 'fail'
  readonly message: string
  /** What to do, where something is to be done. */
  readonly hint: string | null
  /** Exit code of a failed check. */
  readonly exitCode: number
}

const MEGABYTE = 1024 * 1024
const DISK_FAIL_BYTES = 200 * MEGABYTE
const DISK_WARN_BYTES = 2048 * MEGABYTE

export function ok(name: string, message: string): Check {
  return { name, status: 'ok', message, hint: null, exitCode: 0 }
}

function warn(name: string, message: string, hint: string): Check {
  return { name, status: 'warn', message, hint, exitCode: 0 }
}

/** A failed check from what was thrown. */
export function failed(name: string, error: unknown): Check {
  const isOurs = error instanceof StockyardError
  return {
    name,
    status: 'fail',
    message: messageOf(error),
    hint: isOurs ? error.hint : null,
    exitCode: isOurs ? EXIT_CODES[error.kind] : 1,
  }
}

/** The folder that holds everything Stockyard writes. */
export async function checkHome(home: string): Promise<Check> {
  try {
    await ensureHome(home)
  } catch (error) {
    return failed('home', error)
  }
  const { mode } = await stat(home)
  if ((mode & 0o077) === 0) return ok('home', home)
  return warn('home', `${home} can be read by other users.`, `Run: chmod 700 ${home}`)
}

/** Space on the disk of the home. */
export async function checkDisk(home: string): Promise<Check> {
  try {
    const { bavail, bsize } = await statfs(home)
    const free = bavail * bsize
    const text = `${formatCount(free / MEGABYTE)} MB free`
    if (free < DISK_FAIL_BYTES) {
      const hint = 'Free some space before anything is fetched.'
      return failed(
        'disk',
        new StockyardError('incomplete', 'DISK_FULL', `Only ${text}.`, { hint }),
      )
    }
    if (free >= DISK_WARN_BYTES) return ok('disk', text)
    return warn('disk', text, 'A year of minute bars of one symbol takes some 5 MB.')
  } catch (error) {
    return failed('disk', error)
  }
}

/** The server, the schema, and what kind of data the store holds. */
export async function checkDatabase(
  config: Config,
  log: Logger,
): Promise<{ checks: Check[]; database: Database | null }> {
  let database: Database
  try {
    const { databaseUrl, home } = config
    database = await openDatabase({ databaseUrl, home, log, applicationName: 'stockyard doctor' })
  } catch (error) {
    return { checks: [failed('database', error)], database: null }
  }
  const version = await findServerVersion(database.pool)
  const place = database.embedded ? 'embedded' : databasePlace(database.url)
  const checks = [ok('database', `PostgreSQL ${version}, ${place}`)]
  const schema = await schemaVersion(database.pool)
  checks.push(checkSchema(schema, readMigrations().length))
  if (schema > 1) {
    const kind = await findStoreKind(database.pool)
    checks.push(ok('data', kind === null ? 'nothing written yet' : `${kind} data`))
  }
  return { checks, database }
}

function checkSchema(schema: number, newest: number): Check {
  if (schema === newest) return ok('schema', `version ${schema}`)
  if (schema < newest) {
    return warn('schema', `version ${schema} of ${newest}`, 'Run: stockyard init')
  }
  return failed(
    'schema',
    new StockyardError(
      'database',
      'DATABASE_NEWER',
      `Version ${schema}; this Stockyard knows ${newest}.`,
      {
        hint: 'Update Stockyard on this machine.',
      },
    ),
  )
}

/** Whether each vendor has what it needs to be called. */
export function checkProviders(config: Config): Check[] {
  return PROVIDERS.map((provider) => {
    const settings = config.providers[provider.id]
    if (provider.needsKey && settings?.key === undefined) {
      const variable = `${provider.id.toUpperCase().replaceAll('-', '_')}_API_KEY`
      return warn(provider.id, 'off: no key', `Set ${variable} in the environment or in .env.`)
    }
    const elsewhere =
      settings?.baseUrl === undefined ? '' : ` at ${new URL(settings.baseUrl).origin}`
    const key = provider.needsKey ? 'key set' : 'needs no key'
    return ok(provider.id, `${key}, ${settings?.budget ?? provider.budget}${elsewhere}`)
  })
}

/** Whether a vendor's server answers. Asks for its front page, so that no call is spent. */
export async function checkReachable(
  provider: Provider,
  config: Config,
  frame: { readonly clock: Clock; readonly log: Logger; readonly signal: AbortSignal },
): Promise<Check> {
  const baseUrl = config.providers[provider.id]?.baseUrl ?? provider.baseUrl
  const name = `${provider.id} online`
  const client = makeHttpClient({ ...frame, retries: 0, deadlineMs: 10_000 })
  try {
    const { signal } = frame
    const target = { provider: provider.id, baseUrl, key: undefined, signal }
    const { status } = await sendRequest(client, { path: '/', params: {} }, target)
    return ok(name, `${new URL(baseUrl).origin} answers (status ${status})`)
  } catch (error) {
    // Whether a vendor answers is no matter of this machine's set-up.
    return { ...failed(name, error), exitCode: 1 }
  } finally {
    await client.close()
  }
}
