/**
 * Bars as they are read: one answer of limited length, or a stream of any length in constant memory.
 */
import type { AdjustMode } from '../domain/adjust.ts'
import { isIntraday, type Interval } from '../domain/interval.ts'
import type { Connection, Pool } from '../db/connect.ts'
import {
  cutChunk,
  joinChunks,
  keepRegular,
  reverseChunk,
  sliceChunk,
  type BarChunk,
  type PageChunk,
} from './bar-chunk.ts'
import { rangeAfter, rangeOfBase } from './bar-range.ts'
import type { Bound } from './bound.ts'
import { AUTO_PROVIDER } from './choose-series.ts'
import { cursorError, decodeCursor, encodeCursor } from './cursor.ts'
import { mergedPages } from './merged-pages.ts'
import { derivedFrom, planBars, type BarPlan } from './plan-bars.ts'
import { resamplePages } from './resample-pages.ts'

export interface BarQuery {
  readonly symbol: string
  readonly interval: Interval
  /** A provider's id, or `auto`: row by row the best that any provider has, by priority. */
  readonly provider: string
  /** Included; null for the first bar. */
  readonly from: Bound | null
  /** Not included; null for all. */
  readonly until: Bound | null
  /** `regular` leaves out intraday bars before the open and after the close. */
  readonly session: 'all' | 'regular'
  readonly sort: 'asc' | 'desc'
  /** The instant of asking, milliseconds UTC: actions with a later ex date have not happened yet. */
  readonly now: number
  /** Absent for `none`: prices as they were traded. */
  readonly adjust?: AdjustMode
  /** What was known then; a plain date means the end of that date on the exchange. Absent: now. */
  readonly asOf?: Bound | null
  /** Makes the bars of `interval` into these. */
  readonly resample?: Interval | null
  /** Adds bars that were seen before their period was over. */
  readonly live?: boolean
}

/** What is said once about all bars of an answer. */
export interface BarHeading {
  readonly symbol: string
  /** Of the bars, after resampling. */
  readonly interval: Interval
  readonly adjust: AdjustMode
  /** Whose bars they are; `auto` where several series were merged, null where there is none. */
  readonly provider: string | null
  /** Milliseconds UTC; null for now. */
  readonly asOf: number | null
  /** The interval of the stored bars that they were made of; null where these are the stored ones. */
  readonly derivedFrom: Interval | null
  /** Sentences about what the answer could not do, as in an action that was left out. */
  readonly warnings: readonly string[]
}

export interface BarAnswer extends BarHeading, BarChunk {
  /** Where to go on, or null at the end. */
  readonly next: string | null
}

export interface BarStream extends BarHeading {
  /** In the order of the query, a page at a time. */
  readonly chunks: AsyncGenerator<BarChunk>
}

/** Most pages in memory at a time: of minute bars with extended hours, some 19,000 bars. */
const PAGES_AT_ONCE = 20
/** What a page holds in the common case, to read no more of them than a limit needs. */
const BARS_PER_PAGE: Readonly<Record<Interval, number>> = {
  '1m': 390,
  '5m': 78,
  '15m': 26,
  '30m': 13,
  '1h': 7,
  '1d': 252,
  '1wk': 522,
  '1mo': 120,
}
/** Some sessions are cut short. */
const SHORT_PAGES = 1.03

/**
 * At most `limit` bars, and a cursor where there are more. A cursor goes on after a start, whichever series
 * have bars by then.
 * @throws StockyardError `CURSOR_INVALID`, and what planBars throws
 */
export async function readBars(
  db: Pool | Connection,
  query: BarQuery,
  limit: number,
  cursor: string | null = null,
): Promise<BarAnswer> {
  const plan = await planAfter(db, query, cursor)
  const needed = pagesOf(limit + 1, plan)
  const chunks: BarChunk[] = []
  let length = 0
  for await (const chunk of barsOf(db, query, plan, Math.min(PAGES_AT_ONCE, needed))) {
    chunks.push(chunk)
    length += chunk.bars.length
    if (length > limit) break
  }
  const heading = headingOf(plan, query)
  const all = joinChunks(chunks)
  if (length <= limit) return { ...heading, ...all, next: null }
  const kept = sliceChunk(all, 0, limit)
  const last = kept.bars.ts[limit - 1]!
  const next = encodeCursor('bars', [plan.instrumentId, plan.interval, query.sort, last])
  return { ...heading, ...kept, next }
}

/**
 * All bars of a query, page by page. Each page is read as it is at that moment; hand in a connection
 * with a transaction of its own where all must be of one moment, but not with `asOf`, which needs none and
 * must see what is committed meanwhile.
 * @throws StockyardError as readBars does
 */
export async function streamBars(
  db: Pool | Connection,
  query: BarQuery,
  cursor: string | null = null,
): Promise<BarStream> {
  const plan = await planAfter(db, query, cursor)
  return { ...headingOf(plan, query), chunks: barsOf(db, query, plan, PAGES_AT_ONCE) }
}

/** How many pages of the stored bars are likely to hold so many bars of the answer. */
function pagesOf(bars: number, { base, interval }: Pick<BarPlan, 'base' | 'interval'>): number {
  const isMade = base !== interval
  // These go on from page to page.
  if (isMade && (interval === '1wk' || interval === '1mo')) return PAGES_AT_ONCE
  const perPage = isMade && interval === '1d' ? 1 : BARS_PER_PAGE[interval]
  return Math.ceil((bars / perPage) * SHORT_PAGES)
}

function headingOf(plan: BarPlan, query: BarQuery): BarHeading {
  const { symbol, interval, adjust, asOf, warnings } = plan
  const provider = whoseBars(plan, query)
  return { symbol, interval, adjust, provider, asOf, derivedFrom: derivedFrom(plan), warnings }
}

function whoseBars({ series }: BarPlan, query: BarQuery): string | null {
  const providers = new Set(series.map(({ provider }) => provider))
  if (providers.size > 1) return AUTO_PROVIDER
  const [only] = providers
  return only ?? (query.provider === AUTO_PROVIDER ? null : query.provider)
}

/** The plan of what comes after a cursor, or of all. */
async function planAfter(
  db: Pool | Connection,
  query: BarQuery,
  cursor: string | null,
): Promise<BarPlan> {
  if (cursor === null) return await planBars(db, query)
  const shape = ['number', 'string', 'string', 'number'] as const
  const [instrumentId, interval, order, ts] = decodeCursor(cursor, 'bars', shape)
  if (order !== query.sort || !(Math.abs(ts) <= 8.64e15)) throw cursorError()
  const plan = await planBars(db, query)
  if (instrumentId !== plan.instrumentId || interval !== plan.interval) throw cursorError()
  return { ...plan, range: rangeAfter(plan.range, plan.interval, plan.calendar, query.sort, ts) }
}

/** The bars of a plan in the order of the query; chunks without any are left out. */
async function* barsOf(
  db: Pool | Connection,
  query: BarQuery,
  plan: BarPlan,
  pagesAtOnce: number,
): AsyncGenerator<BarChunk> {
  const { series, base, interval, range, calendar, asOf } = plan
  if (series.length === 0) return
  const { pageFrom: from, pageUntil: until } = rangeOfBase(range, interval, base)
  const live = query.live === true
  const pageQuery = { from, until, order: query.sort, pagesAtOnce, asOf, calendar, live }
  const stored = mergedPages(db, series, pageQuery, plan.adjusting, plan.preferredAt)
  const regular = query.session === 'regular' && isIntraday(base)
  const inHours = regular ? regularPages(stored, plan) : stored
  const made = base === interval ? inHours : resamplePages(inHours, resampleNeed(plan, query))
  for await (const page of made) {
    const wanted = cutChunk(page, range)
    if (wanted.bars.length > 0) yield query.sort === 'desc' ? reverseChunk(wanted) : wanted
  }
}

function resampleNeed({ base, interval, calendar, asOf }: BarPlan, { sort }: BarQuery) {
  return { from: base, to: interval, calendar, order: sort, isAsOf: asOf !== null }
}

async function* regularPages(
  pages: AsyncIterable<PageChunk>,
  { calendar }: BarPlan,
): AsyncGenerator<PageChunk> {
  for await (const page of pages) {
    const kept = keepRegular(page, calendar.session(page.startsOn))
    if (kept.bars.length > 0) yield kept
  }
}
