/** The archive of a configuration, for commands that call vendors. */
import { join } from 'node:path'
import { openFileArchive, type FileArchive } from '../archive/file-archive.ts'
import type { Config } from '../config.ts'
import { messageOf } from '../domain/error.ts'
import { ensureHome } from './home-folder.ts'
import type { CommandContext } from './run-command.ts'

/** Folder of the archive. */
export function archiveFolder(config: Config): string {
  return join(config.home, 'archive')
}

/**
 * An archive that is written out when the command ends; undefined where none is wanted, or where there
 * is no home to have it in: that is told and stops nothing.
 */
export async function openArchive(
  context: CommandContext,
  config: Config,
): Promise<FileArchive | undefined> {
  if (config.archive === null) return undefined
  const log = await context.log()
  try {
    await ensureHome(config.home)
  } catch (error) {
    log.warn(`Answers are not archived: ${messageOf(error)}`)
    return undefined
  }
  const root = archiveFolder(config)
  const archive = openFileArchive({ root, clock: context.clock, log, ...config.archive })
  context.onClose(() => archive.flush())
  return archive
}
