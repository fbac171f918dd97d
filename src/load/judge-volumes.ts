/**
 * Holds sessions of intraday bars against the volume of their day: those that hold less than half of it are not
 * all there, however many bars they have, and few bars that hold half of it are all there were. What is needed of
 * a session is kept in the row of its page; of the days their daily bars are opened.
 */
import { lockCoverageHead, writeLedger, type CoverageHead } from '../db/coverage-heads.ts'
import type { Connection, Pool } from '../db/connect.ts'
import { listIntradayBeside, readDayVolumes } from '../db/daily-volumes.ts'
import type { PageRow } from '../db/page-codec.ts'
import { readPageCounts, type PageCounts } from '../db/page-days.ts'
import { readRejectRows } from '../db/read-rejects.ts'
import { forgetRepeated, readRepeated } from '../db/repeated-sessions.ts'
import type { Calendar } from '../domain/calendar/calendar.ts'
import { addRange, ALWAYS, holdsDay, periodRange, removeRange } from '../domain/coverage.ts'
import { isSameLedger, type Ledger } from '../domain/coverage-ledger.ts'
import { DAY_MS } from '../domain/date.ts'
import { isIntraday } from '../domain/interval.ts'
import { hasFew, holdsLittle, isCountedAlike, type SessionSums } from '../domain/session-volume.ts'
import type { Load } from './load-batch.ts'
import { isLoss } from './lost-rows.ts'

/** Of final sessions those of which volumes tell, and whether they hold less than half of the day's. */
export async function volumeVerdicts(
  db: Pool | Connection,
  seriesId: number,
  sessions: readonly SessionSums[],
): Promise<Map<number, boolean>> {
  if (sessions.length === 0) return new Map()
  const days = sessions.map(({ startsOn }) => startsOn)
  const volumes = await readDayVolumes(db, seriesId, days)
  const verdicts = new Map<number, boolean>()
  for (const session of sessions) {
    const little = holdsLittle(session, volumes)
    if (little !== null) verdicts.set(session.startsOn, little)
  }
  const isDoubtful = sessions.some((one) => verdicts.get(one.startsOn) === true)
  // What is usual of the series costs a look at all of it.
  return isDoubtful && !(await countsAlike(db, seriesId)) ? new Map() : verdicts
}

async function countsAlike(db: Pool | Connection, seriesId: number): Promise<boolean> {
  const all = await readPageCounts(db, seriesId, ALWAYS)
  const days = all.map(({ startsOn }) => startsOn)
  return isCountedAlike(all, await readDayVolumes(db, seriesId, days))
}

/** The ledger of a locked series after some of its sessions were held against what is known of their days now. */
export async function judgeSessions(
  connection: Connection,
  head: CoverageHead,
  calendar: Calendar,
  ledger: Ledger,
  days: readonly number[],
): Promise<Ledger> {
  const sessions = await readSessions(connection, head.seriesId, days)
  if (sessions.length === 0) return ledger
  const verdicts = await volumeVerdicts(connection, head.seriesId, sessions)
  const repeated = (await readRepeated(connection, [head.seriesId])).get(head.seriesId) ?? new Set()
  const refused = await refusedDays(connection, head, calendar)
  const lacking: number[] = []
  const whole: number[] = []
  for (const session of sessions) {
    const day = session.startsOn
    const little = verdicts.get(day)
    if (little === true) lacking.push(day)
    else if (little === false && hasFew(session)) whole.push(day)
    // Where no volume is known, few bars are all there were once the vendor said so again.
    else if (!refused.has(day) && (!hasFew(session) || repeated.has(day))) whole.push(day)
  }
  // A volume came to be known since: there is reason to ask once more.
  const reopened = lacking.filter((day) => !holdsDay(ledger.partial, day))
  await forgetRepeated(connection, head.seriesId, reopened)
  const rangeOf = (day: number) => periodRange(calendar, head.interval, day)
  const cleared = whole.filter((day) => holdsDay(ledger.partial, day)).map(rangeOf)
  const partial = cleared.reduce(removeRange, ledger.partial)
  return { ...ledger, partial: lacking.map(rangeOf).reduce(addRange, partial) }
}

/** What the pages of some days say, in order; days without a page are absent. */
export async function readSessions(
  db: Pool | Connection,
  seriesId: number,
  days: readonly number[],
): Promise<PageCounts[]> {
  if (days.length === 0) return []
  const wanted = new Set(days)
  const range = { from: Math.min(...days), until: Math.max(...days) + DAY_MS }
  const counts = await readPageCounts(db, seriesId, range)
  return counts.filter(({ startsOn }) => wanted.has(startsOn))
}

/** Days of which a row was refused that stands for a bar, and nobody has decided on it. */
export async function refusedDays(
  db: Pool | Connection,
  { instrumentId, seriesId }: Pick<CoverageHead, 'instrumentId' | 'seriesId'>,
  calendar: Calendar,
): Promise<Set<number>> {
  const open = await readRejectRows(db, { instrumentId, status: 'open' })
  const lost = open.filter((reject) => reject.seriesId === seriesId).filter(isLoss)
  return new Set(lost.map(({ ts }) => calendar.localDay(ts)))
}

/** Pages that a load wrote. */
type Written = Pick<PageRow, 'startsOn' | 'bars' | 'provisional'>

/**
 * Judges what a load changed: its own sessions where it brought intraday bars, and where it brought days, the
 * sessions of all intraday series beside them. Their heads are locked after that of the days, and never before, so
 * that one load waits for the other.
 */
export async function judgeLoaded(
  connection: Connection,
  seriesId: number,
  { series: { interval }, calendar, batch }: Pick<Load, 'series' | 'calendar' | 'batch'>,
  pages: readonly Written[],
): Promise<void> {
  if (isIntraday(interval)) {
    const over = pages.filter(({ provisional }) => !provisional.includes(1))
    const days = over.map(({ startsOn }) => startsOn)
    await judgeSeries(connection, seriesId, calendar, days)
  } else if (interval === '1d' && pages.length > 0) {
    // A page is a year, of which an answer often has the newest days only.
    const said = new Set(batch.ts)
    const days = pages.flatMap(({ bars, provisional }) =>
      Array.from(bars.ts).filter((day, i) => provisional[i] === 0 && said.has(day)),
    )
    for (const id of await listIntradayBeside(connection, seriesId)) {
      await judgeSeries(connection, id, calendar, days)
    }
  }
}

async function judgeSeries(
  connection: Connection,
  seriesId: number,
  calendar: Calendar,
  days: readonly number[],
): Promise<void> {
  if (days.length === 0) return
  const head = await lockCoverageHead(connection, seriesId)
  const known = [head.coverage, head.partial]
  const settled = days.filter((day) => known.some((coverage) => holdsDay(coverage, day)))
  const ledger = await judgeSessions(connection, head, calendar, head, settled)
  if (!isSameLedger(ledger, head)) await writeLedger(connection, seriesId, { ...head, ...ledger })
}
