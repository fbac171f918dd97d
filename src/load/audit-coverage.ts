/**
 * Holds the ledger of series against what is stored: pages or bars that are gone (taken out by hand, lost
 * with a disk) are no longer covered afterwards, and sessions that look empty or thin are held against the
 * daily bars. The ledger is mended; bars are never touched.
 */
import type { Calendar } from '../domain/calendar/calendar.ts'
import { addRange, expectedDays, holdsDay, periodRange, removeRange } from '../domain/coverage.ts'
import type { Coverage } from '../domain/coverage.ts'
import { isSameLedger, type Ledger } from '../domain/coverage-ledger.ts'
import { DAY_MS, yearStart } from '../domain/date.ts'
import { isIntraday } from '../domain/interval.ts'
import { countRegularBars, digestStarts } from '../domain/page-counts.ts'
import { inTransaction, type Connection, type Pool } from '../db/connect.ts'
import {
  lockCoverageHead,
  readCoverageHeads,
  writeLedger,
  type CoverageHead,
} from '../db/coverage-heads.ts'
import type { StoredPage } from '../db/page-codec.ts'
import { listBarDays, listBarDaysElsewhere, readPageCounts, sumPages } from '../db/page-days.ts'
import { readPages } from '../db/pages.ts'
import { readRejectRows } from '../db/read-rejects.ts'
import { forgetRepeated, readRepeated } from '../db/repeated-sessions.ts'
import type { CalendarOf } from './open-calendars.ts'
import { isFew, isLoss } from './head-change.ts'

/** All that a series can have. */
const ALWAYS = { from: Date.UTC(1800, 0, 1), until: Date.UTC(2200, 0, 1) }
/** Pages that are opened at a time. */
const PAGES_AT_A_TIME = 100

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
    const sum = sums.get(head.seriesId) ?? { pages: 0, bars: 0 }
    const isWhole = sum.pages === head.pages && sum.bars === head.bars
    const isClear =
      !isIntraday(head.interval) ||
      (head.noTrades.length + head.partial.length === 0 && !repeated.has(head.seriesId))
    audited.push(isWhole && isClear ? head : await auditOne(pool, head, calendarOf(head.exchange)))
  }
  return audited
}

async function auditOne(pool: Pool, seen: CoverageHead, calendar: Calendar): Promise<CoverageHead> {
  return await inTransaction(pool, async (connection) => {
    const head = await lockCoverageHead(connection, seen.seriesId)
    const sums = await sumPages(connection, [head.seriesId])
    const { pages, bars } = sums.get(head.seriesId) ?? { pages: 0, bars: 0 }
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
 * The ledger without the days that it says are stored, and are not. Where bars are gone and nothing tells
 * from which session, nothing is covered any more.
 */
async function withoutLost(
  connection: Connection,
  head: CoverageHead,
  calendar: Calendar,
  isFewer: boolean,
): Promise<Ledger> {
  const stored = new Set(await listBarDays(connection, head.seriesId, head.interval, ALWAYS))
  if (isIntraday(head.interval)) {
    for (const day of await damagedPages(connection, head, calendar)) stored.delete(day)
  }
  const lost = head.coverage
    .flatMap((range) => expectedDays(calendar, head.interval, range))
    .filter((day) => !stored.has(day) && !holdsDay(head.noTrades, day))
  if (lost.length === 0 && isFewer) return { ...head, coverage: [] }
  return { ...head, coverage: without(head, calendar, head.coverage, lost) }
}

/** Sessions of which bars are gone: the starts of the bars are not those that the load wrote. */
async function damagedPages(
  connection: Connection,
  { seriesId, interval }: CoverageHead,
  calendar: Calendar,
): Promise<number[]> {
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
  return damaged
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
 * another vendor has the bars, this one does not offer them. Thin sessions that hold half of the day's volume
 * or more are whole: an instrument that trades little has few bars. Where no volume is known, they are once the
 * vendor said the same to a repair.
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
  const repeated = (await readRepeated(connection, [head.seriesId])).get(head.seriesId) ?? new Set()
  const doubtful = [...new Set([...daysOf(ledger.partial), ...repeated])].sort((a, b) => a - b)
  const siblings = await readCoverageHeads(connection, { symbols: [head.symbol] })
  const volumes = await dailyVolumes(connection, siblings, [...empty, ...doubtful])
  const traded = empty.filter((day) => (volumes.get(day) ?? 0) > 0)
  const elsewhere =
    traded.length === 0
      ? new Set<number>()
      : await listBarDaysElsewhere(connection, head.seriesId, head.interval, ALWAYS)
  const ranges = (days: readonly number[]) =>
    days.map((day) => periodRange(calendar, head.interval, day))
  const { whole, lacking } = await thinSessions(connection, head, calendar, {
    days: doubtful,
    volumes,
    repeated,
  })
  // A volume came to be known since: there is reason to ask once more.
  const reopened = lacking.filter((day) => !holdsDay(ledger.partial, day))
  await forgetRepeated(connection, head.seriesId, reopened)
  return {
    coverage: without(head, calendar, ledger.coverage, traded),
    noTrades: without(head, calendar, ledger.noTrades, traded),
    notOffered: ranges(traded.filter((day) => elsewhere.has(day))).reduce(
      addRange,
      ledger.notOffered,
    ),
    partial: ranges(lacking).reduce(addRange, without(head, calendar, ledger.partial, whole)),
  }
}

/** Volumes of daily bars, from whichever vendor has them. */
async function dailyVolumes(
  connection: Connection,
  siblings: readonly CoverageHead[],
  days: readonly number[],
): Promise<Map<number, number>> {
  const volumes = new Map<number, number>()
  const years = [...new Set(days.map(yearStart))]
  if (years.length === 0) return volumes
  for (const { seriesId } of siblings.filter(({ interval }) => interval === '1d')) {
    const pages = await readPages(connection, seriesId, '1d', years)
    for (const { bars } of pages.values()) {
      bars.ts.forEach((day, i) => {
        const volume = bars.volume[i]!
        if (volume > (volumes.get(day) ?? -1)) volumes.set(day, volume)
      })
    }
  }
  return volumes
}

interface Doubts {
  /** In order. */
  readonly days: readonly number[]
  /** Of daily bars. */
  readonly volumes: ReadonlyMap<number, number>
  /** Days of which the vendor said the same to a repair. */
  readonly repeated: ReadonlySet<number>
}

/** Of doubtful sessions that have few bars those that are all there is, and those that the day's volume speaks against. */
async function thinSessions(
  connection: Connection,
  head: CoverageHead,
  calendar: Calendar,
  { days, volumes, repeated }: Doubts,
): Promise<{ whole: number[]; lacking: number[] }> {
  const whole: number[] = []
  const lacking: number[] = []
  const isTraded = (day: number) => (volumes.get(day) ?? 0) > 0
  const known = days.filter((day) => isTraded(day) || repeated.has(day))
  const refused = await refusedDays(connection, head, calendar, repeated)
  for (let i = 0; i < known.length; i += PAGES_AT_A_TIME) {
    const some = known.slice(i, i + PAGES_AT_A_TIME)
    const counts = await readPageCounts(connection, head.seriesId, {
      from: some[0]!,
      until: some[some.length - 1]! + DAY_MS,
    })
    const few = new Set(
      counts
        .filter(({ regularBars, expectedBars }) => isFew(regularBars, expectedBars))
        .map(({ startsOn }) => startsOn),
    )
    const traded = some.filter(isTraded)
    const pages = await readPages(connection, head.seriesId, head.interval, traded)
    for (const day of some.filter((one) => few.has(one))) {
      const page = pages.get(day)
      if (!isTraded(day)) {
        if (!refused.has(day)) whole.push(day)
      } else if (page !== undefined) {
        const isHalf = regularVolume(calendar, page) * 2 >= volumes.get(day)!
        ;(isHalf ? whole : lacking).push(day)
      }
    }
  }
  return { whole, lacking }
}

/** Of some days those of which a row was refused that stands for a bar, and nobody has decided on it. */
async function refusedDays(
  connection: Connection,
  { instrumentId, seriesId }: CoverageHead,
  calendar: Calendar,
  days: ReadonlySet<number>,
): Promise<Set<number>> {
  if (days.size === 0) return new Set()
  const open = await readRejectRows(connection, { instrumentId, status: 'open' })
  const lost = open.filter((reject) => reject.seriesId === seriesId).filter(isLoss)
  return new Set(lost.map(({ ts }) => calendar.localDay(ts)))
}

function regularVolume(calendar: Calendar, { startsOn, bars }: StoredPage): number {
  const session = calendar.session(startsOn)
  if (session === null) return 0
  let sum = 0
  for (let i = 0; i < bars.length; i += 1) {
    const volume = bars.volume[i]!
    if (bars.ts[i]! >= session.open && bars.ts[i]! < session.close && volume > 0) sum += volume
  }
  return sum
}
