/** Reads an answer with the aggregates of one ticker as bars. */
import { sliceBatch, takeBars, type BarBatch } from '../../domain/bar-batch.ts'
import type { Calendar } from '../../domain/calendar/calendar.ts'
import { isIntraday } from '../../domain/interval.ts'
import type { BarAnswer, BarRequest, ParseContext, UnreadableRow } from '../provider.ts'
import type { VendorBody, VendorFailure } from '../provider.ts'
import { readAggregates } from './aggregates-document.ts'
import { scanAggregates } from './aggregates-scanner.ts'
import type { AggregateRows, Aggregates } from './aggregates.ts'
import { bodyStart, goodDocument, isGood, isSuccess } from './failure.ts'
import { malformed, noData, type JsonRecord } from './failure.ts'
import { isContinuation, nextBars, startOf } from './next-page.ts'
import { vendorTicker } from './request.ts'

/** Bars of an answer to the aggregates of a range of time; the later pages are calls in `next`. */
export function parseBars(
  body: VendorBody,
  request: BarRequest,
  context: ParseContext,
): BarAnswer | VendorFailure {
  const wanted = vendorTicker(request.symbol)
  const found = findAggregates(body, !wanted.startsWith('I:'))
  if ('ok' in found) return found
  const { members, rows } = found
  const ticker = members['ticker']
  // Tickers differ by case alone: PEBPE is not PEBpE.
  if (typeof ticker === 'string' && ticker !== wanted && isSameText(ticker, wanted)) {
    return malformed(`The answer is for "${ticker}", and "${wanted}" was asked for.`)
  }
  if (typeof ticker !== 'string' && hasOthers(rows, wanted)) {
    return malformed(`The answer has rows of other tickers than "${wanted}".`)
  }
  const { order, batch } = inOrder(rows.batch)
  const { calendar } = context
  if (isContinuation(request.request) && batch.ts[0]! < startOf(request.request, calendar)) {
    return malformed('The page begins before the time from which it was asked: it is repeated.')
  }
  const next = nextOf(members, request, batch, context)
  if (next !== null && 'ok' in next) return next
  if (batch.length === 0 && next === null && !isContinuation(request.request)) {
    return emptyAnswer(rows)
  }
  return {
    ok: true,
    symbol: typeof ticker === 'string' ? (ticker === wanted ? request.symbol : ticker) : null,
    batch: isIntraday(request.interval) ? batch : keyedByDay(batch, calendar),
    rawAt: (index) => rows.rawAt(order === null ? index : order[index]!),
    unreadable: isIntraday(request.interval)
      ? rows.unreadable
      : rows.unreadable.map((row) => unreadableOfDay(row, calendar)),
    notes: notesOf(members, rows),
    ...(typeof ticker === 'string' ? { metadata: { ticker, adjusted: members['adjusted'] } } : {}),
    ...(next === null ? {} : { next }),
  }
}

/** True where a row names a ticker that is not the one wanted, as in an answer of the whole market. */
function hasOthers({ batch, rawAt }: AggregateRows, wanted: string): boolean {
  return Array.from(batch.ts, (_, i) => rawAt(i)).some((raw) => {
    const named = /"T"\s*:\s*"([^"]*)"/.exec(raw)?.[1]
    return named !== undefined && named !== wanted
  })
}

/** Reads a body, quickly where it is of the usual shape. */
function findAggregates(body: VendorBody, hasVolume: boolean): Aggregates | VendorFailure {
  const { bytes, status } = body
  const scanned = isSuccess(status) ? scanAggregates(bytes, bodyStart(bytes)) : null
  if (scanned !== null && isGood(status, scanned.members)) return scanned
  const good = goodDocument(body)
  if (!good.ok) return good
  const { document } = good
  const results = document['results'] ?? []
  if (!Array.isArray(results)) return malformed('The results of the answer are not a list.')
  if (results.length === 0 && Number(document['resultsCount'] ?? 0) > 0) {
    // Was a passing fault of the vendor (polygon-io/issues#2): no proof that there is nothing.
    return malformed(`The answer says ${String(document['resultsCount'])} results and has none.`)
  }
  if (results.length === 0 && !isAggregatesAnswer(document)) {
    return malformed('The answer is JSON without the data that was asked for.')
  }
  return { members: document, rows: readAggregates(results, { hasTickers: false, hasVolume }) }
}

/** An empty answer has no `results`, or null in their place; its counts show that it is one. */
function isAggregatesAnswer(document: JsonRecord): boolean {
  return 'results' in document || 'resultsCount' in document || 'queryCount' in document
}

function emptyAnswer(rows: AggregateRows): VendorFailure {
  const { length } = rows.unreadable
  if (length === 0) return noData('The answer has no results.')
  const isQuiet = rows.unreadable.every(({ rule }) => rule === 'no-trade')
  return isQuiet
    ? noData('Nothing was traded: the answer only carries an earlier price forward.')
    : malformed(`None of the answer's ${length} rows can be read as a bar.`)
}

function nextOf(
  members: JsonRecord,
  request: BarRequest,
  batch: BarBatch,
  { calendar, baseUrl }: ParseContext,
): BarRequest | VendorFailure | null {
  const nextUrl = members['next_url'] ?? null
  if (nextUrl === null || nextUrl === '') return null
  if (typeof nextUrl !== 'string') return malformed('The address of the next page is not a text.')
  const lastTs = batch.length === 0 ? -Infinity : batch.ts[batch.length - 1]!
  return nextBars(nextUrl, request, lastTs, calendar, baseUrl)
}

/** Rows by ascending time, with their places on the wire; they come so where `sort=asc` is heeded. */
function inOrder(batch: BarBatch): { order: Int32Array | null; batch: BarBatch } {
  const { ts, length } = batch
  let isAscending = true
  for (let i = 1; i < length; i += 1) if (ts[i]! < ts[i - 1]!) isAscending = false
  if (isAscending) return { order: null, batch }
  const order = Int32Array.from({ length }, (_, i) => i).sort((a, b) => ts[a]! - ts[b]!)
  return { order, batch: takeBars(batch, order) }
}

/**
 * Daily bars are labelled with an instant of their session: its midnight in New York, or 16:00 there
 * in some answers. Their key is the date there, since that midnight is another hour in UTC in summer.
 */
export function keyedByDay(batch: BarBatch, calendar: Calendar): BarBatch {
  const days = batch.ts.map((instant) => calendar.localDay(instant))
  return { ...sliceBatch(batch, 0, batch.length), ts: days }
}

function unreadableOfDay(row: UnreadableRow, calendar: Calendar): UnreadableRow {
  return row.ts === undefined ? row : { ...row, ts: calendar.localDay(row.ts) }
}

function notesOf(members: JsonRecord, rows: AggregateRows): string[] {
  const notes: string[] = []
  if (members['adjusted'] === true) {
    notes.push('the answer calls its prices adjusted for splits, though raw ones were asked for')
  }
  const count = members['resultsCount']
  const length = rows.batch.length + rows.unreadable.length
  if (typeof count === 'number' && count !== length) {
    notes.push(`the answer says ${count} results and has ${length}`)
  }
  if (rows.otc > 0) notes.push('trades over the counter (otc)')
  return notes
}

function isSameText(a: string, b: string): boolean {
  return a.toUpperCase() === b.toUpperCase()
}
