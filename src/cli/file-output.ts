/**
 * Writing a file whole or not at all: into a neighbour that takes the name when all of it is on the
 * disk.
 */
import { open, rename, rm, type FileHandle } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { messageOf, StockyardError } from '../domain/error.ts'

/**
 * Writes a file by what `work` writes; where that throws, nothing of it stays.
 * @throws StockyardError `FILE_UNWRITABLE`, `DISK_FULL`
 */
export async function writeFileWhole(
  path: string,
  work: (write: (text: string) => Promise<void>) => Promise<void>,
): Promise<void> {
  const target = resolve(path)
  const part = join(dirname(target), `.${basename(target)}.${process.pid}.part`)
  const file = await open(part, 'w').catch((error: unknown) => {
    throw fileError(error, path)
  })
  try {
    await work((text) => append(file, text, path))
    await naming(path, () => file.sync())
    await file.close()
    await naming(path, () => rename(part, target))
  } catch (error) {
    await file.close().catch(() => {})
    await rm(part, { force: true })
    throw error
  }
}

function append(file: FileHandle, text: string, path: string): Promise<void> {
  return naming(path, () => file.appendFile(text))
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
