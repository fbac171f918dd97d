/** Polygon, now Massive (https://massive.com): raw bars, quotes, details, search, and corporate actions. */
import type { Provider } from '../provider.ts'
import { parseActions, requestActions } from './actions.ts'
import { canary } from './canary.ts'
import { parseOverview, parseSearch, requestSearch } from './listing.ts'
import { parseBars, planMarket } from './market-day.ts'
import { plan } from './plan.ts'
import { parseQuote } from './quote.ts'
import { planBars, requestOverview, requestQuote, requestSymbolHistory } from './request.ts'
import { SETTLE_MS } from './request.ts'
import { parseSymbolHistory } from './symbol-history.ts'

export const polygon: Provider = {
  id: 'polygon',
  name: 'Polygon',
  needsKey: true,
  // The old host: it answers under both names of the vendor, for old and new keys.
  baseUrl: 'https://api.polygon.io',
  budget: '5/min',
  // No plan has calls a day, so that no midnight matters.
  resetZone: 'UTC',
  // Its hours begin on the full hour, half of it before the opening, and its weeks on Sundays.
  intervals: ['1m', '5m', '15m', '30m', '1d'],
  basis: 'raw',
  kinds: ['stock', 'index', 'currency'],
  hasVolume: true,
  hours: 'all',
  settleMs: SETTLE_MS,
  // https://github.com/polygon-io/issues/issues/107
  keepsOldSymbols: true,
  canary,
  plan,
  planBars,
  planMarket,
  parseBars,
  requestQuote,
  parseQuote,
  requestOverview,
  parseOverview,
  requestSymbolHistory,
  parseSymbolHistory,
  requestSearch,
  parseSearch,
  requestActions,
  parseActions,
}
