/** Taking back a bar that a person gave: what vendors have of it shows again, and its value is kept. */
import { inTransaction, type Connection } from '../db/connect.ts'
import { readPageRange, readPages, writePages } from '../db/pages.ts'
import { finishRun, finishTask, startRun } from '../db/runs.ts'
import { lockSeries, type LockedSeries, type SeriesKey } from '../db/series.ts'
import { setSeriesEnds, type SeriesEnds } from '../db/series-ends.ts'
import { barAt } from '../domain/bar-batch.ts'
import type { Calendar } from '../domain/calendar/calendar.ts'
import { parseDay } from '../domain/date.ts'
import { StockyardError } from '../domain/error.ts'
import { isIntraday, type Interval } from '../domain/interval.ts'
import { countExpectedBars, countRegularBars, sumRegularVolume } from '../domain/page-counts.ts'
import { nextVersion } from '../domain/page-version.ts'
import { longPageStart, removeBars, type PageVersion, type RemovedBars } from '../domain/page.ts'
import { describeTs } from '../validate/describe.ts'
import { barRemoved } from './bars-changed.ts'
import { findManualSeries, type ManualContext } from './manual-bars.ts'

/**
 * Removes a bar by hand, in one transaction; answers with the run that did.
 * @throws StockyardError `BAR_NOT_BY_HAND`, `SYMBOL_UNKNOWN`, `SYMBOL_INVALID`
 */
export async function removeManualBar(
  context: ManualContext,
  typed: string,
  interval: Interval,
  ts: number,
): Promise<number> {
  const { series, calendar } = await findManualSeries(context, typed, interval)
  const startsOn = isIntraday(interval) ? calendar.sessionAt(ts)?.day : longPageStart(interval, ts)
  return await inTransaction(context.pool, async (connection) => {
    const locked = await lockSeries(connection, series)
    if (locked === null || startsOn === undefined) throw unknownBar(series, ts)
    const { seriesId } = locked.head
    const page = (await readPages(connection, seriesId, interval, [startsOn])).get(startsOn)
    const gone = page === undefined ? null : removeBars(page, [ts], context.now)
    if (page === undefined || gone === null || gone.removed === 0) throw unknownBar(series, ts)
    const runId = await startRun(connection, 'manual', { removed: 1 }, [series])
    await writeRemoved(connection, { series, calendar, locked, runId, ts }, page, gone)
    await finishTask(connection, runId, 1, {
      status: 'succeeded',
      provider: series.provider,
      requests: 0,
      watermark: null,
      notes: [`removed the bar of ${describeTs(ts, interval)}`],
      error: null,
    })
    await finishRun(connection, runId, 'succeeded')
    return runId
  })
}

interface Removal {
  readonly series: SeriesKey
  readonly calendar: Calendar
  readonly locked: LockedSeries
  readonly runId: number
  /** Start of the bar. */
  readonly ts: number
}

async function writeRemoved(
  connection: Connection,
  { series, calendar, locked, runId, ts }: Removal,
  before: PageVersion,
  { page, removed, revised }: RemovedBars,
): Promise<void> {
  const { interval } = series
  const { head, now } = locked
  const { seriesId } = head
  const version = nextVersion(before, { page, revised }, now)
  const { startsOn, bars, provisional, observedAt } = page
  const row = {
    seriesId,
    startsOn,
    bars,
    provisional,
    regularBars: countRegularBars(calendar, interval, startsOn, bars.ts),
    expectedBars: countExpectedBars(calendar, interval, startsOn),
    regularVolume: sumRegularVolume(calendar, interval, startsOn, bars),
    runId,
    observedAt,
    validFrom: version.validFrom,
    known: version.known,
    intraday: isIntraday(interval),
  }
  const isEmpty = bars.length === 0
  await writePages(connection, {
    seriesId,
    rows: isEmpty ? [] : [row],
    replaced: [startsOn],
    kept: version.keepsBefore ? [startsOn] : [],
    runId,
    now,
  })
  const ends = {
    ...(await readEnds(connection, seriesId, interval)),
    bars: head.bars - removed,
    pages: head.pages - (isEmpty ? 1 : 0),
    runId,
  }
  await setSeriesEnds(connection, seriesId, ends, barRemoved(series, ts))
}

/** Days beyond which no page begins. */
const ALL_DAYS = { from: parseDay('0100-01-01'), until: parseDay('9999-12-31') }

async function readEnds(
  connection: Connection,
  seriesId: number,
  interval: Interval,
): Promise<Pick<SeriesEnds, 'firstBar' | 'last'>> {
  const range = { interval, ...ALL_DAYS }
  const [first] = await readPageRange(connection, seriesId, { ...range, order: 'asc', limit: 1 })
  const [newest, second] = await readPageRange(connection, seriesId, {
    ...range,
    order: 'desc',
    limit: 2,
  })
  if (first === undefined || newest === undefined) return { firstBar: null, last: null }
  const index = newest.bars.length - 1
  const before = index > 0 ? newest.bars.close[index - 1] : second?.bars.close.at(-1)
  return {
    firstBar: first.bars.ts[0]!,
    last: {
      bar: barAt(newest.bars, index),
      final: newest.provisional[index] === 0,
      previousClose: before ?? null,
    },
  }
}

function unknownBar({ symbol, interval }: SeriesKey, ts: number): StockyardError {
  const sentence = `No bar of ${interval} of ${symbol} was given by hand for ${describeTs(ts, interval)}.`
  return new StockyardError('not-found', 'BAR_NOT_BY_HAND', sentence, {
    hint: 'Bars of vendors cannot be deleted; one given by hand takes their place.',
  })
}
