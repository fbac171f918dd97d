/** What is known of the vendors without calling them: what is left, what refusals taught, what canaries found. */
import { budgetState, type BudgetState } from '../db/budgets.ts'
import { readCanaries, type StoredCanary } from '../db/canaries.ts'
import type { Pool } from '../db/connect.ts'
import type { Budget } from '../domain/budget.ts'
import { readCeilings, readPlanLimits, type Ceiling, type PlanLimit } from '../db/plan-limits.ts'
import { formatInstant } from './rows.ts'

/** A vendor as somebody's configuration sees it. */
export interface ConfiguredProvider {
  readonly id: string
  readonly limits: Budget
  /** IANA zone whose midnight resets the day's calls. */
  readonly resetZone: string
  /** See accountOf. */
  readonly account: string
}

export interface ProviderState {
  readonly budget: BudgetState
  /** Limits below the budget that refusals showed. */
  readonly ceilings: readonly Ceiling[]
  /** What the plan was found to lack. */
  readonly limits: readonly PlanLimit[]
  /** Undefined where there was none yet. */
  readonly canary: StoredCanary | undefined
}

/** How vendors stand, in their order. */
export async function readProviderStates(
  pool: Pool,
  providers: readonly ConfiguredProvider[],
): Promise<ProviderState[]> {
  const canaries = await readCanaries(pool)
  return await Promise.all(
    providers.map(async ({ id, limits, resetZone, account }) => {
      const reader = { account }
      return {
        budget: await budgetState(pool, id, limits, resetZone, reader),
        ceilings: await readCeilings(pool, id, reader),
        limits: await readPlanLimits(pool, id, reader),
        canary: canaries.get(id),
      }
    }),
  )
}

/** The state of a vendor as `providers --json` and the API show it. */
export function providerStateJson({ budget, ceilings, limits, canary }: ProviderState) {
  return {
    windows: budget.windows.map(({ resetsAt, ...window }) => ({
      ...window,
      resets_at: orNull(resetsAt),
      seen_ceiling: ceilingJson(ceilings.find((ceiling) => ceiling.window === window.window)),
    })),
    paused_until: orNull(budget.pausedUntil),
    pause_reason: budget.pauseReason,
    lanes: {
      close_reserve: budget.closeReserve,
      reserve_until: orNull(budget.reserveUntil),
      waiting: budget.waiting,
    },
    plan_limits: limits.map(({ topic, words, refusedAt, retryAfter }) => ({
      topic,
      words,
      refused_at: formatInstant(refusedAt),
      retry_after: formatInstant(retryAfter),
    })),
    canary:
      canary === undefined
        ? null
        : { status: canary.status, checked_at: formatInstant(canary.checkedAt) },
  }
}

function ceilingJson(ceiling: Ceiling | undefined) {
  if (ceiling === undefined) return null
  const { calls, words, seenAt, holdsUntil } = ceiling
  return { calls, words, seen_at: formatInstant(seenAt), holds_until: formatInstant(holdsUntil) }
}

function orNull(instant: number | null): string | null {
  return instant === null ? null : formatInstant(instant)
}
