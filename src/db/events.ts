/**
 * The tables events and events_removed: what happened, written in the transaction that it tells of, and read
 * up to a horizon behind which nothing can come any more. See docs/decisions/0008-event-stream.md.
 */
import type { Queryable } from './connect.ts'

/** Wakes those who wait for events; what is told is read from the table. */
export const EVENTS_CHANNEL = 'stockyard_events'

export const EVENT_TYPES = ['bar', 'quote', 'run', 'action', 'alert'] as const
export type EventType = (typeof EVENT_TYPES)[number]

export interface StoredEvent {
  /** Ascending in the order in which events are read. */
  readonly id: number
  readonly type: EventType
  readonly symbol: string | null
  readonly interval: string | null
  /** As its writer made it; instants are milliseconds UTC. */
  readonly data: unknown
}

export interface EventPage {
  /** A name of the database and its history: ids of another one mean nothing in this one. */
  readonly history: string
  /** All events up to this id are there or never will be. */
  readonly horizon: number
  /** The newest id that was given: beyond the horizon while a transaction that told something goes on. */
  readonly last: number
  /** The newest event that was removed. */
  readonly removed: number
  /** After the id that was asked for, up to the horizon, in order. */
  readonly events: readonly StoredEvent[]
}

// Reading ---------------------------------------------------------------------------------------------

/**
 * Which database this is, and which of its lives: a copy goes on from the ids that it was made with, and a
 * standby that takes over may give ids again that it never saw.
 */
const HISTORY = `substr(md5((SELECT system_identifier FROM pg_control_system())::text || ' '
  || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8) || ' '
  || (SELECT oid FROM pg_database WHERE datname = current_database())::text), 1, 8)`

/** The events after an id, at most so many, and how things stand; null asks for the latter alone. */
export async function readEvents(
  db: Queryable,
  after: number | null,
  limit: number,
): Promise<EventPage> {
  const { history, horizon, last_id } = await readHorizon(db)
  // In a statement of its own, which sees all that had ended when the horizon was found.
  const { rows } = await db.query<StoredEvent & { removed: number }>({
    name: 'read-events',
    text: `SELECT r.id AS removed, e.id, e.type, e.symbol, e.interval, e.data
           FROM stockyard.events_removed AS r
           LEFT JOIN LATERAL (
             SELECT * FROM stockyard.events WHERE id > $1 AND id <= $2 ORDER BY id LIMIT $3) AS e ON true
           ORDER BY e.id`,
    values: [after ?? 0, horizon, after === null ? 0 : limit],
  })
  return {
    history,
    horizon,
    last: last_id,
    removed: rows[0]!.removed,
    events: rows.flatMap(({ removed: _removed, ...event }) => (event.id === null ? [] : [event])),
  }
}

async function readHorizon(db: Queryable) {
  const { rows } = await db.query<{ history: string; horizon: number; last_id: number }>({
    name: 'event-horizon',
    text: `SELECT ${HISTORY} AS history, horizon, last_id FROM stockyard.event_horizon()`,
  })
  return rows[0]!
}

// Keeping within bounds ----------------------------------------------------------------------------

/** Events that are kept, and for how long. */
const BOUNDS: EventBounds = { rows: 100_000, days: 3 }
/** So often writers look whether there are too many. */
const LOOK_EVERY = 1000
/** Removed at a time: more than come until the next look, so that it never falls behind. */
const REMOVED_MAX = 5000

export interface EventBounds {
  readonly rows: number
  /** Older ones go, as soon as a run ends or many events have come. */
  readonly days: number
}

/** Removes events that are too many or too old, unless somebody else does just now. */
export async function removeOldEvents(db: Queryable, bounds: EventBounds = BOUNDS): Promise<void> {
  await db.query({
    name: 'remove-old-events',
    text: `WITH gate AS (SELECT id FROM stockyard.events_removed FOR UPDATE SKIP LOCKED),
       ends AS (SELECT horizon, last_id FROM stockyard.event_horizon()),
       oldest AS (SELECT id, at FROM stockyard.events ORDER BY id LIMIT ${REMOVED_MAX}),
       last AS (
         SELECT o.id FROM oldest o CROSS JOIN ends e CROSS JOIN gate
         WHERE o.id <= e.horizon
           AND (o.id <= e.last_id - $1::bigint OR o.at < clock_timestamp() - $2 * interval '1 day')
         ORDER BY o.id DESC LIMIT 1),
       gone AS (DELETE FROM stockyard.events WHERE id <= (SELECT id FROM last))
       UPDATE stockyard.events_removed SET id = last.id FROM last`,
    values: [bounds.rows, bounds.days],
  })
}

/** To be told the id of each event that was written, now and then: keeps the table within its bounds. */
export async function boundEvents(db: Queryable, eventId: number | null): Promise<void> {
  if (eventId !== null && eventId % LOOK_EVERY === 0) await removeOldEvents(db)
}

// Parts of the statements of writers -----------------------------------------------------------------

/** An instant of a column in milliseconds UTC. */
const ms = (column: string) => `(extract(epoch FROM ${column}) * 1000)::bigint`

/** Which bars of a series changed. */
export interface BarsChanged {
  readonly symbol: string
  readonly interval: string
  readonly provider: string
  /** From the first to after the last of them, as `from` and `until` are written. */
  readonly from: string
  readonly until: string
  readonly inserted: number
  readonly updated: number
  /** Final ones that have another value now; they are among the updated. */
  readonly revised: number
  readonly removed: number
}

/**
 * The INSERT of a `bar`: `head` names a row of series_heads as it is now, and the parameters from `$first` on
 * are those of barEventValues.
 */
export function barEvent(head: string, first: number): string {
  return `INSERT INTO stockyard.events (type, symbol, interval, data)
    SELECT 'bar', $${first}, $${first + 1}, json_build_object('provider', $${first + 2}::text,
      'bar', CASE WHEN last_bar IS NOT NULL THEN json_build_object('ts', ${ms('last_bar')},
        'open', last_open, 'high', last_high, 'low', last_low, 'close', last_close,
        'volume', last_volume, 'vwap', last_vwap, 'trades', last_trades, 'final', last_final) END,
      'changed', $${first + 3}::json, 'run', run_id)
    FROM ${head} WHERE $${first}::text IS NOT NULL
    RETURNING id`
}

/** Null, where no bar changed, makes barEvent tell nothing. */
export function barEventValues(changed: BarsChanged | null): (string | null)[] {
  if (changed === null) return [null, null, null, null]
  const { symbol, interval, provider, ...range } = changed
  return [symbol, interval, provider, JSON.stringify(range)]
}

/**
 * The INSERT of a `run`: `run` names a row of runs as it is now, or none, and `tasks` all rows of its tasks.
 */
export function runEvent(run: string, tasks: string): string {
  return `INSERT INTO stockyard.events (type, data)
    SELECT 'run', json_build_object('id', r.id, 'job', r.job, 'status', r.status,
      'startedAt', ${ms('r.started_at')}, 'finishedAt', ${ms('r.finished_at')}, 'symbols', t.symbols,
      'requests', t.requests, 'fetched', t.fetched, 'inserted', t.inserted, 'updated', t.updated,
      'unchanged', t.unchanged, 'rejected', t.rejected, 'failed', t.failed,
      'tasks', t.tasks, 'tasksEnded', t.ended, 'firstError', e.error)
    FROM ${run} AS r
    CROSS JOIN LATERAL (
      SELECT count(*) AS tasks, count(DISTINCT symbol) AS symbols,
        count(*) FILTER (WHERE status NOT IN ('pending', 'running')) AS ended,
        count(*) FILTER (WHERE status = 'failed') AS failed,
        coalesce(sum(requests), 0) AS requests, coalesce(sum(fetched), 0) AS fetched,
        coalesce(sum(inserted), 0) AS inserted, coalesce(sum(updated), 0) AS updated,
        coalesce(sum(unchanged), 0) AS unchanged, coalesce(sum(rejected), 0) AS rejected
      FROM ${tasks} WHERE r.id IS NOT NULL) AS t
    LEFT JOIN LATERAL (
      SELECT json_build_object('symbol', symbol, 'code', error_code, 'message', error_message,
        'hint', error_hint) AS error
      FROM ${tasks} WHERE error_code IS NOT NULL AND r.id IS NOT NULL
      ORDER BY number LIMIT 1) AS e ON true
    RETURNING id`
}

/** The present symbol of the instrument `$2`; null where that is null. */
const SYMBOL_NOW =
  'SELECT symbol FROM stockyard.symbols WHERE instrument_id = $2 AND valid_until IS NULL ORDER BY symbol LIMIT 1'

/** The end of a statement with a CTE `told` of one of the INSERTs: wakes those who wait. */
export const TELL = `SELECT id, pg_notify('${EVENTS_CHANNEL}', '') FROM told`

/** An event whose data its writer has at hand. */
export interface PlainEvent {
  readonly type: EventType
  /** Whose symbol it carries; null where it is about no one instrument. */
  readonly instrumentId: number | null
  readonly data: object
}

/** Tells an event: to be called in the transaction that it tells of. */
export async function insertEvent(
  db: Queryable,
  { type, instrumentId, data }: PlainEvent,
): Promise<void> {
  const { rows } = await db.query<{ id: number }>(
    `WITH told AS (
       INSERT INTO stockyard.events (type, symbol, data)
       SELECT $1, (${SYMBOL_NOW}), $3 RETURNING id)
     ${TELL}`,
    [type, instrumentId, JSON.stringify(data)],
  )
  await boundEvents(db, rows[0]!.id)
}
