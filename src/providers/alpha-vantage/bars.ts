/** Reads an answer with bars: finds out what the body is, reads its rows, and orders them in time. */
import { makeBatch, type BarBatch } from '../../domain/bar-batch.ts'
import { monthStart, weekStart } from '../../domain/date.ts'
import { StockyardError } from '../../domain/error.ts'
import { intervalMs, isIntraday, parseInterval, type Interval } from '../../domain/interval.ts'
import { getZone } from '../../domain/zone.ts'
import { bodyStart, documentOf, failureOfBody, failureOfDocument } from './failure.ts'
import { isSample, isSuccess, malformed, noData } from './failure.ts'
import { findLabelSide, shiftToStarts } from './label-side.ts'
import { isSameSymbol } from './request.ts'
import { scanCsvSeries } from './series-csv.ts'
import { seriesOf } from './series-document.ts'
import { scanSeries } from './series-scanner.ts'
import type { WireSeries } from './series.ts'
import { FIELD_COUNT, giveRowsBack, type WireRows } from './wire-rows.ts'
import type { BarAnswer, BarRequest, ParseContext, VendorBody, VendorFailure } from '../provider.ts'

const OPEN_BRACE = 123

/** Bars of an answer to INTRADAY, DAILY, WEEKLY or MONTHLY, JSON or CSV, adjusted or not. */
export function parseBars(
  body: VendorBody,
  request: BarRequest,
  context: ParseContext,
): BarAnswer | VendorFailure {
  const intraday = isIntraday(request.interval)
  const series = readSeries(body, intraday)
  if ('ok' in series) return series
  if (series.name !== null && intervalOfName(series.name) !== request.interval) {
    return malformed(`The answer is a "${series.name}", and ${request.interval} was asked for.`)
  }
  const { rows, unreadable } = series
  if (rows.length === 0) {
    return unreadable.length === 0
      ? noData('The answer has no rows.')
      : malformed(`None of the answer's ${unreadable.length} rows can be read as a bar.`)
  }
  const clock = intraday ? openClock(series.zone, context) : null
  if (intraday && clock === null)
    return malformed(`The answer is in the unknown zone "${series.zone}".`)
  const wireTs = clock === null ? periodStarts(rows, request.interval) : instantsOf(rows, clock)
  const order = ascending(wireTs)
  const batch = batchInOrder(rows, wireTs, order)
  giveRowsBack(rows)
  const notes = intraday ? settleLabels(batch, request.interval, context) : []
  if (series.remark !== null) notes.push(`Alpha Vantage remarks: ${series.remark}`)
  return {
    ok: true,
    symbol: askedSymbol(series.symbol, request.symbol),
    batch,
    rawAt: (index) => series.rawAt(order[index]!),
    unreadable,
    notes,
    ...(series.metadata === null ? {} : { metadata: series.metadata }),
  }
}

/** Finds out by content what the body is: an answer may be JSON although CSV was asked for. */
function readSeries(body: VendorBody, intraday: boolean): WireSeries | VendorFailure {
  if (!isSuccess(body.status)) return failureOfBody(body)
  const start = bodyStart(body.bytes)
  if (body.bytes[start] !== OPEN_BRACE) {
    return scanCsvSeries(body.bytes, start, intraday) ?? failureOfBody(body)
  }
  const scanned = scanSeries(body.bytes, start, intraday)
  if (scanned !== null) return scanned
  const document = documentOf(body)
  if (document === null) return failureOfBody(body)
  const series = isSample(document) ? null : seriesOf(document, intraday)
  return series === null || (series.rows.length === 0 && series.remark !== null)
    ? failureOfDocument(body.status, document)
    : series
}

/** The interval in `Time Series (5min)`, `Time Series (Daily)`, `Weekly Adjusted Time Series`. */
function intervalOfName(name: string): Interval | null {
  const words = /\(([^)]+)\)/.exec(name)?.[1] ?? name.trim().split(/\s+/)[0]!
  try {
    return parseInterval(words)
  } catch (error) {
    if (error instanceof StockyardError) return null
    throw error
  }
}

/** The symbol as it was asked for, where the answer has it in the vendor's spelling. */
function askedSymbol(answered: string | null, asked: string): string | null {
  return answered !== null && isSameSymbol(answered, asked) ? asked : answered
}

/** The instant of a wall-clock time: minutes after the midnight of a date. */
type WallClock = (day: number, minutes: number) => number

/** The clock by which labels are read; null where the answer names a zone that does not exist. */
function openClock(zone: string | null, { calendar }: ParseContext): WallClock | null {
  if (zone === null || zone === calendar.timeZone || isUsEastern(zone, calendar.timeZone)) {
    return (day, minutes) => calendar.instantAt(day, minutes)
  }
  try {
    const named = getZone(zone)
    return (day, minutes) => named.instantAt(day, minutes)
  } catch (error) {
    if (error instanceof StockyardError) return null
    throw error
  }
}

/** The vendor writes the old name of New York's zone. */
function isUsEastern(zone: string, timeZone: string): boolean {
  return zone === 'US/Eastern' && timeZone === 'America/New_York'
}

function instantsOf(rows: WireRows, clock: WallClock): Float64Array {
  const ts = new Float64Array(rows.length)
  let day = Number.NaN
  let midnight = 0
  // A day on which the clocks change has no one distance from its midnight.
  let isEven = false
  for (let i = 0; i < rows.length; i += 1) {
    const second = rows.second[i]!
    if (rows.day[i] !== day) {
      day = rows.day[i]!
      midnight = clock(day, 0)
      isEven = clock(day, 1439) - midnight === 1439 * 60_000
    }
    ts[i] = isEven
      ? midnight + second * 1000
      : clock(day, Math.floor(second / 60)) + (second % 60) * 1000
  }
  return ts
}

/**
 * Keys of daily and longer bars. The vendor labels a week and a month by its last trading day so far,
 * which moves every day until the period is over; their first day does not.
 */
function periodStarts(rows: WireRows, interval: Interval): Float64Array {
  const days = rows.day.slice(0, rows.length)
  if (interval === '1wk') return days.map(weekStart)
  return interval === '1mo' ? days.map(monthStart) : days
}

/** Indexes of the rows by ascending ts; the newest comes first on the wire. */
function ascending(ts: Float64Array): Int32Array {
  const last = ts.length - 1
  const order = new Int32Array(ts.length)
  let isNewestFirst = true
  for (let i = 0; i <= last; i += 1) {
    order[i] = last - i
    if (i > 0 && ts[i]! > ts[i - 1]!) isNewestFirst = false
  }
  return isNewestFirst ? order : order.sort((a, b) => ts[a]! - ts[b]!)
}

function batchInOrder(rows: WireRows, ts: Float64Array, order: Int32Array): BarBatch {
  const batch = makeBatch(rows.length)
  const { open, high, low, close, volume } = batch
  const { values } = rows
  for (let i = 0; i < rows.length; i += 1) {
    const row = order[i]!
    const base = row * FIELD_COUNT
    batch.ts[i] = ts[row]!
    open[i] = values[base]!
    high[i] = values[base + 1]!
    low[i] = values[base + 2]!
    close[i] = values[base + 3]!
    volume[i] = values[base + 4]!
  }
  return batch
}

/** Moves labels that are ends, and says so. */
function settleLabels(batch: BarBatch, interval: Interval, { calendar }: ParseContext): string[] {
  const lengthMs = intervalMs(interval)
  const labels = findLabelSide(batch.ts, lengthMs, calendar)
  if (labels.side === 'start') return []
  shiftToStarts(batch.ts, lengthMs, calendar, labels.by)
  return [`labels are bar ends: shifted back by ${interval}`]
}
