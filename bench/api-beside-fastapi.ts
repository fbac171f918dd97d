/**
 * The latest bar, and 5,000 bars as JSON: our API beside the usual design, on one database, asked by the same
 * client in turns.
 */
import type { Pool } from '../src/db/connect.ts'
import { databaseCpu } from './cpu-time.ts'
import { copyFirst, copyToRows, emptyStore, loadFirst, symbolOf } from './api-fill.ts'
import {
  load,
  median,
  startFastApi,
  startStockyard,
  two,
  type CpuShares,
  type Load,
  type Peer,
} from './api-peers.ts'

const SYMBOLS = 5
const ROUNDS = 3
/** The peer answers some requests a second. */
const SECONDS = 10
const WARM_SECONDS = 5

export async function benchLatest(pool: Pool, databaseUrl: string) {
  const paths = Array.from(
    { length: SYMBOLS },
    (_, i) => `/api/v1/stocks/${symbolOf(i + 1)}/prices/latest?interval=1m`,
  )
  return await compare(pool, databaseUrl, paths, { connections: 32, target: 10 })
}

/** More than a server can keep answers to, each from another minute on. */
const WINDOWS = 40

/** The same questions again and again, and questions that were not asked before. */
export async function benchBars(pool: Pool, databaseUrl: string) {
  const paths = Array.from(
    { length: SYMBOLS },
    (_, i) => `/api/v1/stocks/${symbolOf(i + 1)}/prices?interval=1m&limit=5000`,
  )
  const windows = Array.from({ length: WINDOWS }, (_, i) =>
    new Date(Date.UTC(2024, 0, 2, 15, i)).toISOString(),
  ).flatMap((from) => paths.map((one) => `${one}&from=${from}`))
  const how = { connections: 4, target: 35 }
  return {
    again: await compare(pool, databaseUrl, paths, how),
    anew: await compare(pool, databaseUrl, windows, how),
  }
}

async function compare(
  pool: Pool,
  databaseUrl: string,
  paths: readonly string[],
  { connections, target }: { readonly connections: number; readonly target: number },
) {
  await emptyStore(pool)
  await loadFirst(pool)
  await copyFirst(pool, 2, SYMBOLS + 1)
  await copyToRows(pool, SYMBOLS)
  const ours = await startStockyard(databaseUrl)
  const theirs = await startFastApi(databaseUrl)
  try {
    const how = { connections, seconds: SECONDS, databaseSeconds: await databaseCpu(pool) }
    const rounds = { ours: [] as Load[], theirs: [] as Load[] }
    // Until what is hot is compiled.
    for (const peer of [ours, theirs]) {
      if (peer !== null) await load(peer, paths, { ...how, seconds: WARM_SECONDS })
    }
    for (let round = 0; round < ROUNDS; round += 1) {
      rounds.ours.push(await load(ours, paths, how))
      if (theirs !== null) {
        rounds.theirs.push(await load(theirs, paths, how))
      }
    }
    const answerBytes = { ours: await bytesOf(ours, paths), theirs: await bytesOf(theirs, paths) }
    return { connections, ...summarize(rounds, target), answerBytes }
  } finally {
    await ours.stop()
    await theirs?.stop()
    await pool.query('DROP TABLE bench_bars')
  }
}

async function bytesOf(peer: Peer | null, paths: readonly string[]): Promise<number | null> {
  if (peer === null) return null
  const response = await fetch(peer.url + paths[0]!)
  return (await response.arrayBuffer()).byteLength
}

function middle(loads: readonly Load[], pick: (one: Load) => number): number {
  return two(median(loads.map(pick)))
}

/** The figures of one server; null where it did not take part. */
function shown(loads: readonly Load[]) {
  return loads.length === 0
    ? null
    : {
        requestsPerSecond: middle(loads, (one) => one.requestsPerSecond),
        p50Ms: middle(loads, (one) => one.p50Ms),
        p99Ms: middle(loads, (one) => one.p99Ms),
        cpuMsPerRequest: {
          server: middle(loads, (one) => one.cpuMsPerRequest.server),
          database: middle(loads, (one) => one.cpuMsPerRequest.database),
          client: middle(loads, (one) => one.cpuMsPerRequest.client),
        },
        errors: loads.reduce((sum, one) => sum + one.errors, 0),
      }
}

const SERVING = ['server', 'database'] as const

function cpuOf(figures: ReturnType<typeof shown>, shares: readonly (keyof CpuShares)[]): number {
  return shares.reduce((sum, share) => sum + (figures?.cpuMsPerRequest[share] ?? 0), 0)
}

function summarize(rounds: { ours: readonly Load[]; theirs: readonly Load[] }, target: number) {
  const ours = shown(rounds.ours)
  const theirs = shown(rounds.theirs)
  const ratio = (a: number, b: number) => (theirs === null ? null : two(a / b))
  return {
    ratios: {
      requestsPerSecond: {
        value: ratio(ours!.requestsPerSecond, theirs?.requestsPerSecond ?? 0),
        target,
      },
      cpuOfServer: { value: ratio(cpuOf(theirs, ['server']), cpuOf(ours, ['server'])), target },
      cpuOfServerAndDatabase: {
        value: ratio(cpuOf(theirs, SERVING), cpuOf(ours, SERVING)),
        target,
      },
    },
    ours,
    fastApi: theirs,
  }
}
