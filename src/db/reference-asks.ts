/** Of which instruments no vendor has said what they are, and when one was asked for it unbidden. */
import { DAY_MS } from '../domain/date.ts'
import type { Queryable } from './connect.ts'

export interface Untold {
  readonly id: number
  readonly symbol: string
}

/** How often somebody is asked unbidden. */
export interface AskPace {
  readonly now: number
  /** In any 24 hours, for all instruments. */
  readonly perDay: number
  /** Between two times for one instrument. */
  readonly againMs: number
}

/** Those of some symbols that are to be asked for now, by symbol. */
export async function listUntold(
  db: Queryable,
  symbols: readonly string[],
  { now, perDay, againMs }: AskPace,
): Promise<Untold[]> {
  const { rows } = await db.query<Untold>(
    `SELECT i.id, y.symbol
     FROM stockyard.symbols y JOIN stockyard.instruments i ON i.id = y.instrument_id
     WHERE y.symbol = ANY ($1) AND y.valid_until IS NULL AND i.metadata = '{}'
       AND (i.reference_asked_at IS NULL OR i.reference_asked_at <= $2)
     ORDER BY y.symbol COLLATE "C"
     LIMIT greatest(0, $3 - (
       SELECT count(*) FROM stockyard.instruments WHERE reference_asked_at > $4))`,
    [symbols, new Date(now - againMs), perDay, new Date(now - DAY_MS)],
  )
  return rows
}

/** Keeps that somebody was asked, whatever came of it. */
export async function recordReferenceAsk(db: Queryable, id: number, now: number): Promise<void> {
  await db.query('UPDATE stockyard.instruments SET reference_asked_at = $2 WHERE id = $1', [
    id,
    new Date(now),
  ])
}
