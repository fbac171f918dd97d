/**
 * The write path's last step: one answer becomes one transaction. Pages, the versions they replace,
 * coverage, watermark, rejects and the task's counts move together or not at all.
 */
import { barAt, sliceBatch, type BarBatch } from '../domain/bar-batch.ts'
import type { Calendar } from '../domain/calendar/calendar.ts'
import { countExpectedBars, countRegularBars } from '../domain/page-counts.ts'
import { lastFinalDay } from '../domain/calendar/finality.ts'
import { addRange, cutOut, formatCoverage, periodRange } from '../domain/coverage.ts'
import type { Coverage, DayRange } from '../domain/coverage.ts'
import { DAY_MS } from '../domain/date.ts'
import { isIntraday, type Interval } from '../domain/interval.ts'
import {
  longPageStart,
  mergePage,
  splitIntoPages,
  type MergedPage,
  type Observation,
  type Page,
  type PageSpan,
} from '../domain/page.ts'
import { nextVersion, type NextVersion } from '../domain/page-version.ts'
import { inTransaction, type Connection, type Pool } from '../db/connect.ts'
import type { PageRow, StoredPage } from '../db/page-codec.ts'
import { readPages, writePages } from '../db/pages.ts'
import { insertRejects, type RejectRow } from '../db/rejects.ts'
import { addTaskCounts, type TaskCounts } from '../db/runs.ts'
import {
  ensureSeries,
  lockSeries,
  updateHead,
  type HeadChange,
  type LockedSeries,
  type SeriesHead,
  type SeriesKey,
} from '../db/series.ts'
import { claimStore } from '../db/store-kind.ts'
import type { CorporateActions } from '../providers/provider.ts'
import { takeActions } from './restate.ts'

/** One validated answer, ready to be stored. */
export interface Load {
  readonly series: SeriesKey
  readonly calendar: Calendar
  readonly settleMs: number
  readonly runId: number
  readonly taskNumber: number
  /** Good bars, ascending by ts, each ts once. */
  readonly batch: BarBatch
  readonly rejects: readonly RejectRow[]
  /** Rows that the answer held, refused and repeated ones included. */
  readonly fetched: number
  /** Days for which the answer is the whole truth, or null: from its first to its last bar. */
  readonly covers: DayRange | null
  /**
   * First day of which the answer may not hold all, since more of it follows in another; null where it
   * is all there.
   */
  readonly continuesFrom: number | null
  /** Instant at which the answer came. */
  readonly receivedAt: number
  /**
   * Where an archived answer is read again: the instants of all answers that are. A page that one of
   * them confirmed gives way to this reading, though it is older; other newer pages do not.
   */
  readonly rereads?: ReadonlySet<number>
  /** Splits and dividends that came along; null where the vendor has none with its bars. */
  readonly actions: CorporateActions | null
  /** True for an answer of the simulated exchange, which never goes into a store of real data. */
  readonly simulated: boolean
}

export interface Loaded extends TaskCounts {
  readonly seriesId: number
  /** Last final session of the newest covered stretch, or null. */
  readonly watermark: number | null
  /** First day that was covered before, where a new split makes the series be fetched again; else null. */
  readonly restateFrom: number | null
}

/** An answer's end is believed to be the end of what there is only when it lies this far back. */
const LATE_ROWS_MS = 7 * DAY_MS

/** Stores an answer. */
export async function loadBatch(pool: Pool, load: Load): Promise<Loaded> {
  return inTransaction(pool, (connection) => loadInTransaction(connection, load))
}

async function loadInTransaction(connection: Connection, load: Load): Promise<Loaded> {
  const { head: held, now } = await lockOrMake(connection, load)
  const { seriesId } = held
  const isRestated =
    load.actions !== null &&
    (await takeActions(connection, { ...load, seriesId, actions: load.actions }, held))
  const head: SeriesHead = isRestated ? { ...held, coverage: [], watermark: null } : held
  const spans = splitIntoPages(load.batch, load.series.interval, load.calendar)
  const stored = await readPages(
    connection,
    seriesId,
    load.series.interval,
    touchedPages(spans, head, load),
  )
  const finalThrough = finalDayOf(load)
  const merged = spans.map((span) => {
    const page = stored.get(span.startsOn) ?? null
    return mergePage(page, observationOf(load, span, finalThrough, page))
  })
  const changed = merged.filter((merge) => merge.changed)
  const versions = changed.map((merge) =>
    nextVersion(stored.get(merge.page.startsOn) ?? null, merge, now),
  )
  const rows = changed.map((merge, i) => toRow(load, seriesId, merge.page, versions[i]!))
  await writePages(connection, {
    seriesId,
    rows,
    replaced: changed.map((merge) => merge.page.startsOn).filter((day) => stored.has(day)),
    kept: rows.filter((_, i) => versions[i]!.keepsBefore).map((row) => row.startsOn),
    runId: load.runId,
    now,
  })
  const owner = { ...load.series, seriesId, runId: load.runId }
  const refused = await insertRejects(connection, owner, load.rejects)
  const change = headChange(load, head, merged, finalThrough, holesOf(load, refused))
  if (isNews(load, head, change)) await updateHead(connection, seriesId, change)
  const counts = countsOf(load, merged)
  await addTaskCounts(connection, load.runId, load.taskNumber, seriesId, counts, change.watermark)
  const restateFrom = isRestated ? (held.coverage[0]?.from ?? null) : null
  return { seriesId, watermark: change.watermark, restateFrom, ...counts }
}

/** The series of a load, locked; made where it is new, and refused where the store is of the other kind. */
async function lockOrMake(connection: Connection, load: Load): Promise<LockedSeries> {
  const locked = await lockSeries(connection, load.series)
  if (locked?.simulated !== load.simulated) {
    await claimStore(connection, load.simulated ? 'simulated' : 'real')
  }
  if (locked !== null) return locked
  await ensureSeries(connection, load.series)
  return (await lockSeries(connection, load.series))!
}

/** Pages that can be there already: those between the series' first and last bar. */
function touchedPages(spans: readonly PageSpan[], head: SeriesHead, load: Load): number[] {
  if (head.firstBar === null || head.lastBar === null) return []
  const first = pageStartOf(head.firstBar, load)
  const last = pageStartOf(head.lastBar, load)
  return spans.map((span) => span.startsOn).filter((day) => day >= first && day <= last)
}

function pageStartOf(ts: number, load: Load): number {
  const { interval } = load.series
  // A bar is stored only inside a session, so its day is that session's.
  return isIntraday(interval) ? load.calendar.localDay(ts) : longPageStart(interval, ts)
}

/** The newest session, week or month that was final when the answer came. */
function finalDayOf(load: Load): number {
  return lastFinalDay(load.calendar, load.series.interval, load.receivedAt, load.settleMs)
}

function observationOf(
  load: Load,
  span: PageSpan,
  finalThrough: number,
  page: StoredPage | null,
): Observation {
  const bars = sliceBatch(load.batch, span.from, span.until)
  const provisional = new Uint8Array(bars.length)
  if (isIntraday(load.series.interval)) {
    if (span.startsOn > finalThrough) provisional.fill(1)
  } else {
    for (let i = bars.length - 1; i >= 0 && bars.ts[i]! > finalThrough; i -= 1) provisional[i] = 1
  }
  const isReread = page !== null && load.rereads?.has(page.observedAt) === true
  const observedAt = isReread ? Math.max(load.receivedAt, page.observedAt) : load.receivedAt
  return { startsOn: span.startsOn, bars, provisional, observedAt }
}

function toRow(load: Load, seriesId: number, page: Page, version: NextVersion): PageRow {
  const { interval } = load.series
  return {
    seriesId,
    startsOn: page.startsOn,
    bars: page.bars,
    provisional: page.provisional,
    regularBars: countRegularBars(load.calendar, interval, page.startsOn, page.bars.ts),
    expectedBars: countExpectedBars(load.calendar, interval, page.startsOn),
    runId: load.runId,
    observedAt: page.observedAt,
    validFrom: version.validFrom,
    known: version.known,
    intraday: isIntraday(interval),
  }
}

function headChange(
  load: Load,
  head: SeriesHead,
  merged: readonly MergedPage[],
  finalThrough: number,
  holes: readonly DayRange[],
): HeadChange {
  const range = coveredBy(load, finalThrough)
  const parts = range === null ? [] : cutOut(range, holes)
  const coverage = parts.reduce<Coverage>(addRange, head.coverage)
  const newest = coverage[coverage.length - 1]
  const { ts, length } = load.batch
  const last = parts[parts.length - 1]
  const finalDay = lastFinalDayIn(load, Math.min(finalThrough, (last?.until ?? Infinity) - DAY_MS))
  const isNewest = newest !== undefined && last !== undefined && newest.until === last.until
  return {
    coverage,
    watermark:
      isNewest && finalDay !== null
        ? Math.max(finalDay, head.watermark ?? -Infinity)
        : head.watermark,
    bars: head.bars + merged.reduce((sum, merge) => sum + merge.inserted, 0),
    firstBar: length === 0 ? head.firstBar : Math.min(ts[0]!, head.firstBar ?? Infinity),
    last: lastOf(head, merged),
    observedAt: load.receivedAt,
    runId: load.runId,
    changed: merged.some((merge) => merge.changed),
  }
}

/** Rules that say of a row that no bar belongs there, so that none is missing. */
const NO_BAR_RULES = new Set(['duplicate', 'session', 'range', 'grid', 'future'])

/**
 * Periods of bars that were refused for the first time. They are not covered, so that the next run asks once
 * more: the vendor may have mended the row. When it says the same again, that is its last word.
 */
function holesOf(load: Load, refused: readonly RejectRow[]): DayRange[] {
  const { calendar, batch } = load
  const { interval } = load.series
  const good = new Set(refused.length === 0 ? [] : batch.ts)
  return refused.flatMap(({ rule, ts }) =>
    ts === null || !Number.isFinite(ts) || good.has(ts) || NO_BAR_RULES.has(rule)
      ? []
      : [periodRange(calendar, interval, dayOf(calendar, interval, ts))],
  )
}

/** The newest bar, where this load may have changed it. */
function lastOf(head: SeriesHead, merged: readonly MergedPage[]): HeadChange['last'] {
  const newest = merged[merged.length - 1]
  if (newest === undefined || !newest.changed) return null
  const { bars, provisional } = newest.page
  const index = bars.length - 1
  const bar = barAt(bars, index)
  if (head.lastBar !== null && bar.ts < head.lastBar) return null
  return { bar, final: provisional[index] === 0, previousClose: closeBefore(head, merged, bar.ts) }
}

function closeBefore(head: SeriesHead, merged: readonly MergedPage[], ts: number): number | null {
  const bars = merged[merged.length - 1]!.page.bars
  if (bars.length > 1) return bars.close[bars.length - 2]!
  const before = merged[merged.length - 2]?.page.bars
  if (before !== undefined) return before.close[before.length - 1]!
  return head.lastBar !== null && head.lastBar < ts ? head.lastClose : head.previousClose
}

/** Session day or period start of the last final bar of the answer; null where none is final. */
function lastFinalDayIn(load: Load, finalThrough: number): number | null {
  const { ts, length } = load.batch
  for (let i = length - 1; i >= 0; i -= 1) {
    const day = dayOf(load.calendar, load.series.interval, ts[i]!)
    if (day <= finalThrough) return day
  }
  return null
}

function dayOf(calendar: Calendar, interval: Interval, ts: number): number {
  return isIntraday(interval) ? calendar.localDay(ts) : ts
}

/**
 * The days that are answered for and final. They begin where the answer is said to begin, or else with
 * its first bar; they end with its last final bar, since a vendor may be late with the newest rows,
 * unless the answer's end lies long past.
 */
function coveredBy(load: Load, finalThrough: number): DayRange | null {
  const range = answeredRange(load, finalThrough)
  if (range === null || load.continuesFrom === null) return range
  const until = Math.min(range.until, load.continuesFrom)
  return range.from < until ? { from: range.from, until } : null
}

function answeredRange(load: Load, finalThrough: number): DayRange | null {
  const { interval } = load.series
  const { calendar, covers, batch } = load
  const finalDay = lastFinalDayIn(load, finalThrough)
  const isLongPast = covers !== null && covers.until < load.receivedAt - LATE_ROWS_MS
  if (finalDay === null) return isLongPast ? covers : null
  const first = periodRange(calendar, interval, dayOf(calendar, interval, batch.ts[0]!))
  const last = periodRange(calendar, interval, finalDay)
  return {
    from: covers === null ? first.from : Math.min(first.from, covers.from),
    until: isLongPast ? Math.max(last.until, covers.until) : last.until,
  }
}

/** False when the store already knows all of it, so that a repeated load writes no row of data. */
function isNews(load: Load, head: SeriesHead, change: HeadChange): boolean {
  if (change.changed || head.observedAt === null) return true
  if (formatCoverage(change.coverage) !== formatCoverage(head.coverage)) return true
  // While the newest bars are not final, the planner needs to know when it asked last.
  return (
    load.batch.length > 0 &&
    dayOf(load.calendar, load.series.interval, load.batch.ts[load.batch.length - 1]!) >
      finalDayOf(load)
  )
}

function countsOf(load: Load, merged: readonly MergedPage[]): TaskCounts {
  const inserted = merged.reduce((sum, merge) => sum + merge.inserted, 0)
  const updated = merged.reduce((sum, merge) => sum + merge.updated, 0)
  const rejected = load.rejects.length
  return {
    fetched: load.fetched,
    inserted,
    updated,
    // Rows that the answer repeats are among the unchanged, so that the counts add up to fetched.
    unchanged: load.fetched - inserted - updated - rejected,
    rejected,
  }
}
