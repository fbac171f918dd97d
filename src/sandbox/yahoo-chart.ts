/** Yahoo's chart: `meta`, timestamps, parallel arrays of values, and splits and dividends as events. */
import { DAY_MS } from '../domain/date.ts'
import { splitRatioBetween } from './corporate-actions.ts'
import type { Market } from './market.ts'
import { numberTexts, type RowSpelling, type RowTable } from './row-faults.ts'
import { sharesOf } from './split-shares.ts'
import type { Params, WireAnswer } from './vendor.ts'
import { chartMeta, secondsOf } from './yahoo-meta.ts'
import { readChartQuery, type ChartQuery } from './yahoo-period.ts'
import { errorAnswer, unknownSymbol } from './yahoo-refusals.ts'
import { chartRows, makeView, type ChartRows, type ChartView } from './yahoo-rows.ts'

/** The columns of a row table; the adjusted close stands apart from the others on the wire. */
const COLUMNS = ['open', 'high', 'low', 'close', 'volume', 'adjclose'] as const
const ADJUSTED = COLUMNS.indexOf('adjclose')

/** The answer to `/v8/finance/chart/{symbol}`. */
export function chartAnswer(market: Market, params: Params): WireAnswer {
  const listing = market.listing(params['symbol'] ?? '')
  const view = listing === null ? null : makeView(market, listing.symbol)
  if (listing === null || view === null) return unknownSymbol()
  const query = readChartQuery(market, params)
  if ('status' in query) {
    const code = query.status === 400 ? 'Bad Request' : 'Unprocessable Entity'
    return errorAnswer(query.status, 'chart', code, query.description)
  }
  if (query.to < market.calendar.instantAt(listing.firstDay, 0)) return beforeListing(query)
  const withExtended = params['includePrePost'] === 'true'
  const found = chartRows(view, query, withExtended)
  const firstRow = found.bars.length === 0 ? query.from : found.bars.ts[0]!
  const rows = tableOf(found, query)
  const frame = {
    meta: chartMeta(view, listing, query, firstRow, withExtended),
    events: found.bars.length === 0 ? {} : eventsOf(view, params, query, found),
    hasAdjusted: found.adjusted !== null && params['includeAdjustedClose'] !== 'false',
  }
  return {
    status: 200,
    contentType: 'application/json;charset=utf-8',
    rows,
    write: (changed) => writeChart(frame, changed ?? rows),
  }
}

function beforeListing(query: ChartQuery): WireAnswer {
  const [from, to] = [secondsOf(query.from), secondsOf(query.to)]
  const description = `Data doesn't exist for startDate = ${from}, endDate = ${to}`
  return errorAnswer(400, 'chart', 'Bad Request', description)
}

function tableOf({ bars, adjusted }: ChartRows, { minutes }: ChartQuery): RowTable {
  return {
    labels: Array.from(bars.ts, (ts) => String(secondsOf(ts))),
    cells: [
      numberTexts(bars.open),
      numberTexts(bars.high),
      numberTexts(bars.low),
      numberTexts(bars.close),
      numberTexts(bars.volume),
      ...(adjusted === null ? [] : [numberTexts(adjusted)]),
    ],
    volume: COLUMNS.indexOf('volume'),
    newestFirst: false,
    labelledByEnd: false,
    spelling: spellingOf(minutes),
  }
}

function spellingOf(minutes: number | null): RowSpelling {
  return {
    word: (text) => JSON.stringify(text),
    // 80 years of 365.25 days.
    future: (label) => String(Number(label) + 80 * 31_557_600),
    impossible: () => JSON.stringify('2024-13-45'),
    offGrid: (label) => String(Number(label) + 7),
    end: minutes === null ? null : (label) => String(Number(label) + minutes * 60),
  }
}

interface ChartFrame {
  readonly meta: unknown
  readonly events: object
  readonly hasAdjusted: boolean
}

/** By hand, since a fault may put anything into a row. */
function writeChart({ meta, events, hasAdjusted }: ChartFrame, rows: RowTable): string {
  const isEmpty = rows.labels.length === 0
  const list = (c: number): string => `[${rows.cells[c]!.map((cell) => cell ?? 'null').join(',')}]`
  const columns = COLUMNS.slice(0, ADJUSTED).map((name, c) => `"${name}":${list(c)}`)
  const timestamps = isEmpty ? '' : `"timestamp":[${rows.labels.join(',')}],`
  const quote = isEmpty ? '{}' : `{${columns.join(',')}}`
  const adjusted = isEmpty ? '{}' : hasAdjusted ? `{"adjclose":${list(ADJUSTED)}}` : ''
  const eventText = Object.keys(events).length === 0 ? '' : `"events":${JSON.stringify(events)},`
  const indicators = `{"quote":[${quote}]${hasAdjusted ? `,"adjclose":[${adjusted}]` : ''}}`
  const result = `{"meta":${JSON.stringify(meta)},${timestamps}${eventText}"indicators":${indicators}}`
  return `{"chart":{"result":[${result}],"error":null}}`
}

/** Splits and dividends with ex days among the rows, by the timestamp of the row. */
function eventsOf(view: ChartView, params: Params, query: ChartQuery, { bars }: ChartRows): object {
  const wanted = (params['events'] ?? '').split(/[|,]/)
  const { market, symbol, splits } = view
  const { calendar } = market
  const from = calendar.localDay(bars.ts[0]!)
  const until = calendar.localDay(query.to) + DAY_MS
  const openOf = (day: number): number => secondsOf(calendar.session(day)?.open ?? day)
  const keyed = <T>(list: readonly { day: number }[], make: (at: number) => T): object =>
    Object.fromEntries(list.map(({ day }, i) => [keyOf(bars.ts, openOf(day), query), make(i)]))
  const isWithin = ({ day }: { day: number }): boolean =>
    day >= from && day < until && day <= market.today()
  const paid = market.dividends(symbol, until).filter(isWithin)
  const split = splits.filter(isWithin)
  const dividends = keyed(paid, (i) => ({
    amount: perShare(paid[i]!.amount, splitRatioBetween(splits, paid[i]!.day, market.today())),
    date: openOf(paid[i]!.day),
  }))
  const shares = keyed(split, (i) => splitEvent(split[i]!.ratio, openOf(split[i]!.day)))
  return {
    ...(wanted.includes('div') && paid.length > 0 ? { dividends } : {}),
    ...(wanted.includes('split') && split.length > 0 ? { splits: shares } : {}),
  }
}

/** The timestamp of the row that holds a second, in bars of weeks and longer; else the second itself. */
function keyOf(ts: Float64Array, second: number, { interval }: ChartQuery): string {
  if (!/wk|mo|5d/.test(interval)) return String(second)
  return String(secondsOf(ts.findLast((start) => start <= second * 1000) ?? second * 1000))
}

function splitEvent(ratio: number, date: number): object {
  const { newShares, oldShares } = sharesOf(ratio)
  return {
    date,
    numerator: newShares,
    denominator: oldShares,
    splitRatio: `${newShares}:${oldShares}`,
  }
}

function perShare(amount: number, ratio: number): number {
  return Math.round((amount / ratio) * 1e6) / 1e6
}
