/** What can be said of the vendors without calling them. */
import type { ProviderInfo } from '../api/context.ts'
import type { Config } from '../config.ts'
import { accountOf } from '../db/plan-limits.ts'
import { parseBudget } from '../providers/budget.ts'
import { planOfBudget, type VendorPlan } from '../providers/plan.ts'
import { PROVIDERS } from '../providers/registry.ts'

/** What the plan has that a budget tells of, a line; none where several plans allow as many calls. */
export function includedText(id: string, plans: readonly VendorPlan[], budget: string): string[] {
  const plan = planOfBudget(plans, budget)
  return plan === null ? [] : [`${id}: ${budget} is the plan ${plan.name}: ${plan.includes}`]
}

/** The vendors as this configuration sees them. */
export function describeProviders(config: Config): ProviderInfo[] {
  return PROVIDERS.map((provider) => {
    const settings = config.providers[provider.id]
    return {
      id: provider.id,
      name: provider.name,
      enabled: !provider.needsKey || settings?.key !== undefined,
      needsKey: provider.needsKey,
      intervals: provider.intervals,
      basis: provider.basis,
      budget: settings?.budget ?? provider.budget,
      limits: parseBudget(settings?.budget ?? provider.budget),
      resetZone: provider.resetZone,
      plans: provider.plan?.plans ?? [],
      account: accountOf({ key: settings?.key, budget: settings?.budget }),
    }
  })
}
