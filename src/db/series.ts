/**
 * The tables series and series_heads: which series there are, and what moves with them at every load.
 */
import type { Bar } from '../domain/bar-batch.ts'
import { formatCoverage, parseCoverage, type Coverage, type DayRange } from '../domain/coverage.ts'
import { formatDate, parseDay } from '../domain/date.ts'
import type { Interval } from '../domain/interval.ts'
import type { PlainFacts } from '../domain/plain-facts.ts'
import { readSymbolMeaning } from '../domain/symbol-meaning.ts'
import { AS_OF_GATE } from './as-of.ts'
import type { Connection, Queryable } from './connect.ts'
import { barEvent, barEventValues, boundEvents, type BarsChanged } from './events.ts'
import { addInstrument } from './instruments.ts'
import { LATEST_CHANNEL } from './listen.ts'
import { findRenamed, renamedError } from './symbols.ts'

/** What makes a series the one it is. */
export interface SeriesKey {
  readonly symbol: string
  readonly interval: Interval
  readonly provider: string
  readonly basis: 'raw' | 'split'
}

/** What a series says of itself without a page being opened. Days and instants in milliseconds. */
export interface SeriesHead {
  readonly seriesId: number
  readonly coverage: Coverage
  /** From the first to the last day ever covered; what was lost since lies inside. */
  readonly span: DayRange | null
  /** Days that were answered for and have no bar. */
  readonly noTrades: Coverage
  /** Days of which the vendor said that it has nothing to give. */
  readonly notOffered: Coverage
  /** Days of which a bar was refused, and sessions with fewer than half of the regular bars or of the day's volume. */
  readonly partial: Coverage
  /** Last session of the newest stretch of coverage, or null. */
  readonly watermark: number | null
  readonly bars: number
  readonly pages: number
  readonly firstBar: number | null
  readonly lastBar: number | null
  readonly lastClose: number | null
  readonly previousClose: number | null
  /** When the newest answer that was loaded had come. */
  readonly observedAt: number | null
}

interface HeadRow {
  series_id: number
  covered: string
  span: string | null
  no_trades: string
  not_offered: string
  partial: string
  watermark: string | null
  bars: number
  pages: number
  first_bar: Date | null
  last_bar: Date | null
  last_close: number | null
  previous_close: number | null
  observed_at: Date | null
}

const HEAD_COLUMNS =
  'h.series_id, h.covered::text AS covered, h.span::text AS span, h.no_trades::text AS no_trades, ' +
  'h.not_offered::text AS not_offered, h.partial::text AS partial, h.watermark, h.bars, h.pages, ' +
  'h.first_bar, h.last_bar, ' +
  'h.last_close, h.previous_close, h.observed_at'

function toHead(row: HeadRow): SeriesHead {
  return {
    seriesId: row.series_id,
    coverage: parseCoverage(row.covered),
    span: row.span === null ? null : (parseCoverage(row.span)[0] ?? null),
    noTrades: parseCoverage(row.no_trades),
    notOffered: parseCoverage(row.not_offered),
    partial: parseCoverage(row.partial),
    watermark: row.watermark === null ? null : parseDay(row.watermark),
    bars: row.bars,
    pages: row.pages,
    firstBar: row.first_bar?.getTime() ?? null,
    lastBar: row.last_bar?.getTime() ?? null,
    lastClose: row.last_close,
    previousClose: row.previous_close,
    observedAt: row.observed_at?.getTime() ?? null,
  }
}

/** The head of a series, or null where nothing was ever loaded for it. */
export async function findHead(connection: Queryable, key: SeriesKey): Promise<SeriesHead | null> {
  const { rows } = await connection.query<HeadRow>(
    `SELECT ${HEAD_COLUMNS}
     FROM stockyard.symbols y
     JOIN stockyard.series s ON s.instrument_id = y.instrument_id
     JOIN stockyard.series_heads h ON h.series_id = s.id
     WHERE y.symbol = $1 AND y.valid_until IS NULL
       AND s.interval = $2 AND s.provider = $3 AND s.basis = $4`,
    [key.symbol, key.interval, key.provider, key.basis],
  )
  return rows[0] === undefined ? null : toHead(rows[0])
}

/** The exchange whose calendar a symbol follows; a guess by its spelling where it is new to the store. */
export async function findExchange(connection: Queryable, symbol: string): Promise<string> {
  const { rows } = await connection.query<{ exchange: string }>(
    `SELECT i.exchange FROM stockyard.symbols y JOIN stockyard.instruments i ON i.id = y.instrument_id
     WHERE y.symbol = $1 AND y.valid_until IS NULL`,
    [symbol],
  )
  return rows[0]?.exchange ?? readSymbolMeaning(symbol).exchange
}

/** Which series there are already of some symbols, and the last final session of each. */
export async function listSeries(
  connection: Queryable,
  symbols: readonly string[],
): Promise<{ symbol: string; interval: Interval; provider: string; watermark: number | null }[]> {
  const { rows } = await connection.query<{
    symbol: string
    interval: Interval
    provider: string
    watermark: string | null
  }>(
    `SELECT y.symbol, s.interval, s.provider, h.watermark
     FROM stockyard.symbols y JOIN stockyard.series s ON s.instrument_id = y.instrument_id
     LEFT JOIN stockyard.series_heads h ON h.series_id = s.id
     WHERE y.symbol = ANY ($1) AND y.valid_until IS NULL`,
    [symbols],
  )
  return rows.map(({ watermark, ...series }) => ({
    ...series,
    watermark: watermark === null ? null : parseDay(watermark),
  }))
}

/**
 * The id of a series that was not there when it was looked for, made with its instrument and symbol. Safe
 * when several processes do it at once.
 */
export async function ensureSeries(connection: Connection, key: SeriesKey): Promise<number> {
  // One maker at a time for each symbol; the lock goes with the transaction.
  await connection.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 7))', [key.symbol])
  const { rows } = await connection.query<{ instrument_id: number }>(
    'SELECT instrument_id FROM stockyard.symbols WHERE symbol = $1 AND valid_until IS NULL',
    [key.symbol],
  )
  const renamed = rows[0] === undefined ? await findRenamed(connection, [key.symbol]) : undefined
  const now = renamed?.get(key.symbol)
  // It was renamed while bars of it were on their way: they must not become another company's.
  if (now !== undefined) throw renamedError(now)
  const instrumentId =
    rows[0]?.instrument_id ?? (await addInstrument(connection, { symbol: key.symbol })).id
  // Somebody else may have made it meanwhile; only an update gives its id back then.
  const made = await connection.query<{ id: number }>(
    `INSERT INTO stockyard.series (instrument_id, interval, provider, basis)
     VALUES ($1, $2, $3, $4)
     ON CONFLICT (instrument_id, interval, provider, basis) DO UPDATE SET basis = excluded.basis
     RETURNING id`,
    [instrumentId, key.interval, key.provider, key.basis],
  )
  const { id } = made.rows[0]!
  await connection.query(
    'INSERT INTO stockyard.series_heads (series_id) VALUES ($1) ON CONFLICT DO NOTHING',
    [id],
  )
  return id
}

/** The instrument of a series. */
export async function findInstrumentId(connection: Queryable, seriesId: number): Promise<number> {
  const { rows } = await connection.query<{ instrument_id: number }>(
    'SELECT instrument_id FROM stockyard.series WHERE id = $1',
    [seriesId],
  )
  return rows[0]!.instrument_id
}

/** Forgets what is covered of all series of an instrument from one vendor on one basis; bars stay. */
export async function forgetCoverage(
  connection: Connection,
  instrumentId: number,
  { provider, basis }: SeriesKey,
): Promise<void> {
  await connection.query(
    `UPDATE stockyard.series_heads SET covered = '{}', watermark = NULL
     WHERE series_id IN (
       SELECT id FROM stockyard.series WHERE instrument_id = $1 AND provider = $2 AND basis = $3)`,
    [instrumentId, provider, basis],
  )
}

/** A series that is locked for the rest of the transaction. */
export interface LockedSeries {
  readonly head: SeriesHead
  /**
   * The instant of the load by the database's clock, milliseconds UTC: later than any as of which the store
   * was read before, and than the last change of the series.
   */
  readonly now: number
  /** Whether the store holds simulated data; null while that is open. */
  readonly simulated: boolean | null
  /** True while no vendor has said what the instrument is. */
  readonly isUntold: boolean
  /** What the vendor says of the series; null: nothing yet. */
  readonly metadata: PlainFacts | null
}

interface LockRow extends HeadRow {
  now: Date
  simulated: boolean | null
  is_untold: boolean
  metadata: PlainFacts | null
}

/**
 * Locks a series for the rest of the transaction; null where it is not there yet. All that a load needs to
 * know comes in one round trip, since a load of unchanged history has little else to wait for.
 */
export async function lockSeries(
  connection: Connection,
  key: SeriesKey,
): Promise<LockedSeries | null> {
  const { rows } = await connection.query<LockRow>({
    name: 'lock-series',
    // The gate comes before the lock, so that nobody who holds the one waits for the other; and the instant
    // comes after both, rounded up.
    text: `WITH gate AS MATERIALIZED (
             SELECT count(*) AS taken FROM pg_advisory_xact_lock_shared(${AS_OF_GATE}))
           SELECT l.*,
             date_trunc('milliseconds', greatest(clock_timestamp(), l.changed_at + interval '1 ms'))
               + interval '1 ms' AS now,
             (SELECT simulated FROM stockyard.store_kind) AS simulated
           FROM gate CROSS JOIN LATERAL (
             SELECT ${HEAD_COLUMNS}, h.changed_at, i.metadata = '{}' AS is_untold, s.metadata
             FROM stockyard.symbols y
             JOIN stockyard.instruments i ON i.id = y.instrument_id
             JOIN stockyard.series s ON s.instrument_id = y.instrument_id
             JOIN stockyard.series_heads h ON h.series_id = s.id
             WHERE gate.taken = 1 AND y.symbol = $1 AND y.valid_until IS NULL
               AND s.interval = $2 AND s.provider = $3 AND s.basis = $4
             FOR UPDATE OF h) AS l`,
    values: [key.symbol, key.interval, key.provider, key.basis],
  })
  const [row] = rows
  if (row === undefined) return null
  const { now, simulated, is_untold: isUntold, metadata } = row
  return { head: toHead(row), now: now.getTime(), simulated, isUntold, metadata }
}

/** Keeps what the vendor says of a series now. */
export async function storeSeriesMetadata(
  connection: Connection,
  seriesId: number,
  metadata: PlainFacts,
): Promise<void> {
  await connection.query('UPDATE stockyard.series SET metadata = $2 WHERE id = $1', [
    seriesId,
    JSON.stringify(metadata),
  ])
}

/** What a load changes in a head. */
export interface HeadChange {
  readonly coverage: Coverage
  readonly span: DayRange | null
  readonly noTrades: Coverage
  readonly notOffered: Coverage
  readonly partial: Coverage
  readonly watermark: number | null
  readonly bars: number
  readonly pages: number
  readonly firstBar: number | null
  /** The newest bar, where the load touched it; null leaves it as it is. */
  readonly last: {
    readonly bar: Bar
    readonly final: boolean
    readonly previousClose: number | null
  } | null
  readonly observedAt: number
  readonly runId: number
  /** True when bars changed, not only what is known about them. */
  readonly changed: boolean
}

/** The values of the columns last_bar to last_final and previous_close, in this order; null for none. */
export function lastBarValues(last: HeadChange['last']): unknown[] {
  if (last === null) return Array.from({ length: 10 }, () => null)
  const { bar, final, previousClose } = last
  const { ts, open, high, low, close, volume, vwap, trades } = bar
  return [new Date(ts), open, high, low, close, volume, vwap, trades, final, previousClose]
}

/**
 * Moves the head of a locked series, and tells which bars changed and where its latest bar may be another. Answers
 * whether the instrument has daily bars beside these, or others beside daily ones.
 */
export async function updateHead(
  connection: Connection,
  seriesId: number,
  change: HeadChange,
  changed: BarsChanged | null,
): Promise<boolean> {
  const { last } = change
  const { rows } = await connection.query<{ event: number | null; beside: boolean }>({
    name: 'update-head',
    text: `WITH moved AS (UPDATE stockyard.series_heads SET
       covered = $2::datemultirange, watermark = $3, bars = $4, first_bar = $5,
       observed_at = greatest(observed_at, $6),
       run_id = CASE WHEN $7 THEN $8 ELSE run_id END,
       changed_at = CASE WHEN $7 THEN clock_timestamp() ELSE changed_at END,
       last_bar = coalesce($9, last_bar),
       last_open = CASE WHEN $9 IS NULL THEN last_open ELSE $10 END,
       last_high = CASE WHEN $9 IS NULL THEN last_high ELSE $11 END,
       last_low = CASE WHEN $9 IS NULL THEN last_low ELSE $12 END,
       last_close = CASE WHEN $9 IS NULL THEN last_close ELSE $13 END,
       last_volume = CASE WHEN $9 IS NULL THEN last_volume ELSE $14 END,
       last_vwap = CASE WHEN $9 IS NULL THEN last_vwap ELSE $15 END,
       last_trades = CASE WHEN $9 IS NULL THEN last_trades ELSE $16 END,
       last_final = CASE WHEN $9 IS NULL THEN last_final ELSE $17 END,
       previous_close = CASE WHEN $9 IS NULL THEN previous_close ELSE $18 END,
       span = $19, no_trades = $20, not_offered = $21, partial = $22, pages = $23
     WHERE series_id = $1
     RETURNING series_id, run_id, last_bar, last_open, last_high, last_low, last_close, last_volume,
       last_vwap, last_trades, last_final),
     told AS (${barEvent('moved', 24)})
     SELECT (SELECT id FROM told) AS event,
       EXISTS (SELECT FROM stockyard.series o WHERE o.instrument_id = s.instrument_id
               AND (o.interval = '1d') <> (s.interval = '1d')) AS beside,
       CASE WHEN $9 IS NOT NULL THEN pg_notify('${LATEST_CHANNEL}', s.instrument_id::text) END
     FROM moved JOIN stockyard.series s ON s.id = moved.series_id`,
    values: [
      seriesId,
      formatCoverage(change.coverage),
      change.watermark === null ? null : formatDate(change.watermark),
      change.bars,
      change.firstBar === null ? null : new Date(change.firstBar),
      new Date(change.observedAt),
      change.changed,
      change.runId,
      ...lastBarValues(last),
      change.span === null ? null : formatRange(change.span),
      formatCoverage(change.noTrades),
      formatCoverage(change.notOffered),
      formatCoverage(change.partial),
      change.pages,
      ...barEventValues(changed),
    ],
  })
  await boundEvents(connection, rows[0]?.event ?? null)
  return rows[0]?.beside ?? false
}

function formatRange({ from, until }: DayRange): string {
  return `[${formatDate(from)},${formatDate(until)})`
}
