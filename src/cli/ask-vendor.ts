/** One call to a vendor outside a fetch, paid for from the shared budget like any other. */
import { ask } from '../load/ask.ts'
import { makeHttpClient } from '../providers/fetch.ts'
import type { Provider, VendorBody, VendorFailure, VendorRequest } from '../providers/provider.ts'
import { checkProvider } from './fetch-symbols.ts'
import type { CommandContext } from './run-command.ts'
import { formatSpan } from './table.ts'

/**
 * The answer of a vendor to a call.
 * @throws StockyardError `KEY_MISSING`, and what `ask` throws
 */
export async function askVendor<T extends { readonly ok: true }>(
  context: CommandContext,
  provider: Provider,
  request: VendorRequest,
  parse: (body: VendorBody) => T | VendorFailure,
): Promise<T> {
  const config = await context.config()
  checkProvider(provider, config, [])
  const store = await context.openStore()
  const log = await context.log()
  const client = makeHttpClient({ clock: context.clock, log })
  context.onClose(() => client.close())
  return ask(
    {
      pool: store.pool,
      client,
      clock: context.clock,
      log,
      config: config.providers[provider.id] ?? {
        key: undefined,
        baseUrl: undefined,
        budget: undefined,
      },
      signal: context.signal,
      onWait: ({ ms, why }) => {
        context.stderr
          .write(`waiting ${formatSpan(ms)} for ${provider.id}: ${why}\n`)
          .catch(() => {})
      },
      requests: 0,
    },
    provider,
    request,
    parse,
  )
}
