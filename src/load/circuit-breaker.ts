/** Leaves a vendor alone that fails again and again, so that the tasks that remain do not hammer it. */
import type { Clock } from '../clock.ts'
import { StockyardError } from '../domain/error.ts'
import type { Provider } from '../providers/provider.ts'

/** Tasks in a row that a vendor failed; each of them has tried its call several times. */
const FAILURES_MAX = 3
/** How long it is left alone then. After that one task tries again, and the first failure of it counts. */
const COOL_DOWN_MS = 5 * 60_000

/** Failures of the vendor or the way to it, which the next call would meet too. */
const OUTAGE_CODES: ReadonlySet<string> = new Set([
  'PROVIDER_OUTAGE',
  'PROVIDER_UNREACHABLE',
  'PROVIDER_TIMEOUT',
  'PROVIDER_TRUNCATED',
  'PROVIDER_TLS',
  'PROVIDER_PROTOCOL',
])

export interface CircuitBreaker {
  /** A task was served by a call. */
  succeeded(provider: Provider): void
  /** A task failed; failures that say nothing of the vendor's health are passed over. */
  failed(provider: Provider, error: StockyardError): void
  /** Why a vendor is left alone now, or undefined. */
  cooling(provider: Provider): StockyardError | undefined
}

interface Failures {
  count: number
  until: number
  /** What is said while it is left alone; no failure of the vendor itself. */
  error: StockyardError | undefined
}

export function makeCircuitBreaker(clock: Pick<Clock, 'now'>): CircuitBreaker {
  const byProvider = new Map<string, Failures>()
  return {
    succeeded: ({ id }) => void byProvider.delete(id),
    failed: (provider, error) => {
      const known = byProvider.get(provider.id) ?? { count: 0, until: 0, error: undefined }
      if (!OUTAGE_CODES.has(error.code) || error === known.error) return
      known.count += 1
      byProvider.set(provider.id, known)
      if (known.count < FAILURES_MAX) return
      known.until = clock.now() + COOL_DOWN_MS
      known.error = outageError(provider, known, error)
    },
    cooling: ({ id }) => {
      const known = byProvider.get(id)
      return known !== undefined && clock.now() < known.until ? known.error : undefined
    },
  }
}

function outageError({ name }: Provider, known: Failures, last: StockyardError): StockyardError {
  const until = new Date(known.until).toISOString().slice(11, 16)
  const sentence = `${name} failed ${known.count} times in a row and is left alone until ${until} UTC.`
  return new StockyardError('provider', 'PROVIDER_OUTAGE', sentence, {
    hint: 'Run it again later: it goes on where it stopped.',
    cause: last,
    retry: true,
  })
}
