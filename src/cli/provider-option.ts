/** `--provider`: which vendor. The known ones come from the registry. */
import { Option } from 'commander'
import { StockyardError } from '../domain/error.ts'
import type { Provider } from '../providers/provider.ts'
import { getProvider, PROVIDERS } from '../providers/registry.ts'
import { nearestName } from '../api/nearest.ts'

const ids = PROVIDERS.map((provider) => provider.id)

/** `--provider`, checked against the registry. @throws StockyardError `PROVIDER_UNKNOWN` */
export function providerOption(description = 'one vendor only'): Option {
  return new Option('-p, --provider <id>', description)
    .choices(ids)
    .argParser((text) => readProvider(text).id)
}

function readProvider(text: string): Provider {
  try {
    return getProvider(text.trim().toLowerCase())
  } catch (error) {
    const nearest = nearestName(text, ids)
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
