/**
 * The table schedules: when what is done by itself is done next, who does it, and what people want of it.
 * Changes by people are told to the process that does it, in the transaction that makes them.
 */
import { hostname } from 'node:os'
import { SCHEDULE_NAMES, type ScheduleName, type ScheduleStatus } from '../domain/schedule.ts'
import type { Queryable } from './connect.ts'
import { ROUND_LOCK_KEY } from './round-lock.ts'

/** A process that keeps series current. */
export interface Keeper {
  readonly host: string
  readonly pid: number
}

/** Instants are milliseconds UTC. */
export interface StoredSchedule {
  readonly name: ScheduleName
  /** Null while nobody does it. */
  readonly keeper: Keeper | null
  /** Null: never, or nobody knows. */
  readonly nextAt: number | null
  /** Null while it is not being done. */
  readonly begunAt: number | null
  readonly runRequestedAt: number | null
  readonly pausedAt: number | null
  readonly pausedBy: string | null
  /** Of the pause. */
  readonly reason: string | null
  /** When it was done last; null: never. */
  readonly lastAt: number | null
  readonly lastRun: number | null
  readonly lastStatus: ScheduleStatus | null
}

/** What happened to a schedule, as the process that keeps current hears of it. */
export interface ScheduleNews {
  readonly deed: 'paused' | 'resumed' | 'requested'
  readonly name: ScheduleName
}

/** The channel on which it is told: the deed and the name. */
export const SCHEDULES_CHANNEL = 'stockyard_schedules'

export function readScheduleNews(payload: string): ScheduleNews {
  const [deed, name] = payload.split(' ') as [ScheduleNews['deed'], ScheduleName]
  return { deed, name }
}

/** True of a row `s` whose keeper still holds the lock: a process that died lets it go. */
const IS_KEPT = `EXISTS (
  SELECT FROM pg_locks l
  WHERE l.locktype = 'advisory' AND l.granted AND l.pid = s.keeper_session AND l.objsubid = 1
    AND (l.classid::bigint << 32 | l.objid::bigint) = ${ROUND_LOCK_KEY}
    AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()))`

interface Row {
  name: ScheduleName
  is_kept: boolean
  keeper_host: string | null
  keeper_pid: number | null
  next_at: Date | null
  begun_at: Date | null
  run_requested_at: Date | null
  paused_at: Date | null
  paused_by: string | null
  reason: string | null
  last_at: Date | null
  last_run: number | null
  last_status: ScheduleStatus | null
}

/** All schedules, in the order of SCHEDULE_NAMES. What a process that is gone had planned is not told. */
export async function readSchedules(db: Queryable): Promise<StoredSchedule[]> {
  const { rows } = await db.query<Row>(
    `SELECT s.*, ${IS_KEPT} AS is_kept FROM stockyard.schedules s
     WHERE name = ANY ($1) ORDER BY array_position($1, name)`,
    [SCHEDULE_NAMES],
  )
  return rows.map((row) => ({
    name: row.name,
    keeper: row.is_kept ? { host: row.keeper_host!, pid: row.keeper_pid! } : null,
    nextAt: row.is_kept ? instant(row.next_at) : null,
    begunAt: row.is_kept ? instant(row.begun_at) : null,
    runRequestedAt: row.is_kept ? instant(row.run_requested_at) : null,
    pausedAt: instant(row.paused_at),
    pausedBy: row.paused_by,
    reason: row.reason,
    lastAt: instant(row.last_at),
    lastRun: row.last_run,
    lastStatus: row.last_status,
  }))
}

function instant(date: Date | null): number | null {
  return date?.getTime() ?? null
}

/** Pauses a schedule. Paused again, it has a new reason and is still paused since it first was. */
export async function pauseSchedule(
  db: Queryable,
  name: ScheduleName,
  pause: { readonly by: string; readonly reason: string | null; readonly now: number },
): Promise<void> {
  await db.query(
    `WITH changed AS (
       UPDATE stockyard.schedules
       SET paused_at = coalesce(paused_at, $2), paused_by = $3, reason = $4,
           run_requested_at = NULL, next_at = NULL
       WHERE name = $1 RETURNING name)
     SELECT pg_notify('${SCHEDULES_CHANNEL}', 'paused ' || name) FROM changed`,
    [name, new Date(pause.now), pause.by, pause.reason],
  )
}

/** Lets a schedule go on. Harmless where it is not paused. */
export async function resumeSchedule(db: Queryable, name: ScheduleName): Promise<void> {
  await db.query(
    `WITH changed AS (
       UPDATE stockyard.schedules SET paused_at = NULL, paused_by = NULL, reason = NULL
       WHERE name = $1 AND paused_at IS NOT NULL RETURNING name)
     SELECT pg_notify('${SCHEDULES_CHANNEL}', 'resumed ' || name) FROM changed`,
    [name],
  )
}

/**
 * Asks the process that keeps current to do a schedule's work now; false where there is none, or the
 * schedule is paused. Asked twice before it began, it does it once.
 */
export async function requestRun(db: Queryable, name: ScheduleName, now: number): Promise<boolean> {
  const { rowCount } = await db.query(
    `WITH changed AS (
       UPDATE stockyard.schedules s SET run_requested_at = $2
       WHERE name = $1 AND paused_at IS NULL AND ${IS_KEPT} RETURNING name)
     SELECT pg_notify('${SCHEDULES_CHANNEL}', 'requested ' || name) FROM changed`,
    [name, new Date(now)],
  )
  return rowCount === 1
}

/** Says that this process does the work from now on, with the session that holds the lock. */
export async function takeSchedules(db: Queryable, session: number): Promise<void> {
  await db.query(
    `UPDATE stockyard.schedules
     SET keeper_session = $1, keeper_host = $2, keeper_pid = $3, next_at = NULL, begun_at = NULL,
         run_requested_at = NULL`,
    [session, hostname(), process.pid],
  )
}

/** Keeps when each schedule's work is due next; null: never, as things are. */
export async function planSchedules(
  db: Queryable,
  nextAt: Readonly<Record<ScheduleName, number | null>>,
): Promise<void> {
  await db.query(
    `UPDATE stockyard.schedules s SET next_at = n.next_at
     FROM unnest($1::text[], $2::timestamptz[]) AS n (name, next_at)
     WHERE s.name = n.name AND (n.next_at IS NULL OR s.paused_at IS NULL)`,
    [
      SCHEDULE_NAMES,
      SCHEDULE_NAMES.map((name) => (nextAt[name] === null ? null : new Date(nextAt[name]))),
    ],
  )
}

/** Says that the work of a schedule has begun. */
export async function beginSchedule(db: Queryable, name: ScheduleName, now: number): Promise<void> {
  await db.query('UPDATE stockyard.schedules SET begun_at = $2 WHERE name = $1', [
    name,
    new Date(now),
  ])
}

/** How the work of a schedule ended. */
export interface ScheduleEnd {
  readonly at: number
  readonly run: number | null
  /** Null where there was nothing to do: what is known of the time before stays. */
  readonly status: ScheduleStatus | null
  /** The request that it answers; a later one is still to be answered. */
  readonly requestedAt: number | null
}

/** Says that the work of a schedule has ended. */
export async function endSchedule(
  db: Queryable,
  name: ScheduleName,
  end: ScheduleEnd,
): Promise<void> {
  await db.query(
    `UPDATE stockyard.schedules SET begun_at = NULL,
       run_requested_at = CASE WHEN run_requested_at = $5 THEN NULL ELSE run_requested_at END,
       last_at = CASE WHEN $4::text IS NULL THEN last_at ELSE $2 END,
       last_run = CASE WHEN $4::text IS NULL THEN last_run ELSE $3 END,
       last_status = coalesce($4, last_status)
     WHERE name = $1`,
    [
      name,
      new Date(end.at),
      end.run,
      end.status,
      end.requestedAt === null ? null : new Date(end.requestedAt),
    ],
  )
}
