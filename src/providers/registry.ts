/** The providers there are: a plain table. A new one is a folder and a line here. */
import { StockyardError } from '../domain/error.ts'
import { alphaVantage } from './alpha-vantage/index.ts'
import { polygon } from './polygon/index.ts'
import type { Provider } from './provider.ts'
import { yahoo } from './yahoo/index.ts'

/** In the order in which they are asked where several can serve. */
export const PROVIDERS: readonly Provider[] = [alphaVantage, polygon, yahoo]

/** The provider of bars that a person gave. It is no vendor: nobody can be asked for them. */
export const MANUAL_PROVIDER = 'manual'

/**
 * The provider of an id such as `alpha-vantage`.
 * @throws StockyardError `PROVIDER_UNKNOWN`
 */
export function getProvider(id: string): Provider {
  const provider = PROVIDERS.find((candidate) => candidate.id === id.trim().toLowerCase())
  if (provider === undefined) {
    throw new StockyardError('usage', 'PROVIDER_UNKNOWN', `There is no provider "${id}".`, {
      hint: `Use one of ${PROVIDERS.map((known) => known.id).join(', ')}.`,
    })
  }
  return provider
}

/** Milliseconds after a session's close until a vendor's bars are final; 0 for what no vendor brought. */
export function settleMsOf(id: string): number {
  return PROVIDERS.find((provider) => provider.id === id)?.settleMs ?? 0
}
