/** `stockyard rejects`: rows that were refused, with the reason and the vendor's own text. */
import { readRejects, type RejectRow } from '../query/runs.ts'
import type { Define } from './commands.ts'
import { addExamples, limitOption, readSymbol, wholeNumber } from './options.ts'
import { writeJson } from './output.ts'
import { providerOption } from './provider-option.ts'
import type { CommandContext } from './run-command.ts'
import { formatTable } from './table.ts'

interface RejectsOptions {
  readonly json?: boolean
  readonly limit: number
  readonly provider?: string
  readonly rule?: string
  readonly run?: number
}

/** Letters of a raw text that a table shows; --json has all of it. */
const RAW_SHOWN = 60

export const define: Define = (command, run) => {
  command
    .argument('[symbol]', 'one symbol only')
    .addOption(providerOption())
    .option('--rule <rule>', 'rows that this rule refused')
    .option(
      '--run <id>',
      'rows that this run refused',
      wholeNumber('--run', 1, Number.MAX_SAFE_INTEGER),
    )
    .addOption(limitOption(50))
    .action((symbol: string | undefined, options: RejectsOptions) =>
      run(options, (context) => rejects(context, symbol, options)),
    )
  addExamples(command, [
    ['rejects', 'the newest'],
    ['rejects AAPL --rule price-order', 'of one symbol, for one reason'],
    ['rejects --run 12 --json', 'of one run, with the whole raw text'],
  ])
}

async function rejects(
  context: CommandContext,
  symbol: string | undefined,
  options: RejectsOptions,
): Promise<void> {
  const query = {
    symbol: symbol === undefined ? undefined : readSymbol(symbol),
    provider: options.provider,
    rule: options.rule,
    run: options.run,
    limit: options.limit,
  }
  const store = await context.openStore()
  const found = await readRejects(store.pool, query)
  if (context.json) await writeJson(context.stdout, found)
  else if (found.data.length === 0) await context.stdout.write('No row was refused.\n')
  else await context.stdout.write(rejectsTable(context, found.data))
}

function rejectsTable(context: CommandContext, rows: readonly RejectRow[]): string {
  return formatTable(
    context.stdout,
    [
      { title: 'symbol', value: (row) => row.symbol },
      { title: 'interval', value: (row) => row.interval },
      { title: 'bar', value: (row) => row.ts },
      { title: 'rule', value: (row) => row.rule },
      { title: 'reason', value: (row) => row.reason },
      { title: 'raw', value: (row) => shorten(row.raw) },
      { title: 'run', align: 'right', value: (row) => row.run },
    ],
    rows,
  )
}

function shorten(raw: string): string {
  const oneLine = raw.replaceAll(/\s+/g, ' ')
  return oneLine.length <= RAW_SHOWN ? oneLine : `${oneLine.slice(0, RAW_SHOWN - 1)}…`
}
