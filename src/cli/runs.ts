/** `stockyard runs`: past runs, and the tasks of one. */
import type { StoredTask } from '../db/read-runs.ts'
import { readRun, readRuns, type RunDetails, type RunSummary } from '../query/runs.ts'
import type { Define } from './commands.ts'
import { addExamples, limitOption, wholeNumber } from './options.ts'
import { writeJson, plainText } from './output.ts'
import type { CommandContext } from './run-command.ts'
import { formatSpan, formatTable } from './table.ts'
import { COUNT_COLUMNS } from './task-columns.ts'

interface RunsOptions {
  readonly json?: boolean
  readonly limit: number
}

export const define: Define = (command, run) => {
  command
    .argument('[id]', 'one run, with its tasks', wholeNumber('The run', 1, Number.MAX_SAFE_INTEGER))
    .addOption(limitOption(20))
    .action((id: number | undefined, options: RunsOptions) =>
      run(options, (context) => runs(context, id, options)),
    )
  addExamples(command, [
    ['runs', 'the newest runs'],
    ['runs 12', 'the tasks of one, with what failed and why'],
    ['runs --json | jq .data[0].status', 'how the last one ended'],
  ])
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
  return `${runsTable(context, [details])}\n${table}${notes.map((note) => `${plainText(note)}\n`).join('')}`
}
