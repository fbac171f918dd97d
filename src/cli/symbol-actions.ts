/** `stockyard symbols actions`: splits and dividends. */
import type { Command } from 'commander'
import { refreshActions } from '../load/refresh-actions.ts'
import { readActions, type ActionRow } from '../query/actions.ts'
import { parseBound, type Bound } from '../query/bound.ts'
import { PROVIDERS } from '../providers/registry.ts'
import type { Run } from './commands.ts'
import { askForEach } from './each-symbol.ts'
import { withPresentKind } from './open-store.ts'
import { addExamples, readSymbol } from './options.ts'
import { writeJson } from './output.ts'
import { providerOption } from './provider-option.ts'
import type { CommandContext } from './run-command.ts'
import { simulatedNote } from './simulated-note.ts'
import { formatTable } from './table.ts'

interface ActionsOptions {
  readonly json?: boolean
  readonly refresh?: boolean
  readonly provider?: string
  readonly asOf?: Bound
}

export function defineActions(symbols: Command, run: Run): void {
  const command = symbols
    .command('actions')
    .description('List the splits and dividends of a symbol, with the vendor that told of each.')
    .argument('<symbol>', 'the symbol')
    .option(
      '--refresh',
      'ask a vendor for all of them first; some tell them along with bars anyway',
    )
    .addOption(providerOption('only what this vendor says'))
    .option('--as-of <time>', 'as known at an instant or at the end of a date', (text) =>
      parseBound(text, '--as-of'),
    )
    .action((typed: string, options: ActionsOptions) =>
      run(options, (context) => actions(context, readSymbol(typed), options)),
    )
  addExamples(command, [
    ['symbols actions AAPL', 'as they are known'],
    ['symbols actions AAPL --as-of 2024-06-03', 'as they were known when that date ended'],
    ['symbols actions AAPL --refresh -p polygon --json', 'asked for now, for a script'],
  ])
}

async function actions(
  context: CommandContext,
  symbol: string,
  options: ActionsOptions,
): Promise<void> {
  if (options.refresh === true) await refresh(context, symbol, options.provider)
  const store = await withPresentKind(await context.openStore())
  const { provider, asOf } = options
  const rows = await readActions(store.pool, symbol, { provider, asOf })
  if (context.json) {
    await writeJson(context.stdout, { simulated: store.simulated, data: rows, next: null })
  } else if (rows.length === 0) {
    await context.stdout.write(`No splits or dividends of ${symbol} are known.\n`)
  } else {
    await context.stdout.write(actionTable(context, rows))
    if (store.simulated) await context.stderr.write(`${simulatedNote(store)}none of them is real\n`)
  }
}

async function refresh(
  context: CommandContext,
  symbol: string,
  named: string | undefined,
): Promise<void> {
  const config = await context.config()
  const able = PROVIDERS.find(
    ({ id, requestActions }) =>
      requestActions !== undefined && config.providers[id]?.key !== undefined,
  )
  // Where nobody can, the first one says why.
  const provider = named ?? able?.id ?? PROVIDERS[0]!.id
  const [unserved] = await askForEach(context, config, [symbol], provider, refreshActions)
  if (unserved !== undefined) throw unserved.error
}

function actionTable(context: CommandContext, rows: readonly ActionRow[]): string {
  return formatTable(
    context.stdout,
    [
      { title: 'ex date', value: (row) => row.ex_date },
      { title: 'kind', value: (row) => row.kind },
      { title: 'value', align: 'right', value: valueText },
      { title: 'currency', value: (row) => row.currency },
      { title: 'shares', value: (row) => (row.basis === 'split' ? 'of today' : null) },
      { title: 'from', value: (row) => row.provider },
      { title: 'status', value: (row) => row.status },
      { title: 'applied', value: appliedText },
    ],
    rows,
  )
}

/** Nothing for a row that only confirms the one that is applied. */
function appliedText({ applied, status }: ActionRow): string | null {
  if (applied) return 'yes'
  return status === 'suspicious' || status === 'refused' ? 'no' : null
}

function valueText(row: ActionRow): string {
  return row.kind === 'split' ? `${row.new_shares} for ${row.old_shares}` : String(row.amount)
}
