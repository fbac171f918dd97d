/** Reads an answer with bars: which rows are bars, which day or instant each belongs to, what is noise. */
import { makeBatch } from '../../domain/bar-batch.ts'
import { StockyardError } from '../../domain/error.ts'
import { isIntraday, parseInterval } from '../../domain/interval.ts'
import type { Zone } from '../../domain/zone.ts'
import { readActions } from './actions.ts'
import { instantOf, isDelisted, priceScale, readChart, sessionDayOf, textOrNull } from './chart.ts'
import { zoneOf, type Chart } from './chart.ts'
import { currencyUnit } from './currency-unit.ts'
import { malformed, noData, unknownSymbol, type JsonRecord } from './failure.ts'
import { findTick, mergeLive } from './last-row.ts'
import { overviewBeside, seriesMetadata } from './reference.ts'
import { isSameSymbol } from './request.ts'
import {
  batchOf,
  columnsOf,
  rowText,
  sortByTime,
  type WireColumns,
  type WireRows,
} from './wire-rows.ts'
import type { BarAnswer, BarRequest, ParseContext, UnreadableRow } from '../provider.ts'
import type { VendorBody, VendorFailure } from '../provider.ts'

/** Bars of a chart answer. */
export function parseBars(
  body: VendorBody,
  request: BarRequest,
  context: ParseContext,
): BarAnswer | VendorFailure {
  const chart = readChart(body)
  if ('ok' in chart) return chart
  const { meta, timestamps } = chart
  if (timestamps.length === 0) {
    if (isDelisted(meta)) return unknownSymbol(request.symbol)
    return noData('The answer has no rows for this period.')
  }
  const granularity = intervalOf(meta)
  if (granularity !== null && granularity !== request.interval) {
    return malformed(
      `The answer has bars of ${granularity}, and ${request.interval} was asked for.`,
    )
  }
  const columns = columnsOf(chart)
  const zone = zoneOf(meta)
  if (columns === null) return malformed('The arrays of the answer differ in length.')
  if (zone === null) return malformed('The answer does not name the zone of its exchange.')
  return answerOf(pickRows({ chart, columns, zone, request, context }), chart, zone, request)
}

interface Reading {
  readonly chart: Chart
  readonly columns: WireColumns
  readonly zone: Zone
  readonly request: BarRequest
  readonly context: ParseContext
}

interface PickedRows {
  readonly rows: WireRows
  readonly unreadable: readonly UnreadableRow[]
  readonly notes: readonly string[]
}

function answerOf(
  { rows, unreadable, notes }: PickedRows,
  chart: Chart,
  zone: Zone,
  request: BarRequest,
): BarAnswer | VendorFailure {
  const { meta } = chart
  if (rows.length === 0) {
    return unreadable.length === 0
      ? noData('The answer has no bars for this period.')
      : malformed(`None of the answer's ${unreadable.length} rows can be read as a bar.`)
  }
  const symbol = textOrNull(meta['symbol'])
  const overview = overviewBeside(meta, request.symbol)
  const { actions, unreadable: events } = readActions(chart.events, zone, meta)
  return {
    ok: true,
    symbol: symbol !== null && isSameSymbol(symbol, request.symbol) ? request.symbol : symbol,
    batch: batchOf(rows, priceScale(meta), makeBatch(rows.length)),
    rawAt: (index) => rowText(rows.columns, rows.index[index]!),
    unreadable: [...unreadable, ...events],
    notes: [...notes, ...currencyNotes(meta)],
    actions,
    ...(overview === null ? {} : { overview }),
    metadata: seriesMetadata(meta),
  }
}

/** Tells rows that are bars from those that are none, and orders the bars in time. */
function pickRows(reading: Reading): PickedRows {
  const { chart, columns, request, context } = reading
  const intraday = isIntraday(request.interval)
  const { length } = chart.timestamps
  const rows: WireRows = {
    columns,
    length: 0,
    ts: new Float64Array(length),
    index: new Int32Array(length),
  }
  const unreadable: UnreadableRow[] = []
  const last = periodEnd(request)
  let empty = 0
  let late = 0
  for (let i = 0; i < length; i += 1) {
    const instant = instantOf(columns.timestamps[i])
    const ts = intraday ? instant : sessionDayOf(instant, reading.zone, chart.meta)
    if (instant > last) {
      late += 1
    } else if (!intraday && isOutside(ts, request)) {
      // Not asked for: the call names a day more on either side, since days begin where they are.
      continue
    } else {
      const state = Number.isNaN(ts) ? 'no-timestamp' : stateOf(columns, i)
      if (state === 'bar') {
        rows.ts[rows.length] = ts
        rows.index[rows.length] = i
        rows.length += 1
      } else if (state === 'empty' && (intraday || !isOver(ts, context))) {
        empty += 1
      } else {
        unreadable.push(unreadableRow(columns, i, ts, state))
      }
    }
  }
  sortByTime(rows)
  const remarks = intraday ? findTick(rows, chart.meta, request.interval, context) : mergeLive(rows)
  if (empty > 0) remarks.push(`${count(empty, 'row')} without a value left out: nothing was traded`)
  if (late > 0) remarks.push(`${count(late, 'row')} after the period asked for left out`)
  return { rows, unreadable, notes: remarks }
}

type RowState = 'bar' | 'empty' | 'partial' | 'no-volume'

/** What the values of a row make of it. A price that is no number counts as absent. */
function stateOf({ prices, volume }: WireColumns, i: number): RowState {
  let there = 0
  for (const column of prices) if (Number.isFinite(column[i])) there += 1
  const hasVolume = Number.isFinite(volume?.[i])
  if (there === 0 && (!hasVolume || volume![i] === 0)) return 'empty'
  if (there < prices.length) return 'partial'
  return volume === null || hasVolume ? 'bar' : 'no-volume'
}

/** Rules and reasons of rows that are no bars. */
const REFUSALS: Readonly<Record<Exclude<RowState, 'bar'> | 'no-timestamp', readonly string[]>> = {
  'no-timestamp': ['timestamp', 'The row has no time.'],
  empty: ['no-values', 'The row has no values, although its session is over.'],
  partial: ['fields', 'The row lacks an open, a high, a low or a close.'],
  'no-volume': ['fields', 'The row has no volume, and others have one.'],
}

function unreadableRow(
  columns: WireColumns,
  i: number,
  ts: number,
  state: keyof typeof REFUSALS,
): UnreadableRow {
  const [rule, reason] = REFUSALS[state]
  const row = { rule: rule!, reason: reason!, raw: rowText(columns, i) }
  return Number.isNaN(ts) ? row : { ...row, ts }
}

/** True for a day with a session that was over when the answer came. */
function isOver(day: number, { calendar, receivedAt }: ParseContext): boolean {
  const session = calendar.session(day)
  return session !== null && session.close <= receivedAt
}

function isOutside(day: number, { asked }: BarRequest): boolean {
  return asked !== null && (day < asked.from || day >= asked.until)
}

/** The last instant that a call asked for; Infinity where it does not say. */
function periodEnd({ request }: BarRequest): number {
  const seconds = Number(request.params['period2'] ?? Number.NaN)
  return Number.isNaN(seconds) ? Infinity : seconds * 1000
}

/** The length of an answer's bars; null where the answer does not say. */
function intervalOf(meta: JsonRecord): string | null {
  const text = textOrNull(meta['dataGranularity'])
  if (text === null) return null
  try {
    return parseInterval(text)
  } catch (error) {
    if (error instanceof StockyardError) return text.slice(0, 20)
    throw error
  }
}

function currencyNotes(meta: JsonRecord): string[] {
  const unit = currencyUnit(meta['currency'])
  if (unit === null) return []
  return [`prices are in ${String(meta['currency'])}: ${unit.perCurrency} are 1 ${unit.currency}`]
}

function count(rows: number, noun: string): string {
  return `${rows} ${noun}${rows === 1 ? '' : 's'}`
}
