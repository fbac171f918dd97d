/**
 * What a question for bars means for the store: which series answer it, on which basis they are to be
 * brought, and what they are to be made into.
 */
import type { AdjustMode, DailyCloses } from '../domain/adjust.ts'
import type { Calendar } from '../domain/calendar/calendar.ts'
import { periodRange } from '../domain/coverage.ts'
import { formatDate } from '../domain/date.ts'
import { StockyardError } from '../domain/error.ts'
import { INTERVALS, isIntraday, type Interval } from '../domain/interval.ts'
import { canResample, requireResample } from '../domain/resample.ts'
import type { Connection, Pool } from '../db/connect.ts'
import { getInstrumentAsOf } from '../db/instruments-as-of.ts'
import type { Instrument } from '../db/instruments.ts'
import { readPlanContext, type ToldActions } from '../db/plan-context.ts'
import type { SeriesRef } from '../db/read-series.ts'
import { makeAdjuster, unappliedActions, type AdjustOptions } from './adjust-pages.ts'
import { findAsOf } from './as-of-instant.ts'
import { barRange, type BarRange } from './bar-range.ts'
import type { BarQuery } from './bars.ts'
import { calendarWith } from './calendars.ts'
import { AUTO_PROVIDER, rankSeries } from './choose-series.ts'
import { readRawCloses } from './daily-closes.ts'
import { effectiveActions } from './effective-actions.ts'
import { halfKnownActions } from './half-known-actions.ts'
import { readPreferred, type PreferredAt } from './preferred-sides.ts'
import { providerPriority } from './provider-priority.ts'

/** Everything that has to be known before the first page is read. */
export interface BarPlan {
  readonly instrumentId: number
  readonly symbol: string
  /** Of the answer. */
  readonly interval: Interval
  /** Of the series that are read. */
  readonly base: Interval
  /** The series that answer, the best first; none where nothing is stored. */
  readonly series: readonly SeriesRef[]
  readonly range: BarRange
  readonly calendar: Calendar
  readonly asOf: number | null
  readonly adjust: AdjustMode
  /** Null where prices are wanted as they are kept. */
  readonly adjusting: AdjustOptions | null
  /** Days on which a person took one series' side; null where there are none. */
  readonly preferredAt: PreferredAt | null
  /** What a reader should know of the answer. */
  readonly warnings: readonly string[]
}

/**
 * Plans an answer.
 * @throws StockyardError `SYMBOL_UNKNOWN`, `SYMBOL_INVALID`, `RANGE_INVALID`, `AS_OF_FUTURE`,
 *   `RESAMPLE_IMPOSSIBLE`, `ADJUST_NEEDS_DAYS`
 */
export async function planBars(db: Pool | Connection, query: BarQuery): Promise<BarPlan> {
  const asOf = await findAsOf(db, query.symbol, query.asOf ?? null)
  const instrument = await getInstrumentAsOf(db, query.symbol, asOf)
  const context = await readPlanContext(db, instrument.id, asOf)
  const { changes, series: all, ledgerVersion, told } = context
  const calendar = calendarWith(instrument.exchange, changes)
  const interval = query.resample ?? query.interval
  if (interval !== query.interval) requireResample(query.interval, interval)
  const range = barRange(interval, calendar, query.from, query.until)
  const seen = { db, query, instrument, interval, calendar, asOf, range, all, ledgerVersion, told }
  const found = await findBase(seen)
  const adjusted = await planAdjusting(seen, found)
  const { id: instrumentId, symbol } = instrument
  const adjust = query.adjust ?? 'none'
  const base = { ...found, ...adjusted }
  const warnings = [...adjusted.warnings, ...(await doubtsOf(seen, base))]
  const preferredAt =
    base.series.length > 1 ? await readPreferred(db, instrumentId, base.base, asOf) : null
  return {
    instrumentId,
    symbol,
    interval,
    calendar,
    asOf,
    range,
    adjust,
    ...base,
    warnings,
    preferredAt,
  }
}

interface Seen {
  readonly db: Pool | Connection
  readonly query: BarQuery
  readonly instrument: Instrument
  /** Of the answer. */
  readonly interval: Interval
  readonly calendar: Calendar
  readonly asOf: number | null
  readonly range: BarRange
  /** All series of the instrument. */
  readonly all: readonly SeriesRef[]
  readonly ledgerVersion: string
  readonly told: ToldActions
}

interface Base {
  readonly base: Interval
  readonly series: readonly SeriesRef[]
}

/** The series of the interval asked for, or else of the longest one from which it can be made. */
async function findBase(seen: Seen): Promise<Base> {
  const { interval: wanted } = seen
  const { interval: asked } = seen.query
  const shorter = INTERVALS.toReversed().filter(
    (one) => canResample(one, asked) && (one === wanted || canResample(one, wanted)),
  )
  for (const base of [asked, ...shorter]) {
    const series = await ranked(seen, base)
    if (series.length > 0) return { base, series }
  }
  return { base: asked, series: [] }
}

async function ranked(
  { db, query, instrument, asOf, all }: Seen,
  interval: Interval,
): Promise<SeriesRef[]> {
  const there = all.filter((one) => one.interval === interval)
  const isOne = there.length < 2 || query.provider !== AUTO_PROVIDER
  const priority = isOne
    ? undefined
    : await providerPriority(db, { kind: instrument.kind, interval, asOf })
  return rankSeries(there, query.provider, priority)
}

type Adjusting = Pick<BarPlan, 'adjusting' | 'warnings'> & Partial<Base>

const NO_CLOSES: DailyCloses = {
  days: new Float64Array(0),
  closes: new Float64Array(0),
  basis: 'raw',
}

/** Finds what brings the series to the basis asked for. */
async function planAdjusting(seen: Seen, { base, series }: Base): Promise<Adjusting> {
  const { db, query, instrument, calendar, asOf } = seen
  const mode = query.adjust ?? 'none'
  if (mode === 'none' && series.every(({ basis }) => basis === 'raw')) {
    return { adjusting: null, warnings: [] }
  }
  const actions = await effectiveActions(db, instrument.id, asOf, seen.ledgerVersion)
  const throughDay = calendar.localDay(asOf ?? query.now)
  const { currency } = instrument
  const plain = { mode, actions, closes: NO_CLOSES, throughDay, currency, calendar }
  const isNeeded = series.some((one) => makeAdjuster(one, plain) !== null)
  if (!isNeeded) return { adjusting: null, warnings: emptyLedger(seen, plain) }
  if (base === '1wk' || base === '1mo') return await planLong(seen, { base, series }, plain)
  return await withCloses(seen, plain)
}

/** Nothing to adjust for may mean that nobody has asked for splits and dividends yet. */
function emptyLedger({ instrument, all }: Seen, { mode, actions }: AdjustOptions): string[] {
  const isKnown = actions.splits.length + actions.payments.length > 0
  if (mode === 'none' || isKnown || all.length === 0) return []
  return [
    `The store knows of no splits or dividends of ${instrument.symbol}, so that nothing was adjusted.`,
  ]
}

/** What there is to say of bars as they are adjusted or not, besides what could not be done. */
async function doubtsOf(seen: Seen, { base, series }: Base): Promise<string[]> {
  const { db, query, instrument, interval, calendar, asOf, range, told } = seen
  const raw = series.filter(({ basis }) => basis === 'raw').map(({ id }) => id)
  if ((query.adjust ?? 'none') !== 'none') {
    // What was asked for by an instant is not kept, and the same question has the same answer for ever.
    if (asOf !== null || raw.length === 0 || instrument.kind !== 'stock') return []
    return halfKnownActions(instrument.symbol, told, raw, range, calendar)
  }
  if ((interval !== '1wk' && interval !== '1mo') || series.length === 0) return []
  if (base === interval && raw.length === 0) return []
  const { splits } = await effectiveActions(db, instrument.id, asOf, seen.ledgerVersion)
  const throughDay = calendar.localDay(asOf ?? query.now)
  const past = splits.map(({ day }) => day).filter((day) => day <= throughDay)
  const inside = mixedPeriods(past, interval, calendar, range)
  if (inside.length === 0) return []
  const days = inside.map(formatDate).join(', ')
  return [
    `Bars of ${interval} in which a split took effect (${days}) hold prices of before and of after it: ask with adjust=splits.`,
  ]
}

/** Weeks and months in which something happened are made of adjusted days. */
async function planLong(
  seen: Seen,
  { base, series }: Base,
  plain: AdjustOptions,
): Promise<Adjusting> {
  if (plain.mode === 'none') {
    const inside = plain.actions.splits.length > 0
    const warning = `Bars of ${base} from before a split are in the shares of the first day of their period.`
    return { adjusting: plain, warnings: inside ? [warning] : [] }
  }
  const isRestated = series.every(({ basis }) => basis === 'split')
  if (plain.mode === 'splits' && isRestated) return { adjusting: plain, warnings: [] }
  const daily = await ranked(seen, '1d')
  if (daily.length === 0) {
    const { symbol } = seen.instrument
    throw new StockyardError(
      'not-found',
      'ADJUST_NEEDS_DAYS',
      `Bars of ${base} of ${symbol} can be adjusted only by way of daily bars, and none are stored.`,
      { hint: `Fetch them: stockyard fetch ${symbol} --interval 1d; or ask with adjust=none.` },
    )
  }
  return { ...(await withCloses(seen, plain)), base: '1d', series: daily }
}

async function withCloses(seen: Seen, plain: AdjustOptions): Promise<Adjusting> {
  const { interval, range } = seen
  const fromDay = isIntraday(interval) ? range.pageFrom : range.tsFrom
  const days = plain.actions.payments.map(({ day }) => day).filter((day) => day > fromDay)
  const isNeeded = plain.mode === 'all' && days.length > 0
  const closes = isNeeded ? await readCloses(seen, plain, Math.min(...days)) : NO_CLOSES
  const adjusting = { ...plain, closes }
  return { adjusting, warnings: unappliedActions(adjusting, fromDay) }
}

/** Closes of the provider that is asked for, where it has daily bars, else of all. */
async function readCloses(seen: Seen, plain: AdjustOptions, fromDay: number): Promise<DailyCloses> {
  const own = await ranked(seen, '1d')
  const anybody = { ...seen, query: { ...seen.query, provider: AUTO_PROVIDER } }
  const series = own.length > 0 ? own : await ranked(anybody, '1d')
  return await readRawCloses(
    seen.db,
    series,
    { ...plain, mode: 'none' },
    { fromDay, asOf: seen.asOf },
  )
}

/** Splits that took effect after the first session of a week or month of a range. */
function mixedPeriods(
  splits: readonly number[],
  interval: Interval,
  calendar: Calendar,
  { tsFrom, tsUntil }: BarRange,
): number[] {
  return splits.filter((day) => {
    const { from } = periodRange(calendar, interval, day)
    return from >= tsFrom && from < tsUntil && calendar.countSessions(from, day) > 0
  })
}

/** The interval whose bars were made into the answer's; null where they are kept as they are. */
export function derivedFrom({ base, interval, series }: BarPlan): Interval | null {
  return series.length === 0 || base === interval ? null : base
}
