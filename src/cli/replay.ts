/** `stockyard replay`: archived answers read again with today's parsers, without a call. */
import { StockyardError } from '../domain/error.ts'
import { openCalendars } from '../load/open-calendars.ts'
import { replay, type ReplaySummary } from '../load/replay.ts'
import type { ReplayedSeries, SilentAnswer } from '../load/replay-series.ts'
import { getProvider, PROVIDERS } from '../providers/registry.ts'
import type { Bound } from '../query/bound.ts'
import type { Define } from './commands.ts'
import { archiveFolder } from './open-archive.ts'
import { withPresentKind } from './open-store.ts'
import { addBounds, addExamples, readSymbols, type Bounds } from './options.ts'
import { plainText, writeJson } from './output.ts'
import { providerOption } from './provider-option.ts'
import type { CommandContext } from './run-command.ts'
import { formatTable } from './table.ts'
import { COUNT_COLUMNS } from './task-columns.ts'

interface ReplayOptions extends Bounds {
  readonly json?: boolean
  readonly provider?: string
  readonly dryRun?: boolean
}

/** Answers without bars that the text lists; --json has all. */
const LISTED_MAX = 20

export const define: Define = (command, run) => {
  command
    .description(
      'Read archived answers of vendors again with today’s parsers and store what they hold. Calls nobody.',
    )
    .argument('[symbols...]', 'symbols; without any, all that are archived')
    .addOption(providerOption())
    .option('--dry-run', 'read and check, and store nothing')
  addBounds(command).action((symbols: string[], options: ReplayOptions) =>
    run(options, (context) => replayCommand(context, readSymbols(symbols), options)),
  )
  addExamples(command, [
    ['replay', 'all that is archived'],
    ['replay AAPL -p yahoo --from 2026-11-01', 'what came for one symbol since a date, in UTC'],
    ['replay --dry-run --json | jq .silent', 'answers that bring nothing, with the reason'],
  ])
}

async function replayCommand(
  context: CommandContext,
  symbols: readonly string[],
  options: ReplayOptions,
): Promise<number> {
  const dryRun = options.dryRun === true
  const received = { from: instantOf(options.from), until: instantOf(options.until) }
  if (received.from !== null && received.until !== null && received.from >= received.until) {
    throw new StockyardError('usage', 'PERIOD_EMPTY', '--from is not before --until.', {
      hint: '--from is included and --until is not.',
    })
  }
  const config = await context.config()
  const store = await context.openStore({ writes: !dryRun })
  const summary = await replay(
    {
      pool: store.pool,
      root: archiveFolder(config),
      providers: options.provider === undefined ? PROVIDERS : [getProvider(options.provider)],
      signal: context.signal,
      calendarOf: await openCalendars(store.pool, config.home),
      onSeries: (series) => {
        context.stderr.write(`${seriesText(series)}\n`).catch(() => {})
      },
    },
    { symbols, received, dryRun },
  )
  const { simulated } = await withPresentKind(store)
  if (context.json) await writeJson(context.stdout, summary)
  else await context.stdout.write(summaryText(context, simulated, summary))
  return summary.status === 'succeeded' ? 0 : 1
}

/** A date means the UTC date of receipt: answers of all exchanges are archived together. */
function instantOf(bound: Bound | undefined): number | null {
  if (bound === undefined) return null
  return bound.kind === 'day' ? bound.day : bound.at
}

function seriesText({ symbol, interval, provider, answers, loaded }: ReplayedSeries): string {
  return `${symbol} ${interval} ${provider}: ${loaded} of ${answers} archived answers hold bars`
}

function summaryText(
  { stdout }: CommandContext,
  isSimulated: boolean,
  summary: ReplaySummary,
): string {
  if (summary.tasks.length === 0) return 'Nothing that is wanted is archived.\n'
  const table = formatTable<ReplayedSeries>(
    stdout,
    [
      { title: 'symbol', value: (task) => task.symbol },
      { title: 'interval', value: (task) => task.interval },
      { title: 'provider', value: (task) => task.provider },
      { title: 'answers', align: 'right', value: (task) => task.answers },
      ...COUNT_COLUMNS,
    ],
    summary.tasks,
  )
  const mark = isSimulated ? `${stdout.paint('yellow', 'SIMULATED')} ` : ''
  const said =
    summary.run === null
      ? 'Nothing was stored: this was a dry run.'
      : `Run ${summary.run} ${summary.status}, no calls.`
  const { silent } = summary
  const lines = silent.slice(0, LISTED_MAX).map(silentText)
  const more = silent.length - lines.length
  if (more > 0) lines.push(`and ${more} more; --json lists them all`)
  return [`${table}${mark}${said}`, ...lines, ''].join('\n')
}

function silentText(answer: SilentAnswer): string {
  const { received_at: at, symbol, interval, provider, failure, message } = answer
  return plainText(`${at} ${symbol} ${interval} ${provider}: ${failure}: ${message}`)
}
