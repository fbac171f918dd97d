/**
 * Pages: the bars of one series in one period. Which page a bar belongs to, and what becomes of a page
 * when an answer touches it. Pure; db/pages.ts stores what is decided here.
 */
import {
  BAR_COLUMNS,
  makeBatch,
  sliceBatch,
  takeBars,
  VALUE_COLUMNS,
  type BarBatch,
} from './bar-batch.ts'
import type { Calendar } from './calendar/calendar.ts'
import { decadeStart, yearStart } from './date.ts'
import { isIntraday, type Interval } from './interval.ts'

export interface Page {
  /** Day on which the period begins: the session, or 1 January of the year or decade. */
  readonly startsOn: number
  /** Ascending by ts, each ts once. */
  readonly bars: BarBatch
  /** Parallel to bars: 1 where a bar may still change before its session has settled. */
  readonly provisional: Uint8Array
  /** When the newest answer had come that changed the page, milliseconds UTC. */
  readonly observedAt: number
}

/** A page as the store had it over a time, which ends when one of its final bars is changed or removed. */
export interface PageVersion extends Page {
  /** Since when this version is the current one, milliseconds UTC. */
  readonly validFrom: number
  /**
   * Parallel to the last bars: since when each is final in the store, milliseconds UTC; without meaning
   * where a bar is provisional. Final bars before these are so since `validFrom`; null: all bars are.
   */
  readonly known: Float64Array | null
}

/** The day on which the page begins that holds a daily or longer bar. */
export function longPageStart(interval: Interval, day: number): number {
  return interval === '1d' ? yearStart(day) : decadeStart(day)
}

/** The bars from index `from` (included) to `until` (not) belong to the page that begins on `startsOn`. */
export interface PageSpan {
  readonly startsOn: number
  readonly from: number
  readonly until: number
}

/**
 * Cuts a batch (ascending by ts, validated) into pages. An intraday bar belongs to the session in
 * whose extended hours it starts.
 */
export function splitIntoPages(
  batch: BarBatch,
  interval: Interval,
  calendar: Calendar,
): PageSpan[] {
  const spans: PageSpan[] = []
  const { ts, length } = batch
  let from = 0
  while (from < length) {
    const [startsOn, end] = periodOf(ts[from]!, interval, calendar)
    let until = from + 1
    while (until < length && ts[until]! < end) until += 1
    spans.push({ startsOn, from, until })
    from = until
  }
  return spans
}

/** Start day of the page that holds a bar, and the first ts after that page. */
function periodOf(ts: number, interval: Interval, calendar: Calendar): [number, number] {
  if (isIntraday(interval)) {
    const session = calendar.sessionAt(ts)
    if (session === null) throw new RangeError(`bar outside any session at ${ts}`)
    return [session.day, session.extendedClose]
  }
  const start = longPageStart(interval, ts)
  const year = new Date(start).getUTCFullYear()
  return [start, Date.UTC(year + (interval === '1d' ? 1 : 10), 0, 1)]
}

/** What an answer says about one page. */
export interface Observation {
  readonly startsOn: number
  readonly bars: BarBatch
  /** Parallel to bars: 1 where the bar was not final when the answer came. */
  readonly provisional: Uint8Array
  readonly observedAt: number
}

export interface MergedPage {
  readonly page: Page
  /** Bars that were new, were changed, and were the same: together all bars of the observation. */
  readonly inserted: number
  readonly updated: number
  readonly unchanged: number
  /** False when the page is as it was, so that nothing needs to be written. */
  readonly changed: boolean
  /** Final bars that have another value now. Where there is one, the version before must be kept. */
  readonly revised: number
  /** Starts of the first and of the last bar that is new, or has another value or state; null: none. */
  readonly touched: { readonly first: number; readonly last: number } | null
}

/**
 * The page after an observation. Newer observations win over older ones bar by bar, with two limits
 * that make the result independent of the order in which processes commit: an observation older than
 * the page adds bars but changes none, and a bar that is final is never replaced by one that is not.
 * A bar that the observation lacks stays.
 */
export function mergePage(page: Page | null, seen: Observation): MergedPage {
  if (page === null) return freshPage(seen)
  if (isSame(page, seen)) {
    return {
      page,
      inserted: 0,
      updated: 0,
      unchanged: seen.bars.length,
      changed: false,
      revised: 0,
      touched: null,
    }
  }
  return mergeBars(page, seen)
}

function freshPage(seen: Observation): MergedPage {
  const { ts, length } = seen.bars
  return {
    page: seen,
    inserted: length,
    updated: 0,
    unchanged: 0,
    changed: length > 0,
    revised: 0,
    touched: length === 0 ? null : { first: ts[0]!, last: ts[length - 1]! },
  }
}

/** True when the observation holds just the bars of the page, in the same state. The common case. */
function isSame(page: Page, seen: Observation): boolean {
  const { length } = seen.bars
  if (length !== page.bars.length) return false
  for (const column of BAR_COLUMNS) {
    const before = page.bars[column]
    const after = seen.bars[column]
    for (let i = 0; i < length; i += 1) {
      const value = after[i]!
      // The second test lets two absent values be equal.
      if (before[i] !== value && (value === value || before[i] === before[i])) return false
    }
  }
  for (let i = 0; i < length; i += 1) {
    if (page.provisional[i] !== seen.provisional[i]) return false
  }
  return true
}

function mergeBars(page: Page, seen: Observation): MergedPage {
  const before = page.bars
  const after = seen.bars
  const isStale = seen.observedAt < page.observedAt
  const most = before.length + after.length
  const bars = makeBatch(most)
  const provisional = new Uint8Array(most)
  let length = 0
  let inserted = 0
  let updated = 0
  let settled = 0
  let revised = 0
  const touched: number[] = []
  let i = 0
  let j = 0
  const take = (from: BarBatch, index: number, state: number) => {
    for (const column of BAR_COLUMNS) bars[column][length] = from[column][index]!
    provisional[length] = state
    length += 1
  }
  while (i < before.length || j < after.length) {
    const oldTs = i < before.length ? before.ts[i]! : Infinity
    const newTs = j < after.length ? after.ts[j]! : Infinity
    if (oldTs < newTs) {
      take(before, i, page.provisional[i]!)
      i += 1
    } else if (newTs < oldTs) {
      take(after, j, seen.provisional[j]!)
      touched.push(newTs)
      inserted += 1
      j += 1
    } else {
      const wasFinal = page.provisional[i] === 0
      const isFinal = seen.provisional[j] === 0
      if (isStale || (wasFinal && !isFinal)) {
        take(before, i, page.provisional[i]!)
      } else {
        const isSettled = !wasFinal && isFinal
        if (!hasSameValues(before, i, after, j)) {
          updated += 1
          if (wasFinal) revised += 1
          touched.push(newTs)
        } else if (isSettled) touched.push(newTs)
        if (isSettled) settled += 1
        take(after, j, seen.provisional[j]!)
      }
      i += 1
      j += 1
    }
  }
  const isChanged = inserted + updated + settled > 0
  return {
    page: isChanged
      ? {
          startsOn: page.startsOn,
          bars: sliceBatch(bars, 0, length),
          provisional: provisional.subarray(0, length),
          observedAt: Math.max(page.observedAt, seen.observedAt),
        }
      : page,
    inserted,
    updated,
    unchanged: after.length - inserted - updated,
    changed: isChanged,
    revised,
    touched: isChanged ? { first: touched[0]!, last: touched.at(-1)! } : null,
  }
}

/** What a removal makes of a page. */
export interface RemovedBars {
  /** The page without the bars; it can be empty, and is then to be removed itself. */
  readonly page: Page
  readonly removed: number
  /** How many of them were final. Where there is one, the version before must be kept. */
  readonly revised: number
}

/**
 * The page without the bars that start at the given instants or days; those that it lacks are ignored.
 * @param observedAt instant of the removal: answers that came before bring a removed bar back only where
 *   they are loaded after it
 */
export function removeBars(page: Page, starts: Iterable<number>, observedAt: number): RemovedBars {
  const gone = new Set(starts)
  const kept: number[] = []
  let revised = 0
  for (let i = 0; i < page.bars.length; i += 1) {
    if (!gone.has(page.bars.ts[i]!)) kept.push(i)
    else if (page.provisional[i] === 0) revised += 1
  }
  const removed = page.bars.length - kept.length
  if (removed === 0) return { page, removed, revised }
  return {
    page: {
      ...takeFromPage(page, kept),
      observedAt: Math.max(page.observedAt, observedAt),
    },
    removed,
    revised,
  }
}

function takeFromPage(page: Page, indexes: readonly number[]): Page {
  const { startsOn, observedAt, bars, provisional } = page
  return {
    startsOn,
    bars: takeBars(bars, indexes),
    provisional: Uint8Array.from(indexes, (i) => provisional[i]!),
    observedAt,
  }
}

/** True when two bars have the same values; absent equals absent. */
export function hasSameValues(a: BarBatch, i: number, b: BarBatch, j: number): boolean {
  for (const column of VALUE_COLUMNS) {
    const left = a[column][i]!
    const right = b[column][j]!
    if (left !== right && (left === left || right === right)) return false
  }
  return true
}
