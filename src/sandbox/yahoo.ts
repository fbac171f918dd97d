/** Yahoo's wire format over the simulated market: chart, search and quotes, without a key. */
import type { Market } from './market.ts'
import {
  isKeyName,
  originOf,
  pathParams,
  type HttpCall,
  type Vendor,
  type VendorCall,
  type WireAnswer,
} from './vendor.ts'
import { chartAnswer } from './yahoo-chart.ts'
import { quoteAnswer, searchAnswer } from './yahoo-lists.ts'
import { marketSymbol } from './yahoo-meta.ts'
import { refuse } from './yahoo-refusals.ts'

const CHART = /^\/v8\/finance\/chart\/(?<symbol>[^/]+)$/
const FUNCTIONS: Readonly<Record<string, string>> = {
  '/v1/finance/search': 'search',
  '/v7/finance/quote': 'quote',
}

/** Yahoo as the sandbox's server sees it. A crumb, which only quotes want, is taken for its key. */
export const yahoo: Vendor = {
  id: 'yahoo',
  needsKey: false,
  readCall,
  answer,
  refuse: (refusal, { params }) => refuse(refusal, params),
}

function readCall({ path, query, headers }: HttpCall): VendorCall | null {
  const match = CHART.exec(path)
  const name = match === null ? FUNCTIONS[path] : 'chart'
  if (name === undefined) return null
  const given = Object.fromEntries([...query].filter(([key]) => !isKeyName(key)))
  const symbol = match === null ? given['symbols'] : pathParams(match)['symbol']
  return {
    params: { ...given, ...(symbol === undefined ? {} : { symbol }), function: name },
    key: query.get('crumb') ?? '',
    origin: originOf(headers),
  }
}

function answer(market: Market, { params, key }: VendorCall): WireAnswer {
  if (params['function'] === 'search') return searchAnswer(market, params)
  if (params['function'] === 'quote') return quoteAnswer(market, params, key)
  const symbol = marketSymbol(params['symbol'] ?? '')
  return chartAnswer(market, { ...params, symbol })
}
