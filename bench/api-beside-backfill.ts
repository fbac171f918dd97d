/**
 * 64 clients while a backfill runs: in the server's process, as a run that a server is asked for, and in another one,
 * as a command. The clients ask five times a second each, as people and programs at work do, or without a pause,
 * which fills both processors by itself. Beside the server a process that does nothing is watched.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Pool } from '../src/db/connect.ts'
import { copyFirst, emptyStore, loadFirst, symbolOf } from './api-fill.ts'
import { load, path, startIdle, startStockyard, two, type Peer } from './api-peers.ts'
import { databaseCpu } from './cpu-time.ts'
import type { LoopDelay } from './event-loop.ts'

const CLIENTS = 64
const SECONDS = 10
const SYMBOLS = 8
const BACKFILL_SYMBOLS = 60
const TARGET_MS = 50
/** Of one client, where it pauses. */
const REQUESTS_A_SECOND = 5

/** Clients that ask for the latest bar and for 1,000 bars, half of them each. */
export async function benchBesideBackfill(pool: Pool, databaseUrl: string) {
  await emptyStore(pool)
  await loadFirst(pool)
  await copyFirst(pool, 2, SYMBOLS + 1)
  const databaseSeconds = await databaseCpu(pool)
  const vendor = await startVendor()
  const folder = await mkdtemp(join(tmpdir(), 'stockyard-bench-archive-'))
  const idle = await startIdle()
  const measured: Record<string, Awaited<ReturnType<typeof measure>>> = {}
  const ways: Readonly<Record<string, (ours: Peer) => () => Promise<void>>> = {
    alone: () => () => Promise.resolve(),
    besideRunOfServer: (ours) => {
      const place = [vendor.url, join(folder, 'server'), BACKFILL_SYMBOLS].join(' ')
      ours.process.stdin!.write(`${place}\n`)
      return () => Promise.resolve()
    },
    besideCommand: () => startCommand([databaseUrl, vendor.url, join(folder, 'command')]),
  }
  try {
    for (const [name, begin] of Object.entries(ways)) {
      for (const [pace, rate] of Object.entries(PACES)) {
        const ours = await startStockyard(databaseUrl)
        const end = begin(ours)
        measured[`${name}, ${pace}`] = await measure(pool, ours, idle, databaseSeconds, rate)
        await ours.stop()
        await end()
        await emptyFilled(pool)
      }
    }
  } finally {
    await idle.stop()
    vendor.stop()
    await rm(folder, { recursive: true, force: true })
    await emptyStore(pool)
  }
  const worst = (figure: 'p99' | 'ownMax', pace: string) =>
    Math.max(
      ...Object.entries(measured)
        .filter(([name]) => name.endsWith(pace))
        .map(([, { loop }]) => loop[figure]),
    )
  return {
    clients: CLIENTS,
    ...measured,
    delayP99Ms: { value: worst('p99', 'five a second'), target: TARGET_MS },
    ownDelayMaxMs: { value: worst('ownMax', ''), target: TARGET_MS },
  }
}

/** Requests a second of half of the clients. */
const PACES: Readonly<Record<string, number | undefined>> = {
  'five a second': (CLIENTS / 2) * REQUESTS_A_SECOND,
  'without a pause': undefined,
}

async function measure(
  pool: Pool,
  ours: Peer,
  idle: Peer,
  databaseSeconds: () => number,
  rate: number | undefined,
) {
  const paths = Array.from(
    { length: SYMBOLS },
    (_, i) => `/api/v1/stocks/${symbolOf(i + 1)}/prices`,
  )
  const bars = paths.map((one) => `${one}?interval=1m&limit=1000`)
  const latest = paths.map((one) => `${one}/latest?interval=1m`)
  const paced = rate === undefined ? {} : { rate }
  const how = { connections: CLIENTS / 2, databaseSeconds }
  // What a server does once, when it has just begun, is not what is measured.
  await load(ours, [...bars, ...latest], { ...how, seconds: 2 })
  const before = await barsFilled(pool)
  await Promise.all([delayOf(ours), delayOf(idle)])
  const [ofBars, ofLatest] = await Promise.all([
    load(ours, bars, { ...how, seconds: SECONDS, ...paced }),
    load(ours, latest, { ...how, seconds: SECONDS, ...paced }),
  ])
  const [loop, idleLoop] = await Promise.all([delayOf(ours), delayOf(idle)])
  const filled = (await barsFilled(pool)) - before
  const shown = ({ requestsPerSecond, p50Ms, p99Ms, errors }: typeof ofBars) => ({
    requestsPerSecond: two(requestsPerSecond),
    p50Ms,
    p99Ms,
    errors,
  })
  return {
    bars: shown(ofBars),
    latest: shown(ofLatest),
    loop,
    idleLoop,
    barsFilledMeanwhile: filled,
  }
}

/** How late an event loop has been since the question before. */
async function delayOf(peer: Peer): Promise<LoopDelay> {
  peer.process.stdin!.write('\n')
  return JSON.parse(await peer.nextLine()) as LoopDelay
}

const FILLED = `series_id IN (SELECT s.id FROM stockyard.series s JOIN stockyard.symbols y
  USING (instrument_id) WHERE y.symbol LIKE 'FILL%')`

async function barsFilled(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ bars: number }>(
    `SELECT coalesce(sum(bars), 0) AS bars FROM stockyard.series_heads WHERE ${FILLED}`,
  )
  return rows[0]!.bars
}

/** So that the next backfill has the same to do. */
async function emptyFilled(pool: Pool): Promise<void> {
  for (const table of ['pages', 'series_heads']) {
    await pool.query(`DELETE FROM stockyard.${table} WHERE ${FILLED}`)
  }
}

async function startVendor() {
  const vendor = spawn(process.execPath, [path('vendor-server.ts')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [port] = (await once(vendor.stdout, 'data')) as [Buffer]
  return { url: `http://127.0.0.1:${String(port).trim()}`, stop: () => vendor.kill() }
}

function startCommand(args: readonly string[]): () => Promise<void> {
  const child = spawn(
    process.execPath,
    [path('backfill-child.ts'), ...args, String(BACKFILL_SYMBOLS)],
    { stdio: 'ignore' },
  )
  return async () => {
    child.kill()
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  }
}
