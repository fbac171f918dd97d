/**
 * The API at size: what the latest bar and one page of bars cost in a store of more and more bars, and
 * files of many bars.
 */
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Pool } from '../src/db/connect.ts'
import { copyFirst, emptyStore, loadFirst, symbolOf } from './api-fill.ts'
import { median, startStockyard, two, type Peer } from './api-peers.ts'

const run = promisify(execFile)
const MILLIONS_LONG = [1, 10, 50]
const MILLIONS_QUICK = [1, 4, 10]
const REQUESTS = 300

/** Median times of one request at a time, at each size and as ratios to the smallest. */
export async function benchTableSize(pool: Pool, databaseUrl: string, isLong: boolean) {
  await emptyStore(pool)
  const each = await loadFirst(pool)
  const sizes = []
  let symbols = 1
  const ours = await startStockyard(databaseUrl)
  try {
    for (const millions of isLong ? MILLIONS_LONG : MILLIONS_QUICK) {
      const wanted = Math.ceil((millions * 1_000_000) / each)
      await copyFirst(pool, symbols + 1, wanted + 1)
      symbols = wanted
      await pool.query('VACUUM ANALYZE')
      // So that writing what was filled in is over before anything is measured.
      await pool.query('CHECKPOINT')
      const latest = `/prices/latest?interval=1m`
      const page = `/prices?interval=1m&from=2025-03-03&limit=390`
      sizes.push({
        bars: symbols * each,
        latestReadMs: await medianMs(pool, ours, symbols, latest),
        pageMs: await medianMs(pool, ours, symbols, page),
      })
    }
  } finally {
    await ours.stop()
    await emptyStore(pool)
  }
  const [first, last] = [sizes[0]!, sizes.at(-1)!]
  return {
    sizes,
    ratios: {
      latestLargestToSmallest: { value: two(last.latestReadMs / first.latestReadMs), target: 1.2 },
      pageLargestToSmallest: { value: two(last.pageMs / first.pageMs), target: 1.2 },
    },
  }
}

/** Of requests over symbols in turn, each read from the database: what is kept is told to be old before. */
async function medianMs(pool: Pool, peer: Peer, symbols: number, rest: string): Promise<number> {
  const times: number[] = []
  for (let i = 0; i < REQUESTS; i += 1) {
    const symbol = symbolOf(1 + ((i * 7) % symbols))
    await pool.query("SELECT pg_notify('stockyard_latest', '*')")
    const start = performance.now()
    const response = await fetch(`${peer.url}/api/v1/stocks/${symbol}${rest}`)
    await response.arrayBuffer()
    if (response.status !== 200) throw new Error(`${symbol}: ${response.status}`)
    times.push(performance.now() - start)
  }
  return two(median(times))
}

const FILE_BARS = 100_000
const ROUNDS = 3

/** 100,000 bars as CSV and as Arrow over HTTP to a file, beside psql's \\copy of the same rows. */
export async function benchFiles(pool: Pool, databaseUrl: string) {
  await emptyStore(pool)
  await loadFirst(pool)
  await pool.query(
    `CREATE TABLE bench_bars AS SELECT symbol, interval, ts, open, high, low, close, volume, vwap,
       trades, provider, state FROM stockyard.bars ORDER BY ts LIMIT ${FILE_BARS}`,
  )
  const ours = await startStockyard(databaseUrl)
  const folder = await mkdtemp(join(tmpdir(), 'stockyard-bench-files-'))
  const { rows } = await pool.query<{ until: string }>(
    `SELECT to_char((max(ts) + interval '1 min') AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS until FROM bench_bars`,
  )
  const bars = `${ours.url}/api/v1/stocks/${symbolOf(1)}/prices?interval=1m&until=${encodeURIComponent(rows[0]!.until)}`
  const fromBars = `SELECT '${symbolOf(1)}', '1m', ts, open, high, low, close, volume, vwap, trades,
    provider, state FROM stockyard.bars('${symbolOf(1)}', '1m', '2024-01-01', '2030-01-01')
    WHERE ts < '${rows[0]!.until}'`
  const copy = (what: string) => [
    databaseUrl,
    '-qc',
    `\\copy ${what} TO '${folder}/copy' CSV HEADER`,
  ]
  const ways: Readonly<Record<string, readonly [string, readonly string[]]>> = {
    csv: ['curl', ['-sf', '-o', join(folder, 'csv'), `${bars}&format=csv`]],
    arrow: ['curl', ['-sf', '-o', join(folder, 'arrow'), `${bars}&format=arrow`]],
    psqlTable: ['psql', copy('bench_bars')],
    psqlBars: ['psql', copy(`(${fromBars.replaceAll('\n', ' ')})`)],
  }
  try {
    const seconds: Record<string, number> = {}
    for (const [name, [program, args]] of Object.entries(ways)) {
      const times: number[] = []
      for (let round = 0; round <= ROUNDS; round += 1) {
        const start = performance.now()
        await run(program, args)
        // The first one warms.
        if (round > 0) times.push(performance.now() - start)
      }
      seconds[name] = two(median(times) / 1000)
    }
    const ratio = (one: string, other: string) => ({
      value: two(seconds[one]! / seconds[other]!),
      target: 2,
    })
    return {
      bars: FILE_BARS,
      seconds,
      ratios: {
        csvToPsqlTable: ratio('csv', 'psqlTable'),
        csvToPsqlBars: ratio('csv', 'psqlBars'),
        arrowToPsqlTable: ratio('arrow', 'psqlTable'),
        arrowToPsqlBars: ratio('arrow', 'psqlBars'),
      },
    }
  } finally {
    await ours.stop()
    await pool.query('DROP TABLE bench_bars')
    await rm(folder, { recursive: true, force: true })
  }
}
