/** `stockyard revisions`: final bars that a vendor changed, with the values before and after. */
import type { BarValues } from '../domain/bar-batch.ts'
import type { Interval } from '../domain/interval.ts'
import { readRevisions, type Revision } from '../query/revisions.ts'
import type { Define } from './commands.ts'
import { addExamples, intervalOption, limitOption, readSymbol } from './options.ts'
import { writeJson } from './output.ts'
import { barProviderOption } from './provider-option.ts'
import type { CommandContext } from './run-command.ts'
import { formatTable } from './table.ts'

interface RevisionsOptions {
  readonly json?: boolean
  readonly limit: number
  readonly interval?: Interval
  readonly provider?: string
}

export const define: Define = (command, run) => {
  command
    .argument('<symbol>', 'the symbol')
    .addOption(intervalOption('one interval only'))
    .addOption(barProviderOption())
    .addOption(limitOption(50))
    .action((symbol: string, options: RevisionsOptions) =>
      run(options, (context) => revisions(context, readSymbol(symbol), options)),
    )
  addExamples(command, [
    ['revisions AAPL', 'the newest changes'],
    ['revisions AAPL -i 1d --limit 5', 'of daily bars'],
    ['revisions AAPL --json | jq .data[0].old.close', 'an earlier value, for a script'],
  ])
}

async function revisions(
  context: CommandContext,
  symbol: string,
  options: RevisionsOptions,
): Promise<void> {
  const store = await context.openStore()
  const found = await readRevisions(store.pool, {
    symbol,
    interval: options.interval,
    provider: options.provider,
    limit: options.limit,
  })
  if (context.json) {
    await writeJson(context.stdout, found)
    return
  }
  const rows = found.data.flatMap(changedValues)
  if (rows.length === 0) await context.stdout.write(`No final bar of ${symbol} was ever changed.\n`)
  else await context.stdout.write(revisionTable(context, rows))
}

interface ChangedValue {
  readonly revision: Revision
  readonly column: keyof BarValues
}

/** A row for each value that differs, as a person looks for those. */
function changedValues(revision: Revision): ChangedValue[] {
  const columns = Object.keys(revision.old) as (keyof BarValues)[]
  return columns
    .filter((column) => revision.old[column] !== (revision.new?.[column] ?? null))
    .map((column) => ({ revision, column }))
}

function valueText(value: number | null): string {
  return value === null ? '–' : String(value)
}

function revisionTable(context: CommandContext, rows: readonly ChangedValue[]): string {
  return formatTable(
    context.stdout,
    [
      { title: 'bar', value: ({ revision }) => revision.session ?? revision.ts ?? '' },
      { title: 'interval', value: ({ revision }) => revision.interval },
      { title: 'provider', value: ({ revision }) => revision.provider },
      { title: 'value', value: ({ column }) => column },
      {
        title: 'was',
        align: 'right',
        value: ({ revision, column }) => valueText(revision.old[column]),
      },
      {
        title: 'is',
        align: 'right',
        value: ({ revision, column }) =>
          revision.new === null ? 'removed' : valueText(revision.new[column]),
      },
      {
        title: 'changed (UTC)',
        value: ({ revision }) => revision.changed_at.slice(0, 19).replace('T', ' '),
      },
      { title: 'run', align: 'right', value: ({ revision }) => revision.run },
    ],
    rows,
  )
}
