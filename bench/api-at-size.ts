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
import { cpuSecondsOf, databaseCpu } from './cpu-time.ts'
import { median, startStockyard, two, type Peer } from './api-peers.ts'

const run = promisify(execFile)
const MILLIONS_LONG = [1, 10, 50]
const MILLIONS_QUICK = [1, 4, 10]
/** Over so many symbols from all that are there, or all. */
const SYMBOLS_ASKED = 24
const REQUESTS = 150
const ROUNDS_AT_SIZE = 2
const TARGET_RATIO = 1.2

/**
 * What a latest bar that is read and a page of bars cost, one request at a time, at each size and as ratios to
 * the smallest. What is asked for was asked for before, since memory that is cold is no matter of size.
 */
export async function benchTableSize(pool: Pool, databaseUrl: string, isLong: boolean) {
  await emptyStore(pool)
  const each = await loadFirst(pool)
  const databaseSeconds = await databaseCpu(pool)
  const sizes = []
  let symbols = 1
  // Its work after the filling in would be counted as work for what is asked.
  await setAutovacuum(pool, 'off')
  try {
    for (const millions of isLong ? MILLIONS_LONG : MILLIONS_QUICK) {
      const wanted = Math.ceil((millions * 1_000_000) / each)
      await copyFirst(pool, symbols + 1, wanted + 1)
      symbols = wanted
      await pool.query('VACUUM stockyard.pages')
      // Of what pages are found by: statistics of their columns would take longer than all else here.
      await pool.query('ANALYZE stockyard.pages (series_id, starts_on)')
      await pool.query('ANALYZE stockyard.series, stockyard.series_heads, stockyard.symbols')
      // So that writing what was filled in is over before anything is measured.
      await pool.query('CHECKPOINT')
      const ours = await startStockyard(databaseUrl)
      const asked = askedOf(symbols)
      const how = { pool, ours, databaseSeconds, asked }
      const latest = await costOf(how, () => '/prices/latest?interval=1m')
      const page = await costOf(how, (i) => `/prices?interval=1m&limit=390&from=${instantOf(i)}`)
      await ours.stop()
      sizes.push({ bars: symbols * each, latest, page, plan: await planOf(pool, asked.at(-1)!) })
    }
  } finally {
    await setAutovacuum(pool, 'on')
    await emptyStore(pool)
  }
  const [first, last] = [sizes[0]!, sizes.at(-1)!]
  const ratio = (of: (size: typeof first) => number) => ({
    value: two(of(last) / of(first)),
    target: TARGET_RATIO,
  })
  return {
    sizes,
    ratios: {
      latestMs: ratio(({ latest }) => latest.ms),
      latestCpuMs: ratio(({ latest }) => latest.cpuMs),
      pageMs: ratio(({ page }) => page.ms),
      pageCpuMs: ratio(({ page }) => page.cpuMs),
      // What the machine does meanwhile: a statement that reads nothing.
      nothingMs: ratio(({ latest, page }) => latest.nothingMs + page.nothingMs),
    },
  }
}

async function setAutovacuum(pool: Pool, value: 'on' | 'off'): Promise<void> {
  await pool.query(
    `ALTER TABLE stockyard.pages SET (autovacuum_enabled = ${value}, toast.autovacuum_enabled = ${value})`,
  )
}

/** Numbers of symbols, evenly over all of them. */
function askedOf(symbols: number): readonly number[] {
  const count = Math.min(symbols, SYMBOLS_ASKED)
  return Array.from({ length: count }, (_, i) => 1 + Math.floor((i * symbols) / count))
}

/** Another one for each request, so that none was answered before; a day and a half apart at most. */
function instantOf(request: number): string {
  return new Date(Date.UTC(2025, 2, 3, 15) + request * 60_000).toISOString()
}

interface HowToAsk {
  readonly pool: Pool
  readonly ours: Peer
  readonly databaseSeconds: () => number
  readonly asked: readonly number[]
}

/** The median time of a request, the processor time of server and database, and the time of asking nothing. */
async function costOf(
  { pool, ours, databaseSeconds, asked }: HowToAsk,
  rest: (request: number) => string,
) {
  const times: number[] = []
  const idle: number[] = []
  let cpuSeconds = 0
  const spent = () => cpuSecondsOf(ours.process.pid!) + databaseSeconds()
  for (let round = 0; round <= ROUNDS_AT_SIZE; round += 1) {
    const before = spent()
    for (let i = 0; i < REQUESTS; i += 1) {
      const symbol = symbolOf(asked[i % asked.length]!)
      const path = `/api/v1/stocks/${symbol}${rest(round * REQUESTS + i)}`
      // A latest bar that is kept is told to be old.
      await pool.query("SELECT pg_notify('stockyard_latest', '*')")
      const start = performance.now()
      await pool.query('SELECT 1')
      const middle = performance.now()
      const response = await fetch(ours.url + path)
      await response.arrayBuffer()
      if (response.status !== 200) throw new Error(`${path}: ${response.status}`)
      // The first round warms.
      if (round > 0) times.push(performance.now() - middle)
      idle.push(middle - start)
    }
    if (round > 0) cpuSeconds += spent() - before
  }
  const cpuMs = two((cpuSeconds * 1000) / times.length)
  return { ms: two(median(times)), cpuMs, nothingMs: two(median(idle)) }
}

interface PlanNode {
  readonly 'Node Type': string
  readonly 'Index Name'?: string
  readonly 'Shared Hit Blocks': number
  readonly 'Shared Read Blocks': number
  readonly Plans?: readonly PlanNode[]
}

/** How a page is found, and how many blocks are touched for it, those of its columns left out. */
async function planOf(pool: Pool, number: number) {
  const { rows } = await pool.query<{ 'QUERY PLAN': readonly { readonly Plan: PlanNode }[] }>(
    `EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) SELECT bars FROM stockyard.pages
     WHERE series_id = (SELECT s.id FROM stockyard.series s JOIN stockyard.symbols y
       USING (instrument_id) WHERE y.symbol = '${symbolOf(number)}')
       AND starts_on >= '2025-03-03' AND starts_on < '9999-12-31' ORDER BY starts_on LIMIT 1`,
  )
  const scan = nodesOf(rows[0]!['QUERY PLAN'][0]!.Plan).find(
    (node) => node['Index Name'] === 'pages_pkey',
  )
  return {
    how: scan?.['Node Type'] ?? 'not by the primary key',
    blocks: (scan?.['Shared Hit Blocks'] ?? 0) + (scan?.['Shared Read Blocks'] ?? 0),
  }
}

function nodesOf(node: PlanNode): readonly PlanNode[] {
  return [node, ...(node.Plans ?? []).flatMap(nodesOf)]
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
