/** One fetch as every command does it: provider and key checked, progress shown, summary given. */
import type { Config } from '../config.ts'
import { budgetInForce } from '../load/budget-in-force.ts'
import { claimStore } from '../db/store-kind.ts'
import type { Lane } from '../domain/budget.ts'
import { StockyardError } from '../domain/error.ts'
import type { Interval } from '../domain/interval.ts'
import { baseInterval } from '../load/derive-series.ts'
import { fetchAll, type FetchContext, type FetchSummary } from '../load/fetch-series.ts'
import { openCalendars } from '../load/open-calendars.ts'
import type { FetchWish, TaskProgress } from '../load/run-task.ts'
import { spanOf } from '../load/plan-backfill.ts'
import { parseBudget } from '../providers/budget.ts'
import { makeHttpClient } from '../providers/fetch.ts'
import type { Provider } from '../providers/provider.ts'
import { getProvider, PROVIDERS } from '../providers/registry.ts'
import { variableOf } from '../providers/variables.ts'
import { openArchive } from './open-archive.ts'
import type { Store } from './open-store.ts'
import { plainText } from './output.ts'
import { showProgress, type WorkPlan } from './progress.ts'
import type { CommandContext } from './run-command.ts'
import { tellOnce } from './tell-once.ts'

export interface SymbolsWish {
  readonly symbols: readonly string[]
  readonly intervals: readonly Interval[]
  /** The preferred first, never empty; see chooseProviders. */
  readonly providers: readonly Provider[]
  /** Days, or null: see load/plan.ts. */
  readonly from: number | null
  readonly until: number | null
  readonly force: boolean
  /** See load/run-task.ts. */
  readonly job?: 'backfill'
  readonly parallel?: number
  readonly finalOnly?: boolean
  readonly actions?: NonNullable<FetchWish['actions']>
}

/** How a fetch is done where it is not the usual one. */
export interface FetchManner {
  /** Absent: `close`. */
  readonly lane?: Lane
  /** The whole work, where it was planned before. */
  readonly plan?: WorkPlan
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
    const variable = variableOf(provider.id, 'API_KEY')
    throw new StockyardError(
      'config',
      'KEY_MISSING',
      `${provider.name} needs a key, and none is set.`,
      {
        hint: `Set ${variable} in the environment or in .env. To look around without a key: stockyard demo`,
      },
    )
  }
  const unsupported = intervals.find(
    (interval) =>
      !provider.intervals.includes(interval) && baseInterval(provider, interval) === null,
  )
  if (unsupported === undefined) return
  throw new StockyardError(
    'usage',
    'INTERVAL_UNSUPPORTED',
    `${provider.name} has no bars of ${unsupported}.`,
    { hint: `It has ${provider.intervals.join(', ')}.` },
  )
}

/**
 * The vendors that may serve a wish, the preferred first: the one that was named, or else all that have
 * what they need.
 * @throws StockyardError `KEY_MISSING`, `INTERVAL_UNSUPPORTED`, `PROVIDER_UNKNOWN`
 */
export function chooseProviders(
  named: string | undefined,
  config: Config,
  intervals: readonly Interval[],
): readonly Provider[] {
  if (named !== undefined) {
    const provider = getProvider(named)
    checkProvider(provider, config, intervals)
    return [provider]
  }
  return PROVIDERS.filter(
    (provider) => !provider.needsKey || config.providers[provider.id]?.key !== undefined,
  )
}

/** Fetches, with progress on standard error. */
export async function fetchSymbols(
  context: CommandContext,
  store: Store,
  config: Config,
  wish: SymbolsWish,
  manner: FetchManner = {},
): Promise<FetchSummary> {
  const providers = await withoutStrangers(store, config, wish.providers)
  return await withVendors(context, store, config, manner, providers[0], (fetching) =>
    fetchAll(fetching, { ...wish, providers, defaultDays: config.defaultDays }),
  )
}

/** Does work that sends calls, with progress on standard error; ends what it opened. */
export async function withVendors<T>(
  context: CommandContext,
  store: Store,
  config: Config,
  { lane, plan }: FetchManner,
  provider: Provider | undefined,
  work: (fetching: FetchContext) => Promise<T>,
): Promise<T> {
  const log = await context.log()
  const client = makeHttpClient({ clock: context.clock, log })
  const { pool } = store
  const archive = await openArchive(context, config)
  const progress = showProgress({
    output: context.stderr,
    clock: context.clock,
    callsLeft: await callsLeftToday(store, config, provider),
    spanMs: (calls) => spanInside(config, provider, calls),
    ...(plan === undefined ? {} : { plan }),
  })
  const newest = new Map<number, TaskProgress>()
  try {
    return await work({
      pool,
      client,
      clock: context.clock,
      log,
      configs: config.providers,
      calendarOf: await openCalendars(pool, config.home),
      signal: context.signal,
      ...(archive === undefined ? {} : { archive }),
      ...(lane === undefined ? {} : { lane }),
      onProgress: (task) => {
        newest.set(task.number, task)
        progress.task(task)
      },
      onWait: (wait) => progress.wait(wait),
    })
  } finally {
    progress.finish()
    await context.stderr.write(passedOverText([...newest.values()]))
    await client.close()
    await archive?.flush()
  }
}

/** Which vendors did not serve where another one did: a summary names who served. */
function passedOverText(tasks: readonly TaskProgress[]): string {
  const said = tasks
    .filter(({ status }) => status === 'succeeded')
    .flatMap(({ symbol, interval, passedOver }) =>
      passedOver.map((text) => ({ who: `${symbol} ${interval}`, text })),
    )
  return tellOnce(said)
    .map((line) => `${plainText(line)}\n`)
    .join('')
}

/**
 * Of some vendors those that can be asked for this store: for one of simulated data, only those that are
 * sent elsewhere than to the vendor itself, so that no call is spent on what would be refused.
 * @throws StockyardError `STORE_SIMULATED` where none is left
 */
export async function withoutStrangers(
  store: Store,
  config: Config,
  providers: readonly Provider[],
): Promise<readonly Provider[]> {
  if (!store.simulated) return providers
  const left = providers.filter(({ id }) => config.providers[id]?.baseUrl !== undefined)
  if (left.length === 0) await claimStore(store.pool, 'real')
  return left
}

/** How long some calls take by the budget of a vendor, milliseconds; its calls a day count elsewhere. */
function spanInside(config: Config, provider: Provider | undefined, calls: number): number {
  if (provider === undefined) return 0
  const budget = parseBudget(config.providers[provider.id]?.budget ?? provider.budget)
  return spanOf(calls, budget, { left: Infinity, endsAt: 0 }, 0).ms
}

/** What is left today of the budget of the preferred vendor; null where it has no calls a day. */
async function callsLeftToday(
  store: Store,
  config: Config,
  provider: Provider | undefined,
): Promise<number | null> {
  if (provider === undefined) return null
  const state = await budgetInForce({ pool: store.pool, configs: config.providers }, provider)
  return state.windows.find((window) => window.window === 'day')?.left ?? null
}
