/**
 * `stockyard verify`: holds vendors against each other, prices against splits and dividends, and
 * adjusted closes against the vendors' own. It asks nobody.
 */
import { readFile } from 'node:fs/promises'
import { storeFindings } from '../db/findings.ts'
import { listInstruments } from '../db/instruments.ts'
import type { Interval } from '../domain/interval.ts'
import { formatDate } from '../domain/date.ts'
import { messageOf, StockyardError } from '../domain/error.ts'
import { readPublished } from '../load/read-published.ts'
import { getProvider, PROVIDERS } from '../providers/registry.ts'
import { readFindings, type FindingRow } from '../query/findings.ts'
import { formatInstant } from '../query/rows.ts'
import {
  verifySymbol,
  type ComparedVendors,
  type PublishedBy,
  type Verified,
} from '../query/verify-symbol.ts'
import type { Define } from './commands.ts'
import { archiveFolder } from './open-archive.ts'
import { addDefaultOptions, addExamples, intervalsOption, readSymbols } from './options.ts'
import { writeJson } from './output.ts'
import { providerOption } from './provider-option.ts'
import type { CommandContext } from './run-command.ts'
import { formatTable } from './table.ts'
import { defineDecisions, findingsTable } from './verify-decisions.ts'

interface VerifyOptions {
  readonly json?: boolean
  readonly provider?: string
  readonly answer?: string
  readonly interval?: readonly Interval[]
}

export const define: Define = (command, run) => {
  const check = command
    .command('check', { isDefault: true })
    .description('Check symbols; what is meant where no other command is named.')
    .argument('[symbols...]', 'symbols; without any, the watch list')
    .addOption(intervalsOption('intervals to check; without any, 1d'))
    .addOption(providerOption('with --answer, the vendor that sent it'))
    .option(
      '--answer <file>',
      'a saved answer with adjusted closes, such as one to TIME_SERIES_DAILY_ADJUSTED, to hold ours against',
    )
    .action((typed: string[], options: VerifyOptions) =>
      run(options, (context) => verify(context, typed, options)),
    )
  addExamples(check, [['verify check AAPL', 'the same as verify AAPL']])
  addDefaultOptions(command, check)
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
  /** Vendors' own adjusted closes held against ours. */
  readonly adjusted: readonly AdjustedRow[]
  readonly findings: readonly FindingRow[]
}

/** Why a symbol could not be verified. */
interface SymbolError {
  readonly symbol: string
  readonly code: string
  readonly message: string
  readonly hint: string | null
}

interface AdjustedRow {
  readonly provider: string
  readonly rule: string
  readonly received_at: string
  readonly sessions: number
  readonly greatest_error: number | null
  readonly worst_day: string | null
}

/** What vendors published, of each symbol: out of the archive, or the answer that was named. */
async function openPublished(
  context: CommandContext,
  symbols: readonly string[],
  { answer, provider }: VerifyOptions,
): Promise<Map<string, PublishedBy[]>> {
  if (answer === undefined) {
    const config = await context.config()
    const { simulated } = await context.openStore()
    return await readPublished(archiveFolder(config), PROVIDERS, symbols, simulated)
  }
  const [symbol] = symbols
  if (symbol === undefined || symbols.length > 1 || provider === undefined) {
    const sentence = '--answer goes with one symbol and the --provider that sent it.'
    throw new StockyardError('usage', 'OPTION_CONFLICT', sentence, {
      hint: 'As in: stockyard verify IBM --provider alpha-vantage --answer daily-adjusted.csv',
    })
  }
  const bytes = await readGiven(answer)
  const closes = getProvider(provider).parseAdjustedCloses?.({
    status: 200,
    contentType: '',
    bytes,
  })
  if (closes === null || closes === undefined) {
    const sentence = `${answer} holds no adjusted closes that ${provider} would send.`
    throw new StockyardError('usage', 'ANSWER_UNFIT', sentence, {
      hint: 'Save the whole answer to a call for daily bars with adjusted closes, as JSON or CSV.',
    })
  }
  return new Map([[symbol, [{ provider, receivedAt: context.clock.now(), closes }]]])
}

async function readGiven(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path)
  } catch (error) {
    throw new StockyardError(
      'usage',
      'ANSWER_UNFIT',
      `${path} cannot be read: ${messageOf(error)}`,
      {
        hint: 'Name a file that is there.',
        cause: error,
      },
    )
  }
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
  const published = await openPublished(context, wanted, options)
  const rows: VerifiedRow[] = []
  const errors: SymbolError[] = []
  for (const symbol of wanted) {
    try {
      const found = await verifySymbol(pool, {
        symbol,
        intervals,
        now: context.clock.now(),
        published: published.get(symbol) ?? [],
      })
      await storeFindings(pool, found.instrumentId, intervals, found.findings)
      const findings = await readFindings(pool, { instrumentId: found.instrumentId })
      rows.push(verifiedRow(found, findings))
    } catch (error) {
      // One that is misspelt is no reason to say nothing of the others.
      if (!(error instanceof StockyardError) || error.kind !== 'not-found') throw error
      if (wanted.length === 1) throw error
      const { code, message, hint } = error
      errors.push({ symbol, code, message, hint })
      await context.stderr.write(`${symbol}: ${message} ${hint}\n`)
    }
  }
  const open = rows.flatMap(({ findings }) => findings).filter(({ status }) => status === 'open')
  const failed = errors.length === 0 ? {} : { errors }
  if (context.json) await writeJson(context.stdout, { data: rows, open: open.length, ...failed })
  else await writeReport(context, rows, open, rows.length === 0 && errors.length > 0)
  return open.length + errors.length > 0 ? 1 : 0
}

function verifiedRow(
  { symbol, ledger, compared, published }: Verified,
  findings: readonly FindingRow[],
): VerifiedRow {
  const actions: Record<string, number> = {}
  for (const { status } of ledger) actions[status] = (actions[status] ?? 0) + 1
  const adjusted = published.map((one) => ({
    provider: one.provider,
    rule: one.rule,
    received_at: formatInstant(one.receivedAt),
    sessions: one.sessions,
    greatest_error: one.greatestError,
    worst_day: one.worstDay === null ? null : formatDate(one.worstDay),
  }))
  return { symbol, actions, compared, adjusted, findings }
}

async function writeReport(
  context: CommandContext,
  rows: readonly VerifiedRow[],
  open: readonly FindingRow[],
  /** True where none of the symbols that were named is known, so that nothing was looked at. */
  isNothingKnown: boolean,
): Promise<void> {
  const { stdout } = context
  const compared = rows.flatMap(({ symbol, compared: pairs }) =>
    pairs.map((pair) => ({ symbol, ...pair })),
  )
  for (const { symbol, actions, adjusted } of rows) {
    const counts = Object.entries(actions).map(([status, count]) => `${count} ${status}`)
    await stdout.write(`${symbol}: actions: ${counts.join(', ') || 'none known'}\n`)
    for (const one of adjusted) await stdout.write(`${symbol}: ${adjustedText(one)}\n`)
  }
  if (compared.length > 0) await stdout.write(`\n${comparedTable(context, compared)}`)
  if (open.length > 0) await stdout.write(`\n${findingsTable(context, open)}`)
  else if (!isNothingKnown) await stdout.write('\nNothing is open.\n')
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

function adjustedText(row: AdjustedRow): string {
  const { provider, sessions, greatest_error: error, worst_day: day } = row
  if (error === null) return `adjusted closes of ${provider}: no session in common`
  return `adjusted closes of ${provider}: ${sessions} recomputed, greatest error ${error.toExponential(1)} on ${day}`
}
