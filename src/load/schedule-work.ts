/** The work of each schedule, done once, with what became of it in the table of schedules. */
import type { Pool } from '../db/connect.ts'
import { takeRoundLock } from '../db/round-lock.ts'
import {
  beginSchedule,
  endSchedule,
  readSchedules,
  requestRun,
  type ScheduleEnd,
} from '../db/schedules.ts'
import { messageOf, StockyardError } from '../domain/error.ts'
import type { ScheduleName, ScheduleStatus } from '../domain/schedule.ts'
import { redact } from '../log.ts'
import type { Provider } from '../providers/provider.ts'
import type { FetchSummary } from './fetch-series.ts'
import { keepActions, type ActionsOutcome, type ActionsWish } from './keep-actions.ts'
import { fetchKept, listKept, type Fetched, type Kept, type RoundContext } from './round.ts'

/** The request that some work answers, in milliseconds UTC; null: its time had come. */
type RequestedAt = ScheduleEnd['requestedAt']

/** Fetches bars of what is kept, of vendors that are due. */
export async function doBars(
  context: RoundContext,
  kept: readonly Kept[],
  due: readonly Provider[],
  requestedAt: RequestedAt,
): Promise<Fetched> {
  return await record(context, 'keep-current', requestedAt, async () => {
    const fetched = await fetchKept(context, kept, due)
    const { summaries } = fetched
    const status = context.signal.aborted ? 'interrupted' : statusOf(summaries)
    return { outcome: fetched, run: summaries.at(-1)?.run ?? null, status }
  })
}

/** Asks for splits and dividends. Without a request, it is no news that there was nothing to ask for. */
export async function doActions(
  context: RoundContext,
  wish: ActionsWish,
  requestedAt: RequestedAt,
): Promise<ActionsOutcome> {
  return await record(context, 'actions', requestedAt, async () => {
    const calendarOf = await context.openCalendars()
    const outcome = await keepActions({ ...context, calendarOf }, wish)
    const { answered, failed } = outcome
    const isNothing = answered + failed === 0 && requestedAt === null
    let status: ScheduleStatus | null = isNothing ? null : 'succeeded'
    if (failed > 0) status = answered > 0 ? 'partial' : 'failed'
    if (context.signal.aborted && !isNothing) status = 'interrupted'
    return { outcome, run: lastOf(wish.runs), status }
  })
}

function statusOf(summaries: readonly FetchSummary[]): ScheduleStatus | null {
  const [first, ...others] = summaries.map(({ status }) => status)
  if (first === undefined) return null
  return others.every((status) => status === first) ? first : 'partial'
}

function lastOf(runs: ReadonlyMap<string, number> | undefined): number | null {
  return [...(runs?.values() ?? [])].at(-1) ?? null
}

async function record<T>(
  { pool, clock, log }: RoundContext,
  name: ScheduleName,
  requestedAt: RequestedAt,
  work: () => Promise<{ outcome: T } & Pick<ScheduleEnd, 'run' | 'status'>>,
): Promise<T> {
  await beginSchedule(pool, name, clock.now())
  try {
    const { outcome, run, status } = await work()
    await endSchedule(pool, name, { at: clock.now(), run, status, requestedAt })
    return outcome
  } catch (error) {
    const end = { at: clock.now(), run: null, status: 'failed', requestedAt } as const
    await endSchedule(pool, name, end).catch((cause: unknown) =>
      log.warn({ reason: redact(messageOf(cause)) }, 'how a schedule ended could not be noted'),
    )
    throw error
  }
}

/**
 * Asks the process that keeps series current to do a schedule's work now; false where there is none.
 * @throws StockyardError `SCHEDULE_PAUSED`
 */
export async function orderWork(pool: Pool, name: ScheduleName, now: number): Promise<boolean> {
  if (await requestRun(pool, name, now)) return true
  const schedule = (await readSchedules(pool)).find((one) => one.name === name)
  if (schedule?.pausedAt === null) return false
  throw new StockyardError('conflict', 'SCHEDULE_PAUSED', `The schedule ${name} is paused.`, {
    hint: `Let it go on, which does what it missed: stockyard schedule resume ${name}`,
  })
}

/** What came of a schedule's work where somebody waits for it. */
export interface WorkDone {
  readonly summaries: readonly FetchSummary[]
  /** Null where bars were fetched. */
  readonly actions: ActionsOutcome | null
}

/**
 * Does a schedule's work now and here, whether or not it is due.
 * @throws StockyardError `SCHEDULE_BUSY` while another process does it or keeps series current
 */
export async function workNow(context: RoundContext, name: ScheduleName): Promise<WorkDone> {
  const lock = await takeRoundLock(context.pool)
  if (lock === null) {
    throw new StockyardError('conflict', 'SCHEDULE_BUSY', 'Another process is at it.', {
      hint: 'Wait until it has ended: stockyard runs shows how far it is.',
      retry: true,
    })
  }
  try {
    const requestedAt = context.clock.now()
    const kept = await listKept(context)
    if (name === 'actions') {
      const symbols = kept.map(({ symbol }) => symbol)
      const wish = { symbols, providers: context.providers, which: 'all' } as const
      return { summaries: [], actions: await doActions(context, wish, requestedAt) }
    }
    const { summaries } = await doBars(context, kept, context.providers, requestedAt)
    return { summaries, actions: null }
  } finally {
    await lock.release()
  }
}
