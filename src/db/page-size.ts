/** How much room the pages of this store take. */
import type { Queryable } from './connect.ts'

/** Fewer bars than these say little: the tables' first blocks weigh too much. */
const BARS_MIN = 100_000

/** Bytes on disk a bar, indexes included, as the pages of this store have it; null while it has few. */
export async function measureBytesPerBar(database: Queryable): Promise<number | null> {
  const { rows } = await database.query<{ bytes: number; bars: number }>(
    `SELECT pg_total_relation_size('stockyard.pages')::float8 AS bytes,
            coalesce(sum(bars), 0)::float8 AS bars
     FROM stockyard.series_heads`,
  )
  const { bytes, bars } = rows[0]!
  return bars < BARS_MIN ? null : bytes / bars
}
