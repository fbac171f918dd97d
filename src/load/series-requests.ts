/**
 * One series: plan, and then ask, check and load call by call, oldest first, so that what is there is
 * contiguous wherever the work stops.
 */
import type { Calendar } from '../domain/calendar/calendar.ts'
import { getCalendar } from '../domain/calendar/registry.ts'
import type { DayRange } from '../domain/coverage.ts'
import { formatDate } from '../domain/date.ts'
import { StockyardError } from '../domain/error.ts'
import { findHead, type SeriesHead, type SeriesKey } from '../db/series.ts'
import { withSeriesLock } from '../db/series-lock.ts'
import { readTrading } from '../db/symbols.ts'
import type { TaskCounts } from '../db/runs.ts'
import type { BarRequest, Provider } from '../providers/provider.ts'
import { askBars, type AskContext, type AskedBars } from './ask.ts'
import { answerNotes } from './known-sessions.ts'
import { checkAnswer, loadAnswer } from './load-answer.ts'
import { fetchBackwards, saysNothing } from './earlier-history.ts'
import { takeLeftAnswers } from './left-answers.ts'
import type { Loaded } from './load-batch.ts'
import { makeLoadTurns, type LoadTurns } from './load-turns.ts'
import { chosenCalls, takeMarketDays, type MarketDays } from './market-days.ts'
import type { Wish } from './plan.ts'
import { retryLocked } from './retry-locked.ts'
import { takePages } from './take-pages.ts'
import { asTraded, isAllLacking, planCalls, type PlannedCalls } from './plan-calls.ts'

/** A series that is to be brought up to date, as part of a run. */
export interface SeriesTask {
  readonly series: SeriesKey
  readonly provider: Provider
  readonly wish: Wish
  readonly runId: number
  readonly taskNumber: number
  /** Why no call can go to the vendor any more, or undefined; what needs no call is done all the same. */
  readonly stopped?: () => StockyardError | undefined
  /** Days that this run asks for the whole market. */
  readonly marketDays?: MarketDays
}

/** How far a series has come; counts are those of the task so far. */
export interface SeriesProgress extends TaskCounts {
  readonly requestsPlanned: number
  readonly requestsDone: number
  /** Last final session, as a day, or null. */
  readonly watermark: number | null
  readonly notes: readonly string[]
}

type Report = (progress: SeriesProgress) => void

/**
 * Brings one series up to date; nothing is asked when all that is wanted is final. Where somebody else is
 * at the same series, that one pays: this one waits, plans after it, and takes what is new as it is.
 * @throws StockyardError as ask.ts has it; what was loaded before stays
 */
export async function fetchSeries(
  context: AskContext,
  task: SeriesTask,
  report: Report,
): Promise<void> {
  const since = context.clock.now()
  const { clock, signal } = context
  const onWait = (ms: number) =>
    context.onWait?.({
      provider: task.provider.id,
      ms,
      why: 'somebody else is fetching this series',
    })
  await withSeriesLock(context.pool, task.series, { clock, signal, onWait }, async (waited) => {
    const head = waited ? await findHead(context.pool, task.series) : null
    const isFresh = !task.wish.force && (head?.observedAt ?? -Infinity) >= since
    const wish = isFresh ? { ...task.wish, finalOnly: true } : task.wish
    await fetchLocked(context, { ...task, wish }, report)
  })
}

async function fetchLocked(context: AskContext, given: SeriesTask, report: Report): Promise<void> {
  const calendarOf = context.calendarOf ?? getCalendar
  const trading = await readTrading(context.pool, given.series.symbol)
  const { delistedDay } = trading
  const calendar = calendarOf(trading.exchange)
  const task = { ...given, ...asTraded(given.wish, given.provider, trading) }
  const begun = await storeLeftAnswers(context, task, calendar)
  const done = await fetchPlanned(context, task, calendar, begun.progress, report)
  const { progress } = done
  const restateFrom = done.restateFrom ?? begun.restateFrom
  if (restateFrom === null) return
  const from = Math.min(restateFrom, task.wish.from ?? restateFrom)
  const note = `a new split: all bars since ${formatDate(from)} are fetched again`
  const again = { ...task, wish: { ...task.wish, from, until: delistedDay } }
  const before = { ...progress, notes: [...progress.notes, note] }
  await fetchPlanned(context, again, calendar, before, report)
}

const NOTHING_YET: SeriesProgress = {
  requestsPlanned: 0,
  requestsDone: 0,
  fetched: 0,
  inserted: 0,
  updated: 0,
  unchanged: 0,
  rejected: 0,
  watermark: null,
  notes: [],
}

/** What an earlier run had been answered and had not stored when it was cut off. */
async function storeLeftAnswers(
  context: AskContext,
  task: SeriesTask,
  calendar: Calendar,
): Promise<{ progress: SeriesProgress; restateFrom: number | null }> {
  let progress = NOTHING_YET
  let restateFrom: number | null = null
  for await (const { answer } of takeLeftAnswers(context, { ...task, calendar })) {
    const loaded = await addAnswer(context, task, answer, calendar)
    progress = addLoaded(progress, loaded, answer)
    restateFrom ??= loaded.restateFrom
  }
  if (progress === NOTHING_YET) return { progress, restateFrom }
  return { progress: { ...progress, notes: [...progress.notes, FROM_ARCHIVE] }, restateFrom }
}

const FROM_ARCHIVE = 'what a run was cut off with came out of the archive'

/** One plan and its calls; tells from which day on a split makes all of it be fetched again, or null. */
async function fetchPlanned(
  context: AskContext,
  task: SeriesTask,
  calendar: Calendar,
  before: SeriesProgress,
  report: Report,
): Promise<{ progress: SeriesProgress; restateFrom: number | null }> {
  const head = await findHead(context.pool, task.series)
  const { provider, wish, series } = task
  const now = context.clock.now()
  const planned = planCalls(wish, series.symbol, provider, head, calendar, now)
  const requests = planned.calls
  if (isAllLacking(planned, wish, head?.coverage ?? [])) throw notOfferedError(planned, task)
  const lacks = planned.notOffered.map((range) => lackNote(range, task))
  let restateFrom: number | null = null
  let progress: SeriesProgress = {
    ...before,
    requestsPlanned: before.requestsPlanned + requests.length,
    watermark: head?.watermark ?? null,
    notes: [...new Set([...before.notes, ...lacks])],
  }
  report(progress)
  const turns = makeLoadTurns()
  const take = async (call: BarRequest) => {
    await context.archive?.room?.()
    const ready = () => untilSafe(turns, context)
    context.signal?.throwIfAborted()
    const answer: AskedBars = await askBars(context, provider, call, calendar, ready)
    const notes = answerNotes(series.symbol, answer, calendar)
    await turns.add(async () => {
      const loaded = await addAnswer(context, task, answer, calendar)
      progress = addLoaded(progress, loaded, { ...answer, notes })
      restateFrom ??= loaded.restateFrom
      // Another series of the instrument learnt of a split after these calls were planned.
      if (task.provider.basis === 'split' && (head?.coverage.length ?? 0) > 0) {
        restateFrom ??= loaded.forgottenFrom
      }
      report(progress)
    })
    return answer.next
  }
  const run = async (request: BarRequest) => {
    const market = chosenCalls(task.marketDays, provider, request, calendar, now)
    if (!(await takeMarketDays(market, take))) {
      await takePages(
        request,
        (page) => page.request,
        take,
        () => circleError(task),
      )
    }
    progress = { ...progress, requestsDone: progress.requestsDone + 1 }
    report(progress)
  }
  if (requests.length === 0) return { progress, restateFrom }
  const stopped = task.stopped?.()
  if (stopped !== undefined) throw stopped
  try {
    const since = await runCalls(context, task, { requests, head, calendar, run, turns })
    if (since !== null) {
      progress = { ...progress, notes: [...progress.notes, since] }
      report(progress)
    }
  } finally {
    // Also where the next call failed: what came before it was paid for.
    await turns.settle()
  }
  return { progress, restateFrom }
}

/**
 * Waits until the answer before is stored, or in the archive at least, where the next run finds it: a process
 * that is killed has paid in vain for the call under way and for no other.
 */
async function untilSafe(turns: LoadTurns, { archive }: AskContext): Promise<void> {
  const stored = turns.settle()
  const isKept = await Promise.race([stored.then(() => true), archive?.kept?.() ?? false])
  if (!isKept) await stored
}

/** The calls of a plan, of which there is one at least, and how one of them is made. */
interface Calls {
  readonly requests: readonly BarRequest[]
  /** The series before all of them. */
  readonly head: SeriesHead | null
  readonly calendar: Calendar
  readonly run: (request: BarRequest) => Promise<void>
  readonly turns: LoadTurns
}

/**
 * Makes calls, oldest first; from the newest backwards where the oldest says that there is nothing, since
 * history may begin later than asked for. Returns what is to be said of that, or null.
 */
async function runCalls(
  { pool, signal }: AskContext,
  { series }: SeriesTask,
  { requests, head, calendar, run, turns }: Calls,
): Promise<string | null> {
  const [first, ...others] = requests
  try {
    await run(first!)
  } catch (error) {
    await turns.settle()
    if (!saysNothing(error)) throw error
    return await fetchBackwards(pool, series, requests, error, head, calendar, async (request) => {
      signal?.throwIfAborted()
      await run(request)
      await turns.settle()
    })
  }
  for (const request of others) {
    signal?.throwIfAborted()
    await run(request)
  }
  return null
}

/** What is said of days that a vendor does not have; the same words mark them wherever they are counted. */
function lackNote({ from, until }: DayRange, { provider, series }: SeriesTask): string {
  const days = `from ${formatDate(from)} until ${formatDate(until)}`
  return `not-offered: ${provider.name} has no bars of ${series.interval} ${days}`
}

function notOfferedError(planned: PlannedCalls, task: SeriesTask): StockyardError {
  const { name } = task.provider
  const until = formatDate(planned.notOffered.at(-1)!.until)
  const sentence = `${name} has no bars of ${task.series.interval} before ${until}.`
  return new StockyardError('not-found', 'NOT_OFFERED', sentence, {
    hint: 'Ask for a later period, a longer interval, or another provider; stockyard providers lists them.',
  })
}

function circleError(task: SeriesTask): StockyardError {
  const sentence = `The pages of ${task.provider.name} for ${task.series.symbol} lead in a circle.`
  return new StockyardError('provider', 'PAGES_CIRCULAR', sentence, {
    hint: 'What came is stored; report it where it stays so.',
  })
}

/** validate -> load, for one answer. */
async function addAnswer(
  context: AskContext,
  task: SeriesTask,
  answer: AskedBars,
  calendar: Calendar,
): Promise<Loaded> {
  const destination = { ...task, calendar }
  const checked = checkAnswer(answer, destination)
  return await retryLocked(context, () => loadAnswer(context.pool, answer, checked, destination))
}

function addLoaded(before: SeriesProgress, loaded: Loaded, answer: AskedBars): SeriesProgress {
  const notes = [...new Set([...before.notes, ...answer.notes])]
  return {
    requestsPlanned: before.requestsPlanned,
    requestsDone: before.requestsDone,
    fetched: before.fetched + loaded.fetched,
    inserted: before.inserted + loaded.inserted,
    updated: before.updated + loaded.updated,
    unchanged: before.unchanged + loaded.unchanged,
    rejected: before.rejected + loaded.rejected,
    watermark: loaded.watermark,
    notes: addCount(addCount(notes, loaded.revised, REVISED), loaded.withdrawn, WITHDRAWN),
  }
}

/** What befell final bars, in the words of a note, and how a note of it is known. */
const REVISED = { one: 'was changed', many: 'were changed' }
const WITHDRAWN = {
  one: 'is kept that the vendor no longer has',
  many: 'are kept that the vendor no longer has',
}

/** The notes of a task, with one of how many final bars something befell, over all its answers. */
function addCount(
  notes: readonly string[],
  count: number,
  { one, many }: typeof REVISED,
): readonly string[] {
  if (count === 0) return notes
  const countIn = (note: string) => {
    const [, number, what] = /^(\d+) final bars? (.*)$/.exec(note) ?? []
    return what === one || what === many ? Number(number) : null
  }
  const before = notes.map(countIn).find((number) => number !== null) ?? 0
  const total = count + before
  const note = total === 1 ? `1 final bar ${one}` : `${total} final bars ${many}`
  return [...notes.filter((other) => countIn(other) === null), note]
}
