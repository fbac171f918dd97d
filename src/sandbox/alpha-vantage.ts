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
} from './alpha-vantage-series.ts'
import {
  CSV_TYPE,
  JSON_TYPE,
  writeAnswer,
  type Answer,
  type SeriesAnswer,
} from './alpha-vantage-text.ts'
import type { Market } from './market.ts'
import type { RowSpelling, RowTable } from './row-faults.ts'
import { isKeyName, plainAnswer, type Params, type Vendor, type WireAnswer } from './vendor.ts'

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

/** Alpha Vantage as the sandbox's server sees it. */
export const alphaVantage: Vendor = {
  id: 'alpha-vantage',
  needsKey: true,
  readCall: ({ path, query }) =>
    path === '/query'
      ? { params: paramsWithoutKey(query), key: query.get('apikey') ?? '', origin: '' }
      : null,
  answer: (market, { params }) => wireAnswer(answerFunction(market, params), params),
  refuse: (refusal, { params, key }, { perMinute, perDay }) => {
    const context = { functionName: params['function'] ?? '', key, perMinute, perDay }
    return wireAnswer(makeRefusal(refusal, context), params)
  },
}

/** An answer in the format that was asked for. */
function wireAnswer(answer: Answer, params: Params): WireAnswer {
  const datatype = params['datatype'] === 'csv' ? 'csv' : 'json'
  if (answer.kind !== 'series') {
    const { contentType, text } = writeAnswer(answer, datatype)
    return plainAnswer(200, contentType, text)
  }
  const minutes = Number(/\((\d+)min\)$/.exec(answer.seriesKey)?.[1] ?? Number.NaN)
  const rows: RowTable = {
    ...answer.rows,
    volume: answer.names.findIndex((name) => name.endsWith('volume')),
    newestFirst: true,
    labelledByEnd: false,
    spelling: spellingOf(minutes),
  }
  return {
    status: 200,
    contentType: datatype === 'csv' ? CSV_TYPE : JSON_TYPE,
    rows,
    write: (changed) => {
      const { labels, cells, labelledByEnd } = changed ?? rows
      const meta = labelledByEnd ? metaByEnd(answer.meta, minutes) : answer.meta
      return writeAnswer({ ...answer, meta, rows: { labels, cells } }, datatype).text
    },
  }
}

function metaByEnd(meta: SeriesAnswer['meta'], minutes: number): SeriesAnswer['meta'] {
  return meta.map(([name, value]) => [
    name,
    name.endsWith('Last Refreshed') && value.length === 19 ? shiftLabel(value, minutes) : value,
  ])
}

/** A wall-clock label some minutes later; no session goes through midnight. */
function shiftLabel(label: string, minutes: number): string {
  const start = Date.parse(`${label.replace(' ', 'T')}Z`)
  return new Date(start + minutes * 60_000).toISOString().slice(0, 19).replace('T', ' ')
}

function spellingOf(minutes: number): RowSpelling {
  return {
    word: (text) => text,
    future: (label) => `2099${label.slice(4)}`,
    impossible: (label) => `2024-13-45${label.slice(10)}`,
    offGrid: (label) => `${label.slice(0, 10)} 10:01:07`,
    end: Number.isNaN(minutes) ? null : (label) => shiftLabel(label, minutes),
  }
}

/** A key in another spelling is no key to the vendor, but must not be told to anyone either. */
function paramsWithoutKey(query: URLSearchParams): Params {
  return Object.fromEntries([...query].filter(([name]) => !isKeyName(name)))
}

/** The answer to a call. `params` are the query parameters without the key. */
function answerFunction(market: Market, params: Params): Answer {
  const functionName = params.function ?? ''
  const make = Object.hasOwn(FUNCTIONS, functionName) ? FUNCTIONS[functionName] : undefined
  if (make === undefined) return makeRefusal('unknown-function', { functionName, key: '' })
  const asked = (params.symbol ?? '').toUpperCase()
  const answer = make({
    market,
    // The vendor has no indices.
    symbol: asked.startsWith('I:') ? '' : asked.replace('-', '.'),
    asked,
    params: { ...params, symbol: asked },
    isCsv: params.datatype === 'csv',
  })
  return answer ?? makeRefusal('invalid-call', { functionName, key: '' })
}
