/**
 * Budgets: how many calls a plan allows in a second, a minute and a day, and when the next one may go
 * out. The calls that were spent are kept by db/budgets.ts.
 */

/**
 * What a call is for, the most urgent first: a price of now, the bars of a session that closed, bars
 * that were found missing, history that nobody waits for.
 */
export const LANES = ['live', 'close', 'repair', 'backfill'] as const

export type Lane = (typeof LANES)[number]

/** Calls allowed in each window; Infinity where there is no limit. */
export interface Budget {
  readonly perSecond: number
  readonly perMinute: number
  readonly perDay: number
}

/**
 * Milliseconds of the sliding windows. They are longer than a second and a minute, since a call may
 * reach the vendor later than it was reserved: a slow first connection must not let the vendor see one
 * call too many in its own second or minute.
 */
export const SECOND_WINDOW_MS = 1_250
export const MINUTE_WINDOW_MS = 62_000

/** How much later than it was reserved a call may reach the vendor: later ones are stamped anew. */
export const LATE_MS = MINUTE_WINDOW_MS - 60_000

/**
 * A call that was reserved so shortly before the vendor's midnight may reach it after that, or find its
 * clock ahead of ours, so it is counted in both days.
 */
export const DAY_DOUBT_MS = 10_000

/**
 * Calls that were not spent lapse when the vendor's day ends, so what is kept back for the close is let go
 * this long before.
 */
export const RELEASE_MS = 7_200_000

/** How long a call steps aside for a more urgent one that waits, before it looks again. */
const YIELD_MS = 1_000

/** What was spent, all at one moment of one clock. Instants are milliseconds in UTC. */
export interface Spending {
  readonly now: number
  /** When the vendor's day of `now` began, and when the next one begins. */
  readonly dayStart: number
  readonly dayEnd: number
  /**
   * Instants of the calls that stand `perSecond` and `perMinute` calls back from now: while such a call
   * is still inside its window, the window is full. Null where there were fewer calls.
   */
  readonly secondCall: number | null
  readonly minuteCall: number | null
  /** Calls of the vendor's day so far. */
  readonly dayUsed: number
  /** No call before this instant, and why; null where there is no pause. */
  readonly pausedUntil: number | null
  readonly pauseReason: string | null
  /** Series of the watch list that come from this vendor: what its next close takes. */
  readonly keptSeries: number
  /** Calls of more urgent lanes that wait for their turn. */
  readonly moreUrgent: number
}

export interface CallRefused {
  readonly allowed: false
  /**
   * What stands in the way longest; `pause` is a refusal by the vendor itself, `reserve` what is kept
   * back for the close, `lane` a more urgent call.
   */
  readonly window: 'second' | 'minute' | 'day' | 'pause' | 'reserve' | 'lane'
  readonly waitMs: number
  /** When it no longer does. */
  readonly resetsAt: number
  /** One clause for people, e.g. `5 calls a minute are used up`. */
  readonly reason: string
}

/**
 * Calls of a day that repair and backfill leave for the close: one for each series that is kept, a fifth
 * of the day while nothing is watched, and never more than half, so that history still comes.
 */
export function closeReserve(perDay: number, keptSeries: number): number {
  if (!Number.isFinite(perDay)) return 0
  const wanted = keptSeries > 0 ? keptSeries : Math.floor(perDay / 5)
  return Math.min(wanted, Math.floor(perDay / 2))
}

/** True for the lanes that leave calls of the day for the close. */
export function leavesReserve(lane: Lane): boolean {
  return lane === 'repair' || lane === 'backfill'
}

/** The lanes whose calls go before those of a lane. */
export function lanesBefore(lane: Lane): readonly Lane[] {
  return LANES.slice(0, LANES.indexOf(lane))
}

/** Whether a call of a lane may go out now, and if not, what has to pass first. */
export function decideCall(
  spending: Spending,
  budget: Budget,
  lane: Lane = 'close',
): { allowed: true } | CallRefused {
  const { now, dayEnd, dayUsed, secondCall, minuteCall, pausedUntil } = spending
  const after = (call: number | null, windowMs: number) => (call === null ? now : call + windowMs)
  const reserve = leavesReserve(lane) ? closeReserve(budget.perDay, spending.keptSeries) : 0
  const obstacles = [
    {
      window: 'second',
      resetsAt: after(secondCall, SECOND_WINDOW_MS),
      reason: usedUp(budget.perSecond, 'second'),
    },
    {
      window: 'minute',
      resetsAt: after(minuteCall, MINUTE_WINDOW_MS),
      reason: usedUp(budget.perMinute, 'minute'),
    },
    {
      window: 'day',
      resetsAt: dayUsed >= budget.perDay ? dayEnd : now,
      reason: usedUp(budget.perDay, 'day'),
    },
    {
      window: 'reserve',
      resetsAt: reserve > 0 && dayUsed >= budget.perDay - reserve ? dayEnd - RELEASE_MS : now,
      reason: `the last ${reserve} of ${budget.perDay} calls a day are kept for the close`,
    },
    { window: 'pause', resetsAt: pausedUntil ?? now, reason: spending.pauseReason ?? '' },
    {
      window: 'lane',
      resetsAt: spending.moreUrgent > 0 ? now + YIELD_MS : now,
      reason: 'a more urgent call goes first',
    },
  ] as const
  const last = obstacles.reduce((most, next) => (next.resetsAt > most.resetsAt ? next : most))
  if (last.resetsAt <= now) return { allowed: true }
  return { allowed: false, ...last, waitMs: last.resetsAt - now }
}

/** A budget, lowered to the limits that refusals showed. */
export function tightened(budget: Budget, ceilings: Partial<Budget>): Budget {
  return {
    perSecond: Math.min(budget.perSecond, ceilings.perSecond ?? Infinity),
    perMinute: Math.min(budget.perMinute, ceilings.perMinute ?? Infinity),
    perDay: Math.min(budget.perDay, ceilings.perDay ?? Infinity),
  }
}

function usedUp(calls: number, unit: string): string {
  return `${calls} ${calls === 1 ? 'call' : 'calls'} a ${unit} ${calls === 1 ? 'is' : 'are'} used up`
}
