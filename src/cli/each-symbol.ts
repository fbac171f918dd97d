/** One call a symbol to whichever vendor serves it; one symbol's failure does not keep the others back. */
import type { Config } from '../config.ts'
import { StockyardError } from '../domain/error.ts'
import type { AskContext } from '../load/ask.ts'
import type { Provider } from '../providers/provider.ts'
import { PROVIDERS } from '../providers/registry.ts'
import { openVendor } from './ask-vendor.ts'
import { checkProvider, chooseProviders } from './fetch-symbols.ts'
import type { CommandContext } from './run-command.ts'

/** Work on one symbol that asks one vendor. */
type AskOne = (asking: AskContext, provider: Provider, symbol: string) => Promise<unknown>

/** A symbol that no vendor served, with the error of the preferred one. */
interface Unserved {
  readonly symbol: string
  readonly error: StockyardError
}

/** Failures that another vendor need not have. */
const OTHERS_MAY_SERVE: ReadonlySet<string> = new Set(['provider', 'not-found', 'config'])
/** Failures that are no vendor's: nobody may write. */
const STORE_CODES: ReadonlySet<string> = new Set(['STORE_REAL', 'STORE_SIMULATED'])

/**
 * Asks about each symbol: the vendor that was named, or else all that have what they need, in turn.
 * @returns the symbols that no vendor served
 * @throws StockyardError `KEY_MISSING`, `PROVIDER_UNKNOWN`, `INTERRUPTED`, of kind `database`
 */
export async function askForEach(
  context: CommandContext,
  config: Config,
  symbols: readonly string[],
  named: string | undefined,
  askOne: AskOne,
): Promise<Unserved[]> {
  if (symbols.length === 0) return []
  const providers = chooseProviders(named, config, [])
  if (providers.length === 0) checkProvider(PROVIDERS[0]!, config, [])
  const asking = new Map<Provider, AskContext>()
  for (const provider of providers) {
    asking.set(provider, await openVendor(context, provider, config))
  }
  const unserved: Unserved[] = []
  for (const symbol of symbols) {
    context.signal.throwIfAborted()
    const error = await askInTurn(asking, symbol, askOne)
    if (error !== null) unserved.push({ symbol, error })
  }
  return unserved
}

/** Null once a vendor has served, else the error of the first one. */
async function askInTurn(
  asking: ReadonlyMap<Provider, AskContext>,
  symbol: string,
  askOne: AskOne,
): Promise<StockyardError | null> {
  let first: StockyardError | null = null
  for (const [provider, vendor] of asking) {
    try {
      await askOne(vendor, provider, symbol)
      return null
    } catch (error) {
      if (!(error instanceof StockyardError) || STORE_CODES.has(error.code)) throw error
      if (!OTHERS_MAY_SERVE.has(error.kind)) throw error
      first ??= error
    }
  }
  return first
}
