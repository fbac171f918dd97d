/** What a read of an instrument's bars has to know before its first page, in one round trip. */
import { parseCoverage, type DayRange } from '../domain/coverage.ts'
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
  readonly told: ToldActions
}

/** Of which days vendors were asked for the splits and dividends of an instrument, as it is now. */
export interface ToldActions {
  /** When a vendor last told all that it knows, milliseconds UTC; null where none did. */
  readonly answeredAt: number | null
  /** Days of restated bars, along with which a vendor tells its splits and dividends, series by series. */
  readonly alongBars: readonly DayRange[]
  /** Starts of the first and last bars of series, milliseconds UTC, by their ids; what has none is absent. */
  readonly ends: ReadonlyMap<number, readonly [first: number, last: number]>
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
    answered_at: Date | null
    heads: { id: number; span: string | null; first: number; last: number }[]
  }>({
    name: 'plan-context',
    text: `SELECT ${LEDGER_VERSION} AS version,
       (SELECT coalesce(json_agg(json_build_object('exchange', exchange, 'day', day, 'closed', closed,
          'opens', opens, 'closes', closes, 'reason', reason) ORDER BY exchange, day), '[]')
        FROM stockyard.closures) AS closures,
       (SELECT coalesce(json_agg(json_build_object('id', id, 'interval', interval, 'provider', provider,
          'basis', basis) ORDER BY provider, basis), '[]')
        FROM stockyard.series WHERE instrument_id = $1
          AND ($2::timestamptz IS NULL OR created_at <= $2)) AS series,
       (SELECT max(answered_at) FROM stockyard.action_asks WHERE instrument_id = $1) AS answered_at,
       (SELECT coalesce(json_agg(json_build_object('id', s.id,
          'span', CASE WHEN s.basis = 'split' THEN h.span END,
          'first', extract(epoch FROM h.first_bar), 'last', extract(epoch FROM h.last_bar))), '[]')
        FROM stockyard.series s JOIN stockyard.series_heads h ON h.series_id = s.id
        WHERE s.instrument_id = $1 AND h.bars > 0) AS heads`,
    values: [instrumentId, asOf === null ? null : new Date(asOf)],
  })
  const { closures, series, version, answered_at: answered, heads } = rows[0]!
  const told = {
    answeredAt: answered?.getTime() ?? null,
    alongBars: heads.flatMap(({ span }) => (span === null ? [] : parseCoverage(span))),
    ends: new Map(heads.map(({ id, first, last }) => [id, [first * 1000, last * 1000] as const])),
  }
  return { changes: closures.map(toChange), series, ledgerVersion: version, told }
}
