/** `stockyard runs`: past runs, and the tasks of one. */
import { TASKS_KEPT_DAYS } from '../db/run-retention.ts'
import type { StoredTask } from '../db/read-runs.ts'
import {
  cancelKnownRun,
  readRun,
  readRuns,
  type RunDetails,
  type RunSummary,
} from '../query/runs.ts'
import type { Command } from 'commander'
import type { Define, Run } from './commands.ts'
import { addDefaultOptions, addExamples, limitOption, wholeNumber } from './options.ts'
import { writeJson, plainText } from './output.ts'
import type { CommandContext } from './run-command.ts'
import { formatSpan, formatTable } from './table.ts'
import { COUNT_COLUMNS } from './task-columns.ts'

interface RunsOptions {
  readonly json?: boolean
  readonly limit: number
}

export const define: Define = (command, run) => {
  addDefaultOptions(command, defineList(command, run))
  defineCancel(command, run)
  addExamples(command, [
    ['runs', 'the newest runs; the same as runs list'],
    ['runs 12', 'the tasks of one, with what failed and why'],
    ['runs cancel 12', 'ends one, whichever process does it'],
    ['runs --json | jq .data[0].status', 'how the last one ended'],
  ])
}

const readId = wholeNumber('The run', 1, Number.MAX_SAFE_INTEGER)

function defineList(parent: Command, run: Run): Command {
  const command = parent
    .command('list', { isDefault: true })
    .description('List runs, the newest first, or show one with its tasks.')
    .argument('[id]', 'one run, with its tasks', readId)
    .addOption(limitOption(20))
    .action((id: number | undefined, options: RunsOptions) =>
      run(options, (context) => runs(context, id, options)),
    )
  return addExamples(command, [
    ['runs list -n 5', 'the newest five'],
    ['runs list 12 --json', 'one with its tasks, for a script'],
  ])
}

function defineCancel(parent: Command, run: Run): void {
  const command = parent
    .command('cancel')
    .description(
      'End a run within the answer in hand, whichever process does it; one that waits ends at once.',
    )
    .argument('<id>', 'the run', readId)
    .action((id: number, options: { json?: boolean }) =>
      run(options, (context) => cancel(context, id)),
    )
  addExamples(command, [
    ['runs cancel 12', 'what is stored stays, and the next run goes on from there'],
    ['runs cancel 12 --json', 'the run as it is now, for a script'],
  ])
}

async function cancel(context: CommandContext, id: number): Promise<void> {
  const { pool } = await context.openStore()
  await cancelKnownRun(pool, id)
  const run = await readRun(pool, id)
  const isOver = run.finished_at !== null
  if (context.json) await writeJson(context.stdout, run)
  else
    await context.stdout.write(
      `Run ${id} ${isOver ? 'was taken out of the queue' : 'is about to end'}.\n`,
    )
}

async function runs(
  context: CommandContext,
  id: number | undefined,
  options: RunsOptions,
): Promise<void> {
  const store = await context.openStore()
  if (id !== undefined) {
    const details = await readRun(store.pool, id)
    if (context.json) await writeJson(context.stdout, details)
    else await context.stdout.write(detailsText(context, details))
    return
  }
  const found = await readRuns(store.pool, { limit: options.limit })
  if (context.json) await writeJson(context.stdout, found)
  else if (found.data.length === 0) await context.stdout.write('No run yet.\n')
  else await context.stdout.write(runsTable(context, found.data))
}

function runsTable(context: CommandContext, rows: readonly RunSummary[]): string {
  return formatTable(
    context.stdout,
    [
      { title: 'run', align: 'right', value: (row) => row.run },
      { title: 'job', value: (row) => row.job },
      { title: 'status', value: (row) => row.status },
      { title: 'started (UTC)', value: (row) => row.started_at.slice(0, 19).replace('T', ' ') },
      { title: 'took', align: 'right', value: tookText },
      { title: 'symbols', align: 'right', value: (row) => row.symbols },
      { title: 'calls', align: 'right', value: (row) => row.requests },
      { title: 'bars', align: 'right', value: (row) => row.fetched },
      { title: 'new', align: 'right', value: (row) => row.inserted },
      { title: 'changed', align: 'right', value: (row) => row.updated },
      { title: 'refused', align: 'right', value: (row) => row.rejected },
      { title: 'failed', align: 'right', value: (row) => row.failed },
    ],
    rows,
  )
}

function tookText(run: RunSummary): string | null {
  if (run.finished_at === null) return null
  return formatSpan(Date.parse(run.finished_at) - Date.parse(run.started_at))
}

function detailsText(context: CommandContext, details: RunDetails): string {
  const table = formatTable<StoredTask>(
    context.stdout,
    [
      { title: 'symbol', value: (task) => task.symbol },
      { title: 'interval', value: (task) => task.interval },
      { title: 'provider', value: (task) => task.provider },
      { title: 'status', value: (task) => task.status },
      { title: 'calls', align: 'right', value: (task) => task.requests },
      ...COUNT_COLUMNS,
    ],
    details.tasks,
  )
  const notes = details.tasks.flatMap((task) => [
    ...task.notes.map((note) => `${task.symbol} ${task.interval}: ${note}`),
    ...(task.error === null
      ? []
      : [`${task.symbol} ${task.interval}: ${task.error.message} (${task.error.code})`]),
  ])
  if (details.tasks.length === 0 && details.symbols > 0)
    notes.push(`Its tasks were dropped after ${TASKS_KEPT_DAYS} days.`)
  return `${runsTable(context, [details])}\n${table}${notes.map((note) => `${plainText(note)}\n`).join('')}`
}
