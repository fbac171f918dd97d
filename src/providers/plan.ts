/**
 * What the plans of a vendor include, as far as it is known without a call, and which calls are refused
 * together: so that what the user's plan was found to lack is asked for once.
 */
import type { VendorRequest } from './provider.ts'

/** One plan that a vendor sells or gives away. */
export interface VendorPlan {
  readonly name: string
  /** Calls allowed, as in `1/s,5/min,25/day`. */
  readonly budget: string
  /** What it includes, a clause for people. */
  readonly includes: string
}

/** The plan that a budget gives away, where just one of a vendor's allows as many calls; else null. */
export function planOfBudget(plans: readonly VendorPlan[], budget: string): VendorPlan | null {
  const alike = plans.filter((plan) => plan.budget === budget)
  return alike.length === 1 ? alike[0]! : null
}

export interface PlanRules {
  /** The least plan first: that is what is assumed where nothing else is known. */
  readonly plans: readonly [VendorPlan, ...VendorPlan[]]
  /**
   * What a plan must include for a call, the call's own topic first: a plan that was refused any of them
   * is refused the call. Topics are short clauses, e.g. `bars 1d full`; empty where a refusal would say
   * nothing of any other call.
   * @param now instant of asking, milliseconds UTC
   */
  readonly topicsOf: (request: VendorRequest, now: number) => readonly string[]
}
