/** Limits of calls that the sandbox holds each key to, and the refusal that the vendor gives beyond. */
import type { Refusal } from './alpha-vantage-refusals.ts'

/** Calls allowed in each window; null where there is no limit. */
export interface Limits {
  readonly perSecond: number | null
  readonly perMinute: number | null
  readonly perDay: number | null
}

export interface LimitBook {
  /** The limits in force. */
  get(): Limits
  /** Sets limits and forgets the calls counted so far. */
  set(limits: Limits): void
  /** Counts a call of a key, or gives the refusal that it earns; refused calls do not count. */
  take(key: string, now: number, today: number): Refusal | null
}

const NO_LIMITS: Limits = { perSecond: null, perMinute: null, perDay: null }

interface Spent {
  /** Instants of the calls of the last minute, oldest first. */
  recent: number[]
  day: number
  dayCount: number
}

/** Counts with the limits given. */
export function makeLimitBook(initial: Limits = NO_LIMITS): LimitBook {
  let limits = initial
  let spentByKey = new Map<string, Spent>()
  return {
    get: () => limits,
    set(changed) {
      limits = changed
      spentByKey = new Map()
    },
    take(key, now, today) {
      const spent = spentByKey.get(key) ?? { recent: [], day: today, dayCount: 0 }
      spentByKey.set(key, spent)
      if (spent.day !== today) Object.assign(spent, { day: today, dayCount: 0 })
      spent.recent = spent.recent.filter((at) => at > now - 60_000)
      if (spent.dayCount >= (limits.perDay ?? Infinity)) return 'day-key-echo'
      if (spent.recent.length >= (limits.perMinute ?? Infinity)) return 'minute'
      const lastSecond = spent.recent.filter((at) => at > now - 1000).length
      if (lastSecond >= (limits.perSecond ?? Infinity)) return 'burst'
      spent.dayCount += 1
      if (limits.perMinute !== null || limits.perSecond !== null) spent.recent.push(now)
      return null
    },
  }
}
