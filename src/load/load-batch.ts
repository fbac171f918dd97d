/**
 * The write path's last step: one answer becomes one transaction. Pages, the versions they replace,
 * coverage, watermark, rejects and the task's counts move together or not at all.
 */
import { setImmediate } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { sliceBatch, type BarBatch } from '../domain/bar-batch.ts'
import type { Calendar } from '../domain/calendar/calendar.ts'
import { countExpectedBars, countRegularBars, sumRegularVolume } from '../domain/page-counts.ts'
import type { DayRange } from '../domain/coverage.ts'
import { isSameLedger } from '../domain/coverage-ledger.ts'
import { isIntraday } from '../domain/interval.ts'
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
import type { PlainFacts } from '../domain/plain-facts.ts'
import { readSymbolMeaning } from '../domain/symbol-meaning.ts'
import { inRetriedTransaction, type Connection, type Pool } from '../db/connect.ts'
import { fillReference, type FirstReference } from '../db/first-reference.ts'
import type { PageRow, StoredPage } from '../db/page-codec.ts'
import { readPages, writePages } from '../db/pages.ts'
import { insertRejects, type RejectRow } from '../db/rejects.ts'
import { addTaskCounts, type TaskCounts } from '../db/runs.ts'
import {
  ensureSeries,
  findInstrumentId,
  lockSeries,
  storeSeriesMetadata,
  updateHead,
  type HeadChange,
  type LockedSeries,
  type SeriesHead,
  type SeriesKey,
} from '../db/series.ts'
import { claimStore } from '../db/store-kind.ts'
import type { CorporateActions } from '../providers/provider.ts'
import { barsChanged } from './bars-changed.ts'
import { answeredDays, dayOf, finalDayOf, headChange } from './head-change.ts'
import { judgeLoaded } from './judge-volumes.ts'
import { takeActions } from './restate.ts'
import { keepWithdrawn } from './withdrawn-bars.ts'

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
  /** Days inside of what is covered of which nothing is said; absent: none. */
  readonly unsaid?: readonly DayRange[]
  /** Instant at which the answer came. */
  readonly receivedAt: number
  /**
   * Where an archived answer is read again: the instants of all answers that are. A page that one of
   * them confirmed gives way to this reading, though it is older; other newer pages do not. `all` where
   * a person decided, before whom every page gives way.
   */
  readonly rereads?: ReadonlySet<number> | 'all'
  /** True for a vendor's new answer with all its rows: what it lacks of the days that it settles, the vendor lacks. */
  readonly isWholeAnswer?: true
  /** Splits and dividends that came along; null where the vendor has none with its bars. */
  readonly actions: CorporateActions | null
  /** What the answer says of the instrument besides; absent: nothing. */
  readonly reference?: FirstReference
  /** What it says of the series; absent: nothing. */
  readonly metadata?: PlainFacts
  /** True for an answer of the simulated exchange, which never goes into a store of real data. */
  readonly simulated: boolean
}

export interface Loaded extends TaskCounts {
  readonly seriesId: number
  /** Final bars that were changed, which are among the updated. */
  readonly revised: number
  /** Final bars of the days that it settles of which the answer has nothing; they are kept. */
  readonly withdrawn: number
  /** Last final session of the newest covered stretch, or null. */
  readonly watermark: number | null
  /** First day that was covered before, where a new split makes the series be fetched again; else null. */
  readonly restateFrom: number | null
  /** First day ever covered, where nothing was any more when the answer came; else null. */
  readonly forgottenFrom: number | null
}

/** Merged in one go, some milliseconds; between them a server's requests have their turn. */
const PAGES_A_TURN = 16

/** Stores an answer. */
export async function loadBatch(pool: Pool, load: Load): Promise<Loaded> {
  return inRetriedTransaction(pool, (connection) => loadInTransaction(connection, load))
}

async function loadInTransaction(connection: Connection, load: Load): Promise<Loaded> {
  const locked = await lockOrMake(connection, load)
  const { head: held, now } = locked
  const { seriesId } = held
  await keepSaid(connection, load, locked)
  const isRestated =
    load.actions !== null &&
    (await takeActions(connection, { ...load, seriesId, actions: load.actions }, held))
  const head: SeriesHead = isRestated
    ? { ...held, coverage: [], noTrades: [], partial: [], watermark: null }
    : held
  const spans = splitIntoPages(load.batch, load.series.interval, load.calendar)
  const stored = await readPages(
    connection,
    seriesId,
    load.series.interval,
    touchedPages(spans, head, load),
  )
  const finalThrough = finalDayOf(load)
  const merged: MergedPage[] = []
  for (const [i, span] of spans.entries()) {
    if (i % PAGES_A_TURN === 0) await setImmediate()
    const page = stored.get(span.startsOn) ?? null
    merged.push(mergePage(page, observationOf(load, span, finalThrough, page)))
  }
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
  const owner = { ...load.series, seriesId, runId: load.runId, receivedAt: load.receivedAt }
  const refused = await insertRejects(connection, owner, load.rejects)
  const change = await headChange(connection, load, head, { merged, rows, stored, ...refused })
  if (isNews(load, head, change)) {
    const isBeside = await updateHead(
      connection,
      seriesId,
      change,
      barsChanged(load.series, merged),
    )
    if (isBeside) await judgeLoaded(connection, seriesId, load, rows)
  }
  const answered = answeredDays(load, refused.fresh)
  const withdrawn = await keepWithdrawn(connection, load, head, answered, stored)
  const counts = countsOf(load, merged)
  await addTaskCounts(connection, load.runId, load.taskNumber, seriesId, counts, change.watermark)
  const restateFrom = isRestated ? (held.coverage[0]?.from ?? null) : null
  const revised = merged.reduce((sum, merge) => sum + merge.revised, 0)
  const forgottenFrom = held.coverage.length === 0 ? (held.span?.from ?? null) : null
  const { watermark } = change
  return { seriesId, revised, withdrawn, watermark, restateFrom, forgottenFrom, ...counts }
}

/** What the answer says beside its bars, where that is news. */
async function keepSaid(
  connection: Connection,
  { series, reference, metadata, isWholeAnswer }: Load,
  { head: { seriesId }, isUntold, metadata: known }: LockedSeries,
): Promise<void> {
  if (isUntold && reference !== undefined) {
    const id = await findInstrumentId(connection, seriesId)
    await fillReference(connection, id, reference, readSymbolMeaning(series.symbol))
  }
  // An answer that is read again says what held then.
  if (isWholeAnswer !== true || metadata === undefined) return
  if (!isDeepStrictEqual(metadata, known)) {
    await storeSeriesMetadata(connection, seriesId, metadata)
  }
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
  const isReread = page !== null && isRereadOf(load, page.observedAt)
  const observedAt = isReread ? Math.max(load.receivedAt, page.observedAt) : load.receivedAt
  return { startsOn: span.startsOn, bars, provisional, observedAt }
}

function isRereadOf({ rereads }: Load, observedAt: number): boolean {
  return rereads === 'all' || rereads?.has(observedAt) === true
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
    regularVolume: sumRegularVolume(load.calendar, interval, page.startsOn, page.bars),
    runId: load.runId,
    observedAt: page.observedAt,
    validFrom: version.validFrom,
    known: version.known,
    intraday: isIntraday(interval),
  }
}

/** False when the store already knows all of it, so that a repeated load writes no row of data. */
function isNews(load: Load, head: SeriesHead, change: HeadChange): boolean {
  if (change.changed || head.observedAt === null) return true
  if (!isSameLedger(change, head)) return true
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
