/** The table closure_alerts: sessions on which nothing came of any symbol of an exchange. */
import { formatDate, parseDay } from '../domain/date.ts'
import type { Queryable } from './connect.ts'
import { boundEvents, TELL } from './events.ts'

export interface StoredAlert {
  readonly exchange: string
  readonly day: number
  /** How many symbols came back empty. */
  readonly symbols: number
  readonly runId: number
  readonly raisedAt: number
}

/** Alerts that nothing has resolved yet, by exchange and day. */
export async function listOpenAlerts(db: Queryable): Promise<StoredAlert[]> {
  const { rows } = await db.query<{
    exchange: string
    day: string
    symbols: number
    run_id: number
    raised_at: Date
  }>(
    `SELECT exchange, day, symbols, run_id, raised_at FROM stockyard.closure_alerts
     WHERE resolved_at IS NULL ORDER BY exchange, day`,
  )
  return rows.map((row) => ({
    exchange: row.exchange,
    day: parseDay(row.day),
    symbols: row.symbols,
    runId: row.run_id,
    raisedAt: row.raised_at.getTime(),
  }))
}

/**
 * Raises an alert and tells it in those words; false where there was one for the day already.
 */
export async function insertAlert(
  db: Queryable,
  { exchange, day, symbols, runId }: Omit<StoredAlert, 'raisedAt'>,
  words: { readonly message: string; readonly hint: string },
): Promise<boolean> {
  const session = formatDate(day)
  const { rows } = await db.query<{ id: number }>(
    `WITH raised AS (
       INSERT INTO stockyard.closure_alerts (exchange, day, symbols, run_id) VALUES ($1, $2, $3, $4)
       ON CONFLICT DO NOTHING
       RETURNING day),
     told AS (
       INSERT INTO stockyard.events (type, data) SELECT 'alert', $5::json FROM raised RETURNING id)
     ${TELL}`,
    [
      exchange,
      session,
      symbols,
      runId,
      JSON.stringify({ exchange, session, symbols, run: runId, ...words }),
    ],
  )
  const [told] = rows
  if (told === undefined) return false
  await boundEvents(db, told.id)
  return true
}

/** Marks an alert as resolved. */
export async function resolveAlert(
  db: Queryable,
  { exchange, day }: Pick<StoredAlert, 'exchange' | 'day'>,
): Promise<void> {
  await db.query(
    `UPDATE stockyard.closure_alerts SET resolved_at = clock_timestamp()
     WHERE exchange = $1 AND day = $2`,
    [exchange, formatDate(day)],
  )
}

/** Adds what a run found to the notes of its first task. */
export async function noteInRun(db: Queryable, runId: number, note: string): Promise<void> {
  await db.query(
    `UPDATE stockyard.tasks SET notes = notes || $2::text WHERE run_id = $1 AND number = 1`,
    [runId, note],
  )
}
