/** Which gaps series have: from their ledgers, after these were held against what is stored. */
import { findGaps, type GapState, type SeriesFacts } from '../domain/coverage-states.ts'
import { knownRanges, spanOf, type DayRange } from '../domain/coverage.ts'
import type { Interval } from '../domain/interval.ts'
import type { Pool } from '../db/connect.ts'
import { readCoverageHeads } from '../db/coverage-heads.ts'
import type { CoverageFilter, CoverageHead } from '../db/coverage-heads.ts'
import { MANUAL_PROVIDER, settleMsOf } from '../providers/registry.ts'
import { auditCoverage } from './audit-coverage.ts'
import type { CalendarOf } from './open-calendars.ts'

/** Which gaps are looked for; days null: all that a series ever covered, and what is in doubt. */
export interface GapSearch extends CoverageFilter {
  readonly from: number | null
  readonly until: number | null
}

/** Sessions that are expected and neither stored nor proven not to exist; days, [from, until). */
export interface Gap extends DayRange {
  readonly seriesId: number
  readonly symbol: string
  readonly exchange: string
  readonly interval: Interval
  readonly provider: string
  readonly basis: 'raw' | 'split'
  readonly state: GapState
  readonly sessions: number
}

/** Some days of a gap. */
export interface GapDays {
  readonly gap: Gap
  readonly days: readonly number[]
}

/** The gaps of series, by symbol, interval and day; the ledgers are held against what is stored first. */
export async function listGaps(
  pool: Pool,
  search: GapSearch,
  calendarOf: CalendarOf,
  now: number,
): Promise<Gap[]> {
  const all = await readCoverageHeads(pool, search)
  // Bars by hand come as somebody gives them: of them nothing is expected, unless they are asked about.
  const expected = all.filter(
    ({ provider }) => provider !== MANUAL_PROVIDER || search.provider === MANUAL_PROVIDER,
  )
  const heads = await auditCoverage(pool, expected, calendarOf)
  return heads.flatMap((head) => gapsOf(head, search, calendarOf, now))
}

/** What tells the states of a series' sessions. */
export function factsOf(head: CoverageHead, calendarOf: CalendarOf): SeriesFacts {
  return { ...head, calendar: calendarOf(head.exchange), settleMs: settleMsOf(head.provider) }
}

function gapsOf(head: CoverageHead, search: GapSearch, calendarOf: CalendarOf, now: number): Gap[] {
  const { seriesId, symbol, exchange, interval, provider, basis } = head
  const facts = factsOf(head, calendarOf)
  const found = rangesOf(head, search, facts.calendar.localDay(now)).flatMap((range) =>
    findGaps(facts, range, now),
  )
  return found.map((gap) => ({ ...gap, seriesId, symbol, exchange, interval, provider, basis }))
}

/** Where gaps are looked for, in order. */
function rangesOf(
  { span, partial }: CoverageHead,
  search: GapSearch,
  today: number,
): readonly DayRange[] {
  if (search.from === null && search.until === null) return knownRanges(partial, span)
  const known = spanOf(partial, span)
  const from = search.from ?? known?.from
  // Of a series whose answers settled nothing yet, all sessions up to now are looked for.
  const until = search.until ?? known?.until ?? today
  return from === undefined || until === undefined ? [] : [{ from, until }]
}
