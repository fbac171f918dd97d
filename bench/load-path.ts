/**
 * Loading: the whole path from HTTP to committed, fresh and unchanged, beside raw binary COPY of the same
 * bars as rows, and beside psycopg2's batched upsert where that is installed. All in one run on one
 * database; ratios of medians over several rounds.
 */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Pool } from '../src/db/connect.ts'

const run = promisify(execFile)
const ROUNDS = 3
const PSYCOPG2_BARS = 30_000

interface Measured {
  readonly bars: number
  readonly inserted: number
  readonly unchanged: number
  readonly seconds: number
  readonly peakMemoryMb: number
}

/** Measures and gives the figures with their targets. */
export async function benchLoadPath(pool: Pool, databaseUrl: string) {
  const vendor = spawn(process.execPath, [path('vendor-server.ts')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  try {
    const [port] = (await once(vendor.stdout, 'data')) as [Buffer]
    const vendorUrl = `http://127.0.0.1:${String(port).trim()}`
    const rounds = []
    for (let round = 0; round < ROUNDS; round += 1) {
      rounds.push(await measureRound(pool, databaseUrl, vendorUrl))
    }
    return summarize(rounds, await bytesPerBar(pool), await psycopg2(databaseUrl))
  } finally {
    vendor.kill()
  }
}

async function measureRound(pool: Pool, databaseUrl: string, vendorUrl: string) {
  await pool.query(
    'TRUNCATE stockyard.pages, stockyard.series_heads, stockyard.series, stockyard.tasks, stockyard.runs CASCADE',
  )
  await pool.query('CHECKPOINT')
  const fresh = await child('path', databaseUrl, vendorUrl)
  if (fresh.inserted !== fresh.bars) throw new Error('fresh history was not all inserted')
  await pool.query('CHECKPOINT')
  const before = await pagesWritten(pool)
  const unchanged = await child('path', databaseUrl, vendorUrl)
  if (unchanged.unchanged !== unchanged.bars) throw new Error('unchanged history was changed')
  const written = (await pagesWritten(pool)) - before
  await pool.query('CHECKPOINT')
  const rows = await child('rows', databaseUrl, vendorUrl)
  await pool.query('DROP TABLE bench_rows')
  return { fresh, unchanged, rows, written }
}

async function child(mode: string, databaseUrl: string, vendorUrl: string): Promise<Measured> {
  const { stdout } = await run(process.execPath, [
    path('load-child.ts'),
    mode,
    databaseUrl,
    vendorUrl,
  ])
  return JSON.parse(stdout) as Measured
}

/** Rows of pages that were ever written, as the server counts them. */
async function pagesWritten(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ written: number }>(
    `SELECT pg_stat_force_next_flush(), n_tup_ins + n_tup_upd + n_tup_del AS written
     FROM pg_stat_user_tables WHERE schemaname = 'stockyard' AND relname = 'pages'`,
  )
  return rows[0]!.written
}

async function bytesPerBar(pool: Pool): Promise<number> {
  await pool.query('VACUUM FULL stockyard.pages')
  const { rows } = await pool.query<{ bytes: number }>(
    "SELECT pg_total_relation_size('stockyard.pages') / sum(bars)::float8 AS bytes FROM stockyard.pages",
  )
  return rows[0]!.bytes
}

/** Bars a second by each of psycopg2's ways to upsert; null where it is not installed. */
async function psycopg2(databaseUrl: string): Promise<Record<string, number> | null> {
  try {
    const { stdout } = await run('/usr/bin/python3', [
      path('psycopg2_upsert.py'),
      databaseUrl,
      String(PSYCOPG2_BARS),
    ])
    return JSON.parse(stdout) as Record<string, number>
  } catch (error) {
    console.error(
      `without psycopg2: ${
        String((error as Error).message)
          .split('\n')
          .at(-2) ?? ''
      }`,
    )
    return null
  }
}

type Round = Awaited<ReturnType<typeof measureRound>>

function summarize(
  rounds: readonly Round[],
  bytes: number,
  python: Awaited<ReturnType<typeof psycopg2>>,
) {
  const rate = (pick: (round: Round) => Measured) =>
    median(rounds.map((round) => pick(round).bars / pick(round).seconds))
  const fresh = rate((round) => round.fresh)
  const unchanged = rate((round) => round.unchanged)
  const rows = rate((round) => round.rows)
  return {
    bars: rounds[0]!.fresh.bars,
    rounds: rounds.length,
    barsPerSecond: {
      pathFresh: Math.round(fresh),
      pathUnchanged: Math.round(unchanged),
      rowCopy: Math.round(rows),
      psycopg2: python,
    },
    ratios: {
      freshToRowCopy: { value: two(fresh / rows), target: 1 },
      unchangedToRowCopy: { value: two(unchanged / rows), target: 1.5 },
      freshToPsycopg2:
        python === null
          ? null
          : Object.fromEntries(
              Object.entries(python).map(([way, upserts]) => [
                way,
                { value: two(fresh / upserts), target: 50 },
              ]),
            ),
    },
    pagesWrittenWhenUnchanged: Math.max(...rounds.map((round) => round.written)),
    bytesPerBar: { value: two(bytes), target: 50 },
    peakMemoryMb: Math.max(
      ...rounds.flatMap((round) => [round.fresh.peakMemoryMb, round.unchanged.peakMemoryMb]),
    ),
  }
}

function two(value: number): number {
  return Math.round(value * 100) / 100
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!
}

function path(file: string): string {
  return fileURLToPath(new URL(file, import.meta.url))
}
