/** What a symbol named as of an instant. */
import type { Queryable } from './connect.ts'
import { findInstrument, getInstrument, requireSymbol, type Instrument } from './instruments.ts'

/**
 * The instrument that a symbol named as of an instant; where the store did not know the symbol yet, the
 * first one that it named after, so that the answer is the same for ever.
 * @throws StockyardError `SYMBOL_UNKNOWN`, `SYMBOL_INVALID`
 */
export async function getInstrumentAsOf(
  db: Queryable,
  typed: string,
  asOf: number | null,
): Promise<Instrument> {
  const found = asOf === null ? null : await findInstrument(db, typed, { asOf })
  if (found !== null || asOf === null) return found ?? (await getInstrument(db, typed))
  const { rows } = await db.query<{ first: Date | null }>(
    `SELECT date_trunc('milliseconds', least(
       (SELECT min(recorded_at) FROM stockyard.symbols WHERE symbol IN ($1, $2)),
       (SELECT min(recorded_at) FROM stockyard.symbol_versions WHERE symbol IN ($1, $2))
     )) + interval '1 ms' AS first`,
    [requireSymbol(typed), typed.trim()],
  )
  return await getInstrument(db, typed, { asOf: rows[0]?.first?.getTime() })
}
