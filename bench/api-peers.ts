/** The servers that are measured, each a process of its own, and the one client that asks them all. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import autocannon from 'autocannon'

export interface Peer {
  readonly url: string
  readonly process: ChildProcess
  /** Seconds of processor time that it has taken so far. */
  cpuSeconds(): number
  /** The next line that it prints. */
  nextLine(): Promise<string>
  stop(): Promise<void>
}

/** Our API. */
export async function startStockyard(databaseUrl: string): Promise<Peer> {
  return await start(process.execPath, [path('api-server.ts'), databaseUrl])
}

/** FastAPI with asyncpg and pydantic; null where Debian's packages for it are not installed. */
export async function startFastApi(databaseUrl: string): Promise<Peer | null> {
  try {
    return await start('/usr/bin/python3', [path('fastapi_app.py'), databaseUrl])
  } catch {
    console.error('without FastAPI: install python3-fastapi, python3-asyncpg and python3-uvicorn')
    return null
  }
}

async function start(program: string, args: readonly string[]): Promise<Peer> {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
  const first = await Promise.race([lines.next(), once(child, 'exit').then(() => ({ done: true }))])
  if (first.done === true) throw new Error(`${program} did not start`)
  const said = String((first as IteratorResult<string>).value)
  return {
    url: said.startsWith('http') ? said : `http://127.0.0.1:${said}`,
    process: child,
    cpuSeconds: () => cpuSeconds(child.pid!),
    nextLine: async () => String((await lines.next()).value),
    stop: async () => {
      child.kill()
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    },
  }
}

/** User and system time of a process, from Linux; NaN elsewhere. */
function cpuSeconds(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')
    return (Number(fields[11]) + Number(fields[12])) / 100
  } catch {
    return Number.NaN
  }
}

export interface Load {
  readonly requestsPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly errors: number
  /** Processor time of the server for one request. */
  readonly cpuMsPerRequest: number
}

/** Asks for paths in turn over so many connections for some seconds. */
export async function load(
  peer: Peer,
  paths: readonly string[],
  { connections, seconds }: { readonly connections: number; readonly seconds: number },
): Promise<Load> {
  const before = peer.cpuSeconds()
  const result = await autocannon({
    url: peer.url,
    connections,
    duration: seconds,
    requests: paths.map((one) => ({ path: one })),
  })
  const count = result.requests.total
  return {
    requestsPerSecond: count / result.duration,
    p50Ms: result.latency.p50,
    p99Ms: result.latency.p99,
    errors: result.errors + result.timeouts + result.non2xx,
    cpuMsPerRequest: ((peer.cpuSeconds() - before) * 1000) / count,
  }
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!
}

export function two(value: number): number {
  return Math.round(value * 100) / 100
}

export function path(file: string): string {
  return fileURLToPath(new URL(file, import.meta.url))
}
