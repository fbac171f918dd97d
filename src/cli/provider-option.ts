/** `--provider`: which vendor. The known ones come from the registry. */
import { Option } from 'commander'
import { StockyardError } from '../domain/error.ts'
import type { Provider } from '../providers/provider.ts'
import { getProvider, MANUAL_PROVIDER, PROVIDERS } from '../providers/registry.ts'
import { nearestName } from '../api/nearest.ts'

const ids = PROVIDERS.map((provider) => provider.id)

/** `--provider`, checked against the registry. @throws StockyardError `PROVIDER_UNKNOWN` */
export function providerOption(description = 'one vendor only'): Option {
  return new Option('-p, --provider <id>', description)
    .choices(ids)
    .argParser((text) => readProvider(text).id)
}

/** `--provider` of what reads bars: a vendor, or `manual` for bars by hand. @throws StockyardError `PROVIDER_UNKNOWN` */
export function barProviderOption(description = 'one provider only'): Option {
  const known = [...ids, MANUAL_PROVIDER]
  return new Option('-p, --provider <id>', description)
    .choices(known)
    .argParser((text) =>
      text.trim().toLowerCase() === MANUAL_PROVIDER
        ? MANUAL_PROVIDER
        : readProvider(text, known).id,
    )
}

function readProvider(text: string, known: readonly string[] = ids): Provider {
  try {
    return getProvider(text)
  } catch (error) {
    const nearest = nearestName(text, known)
    if (!(error instanceof StockyardError) || nearest === null) throw error
    throw new StockyardError('usage', error.code, error.message, {
      hint: `Did you mean ${nearest}?`,
      cause: error,
    })
  }
}

/** The provider that was named, or else the first of the registry. */
export function chooseProvider(id: string | undefined): Provider {
  return getProvider(id ?? ids[0])
}
