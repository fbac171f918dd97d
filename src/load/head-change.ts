/**
 * What an answer changes in the head of its series: which days it covers, which of them it proves to be
 * empty or leaves in doubt, the watermark, and the last bar.
 */
import { barAt } from '../domain/bar-batch.ts'
import type { Calendar } from '../domain/calendar/calendar.ts'
import { lastFinalDay } from '../domain/calendar/finality.ts'
import { cutOut, expectedDays, periodRange, spanOf } from '../domain/coverage.ts'
import type { DayRange } from '../domain/coverage.ts'
import { emptyDays, moveLedger, type Ledger } from '../domain/coverage-ledger.ts'
import { DAY_MS } from '../domain/date.ts'
import { isIntraday, type Interval } from '../domain/interval.ts'
import type { MergedPage } from '../domain/page.ts'
import { hasFew } from '../domain/session-volume.ts'
import type { Connection } from '../db/connect.ts'
import type { PageRow, StoredPage } from '../db/page-codec.ts'
import { listBarDays } from '../db/page-days.ts'
import type { RejectRow } from '../db/rejects.ts'
import type { HeadChange, SeriesHead } from '../db/series.ts'
import type { Load } from './load-batch.ts'
import { isLoss, isUnplaced } from './lost-rows.ts'

/** What became of an answer's pages and rows. */
export interface Stored {
  readonly merged: readonly MergedPage[]
  /** The pages that were written. */
  readonly rows: readonly PageRow[]
  /** The pages that were there before, by the day on which they begin. */
  readonly stored: ReadonlyMap<number, StoredPage>
  /** Rows that were refused for the first time. */
  readonly fresh: readonly RejectRow[]
  /** Rows of which a person said that they are no loss. */
  readonly dropped: readonly RejectRow[]
}

/** An answer's end is believed to be the end of what there is only when it lies this far back. */
const LATE_ROWS_MS = 7 * DAY_MS

/** The newest session, week or month that was final when the answer came. */
export function finalDayOf(load: Load): number {
  return lastFinalDay(load.calendar, load.series.interval, load.receivedAt, load.settleMs)
}

/** The day that a bar is counted under: its session, or the first day of its period. */
export function dayOf(calendar: Calendar, interval: Interval, ts: number): number {
  return isIntraday(interval) ? calendar.localDay(ts) : ts
}

/** The days that an answer settles: those that it covers, less those of which nothing can be said. */
export function answeredDays(load: Load, refused: readonly RejectRow[]): DayRange[] {
  const range = coveredBy(load, finalDayOf(load))
  if (range === null) return []
  return cutOut(range, [...holesOf(load, range, refused), ...(load.unsaid ?? [])])
}

/** The head of a series after an answer. Reads from the store only where days may be empty. */
export async function headChange(
  connection: Connection,
  load: Load,
  head: SeriesHead,
  { merged, rows, stored, fresh, dropped }: Stored,
): Promise<HeadChange> {
  const finalThrough = finalDayOf(load)
  const parts = answeredDays(load, fresh)
  const ledger = await ledgerAfter(connection, load, head, parts, { merged, rows, dropped })
  const { coverage } = ledger
  const newest = coverage[coverage.length - 1]
  const { ts, length } = load.batch
  const last = parts[parts.length - 1]
  const finalDay = lastFinalDayIn(load, Math.min(finalThrough, (last?.until ?? Infinity) - DAY_MS))
  const isNewest = newest !== undefined && last !== undefined && newest.until === last.until
  return {
    ...ledger,
    span: spanOf(coverage, head.span),
    watermark:
      isNewest && finalDay !== null
        ? Math.max(finalDay, head.watermark ?? -Infinity)
        : head.watermark,
    bars: head.bars + merged.reduce((sum, merge) => sum + merge.inserted, 0),
    pages: head.pages + rows.filter((row) => !stored.has(row.startsOn)).length,
    firstBar: length === 0 ? head.firstBar : Math.min(ts[0]!, head.firstBar ?? Infinity),
    last: lastOf(head, merged),
    observedAt: load.receivedAt,
    runId: load.runId,
    changed: merged.some((merge) => merge.changed),
  }
}

// The ledger -----------------------------------------------------------------------------------------

async function ledgerAfter(
  connection: Connection,
  load: Load,
  head: SeriesHead,
  answered: readonly DayRange[],
  { merged, rows, dropped }: Pick<Stored, 'merged' | 'rows' | 'dropped'>,
): Promise<Ledger> {
  const { calendar, batch } = load
  const { interval } = load.series
  const expected = answered.flatMap((range) => expectedDays(calendar, interval, range))
  // Each page is a session, so that not every minute has to be asked for its day.
  const barDays = isIntraday(interval)
    ? new Set(merged.map(({ page }) => page.startsOn))
    : new Set(batch.ts)
  const empty = emptyDays(head, { expected, barDays })
  // Of a session that goes on more will come.
  const pages = isIntraday(interval)
    ? rows.map((row) => ({
        day: row.startsOn,
        lacking: !row.provisional.includes(1) && hasFew(row),
      }))
    : []
  const refused = new Set(
    barsRefused(
      load,
      load.rejects.filter((row) => !dropped.includes(row)),
    )
      .filter((ts) => !merged.some(({ page }) => page.bars.ts.includes(ts)))
      .map((ts) => dayOf(calendar, interval, ts)),
  )
  const storedDays = new Set(await daysStored(connection, load, head, empty))
  return moveLedger(
    head,
    { answered, expected, barDays, storedDays, pages, refused: [...refused] },
    calendar,
    interval,
  )
}

/** Of days that an answer lacks those of which an earlier one brought bars. */
async function daysStored(
  connection: Connection,
  { calendar, series }: Load,
  head: SeriesHead,
  days: readonly number[],
): Promise<number[]> {
  if (head.firstBar === null || head.lastBar === null) return []
  const first = dayOf(calendar, series.interval, head.firstBar)
  const last = dayOf(calendar, series.interval, head.lastBar)
  const open = days.filter((day) => day >= first && day <= last)
  if (open.length === 0) return []
  const range = { from: open[0]!, until: open[open.length - 1]! + DAY_MS }
  const known = new Set(open)
  const stored = await listBarDays(connection, head.seriesId, series.interval, range)
  return stored.filter((day) => known.has(day))
}

/** Starts of bars that were refused and of which the answer has no good row. */
function barsRefused(load: Load, rows: readonly RejectRow[]): number[] {
  const lost = rows.flatMap((row) => (isLoss(row) ? [row.ts] : []))
  if (lost.length === 0) return []
  const good = new Set(load.batch.ts)
  return lost.filter((ts) => !good.has(ts))
}

/**
 * Periods of bars that were refused for the first time. They are not covered, so that the next run asks once
 * more: the vendor may have mended the row. When it says the same again, that is its last word. A row that
 * could not be read at all may have stood for any day of the answer.
 */
function holesOf(load: Load, range: DayRange, refused: readonly RejectRow[]): DayRange[] {
  const { calendar } = load
  const { interval } = load.series
  if (refused.some(isUnplaced)) return [range]
  return barsRefused(load, refused).map((ts) =>
    periodRange(calendar, interval, dayOf(calendar, interval, ts)),
  )
}

// The last bar ---------------------------------------------------------------------------------------

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

// What is covered -------------------------------------------------------------------------------------

/** Session day or period start of the last final bar of the answer; null where none is final. */
function lastFinalDayIn(load: Load, finalThrough: number): number | null {
  const { ts, length } = load.batch
  for (let i = length - 1; i >= 0; i -= 1) {
    const day = dayOf(load.calendar, load.series.interval, ts[i]!)
    if (day <= finalThrough) return day
  }
  return null
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
