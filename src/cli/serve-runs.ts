/** Runs that somebody asks a server for: done in its process, with the vendors of its configuration. */
import type { Config } from '../config.ts'
import { closeAbandonedRuns } from '../db/runs.ts'
import type { Lane } from '../domain/budget.ts'
import { getCalendar } from '../domain/calendar/registry.ts'
import { DAY_MS } from '../domain/date.ts'
import {
  makeBackgroundRuns,
  type RunControl,
  type RunRequest,
  type RunStarter,
} from '../load/background-runs.ts'
import { fetchAll, type FetchContext } from '../load/fetch-series.ts'
import type { GapSearch } from '../load/list-gaps.ts'
import { openCalendars } from '../load/open-calendars.ts'
import { repairGaps } from '../load/repair.ts'
import type { FetchWish } from '../load/run-task.ts'
import { makeHttpClient } from '../providers/fetch.ts'
import type { Provider } from '../providers/provider.ts'
import { watchedSymbols } from './fetch.ts'
import { chooseProviders, withoutStrangers } from './fetch-symbols.ts'
import { openArchive } from './open-archive.ts'
import type { Store } from './open-store.ts'
import type { CommandContext } from './run-command.ts'

/**
 * Marks what earlier processes left undone as interrupted, takes up what waits in the queue, and takes orders
 * until the command ends.
 */
export async function makeRunStarter(
  context: CommandContext,
  store: Store,
  config: Config,
): Promise<RunStarter> {
  const log = await context.log()
  await closeAbandonedRuns(store.pool)
  // Opened with the first run: a server that only serves has no use for it.
  let opened: Promise<Opened> | undefined
  const work = async (request: RunRequest, control: RunControl): Promise<void> => {
    const providers = await providersFor(store, config, request)
    const { fetching } = await (opened ??= open(context, store, config))
    const signal = AbortSignal.any([control.signal, context.signal])
    const calendarOf = await openCalendars(store.pool, config.home)
    const under = { ...fetching, ...control, calendarOf, signal, lane: laneOf(request) }
    if (request.job === 'repair') {
      await repairGaps(under, gapsOf(request), providers, {
        force: request.force,
        ...(request.actions ? { actions: 'due' as const } : {}),
      })
    } else {
      await fetchAll(under, await wishOf(context, store, config, { ...request, providers }))
    }
  }
  const runs = makeBackgroundRuns({ pool: store.pool, log, signal: context.signal, work })
  context.onClose(async () => {
    await runs.close()
    await (await opened)?.close()
  })
  runs.fill().catch((error: unknown) => log.error({ err: error }, 'the queue could not be read'))
  return {
    start: async (request) => {
      // Says no before anything waits.
      await providersFor(store, config, request)
      return await runs.start(request)
    },
  }
}

async function providersFor(
  store: Store,
  config: Config,
  { job, provider, intervals }: RunRequest,
): Promise<readonly Provider[]> {
  // A gap is closed by whoever can; the provider only says whose gaps are meant.
  const named = job === 'repair' ? undefined : (provider ?? undefined)
  const able = chooseProviders(named, config, intervals ?? [])
  return await withoutStrangers(store, config, able)
}

const LANES = { fetch: 'close', backfill: 'backfill', repair: 'repair' } as const

function laneOf({ job }: RunRequest): Lane {
  return LANES[job]
}

interface Opened {
  readonly fetching: FetchContext
  close(): Promise<void>
}

async function open(context: CommandContext, store: Store, config: Config): Promise<Opened> {
  const log = await context.log()
  const client = makeHttpClient({ clock: context.clock, log })
  const archive = await openArchive(context, config)
  return {
    fetching: {
      pool: store.pool,
      client,
      clock: context.clock,
      log,
      configs: config.providers,
      onWait: ({ provider, ms, why }) => log.info({ provider, ms, why }, 'waiting'),
      ...(archive === undefined ? {} : { archive }),
    },
    close: async () => {
      await client.close()
      await archive?.flush()
    },
  }
}

/** What `stockyard fetch` or `backfill` would make of the same words. */
async function wishOf(
  context: CommandContext,
  store: Store,
  config: Config,
  request: RunRequest & { readonly providers: readonly Provider[] },
): Promise<FetchWish> {
  const { job, symbols, intervals, providers, from, until, days, force, actions } = request
  const isBackfill = job === 'backfill'
  const daysBack = days ?? (isBackfill && from === null ? config.defaultDays : null)
  const today = getCalendar('XNYS').localDay(context.clock.now())
  return {
    symbols: symbols ?? (await watchedSymbols(store, config)),
    intervals: intervals ?? [config.defaultInterval],
    providers,
    from: daysBack === null ? from : today - daysBack * DAY_MS,
    until,
    force,
    defaultDays: config.defaultDays,
    job: isBackfill ? 'backfill' : 'fetch',
    ...(actions ? { actions: force ? 'all' : 'due' } : {}),
    ...(isBackfill ? { parallel: 1, finalOnly: true } : {}),
  }
}

function gapsOf({ symbols, intervals, provider, from, until }: RunRequest): GapSearch {
  return {
    symbols: symbols ?? [],
    intervals: intervals ?? undefined,
    provider: provider ?? undefined,
    from,
    until,
  }
}
