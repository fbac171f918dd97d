/**
 * The data folder of the embedded server: made once, complete or not at all. There is one superuser
 * nobody can log in as, and the role and database `stockyard` with a random password.
 */
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  closeSync,
  constants,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { StockyardError } from '../../domain/error.ts'
import type { Logger } from '../../log.ts'
import { giveTo, type Account } from './account.ts'
import type { Distribution } from './distribution.ts'

/** Version of the binaries; a data folder of another one cannot be opened by them. */
const MAJOR_VERSION = '18'

/** What is where in STOCKYARD_HOME. */
export interface ClusterPaths {
  readonly home: string
  /** Everything below is in it. */
  readonly folder: string
  readonly data: string
  readonly password: string
  readonly port: string
  readonly log: string
  /** Held alone while the server is started or stopped. */
  readonly startLock: string
  /** Shared by all processes that use the server. */
  readonly useLock: string
}

export function clusterPaths(home: string): ClusterPaths {
  const folder = join(home, 'postgres')
  return {
    home,
    folder,
    data: join(folder, 'data'),
    password: join(folder, 'password'),
    port: join(folder, 'port'),
    log: join(folder, 'server.log'),
    startLock: join(folder, 'start.lock'),
    useLock: join(folder, 'use.lock'),
  }
}

/** True where the home has an embedded database, running or not. */
export function hasCluster(paths: ClusterPaths): boolean {
  return existsSync(join(paths.data, 'PG_VERSION'))
}

/**
 * Makes the cluster where there is none. To be called under the start lock.
 * @throws StockyardError `EMBEDDED_INIT_FAILED`, `EMBEDDED_VERSION`, `DATABASE_FULL`
 */
export async function ensureCluster(
  paths: ClusterPaths,
  distribution: Distribution,
  account: Account | undefined,
  log: Logger,
): Promise<void> {
  if (hasCluster(paths)) return requireVersion(paths)
  if (existsSync(paths.data) && readdirSync(paths.data).length > 0) throw notACluster(paths)
  log.info({ folder: paths.data }, 'making the embedded database')
  removeHalfMade(paths)
  // Made beside its place and renamed, so that a kill in between never leaves half a cluster.
  const partial = mkdtempSync(`${paths.data}.`)
  try {
    chmodSync(partial, 0o700)
    if (account !== undefined) giveTo(account, partial)
    await initialise(partial, distribution, account, readOrMakePassword(paths))
    rmSync(paths.data, { recursive: true, force: true })
    renameSync(partial, paths.data)
  } catch (error) {
    rmSync(partial, { recursive: true, force: true })
    throw error
  }
}

/** The password of the role `stockyard`; only the owner of the home can read it. */
export function readPassword(paths: ClusterPaths): string {
  if (!existsSync(paths.password)) {
    throw new StockyardError(
      'database',
      'EMBEDDED_PASSWORD',
      `The password file ${paths.password} of the embedded database is missing.`,
      { hint: 'Put it back from a backup, together with the data folder beside it.' },
    )
  }
  return readFileSync(paths.password, 'utf8').trim()
}

function readOrMakePassword(paths: ClusterPaths): string {
  if (!existsSync(paths.password)) {
    const partial = `${paths.password}.${process.pid}`
    writeFileSync(partial, `${randomBytes(24).toString('base64url')}\n`, {
      mode: 0o600,
      flush: true,
    })
    renameSync(partial, paths.password)
  }
  return readPassword(paths)
}

function removeHalfMade(paths: ClusterPaths): void {
  for (const name of readdirSync(paths.folder)) {
    // A killed starter's initdb may still write there; what it leaves is removed the next time.
    if (name.startsWith('data.')) {
      rmSync(join(paths.folder, name), { recursive: true, force: true, maxRetries: 3 })
    }
  }
}

async function initialise(
  folder: string,
  distribution: Distribution,
  account: Account | undefined,
  password: string,
): Promise<void> {
  const where = folderArgument(folder, account)
  // Nobody can log in without a password, and pg_hba.conf is written below. The builtin locale knows
  // all of Unicode and sorts by code point, on every machine alike.
  const options =
    '--username=postgres --encoding=UTF8 --locale=C --locale-provider=builtin --builtin-locale=C.UTF-8 ' +
    '--data-checksums --auth=reject --no-instructions'
  await runProgram(distribution.initdb, ['-D', where, ...options.split(' ')], folder, account)
  replaceFile(join(folder, 'pg_hba.conf'), 'host all all 127.0.0.1/32 scram-sha-256\n')
  // The server is run alone, without a port, on statements of one line each.
  const statements = [
    `CREATE ROLE stockyard LOGIN CREATEDB PASSWORD '${password}'`,
    'GRANT pg_monitor, pg_checkpoint TO stockyard',
    // What the API reads with; db/roles.ts says what it may read.
    'CREATE ROLE stockyard_read NOLOGIN',
    'GRANT stockyard_read TO stockyard',
    'CREATE DATABASE stockyard OWNER stockyard',
  ]
  const single = ['--single', '-D', where, '-c', 'exit_on_error=on', 'postgres']
  await runProgram(distribution.postgres, single, folder, account, `${statements.join('\n')}\n`)
}

// The folder is in the hands of the account by now: root must not follow a link out of it.
function replaceFile(path: string, text: string): void {
  const file = openSync(path, constants.O_WRONLY | constants.O_TRUNC | constants.O_NOFOLLOW)
  try {
    writeSync(file, text)
  } finally {
    closeSync(file)
  }
}

/**
 * How the server is told its folder. The account may not be able to pass the folders above (a home in
 * /root, say), but the link to its own working directory needs no right to do so, and Node enters
 * that directory while it is still root.
 */
export function folderArgument(folder: string, account: Account | undefined): string {
  return account === undefined || process.platform !== 'linux' ? folder : '/proc/self/cwd'
}

/** All that the programs see: no settings of libpq, no messages in other languages. */
export const SERVER_ENVIRONMENT = { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' } as const

async function runProgram(
  program: string,
  args: readonly string[],
  cwd: string,
  account: Account | undefined,
  input = '',
): Promise<void> {
  const child = spawn(program, args, { cwd, ...account, env: SERVER_ENVIRONMENT })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
  // A program that ends early closes its input; its exit code and output say why.
  child.stdin.on('error', () => {})
  child.stdin.end(input)
  const status = await new Promise<string>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => resolve(signal ?? String(code)))
  })
  if (status !== '0') throw initFailed(output, status)
}

/**
 * How PostgreSQL says that a disk is full; a write that fits in part has no error of the system, only
 * the hint.
 */
export const DISK_FULL = /no space left on device|disk quota exceeded|check free disk space/i

function initFailed(output: string, status: string): StockyardError {
  const full = DISK_FULL.test(output)
  const reason =
    output
      .split('\n')
      .findLast((line) => /(FATAL|PANIC|ERROR|error):/.test(line))
      ?.replace(/^.*?(?=FATAL:|PANIC:|ERROR:)/, '') ?? `the program ended with ${status}`
  return new StockyardError(
    'database',
    full ? 'DATABASE_FULL' : 'EMBEDDED_INIT_FAILED',
    `The embedded database could not be made: ${reason.trim()}.`,
    {
      hint: full
        ? 'Free some space, or set STOCKYARD_HOME to a folder on a larger disk.'
        : 'Set STOCKYARD_HOME to another folder, or DATABASE_URL to a server of your own.',
    },
  )
}

function requireVersion(paths: ClusterPaths): void {
  const version = readFileSync(join(paths.data, 'PG_VERSION'), 'utf8').trim()
  if (version === MAJOR_VERSION) return
  throw new StockyardError(
    'database',
    'EMBEDDED_VERSION',
    `The data in ${paths.data} is of PostgreSQL ${version}, but this Stockyard brings version ${MAJOR_VERSION}.`,
    { hint: 'Use the version of Stockyard that made it, or set STOCKYARD_HOME to another folder.' },
  )
}

function notACluster(paths: ClusterPaths): StockyardError {
  return new StockyardError(
    'database',
    'EMBEDDED_INIT_FAILED',
    `The folder ${paths.data} holds something else than a PostgreSQL cluster.`,
    { hint: 'Move it away, or set STOCKYARD_HOME to another folder.' },
  )
}
