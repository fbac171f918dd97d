/** Quotes: the newest price of an instrument from each provider. */
import { formatDate, parseDay } from '../domain/date.ts'
import type { Queryable } from './connect.ts'
import { boundEvents, TELL } from './events.ts'

/** Absent values are null. */
export interface Quote {
  readonly provider: string
  readonly price: number
  readonly open: number | null
  readonly high: number | null
  readonly low: number | null
  readonly previousClose: number | null
  readonly volume: number | null
  /** Day of the session that the price belongs to. */
  readonly sessionDay: number
  /** When the answer had come, milliseconds UTC. */
  readonly observedAt: number
}

const VALUES = 'price, open, high, low, previous_close, volume, session'

/** Keeps a quote, unless a newer one of the same provider is there, and tells where it says something new. */
export async function upsertQuote(
  db: Queryable,
  instrumentId: number,
  quote: Quote,
): Promise<void> {
  const { rows } = await db.query<{ id: number }>(
    `WITH before AS (
       SELECT ${VALUES} FROM stockyard.quotes WHERE instrument_id = $1 AND provider = $2),
     kept AS (
       INSERT INTO stockyard.quotes AS q (instrument_id, provider, ${VALUES}, observed_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
       ON CONFLICT (instrument_id, provider) DO UPDATE SET
         price = excluded.price, open = excluded.open, high = excluded.high, low = excluded.low,
         previous_close = excluded.previous_close, volume = excluded.volume,
         session = excluded.session, observed_at = excluded.observed_at
       WHERE excluded.observed_at >= q.observed_at
       RETURNING provider, ${VALUES}, observed_at),
     told AS (
       INSERT INTO stockyard.events (type, symbol, data)
       SELECT 'quote', y.symbol, json_build_object('provider', provider, 'price', price, 'open', open,
         'high', high, 'low', low, 'previousClose', previous_close, 'volume', volume,
         'session', session, 'observedAt', (extract(epoch FROM observed_at) * 1000)::bigint)
       FROM kept CROSS JOIN LATERAL (
         SELECT symbol FROM stockyard.symbols
         WHERE instrument_id = $1 AND valid_until IS NULL ORDER BY symbol LIMIT 1) AS y
       WHERE NOT EXISTS (
         SELECT FROM before WHERE (before.*) IS NOT DISTINCT FROM
           (SELECT n FROM (SELECT ${VALUES} FROM kept) AS n))
       RETURNING id)
     ${TELL}`,
    [
      instrumentId,
      quote.provider,
      quote.price,
      quote.open,
      quote.high,
      quote.low,
      quote.previousClose,
      quote.volume,
      formatDate(quote.sessionDay),
      new Date(quote.observedAt),
    ],
  )
  await boundEvents(db, rows[0]?.id ?? null)
}

interface QuoteRow {
  provider: string
  price: number
  open: number | null
  high: number | null
  low: number | null
  previous_close: number | null
  volume: number | null
  session: string
  observed_at: Date
}

/** The quote of an instrument that was observed last, or null. */
export async function findQuote(db: Queryable, instrumentId: number): Promise<Quote | null> {
  const { rows } = await db.query<QuoteRow>(
    `SELECT provider, price, open, high, low, previous_close, volume, session, observed_at
     FROM stockyard.quotes WHERE instrument_id = $1
     ORDER BY observed_at DESC, provider LIMIT 1`,
    [instrumentId],
  )
  const row = rows[0]
  if (row === undefined) return null
  const { previous_close, session, observed_at, ...same } = row
  return {
    ...same,
    previousClose: previous_close,
    sessionDay: parseDay(session),
    observedAt: observed_at.getTime(),
  }
}
