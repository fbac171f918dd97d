/** The market at a glance: what the heads of daily series carry, so that no page is opened. */
import { formatDate, parseDay } from '../domain/date.ts'
import type { Queryable } from './connect.ts'

/** The newest daily bar of a series with the close before it. */
export interface DailyHead {
  readonly instrumentId: number
  readonly symbol: string
  readonly name: string | null
  readonly kind: string
  readonly exchange: string
  readonly provider: string
  readonly basis: 'raw' | 'split'
  /** Session of the bar, as a day. */
  readonly session: number
  readonly close: number
  readonly previousClose: number
  readonly volume: number | null
  readonly final: boolean
}

/**
 * The heads of all daily series of active instruments that have two bars or more.
 * @param exchanges names of one exchange, upper case; null for all
 */
export async function readDailyHeads(
  db: Queryable,
  exchanges: readonly string[] | null,
): Promise<DailyHead[]> {
  const { rows } = await db.query<Omit<DailyHead, 'session'> & { session: string }>(
    `SELECT i.id AS "instrumentId", y.symbol, i.name, i.kind, i.exchange, s.provider, s.basis,
       (h.last_bar AT TIME ZONE 'UTC')::date AS session, h.last_close AS close,
       h.previous_close AS "previousClose", h.last_volume AS volume, h.last_final AS final
     FROM stockyard.series s
     JOIN stockyard.instruments i ON i.id = s.instrument_id AND i.active
     JOIN stockyard.symbols y ON y.instrument_id = i.id AND y.valid_until IS NULL
     JOIN stockyard.series_heads h ON h.series_id = s.id
     WHERE s.interval = '1d' AND h.previous_close > 0 AND ($1::text[] IS NULL OR upper(i.exchange) = ANY ($1))
     ORDER BY y.symbol COLLATE "C", s.id`,
    [exchanges],
  )
  return rows.map((row) => ({ ...row, session: parseDay(row.session) }))
}

/** Instruments of which a vendor says that they split on a session. */
export async function listSplitOn(
  db: Queryable,
  instrumentIds: readonly number[],
  session: number,
): Promise<number[]> {
  const { rows } = await db.query<{ id: number }>(
    `SELECT DISTINCT instrument_id AS id FROM stockyard.actions
     WHERE instrument_id = ANY ($1::integer[]) AND kind = 'split' AND ex_day = $2
       AND replaced_at IS NULL`,
    [instrumentIds, formatDate(session)],
  )
  return rows.map(({ id }) => id)
}
