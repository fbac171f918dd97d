/**
 * What a backfill will cost before a call is spent: how long its calls take inside a budget, and on which
 * day the last of them can go out. Pure.
 */
import { MINUTE_WINDOW_MS, SECOND_WINDOW_MS, type Budget } from '../domain/budget.ts'
import { DAY_MS } from '../domain/date.ts'

/** How the vendor's day of now stands. */
export interface DayState {
  /** Calls that it still has; Infinity where days have no limit. */
  readonly left: number
  /** Instant at which the vendor's next day begins. */
  readonly endsAt: number
}

export interface Span {
  /** Milliseconds until the last call can go out; what sending and storing take comes on top. */
  readonly ms: number
  /** Days of the vendor on which calls go out, today's included; 0 without a call. */
  readonly days: number
}

/** How long some calls take inside a budget, one after the other, as soon as each is allowed. */
export function spanOf(calls: number, budget: Budget, day: DayState, now: number): Span {
  if (calls === 0) return { ms: 0, days: 0 }
  if (calls <= day.left) return { ms: spacing(calls, budget), days: 1 }
  const rest = calls - day.left
  const resets = Math.ceil(rest / budget.perDay)
  const onLastDay = rest - (resets - 1) * budget.perDay
  const lastDayStartsIn = day.endsAt - now + (resets - 1) * DAY_MS
  return {
    ms: lastDayStartsIn + spacing(onLastDay, budget),
    days: resets + (day.left > 0 ? 1 : 0),
  }
}

/** Milliseconds from the first to the last of some calls of one day. */
function spacing(calls: number, { perSecond, perMinute }: Budget): number {
  return Math.max(
    Math.floor((calls - 1) / perSecond) * SECOND_WINDOW_MS,
    Math.floor((calls - 1) / perMinute) * MINUTE_WINDOW_MS,
  )
}

/** Vendor days that some calls take at so many a day, beginning with a whole one. */
export function daysAt(calls: number, perDay: number): number {
  return Number.isFinite(perDay) ? Math.ceil(calls / perDay) : Math.min(calls, 1)
}
