/**
 * Alpha Vantage (https://www.alphavantage.co): raw bars of stocks, quotes, overviews, search, and corporate
 * actions.
 */
import { parseActions, requestActions } from './actions.ts'
import { parseAdjustedCloses } from './adjusted-closes.ts'
import { parseBars } from './bars.ts'
import { canary } from './canary.ts'
import { plan } from './plan.ts'
import { parseQuote } from './quote.ts'
import { parseOverview, parseSearch } from './reference.ts'
import { planBars, requestOverview, requestQuote, requestSearch, SETTLE_MS } from './request.ts'
import type { Provider } from '../provider.ts'

export const alphaVantage: Provider = {
  id: 'alpha-vantage',
  name: 'Alpha Vantage',
  needsKey: true,
  baseUrl: 'https://www.alphavantage.co',
  budget: '1/s,5/min,25/day',
  // The vendor does not say when its day begins; its times are New York's.
  resetZone: 'America/New_York',
  intervals: ['1m', '5m', '15m', '30m', '1h', '1d', '1wk', '1mo'],
  basis: 'raw',
  // Pairs of currencies have functions of their own here, and indices none.
  kinds: ['stock'],
  hasVolume: true,
  hours: 'all',
  settleMs: SETTLE_MS,
  canary,
  plan,
  planBars,
  parseBars,
  parseAdjustedCloses,
  requestQuote,
  parseQuote,
  requestOverview,
  parseOverview,
  requestSearch,
  parseSearch,
  requestActions,
  parseActions,
}
