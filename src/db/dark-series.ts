/** Series of which the vendor has had nothing since their last bar, as tasks have it. */
import type { Interval } from '../domain/interval.ts'
import type { Queryable } from './connect.ts'

export interface SilentSeries {
  readonly symbol: string
  readonly interval: Interval
  readonly provider: string
  readonly exchange: string
  /** Start of the last bar, and when the last answer with bars came. */
  readonly lastBar: number
  readonly observedAt: number
  /** Tasks since then that found nothing, and when the newest of them ended. */
  readonly tries: number
  readonly lastTryAt: number
}

/** Series of listed instruments that were asked for in vain since the last answer with bars. */
export async function listSilentSeries(db: Queryable): Promise<SilentSeries[]> {
  const { rows } = await db.query<{
    symbol: string
    interval: Interval
    provider: string
    exchange: string
    last_bar: Date
    observed_at: Date
    tries: number
    last_try: Date
  }>(
    `SELECT y.symbol, s.interval, s.provider, i.exchange, h.last_bar, h.observed_at, t.tries, t.last_try
     FROM stockyard.series s
     JOIN stockyard.instruments i ON i.id = s.instrument_id AND i.active AND i.delisted_on IS NULL
     JOIN stockyard.symbols y ON y.instrument_id = i.id AND y.valid_until IS NULL
     JOIN stockyard.series_heads h ON h.series_id = s.id AND h.last_bar IS NOT NULL
     CROSS JOIN LATERAL (
       SELECT count(*) AS tries, max(t.finished_at) AS last_try FROM stockyard.tasks t
       WHERE t.symbol = y.symbol AND t.interval = s.interval AND t.provider = s.provider
         AND t.error_code IN ('SYMBOL_UNKNOWN', 'NO_DATA') AND t.finished_at > h.observed_at) AS t
     WHERE t.tries > 0
     ORDER BY y.symbol COLLATE "C", s.interval, s.provider`,
  )
  return rows.map((row) => ({
    symbol: row.symbol,
    interval: row.interval,
    provider: row.provider,
    exchange: row.exchange,
    lastBar: row.last_bar.getTime(),
    observedAt: row.observed_at.getTime(),
    tries: row.tries,
    lastTryAt: row.last_try.getTime(),
  }))
}
