/** Runs the real command in a process of its own, in a home of its own, and gives back what it said. */
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'

const LAUNCHER = join(import.meta.dirname, '../../bin/stockyard.js')

/** A folder of this test file, removed after it; also the working directory, so that no .env is read. */
export const folder = mkdtempSync(join(tmpdir(), 'stockyard-cli-'))
after(() => rmSync(folder, { recursive: true, force: true }))

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

/** Starts a command; only the variables given are set, besides those that any program needs. */
export function start(
  args: readonly string[],
  variables: Variables = {},
  node: string = process.execPath,
): Running {
  const env = {
    PATH: process.env['PATH'],
    HOME: folder,
    NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'] ?? join(folder, 'compiled'),
    STOCKYARD_HOME: join(folder, 'home'),
    // No test calls a vendor: nothing listens there.
    YAHOO_BASE_URL: 'http://127.0.0.1:9',
  }
  const child = spawn(node, [LAUNCHER, ...args], { cwd: folder, env: { ...env, ...variables } })
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

/** Runs a command to its end. */
export function run(args: readonly string[], variables: Variables = {}): Promise<Ended> {
  return start(args, variables).ended
}

/** The one JSON document that a command printed; the caller says of what shape it should be. */
export function readJson<T>(ended: Ended): T {
  return JSON.parse(ended.stdout) as T
}
