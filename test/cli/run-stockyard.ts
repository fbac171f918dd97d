/**
 * Runs the real command and gives back what it said: in this process, or, where that is the point, in one
 * of its own. Either way in a home of its own.
 */
import assert from 'node:assert/strict'
import { spawn, type ChildProcess, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { after } from 'node:test'
import { runCommandLine } from '../../src/cli/command-line.ts'

const LAUNCHER = join(import.meta.dirname, '../../bin/stockyard.js')
const SEVERAL_COMMANDS = join(import.meta.dirname, '../support/several-commands.ts')

/** A folder of this test file, removed after it; also the working directory, so that no .env is read. */
export const folder = mkdtempSync(join(tmpdir(), 'stockyard-cli-'))
const before = process.cwd()
process.chdir(folder)
after(() => {
  process.chdir(before)
  rmSync(folder, { recursive: true, force: true })
})

/** Ways in which a command could stay in the process in which it ran. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
const listening = SIGNALS.map((signal) => process.listenerCount(signal))
after(() => {
  const now = SIGNALS.map((signal) => process.listenerCount(signal))
  assert.deepEqual(now, listening, 'a command left listeners behind')
})

/** Processes that have not ended: what a test that failed has left does not outlive its file. */
const running = new Set<ChildProcess>()
after(() => {
  for (const child of running) child.kill('SIGKILL')
})

export interface Ended {
  /** Null where a signal ended the process. */
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface Running {
  readonly child: ChildProcess
  /** Resolves, with standard output so far, once that or standard error holds the text. */
  says(text: string): Promise<string>
  readonly ended: Promise<Ended>
}

export type Variables = Readonly<Record<string, string>>

/** What any program needs, and what keeps a test to itself. */
function surroundings(variables: Variables) {
  return {
    PATH: process.env['PATH'],
    HOME: folder,
    NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'] ?? join(folder, 'compiled'),
    STOCKYARD_HOME: join(folder, 'home'),
    // No test calls a vendor: nothing listens there.
    YAHOO_BASE_URL: 'http://127.0.0.1:9',
    ...variables,
  }
}

/**
 * Runs a command to its end in this process, as src/main.ts does. What its log says goes to standard error
 * of the test: see `runProcess` for that.
 */
export async function run(args: readonly string[], variables: Variables = {}): Promise<Ended> {
  const stdout = makeScreen()
  const stderr = makeScreen()
  const code = await runCommandLine({
    argv: [...args],
    env: surroundings(variables),
    stdout: stdout.stream,
    stderr: stderr.stream,
  })
  return { code, stdout: stdout.text(), stderr: stderr.text() }
}

/** Starts a command in a process of its own; only the variables given are set, besides those that any needs. */
export function start(
  args: readonly string[],
  variables: Variables = {},
  node: string = process.execPath,
): Running {
  return watch(spawn(node, [LAUNCHER, ...args], { cwd: folder, env: surroundings(variables) }))
}

/** Keeps what a process says. */
function watch(child: ChildProcessWithoutNullStreams): Running {
  running.add(child)
  child.once('close', () => running.delete(child))
  const said = { stdout: '', stderr: '' }
  const waiting = new Set<() => void>()
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (chunk: string) => {
      said[name] += chunk
      for (const check of waiting) check()
    })
  }
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, ...said }))
  })
  const says = (text: string) =>
    new Promise<string>((resolve, reject) => {
      const check = () => {
        if (!`${said.stdout}\n${said.stderr}`.includes(text)) return
        waiting.delete(check)
        resolve(said.stdout)
      }
      waiting.add(check)
      check()
      void ended.then(() => reject(new Error(`It ended without saying "${text}": ${said.stderr}`)))
    })
  return { child, says, ended }
}

/** Runs a command to its end in a process of its own. */
export function runProcess(args: readonly string[], variables: Variables = {}): Promise<Ended> {
  return start(args, variables).ended
}

/** Runs some commands to their ends, all in one process: what they and their logs say comes as one. */
export function runSeveral(
  lines: readonly (readonly string[])[],
  variables: Variables = {},
): Promise<Ended> {
  const args = [SEVERAL_COMMANDS, JSON.stringify(lines)]
  return watch(spawn(process.execPath, args, { cwd: folder, env: surroundings(variables) })).ended
}

/** A stream that is no terminal, and what was written to it. */
function makeScreen(): { readonly stream: NodeJS.WriteStream; readonly text: () => string } {
  const written: Buffer[] = []
  const stream = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      written.push(chunk)
      done()
    },
  })
  return {
    stream: stream as unknown as NodeJS.WriteStream,
    text: () => Buffer.concat(written).toString(),
  }
}

/** The one JSON document that a command printed; the caller says of what shape it should be. */
export function readJson<T>(ended: Ended): T {
  return JSON.parse(ended.stdout) as T
}
