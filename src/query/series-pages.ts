/**
 * The pages of one series as they stream out of the store, with the bars marked that were seen before
 * their period was over.
 */
import type { Calendar } from '../domain/calendar/calendar.ts'
import { finalAt } from '../domain/calendar/finality.ts'
import { DAY_MS } from '../domain/date.ts'
import { intervalMs, isIntraday, type Interval } from '../domain/interval.ts'
import type { Connection, Pool } from '../db/connect.ts'
import type { StoredPage } from '../db/page-codec.ts'
import { readPageRange } from '../db/pages.ts'
import type { SeriesRef } from '../db/read-series.ts'
import { takeChunk, type PageChunk } from './bar-chunk.ts'

/** Which pages of a series, and how they come. */
export interface PageQuery {
  /** Pages with from <= startsOn < until, days. */
  readonly from: number
  readonly until: number
  readonly order: 'asc' | 'desc'
  /** Most pages in memory at a time. */
  readonly pagesAtOnce: number
  /** As they were known at this instant; null: as they are. */
  readonly asOf: number | null
  readonly calendar: Calendar
  /** Keeps bars that were seen before their period was over, marked as partial. */
  readonly live: boolean
}

/** Pages of a series, one at a time; each is read as it is at that moment. Empty ones are left out. */
export async function* seriesPages(
  db: Pool | Connection,
  series: SeriesRef,
  query: PageQuery,
): AsyncGenerator<PageChunk> {
  const { interval } = series
  const { order, asOf, pagesAtOnce: limit } = query
  let { from, until } = query
  const providers = [series.provider]
  for (;;) {
    const pages = await readPageRange(db, series.id, { interval, from, until, order, limit, asOf })
    for (const page of pages) {
      const chunk = toChunk(page, interval, providers, query)
      if (chunk.bars.length > 0) yield chunk
    }
    if (pages.length < limit) return
    const last = pages.at(-1)!.startsOn
    if (order === 'asc') from = last + DAY_MS
    else until = last
  }
}

function toChunk(
  { startsOn, observedAt, validFrom, bars, provisional }: StoredPage,
  interval: Interval,
  providers: readonly string[],
  { calendar, live }: Pick<PageQuery, 'calendar' | 'live'>,
): PageChunk {
  // Bars that came later stand beside old ones, so that the page is no newer than its version; and one
  // that was read from the archive is as old as the answer.
  const restatedAt = Math.min(observedAt, validFrom)
  const page = { startsOn, observedAt, restatedAt, bars, provisional }
  const whole = { ...page, partial: null, providers, sources: null }
  const partial = findPartial(whole, interval, calendar)
  if (partial === null) return whole
  const marked = { ...whole, partial }
  if (live) return marked
  const kept = Array.from(partial.keys()).filter((i) => partial[i] === 0)
  return { ...takeChunk(marked, kept), partial: null }
}

/** Marks bars whose period was not over when the page was last changed; null where there are none. */
function findPartial(page: PageChunk, interval: Interval, calendar: Calendar): Uint8Array | null {
  if (!page.provisional.includes(1)) return null
  const { ts } = page.bars
  let marks: Uint8Array | null = null
  for (let i = ts.length - 1; i >= 0; i -= 1) {
    if (page.provisional[i] === 0) continue
    if (!isRunning(ts[i]!, page, interval, calendar)) break
    marks ??= new Uint8Array(ts.length)
    marks[i] = 1
  }
  return marks
}

/** True where the period of a bar was not over when its page was last changed. */
export function isRunning(
  ts: number,
  { startsOn, observedAt }: Pick<StoredPage, 'startsOn' | 'observedAt'>,
  interval: Interval,
  calendar: Calendar,
): boolean {
  return endOf(ts, startsOn, interval, calendar) > observedAt
}

/** The instant at which the period of a bar is over; NaN where the calendar does not know it. */
function endOf(ts: number, startsOn: number, interval: Interval, calendar: Calendar): number {
  if (!isIntraday(interval)) return finalAt(calendar, interval, ts, 0)
  const end = ts + intervalMs(interval)
  const close = calendar.session(startsOn)?.close ?? Infinity
  // The last hour of a session is cut short by the close.
  return ts < close ? Math.min(end, close) : end
}
