/**
 * What dropping rejects means for coverage: a day that was in doubt for nothing but rows of which a person
 * says that they are no loss is answered for, and where no bar of it is stored there were no trades.
 */
import { lastFinalDay } from '../domain/calendar/finality.ts'
import { addRange, periodRange, removeRange } from '../domain/coverage.ts'
import { isIntraday } from '../domain/interval.ts'
import { hasFew } from '../domain/session-volume.ts'
import { inTransaction, type Pool } from '../db/connect.ts'
import { lockCoverageHead, writeLedger, type CoverageHead } from '../db/coverage-heads.ts'
import { listBarDays, readPageCounts } from '../db/page-days.ts'
import { readRejectRows, type StoredReject } from '../db/read-rejects.ts'
import type { Connection } from '../db/connect.ts'
import { settleMsOf } from '../providers/registry.ts'
import { dayOf } from './head-change.ts'
import { volumeVerdicts } from './judge-volumes.ts'
import { receivedAtOf } from './load-rejected.ts'
import { isLoss } from './lost-rows.ts'
import type { CalendarOf } from './open-calendars.ts'

/** Settles the days of rejects that have been dropped. */
export async function settleDropped(
  pool: Pool,
  dropped: readonly StoredReject[],
  calendarOf: CalendarOf,
): Promise<void> {
  for (const [seriesId, rejects] of Map.groupBy(dropped, (reject) => reject.seriesId)) {
    await inTransaction(pool, async (connection) => {
      const head = await lockCoverageHead(connection, seriesId)
      const days = await settledDays(connection, head, rejects, calendarOf)
      let ledger = head
      for (const day of days) ledger = await settleDay(connection, ledger, day, calendarOf)
      if (days.length > 0) await writeLedger(connection, seriesId, ledger)
    })
  }
}

/** Days of which every row that was lost is dropped, and that were final when those came. */
async function settledDays(
  connection: Connection,
  head: CoverageHead,
  rejects: readonly StoredReject[],
  calendarOf: CalendarOf,
): Promise<number[]> {
  const { interval, span, instrumentId, seriesId } = head
  const calendar = calendarOf(head.exchange)
  const settleMs = settleMsOf(head.provider)
  const final = rejects.filter(isLoss).flatMap((reject) => {
    const day = dayOf(calendar, interval, reject.ts)
    const isFinal = day <= lastFinalDay(calendar, interval, receivedAtOf(reject), settleMs)
    return isFinal && span !== null && day >= span.from && day < span.until ? [day] : []
  })
  if (final.length === 0) return []
  const open = await readRejectRows(connection, { instrumentId, status: 'open' })
  const doubtful = new Set(
    open
      .filter((reject) => reject.seriesId === seriesId)
      .filter(isLoss)
      .map(({ ts }) => dayOf(calendar, interval, ts)),
  )
  return [...new Set(final)].filter((day) => !doubtful.has(day))
}

async function settleDay(
  connection: Connection,
  head: CoverageHead,
  day: number,
  calendarOf: CalendarOf,
): Promise<CoverageHead> {
  const { interval, seriesId } = head
  const range = periodRange(calendarOf(head.exchange), interval, day)
  const stored = await listBarDays(connection, seriesId, interval, range)
  const [page] = isIntraday(interval) ? await readPageCounts(connection, seriesId, range) : []
  const verdicts = await volumeVerdicts(connection, seriesId, page === undefined ? [] : [page])
  const isDoubtful = page !== undefined && (verdicts.get(day) ?? hasFew(page))
  return {
    ...head,
    coverage: addRange(head.coverage, range),
    noTrades: stored.length === 0 ? addRange(head.noTrades, range) : head.noTrades,
    partial: isDoubtful ? head.partial : removeRange(head.partial, range),
  }
}
