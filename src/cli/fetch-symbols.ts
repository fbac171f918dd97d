/** One fetch as every command does it: provider and key checked, progress shown, summary given. */
import type { Config } from '../config.ts'
import { parseBudget } from '../providers/budget.ts'
import { budgetState } from '../db/budgets.ts'
import { StockyardError } from '../domain/error.ts'
import type { Interval } from '../domain/interval.ts'
import { fetchAll, type FetchSummary } from '../load/fetch-series.ts'
import { makeHttpClient } from '../providers/fetch.ts'
import type { Provider } from '../providers/provider.ts'
import type { Store } from './open-store.ts'
import { showProgress } from './progress.ts'
import type { CommandContext } from './run-command.ts'

export interface SymbolsWish {
  readonly symbols: readonly string[]
  readonly intervals: readonly Interval[]
  readonly provider: Provider
  /** Days, or null: see load/plan.ts. */
  readonly from: number | null
  readonly until: number | null
  readonly force: boolean
}

/**
 * Says no before anything is opened when a provider cannot serve a wish.
 * @throws StockyardError `KEY_MISSING`, `INTERVAL_UNSUPPORTED`
 */
export function checkProvider(
  provider: Provider,
  config: Config,
  intervals: readonly Interval[],
): void {
  if (provider.needsKey && config.providers[provider.id]?.key === undefined) {
    const variable = `${provider.id.toUpperCase().replaceAll('-', '_')}_API_KEY`
    throw new StockyardError(
      'config',
      'KEY_MISSING',
      `${provider.name} needs a key, and none is set.`,
      {
        hint: `Set ${variable} in the environment or in .env. To look around without a key: stockyard demo`,
      },
    )
  }
  const unsupported = intervals.find((interval) => !provider.intervals.includes(interval))
  if (unsupported === undefined) return
  throw new StockyardError(
    'usage',
    'INTERVAL_UNSUPPORTED',
    `${provider.name} has no bars of ${unsupported}.`,
    { hint: `It has ${provider.intervals.join(', ')}.` },
  )
}

/** Fetches, with progress on standard error. */
export async function fetchSymbols(
  context: CommandContext,
  store: Store,
  config: Config,
  wish: SymbolsWish,
): Promise<FetchSummary> {
  const { provider } = wish
  const log = await context.log()
  const client = makeHttpClient({ clock: context.clock, log })
  const { pool } = store
  const providerConfig = config.providers[provider.id] ?? {
    key: undefined,
    baseUrl: undefined,
    budget: undefined,
  }
  const budget = parseBudget(providerConfig.budget ?? provider.budget)
  const state = await budgetState(pool, provider.id, budget, provider.resetZone)
  const day = state.windows.find((window) => window.window === 'day')
  const progress = showProgress({
    output: context.stderr,
    clock: context.clock,
    callsLeft: day?.left ?? null,
  })
  try {
    return await fetchAll(
      {
        pool,
        client,
        clock: context.clock,
        log,
        config: providerConfig,
        signal: context.signal,
        onProgress: (task) => progress.task(task),
        onWait: (wait) => progress.wait(wait),
      },
      { ...wish, defaultDays: config.defaultDays },
    )
  } finally {
    progress.finish()
    await client.close()
  }
}
