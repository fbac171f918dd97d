/**
 * Which bars, and which pages that hold them, a range of time means for a series. Pure.
 */
import type { BarBatch } from '../domain/bar-batch.ts'
import type { Calendar } from '../domain/calendar/calendar.ts'
import { DAY_MS, monthStart, parseDay, periodError, weekStart } from '../domain/date.ts'
import { isIntraday, type Interval } from '../domain/interval.ts'
import { longPageStart } from '../domain/page.ts'
import type { Bound } from './bound.ts'

/** Days beyond which no page begins. */
const FIRST_DAY = parseDay('0100-01-01')
const LAST_DAY = parseDay('9999-12-31')

/** Bars with tsFrom <= ts < tsUntil in the pages that begin on pageFrom <= day < pageUntil. */
export interface BarRange {
  readonly tsFrom: number
  readonly tsUntil: number
  readonly pageFrom: number
  readonly pageUntil: number
}

/**
 * The range of a series that two bounds mean; null leaves a side open. A plain date means the
 * exchange's date: an intraday bar belongs to its session. For daily and longer bars an instant means
 * the exchange's date at that instant.
 * @throws StockyardError `RANGE_INVALID` where it would end before it begins
 */
export function barRange(
  interval: Interval,
  calendar: Calendar,
  from: Bound | null,
  until: Bound | null,
): BarRange {
  const range = clampPages(
    isIntraday(interval)
      ? intradayRange(calendar, from, until)
      : longRange(interval, calendar, from, until),
  )
  const days =
    from !== null && until !== null ? [dayOf(calendar, from), dayOf(calendar, until)] : []
  if (range.tsFrom > range.tsUntil || (days.length > 0 && days[0]! > days[1]!)) {
    throw periodError()
  }
  return range
}

/** Keeps to the days that PostgreSQL and YYYY-MM-DD both know. */
function clampPages(range: BarRange): BarRange {
  return { ...range, pageFrom: clampDay(range.pageFrom), pageUntil: clampDay(range.pageUntil) }
}

function clampDay(day: number): number {
  return Math.min(Math.max(day, FIRST_DAY), LAST_DAY)
}

function dayOf(calendar: Calendar, bound: Bound): number {
  return bound.kind === 'day' ? bound.day : calendar.localDay(bound.at)
}

function intradayRange(calendar: Calendar, from: Bound | null, until: Bound | null): BarRange {
  return {
    tsFrom: from?.kind === 'instant' ? from.at : -Infinity,
    tsUntil: until?.kind === 'instant' ? until.at : Infinity,
    pageFrom: from === null ? FIRST_DAY : firstPageOf(calendar, from),
    pageUntil: until === null ? LAST_DAY : endPageOf(calendar, until),
  }
}

/** A session can begin on the evening before its date and end on the night after it. */
function firstPageOf(calendar: Calendar, from: Bound): number {
  return from.kind === 'day' ? from.day : calendar.localDay(from.at) - DAY_MS
}

function endPageOf(calendar: Calendar, until: Bound): number {
  return until.kind === 'day' ? until.day : calendar.localDay(until.at) + 2 * DAY_MS
}

function longRange(
  interval: Interval,
  calendar: Calendar,
  from: Bound | null,
  until: Bound | null,
): BarRange {
  const tsFrom = from === null ? -Infinity : dayOf(calendar, from)
  const tsUntil = until === null ? Infinity : dayOf(calendar, until)
  return {
    tsFrom,
    tsUntil,
    pageFrom: from === null ? FIRST_DAY : longPageStart(interval, tsFrom),
    pageUntil: until === null ? LAST_DAY : tsUntil,
  }
}

/**
 * The same range with the pages of another interval, of whose bars those of the range are made: all that
 * any of them needs to be whole.
 */
export function rangeOfBase(range: BarRange, interval: Interval, base: Interval): BarRange {
  if (base === interval || isIntraday(interval)) return range
  const { tsFrom, tsUntil } = range
  const from = clampDay(tsFrom)
  const until = clampDay(Number.isFinite(tsUntil) ? periodEnd(interval, tsUntil - 1) : tsUntil)
  const pageFrom = isIntraday(base) ? from : longPageStart(base, from)
  return { ...range, pageFrom, pageUntil: until }
}

/** The day after the last one of the period that holds a day. */
function periodEnd(interval: Interval, day: number): number {
  if (interval === '1wk') return weekStart(day) + 7 * DAY_MS
  if (interval === '1mo') return monthStart(monthStart(day) + 31 * DAY_MS)
  return day + 1
}

/** The rest of a range after the bar `ts`, in the order of the answer. */
export function rangeAfter(
  range: BarRange,
  interval: Interval,
  calendar: Calendar,
  order: 'asc' | 'desc',
  ts: number,
): BarRange {
  // Starts of bars are whole milliseconds, so the next one is at least 1 ms away.
  const bound: Bound = isIntraday(interval)
    ? { kind: 'instant', at: order === 'asc' ? ts + 1 : ts }
    : { kind: 'day', day: order === 'asc' ? ts + 1 : ts }
  const rest =
    order === 'asc'
      ? barRange(interval, calendar, bound, null)
      : barRange(interval, calendar, null, bound)
  return {
    tsFrom: Math.max(range.tsFrom, rest.tsFrom),
    tsUntil: Math.min(range.tsUntil, rest.tsUntil),
    pageFrom: Math.max(range.pageFrom, rest.pageFrom),
    pageUntil: Math.min(range.pageUntil, rest.pageUntil),
  }
}

/** Indexes [first, end) of the bars with tsFrom <= ts < tsUntil; bars ascend by ts. */
export function indexRange(bars: BarBatch, tsFrom: number, tsUntil: number): [number, number] {
  return [firstAtLeast(bars, tsFrom), firstAtLeast(bars, tsUntil)]
}

function firstAtLeast({ ts, length }: BarBatch, bound: number): number {
  let low = 0
  let high = length
  while (low < high) {
    const middle = (low + high) >> 1
    if (ts[middle]! < bound) low = middle + 1
    else high = middle
  }
  return low
}
