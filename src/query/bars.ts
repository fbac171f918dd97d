/**
 * Bars as they are read: one answer of limited length, or a stream of any length in constant memory.
 */
import { BAR_COLUMNS, makeBatch, sliceBatch, takeBars, type BarBatch } from '../domain/bar-batch.ts'
import type { Calendar, Session } from '../domain/calendar/calendar.ts'
import { getCalendar } from '../domain/calendar/registry.ts'
import { DAY_MS } from '../domain/date.ts'
import { isIntraday, type Interval } from '../domain/interval.ts'
import type { Connection, Pool } from '../db/connect.ts'
import { getInstrument } from '../db/instruments.ts'
import { readPageRange } from '../db/pages.ts'
import { listSeries, type SeriesRef } from '../db/read-series.ts'
import { barRange, indexRange, rangeAfter, type BarRange } from './bar-range.ts'
import type { Bound } from './bound.ts'
import { chooseSeries } from './choose-series.ts'
import { cursorError, decodeCursor, encodeCursor } from './cursor.ts'

export interface BarQuery {
  readonly symbol: string
  readonly interval: Interval
  /** A provider's id, or `auto`: the first that has the series, by a fixed priority. */
  readonly provider: string
  /** Included; null for the first bar. */
  readonly from: Bound | null
  /** Not included; null for all. */
  readonly until: Bound | null
  /** `regular` leaves out intraday bars before the open and after the close. */
  readonly session: 'all' | 'regular'
  readonly sort: 'asc' | 'desc'
}

/** Bars in the order of the query, and parallel to them 1 where one is not final. */
export interface BarChunk {
  readonly bars: BarBatch
  readonly provisional: Uint8Array
}

export interface BarAnswer extends BarChunk {
  readonly symbol: string
  readonly interval: Interval
  /** Whose bars they are; null where `auto` found none. */
  readonly provider: string | null
  /** Where to go on, or null at the end. */
  readonly next: string | null
}

export interface BarStream {
  readonly symbol: string
  readonly interval: Interval
  readonly provider: string | null
  /** A page at a time. */
  readonly chunks: AsyncGenerator<BarChunk>
}

/** Most pages in memory at a time: of minute bars with extended hours, some 19,000 bars. */
const PAGES_AT_ONCE = 20
/** What a page holds at the least in the common case, to read no more of them than a limit needs. */
const BARS_PER_PAGE = 78

/**
 * At most `limit` bars, and a cursor where there are more. A cursor stays with the series it began on.
 * @throws StockyardError `SYMBOL_UNKNOWN`, `SYMBOL_INVALID`, `RANGE_INVALID`, `CURSOR_INVALID`
 */
export async function readBars(
  db: Pool | Connection,
  query: BarQuery,
  limit: number,
  cursor: string | null = null,
): Promise<BarAnswer> {
  const { series, calendar, range, ...found } = await prepare(db, query, cursor)
  if (series === null) return { ...found, ...concat([]), next: null }
  const chunks: BarChunk[] = []
  let length = 0
  const pagesAtOnce = Math.min(PAGES_AT_ONCE, Math.ceil((limit + 1) / BARS_PER_PAGE))
  for await (const chunk of walk(db, query, series, calendar, range, pagesAtOnce)) {
    chunks.push(chunk)
    length += chunk.bars.length
    if (length > limit) break
  }
  const all = concat(chunks)
  if (length <= limit) return { ...found, ...all, next: null }
  const kept = takeFirst(all, limit)
  const next = encodeCursor('bars', [series.id, query.sort, kept.bars.ts[limit - 1]!])
  return { ...found, ...kept, next }
}

/**
 * All bars of a query, page by page. Each page is read as it is at that moment; hand in a connection
 * with a transaction of its own where all must be of one moment.
 * @throws StockyardError as readBars does
 */
export async function streamBars(
  db: Pool | Connection,
  query: BarQuery,
  cursor: string | null = null,
): Promise<BarStream> {
  const { series, calendar, range, ...found } = await prepare(db, query, cursor)
  const chunks =
    series === null ? nothing() : walk(db, query, series, calendar, range, PAGES_AT_ONCE)
  return { ...found, chunks }
}

async function* nothing(): AsyncGenerator<BarChunk> {}

interface Prepared {
  readonly symbol: string
  readonly interval: Interval
  readonly provider: string | null
  readonly series: SeriesRef | null
  readonly calendar: Calendar
  readonly range: BarRange
}

async function prepare(
  db: Pool | Connection,
  query: BarQuery,
  cursor: string | null,
): Promise<Prepared> {
  const { interval, sort } = query
  const instrument = await getInstrument(db, query.symbol)
  const calendar = getCalendar(instrument.exchange)
  const range = barRange(interval, calendar, query.from, query.until)
  const all = await listSeries(db, instrument.id, interval)
  const chosen = chooseSeries(all, query.provider)
  const same = { symbol: instrument.symbol, interval, calendar }
  if (cursor === null) {
    const provider = chosen?.provider ?? (query.provider === 'auto' ? null : query.provider)
    return { ...same, provider, series: chosen, range }
  }
  const [seriesId, order, ts] = decodeCursor(cursor, 'bars', ['number', 'string', 'number'])
  const series = all.find((one) => one.id === seriesId)
  const isOurs = query.provider === 'auto' || series?.provider === query.provider
  if (series === undefined || !isOurs || order !== sort || !(Math.abs(ts) <= 8.64e15)) {
    throw cursorError()
  }
  const rest = rangeAfter(range, interval, calendar, sort, ts)
  return { ...same, provider: series.provider, series, range: rest }
}

/** The bars of a range in order, a page at a time; empty pages are left out. */
async function* walk(
  db: Pool | Connection,
  query: BarQuery,
  series: SeriesRef,
  calendar: Calendar,
  range: BarRange,
  pagesAtOnce: number,
): AsyncGenerator<BarChunk> {
  const { interval, sort } = query
  let { pageFrom, pageUntil } = range
  for (;;) {
    const pages = await readPageRange(db, series.id, {
      interval,
      from: pageFrom,
      until: pageUntil,
      order: sort,
      limit: pagesAtOnce,
    })
    for (const page of pages) {
      const inRange = cutPage(page, range)
      const wanted =
        query.session === 'regular' && isIntraday(interval)
          ? keepRegular(inRange, calendar.session(page.startsOn))
          : inRange
      if (wanted.bars.length > 0) yield sort === 'desc' ? reverse(wanted) : wanted
    }
    if (pages.length < pagesAtOnce) return
    const last = pages.at(-1)!.startsOn
    if (sort === 'asc') pageFrom = last + DAY_MS
    else pageUntil = last
  }
}

function cutPage(page: BarChunk, range: BarRange): BarChunk {
  const [first, end] = indexRange(page.bars, range.tsFrom, range.tsUntil)
  return {
    bars: sliceBatch(page.bars, first, end),
    provisional: page.provisional.subarray(first, end),
  }
}

/** The bars that start in regular trading, breaks left out. */
function keepRegular(chunk: BarChunk, session: Session | null): BarChunk {
  if (session === null) return take(chunk, [])
  const indexes: number[] = []
  const [first, end] = indexRange(chunk.bars, session.open, session.close)
  for (let i = first; i < end; i += 1) {
    const ts = chunk.bars.ts[i]!
    if (!session.breaks.some(([from, until]) => ts >= from && ts < until)) indexes.push(i)
  }
  return take(chunk, indexes)
}

function reverse(chunk: BarChunk): BarChunk {
  const { length } = chunk.bars
  return take(
    chunk,
    Array.from({ length }, (_, i) => length - 1 - i),
  )
}

function take(chunk: BarChunk, indexes: readonly number[]): BarChunk {
  return {
    bars: takeBars(chunk.bars, indexes),
    provisional: Uint8Array.from(indexes, (i) => chunk.provisional[i]!),
  }
}

function concat(chunks: readonly BarChunk[]): BarChunk {
  if (chunks.length === 1) return chunks[0]!
  const length = chunks.reduce((sum, chunk) => sum + chunk.bars.length, 0)
  const bars = makeBatch(length)
  const provisional = new Uint8Array(length)
  let at = 0
  for (const chunk of chunks) {
    for (const column of BAR_COLUMNS) bars[column].set(chunk.bars[column], at)
    provisional.set(chunk.provisional, at)
    at += chunk.bars.length
  }
  return { bars, provisional }
}

function takeFirst(chunk: BarChunk, count: number): BarChunk {
  return {
    bars: sliceBatch(chunk.bars, 0, count),
    provisional: chunk.provisional.subarray(0, count),
  }
}
