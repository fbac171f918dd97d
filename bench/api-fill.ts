/**
 * A store of any size in little time: one series of minute bars through the real loader, and copies of it
 * made by the server.
 */
import { getCalendar } from '../src/domain/calendar/registry.ts'
import { inTransaction, type Pool } from '../src/db/connect.ts'
import { startRun } from '../src/db/runs.ts'
import { loadBatch } from '../src/load/load-batch.ts'
import { madeMinutes } from './made-bars.ts'

/** Two years of sessions: some 195,000 bars a series. */
const FROM = Date.UTC(2024, 0, 1)
const UNTIL = Date.UTC(2026, 0, 1)
const RECEIVED_AT = Date.UTC(2026, 5, 6, 12)
const PROVIDER = 'alpha-vantage'
const SYMBOLS_A_CHECKPOINT = 50

/** The symbol of a series by its number from 1. */
export function symbolOf(number: number): string {
  return `API${String(number).padStart(4, '0')}`
}

/** Empties the store. */
export async function emptyStore(pool: Pool): Promise<void> {
  await pool.query(
    `TRUNCATE stockyard.pages, stockyard.series_heads, stockyard.series, stockyard.symbols,
       stockyard.instruments, stockyard.tasks, stockyard.runs CASCADE`,
  )
}

/** Loads the first symbol; answers with its number of bars. */
export async function loadFirst(pool: Pool): Promise<number> {
  const batch = madeMinutes(FROM, UNTIL, 7)
  const symbol = symbolOf(1)
  const task = { symbol, interval: '1m', provider: PROVIDER } as const
  const runId = await inTransaction(pool, (connection) => startRun(connection, 'fetch', {}, [task]))
  await loadBatch(pool, {
    series: { symbol, interval: '1m', provider: PROVIDER, basis: 'raw' },
    calendar: getCalendar('XNYS'),
    settleMs: 0,
    runId,
    taskNumber: 1,
    batch,
    rejects: [],
    fetched: batch.length,
    covers: null,
    continuesFrom: null,
    receivedAt: RECEIVED_AT,
    actions: null,
    simulated: false,
  })
  return batch.length
}

/** Makes copies of the first symbol, so that there are symbols [1, until). */
export async function copyFirst(pool: Pool, from: number, until: number): Promise<void> {
  const columns = await pageColumns(pool)
  for (let number = from; number < until; number += 1) {
    // Keeps the write-ahead log small beside tens of millions of bars.
    if (number % SYMBOLS_A_CHECKPOINT === 0) await pool.query('CHECKPOINT')
    await pool.query(
      `WITH first AS (
         SELECT s.* FROM stockyard.series s JOIN stockyard.symbols y USING (instrument_id)
         WHERE y.symbol = '${symbolOf(1)}'),
       instrument AS (INSERT INTO stockyard.instruments DEFAULT VALUES RETURNING id),
       named AS (INSERT INTO stockyard.symbols (symbol, instrument_id) SELECT $1, id FROM instrument),
       made AS (
         INSERT INTO stockyard.series (instrument_id, interval, provider, basis)
         SELECT instrument.id, interval, provider, basis FROM first, instrument RETURNING id),
       head AS (
         INSERT INTO stockyard.series_heads
         SELECT (jsonb_populate_record(h, jsonb_build_object('series_id', made.id))).*
         FROM stockyard.series_heads h JOIN first ON first.id = h.series_id, made)
       SELECT id FROM made`,
      [symbolOf(number)],
    )
    await pool.query(
      `INSERT INTO stockyard.pages
       SELECT (SELECT s.id FROM stockyard.series s JOIN stockyard.symbols y USING (instrument_id)
               WHERE y.symbol = $1), ${columns}
       FROM stockyard.pages WHERE series_id =
         (SELECT s.id FROM stockyard.series s JOIN stockyard.symbols y USING (instrument_id)
          WHERE y.symbol = '${symbolOf(1)}')`,
      [symbolOf(number)],
    )
  }
}

/** All columns of a page but its series, which is the first. */
async function pageColumns(pool: Pool): Promise<string> {
  const { rows } = await pool.query<{ columns: string }>(
    `SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) AS columns FROM pg_attribute
     WHERE attrelid = 'stockyard.pages'::regclass AND attnum > 1 AND NOT attisdropped`,
  )
  return rows[0]!.columns
}

/** The same bars as rows of a plain table with an index on what is asked for. */
export async function copyToRows(pool: Pool, symbols: number): Promise<void> {
  await pool.query('DROP TABLE IF EXISTS bench_bars')
  await pool.query(
    `CREATE TABLE bench_bars AS
     SELECT symbol, interval, provider, ts, open, high, low, close, volume, vwap, trades, state
     FROM stockyard.bars WHERE symbol <= $1`,
    [symbolOf(symbols)],
  )
  await pool.query('ALTER TABLE bench_bars ADD PRIMARY KEY (symbol, interval, ts)')
  await pool.query('ANALYZE bench_bars')
}
