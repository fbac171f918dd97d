/**
 * The running server, seen through its pid file: whose process it is, whether it is ready, and how it
 * is stopped. The pid file is PostgreSQL's; it is read here and never removed.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { StockyardError } from '../../domain/error.ts'

export interface Postmaster {
  readonly pid: number
  readonly port: number
  readonly status: 'starting' | 'ready' | 'stopping'
}

const POLL_MS = 50
/** An immediate stop writes nothing, so that only a stuck kernel keeps it from coming true. */
const IMMEDIATE_STOP_TIMEOUT_MS = 15_000

/**
 * The live postmaster of a data folder, or undefined where there is none (a pid file whose process is
 * gone is left to PostgreSQL, which checks more than that).
 * @throws StockyardError `EMBEDDED_PID_FOREIGN` when its pid now belongs to some other program of the
 * same account: PostgreSQL would refuse to start, and only a person can tell that this is safe
 */
export function findPostmaster(data: string): Postmaster | undefined {
  const found = readPidFile(data)
  if (found === undefined || !isAlive(found.pid)) return undefined
  const command = commandLine(found.pid)
  if (command.includes(serverMark(data))) return found
  // A process that is ending has no command line any more.
  if (command === '') return undefined
  // PostgreSQL is not kept from starting by a process that its account may not signal.
  if (!isOfSameOwner(found.pid, data)) return undefined
  throw new StockyardError(
    'database',
    'EMBEDDED_PID_FOREIGN',
    `${join(data, 'postmaster.pid')} names process ${found.pid}, which runs but was not started by Stockyard.`,
    {
      hint: `Look at it with: ps ${found.pid}. Stop it if it is PostgreSQL; if it is not, remove that file.`,
    },
  )
}

/**
 * A setting without effect that the server is started with. It shows in the list of processes, where
 * it tells which folder the server belongs to even to those who may not look at its open files.
 */
export function serverMark(data: string): string {
  return `stockyard.data=${data}`
}

/**
 * Asks the server to stop, ending its sessions, and waits; see `awaitStop`. False when it still runs
 * after that.
 */
export async function stopPostmaster(data: string, timeoutMs: number): Promise<boolean> {
  const found = findPostmaster(data)
  if (found === undefined) return true
  signal(found.pid, 'SIGINT')
  return awaitStop(data, found.pid, timeoutMs)
}

/**
 * Waits for a server that was asked to stop. One that does not within the time is stuck (PostgreSQL 18
 * is when it is asked while it recovers from a crash of one of its processes, as on a full disk), and
 * is stopped at once: the next start recovers all that was committed. False when even that is in vain.
 */
export async function awaitStop(data: string, pid: number, timeoutMs: number): Promise<boolean> {
  if (await waitUntilGone(pid, timeoutMs)) return true
  // The number may be another process's by now.
  if (findPostmaster(data)?.pid !== pid) return true
  signal(pid, 'SIGQUIT')
  return waitUntilGone(pid, IMMEDIATE_STOP_TIMEOUT_MS)
}

function signal(pid: number, name: 'SIGINT' | 'SIGQUIT'): void {
  try {
    process.kill(pid, name)
  } catch (error) {
    // It ended in this moment.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** False when the process still runs at the deadline. */
async function waitUntilGone(pid: number, timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs
  while (isAlive(pid)) {
    if (performance.now() > deadline) return false
    await sleep(POLL_MS)
  }
  return true
}

function readPidFile(data: string): Postmaster | undefined {
  let text: string
  try {
    text = readFileSync(join(data, 'postmaster.pid'), 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  // Lines: pid, folder, start, port, socket folder, address, shared memory key, status.
  const lines = text.split('\n')
  const pid = Math.abs(Number(lines[0]))
  if (!Number.isInteger(pid) || pid === 0) return undefined
  const status = lines[7]?.trim()
  return {
    pid,
    port: Number(lines[3] ?? 0),
    status: status === 'ready' || status === 'stopping' ? status : 'starting',
  }
}

/** True for a process that runs; a dead one that nobody has waited for yet does not. */
function isAlive(pid: number): boolean {
  if (process.platform === 'linux') {
    const state = processState(pid)
    return state !== undefined && state !== 'Z' && state !== 'X'
  }
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** The letter of /proc/PID/stat; undefined where there is no such process. */
function processState(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name before it stands in brackets and may hold any character.
    return stat.slice(stat.lastIndexOf(')') + 2).charAt(0)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ESRCH') return undefined
    throw error
  }
}

function commandLine(pid: number): string {
  try {
    return process.platform === 'linux'
      ? readFileSync(`/proc/${pid}/cmdline`, 'utf8')
      : execFileSync('ps', ['-ww', '-o', 'command=', '-p', String(pid)], { encoding: 'utf8' })
  } catch {
    // The process ended in this moment.
    return ''
  }
}

function isOfSameOwner(pid: number, data: string): boolean {
  if (process.platform !== 'linux') return true
  return statSync(`/proc/${pid}`, { throwIfNoEntry: false })?.uid === statSync(data).uid
}
