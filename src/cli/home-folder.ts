/** The folder of STOCKYARD_HOME: made where it is missing, readable for its owner only. */
import { access, constants, mkdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { messageOf, StockyardError } from '../domain/error.ts'

/**
 * Makes sure of the folder.
 * @throws StockyardError `HOME_UNWRITABLE`
 */
export async function ensureHome(home: string): Promise<void> {
  try {
    await makeFolder(home)
    await access(home, constants.R_OK | constants.W_OK | constants.X_OK)
  } catch (error) {
    const sentence = `The folder ${home} cannot be used as STOCKYARD_HOME: ${messageOf(error)}.`
    throw new StockyardError('config', 'HOME_UNWRITABLE', sentence, {
      hint: 'Make it writable for you, or set STOCKYARD_HOME to another folder.',
      cause: error,
    })
  }
}

/**
 * Makes a folder and those above it. Not by mkdir's own `recursive`: that never ends where a folder
 * exists in which none can be made, as in /proc.
 */
async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST' && (await stat(path)).isDirectory()) return
    if (code !== 'ENOENT' || (await exists(dirname(path)))) throw error
    await makeFolder(dirname(path))
    await mkdir(path, { mode: 0o700 })
  }
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
