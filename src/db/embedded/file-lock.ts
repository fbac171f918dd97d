/**
 * Locks between processes that the kernel frees when their holder dies, however it dies. Node has no
 * call for them, so an empty SQLite file is locked, whose locks are those of the operating system:
 * nothing is left behind that would have to be recognised as stale.
 */
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { messageOf, StockyardError } from '../../domain/error.ts'

const SQLITE_BUSY = 5
const RETRY_MS = 50

export interface FileLock {
  /** Frees the lock. Freeing it twice is harmless. */
  release(): void
}

/** The lock `path`, shared with others that share it; undefined while somebody holds it alone. */
export function trySharedLock(path: string): FileLock | undefined {
  return tryLock(path, (file) => {
    file.exec('BEGIN')
    // Beginning locks nothing; the first read does.
    file.prepare('SELECT count(*) FROM sqlite_schema').get()
  })
}

/** The lock `path`, held alone; undefined while anybody else holds it, also within this process. */
export function tryExclusiveLock(path: string): FileLock | undefined {
  return tryLock(path, (file) => file.exec('BEGIN EXCLUSIVE'))
}

/**
 * Runs work while nobody else does the same under the lock `path`.
 * @throws StockyardError `LOCK_TIMEOUT`
 */
export async function withExclusiveLock<T>(
  path: string,
  timeoutMs: number,
  work: () => Promise<T>,
): Promise<T> {
  const deadline = performance.now() + timeoutMs
  let lock = tryExclusiveLock(path)
  while (lock === undefined) {
    if (performance.now() > deadline) {
      throw new StockyardError(
        'database',
        'LOCK_TIMEOUT',
        `Another stockyard process has held ${path} for more than ${Math.round(timeoutMs / 1000)} s.`,
        { hint: 'See what the other process is doing; end it if it is stuck.', retry: true },
      )
    }
    await sleep(RETRY_MS)
    lock = tryExclusiveLock(path)
  }
  try {
    return await work()
  } finally {
    lock.release()
  }
}

function tryLock(path: string, take: (file: DatabaseSync) => void): FileLock | undefined {
  let file: DatabaseSync | undefined
  try {
    file = new DatabaseSync(path, { timeout: 0 })
    // SQLite prepares to write when it locks alone. On disk, that would fail when the disk is full.
    file.exec('PRAGMA journal_mode = MEMORY')
    take(file)
  } catch (error) {
    file?.close()
    if ((error as { errcode?: number }).errcode === SQLITE_BUSY) return undefined
    throw new StockyardError(
      'config',
      'HOME_UNWRITABLE',
      `The lock file ${path} cannot be used: ${messageOf(error)}.`,
      { hint: 'Make it writable for you, or set STOCKYARD_HOME to another folder.', cause: error },
    )
  }
  const taken = file
  return {
    release: () => {
      if (taken.isOpen) taken.close()
    },
  }
}
