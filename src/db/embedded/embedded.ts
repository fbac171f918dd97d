/**
 * The embedded PostgreSQL: started by whichever stockyard process comes first, shared by all that use
 * the same home, and stopped by the last one. A server that dies meanwhile is started again.
 */
import { accessSync, constants, mkdirSync, realpathSync } from 'node:fs'
import { messageOf, StockyardError } from '../../domain/error.ts'
import { registerSecret, type Logger } from '../../log.ts'
import { giveTo, ownerOf, serverAccount } from './account.ts'
import { clusterPaths, ensureCluster, readPassword, type ClusterPaths } from './cluster.ts'
import { findDistribution, SYSTEM_FOLDERS } from './distribution.ts'
import { tryExclusiveLock, trySharedLock, withExclusiveLock, type FileLock } from './file-lock.ts'
import { findPostmaster, stopPostmaster } from './postmaster.ts'
import { ensureServer, SHUTDOWN_DEADLINE_MS, type ServerSetup } from './server.ts'

export interface EmbeddedServer {
  /** Connection URL with the password; it stays the same while the server is held. */
  readonly url: string
  /** Gives the server up, and stops it when nobody else uses it. Harmless when repeated. */
  release(): Promise<void>
}

/** Making a cluster takes seconds, recovery from a crash can take minutes. */
const START_LOCK_TIMEOUT_MS = 660_000
const WATCH_INTERVAL_MS = 1000

/**
 * Holds the embedded server of a home, made and started if need be.
 * @param home absolute path of STOCKYARD_HOME
 * @throws StockyardError of kind `database`, or `HOME_UNWRITABLE`
 */
export async function startEmbedded(home: string, log: Logger): Promise<EmbeddedServer> {
  const paths = clusterPaths(prepareHome(home))
  const held = await withExclusiveLock(paths.startLock, START_LOCK_TIMEOUT_MS, async () => {
    const setup = await prepare(paths, log)
    const port = await ensureServer(setup)
    const lease = shareUse(paths)
    giveToHomeOwner(paths)
    return { setup, port, lease }
  })
  const password = readPassword(paths)
  registerSecret(password)
  const url = `postgres://stockyard:${password}@127.0.0.1:${held.port}/stockyard`
  const stopWatching = watch(held.setup, held.port)
  let released: Promise<void> | undefined
  const release = () => {
    released ??= stopWatching().then(() => giveUp(paths, held.lease, log))
    return released
  }
  return { url, release }
}

/** Makes the folders, and gives the home's path without links, the same for all who use it. */
function prepareHome(home: string): string {
  try {
    mkdirSync(home, { recursive: true, mode: 0o700 })
    const { folder } = clusterPaths(home)
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    accessSync(folder, constants.W_OK | constants.X_OK)
    return realpathSync(home)
  } catch (error) {
    throw new StockyardError(
      'config',
      'HOME_UNWRITABLE',
      `The folder ${home} cannot be used as STOCKYARD_HOME: ${messageOf(error)}.`,
      { hint: 'Make it writable for you, or set STOCKYARD_HOME to another folder.', cause: error },
    )
  }
}

/** What root makes in the home of somebody else must stay usable for them. */
function giveToHomeOwner(paths: ClusterPaths): void {
  const owner = process.getuid?.() === 0 ? ownerOf(paths.home) : undefined
  if (owner === undefined) return
  const { folder, password, port, log, startLock, useLock } = paths
  for (const path of [folder, password, port, log, startLock, useLock]) giveTo(owner, path)
}

async function prepare(paths: ClusterPaths, log: Logger): Promise<ServerSetup> {
  const account = serverAccount(paths.home, paths.data)
  const distribution = await findDistribution(
    account,
    account === undefined ? [paths.folder] : SYSTEM_FOLDERS,
  )
  await ensureCluster(paths, distribution, account, log)
  return { paths, distribution, account, log }
}

function shareUse(paths: ClusterPaths): FileLock {
  const lease = trySharedLock(paths.useLock)
  if (lease !== undefined) return lease
  // It is held alone only under the start lock, which is ours.
  throw new StockyardError(
    'internal',
    'LEASE_REFUSED',
    `The lock ${paths.useLock} is held alone.`,
    {
      hint: 'Run the command again; please report it where it stays so.',
    },
  )
}

async function giveUp(paths: ClusterPaths, lease: FileLock, log: Logger): Promise<void> {
  await withExclusiveLock(paths.startLock, START_LOCK_TIMEOUT_MS, async () => {
    lease.release()
    const last = tryExclusiveLock(paths.useLock)
    if (last === undefined) return
    try {
      const isStopped = await stopPostmaster(paths.data, SHUTDOWN_DEADLINE_MS)
      if (!isStopped) log.warn('the embedded database is still shutting down')
    } finally {
      last.release()
    }
  })
}

/** Starts the server again when it has died. The answer stops watching, after a start in hand. */
function watch(setup: ServerSetup, port: number): () => Promise<void> {
  let current: Promise<void> = Promise.resolve()
  let isBusy = false
  const look = async () => {
    try {
      if (findPostmaster(setup.paths.data) !== undefined) return
      setup.log.warn('the embedded database has died and is started again')
      await restart(setup, port)
    } catch (error) {
      setup.log.error({ reason: messageOf(error) }, 'the embedded database could not be restarted')
    } finally {
      isBusy = false
    }
  }
  const timer = setInterval(() => {
    if (isBusy) return
    isBusy = true
    current = look()
  }, WATCH_INTERVAL_MS)
  timer.unref()
  return () => {
    clearInterval(timer)
    return current
  }
}

async function restart(setup: ServerSetup, port: number): Promise<void> {
  await withExclusiveLock(setup.paths.startLock, START_LOCK_TIMEOUT_MS, async () => {
    const now = await ensureServer(setup)
    if (now === port) return
    throw new StockyardError(
      'database',
      'EMBEDDED_PORT',
      `The embedded database had to move from port ${port} to ${now}, since another program took it.`,
      { hint: 'Restart stockyard.' },
    )
  })
}
