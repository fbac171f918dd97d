/** `stockyard fetch`: brings series up to date. */
import type { Config } from '../config.ts'
import { listInstruments } from '../db/instruments.ts'
import { getCalendar } from '../domain/calendar/registry.ts'
import type { FetchSummary, TaskSummary } from '../load/fetch-series.ts'
import { tellWithoutActions } from './ask-actions.ts'
import type { Define } from './commands.ts'
import { addSeriesOptions, type SeriesOptions } from './fetch-options.ts'
import { chooseProviders, fetchSymbols } from './fetch-symbols.ts'
import { withPresentKind, type Store } from './open-store.ts'
import { addExamples, checkBegun, checkPeriod, firstDay, readSymbols } from './options.ts'
import { plainText, writeJson } from './output.ts'
import type { CommandContext } from './run-command.ts'
import { formatTable } from './table.ts'
import { COUNT_COLUMNS } from './task-columns.ts'
import { tellOnce } from './tell-once.ts'

export const define: Define = (command, run) => {
  command.description(
    'Bring series up to date: asks only for what can be new or is not final yet, and for nothing else.',
  )
  addSeriesOptions(command, {
    days: 'history to bring for series that are new, in days',
    actions: 'ask for splits and dividends too, where that is due',
  }).action((symbols: string[], options: SeriesOptions) =>
    run(options, (context) => fetchCommand(context, readSymbols(symbols), options)),
  )
  addExamples(command, [
    ['fetch AAPL MSFT', 'daily bars of two symbols'],
    ['fetch IBM -i 1d,5m --from 2024-01-02', 'two intervals, from a day on'],
    ['fetch AAPL --actions', 'with splits and dividends'],
    ['fetch --json | jq .inserted', 'the watch list, for a script'],
  ])
}

async function fetchCommand(
  context: CommandContext,
  symbols: readonly string[],
  options: SeriesOptions,
): Promise<number> {
  checkPeriod(options)
  const now = context.clock.now()
  checkBegun(options, now)
  const from = firstDay(options, getCalendar('XNYS').localDay(now))
  const config = await context.config()
  const intervals = options.interval ?? [config.defaultInterval]
  const providers = chooseProviders(options.provider, config, intervals)
  const store = await context.openStore({ writes: true })
  const summary = await fetchSymbols(context, store, config, {
    symbols: symbols.length > 0 ? symbols : await watchedSymbols(store, config),
    intervals,
    providers,
    from,
    until: options.until ?? null,
    force: options.force === true,
    ...(options.actions === true ? { actions: options.force === true ? 'all' : 'due' } : {}),
  })
  if (context.json) {
    await writeJson(context.stdout, summary)
  } else {
    await context.stdout.write(summaryText(context, await withPresentKind(store), summary))
    await tellWithoutActions(context, store, summary, providers)
  }
  return exitCodeOf(summary)
}

/** The watch list, or the default tickers where it is empty. */
export async function watchedSymbols(store: Store, config: Config): Promise<readonly string[]> {
  const watched = await listInstruments(store.pool, { watched: true, active: true })
  if (watched.length > 0) return watched.map((instrument) => instrument.symbol)
  return readSymbols(config.defaultTickers)
}

/** What became of each task, as a table, and of the run. */
export function summaryText(context: CommandContext, store: Store, summary: FetchSummary): string {
  const { stdout } = context
  const table = formatTable<TaskSummary>(
    stdout,
    [
      { title: 'symbol', value: (task) => task.symbol },
      { title: 'interval', value: (task) => task.interval },
      { title: 'provider', value: (task) => task.provider },
      { title: 'status', value: (task) => task.status },
      ...COUNT_COLUMNS,
    ],
    summary.tasks,
  )
  const mark = store.simulated ? `${stdout.paint('yellow', 'SIMULATED')} ` : ''
  const problems = summary.tasks.flatMap(({ symbol, interval, error }) =>
    error === null
      ? []
      : [{ who: `${symbol} ${interval}`, text: `${error.message} ${error.hint ?? ''}` }],
  )
  const wasInterrupted = summary.tasks.some(({ error }) => error?.code === 'INTERRUPTED')
  const outcome = wasInterrupted ? 'was interrupted' : summary.status
  const said = `${mark}Run ${summary.run} ${outcome}, ${summary.requests} ${summary.requests === 1 ? 'call' : 'calls'}.`
  return [`${table}${said}`, ...tellOnce(problems).map((text) => plainText(text).trim()), ''].join(
    '\n',
  )
}

/** Codes of a task's error for which somebody has to change the configuration. */
const CONFIG_CODES = new Set(['KEY_REFUSED', 'KEY_MISSING'])
/** Codes of failures that are not the vendor's: the thing is not there, or we ended or broke it. */
const OTHER_CODES = new Set([
  'SYMBOL_UNKNOWN',
  'NO_DATA',
  'NOT_OFFERED',
  'DATABASE_LOCKED',
  // What vendors say to a symbol that they do not know.
  'REQUEST_REFUSED',
  'INTERRUPTED',
  'UNEXPECTED',
])

/**
 * 0 all done; 1 some or all tasks failed; and where nothing could be done because of the key (3) or
 * because of the vendor or its budget (5), that.
 */
export function exitCodeOf(summary: FetchSummary): number {
  if (summary.status === 'succeeded') return 0
  if (summary.status === 'partial') return 1
  const codes = summary.tasks.map((task) => task.error?.code ?? '')
  if (codes.some((code) => CONFIG_CODES.has(code))) return 3
  return codes.some((code) => OTHER_CODES.has(code)) ? 1 : 5
}
