/** What a read of an instrument's bars has to know before its first page, in one round trip. */
import type { CalendarChange } from '../domain/calendar/changes.ts'
import { toChange, type ClosureRow } from './closures.ts'
import type { Queryable } from './connect.ts'
import type { SeriesRef } from './read-series.ts'

export interface PlanContext {
  /** Changes of all exchanges' calendars. */
  readonly changes: readonly CalendarChange[]
  /** The series of the instrument, or those that were there at an instant. */
  readonly series: readonly SeriesRef[]
  readonly ledgerVersion: string
}

/**
 * Another text whenever the merged ledger of instrument $1 can have become another one: all that is said of
 * its actions, what people decided of them, its bars as traded and its exchange's calendar. It names the
 * database, since ids are its own.
 */
const LEDGER_VERSION = `concat_ws('|', current_database(),
  (SELECT exchange FROM stockyard.instruments WHERE id = $1),
  (SELECT md5(string_agg(concat_ws(':', a.id, extract(epoch FROM a.replaced_at)), ',' ORDER BY a.id))
   FROM stockyard.actions a WHERE a.instrument_id = $1),
  (SELECT string_agg(concat_ws(':', d.id, extract(epoch FROM d.withdrawn_at)), ',' ORDER BY d.id)
   FROM stockyard.decisions d
   WHERE d.verdict IN ('apply', 'refuse') AND d.instrument_id = $1),
  (SELECT string_agg(concat_ws(':', s.id, extract(epoch FROM h.changed_at)), ',' ORDER BY s.id)
   FROM stockyard.series s LEFT JOIN stockyard.series_heads h ON h.series_id = s.id
   WHERE s.instrument_id = $1 AND s.interval = '1d'),
  (SELECT md5(string_agg(c::text, ',' ORDER BY c.exchange, c.day)) FROM stockyard.closures c))`

/** The version of the merged ledger of now. */
export async function readLedgerVersion(db: Queryable, instrumentId: number): Promise<string> {
  const { rows } = await db.query<{ version: string }>({
    name: 'ledger-version',
    text: `SELECT ${LEDGER_VERSION} AS version`,
    values: [instrumentId],
  })
  return rows[0]!.version
}

/** @param asOf milliseconds UTC; null: as it is now */
export async function readPlanContext(
  db: Queryable,
  instrumentId: number,
  asOf: number | null,
): Promise<PlanContext> {
  const { rows } = await db.query<{
    closures: ClosureRow[]
    series: SeriesRef[]
    version: string
  }>({
    name: 'plan-context',
    text: `SELECT ${LEDGER_VERSION} AS version,
       (SELECT coalesce(json_agg(json_build_object('exchange', exchange, 'day', day, 'closed', closed,
          'opens', opens, 'closes', closes, 'reason', reason) ORDER BY exchange, day), '[]')
        FROM stockyard.closures) AS closures,
       (SELECT coalesce(json_agg(json_build_object('id', id, 'interval', interval, 'provider', provider,
          'basis', basis) ORDER BY provider, basis), '[]')
        FROM stockyard.series WHERE instrument_id = $1
          AND ($2::timestamptz IS NULL OR created_at <= $2)) AS series`,
    values: [instrumentId, asOf === null ? null : new Date(asOf)],
  })
  const { closures, series, version } = rows[0]!
  return { changes: closures.map(toChange), series, ledgerVersion: version }
}
