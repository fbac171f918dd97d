/** What hangs on an instrument beside its series: what vendors say of its splits and payments, and its quotes. */
import type { Connection } from './connect.ts'

/**
 * What makes an instrument more than a symbol that was merely added, in words that follow its symbol; null
 * where nothing does. A series without a bar is none.
 */
export async function findOwnHolding(connection: Connection, id: number): Promise<string | null> {
  const { rows } = await connection.query<{ held: string | null }>(
    `SELECT CASE
       WHEN EXISTS (SELECT FROM stockyard.series s
         JOIN stockyard.series_heads h ON h.series_id = s.id
         WHERE s.instrument_id = $1 AND h.bars > 0) THEN 'has bars of its own'
       WHEN EXISTS (SELECT FROM stockyard.actions WHERE instrument_id = $1)
         THEN 'has splits or dividends of its own'
       WHEN EXISTS (SELECT FROM stockyard.quotes WHERE instrument_id = $1)
         THEN 'has a price of its own'
       WHEN i.name IS NOT NULL THEN 'has a name of its own'
       WHEN i.watched THEN 'is watched by itself' END AS held
     FROM stockyard.instruments i WHERE i.id = $1`,
    [id],
  )
  return rows[0]?.held ?? null
}

/**
 * Brings what one instrument has over to another one that is the same thing, vendor by vendor: splits and
 * payments where that one has none of the vendor, quotes where it has no newer one. The rest stays.
 */
export async function moveHoldings(
  connection: Connection,
  from: number,
  to: number,
): Promise<void> {
  await connection.query(
    `DELETE FROM stockyard.quotes q USING stockyard.quotes o
     WHERE q.instrument_id = $2 AND o.instrument_id = $1 AND o.provider = q.provider
       AND o.observed_at > q.observed_at`,
    [from, to],
  )
  for (const table of ['quotes', 'actions', 'action_asks']) {
    await connection.query(
      `UPDATE stockyard.${table} t SET instrument_id = $2
       WHERE t.instrument_id = $1 AND NOT EXISTS (
         SELECT FROM stockyard.${table} own WHERE own.instrument_id = $2 AND own.provider = t.provider)`,
      [from, to],
    )
  }
}
