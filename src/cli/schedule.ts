/** `stockyard schedule`: what is done by itself, when next and by whom; pausing it, and doing it now. */
import type { Command } from 'commander'
import { pauseSchedule, resumeSchedule } from '../db/schedules.ts'
import { requireSchedule, SCHEDULE_NAMES, type ScheduleName } from '../domain/schedule.ts'
import { orderWork, type WorkDone } from '../load/schedule-work.ts'
import { readSchedule, readSchedules, type Schedule } from '../query/schedules.ts'
import type { Define, Run } from './commands.ts'
import { exitCodeOf, summaryText } from './fetch.ts'
import { localUser } from './local-user.ts'
import type { Store } from './open-store.ts'
import { addExamples } from './options.ts'
import { plainText, writeJson } from './output.ts'
import type { CommandContext } from './run-command.ts'
import { workHere } from './schedule-work.ts'
import { formatTable } from './table.ts'

interface ScheduleOptions {
  readonly json?: boolean
  readonly reason?: string
}

const REASON_LENGTH_MAX = 500

export const define: Define = (command, run) => {
  command.description(
    'What stockyard up does by itself: when it does it next, pausing it, and doing it now.',
  )
  const list = command
    .command('list')
    .description('The schedules: when each is done next and by whom, and why not.')
    .action((options: ScheduleOptions) => run(options, showAll))
  addExamples(list, [
    ['schedule list', 'what is done when'],
    ["schedule list --json | jq -r '.data[].next_at'", 'for a script'],
  ])
  const pause = defineOne(command, run, {
    verb: 'pause',
    description: 'Do it no more until it is resumed; the batch in hand is finished.',
    work: pauseOne,
  }).option('--reason <words>', 'why, for those who see it later')
  addExamples(pause, [
    ['schedule pause keep-current --reason "moving house"', 'no bars are fetched'],
  ])
  const resume = defineOne(command, run, {
    verb: 'resume',
    description: 'Let it go on; what it missed is done at once.',
    work: resumeOne,
  })
  addExamples(resume, [['schedule resume keep-current', 'and a round at once']])
  const now = defineOne(command, run, {
    verb: 'run',
    description:
      'Do it now: by the process that keeps series current, or here where there is none.',
    work: runOne,
  })
  addExamples(now, [['schedule run keep-current', 'a round over the watch list']])
  addExamples(command, [
    ['schedule list', 'what is done when'],
    ['schedule pause keep-current --reason "moving house"', 'no bars are fetched'],
  ])
}

interface Deed {
  readonly verb: string
  readonly description: string
  readonly work: (
    context: CommandContext,
    name: ScheduleName,
    options: ScheduleOptions,
  ) => Promise<number | void>
}

function defineOne(command: Command, run: Run, { verb, description, work }: Deed): Command {
  return command
    .command(verb)
    .description(description)
    .argument('<name>', `one of ${SCHEDULE_NAMES.join(', ')}`)
    .action((name: string, options: ScheduleOptions) =>
      run(options, (context) => work(context, requireSchedule(name), options)),
    )
}

async function showAll(context: CommandContext): Promise<void> {
  const { etlEnabled } = await context.config()
  const store = await context.openStore()
  const data = await readSchedules(store.pool, etlEnabled)
  if (context.json) await writeJson(context.stdout, { data, next: null })
  else await context.stdout.write(schedulesTable(context, data))
}

function schedulesTable(context: CommandContext, rows: readonly Schedule[]): string {
  return formatTable(
    context.stdout,
    [
      { title: 'schedule', value: (row) => row.name },
      { title: 'state', value: (row) => row.state },
      { title: 'next (UTC)', value: (row) => minute(row.next_at) },
      { title: 'done by', value: ({ keeper }) => keeper && `${keeper.host}, pid ${keeper.pid}` },
      { title: 'last (UTC)', value: (row) => minute(row.last_at) },
      { title: 'ended', value: (row) => row.last_status },
      { title: 'run', align: 'right', value: (row) => row.last_run },
      { title: 'why', value: (row) => row.why },
    ],
    rows,
  )
}

function minute(instant: string | null): string | null {
  return instant?.slice(0, 16).replace('T', ' ') ?? null
}

async function pauseOne(
  context: CommandContext,
  name: ScheduleName,
  options: ScheduleOptions,
): Promise<void> {
  const reason = plainText(options.reason ?? '').trim()
  const store = await context.openStore()
  await pauseSchedule(store.pool, name, {
    by: `user:${localUser()}`,
    reason: reason === '' ? null : reason.slice(0, REASON_LENGTH_MAX),
    now: context.clock.now(),
  })
  await showOne(
    context,
    store,
    name,
    `${name} is paused. To go on: stockyard schedule resume ${name}`,
  )
}

async function resumeOne(context: CommandContext, name: ScheduleName): Promise<void> {
  const store = await context.openStore()
  await resumeSchedule(store.pool, name)
  await showOne(context, store, name, `${name} is not paused.`)
}

async function showOne(
  context: CommandContext,
  store: Store,
  name: ScheduleName,
  sentence: string,
): Promise<void> {
  if (!context.json) {
    await context.stdout.write(`${sentence}\n`)
    return
  }
  const { etlEnabled } = await context.config()
  await writeJson(context.stdout, await readSchedule(store.pool, name, etlEnabled))
}

async function runOne(context: CommandContext, name: ScheduleName): Promise<number> {
  const { etlEnabled } = await context.config()
  const store = await context.openStore({ writes: true })
  const isAsked = await orderWork(store.pool, name, context.clock.now())
  const done = isAsked ? null : await workHere(context, store, name)
  const schedule = await readSchedule(store.pool, name, etlEnabled)
  const { summaries = [], actions = null } = done ?? {}
  if (context.json) {
    const by = isAsked ? schedule.keeper : null
    await writeJson(context.stdout, { schedule, asked: isAsked, by, runs: summaries, actions })
  } else {
    await context.stdout.write(done === null ? askedText(schedule) : doneText(context, store, done))
  }
  return done === null ? 0 : exitCode(done)
}

function askedText({ name, keeper }: Schedule): string {
  const by = keeper === null ? '' : ` (${keeper.host}, pid ${keeper.pid})`
  return `${name} was asked for; the process that keeps series current does it now${by}. See: stockyard schedule list\n`
}

function doneText(context: CommandContext, store: Store, { summaries, actions }: WorkDone): string {
  if (actions === null) {
    return summaries.map((summary) => summaryText(context, store, summary)).join('\n')
  }
  const { calls, answered, failed } = actions
  if (answered + failed === 0) return 'No instrument has splits and dividends to ask for.\n'
  const failures = failed === 0 ? '' : `; ${failed} not, which the log tells`
  return `Splits and dividends came of ${answered} ${answered === 1 ? 'instrument' : 'instruments'}${failures}. ${calls} calls.\n`
}

function exitCode({ summaries, actions }: WorkDone): number {
  if (actions !== null) return actions.failed === 0 ? 0 : 1
  return Math.max(0, ...summaries.map(exitCodeOf))
}
