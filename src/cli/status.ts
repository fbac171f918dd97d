/** `stockyard status`: what is stored, series by series, and how fresh it is. */
import type { Interval } from '../domain/interval.ts'
import { darkText, readDarkSeries } from '../query/dark-series.ts'
import { listAlerts } from '../load/closure-alert.ts'
import { openCalendars } from '../load/open-calendars.ts'
import { readOverview, readStatus, type SeriesStatus } from '../query/status.ts'
import { alertText } from './alert-text.ts'
import type { Define } from './commands.ts'
import { addExamples, intervalOption, readSymbol } from './options.ts'
import { writeJson } from './output.ts'
import type { CommandContext } from './run-command.ts'
import { simulatedNote } from './simulated-note.ts'
import { formatCount, formatPrice, formatTable } from './table.ts'

interface StatusOptions {
  readonly json?: boolean
  readonly interval?: Interval
}

export const define: Define = (command, run) => {
  command
    .argument('[symbol]', 'one symbol only')
    .addOption(intervalOption('one interval only'))
    .action((symbol: string | undefined, options: StatusOptions) =>
      run(options, (context) => status(context, symbol, options)),
    )
  addExamples(command, [
    ['status', 'every series'],
    ['status AAPL', 'the series of one symbol'],
    ['status --json | jq .bars', 'how many bars there are'],
  ])
}

async function status(
  context: CommandContext,
  typed: string | undefined,
  options: StatusOptions,
): Promise<void> {
  const symbol = typed === undefined ? undefined : readSymbol(typed)
  const store = await context.openStore()
  const { data } = await readStatus(store.pool, { symbol, interval: options.interval })
  const totals = await readOverview(store.pool)
  const dark = await readDarkSeries(store.pool)
  const { home } = await context.config()
  const alerts = await listAlerts(store.pool, await openCalendars(store.pool, home))
  const { simulated } = store
  if (context.json) {
    await writeJson(context.stdout, { ...totals, simulated, data, dark, alerts })
    return
  }
  if (data.length > 0) await context.stdout.write(statusTable(context, data))
  const said =
    totals.series === 0
      ? 'nothing stored yet; begin with: stockyard fetch AAPL'
      : `${formatCount(totals.bars)} bars in ${formatCount(totals.series)} series of ` +
        `${formatCount(totals.symbols)} symbols; ${formatCount(totals.rejects)} ${totals.rejects === 1 ? 'row' : 'rows'} refused`
  const lines = [`${simulatedNote(store)}${said}`, ...dark.map(darkText)]
  await context.stdout.write(lines.map((line) => `${line}\n`).join('') + alertText(alerts))
}

function statusTable(context: CommandContext, rows: readonly SeriesStatus[]): string {
  return formatTable(
    context.stdout,
    [
      { title: 'symbol', value: (row) => row.symbol },
      { title: 'interval', value: (row) => row.interval },
      { title: 'provider', value: (row) => row.provider },
      { title: 'bars', align: 'right', value: (row) => row.bars },
      { title: 'first', value: (row) => row.first },
      { title: 'last', value: (row) => row.last },
      { title: 'price', align: 'right', value: (row) => formatPrice(row.price) },
      { title: 'final through', value: (row) => row.watermark },
      { title: 'asked last', value: (row) => row.observed_at?.slice(0, 19) ?? null },
    ],
    rows,
  )
}
