/**
 * What is stored, series by series: read from the catalogue and the heads, so no page is opened.
 */
import type { BarValues } from '../domain/bar-batch.ts'
import { parseDay } from '../domain/date.ts'
import type { Interval } from '../domain/interval.ts'
import type { PlainFacts } from '../domain/plain-facts.ts'
import type { Queryable } from './connect.ts'

/** Which series an instrument has at an interval. */
export interface SeriesRef {
  readonly id: number
  readonly interval: Interval
  readonly provider: string
  readonly basis: 'raw' | 'split'
}

/**
 * The series of an instrument, at one interval or, where that is null, at all.
 * @param asOf those that were there at an instant; null: all
 */
export async function listSeries(
  db: Queryable,
  instrumentId: number,
  interval: Interval | null,
  asOf: number | null = null,
): Promise<SeriesRef[]> {
  const { rows } = await db.query<SeriesRef>(
    `SELECT id, interval, provider, basis FROM stockyard.series
     WHERE instrument_id = $1 AND ($2::text IS NULL OR interval = $2)
       AND ($3::timestamptz IS NULL OR created_at <= $3)
     ORDER BY provider, basis`,
    [instrumentId, interval, asOf === null ? null : new Date(asOf)],
  )
  return rows
}

/** The bar that a head carries. */
export interface LastBar extends BarValues {
  /** Start: an instant, or the day of a daily or longer bar. */
  readonly ts: number
  readonly final: boolean
}

export interface SeriesState extends SeriesRef {
  readonly symbol: string
  readonly name: string | null
  readonly exchange: string
  readonly simulated: boolean
  readonly bars: number
  readonly firstBar: number | null
  readonly last: LastBar | null
  /** Close of the bar before the last one. */
  readonly previousClose: number | null
  /** Last session of the newest contiguous and final stretch. */
  readonly watermarkDay: number | null
  /** When the newest answer that was loaded had come. */
  readonly observedAt: number | null
  /** When the bars changed last. */
  readonly changedAt: number | null
  /** What the vendor says of it beside its bars. */
  readonly metadata: PlainFacts | null
}

interface StateRow {
  id: number
  interval: Interval
  provider: string
  basis: 'raw' | 'split'
  symbol: string
  name: string | null
  exchange: string
  simulated: boolean
  bars: number
  first_bar: Date | null
  last_bar: Date | null
  last_open: number
  last_high: number
  last_low: number
  last_close: number
  last_volume: number | null
  last_vwap: number | null
  last_trades: number | null
  last_final: boolean
  previous_close: number | null
  watermark: string | null
  observed_at: Date | null
  changed_at: Date | null
  metadata: PlainFacts | null
}

export interface SeriesFilter {
  readonly instrumentId?: number | undefined
  readonly interval?: Interval | undefined
  readonly provider?: string | undefined
  /** Only series after this one in the order of the list. */
  readonly after?: { readonly symbol: string; readonly id: number } | undefined
  readonly limit?: number | undefined
}

/** Series with their heads: by symbol, then in the order in which they were made. */
export async function readSeriesStates(
  db: Queryable,
  filter: SeriesFilter,
): Promise<SeriesState[]> {
  const { rows } = await db.query<StateRow>(
    `SELECT s.id, s.interval, s.provider, s.basis, y.symbol, i.name, i.exchange,
       EXISTS (SELECT FROM stockyard.store_kind k WHERE k.simulated) AS simulated,
       coalesce(h.bars, 0) AS bars, h.first_bar, h.last_bar, h.last_open, h.last_high, h.last_low,
       h.last_close, h.last_volume, h.last_vwap, h.last_trades, h.last_final, h.previous_close,
       h.watermark, h.observed_at, h.changed_at, s.metadata
     FROM stockyard.series s
     JOIN stockyard.instruments i ON i.id = s.instrument_id
     JOIN stockyard.symbols y ON y.instrument_id = i.id AND y.valid_until IS NULL
     LEFT JOIN stockyard.series_heads h ON h.series_id = s.id
     WHERE ($1::integer IS NULL OR s.instrument_id = $1)
       AND ($2::text IS NULL OR s.interval = $2)
       AND ($3::text IS NULL OR s.provider = $3)
       AND ($4::text IS NULL OR (y.symbol COLLATE "C", s.id) > ($4, $5::integer))
     ORDER BY y.symbol COLLATE "C", s.id
     LIMIT $6`,
    [
      filter.instrumentId ?? null,
      filter.interval ?? null,
      filter.provider ?? null,
      filter.after?.symbol ?? null,
      filter.after?.id ?? null,
      filter.limit ?? null,
    ],
  )
  return rows.map(toState)
}

function toState(row: StateRow): SeriesState {
  return {
    id: row.id,
    interval: row.interval,
    provider: row.provider,
    basis: row.basis,
    symbol: row.symbol,
    name: row.name,
    exchange: row.exchange,
    simulated: row.simulated,
    bars: row.bars,
    firstBar: row.first_bar?.getTime() ?? null,
    last: toLastBar(row),
    previousClose: row.previous_close,
    watermarkDay: row.watermark === null ? null : parseDay(row.watermark),
    observedAt: row.observed_at?.getTime() ?? null,
    changedAt: row.changed_at?.getTime() ?? null,
    metadata: row.metadata,
  }
}

function toLastBar(row: StateRow): LastBar | null {
  if (row.last_bar === null) return null
  return {
    ts: row.last_bar.getTime(),
    open: row.last_open,
    high: row.last_high,
    low: row.last_low,
    close: row.last_close,
    volume: row.last_volume,
    vwap: row.last_vwap,
    trades: row.last_trades,
    final: row.last_final,
  }
}

/** When the newest page of a series was last changed; null where it has none. Its bars are not read. */
export async function findNewestPage(
  db: Queryable,
  seriesId: number,
): Promise<{ readonly startsOn: number; readonly observedAt: number } | null> {
  const { rows } = await db.query<{ starts_on: string; observed_at: Date }>(
    `SELECT starts_on, observed_at FROM stockyard.pages
     WHERE series_id = $1 ORDER BY starts_on DESC LIMIT 1`,
    [seriesId],
  )
  const [page] = rows
  if (page === undefined) return null
  return { startsOn: parseDay(page.starts_on), observedAt: page.observed_at.getTime() }
}

/** Sums over the whole store. */
export interface StoreTotals {
  /** Instruments that are not deleted. */
  readonly symbols: number
  readonly series: number
  readonly bars: number
  readonly rejects: number
}

export async function readTotals(db: Queryable): Promise<StoreTotals> {
  const { rows } = await db.query<StoreTotals>(
    `SELECT (SELECT count(*) FROM stockyard.instruments WHERE active) AS symbols,
       (SELECT count(*) FROM stockyard.series) AS series,
       h.bars, h.rejects
     FROM (SELECT coalesce(sum(bars), 0) AS bars, coalesce(sum(rejects), 0) AS rejects
           FROM stockyard.series_heads) AS h`,
  )
  return rows[0]!
}
