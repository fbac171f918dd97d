/**
 * Writing a file whole or not at all: into a neighbour that takes the name when all of it is on the
 * disk.
 */
import { randomUUID } from 'node:crypto'
import { open, realpath, rename, rm, stat, type FileHandle } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { messageOf, StockyardError } from '../domain/error.ts'

export type Write = (chunk: string | Uint8Array) => Promise<void>

/**
 * Writes a file by what `work` writes; where that throws, what was there before is still there. What is
 * no plain file, such as a device or a pipe, is written to as it is.
 * @throws StockyardError `FILE_UNWRITABLE`, `DISK_FULL`
 */
export async function writeFileWhole(
  path: string,
  work: (write: Write) => Promise<void>,
): Promise<void> {
  // A link stays a link: what it points at is replaced.
  const target = await realpath(path).catch(() => resolve(path))
  const found = await stat(target).catch(() => null)
  if (found === null || found.isFile()) {
    const part = join(dirname(target), `.${basename(target)}.${randomUUID()}.part`)
    await writeBeside(part, target, path, work)
    return
  }
  await writeInto(target, 'w', path, work)
}

async function writeBeside(
  part: string,
  target: string,
  path: string,
  work: (write: Write) => Promise<void>,
): Promise<void> {
  try {
    // What somebody else has put there, such as a link to another file, is not written to.
    await writeInto(part, 'wx', path, async (write, file) => {
      await work(write)
      await naming(path, () => file.sync())
    })
    await naming(path, () => rename(part, target))
  } catch (error) {
    // What went wrong first is what matters.
    await rm(part, { force: true }).catch(() => {})
    throw error
  }
}

async function writeInto(
  target: string,
  flags: 'w' | 'wx',
  path: string,
  work: (write: Write, file: FileHandle) => Promise<void>,
): Promise<void> {
  const file = await open(target, flags).catch((error: unknown) => {
    throw fileError(error, path)
  })
  try {
    await work((chunk) => append(file, chunk, path), file)
  } finally {
    await file.close()
  }
}

function append(file: FileHandle, chunk: string | Uint8Array, path: string): Promise<void> {
  return naming(path, () => file.appendFile(chunk))
}

async function naming(path: string, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    throw fileError(error, path)
  }
}

function fileError(error: unknown, path: string): StockyardError {
  const { code } = error as NodeJS.ErrnoException
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new StockyardError(
      'incomplete',
      'DISK_FULL',
      `The disk is full: ${path} was not written.`,
      {
        hint: 'Free some space or name another place; the store is untouched.',
        cause: error,
      },
    )
  }
  const reasons: Readonly<Record<string, string>> = {
    ENOENT: 'its folder does not exist',
    EACCES: 'access is refused',
    EPERM: 'access is refused',
    EROFS: 'the file system is read-only',
    EISDIR: 'it is a folder',
    ENOTDIR: 'its folder is a file',
  }
  const reason = reasons[code ?? ''] ?? messageOf(error)
  return new StockyardError('usage', 'FILE_UNWRITABLE', `${path} cannot be written: ${reason}.`, {
    hint: 'Name a file in a folder that exists and that you may write to.',
    cause: error,
  })
}
