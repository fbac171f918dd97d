/** The ledgers of series as coverage reads and mends them: heads with what their instrument adds. */
import { formatCoverage, parseCoverage, type DayRange } from '../domain/coverage.ts'
import type { Ledger } from '../domain/coverage-ledger.ts'
import { parseDay } from '../domain/date.ts'
import type { Interval } from '../domain/interval.ts'
import type { Connection, Queryable } from './connect.ts'

/** A series with its ledger. Days and instants in milliseconds. */
export interface CoverageHead extends Ledger {
  readonly seriesId: number
  readonly instrumentId: number
  readonly symbol: string
  readonly exchange: string
  readonly interval: Interval
  readonly provider: string
  readonly basis: 'raw' | 'split'
  readonly watched: boolean
  /** From the first to the last day ever covered. */
  readonly span: DayRange | null
  readonly watermark: number | null
  readonly bars: number
  readonly pages: number
  readonly firstBar: number | null
  readonly lastBar: number | null
  readonly observedAt: number | null
  readonly listedDay: number | null
  readonly delistedDay: number | null
}

interface CoverageRow {
  series_id: number
  instrument_id: number
  symbol: string
  exchange: string
  interval: Interval
  provider: string
  basis: 'raw' | 'split'
  watched: boolean
  span: string | null
  covered: string
  no_trades: string
  not_offered: string
  partial: string
  watermark: string | null
  bars: number
  pages: number
  first_bar: Date | null
  last_bar: Date | null
  observed_at: Date | null
  listed_on: string | null
  delisted_on: string | null
}

export interface CoverageFilter {
  readonly seriesId?: number | undefined
  /** Only of these symbols; empty or absent: of all. */
  readonly symbols?: readonly string[] | undefined
  readonly intervals?: readonly Interval[] | undefined
  readonly provider?: string | undefined
}

/** Series with their ledgers, by symbol and interval; those of which nothing was ever loaded are left out. */
export async function readCoverageHeads(
  db: Queryable,
  filter: CoverageFilter,
): Promise<CoverageHead[]> {
  const { rows } = await db.query<CoverageRow>(
    `SELECT s.id AS series_id, s.instrument_id, y.symbol, i.exchange, s.interval, s.provider, s.basis,
       i.watched AND i.active AS watched, h.span::text AS span, h.covered::text AS covered,
       h.no_trades::text AS no_trades, h.not_offered::text AS not_offered, h.partial::text AS partial,
       h.watermark, h.bars, h.pages, h.first_bar, h.last_bar, h.observed_at, i.listed_on, i.delisted_on
     FROM stockyard.series_heads h
     JOIN stockyard.series s ON s.id = h.series_id
     JOIN stockyard.instruments i ON i.id = s.instrument_id
     JOIN stockyard.symbols y ON y.instrument_id = i.id AND y.valid_until IS NULL
     WHERE ($1::integer IS NULL OR h.series_id = $1)
       AND ($2::text[] IS NULL OR y.symbol = ANY ($2))
       AND ($3::text[] IS NULL OR s.interval = ANY ($3))
       AND ($4::text IS NULL OR s.provider = $4)
       AND h.observed_at IS NOT NULL
     ORDER BY y.symbol COLLATE "C", s.id`,
    [
      filter.seriesId ?? null,
      orNull(filter.symbols),
      orNull(filter.intervals),
      filter.provider ?? null,
    ],
  )
  return rows.map(toCoverageHead)
}

function orNull<T>(list: readonly T[] | undefined): readonly T[] | null {
  return list === undefined || list.length === 0 ? null : list
}

function day(text: string | null): number | null {
  return text === null ? null : parseDay(text)
}

function toCoverageHead(row: CoverageRow): CoverageHead {
  return {
    seriesId: row.series_id,
    instrumentId: row.instrument_id,
    symbol: row.symbol,
    exchange: row.exchange,
    interval: row.interval,
    provider: row.provider,
    basis: row.basis,
    watched: row.watched,
    span: row.span === null ? null : (parseCoverage(row.span)[0] ?? null),
    coverage: parseCoverage(row.covered),
    noTrades: parseCoverage(row.no_trades),
    notOffered: parseCoverage(row.not_offered),
    partial: parseCoverage(row.partial),
    watermark: day(row.watermark),
    bars: row.bars,
    pages: row.pages,
    firstBar: row.first_bar?.getTime() ?? null,
    lastBar: row.last_bar?.getTime() ?? null,
    observedAt: row.observed_at?.getTime() ?? null,
    listedDay: day(row.listed_on),
    delistedDay: day(row.delisted_on),
  }
}

/** The ledger of one series, locked for the rest of the transaction. */
export async function lockCoverageHead(
  connection: Connection,
  seriesId: number,
): Promise<CoverageHead> {
  await connection.query('SELECT FROM stockyard.series_heads WHERE series_id = $1 FOR UPDATE', [
    seriesId,
  ])
  const [head] = await readCoverageHeads(connection, { seriesId })
  return head!
}

/** Writes the ledger and the counts of a locked series. */
export async function writeLedger(
  connection: Connection,
  seriesId: number,
  ledger: Ledger & { readonly bars: number; readonly pages: number },
): Promise<void> {
  await connection.query(
    `UPDATE stockyard.series_heads SET covered = $2, no_trades = $3, not_offered = $4, partial = $5,
       bars = $6, pages = $7
     WHERE series_id = $1`,
    [
      seriesId,
      formatCoverage(ledger.coverage),
      formatCoverage(ledger.noTrades),
      formatCoverage(ledger.notOffered),
      formatCoverage(ledger.partial),
      ledger.bars,
      ledger.pages,
    ],
  )
}
