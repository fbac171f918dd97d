/** The table action_asks: when vendors were asked for the splits and dividends of an instrument. */
import type { Queryable } from './connect.ts'

export interface ActionAsk {
  readonly instrumentId: number
  readonly provider: string
  /** The last time, whatever came of it, milliseconds UTC. */
  readonly askedAt: number
  /** When the vendor told all that it knows; null: never yet. */
  readonly answeredAt: number | null
  /** Code of what went wrong the last time; null where nothing did. */
  readonly failure: string | null
}

/** Keeps that a vendor was asked; an earlier answer is not forgotten over a failure. */
export async function recordActionAsk(
  db: Queryable,
  ask: Pick<ActionAsk, 'instrumentId' | 'provider' | 'askedAt' | 'failure'>,
): Promise<void> {
  await db.query(
    `INSERT INTO stockyard.action_asks AS a (instrument_id, provider, asked_at, answered_at, failure)
     VALUES ($1, $2, $3, CASE WHEN $4::text IS NULL THEN $3::timestamptz END, $4)
     ON CONFLICT (instrument_id, provider) DO UPDATE SET
       asked_at = excluded.asked_at,
       answered_at = coalesce(excluded.answered_at, a.answered_at),
       failure = excluded.failure`,
    [ask.instrumentId, ask.provider, new Date(ask.askedAt), ask.failure],
  )
}

/** What was asked of some instruments, by provider. */
export async function listActionAsks(
  db: Queryable,
  instrumentIds: readonly number[],
): Promise<ActionAsk[]> {
  const { rows } = await db.query<{
    instrument_id: number
    provider: string
    asked_at: Date
    answered_at: Date | null
    failure: string | null
  }>(
    `SELECT instrument_id, provider, asked_at, answered_at, failure FROM stockyard.action_asks
     WHERE instrument_id = ANY ($1) ORDER BY instrument_id, provider`,
    [instrumentIds],
  )
  return rows.map((row) => ({
    instrumentId: row.instrument_id,
    provider: row.provider,
    askedAt: row.asked_at.getTime(),
    answeredAt: row.answered_at?.getTime() ?? null,
    failure: row.failure,
  }))
}

/** An instrument with bars as traded, which say nothing of splits and dividends themselves. */
export interface RawInstrument {
  readonly instrumentId: number
  readonly symbol: string
  /** Its series of daily bars as traded. */
  readonly dailySeries: readonly number[]
}

/** Those of some symbols of which bars as traded are stored, by symbol. */
export async function listRawInstruments(
  db: Queryable,
  symbols: readonly string[],
): Promise<RawInstrument[]> {
  const { rows } = await db.query<{ id: number; symbol: string; daily: number[] }>(
    `SELECT s.instrument_id AS id, y.symbol,
            coalesce(array_agg(s.id) FILTER (WHERE s.interval = '1d'), '{}') AS daily
     FROM stockyard.symbols y
     JOIN stockyard.series s ON s.instrument_id = y.instrument_id AND s.basis = 'raw'
     JOIN stockyard.series_heads h ON h.series_id = s.id AND h.bars > 0
     WHERE y.symbol = ANY ($1) AND y.valid_until IS NULL
     GROUP BY s.instrument_id, y.symbol ORDER BY y.symbol`,
    [symbols],
  )
  return rows.map(({ id, symbol, daily }) => ({ instrumentId: id, symbol, dailySeries: daily }))
}

/** Those of some symbols with bars as traded of whose splits and dividends no vendor ever told, by symbol. */
export async function listSymbolsWithoutLedger(
  db: Queryable,
  symbols: readonly string[],
): Promise<string[]> {
  const { rows } = await db.query<{ symbol: string }>(
    `SELECT y.symbol FROM stockyard.symbols y
     WHERE y.symbol = ANY ($1) AND y.valid_until IS NULL
       AND EXISTS (
         SELECT FROM stockyard.series s JOIN stockyard.series_heads h ON h.series_id = s.id
         WHERE s.instrument_id = y.instrument_id AND s.basis = 'raw' AND h.bars > 0)
       AND NOT EXISTS (
         SELECT FROM stockyard.action_asks a
         WHERE a.instrument_id = y.instrument_id AND a.answered_at IS NOT NULL)
       AND NOT EXISTS (SELECT FROM stockyard.actions c WHERE c.instrument_id = y.instrument_id)
     ORDER BY y.symbol`,
    [symbols],
  )
  return rows.map(({ symbol }) => symbol)
}
