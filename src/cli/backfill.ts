/** `stockyard backfill`: history, planned inside the budget and resumable at every call. */
import { Option } from 'commander'
import type { Config } from '../config.ts'
import { LANES, type Lane } from '../domain/budget.ts'
import { nextCallAt, planBackfill, type BackfillPlan } from '../load/backfill.ts'
import type { FetchSummary } from '../load/fetch-series.ts'
import { openCalendars } from '../load/open-calendars.ts'
import { spanOf } from '../load/plan-backfill.ts'
import { expectShortLivedMemory } from '../load/short-lived-memory.ts'
import { parseBudget } from '../providers/budget.ts'
import { sleep } from '../providers/fetch.ts'
import { planJson, planText } from './backfill-plan.ts'
import { withActions } from './ask-actions.ts'
import type { Define } from './commands.ts'
import { exitCodeOf, summaryText, watchedSymbols } from './fetch.ts'
import { addSeriesOptions, type SeriesOptions } from './fetch-options.ts'
import {
  chooseProviders,
  fetchSymbols,
  withoutStrangers,
  type SymbolsWish,
} from './fetch-symbols.ts'
import { withPresentKind, type Store } from './open-store.ts'
import {
  addExamples,
  checkBegun,
  checkPeriod,
  firstDay,
  readSymbols,
  wholeNumber,
} from './options.ts'
import { writeJson } from './output.ts'
import type { WorkPlan } from './progress.ts'
import type { CommandContext } from './run-command.ts'
import { formatSpan } from './table.ts'

interface BackfillOptions extends SeriesOptions {
  readonly dryRun?: boolean
  readonly wait?: boolean
  readonly lane: Lane
  readonly parallel: number
}

export const define: Define = (command, run) => {
  command.description(
    'Get history, symbol by symbol and oldest first: final sessions only, each call at most once, resumable at every call.',
  )
  addSeriesOptions(command, {
    days: 'so many days back from today',
    actions: 'ask for splits and dividends of all symbols, where that is due',
  })
    .option('--dry-run', 'print the plan (calls, time, rows, room on disk) and spend nothing')
    .option('--wait', 'where the budget is used up, wait for the reset and go on')
    .addOption(
      new Option('--lane <lane>', 'whose turn its calls have in the budget')
        .choices(LANES)
        .default('backfill'),
    )
    .addOption(
      new Option('--parallel <n>', 'calls under way at a time; a crash costs at most as many')
        .argParser(wholeNumber('--parallel', 1, 16))
        .default(1),
    )
    .action((symbols: string[], options: BackfillOptions) =>
      run(options, (context) => backfillCommand(context, readSymbols(symbols), options)),
    )
  addExamples(command, [
    ['backfill AAPL MSFT -i 1m --days 90', 'minutes of the last 90 days'],
    ['backfill -i 1m --from 2020-01-01 --dry-run', 'what it would cost for the watch list'],
    ['backfill -i 1m --from 2020-01-01 --wait', 'however many days the budget takes'],
  ])
}

/** What one backfill works with. */
export interface Backfill {
  readonly context: CommandContext
  readonly store: Store
  readonly config: Config
  readonly wish: SymbolsWish
  readonly lane: Lane
}

async function backfillCommand(
  context: CommandContext,
  symbols: readonly string[],
  options: BackfillOptions,
): Promise<number> {
  checkPeriod(options)
  const now = context.clock.now()
  checkBegun(options, now)
  firstDay(options, now)
  expectShortLivedMemory()
  const config = await context.config()
  const intervals = options.interval ?? [config.defaultInterval]
  const providers = chooseProviders(options.provider, config, intervals)
  const store = await context.openStore({ writes: true })
  const calendarOf = await openCalendars(store.pool, config.home)
  const today = calendarOf('XNYS').localDay(now)
  const wish: SymbolsWish = {
    symbols: symbols.length > 0 ? symbols : await watchedSymbols(store, config),
    intervals,
    providers: await withoutStrangers(store, config, providers),
    from: firstDay(options, today) ?? firstDay({ days: config.defaultDays }, today),
    until: options.until ?? null,
    force: options.force === true,
    job: 'backfill',
    parallel: options.parallel,
    finalOnly: true,
  }
  const plan = await planBackfill(
    { pool: store.pool, configs: config.providers, calendarOf, now },
    { ...wish, defaultDays: config.defaultDays },
  )
  if (options.dryRun === true) {
    if (context.json) await writeJson(context.stdout, planJson(plan))
    else await context.stdout.write(planText(context.stdout, plan))
    return 0
  }
  const work = { context, store, config, wish, lane: options.lane }
  const fetched = await runToTheEnd(work, plan, options.wait === true)
  const summary =
    options.actions === true
      ? await withDueActions(work, fetched)
      : await withPlannedActions(work, plan, fetched)
  if (context.json) await writeJson(context.stdout, summary)
  else await context.stdout.write(summaryText(context, await withPresentKind(store), summary))
  return isExhausted(summary) ? 5 : exitCodeOf(summary)
}

/** Asks for the splits and dividends of the plan, unless the bars are not all in for want of calls. */
async function withPlannedActions(
  { context, config, wish }: Backfill,
  plan: BackfillPlan,
  summary: FetchSummary,
): Promise<FetchSummary> {
  if (isExhausted(summary) || plan.actions.length === 0) return summary
  const symbols = new Set(plan.actions.map(({ symbol }) => symbol))
  const { providers } = wish
  return await withActions(context, config, summary, { providers, which: 'unanswered', symbols })
}

/** Asks for the splits and dividends that are due, unless the bars are not all in for want of calls. */
async function withDueActions(
  { context, config, wish }: Backfill,
  summary: FetchSummary,
): Promise<FetchSummary> {
  if (isExhausted(summary)) return summary
  const { providers } = wish
  return await withActions(context, config, summary, { providers, which: 'due' })
}

/** Runs it; where the budget is used up and waiting is wanted, again after each reset. */
export async function runToTheEnd(
  work: Backfill,
  plan: BackfillPlan,
  waits: boolean,
): Promise<FetchSummary> {
  const { context, store, config, lane } = work
  const workPlan = toWorkPlan(plan)
  let summary = await fetchSymbols(context, store, config, work.wish, { lane, plan: workPlan })
  if (!waits) return summary
  while (isExhausted(summary) && !isCancelled(summary) && !context.signal.aborted) {
    await waitForCalls(work, summary)
    const left = new Set(summary.tasks.filter(isUnfinished).map((task) => task.symbol))
    const wish = { ...work.wish, symbols: work.wish.symbols.filter((symbol) => left.has(symbol)) }
    const next = await fetchSymbols(context, store, config, wish, { lane, plan: workPlan })
    summary = addSummaries(summary, next)
  }
  return summary
}

function toWorkPlan(plan: BackfillPlan): WorkPlan {
  // The day's limit has a number of its own beside this; what is left of it decides nothing here.
  const day = { left: Infinity, endsAt: 0 }
  const budgets = plan.providers.map(({ budget }) => parseBudget(budget))
  return {
    calls: plan.series.reduce((total, { calls }) => total + calls, 0),
    spanMs: (calls) => Math.max(0, ...budgets.map((budget) => spanOf(calls, budget, day, 0).ms)),
  }
}

async function waitForCalls(work: Backfill, summary: FetchSummary): Promise<void> {
  const { context, store, config, lane } = work
  const now = context.clock.now()
  const ids = new Set(summary.tasks.filter(isOutOfCalls).map((task) => task.provider))
  const halted = work.wish.providers.filter(({ id }) => ids.has(id))
  const instants = await Promise.all(
    halted.map((provider) =>
      nextCallAt({ pool: store.pool, configs: config.providers }, provider, lane, now),
    ),
  )
  const at = Math.min(...instants)
  const time = new Date(at).toISOString().slice(0, 16).replace('T', ' ')
  await context.stderr.write(`waiting ${formatSpan(at - now)}, until ${time} UTC, for calls\n`)
  await sleep(context.clock, at - now, context.signal)
}

type TaskSummary = FetchSummary['tasks'][number]

function isOutOfCalls(task: TaskSummary): boolean {
  return task.error?.code === 'BUDGET_EXHAUSTED'
}

function isExhausted(summary: FetchSummary): boolean {
  return summary.tasks.some(isOutOfCalls)
}

/** True where the run ended before its time. */
function isCancelled(summary: FetchSummary): boolean {
  return summary.tasks.some(({ error }) => error?.code === 'INTERRUPTED')
}

/** True for tasks that ended for want of calls, or before they began. */
function isUnfinished(task: TaskSummary): boolean {
  return isOutOfCalls(task) || task.status === 'pending'
}

function nameOf(task: TaskSummary): string {
  return `${task.symbol} ${task.interval}`
}

/** One summary of two runs of the same work: the later one's states, and the bars and calls of both. */
function addSummaries(before: FetchSummary, after: FetchSummary): FetchSummary {
  const later = new Map(after.tasks.map((task) => [nameOf(task), task]))
  const tasks = before.tasks.map((task) => {
    const next = later.get(nameOf(task))
    return next === undefined ? task : { ...next, ...addCounts(task, next) }
  })
  const failed = tasks.filter((task) => task.status !== 'succeeded').length
  const unlike = failed === tasks.length ? 'failed' : 'partial'
  return {
    ...after,
    ...addCounts(before, after),
    status: failed === 0 ? 'succeeded' : unlike,
    symbols: before.symbols,
    requests: before.requests + after.requests,
    tasks,
  }
}

const COUNTS = ['fetched', 'inserted', 'updated', 'unchanged', 'rejected'] as const
type Counts = Readonly<Record<(typeof COUNTS)[number], number>>

function addCounts(a: Counts, b: Counts): Counts {
  return {
    fetched: a.fetched + b.fetched,
    inserted: a.inserted + b.inserted,
    updated: a.updated + b.updated,
    unchanged: a.unchanged + b.unchanged,
    rejected: a.rejected + b.rejected,
  }
}
