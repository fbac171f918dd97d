/**
 * Keeps the watch list current while a process runs: a round of fetching at the start, then whenever the
 * calendars say that there can be something new, as far as the budgets go; and splits and dividends when
 * they are due. Of several processes on a database one does it, and heeds what people say of the schedules.
 */
import { takeRoundLock, type RoundLock } from '../db/round-lock.ts'
import {
  endSchedule,
  planSchedules,
  readScheduleNews,
  readSchedules,
  SCHEDULES_CHANNEL,
  takeSchedules,
  type StoredSchedule,
} from '../db/schedules.ts'
import { messageOf } from '../domain/error.ts'
import { SCHEDULE_NAMES, type ScheduleName } from '../domain/schedule.ts'
import { redact } from '../log.ts'
import { nextActionsAt } from './keep-actions.ts'
import { keepReference } from './keep-reference.ts'
import { blockedUntil, findWakes, listKept, type Kept, type RoundContext } from './round.ts'
import { doActions, doBars } from './schedule-work.ts'

export type KeepCurrentContext = RoundContext

const MINUTE_MS = 60_000

type Schedules = Readonly<Record<ScheduleName, StoredSchedule>>

/** What is known from one wake-up to the next. */
interface State {
  /** Null while another process does the rounds. */
  lock: RoundLock | null
  /** Symbols of the last round; one that is not among them makes a round due. */
  done: ReadonlySet<string>
  /** When the next round is due. */
  wakeAt: number
  /** When each vendor's series are due, by its id; one that is not in it is due at once. */
  wakes: ReadonlyMap<string, number>
  /** When splits and dividends are due, if that is before the next round. */
  actionsAt: number
  /** Schedules that people paused. */
  paused: ReadonlySet<ScheduleName>
  /** Aborted by news, which are worth a wake-up. */
  news: AbortController
  /** Aborted when a schedule is paused: ends its work within the batch in hand. */
  stops: Readonly<Record<ScheduleName, AbortController>>
}

/**
 * Runs until the signal is aborted. A round that fails is logged, and the next one tries again.
 * Returns early where the store refuses what the vendors send: no later round would do better.
 */
export async function keepCurrent(context: KeepCurrentContext): Promise<void> {
  const state: State = {
    lock: null,
    done: new Set(),
    wakeAt: 0,
    wakes: new Map(),
    actionsAt: 0,
    paused: new Set(),
    ...freshSignals(),
  }
  try {
    while (!context.signal.aborted) {
      if (!(await stepSafely(context, state))) return
      await rest(context, state)
    }
  } finally {
    await state.lock?.release()
  }
}

function freshSignals(): Pick<State, 'news' | 'stops'> {
  const stops = { 'keep-current': new AbortController(), actions: new AbortController() }
  return { news: new AbortController(), stops }
}

/** One wake-up; false where there is no sense in going on. */
async function stepSafely(context: KeepCurrentContext, state: State): Promise<boolean> {
  try {
    return await step(context, state)
  } catch (error) {
    if (context.signal.aborted) return false
    context.log.error({ err: error }, `a round failed: ${redact(messageOf(error))}`)
    state.wakeAt = context.clock.now() + context.everyMinutes * MINUTE_MS
    state.actionsAt = Math.max(state.actionsAt, state.wakeAt)
    return true
  }
}

async function step(context: KeepCurrentContext, state: State): Promise<boolean> {
  // Before the table is read: what is said from then on comes as news.
  Object.assign(state, freshSignals())
  if (!(await holdLock(context, state))) return true
  const schedules = await readByName(context)
  heedPauses(state, schedules)
  const kept = await listKept(context)
  const due = findDue(context, state, kept, schedules)
  const goesOn = due.bars || due.actions ? await work(context, state, kept, schedules, due) : true
  if (goesOn) await tellPlan(context, state, schedules)
  return goesOn
}

/** True where this process does the rounds. */
async function holdLock({ pool }: KeepCurrentContext, state: State): Promise<boolean> {
  if (state.lock?.held() === true) return true
  await state.lock?.release()
  state.lock = await takeRoundLock(pool, {
    channel: SCHEDULES_CHANNEL,
    onNews: (payload) => {
      const { deed, name } = readScheduleNews(payload)
      if (deed === 'paused') state.stops[name].abort()
      state.news.abort()
    },
  })
  if (state.lock === null) return false
  await takeSchedules(pool, state.lock.session)
  // Whoever takes over begins with a round: nobody knows what the other one still did.
  state.wakeAt = 0
  state.wakes = new Map()
  return true
}

async function readByName({ pool }: KeepCurrentContext): Promise<Schedules> {
  const rows = await readSchedules(pool)
  return Object.fromEntries(rows.map((row) => [row.name, row])) as Record<
    ScheduleName,
    StoredSchedule
  >
}

/** What goes on after a pause is due at once: nobody knows what it missed. */
function heedPauses(state: State, schedules: Schedules): void {
  const paused = new Set(SCHEDULE_NAMES.filter((name) => schedules[name].pausedAt !== null))
  const isResumed = (name: ScheduleName) => state.paused.has(name) && !paused.has(name)
  if (isResumed('keep-current')) {
    state.wakeAt = 0
    state.wakes = new Map()
  }
  if (isResumed('actions')) state.actionsAt = 0
  state.paused = paused
}

interface Due {
  readonly bars: boolean
  readonly actions: boolean
  /** True where bars of all vendors are. */
  readonly all: boolean
}

function findDue(
  { clock }: KeepCurrentContext,
  { done, wakeAt, actionsAt, paused }: State,
  kept: readonly Kept[],
  schedules: Schedules,
): Due {
  const now = clock.now()
  const isNew = kept.some(({ symbol }) => !done.has(symbol))
  const isRequested = (name: ScheduleName) => schedules[name].runRequestedAt !== null
  const isRound = isNew || now >= wakeAt
  const isActionsTime = isRound || now >= actionsAt || isRequested('actions')
  return {
    bars: !paused.has('keep-current') && (isRound || isRequested('keep-current')),
    actions: !paused.has('actions') && isActionsTime,
    all: isNew || isRequested('keep-current'),
  }
}

/** Does what is due, unless no vendor may be called before a time; false where there is no sense in going on. */
async function work(
  context: KeepCurrentContext,
  state: State,
  kept: readonly Kept[],
  schedules: Schedules,
  due: Due,
): Promise<boolean> {
  const now = context.clock.now()
  const blocked = await blockedUntil(context)
  if (blocked > now) {
    await skip(context, state, schedules, blocked)
    if (due.bars) state.done = new Set(kept.map(({ symbol }) => symbol))
    return true
  }
  const runs = new Map<string, number>()
  if (due.bars) {
    const vendors = context.providers.filter(
      ({ id }) => due.all || (state.wakes.get(id) ?? 0) <= now,
    )
    const asked = schedules['keep-current'].runRequestedAt
    const bars = await doBars(under(context, state, 'keep-current'), kept, vendors, asked)
    for (const { run, tasks } of bars.summaries) {
      for (const { symbol } of tasks) runs.set(symbol, run)
    }
    if (bars.hopeless) {
      context.log.error('the store refuses what the vendors send, so that nothing is kept current')
      return false
    }
    state.done = new Set(kept.map(({ symbol }) => symbol))
    context.signal.throwIfAborted()
  }
  if (due.actions) await askForActions(context, state, kept, schedules, runs)
  context.signal.throwIfAborted()
  await plan(context, state)
  return true
}

/** The context of a schedule's work, which also ends when that schedule is paused. */
function under(context: KeepCurrentContext, state: State, name: ScheduleName): KeepCurrentContext {
  return { ...context, signal: AbortSignal.any([context.signal, state.stops[name].signal]) }
}

async function askForActions(
  context: KeepCurrentContext,
  state: State,
  kept: readonly Kept[],
  { actions: { runRequestedAt } }: Schedules,
  runs: ReadonlyMap<string, number>,
): Promise<void> {
  const { clock, everyMinutes, providers } = context
  const symbols = [...new Set([...kept.map(({ symbol }) => symbol), ...runs.keys()])]
  const which = runRequestedAt === null ? 'due' : 'all'
  const until = clock.now() + everyMinutes * MINUTE_MS
  const wish = { symbols, providers, which, runs, until } as const
  const working = under(context, state, 'actions')
  await doActions(working, wish, runRequestedAt)
  if (!working.signal.aborted) await keepReference(working, symbols, providers)
}

/** All budgets are used up: what was asked for is not done, and the next round is when one may be used again. */
async function skip(
  { clock, log, pool, providers }: KeepCurrentContext,
  state: State,
  schedules: Schedules,
  until: number,
): Promise<void> {
  log.info({ until: new Date(until).toISOString() }, 'all budgets are used up')
  state.wakes = new Map(providers.map(({ id }) => [id, until]))
  state.wakeAt = until
  state.actionsAt = Math.max(state.actionsAt, until)
  for (const { name, runRequestedAt } of Object.values(schedules)) {
    if (runRequestedAt === null) continue
    const end = { at: clock.now(), run: null, status: 'skipped' } as const
    await endSchedule(pool, name, { ...end, requestedAt: runRequestedAt })
  }
}

/** Finds out when to go on. A budget that was used up just now is waited for before the next round. */
async function plan(context: KeepCurrentContext, state: State): Promise<void> {
  const kept = await listKept(context)
  state.wakes = await findWakes(context, kept, await context.openCalendars())
  state.wakeAt = Math.min(...state.wakes.values())
  const symbols = kept.map(({ symbol }) => symbol)
  const actionsAt = await nextActionsAt(context, symbols, context.providers)
  // What is due still was tried just now: the next round tries it again.
  state.actionsAt = actionsAt > context.clock.now() ? actionsAt : state.wakeAt
}

/** Keeps for others to see when what is done next. */
async function tellPlan(
  { pool }: KeepCurrentContext,
  { wakeAt, actionsAt, paused }: State,
  schedules: Schedules,
): Promise<void> {
  const at = { 'keep-current': wakeAt, actions: actionsAt }
  const next = Object.fromEntries(
    SCHEDULE_NAMES.map((name) => [
      name,
      paused.has(name) || !Number.isFinite(at[name]) ? null : at[name],
    ]),
  ) as Record<ScheduleName, number | null>
  const isTold = SCHEDULE_NAMES.every((name) => next[name] === schedules[name].nextAt)
  if (!isTold) await planSchedules(pool, next)
}

/**
 * Sleeps until something is due or there is news, but no longer than the minutes between rounds: symbols
 * may have been added, the machine may have slept, or the process that did the rounds may be gone.
 */
async function rest(context: KeepCurrentContext, state: State): Promise<void> {
  const { clock, everyMinutes, signal } = context
  const { lock, wakeAt, actionsAt, paused, news } = state
  const stepMs = everyMinutes * MINUTE_MS
  const isIdle = lock === null || paused.size === SCHEDULE_NAMES.length
  const dueAt = isIdle ? Infinity : Math.min(wakeAt, paused.has('actions') ? Infinity : actionsAt)
  const leftMs = Math.max(0, dueAt - clock.now())
  try {
    await clock.sleep(Math.min(leftMs, stepMs), AbortSignal.any([signal, news.signal]))
  } catch (error) {
    if (!signal.aborted && !news.signal.aborted) throw error
  }
}
