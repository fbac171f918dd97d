/**
 * Starts the server of a cluster, or finds it running, and says in one sentence why it does not start.
 * To be called under the start lock.
 */
import { spawn } from 'node:child_process'
import {
  closeSync,
  constants,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { totalmem } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { messageOf, StockyardError } from '../../domain/error.ts'
import type { Logger } from '../../log.ts'
import type { Account } from './account.ts'
import { DISK_FULL, folderArgument, SERVER_ENVIRONMENT, type ClusterPaths } from './cluster.ts'
import type { Distribution } from './distribution.ts'
import { awaitStop, findPostmaster, serverMark } from './postmaster.ts'

/** A server whose postmaster was killed refuses to start until its other processes are gone. */
const REFUSAL_DEADLINE_MS = 60_000
const REFUSAL_RETRY_MS = 250
/** Recovery after a kill replays at most max_wal_size. */
const READY_DEADLINE_MS = 600_000
const READY_POLL_MS = 25
/** The last checkpoint of a shutdown writes at most shared_buffers; a slower one costs a recovery. */
export const SHUTDOWN_DEADLINE_MS = 30_000
const LOG_FILE_MAX_BYTES = 10_000_000
const LOG_FLAGS = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW
const PORT_ATTEMPTS = 5

export interface ServerSetup {
  readonly paths: ClusterPaths
  readonly distribution: Distribution
  readonly account: Account | undefined
  readonly log: Logger
}

/** Why a server ended while it was starting; after `refused` and `killed` it is started again. */
interface Failure {
  readonly kind: 'port' | 'refused' | 'killed' | 'full' | 'other'
  /** The server's own last word. */
  readonly reason: string
}

/**
 * The port of the running server, which is started if need be.
 * @throws StockyardError `EMBEDDED_START_FAILED`, `EMBEDDED_PID_FOREIGN`, `DATABASE_FULL`
 */
export async function ensureServer(setup: ServerSetup): Promise<number> {
  const running = await runningPort(setup)
  if (running !== undefined) return running
  rotateLog(setup.paths.log)
  const deadline = performance.now() + REFUSAL_DEADLINE_MS
  let port = await freePort(savedPort(setup.paths))
  let portsTried = 1
  for (;;) {
    const failure = await startOnce(setup, port)
    if (failure === undefined) {
      writeFileSync(setup.paths.port, `${port}\n`, { mode: 0o600 })
      return port
    }
    if (failure.kind === 'port' && portsTried < PORT_ATTEMPTS) {
      portsTried += 1
      port = await freePort(undefined)
    } else if (isPassing(failure) && performance.now() < deadline) {
      setup.log.debug({ reason: failure.reason }, 'the embedded database is started once more')
      await sleep(REFUSAL_RETRY_MS)
    } else throw startFailed(setup, failure)
  }
}

/** The port of a server that runs already, once it is ready; undefined where none does. */
async function runningPort(setup: ServerSetup): Promise<number | undefined> {
  const { data } = setup.paths
  const found = findPostmaster(data)
  if (found === undefined) return undefined
  if (found.status === 'stopping') {
    await awaitStop(data, found.pid, SHUTDOWN_DEADLINE_MS)
    return undefined
  }
  return waitUntilReady(setup, () => findPostmaster(data) === undefined)
}

/** Starts the server. Undefined once it is ready, else why it ended. */
async function startOnce(setup: ServerSetup, port: number): Promise<Failure | undefined> {
  const logFrom = statSync(setup.paths.log, { throwIfNoEntry: false })?.size ?? 0
  const logFile = openSync(setup.paths.log, LOG_FLAGS, 0o600)
  const child = spawn(setup.distribution.postgres, serverArguments(setup, port), {
    cwd: setup.paths.data,
    ...setup.account,
    env: SERVER_ENVIRONMENT,
    // It outlives us when other processes use it, and a Ctrl-C on our terminal is not meant for it.
    detached: true,
    stdio: ['ignore', logFile, logFile],
  })
  closeSync(logFile)
  child.unref()
  let ended: string | undefined
  child.once('exit', (code, signal) => (ended = signal ?? `the server ended with ${code}`))
  child.once('error', (error) => (ended = messageOf(error)))
  const ready = await waitUntilReady(setup, () => ended !== undefined)
  return ready === undefined ? failureOf(setup.paths.log, logFrom, ended ?? '') : undefined
}

/** The port once the server is ready, or undefined once it has ended. */
async function waitUntilReady(
  setup: ServerSetup,
  hasEnded: () => boolean,
): Promise<number | undefined> {
  const started = performance.now()
  let isReported = false
  while (!hasEnded()) {
    const found = findPostmaster(setup.paths.data)
    if (found?.status === 'ready') return found.port
    const waitedMs = performance.now() - started
    if (waitedMs > READY_DEADLINE_MS) {
      throw startFailed(setup, { kind: 'other', reason: 'it is not ready after 10 minutes' })
    }
    if (waitedMs > 5000 && !isReported) {
      isReported = true
      setup.log.info('the embedded database is recovering from a crash')
    }
    await sleep(READY_POLL_MS)
  }
  return undefined
}

function serverArguments(setup: ServerSetup, port: number): string[] {
  const megabytes = totalmem() / 2 ** 20
  const settings = {
    listen_addresses: '127.0.0.1',
    port,
    unix_socket_directories: '',
    cluster_name: 'stockyard',
    max_connections: 100,
    shared_buffers: `${Math.round(Math.min(1024, Math.max(128, megabytes / 16)))}MB`,
    effective_cache_size: `${Math.round(Math.max(512, megabytes / 2))}MB`,
    work_mem: '32MB',
    maintenance_work_mem: '128MB',
    // Loads come in bursts: checkpoints far apart write a page once instead of many times.
    max_wal_size: '4GB',
    checkpoint_timeout: '15min',
    wal_compression: 'pglz',
    // A statement of a killed process ends soon, and with it the locks that it holds.
    ...(process.platform === 'linux' && { client_connection_check_interval: '2s' }),
    // SSD, and statements too short to be worth compiling.
    random_page_cost: 1.1,
    jit: 'off',
    // The log must not fill with rows.
    log_min_error_statement: 'panic',
    log_timezone: 'UTC',
    timezone: 'UTC',
  }
  return [
    '-D',
    folderArgument(setup.paths.data, setup.account),
    '-c',
    serverMark(setup.paths.data),
    ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ]
}

// Ports ----------------------------------------------------------------------------------------------

function savedPort(paths: ClusterPaths): number | undefined {
  if (statSync(paths.port, { throwIfNoEntry: false }) === undefined) return undefined
  const port = Number(readFileSync(paths.port, 'utf8'))
  return Number.isInteger(port) && port > 0 && port < 65_536 ? port : undefined
}

/** The preferred port if it is free, so that open connections of others come back, else any. */
async function freePort(preferred: number | undefined): Promise<number> {
  if (preferred !== undefined) {
    const port = await listenOnce(preferred)
    if (port !== undefined) return port
  }
  const port = await listenOnce(0)
  if (port !== undefined) return port
  throw new StockyardError(
    'database',
    'EMBEDDED_START_FAILED',
    'No port of 127.0.0.1 is free for the embedded database.',
    { hint: 'End some other programs, or set DATABASE_URL to a server of your own.' },
  )
}

function listenOnce(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(undefined))
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      const bound = (server.address() as AddressInfo).port
      server.close(() => resolve(bound))
    })
  })
}

// Failures -------------------------------------------------------------------------------------------

function rotateLog(path: string): void {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0
  if (size > LOG_FILE_MAX_BYTES) renameSync(path, `${path}.1`)
}

const FAILURE_PATTERNS: readonly (readonly [RegExp, Failure['kind']])[] = [
  [/could not bind|could not create any TCP\/IP sockets/i, 'port'],
  [/lock file .* already exists|pre-existing shared memory block/i, 'refused'],
  [DISK_FULL, 'full'],
]

function isPassing(failure: Failure): boolean {
  return failure.kind === 'refused' || failure.kind === 'killed'
}

function failureOf(logPath: string, logFrom: number, ended: string): Failure {
  if (ended === 'SIGKILL') return { kind: 'killed', reason: 'the server was killed' }
  const text = readFileSync(logPath).subarray(logFrom).toString('utf8')
  const last = text.split('\n').findLast((line) => /\b(FATAL|PANIC):|postgres: error:/.test(line))
  const reason = last?.replace(/^.*?\b(?=FATAL:|PANIC:)/, '').trim() ?? ended
  const kind = FAILURE_PATTERNS.find(([pattern]) => pattern.test(text))?.[1] ?? 'other'
  return { kind, reason }
}

function startFailed(setup: ServerSetup, failure: Failure): StockyardError {
  if (failure.kind === 'full') {
    return new StockyardError(
      'database',
      'DATABASE_FULL',
      `The disk under ${setup.paths.folder} is full: the embedded database said "${failure.reason}".`,
      { hint: 'Free some space there; nothing that was committed is lost.' },
    )
  }
  return new StockyardError(
    'database',
    'EMBEDDED_START_FAILED',
    `The embedded database does not start: "${failure.reason}".`,
    { hint: `Its log is ${setup.paths.log}.` },
  )
}
