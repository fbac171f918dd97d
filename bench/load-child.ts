/**
 * One measured load in a process of its own, so that its peak memory is its own. Prints one line of JSON.
 * Usage: load-child.ts path|rows DATABASE_URL [VENDOR_URL]
 */
import { finished } from 'node:stream/promises'
import { from as copyFrom } from 'pg-copy-streams'
import { openPool } from '../src/db/connect.ts'
import { fetchAll } from '../src/load/fetch-series.ts'
import { makeLogger } from '../src/log.ts'
import { makeHttpClient } from '../src/providers/fetch.ts'
import { getProvider } from '../src/providers/registry.ts'
import type { BarBatch } from '../src/domain/bar-batch.ts'
import { FROM, MONTHS, NOW, SYMBOLS, UNTIL } from './load-plan.ts'
import { madeMinutes } from './made-bars.ts'

const [mode, databaseUrl, vendorUrl] = process.argv.slice(2)
const pool = openPool(databaseUrl!, { max: 8, applicationName: 'bench' })
const measured = mode === 'path' ? await measurePath() : await measureRows()
await pool.end()
console.log(
  JSON.stringify({ ...measured, peakMemoryMb: Math.round(process.resourceUsage().maxRSS / 1024) }),
)

/** The whole path: HTTP, parse, check, merge, commit. */
async function measurePath() {
  const log = makeLogger({ level: 'warn', format: 'json' })
  const clock = { now: () => NOW, sleep: () => Promise.resolve() }
  const client = makeHttpClient({ clock, log })
  const start = performance.now()
  const summary = await fetchAll(
    {
      pool,
      client,
      clock,
      log,
      configs: { 'alpha-vantage': { key: 'bench-key', baseUrl: vendorUrl, budget: 'unlimited' } },
    },
    {
      symbols: SYMBOLS,
      intervals: ['1m'],
      providers: [getProvider('alpha-vantage')],
      from: FROM,
      until: UNTIL,
      force: true,
      defaultDays: 90,
    },
  )
  const seconds = (performance.now() - start) / 1000
  await client.close()
  if (summary.status !== 'succeeded') throw new Error(JSON.stringify(summary.tasks[0]))
  return {
    bars: summary.fetched,
    inserted: summary.inserted,
    unchanged: summary.unchanged,
    seconds,
  }
}

/** The limit to compare with: the same bars as rows, by the same driver's binary COPY, one commit a month. */
async function measureRows() {
  await pool.query('DROP TABLE IF EXISTS bench_rows')
  await pool.query(
    `CREATE TABLE bench_rows (series_id integer, ts timestamptz, open float8, high float8, low float8,
       close float8, volume float8, vwap float8, trades float8, PRIMARY KEY (series_id, ts))`,
  )
  const months = MONTHS.map(([from, until]) => madeMinutes(from, until, from / 1000))
  const connection = await pool.connect()
  let start = performance.now()
  let bars = 0
  // The first one is what a process learns by, and does not count.
  for (let series = 0; series <= SYMBOLS.length; series += 1) {
    if (series === 1) [start, bars] = [performance.now(), 0]
    for (const batch of months) {
      const stream = connection.query(copyFrom('COPY bench_rows FROM STDIN (FORMAT binary)'))
      stream.end(encodeRows(series, batch))
      await finished(stream)
      bars += batch.length
    }
  }
  const seconds = (performance.now() - start) / 1000
  connection.release()
  return { bars, inserted: bars, unchanged: 0, seconds }
}

/** Rows in PostgreSQL's binary COPY format; vwap and trades are null, as in the other contestants. */
function encodeRows(series: number, batch: BarBatch): Buffer {
  const ROW_BYTES = 2 + 8 + 12 + 5 * 12 + 2 * 4
  const out = Buffer.allocUnsafe(21 + batch.length * ROW_BYTES)
  let at = out.write('PGCOPY\n\xff\r\n\0', 0, 'latin1')
  at = out.writeBigInt64BE(0n, at)
  for (let i = 0; i < batch.length; i += 1) {
    at = out.writeInt16BE(9, at)
    at = out.writeInt32BE(4, at)
    at = out.writeInt32BE(series, at)
    at = out.writeInt32BE(8, at)
    const micros = (batch.ts[i]! - 946_684_800_000) * 1000
    at = out.writeInt32BE(Math.floor(micros / 4_294_967_296), at)
    at = out.writeUInt32BE(micros % 4_294_967_296, at)
    for (const column of [batch.open, batch.high, batch.low, batch.close, batch.volume]) {
      at = out.writeInt32BE(8, at)
      at = out.writeDoubleBE(column[i]!, at)
    }
    at = out.writeInt32BE(-1, at)
    at = out.writeInt32BE(-1, at)
  }
  at = out.writeInt16BE(-1, at)
  return out.subarray(0, at)
}
