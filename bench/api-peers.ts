/** The servers that are measured, each a process of its own, and the one client that asks them all. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import autocannon from 'autocannon'
import { cpuSecondsOf } from './cpu-time.ts'

export interface Peer {
  readonly url: string
  readonly process: ChildProcess
  /** The next line that it prints. */
  nextLine(): Promise<string>
  stop(): Promise<void>
}

/** Our API. */
export async function startStockyard(databaseUrl: string): Promise<Peer> {
  return await start(process.execPath, [path('api-server.ts'), databaseUrl])
}

/** A process that does nothing, to be held against. */
export async function startIdle(): Promise<Peer> {
  return await start(process.execPath, [path('idle-child.ts')])
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
    nextLine: async () => String((await lines.next()).value),
    stop: async () => {
      child.kill()
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    },
  }
}

export interface Load {
  readonly requestsPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly errors: number
  /** Processor time for one request. */
  readonly cpuMsPerRequest: CpuShares
}

/** Who takes how much of something. */
export interface CpuShares {
  readonly server: number
  /** All processes of PostgreSQL. */
  readonly database: number
  readonly client: number
}

export interface LoadOptions {
  readonly connections: number
  readonly seconds: number
  /** Requests a second of all connections together; left out: each asks again as soon as it is answered. */
  readonly rate?: number
  /** Processor time that the database has taken so far, see databaseCpu. */
  readonly databaseSeconds: () => number
}

/** Asks for paths in turn over so many connections for some seconds. */
export async function load(
  peer: Peer,
  paths: readonly string[],
  { connections, seconds, rate, databaseSeconds }: LoadOptions,
): Promise<Load> {
  const spent = (): CpuShares => ({
    server: cpuSecondsOf(peer.process.pid!),
    database: databaseSeconds(),
    client: cpuSecondsOf(process.pid),
  })
  const before = spent()
  const result = await autocannon({
    url: peer.url,
    connections,
    duration: seconds,
    ...(rate === undefined ? {} : { overallRate: rate }),
    requests: paths.map((one) => ({ path: one })),
  })
  const after = spent()
  const count = result.requests.total
  const each = (share: keyof CpuShares) => ((after[share] - before[share]) * 1000) / count
  return {
    requestsPerSecond: count / result.duration,
    p50Ms: result.latency.p50,
    p99Ms: result.latency.p99,
    errors: result.errors + result.timeouts + result.non2xx,
    cpuMsPerRequest: { server: each('server'), database: each('database'), client: each('client') },
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
