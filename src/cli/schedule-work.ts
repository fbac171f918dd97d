/** The work of a schedule done by a command, where no process keeps series current. */
import type { ScheduleName } from '../domain/schedule.ts'
import { openCalendars } from '../load/open-calendars.ts'
import { workNow, type WorkDone } from '../load/schedule-work.ts'
import { chooseProviders, withoutStrangers, withVendors } from './fetch-symbols.ts'
import type { Store } from './open-store.ts'
import { readSymbols } from './options.ts'
import type { CommandContext } from './run-command.ts'

/**
 * Does it in the foreground, with progress on standard error.
 * @throws StockyardError `SCHEDULE_BUSY`, `STORE_SIMULATED`
 */
export async function workHere(
  context: CommandContext,
  store: Store,
  name: ScheduleName,
): Promise<WorkDone> {
  const config = await context.config()
  const able = chooseProviders(undefined, config, [])
  const providers = await withoutStrangers(store, config, able)
  return await withVendors(context, store, config, {}, providers[0], (fetching) =>
    workNow(
      {
        ...fetching,
        signal: context.signal,
        providers,
        defaultTickers: readSymbols(config.defaultTickers),
        defaultInterval: config.defaultInterval,
        defaultDays: config.defaultDays,
        everyMinutes: config.etlIntervalMinutes,
        openCalendars: () => openCalendars(store.pool, config.home),
      },
      name,
    ),
  )
}
