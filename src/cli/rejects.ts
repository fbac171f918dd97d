/** `stockyard rejects`: rows that were refused, with the reason and the vendor's own text. */
import { REJECT_STATUSES, type RejectStatus } from '../db/rejects.ts'
import { readReject, readRejects, type RejectDetails, type RejectRow } from '../query/rejects.ts'
import { Option, type Command } from 'commander'
import type { Define, Run } from './commands.ts'
import { addDefaultOptions, addExamples, limitOption, readSymbol, wholeNumber } from './options.ts'
import { plainText, writeJson } from './output.ts'
import { barProviderOption } from './provider-option.ts'
import { defineDecisions } from './reject-decisions.ts'
import type { CommandContext } from './run-command.ts'
import { formatTable } from './table.ts'

interface RejectsOptions {
  readonly json?: boolean
  readonly limit: number
  readonly provider?: string
  readonly rule?: string
  readonly run?: number
  readonly status?: RejectStatus
}

/** Letters of a raw text that a table shows; --json has all of it. */
const RAW_SHOWN = 60

export const define: Define = (command, run) => {
  addDefaultOptions(command, defineList(command, run))
  defineShow(command, run)
  defineDecisions(command, run)
  addExamples(command, [
    ['rejects', 'the newest; the same as rejects list'],
    ['rejects AAPL --rule price-order', 'of one symbol, for one reason'],
    ['rejects show 12', 'one, with all that is known of it'],
    ['rejects accept 12 --reason "halted, seen on the tape"', 'load it as it is'],
  ])
}

function defineList(rejects: Command, run: Run): Command {
  const command = rejects
    .command('list', { isDefault: true })
    .description('List rows that were refused, the newest first.')
    .argument('[symbol]', 'one symbol only')
    .addOption(barProviderOption())
    .option('--rule <rule>', 'rows that this rule refused')
    .option(
      '--run <id>',
      'rows that this run refused',
      wholeNumber('--run', 1, Number.MAX_SAFE_INTEGER),
    )
    .addOption(new Option('--status <status>', 'what became of them').choices(REJECT_STATUSES))
    .addOption(limitOption(50))
    .action((symbol: string | undefined, options: RejectsOptions) =>
      run(options, (context) => list(context, symbol, options)),
    )
  return addExamples(command, [
    ['rejects list --status open', 'what nobody has decided yet'],
    ['rejects list AAPL --rule price-order', 'of one symbol, for one reason'],
    ['rejects list --run 12 --json', 'of one run, with the whole raw text'],
  ])
}

async function list(
  context: CommandContext,
  symbol: string | undefined,
  options: RejectsOptions,
): Promise<void> {
  const query = {
    symbol: symbol === undefined ? undefined : readSymbol(symbol),
    provider: options.provider,
    rule: options.rule,
    run: options.run,
    status: options.status,
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
      { title: 'id', align: 'right', value: (row) => row.id },
      { title: 'symbol', value: (row) => row.symbol },
      { title: 'interval', value: (row) => row.interval },
      { title: 'bar', value: (row) => row.ts },
      { title: 'status', value: (row) => row.status },
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

function defineShow(rejects: Command, run: Run): void {
  const command = rejects
    .command('show')
    .description('Show one refused row: the raw text, the bar in it, and what was decided.')
    .argument('<id>', 'id of the reject', wholeNumber('id', 1, Number.MAX_SAFE_INTEGER))
    .action((id: number, options: { json?: boolean }) =>
      run(options, (context) => show(context, id)),
    )
  addExamples(command, [
    ['rejects show 12', 'for a person'],
    ['rejects show 12 --json', 'for a script'],
  ])
}

async function show(context: CommandContext, id: number): Promise<void> {
  const store = await context.openStore()
  const reject = await readReject(store.pool, id)
  if (context.json) await writeJson(context.stdout, reject)
  else await context.stdout.write(detailsText(reject))
}

function detailsText(reject: RejectDetails): string {
  const { symbol, interval, provider, ts, rule, reason, raw, bar, decisions } = reject
  const values = Object.entries(bar ?? {}).flatMap(([name, value]) =>
    value === null ? [] : [`${name} ${value}`],
  )
  const lines = [
    `${reject.id}: ${symbol} ${interval} ${provider}, bar of ${ts ?? 'no readable time'}`,
    `refused by ${rule} in run ${reject.run} at ${reject.rejected_at}: ${reason}`,
    bar === null ? 'not readable as a bar' : `read as ${values.join(', ')}`,
    `raw: ${raw}`,
    `${reject.status}${decisions.length === 0 ? '' : ':'}`,
    ...decisions.map(
      (one) =>
        `  ${one.at} ${one.status} by ${one.by}: ${one.reason}` +
        (one.run === null ? '' : ` (run ${one.run})`),
    ),
  ]
  return lines.map((line) => `${plainText(line)}\n`).join('')
}
