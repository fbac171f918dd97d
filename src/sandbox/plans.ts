/** What the caller's plan at a vendor includes. */

export interface Plan {
  /** Years of history up to today; null for all. */
  readonly years: number | null
  /** True where prices come 15 minutes late. */
  readonly delayed: boolean
  /** True where today's prices are not included. */
  readonly endOfDay: boolean
}

export const FULL_PLAN: Plan = { years: null, delayed: false, endOfDay: false }

/** How late a delayed plan's prices are. */
const DELAY_MS = 15 * 60_000

/** Milliseconds by which the plan's prices are late. */
export function delayOf(plan: Plan): number {
  return plan.delayed ? DELAY_MS : 0
}

/** True where a plan includes all of the days from one to another, both included. */
export function includesDays(plan: Plan, from: number, to: number, today: number): boolean {
  if (plan.endOfDay && to >= today) return false
  if (plan.years === null) return true
  const date = new Date(today)
  return from >= date.setUTCFullYear(date.getUTCFullYear() - plan.years)
}
