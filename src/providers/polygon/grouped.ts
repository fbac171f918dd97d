/** Reads the daily bars of the whole market: one call a session, some 11,000 tickers in no order. */
import { takeBars, type BarBatch } from '../../domain/bar-batch.ts'
import type { Calendar } from '../../domain/calendar/calendar.ts'
import { formatDate } from '../../domain/date.ts'
import type { UnreadableRow, VendorBody, VendorFailure, VendorRequest } from '../provider.ts'
import { readAggregates } from './aggregates-document.ts'
import { keyedByDay } from './bars.ts'
import { goodDocument, malformed, noData } from './failure.ts'
import { call } from './request.ts'

/** Bars of many tickers on one day. */
export interface GroupedAnswer {
  readonly ok: true
  readonly day: number
  /** The ticker of each bar, in the vendor's spelling. */
  readonly tickers: readonly string[]
  /** One bar a ticker, in the order of `tickers`; every `ts` is the day. */
  readonly batch: BarBatch
  /** The vendor's own text of the row at an index. */
  readonly rawAt: (index: number) => string
  readonly unreadable: readonly UnreadableRow[]
  readonly notes: readonly string[]
}

export const GROUPED_PATH = '/v2/aggs/grouped/'

/** The call for the raw daily bars of all tickers on a day, without those over the counter. */
export function requestGrouped(day: number): VendorRequest {
  return call(`${GROUPED_PATH}locale/us/market/stocks/${formatDate(day)}`, {
    adjusted: 'false',
    include_otc: 'false',
  })
}

/** The bars in an answer. A day without trading is answered without results: `no-data`. */
export function parseGrouped(
  body: VendorBody,
  day: number,
  calendar: Calendar,
): GroupedAnswer | VendorFailure {
  const good = goodDocument(body)
  if (!good.ok) return good
  const { document } = good
  const results = document['results'] ?? []
  if (!Array.isArray(results) || !('results' in document || 'resultsCount' in document)) {
    return malformed('The answer is JSON without the bars that were asked for.')
  }
  if (results.length === 0) return noData(`There are no bars of ${formatDate(day)}.`)
  const rows = readAggregates(results, { hasTickers: true, hasVolume: true })
  const { tickers = [] } = rows
  const unreadable = [...rows.unreadable]
  // The label is 16:00 in New York here, whatever the vendor's documentation says of it.
  const batch = keyedByDay(rows.batch, calendar)
  const indexes: number[] = []
  const seen = new Set<string>()
  for (let i = 0; i < batch.length; i += 1) {
    const refusal = refusalOf(tickers[i]!, batch.ts[i]!, day, seen)
    if (refusal === null) indexes.push(i)
    else unreadable.push({ ...refusal, raw: rows.rawAt(i) })
    seen.add(tickers[i]!)
  }
  if (indexes.length === 0) return malformed(`None of the answer's rows is of ${formatDate(day)}.`)
  const adjusted = 'the answer calls its prices adjusted for splits, though raw ones were asked for'
  return {
    ok: true,
    day,
    tickers: indexes.map((index) => tickers[index]!),
    batch: takeBars(batch, indexes),
    rawAt: (index) => rows.rawAt(indexes[index]!),
    unreadable,
    notes: document['adjusted'] === true ? [adjusted] : [],
  }
}

function refusalOf(
  ticker: string,
  rowDay: number,
  day: number,
  seen: ReadonlySet<string>,
): Omit<UnreadableRow, 'raw'> | null {
  if (rowDay !== day) {
    const days = `${formatDate(rowDay)}, and ${formatDate(day)}`
    return { rule: 'range', reason: `The bar is of ${days} was asked for.` }
  }
  return seen.has(ticker) ? { rule: 'duplicate', reason: `There are two bars of ${ticker}.` } : null
}
