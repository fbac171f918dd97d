/**
 * `stockyard demo`: the main job on the simulated exchange, in a home of its own, so that made-up
 * prices never meet real ones.
 */
import { join } from 'node:path'
import type { Config } from '../config.ts'
import { listInstruments } from '../db/instruments.ts'
import { getCalendar } from '../domain/calendar/registry.ts'
import { DAY_MS } from '../domain/date.ts'
import type { Interval } from '../domain/interval.ts'
import type { FetchSummary } from '../load/fetch-series.ts'
import { refreshReference } from '../load/refresh-reference.ts'
import { readStatus, type SeriesStatus } from '../query/status.ts'
import { startSandbox } from '../sandbox/server.ts'
import type { Define } from './commands.ts'
import { withActions } from './ask-actions.ts'
import { askForEach } from './each-symbol.ts'
import { exitCodeOf } from './fetch.ts'
import { fetchSymbols } from './fetch-symbols.ts'
import { untilAborted } from './interrupt.ts'
import type { Store } from './open-store.ts'
import { addExamples } from './options.ts'
import { writeJson } from './output.ts'
import { chooseProvider } from './provider-option.ts'
import type { CommandContext } from './run-command.ts'
import { serveStore, servingText } from './serve-store.ts'
import { watch } from './symbols.ts'
import { formatCount, formatPrice, formatSpan, formatTable } from './table.ts'

interface DemoOptions {
  readonly json?: boolean
  readonly once?: boolean
}

const SYMBOLS = ['AAPL', 'GOOGL', 'MSFT', 'AMZN', 'TSLA']
/** What is fetched, with how many days back. */
const HISTORY: readonly { readonly interval: Interval; readonly days: number }[] = [
  { interval: '1d', days: 2 * 365 },
  { interval: '5m', days: 180 },
]

export const define: Define = (command, run) => {
  command
    .description(
      'Do the main job on a simulated exchange: fetch five symbols into a store of its own under STOCKYARD_HOME/demo, show what came, and serve it until Ctrl-C.',
    )
    .option('--once', 'stop after the summary in place of serving')
    .action((options: DemoOptions) =>
      run(options, (context) => demo(context, options), { serves: true }),
    )
  addExamples(command, [
    ['demo', 'then open http://127.0.0.1:8000'],
    ['demo --once', 'the same without serving; ends by itself'],
  ])
}

async function demo(context: CommandContext, options: DemoOptions): Promise<number> {
  const sandbox = await startSandbox({ port: 0, clock: context.clock.now })
  context.onClose(() => sandbox.close())
  const config = simulatedConfig(await context.config(), sandbox.url)
  await context.stderr.write(
    `SIMULATED: made-up prices of a simulated exchange at ${sandbox.url}, kept in ${config.home}\n`,
  )
  const store = await context.openStore({ writes: true, config })
  // Before the work, so that a taken port is known at once and the page can be watched meanwhile.
  const url = options.once === true ? null : await serveStore(context, store, config)
  const { exitCode, bars, elapsedMs } = await fetchHistory(context, store, config)
  if (context.signal.aborted) return exitCode
  const { data } = await readStatus(store.pool)
  if (context.json) {
    const rate = Math.round((bars / elapsedMs) * 1000)
    await writeJson(context.stdout, {
      simulated: true,
      home: config.home,
      url,
      bars_per_s: rate,
      data,
    })
  } else {
    await context.stdout.write(demoTable(context, data))
    await context.stdout.write(totalText(data, bars, elapsedMs))
    if (url !== null) await context.stdout.write(servingText(store, url))
  }
  if (url === null) return exitCode
  await untilAborted(context.signal)
  return exitCode
}

/** The user's configuration with a home, a database and a vendor that are the demo's own. */
function simulatedConfig(config: Config, sandboxUrl: string): Config {
  return {
    ...config,
    home: join(config.home, 'demo'),
    databaseUrl: undefined,
    simulated: true,
    providers: {
      'alpha-vantage': { key: 'demo-simulated', baseUrl: sandboxUrl, budget: 'unlimited' },
    },
  }
}

async function fetchHistory(
  context: CommandContext,
  store: Store,
  config: Config,
): Promise<{ exitCode: number; bars: number; elapsedMs: number }> {
  for (const symbol of SYMBOLS) await watch(store, symbol)
  await fillNames(context, store, config)
  const startedAt = context.clock.now()
  const today = getCalendar('XNYS').localDay(startedAt)
  let exitCode = 0
  let bars = 0
  let last: FetchSummary | null = null
  const providers = [chooseProvider('alpha-vantage')]
  for (const { interval, days } of HISTORY) {
    const summary = await fetchSymbols(context, store, config, {
      symbols: SYMBOLS,
      intervals: [interval],
      providers,
      from: today - days * DAY_MS,
      until: null,
      force: false,
    })
    bars += summary.fetched
    exitCode = Math.max(exitCode, exitCodeOf(summary))
    last = summary
  }
  const elapsedMs = context.clock.now() - startedAt
  if (last !== null) await withActions(context, config, last, { providers, which: 'due' })
  return { exitCode, bars, elapsedMs }
}

/** Names for the page; asked once. A demo without them is still one. */
async function fillNames(context: CommandContext, store: Store, config: Config): Promise<void> {
  const found = await listInstruments(store.pool, { watched: true })
  const nameless = found.filter(({ name }) => name === null).map(({ symbol }) => symbol)
  for (const { symbol, error } of await askForEach(
    context,
    config,
    nameless,
    'alpha-vantage',
    refreshReference,
  )) {
    await context.stderr.write(`${symbol}: ${error.message}\n`)
  }
}

function demoTable(context: CommandContext, rows: readonly SeriesStatus[]): string {
  return formatTable(
    context.stdout,
    [
      { title: 'symbol', value: (row) => row.symbol },
      { title: 'interval', value: (row) => row.interval },
      { title: 'bars', align: 'right', value: (row) => row.bars },
      { title: 'first', value: (row) => row.first },
      { title: 'last', value: (row) => row.last },
      { title: 'last price', align: 'right', value: (row) => formatPrice(row.price) },
      { title: '', value: () => 'SIMULATED' },
    ],
    rows,
  )
}

function totalText(rows: readonly SeriesStatus[], fetched: number, elapsedMs: number): string {
  const stored = formatCount(rows.reduce((sum, row) => sum + row.bars, 0))
  if (fetched === 0)
    return `SIMULATED: ${stored} bars stored; all was up to date, no call was made.\n`
  const rate = formatCount((fetched / elapsedMs) * 1000)
  return `SIMULATED: ${stored} bars stored; ${formatCount(fetched)} fetched, checked and stored in ${formatSpan(elapsedMs)}: ${rate} bars/s.\n`
}
