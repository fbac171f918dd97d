/**
 * Sessions that are there in part are asked for until the vendor says the same to a repair: that is its last
 * word, and where no daily volume and no refused row speaks against it, the session is whole. Else it stays in
 * part; the other vendors are asked once, and nobody again before the page changes. So it is with sessions without
 * a bar of which all vendors say that they have none, as long as a daily bar shows that there was trading.
 */
import { addRange, expectedDays, holdsDay, periodRange } from '../domain/coverage.ts'
import { DAY_MS } from '../domain/date.ts'
import { isIntraday } from '../domain/interval.ts'
import { inTransaction, type Pool } from '../db/connect.ts'
import { lockCoverageHead, readCoverageHeads, writeLedger } from '../db/coverage-heads.ts'
import { listTradedDays } from '../db/daily-volumes.ts'
import {
  forgetRepeated,
  keepRepeated,
  NO_PAGE,
  readPageRuns,
  readRepeated,
  type PageRun,
} from '../db/repeated-sessions.ts'
import type { FetchSummary } from './fetch-series.ts'
import type { Gap, GapDays } from './list-gaps.ts'
import type { CalendarOf } from './open-calendars.ts'

/** By series, the runs that had written the pages of its sessions before anybody was asked. */
export type RunsBefore = ReadonlyMap<number, ReadonlyMap<number, PageRun>>

/** What is left of gaps without the sessions of which the vendors said the same before. */
export async function withoutRepeated(
  pool: Pool,
  gaps: readonly Gap[],
  calendarOf: CalendarOf,
): Promise<Gap[]> {
  const left: Gap[] = []
  const groups = Map.groupBy(gaps, ({ seriesId }) => seriesId)
  const repeated = await readRepeated(pool, [...groups.keys()])
  for (const gap of gaps) {
    const known = repeated.get(gap.seriesId)
    if (known === undefined) {
      left.push(gap)
      continue
    }
    const days = daysOf(gap, calendarOf)
    const settled = await saidAgain(pool, gap, days, known)
    left.push(...cutDays(gap, days, (day) => settled.has(day)))
  }
  return left
}

/**
 * The days of a gap of which nobody is asked again.
 * @param known those of its series of which the vendors said the same, as readRepeated tells them
 */
export async function saidAgain(
  pool: Pool,
  gap: Gap,
  days: readonly number[],
  known: ReadonlySet<number>,
): Promise<ReadonlySet<number>> {
  const same = days.filter((day) => known.has(day))
  if (same.length === 0) return new Set()
  if (!isInPart(gap)) return await listTradedDays(pool, gap.seriesId, same)
  const [head] = await readCoverageHeads(pool, { seriesId: gap.seriesId })
  return new Set(same.filter((day) => holdsDay(head!.coverage, day)))
}

function isInPart({ state }: Gap): boolean {
  return state === 'partial'
}

function daysOf(gap: Gap, calendarOf: CalendarOf): number[] {
  return expectedDays(calendarOf(gap.exchange), gap.interval, gap)
}

/** The stretches of a gap between the days that are cut out of it. */
function cutDays(gap: Gap, days: readonly number[], isCut: (day: number) => boolean): Gap[] {
  const parts: Gap[] = []
  let isOpen = false
  for (const day of days) {
    const last = parts[parts.length - 1]
    if (isCut(day)) isOpen = false
    else if (isOpen) {
      parts[parts.length - 1] = { ...last!, until: day + DAY_MS, sessions: last!.sessions + 1 }
    } else {
      parts.push({ ...gap, from: day, until: day + DAY_MS, sessions: 1 })
      isOpen = true
    }
  }
  return parts
}

/** What is to be remembered of gaps before anybody is asked. */
export async function runsBefore(
  pool: Pool,
  gaps: readonly Gap[],
  calendarOf: CalendarOf,
): Promise<RunsBefore> {
  const runs = new Map<number, Map<number, PageRun>>()
  for (const gap of gaps) {
    const known = runs.get(gap.seriesId) ?? new Map<number, PageRun>()
    const more = await readPageRuns(pool, gap.seriesId, daysOf(gap, calendarOf))
    runs.set(gap.seriesId, new Map([...known, ...more]))
  }
  return runs
}

/**
 * Keeps of which sessions of a gap the own vendor has answered.
 * @param isSilent whether no more can come of a day, since it has nothing, the plan lacks it, or it lies too far
 *   back: what came when it was final is the last word, then, and what came before that is none
 */
export async function keepAnswered(
  pool: Pool,
  gap: Gap,
  calendarOf: CalendarOf,
  before: RunsBefore,
  isSilent: (day: number) => boolean,
): Promise<void> {
  const calendar = calendarOf(gap.exchange)
  const runs = before.get(gap.seriesId) ?? new Map<number, PageRun>()
  const days = daysOf(gap, calendarOf).filter((day) => runs.has(day))
  await inTransaction(pool, async (connection) => {
    const head = await lockCoverageHead(connection, gap.seriesId)
    const coverage = days
      .filter((day) => isSilent(day) && runs.get(day)!.isFinal)
      .map((day) => periodRange(calendar, gap.interval, day))
      .reduce(addRange, head.coverage)
    const answered = days.filter((day) => holdsDay(coverage, day))
    await writeLedger(connection, gap.seriesId, { ...head, coverage })
    await keepRepeated(
      connection,
      gap.seriesId,
      new Map(answered.map((day) => [day, runs.get(day)!.runId])),
    )
  })
}

/** Of the gaps that are left the sessions of which the own vendor said the same just now. */
export async function findDoubtful(
  pool: Pool,
  left: readonly Gap[],
  before: RunsBefore,
  calendarOf: CalendarOf,
): Promise<GapDays[]> {
  const repeated = await readRepeated(pool, [...before.keys()])
  return left.filter(isInPart).flatMap((gap) => {
    const asked = before.get(gap.seriesId)
    const same = repeated.get(gap.seriesId)
    const days = daysOf(gap, calendarOf).filter((day) => asked?.has(day) && same?.has(day))
    return days.length === 0 ? [] : [{ gap, days }]
  })
}

/** What vendors say for good. All else, as an outage or a budget that is used up, is no answer. */
const ANSWERS = new Set(['NO_DATA', 'PLAN_LACKS', 'SYMBOL_UNKNOWN', 'REQUEST_REFUSED'])

/** Forgets that sessions were asked for where another vendor gave no answer, so that the next repair asks again. */
export async function openAgain(
  pool: Pool,
  doubtful: readonly GapDays[],
  others: FetchSummary | null,
  isEnded: boolean,
): Promise<void> {
  for (const { gap, days } of doubtful) {
    if (isEnded || !isAnswered(gap, others)) await forgetRepeated(pool, gap.seriesId, days)
  }
}

/** True where each other vendor that was asked for a gap has answered. */
function isAnswered(gap: Gap, others: FetchSummary | null): boolean {
  const tasks = others?.tasks ?? []
  return tasks.every(
    ({ symbol, interval, error }) =>
      symbol !== gap.symbol ||
      interval !== gap.interval ||
      error === null ||
      ANSWERS.has(error.code),
  )
}

/**
 * Keeps of which sessions no vendor has a bar though there was trading, where all of them have answered: the ledger
 * has the own vendor's word, until an audit holds it against the days.
 */
export async function keepSilent(
  pool: Pool,
  unserved: readonly GapDays[],
  others: FetchSummary | null,
  isEnded: boolean,
): Promise<void> {
  for (const { gap, days } of unserved) {
    if (isEnded || !isIntraday(gap.interval) || !isAnswered(gap, others)) continue
    const [head] = await readCoverageHeads(pool, { seriesId: gap.seriesId })
    const empty = days.filter((day) => holdsDay(head!.noTrades, day))
    const traded = await listTradedDays(pool, gap.seriesId, empty)
    const silent = new Map([...traded].map((day) => [day, NO_PAGE]))
    await inTransaction(pool, (connection) => keepRepeated(connection, gap.seriesId, silent))
  }
}
