/**
 * Closing gaps: just the missing ranges are asked for, from the series' own vendor and, where that one has
 * nothing, from the others as their own series; what is not to be had is recorded as proven. Sessions that are
 * there in part, or of which nobody has a bar though there was trading, are asked for once: see repeated-answers.ts.
 */
import { getCalendar } from '../domain/calendar/registry.ts'
import { addRange, expectedDays, holdsDay, periodRange, removeRange } from '../domain/coverage.ts'
import type { Coverage } from '../domain/coverage.ts'
import { stateTeller } from '../domain/coverage-states.ts'
import { DAY_MS } from '../domain/date.ts'
import { inTransaction, type Pool } from '../db/connect.ts'
import {
  lockCoverageHead,
  readCoverageHeads,
  writeLedger,
  type CoverageHead,
} from '../db/coverage-heads.ts'
import { listBarDaysElsewhere } from '../db/page-days.ts'
import type { Provider } from '../providers/provider.ts'
import { baseInterval } from './derive-series.ts'
import { fetchAll, type FetchContext, type FetchSummary } from './fetch-series.ts'
import { factsOf, listGaps, type Gap, type GapDays, type GapSearch } from './list-gaps.ts'
import type { CalendarOf } from './open-calendars.ts'
import { oldestOffered } from './plan-calls.ts'
import {
  findDoubtful,
  keepAnswered,
  keepSilent,
  openAgain,
  runsBefore,
  withoutRepeated,
} from './repeated-answers.ts'
import type { FetchWish, WorkPiece } from './run-task.ts'

export interface Repair {
  /** Null where there was no gap, so that nothing was to be done. */
  readonly summary: FetchSummary | null
  /** What is left. */
  readonly gaps: readonly Gap[]
}

export interface RepairOptions {
  /** Which splits and dividends are asked for, too; absent: none. */
  readonly actions?: FetchWish['actions']
  /** True to ask again for sessions of which the vendors said the same before. */
  readonly force?: boolean
}

/**
 * Closes gaps.
 * @param providers vendors that may be asked, the preferred first
 * @throws StockyardError kind `database` when the store is lost
 */
export async function repairGaps(
  context: FetchContext,
  search: GapSearch,
  providers: readonly Provider[],
  { actions, force = false }: RepairOptions = {},
): Promise<Repair> {
  const { pool, clock, calendarOf = getCalendar } = context
  const list = () => listGaps(pool, search, calendarOf, clock.now())
  const found = await list()
  const gaps = force ? found : await withoutRepeated(pool, found, calendarOf)
  if (gaps.length === 0) return { summary: null, gaps: found }
  const inPart = gaps.filter(({ state }) => state === 'partial')
  const before = await runsBefore(pool, inPart, calendarOf)
  await reopen(pool, inPart, calendarOf)
  const own = ownPieces(gaps, providers, calendarOf, clock.now())
  const first = own.length === 0 ? null : await runPieces(context, own, providers, actions)
  const codes = own.map((piece, i) => ({ ...piece, code: first?.tasks[i]?.error?.code }))
  const refusedBy = (gap: Gap, code: string) => {
    const pieces = codes.filter((piece) => piece.code === code && isOf(gap, piece))
    return (day: number) => pieces.some(({ from, until }) => day >= from && day < until)
  }
  const isLacking = (gap: Gap) => {
    const reach = oldestReached(gap, providers, calendarOf, clock.now())
    const isRefused = refusedBy(gap, 'PLAN_LACKS')
    return (day: number) => day < reach || isRefused(day)
  }
  for (const gap of inPart) {
    const [isEmpty, isOut] = [refusedBy(gap, 'NO_DATA'), isLacking(gap)]
    await keepAnswered(pool, gap, calendarOf, before, (day) => isEmpty(day) || isOut(day))
  }
  const doubtful =
    inPart.length === 0 ? [] : await findDoubtful(pool, await list(), before, calendarOf)
  const unserved = await findUnserved(pool, gaps, calendarOf, clock.now())
  const others = await askOthers(context, [...unserved, ...doubtful], providers)
  const isEnded = context.signal?.aborted === true
  await openAgain(pool, doubtful, others, isEnded)
  for (const { gap, days } of unserved) {
    await recordNothing(pool, gap, calendarOf, {
      days,
      isEmpty: refusedBy(gap, 'NO_DATA'),
      isLacking: isLacking(gap),
    })
  }
  await keepSilent(pool, unserved, others, isEnded)
  return { summary: addSummaries(first, others), gaps: await list() }
}

/** Sessions that are there in part are asked for again. */
async function reopen(pool: Pool, gaps: readonly Gap[], calendarOf: CalendarOf): Promise<void> {
  for (const gap of gaps) {
    await mendLedger(pool, gap, calendarOf, (head, rangesOf) => {
      const days = expectedDays(calendarOf(head.exchange), gap.interval, gap)
      return { ...head, coverage: rangesOf(days).reduce(removeRange, head.coverage) }
    })
  }
}

type RangesOf = (days: readonly number[]) => Coverage

async function mendLedger(
  pool: Pool,
  { seriesId, interval }: Gap,
  calendarOf: CalendarOf,
  mend: (head: CoverageHead, rangesOf: RangesOf) => CoverageHead,
): Promise<void> {
  await inTransaction(pool, async (connection) => {
    const head = await lockCoverageHead(connection, seriesId)
    const calendar = calendarOf(head.exchange)
    const rangesOf: RangesOf = (days) => days.map((day) => periodRange(calendar, interval, day))
    await writeLedger(connection, seriesId, mend(head, rangesOf))
  })
}

// The calls ------------------------------------------------------------------------------------------

/**
 * A piece of work for each call that a gap takes, so that what a vendor says of one speaks for no other; a
 * series that is made of another one is made anew once.
 */
function ownPieces(
  gaps: readonly Gap[],
  providers: readonly Provider[],
  calendarOf: CalendarOf,
  now: number,
): WorkPiece[] {
  const pieces: WorkPiece[] = []
  for (const gap of gaps) {
    const { symbol, interval, from, until } = gap
    const provider = providers.find((one) => one.id === gap.provider)
    if (provider === undefined) continue
    const piece = { symbol, interval, provider, from, until }
    if (baseInterval(provider, interval) !== null) {
      const known = pieces.findIndex((one) => isOf(gap, one))
      if (known < 0) pieces.push(piece)
      else pieces[known] = { ...pieces[known]!, until }
      continue
    }
    const calls = provider.planBars({ ...piece, now, calendar: calendarOf(gap.exchange) })
    for (const { asked } of calls) {
      const part = {
        ...piece,
        from: Math.max(from, asked?.from ?? from),
        until: Math.min(until, asked?.until ?? until),
      }
      if (part.from < part.until) pieces.push(part)
    }
  }
  return pieces
}

/** The oldest day of a gap that its own vendor still has, as far as it says; Infinity where that is none. */
function oldestReached(
  gap: Gap,
  providers: readonly Provider[],
  calendarOf: CalendarOf,
  now: number,
): number {
  const provider = providers.find((one) => one.id === gap.provider)
  if (provider === undefined || baseInterval(provider, gap.interval) !== null) return -Infinity
  return oldestOffered(provider.planBars({ ...gap, now, calendar: calendarOf(gap.exchange) }))
}

/** The days of gaps for which the series still has no bar after its own vendor was asked. */
async function findUnserved(
  pool: Pool,
  gaps: readonly Gap[],
  calendarOf: CalendarOf,
  now: number,
): Promise<GapDays[]> {
  const unserved: GapDays[] = []
  for (const gap of gaps) {
    const [head] = await readCoverageHeads(pool, { seriesId: gap.seriesId })
    const tellState = stateTeller(factsOf(head!, calendarOf), now)
    const days = expectedDays(calendarOf(gap.exchange), gap.interval, gap).filter((day) =>
      ['missing', 'no-trades'].includes(tellState(day)),
    )
    if (days.length > 0) unserved.push({ gap, days })
  }
  return unserved
}

/** Asks the other vendors in turn for what nobody has yet. */
async function askOthers(
  context: FetchContext,
  unserved: readonly GapDays[],
  providers: readonly Provider[],
): Promise<FetchSummary | null> {
  let summary: FetchSummary | null = null
  for (let turn = 0; turn < providers.length; turn += 1) {
    if (context.signal?.aborted) break
    const pieces = otherPieces(await findNowhere(context.pool, unserved), providers, turn)
    if (pieces.length > 0) {
      summary = addSummaries(summary, await runPieces(context, pieces, providers))
    }
  }
  return summary
}

/** What is left of gaps without the days of which another vendor's bars are stored. */
async function findNowhere(pool: Pool, unserved: readonly GapDays[]): Promise<GapDays[]> {
  const left: GapDays[] = []
  for (const { gap, days } of unserved) {
    const elsewhere = await listBarDaysElsewhere(pool, gap.seriesId, gap.interval, gap)
    const nowhere = days.filter((day) => !elsewhere.has(day))
    if (nowhere.length > 0) left.push({ gap, days: nowhere })
  }
  return left
}

/** The same days for another vendor that has the interval of itself: the first one, the second one, and so on. */
function otherPieces(
  unserved: readonly GapDays[],
  providers: readonly Provider[],
  turn: number,
): WorkPiece[] {
  const pieces = new Map<string, WorkPiece>()
  for (const { gap, days } of unserved) {
    const { symbol, interval } = gap
    const others = providers.filter(
      (one) => one.id !== gap.provider && one.intervals.includes(interval),
    )
    const provider = others[turn]
    if (provider === undefined) continue
    const piece = {
      symbol,
      interval,
      provider,
      from: days[0]!,
      until: days[days.length - 1]! + DAY_MS,
    }
    pieces.set(`${symbol} ${interval} ${provider.id} ${piece.from} ${piece.until}`, piece)
  }
  return [...pieces.values()]
}

async function runPieces(
  context: FetchContext,
  pieces: readonly WorkPiece[],
  providers: readonly Provider[],
  actions?: FetchWish['actions'],
): Promise<FetchSummary> {
  return await fetchAll(context, {
    symbols: [...new Set(pieces.map(({ symbol }) => symbol))],
    intervals: [...new Set(pieces.map(({ interval }) => interval))],
    providers,
    from: null,
    until: null,
    force: false,
    defaultDays: 1,
    job: 'repair',
    finalOnly: true,
    pieces,
    ...(actions === undefined ? {} : { actions }),
  })
}

// What is not to be had ------------------------------------------------------------------------------

interface Nothing {
  readonly days: readonly number[]
  /**
   * Whether the series' own vendor said that it has no bars of a day, or that the plan lacks them or they lie
   * further back than it has any.
   */
  readonly isEmpty: (day: number) => boolean
  readonly isLacking: (day: number) => boolean
}

/**
 * What the own vendor does not have and another one has, or what the plan lacks, is not offered; of what
 * nobody has there were no trades. Days of which nobody said anything stay missing.
 */
async function recordNothing(
  pool: Pool,
  gap: Gap,
  calendarOf: CalendarOf,
  { days, isEmpty, isLacking }: Nothing,
): Promise<void> {
  const elsewhere = await listBarDaysElsewhere(pool, gap.seriesId, gap.interval, gap)
  await mendLedger(pool, gap, calendarOf, (head, rangesOf) => {
    const said = days.filter((day) => isEmpty(day) || isLacking(day))
    const notOffered = rangesOf([
      ...said.filter((day) => elsewhere.has(day) || isLacking(day)),
      ...days.filter((day) => elsewhere.has(day) && holdsDay(head.coverage, day)),
    ])
    const empty = rangesOf(said.filter((day) => !elsewhere.has(day) && isEmpty(day)))
    return {
      ...head,
      coverage: empty.reduce(addRange, notOffered.reduce(removeRange, head.coverage)),
      noTrades: empty.reduce(addRange, notOffered.reduce(removeRange, head.noTrades)),
      notOffered: notOffered.reduce(addRange, head.notOffered),
      // A bar that was refused here is no longer wanted where another vendor has it.
      partial: notOffered.reduce(removeRange, head.partial),
    }
  })
}

function isOf(gap: Gap, piece: WorkPiece): boolean {
  return (
    gap.symbol === piece.symbol &&
    gap.interval === piece.interval &&
    gap.provider === piece.provider.id
  )
}

function addSummaries(
  first: FetchSummary | null,
  second: FetchSummary | null,
): FetchSummary | null {
  if (first === null || second === null) return first ?? second
  const statuses = [first.status, second.status]
  const status = statuses[0] === statuses[1] ? first.status : 'partial'
  return {
    run: second.run,
    status,
    symbols: first.symbols,
    requests: first.requests + second.requests,
    fetched: first.fetched + second.fetched,
    inserted: first.inserted + second.inserted,
    updated: first.updated + second.updated,
    unchanged: first.unchanged + second.unchanged,
    rejected: first.rejected + second.rejected,
    tasks: [...first.tasks, ...second.tasks],
  }
}
