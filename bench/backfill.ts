/**
 * Backfill: from HTTP to committed, one call under way and every answer archived, beside raw binary COPY of
 * bars as rows on the same database in the same run; calls a final bar, and memory over time. The long
 * one takes ten million bars.
 */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Pool } from '../src/db/connect.ts'

const run = promisify(execFile)
/** Of 88,500 bars each. */
const SYMBOLS_QUICK = 12
const SYMBOLS_LONG = 113
const ROUNDS_QUICK = 3

interface Filled {
  readonly bars: number
  readonly calls: number
  readonly seconds: number
  /** With the first bars of the process, and what it does but once. */
  readonly fromStart: { readonly bars: number; readonly seconds: number }
  readonly answersNotKept: number
  readonly memoryMb: readonly number[]
  readonly peakMemoryMb: number
}

/** Measures and gives the figures with their targets. */
export async function benchBackfill(pool: Pool, databaseUrl: string, isLong: boolean) {
  const vendor = spawn(process.execPath, [path('vendor-server.ts')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  try {
    const [port] = (await once(vendor.stdout, 'data')) as [Buffer]
    const vendorUrl = `http://127.0.0.1:${String(port).trim()}`
    const rounds = []
    for (let round = 0; round < (isLong ? 1 : ROUNDS_QUICK); round += 1) {
      rounds.push({
        filled: await fill(pool, databaseUrl, vendorUrl, isLong ? SYMBOLS_LONG : SYMBOLS_QUICK),
        rows: await copyRows(pool, databaseUrl),
      })
    }
    return summarize(rounds)
  } finally {
    vendor.kill()
  }
}

async function fill(
  pool: Pool,
  databaseUrl: string,
  vendorUrl: string,
  symbols: number,
): Promise<Filled> {
  await pool.query(
    'TRUNCATE stockyard.pages, stockyard.series_heads, stockyard.series, stockyard.tasks, stockyard.runs CASCADE',
  )
  await pool.query('CHECKPOINT')
  const folder = await mkdtemp(join(tmpdir(), 'stockyard-bench-archive-'))
  try {
    const args = [path('backfill-child.ts'), databaseUrl, vendorUrl, join(folder, 'archive')]
    const { stdout } = await run(process.execPath, [...args, String(symbols)])
    return JSON.parse(stdout) as Filled
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function copyRows(pool: Pool, databaseUrl: string) {
  await pool.query('CHECKPOINT')
  const { stdout } = await run(process.execPath, [path('load-child.ts'), 'rows', databaseUrl])
  await pool.query('DROP TABLE bench_rows')
  return JSON.parse(stdout) as { readonly bars: number; readonly seconds: number }
}

function summarize(
  rounds: readonly { filled: Filled; rows: { readonly bars: number; readonly seconds: number } }[],
) {
  const filled = median(rounds.map((round) => round.filled.bars / round.filled.seconds))
  const fromStart = median(
    rounds.map((round) => round.filled.fromStart.bars / round.filled.fromStart.seconds),
  )
  const rows = median(rounds.map((round) => round.rows.bars / round.rows.seconds))
  const last = rounds.at(-1)!.filled
  return {
    bars: last.bars,
    rounds: rounds.length,
    barsPerSecond: {
      backfill: Math.round(filled),
      backfillFromStart: Math.round(fromStart),
      rowCopy: Math.round(rows),
    },
    ratios: {
      backfillToRowCopy: { value: Math.round((100 * filled) / rows) / 100, target: 1 },
      fromStartToRowCopy: Math.round((100 * fromStart) / rows) / 100,
    },
    callsPerMillionFinalBars: Math.round((1_000_000 * last.calls) / last.bars),
    answersNotKept: {
      value: Math.max(...rounds.map((round) => round.filled.answersNotKept)),
      target: 0,
    },
    memoryOverTimeMb: last.memoryMb,
    peakMemoryMb: {
      value: Math.max(...rounds.map((round) => round.filled.peakMemoryMb)),
      target: 256,
    },
  }
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!
}

function path(file: string): string {
  return fileURLToPath(new URL(file, import.meta.url))
}
