/**
 * The account that the server runs under. PostgreSQL refuses to run as root, so root hands over to an
 * account without rights; anybody else runs the server as themselves.
 */
import { execFileSync } from 'node:child_process'
import { lchownSync, statSync } from 'node:fs'
import { messageOf, StockyardError } from '../../domain/error.ts'

export interface Account {
  readonly uid: number
  readonly gid: number
}

const CANDIDATES = ['postgres', '_postgres', 'nobody']

/**
 * The account for a home: the one that owns its data or the home itself, where that is not root.
 * Undefined means the present one.
 * @throws StockyardError `EMBEDDED_ACCOUNT` for root without any account to use
 */
export function serverAccount(home: string, dataFolder: string): Account | undefined {
  if (process.getuid?.() !== 0) return undefined
  const account = ownerOf(dataFolder) ?? ownerOf(home)
  if (account !== undefined) return account
  for (const name of CANDIDATES) {
    const candidate = lookUp(name)
    if (candidate !== undefined && candidate.uid !== 0) return candidate
  }
  throw new StockyardError(
    'database',
    'EMBEDDED_ACCOUNT',
    'PostgreSQL does not run as root, and this machine has no account "postgres" or "nobody".',
    { hint: 'Run stockyard as an ordinary user, or set DATABASE_URL to a server of your own.' },
  )
}

/** Who owns a path, unless it is root or the path is not there. */
export function ownerOf(path: string): Account | undefined {
  const found = statSync(path, { throwIfNoEntry: false })
  return found === undefined || found.uid === 0 ? undefined : { uid: found.uid, gid: found.gid }
}

function lookUp(name: string): Account | undefined {
  try {
    const [uid, gid] = ['-u', '-g'].map((flag) =>
      Number(execFileSync('id', [flag, name], { encoding: 'utf8', stdio: 'pipe' })),
    )
    return Number.isInteger(uid) && Number.isInteger(gid) ? { uid, gid } : undefined
  } catch {
    // id fails for a name that does not exist: the next candidate is tried.
    return undefined
  }
}

/**
 * Gives one file or folder, not what is in it, to the account. A link is given itself and never
 * followed, since root does this in folders of others.
 * @throws StockyardError `EMBEDDED_ACCOUNT`
 */
export function giveTo(account: Account, path: string): void {
  try {
    lchownSync(path, account.uid, account.gid)
  } catch (error) {
    throw new StockyardError(
      'database',
      'EMBEDDED_ACCOUNT',
      `${path} cannot be handed to the account that PostgreSQL runs under: ${messageOf(error)}.`,
      {
        hint: 'Run stockyard as an ordinary user, or set DATABASE_URL to a server of your own.',
        cause: error,
      },
    )
  }
}
