/**
 * Series that a vendor does not have in session terms, made from its shorter bars that are in the store:
 * Polygon's weeks begin on Sundays and its hours mix the pre-market with the opening, so that ours are
 * made of its days and half hours.
 */
import type { Calendar } from '../domain/calendar/calendar.ts'
import { lastFinalDay } from '../domain/calendar/finality.ts'
import { getCalendar } from '../domain/calendar/registry.ts'
import { joinBatches, takeBars, type BarBatch } from '../domain/bar-batch.ts'
import { missingFrom, periodRange, type Coverage, type DayRange } from '../domain/coverage.ts'
import { DAY_MS } from '../domain/date.ts'
import { isIntraday, type Interval } from '../domain/interval.ts'
import { resample } from '../domain/resample.ts'
import type { Pool } from '../db/connect.ts'
import { readPageRange } from '../db/pages.ts'
import type { TaskCounts } from '../db/runs.ts'
import { findExchange, findHead, type SeriesHead, type SeriesKey } from '../db/series.ts'
import { findStoreKind } from '../db/store-kind.ts'
import type { Provider } from '../providers/provider.ts'
import { loadBatch } from './load-batch.ts'
import type { CalendarOf } from './open-calendars.ts'

/** Shorter intervals from which each one is made, the best first. */
const BASES: Partial<Record<Interval, readonly Interval[]>> = {
  '15m': ['5m'],
  '30m': ['15m', '5m'],
  '1h': ['30m', '15m', '5m'],
  '1wk': ['1d'],
  '1mo': ['1d'],
}

/** The interval from which a vendor's bars of another are made; null where it has those, or neither. */
export function baseInterval(provider: Provider, interval: Interval): Interval | null {
  if (provider.intervals.includes(interval)) return null
  return BASES[interval]?.find((base) => provider.intervals.includes(base)) ?? null
}

export interface Derivation {
  /** The series that is made. */
  readonly series: SeriesKey
  readonly base: Interval
  readonly settleMs: number
  /** Absent: the calendars as they are built in. */
  readonly calendarOf?: CalendarOf | undefined
  readonly runId: number
  readonly taskNumber: number
}

/** Pages of shorter bars that are held at a time; a week or month never needs more than two years. */
const PAGES_AT_A_TIME = 250

/**
 * Makes a series anew from what is stored of its base. Bars that come out as they were are not written.
 * A period of which final sessions are not covered by the base is left out.
 */
export async function deriveSeries(
  pool: Pool,
  derivation: Derivation,
): Promise<TaskCounts & { watermark: number | null }> {
  const { series, base } = derivation
  const calendarOf = derivation.calendarOf ?? getCalendar
  const calendar = calendarOf(await findExchange(pool, series.symbol))
  const head = await findHead(pool, { ...series, interval: base })
  const total = { fetched: 0, inserted: 0, updated: 0, unchanged: 0, rejected: 0 }
  let watermark: number | null = null
  if (head === null || head.observedAt === null) return { ...total, watermark }
  const simulated = (await findStoreKind(pool)) === 'simulated'
  for await (const bars of readBase(pool, head, base)) {
    const { made, unsaid } = wholePeriods(
      resample(bars, base, series.interval, calendar).bars,
      derivation,
      head,
      calendar,
    )
    if (made.length === 0) continue
    const loaded = await loadBatch(pool, {
      ...derivation,
      calendar,
      batch: made,
      rejects: [],
      fetched: made.length,
      covers: null,
      continuesFrom: null,
      unsaid,
      receivedAt: head.observedAt,
      actions: null,
      simulated,
    })
    total.fetched += loaded.fetched
    total.inserted += loaded.inserted
    total.updated += loaded.updated
    total.unchanged += loaded.unchanged
    watermark = loaded.watermark
  }
  return { ...total, watermark }
}

/** The stored bars of a series: session by session for intraday ones, else all in one. */
async function* readBase(pool: Pool, head: SeriesHead, base: Interval): AsyncGenerator<BarBatch> {
  let from = Date.UTC(1800, 0, 1)
  for (;;) {
    const pages = await readPageRange(pool, head.seriesId, {
      interval: base,
      from,
      until: Date.UTC(2200, 0, 1),
      order: 'asc',
      limit: PAGES_AT_A_TIME,
    })
    const last = pages[pages.length - 1]
    if (last === undefined) return
    yield joinBatches(pages.map((page) => page.bars))
    // A page of daily bars is a year: all of them come at once, so that no week is cut.
    if (pages.length < PAGES_AT_A_TIME) return
    from = last.startsOn + DAY_MS
  }
}

/** The bars whose period's final sessions are all covered by the base, and the periods of the others. */
function wholePeriods(
  made: BarBatch,
  { series, settleMs }: Derivation,
  head: SeriesHead,
  calendar: Calendar,
): { made: BarBatch; unsaid: DayRange[] } {
  const finalUntil = lastFinalDay(calendar, '1d', head.observedAt!, settleMs) + DAY_MS
  const kept: number[] = []
  const unsaid: DayRange[] = []
  for (let i = 0; i < made.length; i += 1) {
    const ts = made.ts[i]!
    const day = isIntraday(series.interval) ? calendar.localDay(ts) : ts
    const period = periodRange(calendar, series.interval, day)
    const until = Math.min(period.until, finalUntil)
    if (until <= period.from || isCovered(head.coverage, period.from, until, calendar)) kept.push(i)
    else unsaid.push(period)
  }
  return { made: kept.length === made.length ? made : takeBars(made, kept), unsaid }
}

function isCovered(coverage: Coverage, from: number, until: number, calendar: Calendar): boolean {
  return missingFrom(coverage, { from, until }).every(
    (gap) => calendar.countSessions(gap.from, gap.until) === 0,
  )
}
