/** Polygon's wire format over the simulated market: a path an endpoint, the key in a header or a parameter. */
import type { Market } from './market.ts'
import type { Plan } from './plans.ts'
import { rangeAnswer } from './polygon-aggregates.ts'
import { groupedAnswer, openCloseAnswer, previousAnswer } from './polygon-days.ts'
import { dividendsAnswer, eventsAnswer, splitsAnswer } from './polygon-reference.ts'
import { tickerAnswer, tickersAnswer } from './polygon-reference.ts'
import { refuse } from './polygon-refusals.ts'
import { statusNowAnswer, statusUpcomingAnswer } from './polygon-status.ts'
import {
  isKeyName,
  originOf,
  pathParams,
  type HttpCall,
  type Params,
  type Vendor,
  type VendorCall,
  type WireAnswer,
} from './vendor.ts'

interface Endpoint {
  readonly function: string
  /** Its groups are parameters. */
  readonly path: RegExp
  readonly answer: (market: Market, call: VendorCall, plan: Plan) => WireAnswer
}

const ENDPOINTS: readonly Endpoint[] = [
  {
    function: 'range',
    path: /^\/v2\/aggs\/ticker\/(?<symbol>[^/]+)\/range\/(?<multiplier>[^/]+)\/(?<timespan>[^/]+)\/(?<from>[^/]+)\/(?<to>[^/]+)$/,
    answer: rangeAnswer,
  },
  {
    function: 'grouped',
    path: /^\/v2\/aggs\/grouped\/locale\/us\/market\/stocks\/(?<date>[^/]+)$/,
    answer: groupedAnswer,
  },
  {
    function: 'prev',
    path: /^\/v2\/aggs\/ticker\/(?<symbol>[^/]+)\/prev$/,
    answer: previousAnswer,
  },
  {
    function: 'open-close',
    path: /^\/v1\/open-close\/(?<symbol>[^/]+)\/(?<date>[^/]+)$/,
    answer: openCloseAnswer,
  },
  { function: 'tickers', path: /^\/v3\/reference\/tickers$/, answer: tickersAnswer },
  {
    function: 'ticker',
    path: /^\/v3\/reference\/tickers\/(?<symbol>[^/]+)$/,
    answer: tickerAnswer,
  },
  {
    function: 'events',
    path: /^\/vX\/reference\/tickers\/(?<symbol>[^/]+)\/events$/,
    answer: eventsAnswer,
  },
  { function: 'splits', path: /^\/v3\/reference\/splits$/, answer: splitsAnswer },
  { function: 'dividends', path: /^\/v3\/reference\/dividends$/, answer: dividendsAnswer },
  { function: 'status-now', path: /^\/v1\/marketstatus\/now$/, answer: statusNowAnswer },
  {
    function: 'status-upcoming',
    path: /^\/v1\/marketstatus\/upcoming$/,
    answer: statusUpcomingAnswer,
  },
]

/** Polygon as the sandbox's server sees it. */
export const polygon: Vendor = {
  id: 'polygon',
  needsKey: true,
  readCall,
  answer: (market, call, plan) => findEndpoint(call.params).answer(market, call, plan),
  refuse: (refusal, call) => refuse(refusal, call),
}

function readCall(http: HttpCall): VendorCall | null {
  for (const endpoint of ENDPOINTS) {
    const match = endpoint.path.exec(http.path)
    if (match === null) continue
    const query = Object.fromEntries([...http.query].filter(([name]) => !isKeyName(name)))
    return {
      params: {
        ...query,
        ...pathParams(match),
        ...actionSymbol(query),
        function: endpoint.function,
      },
      key: keyOf(http),
      origin: originOf(http.headers),
    }
  }
  return null
}

function findEndpoint(params: Params): Endpoint {
  const endpoint = ENDPOINTS.find(({ function: name }) => name === params['function'])
  if (endpoint === undefined) throw new TypeError('a call is of an endpoint')
  return endpoint
}

/** Lists name their symbol in a parameter of its own name. */
function actionSymbol({ ticker }: Params): Params {
  return ticker === undefined ? {} : { symbol: ticker }
}

function keyOf({ headers, query }: HttpCall): string {
  const bearer = /^Bearer (.+)$/.exec(String(headers['authorization'] ?? ''))
  return bearer?.[1] ?? query.get('apiKey') ?? ''
}
