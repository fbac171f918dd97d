/** What the plans of Alpha Vantage include. The vendor tells in its refusals, and not in any answer. */
import type { PlanRules } from '../plan.ts'
import type { VendorRequest } from '../provider.ts'

/** Words for the functions that bring bars; the others go by the vendor's own names. */
const BARS: Readonly<Record<string, string>> = {
  TIME_SERIES_INTRADAY: 'intraday bars',
  TIME_SERIES_DAILY: 'bars 1d',
  TIME_SERIES_WEEKLY: 'bars 1wk',
  TIME_SERIES_MONTHLY: 'bars 1mo',
}

/**
 * A function is in a plan or is not, whatever its symbol; two of its parameters are sold apart: the full
 * history of days, and months of intraday bars.
 */
function topicsOf({ params }: VendorRequest): readonly string[] {
  const name = params['function']
  if (name === undefined) return []
  const topic = BARS[name] ?? name
  if (params['month'] !== undefined) return [`${topic} by month`, topic]
  if (name === 'TIME_SERIES_DAILY' && params['outputsize'] === 'full') {
    return [`${topic} full`, topic]
  }
  return [topic]
}

export const plan: PlanRules = {
  plans: [
    {
      name: 'free',
      budget: '1/s,5/min,25/day',
      // Full days are refused since April 2026 at the latest, intraday bars are refused to most keys.
      includes:
        'the newest 100 days, weeks, months, quotes, splits and dividends; no intraday bars',
    },
    { name: 'premium', budget: '75/min', includes: 'all bars, from 75 to 1200 calls a minute' },
  ],
  topicsOf,
}
