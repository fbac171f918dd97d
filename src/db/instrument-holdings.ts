/** What hangs on an instrument beside its series: what vendors say of its splits and payments, and its quotes. */
import type { Connection } from './connect.ts'

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
