/** What is known of each session of a series, and sums over all series: from heads and page rows alone. */
import { expectedBars } from '../domain/calendar/expected.ts'
import type { Calendar } from '../domain/calendar/calendar.ts'
import { expectedDays, knownRanges, spanOf, type DayRange } from '../domain/coverage.ts'
import { sessionStates, type CoverageState, type StateRange } from '../domain/coverage-states.ts'
import { DAY_MS, formatDate } from '../domain/date.ts'
import { isIntraday, type Interval } from '../domain/interval.ts'
import type { Connection, Pool, Queryable } from '../db/connect.ts'
import { readCoverageFacts, type CoverageFacts, type FactsFilter } from '../db/coverage-facts.ts'
import { readCoverageHeads, type CoverageHead } from '../db/coverage-heads.ts'
import { getInstrument } from '../db/instruments.ts'
import { readPageCounts } from '../db/page-days.ts'
import { readCalendar } from './calendars.ts'

/** Days of one series, from <= day < until, that are all in one state. */
export interface CoverageRange {
  readonly interval: Interval
  readonly provider: string
  readonly basis: 'raw' | 'split'
  readonly from: string
  readonly until: string
  readonly state: CoverageState
  readonly sessions: number
  /** Regular bars by the calendar; 0 where the vendor offers none. */
  readonly expected: number
  /** Regular bars that are stored. */
  readonly stored: number
}

export interface CoverageQuery {
  readonly symbol: string
  readonly interval?: Interval | undefined
  readonly provider?: string | undefined
  /** Days; absent: from the series' first covered day up to today, and those in doubt beside these. */
  readonly from?: number | undefined
  readonly until?: number | undefined
  /** True to tell closed days apart; else they belong to the range beside them. */
  readonly closed?: boolean | undefined
  readonly now: number
  readonly settleMsOf: SettleMsOf
}

/**
 * Milliseconds after a session's close until a vendor's bars are final; null for bars that no vendor is asked for:
 * no session is expected of them, and they have no coverage.
 */
export type SettleMsOf = (provider: string) => number | null

/**
 * The states of a symbol's series, run by run.
 * @throws StockyardError `SYMBOL_UNKNOWN`, `SYMBOL_INVALID`
 */
export async function readCoverage(
  db: Queryable,
  query: CoverageQuery,
): Promise<{ symbol: string; data: CoverageRange[]; next: null }> {
  const { symbol, exchange } = await getInstrument(db, query.symbol)
  const heads = await readCoverageHeads(db, {
    symbols: [symbol],
    intervals: query.interval === undefined ? [] : [query.interval],
    provider: query.provider,
  })
  const calendar = await readCalendar(db, exchange)
  const data: CoverageRange[] = []
  for (const head of heads) {
    const settleMs = query.settleMsOf(head.provider)
    if (settleMs === null) continue
    data.push(...(await rangesOf(db, head, calendar, settleMs, query)))
  }
  return { symbol, data, next: null }
}

async function rangesOf(
  db: Queryable,
  head: CoverageHead,
  calendar: Calendar,
  settleMs: number,
  query: CoverageQuery,
): Promise<CoverageRange[]> {
  const { interval, provider, basis, seriesId } = head
  const facts = { ...head, calendar, settleMs }
  const data: CoverageRange[] = []
  for (const range of periodsOf(head, calendar, query)) {
    const states = sessionStates(facts, range, query.now, { closed: query.closed === true })
    const pages = isIntraday(interval) ? await readPageCounts(db, seriesId, range) : []
    const stored = new Map(pages.map(({ startsOn, regularBars }) => [startsOn, regularBars]))
    for (const found of states) {
      const { from, until, state, sessions } = found
      const counts = countsOf(head, calendar, found, stored)
      const days = { from: formatDate(from), until: formatDate(until) }
      data.push({ interval, provider, basis, ...days, state, sessions, ...counts })
    }
  }
  return data
}

/** The days to tell of, in order. */
function periodsOf(
  { partial, span }: CoverageHead,
  calendar: Calendar,
  { from, until, now }: CoverageQuery,
): readonly DayRange[] {
  const today = calendar.localDay(now)
  if (from === undefined && until === undefined) {
    if (span === null && partial.length > 0) return partial
    return knownRanges(partial, { from: span?.from ?? today, until: today + DAY_MS })
  }
  const first = from ?? spanOf(partial, span)?.from ?? today
  return [{ from: first, until: until ?? today + DAY_MS }]
}

function countsOf(
  { interval, lastBar }: CoverageHead,
  calendar: Calendar,
  found: StateRange,
  stored: ReadonlyMap<number, number>,
): { expected: number; stored: number } {
  const days = expectedDays(calendar, interval, found)
  const isOffered = found.state !== 'not-offered'
  if (!isIntraday(interval)) {
    const has = {
      available: days.length,
      provisional: days.filter((day) => day <= lastBar!).length,
    }
    const count = has[found.state as keyof typeof has] ?? 0
    return { expected: isOffered ? days.length : 0, stored: count }
  }
  const expected = days.reduce(
    (sum, day) => sum + expectedBars(calendar.session(day)!, interval),
    0,
  )
  const count = days.reduce((sum, day) => sum + (stored.get(day) ?? 0), 0)
  return { expected: isOffered ? expected : 0, stored: count }
}

/**
 * How many sessions of a series are in each state, from its first to its last covered day, and of those in
 * doubt beside these; `from` and `until` hold all of them.
 */
export interface CoverageSummary {
  readonly symbol: string
  readonly interval: Interval
  readonly provider: string
  readonly basis: 'raw' | 'split'
  readonly from: string | null
  readonly until: string | null
  readonly sessions: Readonly<Partial<Record<CoverageState, number>>>
}

/** Sums for every series of the store, by symbol; no page row is read. */
export async function readCoverageSummary(
  db: Pool | Connection,
  filter: FactsFilter,
  now: number,
  settleMsOf: SettleMsOf,
): Promise<CoverageSummary[]> {
  const all = await readCoverageFacts(db, filter)
  const calendars = new Map<string, Calendar>()
  for (const exchange of new Set(all.map((facts) => facts.exchange))) {
    calendars.set(exchange, await readCalendar(db, exchange))
  }
  return all.flatMap((facts) => {
    const settleMs = settleMsOf(facts.provider)
    return settleMs === null
      ? []
      : [summaryOf(facts, calendars.get(facts.exchange)!, settleMs, now)]
  })
}

function summaryOf(
  head: CoverageFacts,
  calendar: Calendar,
  settleMs: number,
  now: number,
): CoverageSummary {
  const { symbol, interval, provider, basis, partial } = head
  const span = spanOf(partial, head.span)
  const facts = { ...head, calendar, settleMs }
  const sessions: Partial<Record<CoverageState, number>> = {}
  const ranges = knownRanges(partial, head.span)
  for (const found of ranges.flatMap((range) => sessionStates(facts, range, now))) {
    sessions[found.state] = (sessions[found.state] ?? 0) + found.sessions
  }
  return {
    symbol,
    interval,
    provider,
    basis,
    from: span === null ? null : formatDate(span.from),
    until: span === null ? null : formatDate(span.until),
    sessions,
  }
}
