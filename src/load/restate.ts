/**
 * Splits that a vendor announces while it restates its own history: Yahoo's prices are divided by every
 * split since, so that after a new one all that was fetched before is on an old basis.
 */
import type { Connection } from '../db/connect.ts'
import { storeActions } from '../db/actions.ts'
import { findInstrumentId, forgetCoverage, type SeriesHead, type SeriesKey } from '../db/series.ts'
import type { Calendar } from '../domain/calendar/calendar.ts'
import { DAY_MS } from '../domain/date.ts'
import type { CorporateActions } from '../providers/provider.ts'

/** Vendors restate their history around the day of a split, not on it. */
const LATE_DAYS = 7

export interface AnsweredActions {
  readonly series: SeriesKey
  readonly seriesId: number
  readonly runId: number
  readonly actions: CorporateActions
  readonly receivedAt: number
  readonly calendar: Calendar
}

/**
 * Takes an answer's splits and dividends into the ledger, in the transaction of its load, and tells
 * whether a split that was not known makes stored bars of the series stand on an old basis. What is
 * covered of all series on that basis is then forgotten, so that they are fetched again whole; their
 * bars stay, and their old values become revisions.
 */
export async function takeActions(
  connection: Connection,
  answered: AnsweredActions,
  head: SeriesHead,
): Promise<boolean> {
  const { series, seriesId, runId, actions, receivedAt, calendar } = answered
  const instrumentId = await findInstrumentId(connection, seriesId)
  const source = { instrumentId, provider: series.provider, runId, observedAt: receivedAt }
  const { added, changed } = await storeActions(connection, source, actions)
  if (series.basis !== 'split' || head.firstBar === null || head.observedAt === null) return false
  const firstDay = calendar.localDay(head.firstBar)
  const since = calendar.localDay(head.observedAt) - LATE_DAYS * DAY_MS
  const splits = [...added, ...changed.map(({ after }) => after)].filter(
    ({ kind, exDay }) => kind === 'split' && exDay >= since && exDay > firstDay,
  )
  if (splits.length === 0) return false
  await forgetCoverage(connection, instrumentId, series)
  return true
}
