/** The table closures: changes of exchanges' calendars that all hosts of a store are to know of. */
import type { CalendarChange } from '../domain/calendar/changes.ts'
import { formatDate, parseDay } from '../domain/date.ts'
import type { Queryable } from './connect.ts'
import { LATEST_CHANNEL } from './listen.ts'

/** A row as the driver or JSON gives it. */
export interface ClosureRow {
  exchange: string
  day: string
  closed: boolean
  opens: CalendarChange['open'] | null
  closes: CalendarChange['close'] | null
  reason: string
}

/** All changes, by exchange and day. */
export async function listClosures(db: Queryable): Promise<CalendarChange[]> {
  const { rows } = await db.query<ClosureRow>(
    'SELECT exchange, day, closed, opens, closes, reason FROM stockyard.closures ORDER BY exchange, day',
  )
  return rows.map(toChange)
}

export function toChange({
  exchange,
  day,
  closed,
  opens,
  closes,
  reason,
}: ClosureRow): CalendarChange {
  return {
    exchange,
    day: parseDay(day),
    closed,
    reason,
    ...((opens ?? null) === null ? {} : { open: opens! }),
    ...((closes ?? null) === null ? {} : { close: closes! }),
  }
}

/** Records a change, in place of what was recorded for the day before. */
export async function putClosure(db: Queryable, change: CalendarChange): Promise<void> {
  await db.query(
    `INSERT INTO stockyard.closures (exchange, day, closed, opens, closes, reason)
     VALUES ($1, $2, $3, $4, $5, $6)
     ON CONFLICT (exchange, day) DO UPDATE SET
       closed = excluded.closed, opens = excluded.opens, closes = excluded.closes,
       reason = excluded.reason, created_at = clock_timestamp()
     RETURNING pg_notify('${LATEST_CHANNEL}', '*')`,
    [
      change.exchange,
      formatDate(change.day),
      change.closed,
      change.open ?? null,
      change.close ?? null,
      change.reason,
    ],
  )
}

/** Takes a change back; what the built-in calendar says of the day holds again. */
export async function deleteClosure(db: Queryable, exchange: string, day: number): Promise<void> {
  await db.query(
    `DELETE FROM stockyard.closures WHERE exchange = $1 AND day = $2
     RETURNING pg_notify('${LATEST_CHANNEL}', '*')`,
    [exchange, formatDate(day)],
  )
}
