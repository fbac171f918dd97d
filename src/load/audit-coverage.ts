/**
 * Holds the ledger of series against what is stored: pages or bars that are gone (taken out by hand, lost
 * with a disk) are no longer covered afterwards, and sessions that look empty or thin are held against the
 * daily bars. The ledger is mended; bars are never touched.
 */
import type { Calendar } from '../domain/calendar/calendar.ts'
import {
  addRange,
  ALWAYS,
  expectedDays,
  holdsDay,
  periodRange,
  removeRange,
} from '../domain/coverage.ts'
import type { Coverage } from '../domain/coverage.ts'
import { isSameLedger, type Ledger } from '../domain/coverage-ledger.ts'
import { isIntraday } from '../domain/interval.ts'
import { countRegularBars, digestStarts, sumRegularVolume } from '../domain/page-counts.ts'
import { inTransaction, type Connection, type Pool } from '../db/connect.ts'
import { lockCoverageHead, writeLedger, type CoverageHead } from '../db/coverage-heads.ts'
import { listTradedDays } from '../db/daily-volumes.ts'
import {
  listBarDays,
  listBarDaysElsewhere,
  readPageCounts,
  storeRegularVolumes,
  sumPages,
} from '../db/page-days.ts'
import { readPages } from '../db/pages.ts'
import { forgetRepeated, readRepeated } from '../db/repeated-sessions.ts'
import type { CalendarOf } from './open-calendars.ts'
import { judgeSessions } from './judge-volumes.ts'

/** Pages that are opened at a time. */
const PAGES_AT_A_TIME = 100
const NO_PAGES = { pages: 0, bars: 0, unsummed: 0 }

/**
 * Mends the ledgers of series where they say more than is stored, and answers with all of them as they are
 * now. A series whose counts agree costs nothing beyond one count of its page rows.
 */
export async function auditCoverage(
  pool: Pool,
  heads: readonly CoverageHead[],
  calendarOf: CalendarOf,
): Promise<CoverageHead[]> {
  const ids = heads.map(({ seriesId }) => seriesId)
  const sums = await sumPages(pool, ids)
  const repeated = await readRepeated(pool, ids)
  const audited: CoverageHead[] = []
  for (const head of heads) {
    const sum = sums.get(head.seriesId) ?? NO_PAGES
    const isWhole = sum.pages === head.pages && sum.bars === head.bars
    const isClear =
      !isIntraday(head.interval) ||
      (head.noTrades.every(({ until }) => until <= (head.firstBar ?? -Infinity)) &&
        head.partial.length + sum.unsummed === 0 &&
        !repeated.has(head.seriesId))
    audited.push(isWhole && isClear ? head : await auditOne(pool, head, calendarOf(head.exchange)))
  }
  return audited
}

async function auditOne(pool: Pool, seen: CoverageHead, calendar: Calendar): Promise<CoverageHead> {
  return await inTransaction(pool, async (connection) => {
    const head = await lockCoverageHead(connection, seen.seriesId)
    const sums = await sumPages(connection, [head.seriesId])
    const { pages, bars } = sums.get(head.seriesId) ?? NO_PAGES
    let ledger: Ledger = head
    if (pages !== head.pages || bars !== head.bars) {
      ledger = await withoutLost(connection, head, calendar, bars < head.bars)
    }
    if (isIntraday(head.interval))
      ledger = await heldAgainstDays(connection, head, ledger, calendar)
    const isSame = pages === head.pages && bars === head.bars && isSameLedger(ledger, head)
    if (!isSame) await writeLedger(connection, head.seriesId, { ...ledger, pages, bars })
    return { ...head, ...ledger, pages, bars }
  })
}

/**
 * The ledger without the days that it says are stored, and are not. Where bars are gone and pages do not tell
 * from which session, nothing is covered any more. Where they tell that none is, the counts were off: what was
 * gone has come again, or had not been covered.
 */
async function withoutLost(
  connection: Connection,
  head: CoverageHead,
  calendar: Calendar,
  isFewer: boolean,
): Promise<Ledger> {
  const stored = new Set(await listBarDays(connection, head.seriesId, head.interval, ALWAYS))
  let isTold = true
  if (isIntraday(head.interval)) {
    const { damaged, areDigested } = await damagedPages(connection, head, calendar)
    for (const day of damaged) stored.delete(day)
    isTold = areDigested
  }
  const lost = head.coverage
    .flatMap((range) => expectedDays(calendar, head.interval, range))
    .filter((day) => !stored.has(day) && !holdsDay(head.noTrades, day))
  // Of bars that came and are gone it is no word that there were none before.
  await forgetRepeated(connection, head.seriesId, lost)
  if (lost.length === 0 && isFewer && !isTold) return { ...head, coverage: [] }
  return {
    ...head,
    coverage: without(head, calendar, head.coverage, lost),
    // What is gone is not there in part either. The one bar of a longer interval is in doubt as it is.
    partial: isIntraday(head.interval) ? without(head, calendar, head.partial, lost) : head.partial,
  }
}

/**
 * Sessions of which bars are gone: the starts of the bars are not those that the load wrote. Pages without a
 * digest tell it by their regular bars alone.
 */
async function damagedPages(
  connection: Connection,
  { seriesId, interval }: CoverageHead,
  calendar: Calendar,
): Promise<{ damaged: number[]; areDigested: boolean }> {
  const counts = await readPageCounts(connection, seriesId, ALWAYS)
  const damaged: number[] = []
  for (let i = 0; i < counts.length; i += PAGES_AT_A_TIME) {
    const some = counts.slice(i, i + PAGES_AT_A_TIME)
    const days = some.map(({ startsOn }) => startsOn)
    const pages = await readPages(connection, seriesId, interval, days)
    for (const { startsOn, regularBars, startsDigest } of some) {
      const { ts } = pages.get(startsOn)!.bars
      const isWhole =
        startsDigest === null
          ? countRegularBars(calendar, interval, startsOn, ts) === regularBars
          : digestStarts(startsOn, ts) === startsDigest
      if (!isWhole) damaged.push(startsOn)
    }
  }
  return { damaged, areDigested: counts.every(({ startsDigest }) => startsDigest !== null) }
}

function without(
  { interval }: CoverageHead,
  calendar: Calendar,
  coverage: Coverage,
  days: readonly number[],
): Coverage {
  return days.map((day) => periodRange(calendar, interval, day)).reduce(removeRange, coverage)
}

// Intraday sessions beside the daily bars --------------------------------------------------------------

/**
 * Sessions of which no intraday bar came although a daily bar has a volume are not proven empty; where
 * another vendor has the bars, this one does not offer them. Those that are in doubt, or of which the vendor said
 * the same to a repair, are judged by what is known now, and so are sessions that were not summed before.
 */
async function heldAgainstDays(
  connection: Connection,
  head: CoverageHead,
  ledger: Ledger,
  calendar: Calendar,
): Promise<Ledger> {
  const daysOf = (coverage: Coverage) =>
    coverage.flatMap((range) => expectedDays(calendar, head.interval, range))
  const first = head.firstBar === null ? Infinity : calendar.localDay(head.firstBar)
  const empty = daysOf(ledger.noTrades).filter((day) => day > first)
  const withVolume = await listTradedDays(connection, head.seriesId, empty)
  const traded = empty.filter((day) => withVolume.has(day))
  const elsewhere =
    traded.length === 0
      ? new Set<number>()
      : await listBarDaysElsewhere(connection, head.seriesId, head.interval, ALWAYS)
  const offeredElsewhere = traded
    .filter((day) => elsewhere.has(day))
    .map((day) => periodRange(calendar, head.interval, day))
  const held = {
    coverage: without(head, calendar, ledger.coverage, traded),
    noTrades: without(head, calendar, ledger.noTrades, traded),
    notOffered: offeredElsewhere.reduce(addRange, ledger.notOffered),
    partial: ledger.partial,
  }
  const summed = await sumOldPages(connection, head, calendar)
  const repeated = (await readRepeated(connection, [head.seriesId])).get(head.seriesId) ?? []
  const days = [
    ...daysOf(held.partial),
    ...repeated,
    ...summed.filter((day) => holdsDay(held.coverage, day)),
  ]
  return await judgeSessions(connection, head, calendar, held, days)
}

/** Sums pages of before sums were kept; answers with their days. */
async function sumOldPages(
  connection: Connection,
  { seriesId, interval }: CoverageHead,
  calendar: Calendar,
): Promise<number[]> {
  const counts = await readPageCounts(connection, seriesId, ALWAYS)
  const old = counts.filter(({ regularVolume }) => regularVolume === null)
  for (let i = 0; i < old.length; i += PAGES_AT_A_TIME) {
    const days = old.slice(i, i + PAGES_AT_A_TIME).map(({ startsOn }) => startsOn)
    const pages = await readPages(connection, seriesId, interval, days)
    const sums = new Map(
      days.map((day) => [day, sumRegularVolume(calendar, interval, day, pages.get(day)!.bars)!]),
    )
    await storeRegularVolumes(connection, seriesId, sums)
  }
  return old.map(({ startsOn }) => startsOn)
}
