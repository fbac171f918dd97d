/**
 * `stockyard verify`: holds vendors against each other, prices against splits and dividends, and
 * adjusted closes against the vendors' own. It asks nobody.
 */
import { storeFindings } from '../db/findings.ts'
import { listInstruments } from '../db/instruments.ts'
import type { Interval } from '../domain/interval.ts'
import { formatDate } from '../domain/date.ts'
import { readFindings, type FindingRow } from '../query/findings.ts'
import { verifySymbol, type ComparedVendors, type Verified } from '../query/verify-symbol.ts'
import type { Define } from './commands.ts'
import { addExamples, intervalsOption, readSymbols } from './options.ts'
import { writeJson } from './output.ts'
import type { CommandContext } from './run-command.ts'
import { formatTable } from './table.ts'
import { defineDecisions, findingsTable } from './verify-decisions.ts'

interface VerifyOptions {
  readonly json?: boolean
  readonly interval?: readonly Interval[]
}

export const define: Define = (command, run) => {
  const check = command
    .command('check', { isDefault: true })
    .description('Check symbols; what is meant where no other command is named.')
    .argument('[symbols...]', 'symbols; without any, the watch list')
    .addOption(intervalsOption('intervals to check; without any, 1d'))
    .action((typed: string[], options: VerifyOptions) =>
      run(options, (context) => verify(context, typed, options)),
    )
  addExamples(check, [['verify check AAPL', 'the same as verify AAPL']])
  defineDecisions(command, run)
  addExamples(command, [
    ['verify', 'the watch list; exit 1 where something is open'],
    ['verify AAPL -i 1d -i 5m', 'one symbol, at two intervals'],
    ['verify list', 'what is open, with its numbers'],
    ['verify accept 12 --side polygon --reason "as the company says"', 'take a side'],
  ])
}

/** What verify tells of one symbol, as JSON. */
interface VerifiedRow {
  readonly symbol: string
  readonly actions: { readonly [status: string]: number }
  readonly compared: readonly ComparedVendors[]
  readonly findings: readonly FindingRow[]
}

async function verify(
  context: CommandContext,
  typed: readonly string[],
  options: VerifyOptions,
): Promise<number> {
  const symbols = readSymbols(typed)
  const intervals = options.interval ?? ['1d']
  const { pool } = await context.openStore()
  const wanted =
    symbols.length > 0
      ? symbols
      : (await listInstruments(pool, { watched: true, active: true })).map(({ symbol }) => symbol)
  const rows: VerifiedRow[] = []
  for (const symbol of wanted) {
    const found = await verifySymbol(pool, { symbol, intervals, now: context.clock.now() })
    await storeFindings(pool, found.instrumentId, intervals, found.findings)
    const findings = await readFindings(pool, { instrumentId: found.instrumentId })
    rows.push(verifiedRow(found, findings))
  }
  const open = rows.flatMap(({ findings }) => findings).filter(({ status }) => status === 'open')
  if (context.json) await writeJson(context.stdout, { data: rows, open: open.length })
  else await writeReport(context, rows, open)
  return open.length > 0 ? 1 : 0
}

function verifiedRow(
  { symbol, ledger, compared }: Verified,
  findings: readonly FindingRow[],
): VerifiedRow {
  const actions: Record<string, number> = {}
  for (const { status } of ledger) actions[status] = (actions[status] ?? 0) + 1
  return { symbol, actions, compared, findings }
}

async function writeReport(
  context: CommandContext,
  rows: readonly VerifiedRow[],
  open: readonly FindingRow[],
): Promise<void> {
  const { stdout } = context
  const compared = rows.flatMap(({ symbol, compared: pairs }) =>
    pairs.map((pair) => ({ symbol, ...pair })),
  )
  for (const { symbol, actions } of rows) {
    const counts = Object.entries(actions).map(([status, count]) => `${count} ${status}`)
    await stdout.write(`${symbol}: actions: ${counts.join(', ') || 'none known'}\n`)
  }
  if (compared.length > 0) await stdout.write(`\n${comparedTable(context, compared)}`)
  if (open.length === 0) await stdout.write('\nNothing is open.\n')
  else await stdout.write(`\n${findingsTable(context, open)}`)
}

function comparedTable(
  context: CommandContext,
  rows: readonly (ComparedVendors & { symbol: string })[],
): string {
  return formatTable(
    context.stdout,
    [
      { title: 'symbol', value: (row) => row.symbol },
      { title: 'interval', value: (row) => row.interval },
      { title: 'vendors', value: (row) => `${row.left} ${row.right}` },
      { title: 'basis', value: (row) => row.basis },
      { title: 'common', align: 'right', value: (row) => row.overlap },
      { title: 'differ', align: 'right', value: (row) => row.differing },
      { title: 'worst close', value: (row) => worstText(row, 'close') },
      { title: 'worst volume', value: (row) => worstText(row, 'volume') },
    ],
    rows,
  )
}

/** Where two vendors are farthest apart in a column: how far, and when. */
function worstText({ worst }: ComparedVendors, column: string): string | null {
  const found = worst.find((one) => one.column === column)
  if (found === undefined) return null
  return `${(found.error * 100).toPrecision(2)} % ${formatDate(found.ts)}`
}
