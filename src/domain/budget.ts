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

/** What was spent, all at one moment of one clock. Instants are milliseconds in UTC. */
export interface Spending {
  readonly now: number
  /** When the vendor's day of `now` began, and when the next one begins. */
  readonly dayStart: number
  readonly dayEnd: number
  /**
   * Instants of the calls that stand `perSecond`, `perMinute` and `perDay` calls back from now: while
   * such a call is still inside its window, the window is full. Null where there were fewer calls.
   */
  readonly secondCall: number | null
  readonly minuteCall: number | null
  readonly dayCall: number | null
  /** No call before this instant, and why; null where there is no pause. */
  readonly pausedUntil: number | null
  readonly pauseReason: string | null
}

export interface CallRefused {
  readonly allowed: false
  /** What stands in the way longest; `pause` is a refusal by the vendor itself. */
  readonly window: 'second' | 'minute' | 'day' | 'pause'
  readonly waitMs: number
  /** When it no longer does. */
  readonly resetsAt: number
  /** One clause for people, e.g. `5 calls a minute are used up`. */
  readonly reason: string
}

/** Whether a call may go out now, and if not, what has to pass first. */
export function decideCall(spending: Spending, budget: Budget): { allowed: true } | CallRefused {
  const { now, dayStart, dayEnd, secondCall, minuteCall, dayCall, pausedUntil } = spending
  const after = (call: number | null, windowMs: number) => (call === null ? now : call + windowMs)
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
      resetsAt: dayCall !== null && dayCall >= dayStart ? dayEnd : now,
      reason: usedUp(budget.perDay, 'day'),
    },
    { window: 'pause', resetsAt: pausedUntil ?? now, reason: spending.pauseReason ?? '' },
  ] as const
  const last = obstacles.reduce((most, next) => (next.resetsAt > most.resetsAt ? next : most))
  if (last.resetsAt <= now) return { allowed: true }
  return { allowed: false, ...last, waitMs: last.resetsAt - now }
}

function usedUp(calls: number, unit: string): string {
  return `${calls} ${calls === 1 ? 'call' : 'calls'} a ${unit} ${calls === 1 ? 'is' : 'are'} used up`
}
