/** Calls to vendors outside a fetch, paid for from the shared budget like any other. */
import { ask, type AskContext } from '../load/ask.ts'
import type { Config } from '../config.ts'
import { openCalendars } from '../load/open-calendars.ts'
import { makeHttpClient } from '../providers/fetch.ts'
import type { Provider, VendorBody, VendorFailure, VendorRequest } from '../providers/provider.ts'
import { checkProvider } from './fetch-symbols.ts'
import { openArchive } from './open-archive.ts'
import type { CommandContext } from './run-command.ts'
import { formatSpan } from './table.ts'

/** The answer of a vendor to a call. @throws StockyardError `KEY_MISSING`, and what `ask` throws */
export async function askVendor<T extends { readonly ok: true }>(
  context: CommandContext,
  provider: Provider,
  request: VendorRequest,
  parse: (body: VendorBody) => T | VendorFailure,
): Promise<T> {
  return ask(await openVendor(context, provider), provider, request, parse)
}

/**
 * What asking a vendor needs, for as long as the command runs.
 * @param config in place of the environment's
 * @throws StockyardError `KEY_MISSING`
 */
export async function openVendor(
  context: CommandContext,
  provider: Provider,
  config?: Config,
): Promise<AskContext> {
  const used = config ?? (await context.config())
  checkProvider(provider, used, [])
  const store = await context.openStore()
  const log = await context.log()
  const client = makeHttpClient({ clock: context.clock, log })
  context.onClose(() => client.close())
  const archive = await openArchive(context, used)
  const settings = used.providers[provider.id]
  return {
    pool: store.pool,
    client,
    clock: context.clock,
    log,
    config: settings ?? { key: undefined, baseUrl: undefined, budget: undefined },
    signal: context.signal,
    calendarOf: await openCalendars(store.pool, used.home),
    ...(archive === undefined ? {} : { archive }),
    onWait: ({ ms, why }) => {
      context.stderr.write(`waiting ${formatSpan(ms)} for ${provider.id}: ${why}\n`).catch(() => {})
    },
    requests: 0,
  }
}
