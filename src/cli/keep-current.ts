/** Keeping the watch list current in the background of a command that serves. */
import type { Config } from '../config.ts'
import { keepCurrent } from '../load/keep-current.ts'
import { openCalendars } from '../load/open-calendars.ts'
import { makeHttpClient } from '../providers/fetch.ts'
import { openArchive } from './open-archive.ts'
import { chooseProviders } from './fetch-symbols.ts'
import type { Store } from './open-store.ts'
import { readSymbols } from './options.ts'
import type { CommandContext } from './run-command.ts'

/**
 * Keeps the watch list current until the command is told to stop, unless ETL_ENABLED says otherwise. Told
 * to stop, the command waits for the batch in hand.
 */
export async function startKeepingCurrent(
  context: CommandContext,
  store: Store,
  config: Config,
): Promise<void> {
  const log = await context.log()
  const providers = chooseProviders(undefined, config, [])
  if (!config.etlEnabled || providers.length === 0) {
    log.info(config.etlEnabled ? 'no vendor has its key: nothing is kept current' : 'ETL is off')
    return
  }
  const client = makeHttpClient({ clock: context.clock, log })
  const archive = await openArchive(context, config)
  const kept = keepCurrent({
    pool: store.pool,
    client,
    clock: context.clock,
    log,
    configs: config.providers,
    signal: context.signal,
    ...(archive === undefined ? {} : { archive }),
    onWait: ({ provider, ms, why }) => log.info({ provider, ms, why }, 'waiting'),
    providers,
    defaultTickers: readSymbols(config.defaultTickers),
    defaultInterval: config.defaultInterval,
    defaultDays: config.defaultDays,
    everyMinutes: config.etlIntervalMinutes,
    openCalendars: () => openCalendars(store.pool, config.home),
  })
  // What it throws is told when the command ends; till then the rest goes on serving.
  const ended = kept.then(
    () => undefined,
    (error: unknown) => {
      log.error({ err: error }, 'nothing is kept current any more')
      return error
    },
  )
  context.onClose(async () => {
    const error = await ended
    await client.close()
    await archive?.flush()
    if (error !== undefined) throw error
  })
}
