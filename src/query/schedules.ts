/** Schedules in the shape that the API and the CLI share: when next, by whom, and why not. */
import type { Queryable } from '../db/connect.ts'
import { readSchedules as readRows, type Keeper, type StoredSchedule } from '../db/schedules.ts'
import { SCHEDULE_MEANINGS, type ScheduleName, type ScheduleStatus } from '../domain/schedule.ts'
import { formatInstant } from './rows.ts'

export const SCHEDULE_STATES = ['waiting', 'running', 'paused', 'off'] as const

/** Instants are texts. */
export interface Schedule {
  readonly name: ScheduleName
  readonly description: string
  /** `off` while no process keeps series current, paused or not. */
  readonly state: (typeof SCHEDULE_STATES)[number]
  /** Why it is paused or off; null while it is neither. */
  readonly why: string | null
  readonly next_at: string | null
  readonly keeper: Keeper | null
  readonly running_since: string | null
  readonly requested_at: string | null
  readonly paused_at: string | null
  readonly paused_by: string | null
  readonly reason: string | null
  readonly last_at: string | null
  readonly last_run: number | null
  readonly last_status: ScheduleStatus | null
}

/** @param etlEnabled ETL_ENABLED of the process that asks */
export async function readSchedules(db: Queryable, etlEnabled: boolean): Promise<Schedule[]> {
  const rows = await readRows(db)
  return rows.map((row) => describe(row, etlEnabled))
}

export async function readSchedule(
  db: Queryable,
  name: ScheduleName,
  etlEnabled: boolean,
): Promise<Schedule> {
  return (await readSchedules(db, etlEnabled)).find((one) => one.name === name)!
}

function describe(row: StoredSchedule, etlEnabled: boolean): Schedule {
  const reasons = [offReason(row, etlEnabled), pauseReason(row)].filter((text) => text !== null)
  return {
    name: row.name,
    description: SCHEDULE_MEANINGS[row.name],
    state: stateOf(row),
    why: reasons.length === 0 ? null : reasons.join('; '),
    next_at: instant(row.nextAt),
    keeper: row.keeper,
    running_since: instant(row.begunAt),
    requested_at: instant(row.runRequestedAt),
    paused_at: instant(row.pausedAt),
    paused_by: row.pausedBy,
    reason: row.reason,
    last_at: instant(row.lastAt),
    last_run: row.lastRun,
    last_status: row.lastStatus,
  }
}

function stateOf({ keeper, begunAt, pausedAt }: StoredSchedule): Schedule['state'] {
  if (keeper === null) return 'off'
  // A pause lets the batch in hand end.
  if (begunAt !== null) return 'running'
  return pausedAt === null ? 'waiting' : 'paused'
}

function offReason({ keeper }: StoredSchedule, etlEnabled: boolean): string | null {
  if (keeper !== null) return null
  return etlEnabled ? 'no process keeps series current' : 'ETL_ENABLED is false'
}

function pauseReason({ pausedAt, pausedBy, reason }: StoredSchedule): string | null {
  if (pausedAt === null) return null
  return `paused by ${pausedBy}${reason === null ? '' : `: ${reason}`}`
}

function instant(at: number | null): string | null {
  return at === null ? null : formatInstant(at)
}
