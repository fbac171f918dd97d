/**
 * Alpha Vantage's wire format over the simulated market: one endpoint, `function` picks the answer,
 * and what cannot be answered is refused with HTTP 200 in the vendor's words.
 */
import {
  dividendsAnswer,
  listingStatusAnswer,
  marketStatusAnswer,
  overviewAnswer,
  quoteAnswer,
  searchAnswer,
  splitsAnswer,
} from './alpha-vantage-reference.ts'
import { makeRefusal } from './alpha-vantage-refusals.ts'
import {
  dailyAdjustedAnswer,
  dailyAnswer,
  intradayAnswer,
  periodAnswer,
  type Params,
} from './alpha-vantage-series.ts'
import type { Answer } from './alpha-vantage-text.ts'
import type { Market } from './market.ts'

export type { Params }

interface Call {
  readonly market: Market
  /** The symbol as the market has it. */
  readonly symbol: string
  /** The symbol as it was asked for, which is what answers repeat. */
  readonly asked: string
  readonly params: Params
  readonly isCsv: boolean
}

/** Answers by function; null where the vendor calls the parameters invalid. */
const FUNCTIONS: Readonly<Record<string, (call: Call) => Answer | null>> = {
  TIME_SERIES_INTRADAY: series(({ market, symbol, params }) =>
    intradayAnswer(market, symbol, params),
  ),
  TIME_SERIES_DAILY: series(({ market, symbol, params }) => dailyAnswer(market, symbol, params)),
  TIME_SERIES_DAILY_ADJUSTED: series(({ market, symbol, params }) =>
    dailyAdjustedAnswer(market, symbol, params),
  ),
  TIME_SERIES_WEEKLY: periods('1wk', false),
  TIME_SERIES_WEEKLY_ADJUSTED: periods('1wk', true),
  TIME_SERIES_MONTHLY: periods('1mo', false),
  TIME_SERIES_MONTHLY_ADJUSTED: periods('1mo', true),
  GLOBAL_QUOTE: withSymbol(({ market, symbol, asked, isCsv }) =>
    quoteAnswer(market, symbol, asked, isCsv),
  ),
  OVERVIEW: withSymbol(({ market, symbol, asked }) => overviewAnswer(market, symbol, asked)),
  SPLITS: withSymbol(({ market, symbol, asked, isCsv }) =>
    splitsAnswer(market, symbol, asked, isCsv),
  ),
  DIVIDENDS: withSymbol(({ market, symbol, asked, isCsv }) =>
    dividendsAnswer(market, symbol, asked, isCsv),
  ),
  SYMBOL_SEARCH: ({ market, params, isCsv }) =>
    params.keywords ? searchAnswer(market, params.keywords, isCsv) : null,
  LISTING_STATUS: ({ market, params }) => listingStatusAnswer(market, params.state),
  MARKET_STATUS: ({ market }) => marketStatusAnswer(market),
}

/** Answers only for symbols that are listed by now. */
function series(make: (call: Call) => Answer | null): (call: Call) => Answer | null {
  return (call) => {
    const listing = call.market.listing(call.symbol)
    return listing === null || listing.firstDay > call.market.today() ? null : make(call)
  }
}

function periods(interval: '1wk' | '1mo', isAdjusted: boolean): (call: Call) => Answer | null {
  return series(({ market, symbol, params }) =>
    periodAnswer(market, symbol, params, interval, isAdjusted),
  )
}

function withSymbol(make: (call: Call) => Answer): (call: Call) => Answer | null {
  return (call) => (call.symbol === '' ? null : make(call))
}

/** The answer to a call whose key was accepted. `params` are the query parameters without the key. */
export function answerAlphaVantage(market: Market, params: Params): Answer {
  const functionName = params.function ?? ''
  const make = Object.hasOwn(FUNCTIONS, functionName) ? FUNCTIONS[functionName] : undefined
  if (make === undefined) return makeRefusal('unknown-function', { functionName, key: '' })
  const asked = (params.symbol ?? '').toUpperCase()
  const answer = make({
    market,
    symbol: asked.replace('-', '.'),
    asked,
    params: { ...params, symbol: asked },
    isCsv: params.datatype === 'csv',
  })
  return answer ?? makeRefusal('invalid-call', { functionName, key: '' })
}
