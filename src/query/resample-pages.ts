/**
 * Longer bars out of pages as they stream by. Pages of minutes are sessions and are worked one by one;
 * of days that make weeks and months, those of the period that a page leaves open are carried on.
 */
import type { BarBatch } from '../domain/bar-batch.ts'
import type { Calendar } from '../domain/calendar/calendar.ts'
import { DAY_MS, monthStart, weekStart } from '../domain/date.ts'
import { isIntraday, type Interval } from '../domain/interval.ts'
import { resample } from '../domain/resample.ts'
import { joinChunks, keepRegular, MIXED, sliceChunk, type PageChunk } from './bar-chunk.ts'

export interface ResampleNeed {
  readonly from: Interval
  readonly to: Interval
  readonly calendar: Calendar
  readonly order: 'asc' | 'desc'
  /** True where pages are as of an instant: what they lack at their end was not known then. */
  readonly isAsOf: boolean
}

/** The same pages at a longer interval; bars whose period is not known to its end are partial. */
export async function* resamplePages(
  pages: AsyncIterable<PageChunk>,
  need: ResampleNeed,
): AsyncGenerator<PageChunk> {
  const { to, from } = need
  if (to !== '1wk' && to !== '1mo') {
    for await (const page of pages) yield resamplePage(page, from, to, need)
    return
  }
  const daily = isIntraday(from) ? resamplePages(pages, { ...need, to: '1d' }) : pages
  let open: PageChunk | null = null
  for await (const page of daily) {
    const joined = open === null ? page : joinPages(open, page, need.order)
    const [whole, rest] = cutOpenPeriod(joined, to, need.order)
    if (whole.bars.length > 0) yield resamplePage(whole, '1d', to, need)
    open = rest
  }
  if (open !== null) yield resamplePage(open, '1d', to, need)
}

function joinPages(open: PageChunk, page: PageChunk, order: 'asc' | 'desc'): PageChunk {
  const inOrder = order === 'asc' ? [open, page] : [page, open]
  return {
    ...page,
    ...joinChunks(inOrder),
    observedAt: Math.max(open.observedAt, page.observedAt),
  }
}

/** Parts the bars of the period that the next page may go on with from the others. */
function cutOpenPeriod(
  page: PageChunk,
  to: '1wk' | '1mo',
  order: 'asc' | 'desc',
): [whole: PageChunk, open: PageChunk] {
  const { ts, length } = page.bars
  const periodOf = to === '1wk' ? weekStart : monthStart
  if (order === 'asc') {
    const start = periodOf(ts[length - 1]!)
    let first = length - 1
    while (first > 0 && ts[first - 1]! >= start) first -= 1
    return [sliceChunk(page, 0, first), sliceChunk(page, first, length)]
  }
  const start = periodOf(ts[0]!)
  let end = 1
  while (end < length && periodOf(ts[end]!) === start) end += 1
  return [sliceChunk(page, end, length), sliceChunk(page, 0, end)]
}

function resamplePage(
  whole: PageChunk,
  from: Interval,
  to: Interval,
  need: ResampleNeed,
): PageChunk {
  const { calendar } = need
  // A day is made of regular trading alone.
  const isDay = isIntraday(from) && !isIntraday(to)
  const page = isDay ? keepRegular(whole, calendar.session(whole.startsOn)) : whole
  const until = knownUntil(page, from, need)
  const { bars, partial } = resample(page.bars, from, to, calendar, { until })
  return { ...page, ...markMade(page, bars, partial, isDay), bars }
}

/** The end of what a page tells: an instant of intraday bars, else a day. */
function knownUntil(page: PageChunk, from: Interval, { isAsOf, calendar }: ResampleNeed): number {
  // What is final in a session came after the session was over.
  if (isIntraday(from)) return isAsOf ? Infinity : page.observedAt
  if (isAsOf) return page.bars.ts[page.bars.length - 1]! + DAY_MS
  const day = calendar.localDay(page.observedAt)
  const session = calendar.session(day)
  return session !== null && session.close <= page.observedAt ? day + DAY_MS : day
}

/** State and source of bars that were made of the bars of a page. */
function markMade(
  page: PageChunk,
  made: BarBatch,
  beyond: Uint8Array,
  isDay: boolean,
): Pick<PageChunk, 'provisional' | 'partial' | 'sources'> {
  const provisional = new Uint8Array(made.length)
  const partial = Uint8Array.from(beyond)
  const sources = page.sources === null ? null : new Uint8Array(made.length)
  let i = 0
  for (let k = 0; k < made.length; k += 1) {
    const end = isDay || k + 1 === made.length ? Infinity : made.ts[k + 1]!
    let source = page.sources?.[i] ?? 0
    for (; i < page.bars.length && page.bars.ts[i]! < end; i += 1) {
      if (page.provisional[i] === 1) provisional[k] = 1
      if (page.partial?.[i] === 1) partial[k] = 1
      if (page.sources !== null && page.sources[i] !== source)
        source = page.providers.indexOf(MIXED)
    }
    if (partial[k] === 1) provisional[k] = 1
    if (sources !== null) sources[k] = source
  }
  return { provisional, partial: partial.includes(1) ? partial : null, sources }
}
