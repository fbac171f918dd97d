/**
 * Yahoo Finance (https://finance.yahoo.com), unofficial and without a key: split-adjusted bars with their
 * splits and dividends, quotes, overviews and search.
 */
import { parseAdjustedCloses } from './adjusted-closes.ts'
import { parseBars } from './bars.ts'
import { canary } from './canary.ts'
import { parseQuote } from './quote.ts'
import { parseOverview, parseSearch } from './reference.ts'
import { planBars, requestOverview, requestQuote, requestSearch, SETTLE_MS } from './request.ts'
import type { Provider } from '../provider.ts'

export const yahoo: Provider = {
  id: 'yahoo',
  name: 'Yahoo Finance',
  needsKey: false,
  baseUrl: 'https://query1.finance.yahoo.com',
  // The vendor publishes no limits; those who live with it report some 60 calls a minute as safe.
  budget: '1/s,30/min,2000/day',
  // The vendor does not say when its day begins, nor whether it counts by days.
  resetZone: 'America/New_York',
  intervals: ['1m', '5m', '15m', '1h', '1d'],
  basis: 'split',
  kinds: ['stock', 'index', 'currency'],
  // Funds have none.
  hasVolume: false,
  hours: 'regular',
  settleMs: SETTLE_MS,
  // Volumes are restated for days, and now and then for weeks.
  reread: { daily: 5, weekly: 30 },
  canary,
  planBars,
  parseBars,
  parseAdjustedCloses,
  requestQuote,
  parseQuote,
  requestOverview,
  parseOverview,
  requestSearch,
  parseSearch,
}
