/** Files of bars: other programs read in them what SQL reads in the store, and the same question gives the same bytes. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import polars from 'nodejs-polars'
import { dailyBars } from '../support/bars.ts'
import { makeDatabase } from '../support/database.ts'
import { AAPL_MINUTES, day, fillStore } from '../support/filled-store.ts'
import { loadSeries } from '../support/loaded-series.ts'
import { folder, readJson, run, runProcess } from './run-stockyard.ts'

const { pool, url } = await makeDatabase()
await fillStore(pool)
const env = { DATABASE_URL: url }
const COLUMNS = 'symbol,interval,ts,open,high,low,close,volume,vwap,trades,provider,state'

interface Manifest {
  readonly as_of: string
  readonly rows: number
  readonly symbols: readonly string[]
  readonly sha256: string
  readonly [name: string]: unknown
}

async function exported(args: readonly string[], name: string) {
  const path = join(folder, name)
  const ended = await run(['export', ...args, '-o', path, '--json'], env)
  assert.equal(ended.code, 0, ended.stderr)
  return { path, bytes: readFileSync(path), manifest: readJson<Manifest>(ended) }
}

test('every format holds the bars that SQL reads', async () => {
  const { rows } = await pool.query<{ symbol: string; close: number; volume: number; day: string }>(
    `SELECT s.symbol, b.close, b.volume, b.session::text AS day
     FROM unnest(ARRAY['AAPL', 'MSFT']) AS s (symbol),
       stockyard.bars(s.symbol, '1d', '1900-01-01', '2100-01-01') b
     WHERE b.state = 'final' ORDER BY s.symbol, b.session`,
  )
  assert.ok(rows.length > 350)
  const csv = await exported(['-f', 'csv'], 'all.csv')
  const parquet = polars.readParquet((await exported(['-f', 'parquet'], 'all.parquet')).bytes)
  const arrow = polars.readIPCStream((await exported(['-f', 'arrow'], 'all.arrow')).bytes)
  const lines = csv.bytes.toString().trimEnd().split('\n')
  assert.equal(lines[0], COLUMNS)
  const cells = lines.slice(1).map((line) => line.split(','))
  assert.deepEqual(
    cells.map((row) => [row[0], row[2], Number(row[6]), Number(row[7])]),
    rows.map(({ symbol, day: session, close, volume }) => [symbol, session, close, volume]),
  )
  for (const frame of [parquet, arrow]) {
    assert.deepEqual(frame.columns, COLUMNS.split(','))
    assert.deepEqual(
      frame.getColumn('symbol').toArray(),
      rows.map(({ symbol }) => symbol),
    )
    assert.deepEqual(
      frame.getColumn('close').toArray(),
      rows.map(({ close }) => close),
    )
  }
})

test('SQL makes a table and fills it, statement by statement', async () => {
  const args = ['-s', 'AAPL', '-i', '1m', '-f', 'sql', '--with-schema', '--batch-size', '100']
  const { bytes } = await exported([...args, '--table', 'public.minutes'], 'bars.sql')
  const text = bytes.toString()
  assert.equal(text.split('INSERT INTO').length - 1, Math.ceil(AAPL_MINUTES.length / 100))
  await pool.query(text)
  const { rows } = await pool.query<{ count: number; first: string; sum: number }>(
    `SELECT count(*)::int AS count, min(ts)::text AS first, sum(close) AS sum FROM public.minutes`,
  )
  assert.equal(rows[0]!.count, AAPL_MINUTES.length)
  assert.equal(rows[0]!.first, '2024-06-03 13:30:00')
  const sum = AAPL_MINUTES.close.reduce((total, close) => total + close, 0)
  assert.ok(Math.abs(rows[0]!.sum - sum) < 1e-6)
})

test('a manifest tells the question and the hash, and asking it again gives the same bytes', async () => {
  const first = new Map<string, Awaited<ReturnType<typeof exported>>>()
  const formats = ['csv', 'ndjson', 'parquet', 'arrow', 'sql']
  for (const format of formats) {
    first.set(format, await exported(['-f', format, '--adjust', 'all'], `first.${format}`))
  }
  const { path, manifest, bytes } = first.get('csv')!
  assert.deepEqual(JSON.parse(readFileSync(`${path}.manifest.json`, 'utf8')), manifest)
  assert.equal(manifest.sha256, createHash('sha256').update(bytes).digest('hex'))
  assert.equal(manifest.rows, bytes.toString().trimEnd().split('\n').length - 1)
  assert.deepEqual(manifest.symbols, ['AAPL', 'MSFT'])
  assert.equal(manifest['simulated'], false)
  // A bar changes, new ones come, and another vendor and another symbol.
  const series = { symbol: 'AAPL', interval: '1d', basis: 'raw' } as const
  const changed = dailyBars(day('2024-05-20'), day('2024-06-12'), 3)
  const later = Date.parse('2024-06-13T12:00:00Z')
  await loadSeries(pool, { ...series, provider: 'alpha-vantage' }, changed, later)
  await loadSeries(pool, { ...series, provider: 'polygon' }, changed, later)
  await loadSeries(pool, { ...series, symbol: 'NEWER', provider: 'polygon' }, changed, later)
  const now = await exported(['-f', 'csv', '--adjust', 'all'], 'now.csv')
  assert.notEqual(now.manifest.sha256, manifest.sha256)
  for (const format of formats) {
    const before = first.get(format)!
    const asOf = ['--as-of', before.manifest.as_of]
    const again = await exported(['-f', format, '--adjust', 'all', ...asOf], `again.${format}`)
    assert.deepEqual(again.bytes, before.bytes, format)
    assert.equal(again.manifest.sha256, before.manifest.sha256)
  }
})

test('dates and instants do not go into one table, and nothing is left of the attempt', async () => {
  const path = join(folder, 'mixed.parquet')
  const args = ['export', '-s', 'AAPL', '-i', '1d,1m', '-f', 'parquet', '-o', path]
  const { code, stderr } = await runProcess(args, env)
  assert.equal(code, 2)
  assert.match(stderr, /code: INTERVALS_MIXED/)
  assert.ok(!existsSync(path))
  assert.ok(readdirSync(folder).every((name) => !name.endsWith('.part')))
})

test('the name of a table cannot be more than a name', async () => {
  const { code, stderr } = await run(
    ['export', '-s', 'AAPL', '-f', 'sql', '--table', 'a"; DROP TABLE b; --'],
    env,
  )
  assert.equal(code, 2)
  assert.match(stderr, /code: TABLE_INVALID/)
})
