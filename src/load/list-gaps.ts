/** Which gaps series have: from their ledgers, after these were held against what is stored. */
import { findGaps, type GapState, type SeriesFacts } from '../domain/coverage-states.ts'
import type { Coverage, DayRange } from '../domain/coverage.ts'
import type { Interval } from '../domain/interval.ts'
import type { Pool } from '../db/connect.ts'
import { readCoverageHeads } from '../db/coverage-heads.ts'
import type { CoverageFilter, CoverageHead } from '../db/coverage-heads.ts'
import { settleMsOf } from '../providers/registry.ts'
import { auditCoverage } from './audit-coverage.ts'
import type { CalendarOf } from './open-calendars.ts'

/** Which gaps are looked for; days null: from the first to the last day that a series ever covered, or else that is in doubt. */
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

/** The gaps of series, by symbol, interval and day; the ledgers are held against what is stored first. */
export async function listGaps(
  pool: Pool,
  search: GapSearch,
  calendarOf: CalendarOf,
  now: number,
): Promise<Gap[]> {
  const heads = await auditCoverage(pool, await readCoverageHeads(pool, search), calendarOf)
  return heads.flatMap((head) => gapsOf(head, search, calendarOf, now))
}

/** What tells the states of a series' sessions. */
export function factsOf(head: CoverageHead, calendarOf: CalendarOf): SeriesFacts {
  return { ...head, calendar: calendarOf(head.exchange), settleMs: settleMsOf(head.provider) }
}

function gapsOf(head: CoverageHead, search: GapSearch, calendarOf: CalendarOf, now: number): Gap[] {
  const { seriesId, symbol, exchange, interval, provider, basis } = head
  const known = head.span ?? rangeInDoubt(head.partial)
  const from = search.from ?? known?.from
  const until = search.until ?? known?.until
  if (from === undefined || until === undefined) return []
  const found = findGaps(factsOf(head, calendarOf), { from, until }, now)
  return found.map((gap) => ({ ...gap, seriesId, symbol, exchange, interval, provider, basis }))
}

/**
 * The days that were refused, for a series of which nothing was ever covered: a row without a readable day
 * may have stood for any session, so that its answer covers none.
 */
function rangeInDoubt(partial: Coverage): DayRange | null {
  const [first, last] = [partial[0], partial[partial.length - 1]]
  return first === undefined || last === undefined ? null : { from: first.from, until: last.until }
}
