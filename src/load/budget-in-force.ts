/** What is left of a vendor's budget: the user's plan, less what refusals have shown of it. */
import type { ProviderConfig } from '../config.ts'
import { budgetState, type BudgetState } from '../db/budgets.ts'
import type { Pool } from '../db/connect.ts'
import { accountOf } from '../db/plan-limits.ts'
import { parseBudget } from '../providers/budget.ts'
import type { Provider } from '../providers/provider.ts'

/** The pool, and what the user says of each vendor, by its id. */
export interface BudgetContext {
  readonly pool: Pool
  readonly configs: Readonly<Record<string, ProviderConfig>>
}

/** What the user says of a vendor; of one that is not named, nothing. */
export function configOf({ configs }: Pick<BudgetContext, 'configs'>, id: string): ProviderConfig {
  return configs[id] ?? { key: undefined, baseUrl: undefined, budget: undefined }
}

/** The name under which is kept what was learned of a vendor's limits. */
export function accountAt(context: Pick<BudgetContext, 'configs'>, provider: Provider): string {
  return accountOf(configOf(context, provider.id))
}

/** How a vendor's budget stands. */
export async function budgetInForce(
  context: BudgetContext,
  provider: Provider,
): Promise<BudgetState> {
  const budget = parseBudget(configOf(context, provider.id).budget ?? provider.budget)
  const reader = { account: accountAt(context, provider) }
  return await budgetState(context.pool, provider.id, budget, provider.resetZone, reader)
}
