/** `stockyard bars`: the bars of a symbol, as a table or as NDJSON. */
import { inSnapshot } from '../db/snapshot.ts'
import { StockyardError } from '../domain/error.ts'
import type { Interval } from '../domain/interval.ts'
import { readBars, streamBars, type BarQuery } from '../query/bars.ts'
import { barRow } from '../query/rows.ts'
import { barLines } from './bar-lines.ts'
import type { Define } from './commands.ts'
import type { Store } from './open-store.ts'
import {
  addBounds,
  addExamples,
  intervalOption,
  readSymbol,
  wholeNumber,
  type Bounds,
} from './options.ts'
import { providerOption } from './provider-option.ts'
import type { CommandContext } from './run-command.ts'
import { simulatedNote } from './simulated-note.ts'
import { formatPrice, formatTable } from './table.ts'

interface BarsOptions extends Bounds {
  readonly json?: boolean
  readonly interval?: Interval
  readonly provider?: string
  readonly limit?: number
  readonly all?: boolean
  readonly regular?: boolean
}

/** Bars that a table shows where nothing else is said. */
const TABLE_BARS = 50
const LIMIT_MAX = 1_000_000

export const define: Define = (command, run) => {
  command
    .description(`Show bars: the newest ${TABLE_BARS} as a table, or with --json all as NDJSON.`)
    .argument('<symbol>', 'the symbol')
    .addOption(intervalOption('length of the bars; DEFAULT_INTERVAL where left out'))
    .addOption(providerOption())
    .option('-n, --limit <n>', 'the newest bars only', wholeNumber('--limit', 1, LIMIT_MAX))
    .option('--all', 'every bar of the period')
    .option('--regular', 'leave out bars before the open and after the close')
  addBounds(command).action((symbol: string, options: BarsOptions) =>
    run(options, (context) => bars(context, readSymbol(symbol), options)),
  )
  addExamples(command, [
    ['bars AAPL', 'the newest daily bars'],
    ['bars AAPL -i 5m --from 2024-07-03 --until 2024-07-04', 'one session'],
    ['bars AAPL --json | jq -s length', 'all of them, for a script'],
  ])
}

async function bars(context: CommandContext, symbol: string, options: BarsOptions): Promise<void> {
  const { defaultInterval } = await context.config()
  const store = await context.openStore()
  const newest = options.limit ?? (context.json || options.all === true ? null : TABLE_BARS)
  const query: BarQuery = {
    symbol,
    interval: options.interval ?? defaultInterval,
    provider: options.provider ?? 'auto',
    from: options.from ?? null,
    until: options.until ?? null,
    session: options.regular === true ? 'regular' : 'all',
    sort: newest === null ? 'asc' : 'desc',
  }
  if (newest === null) await writeAll(context, store, query)
  else await writeNewest(context, store, query, newest)
}

/** The newest bars, oldest of them first. */
async function writeNewest(
  context: CommandContext,
  store: Store,
  query: BarQuery,
  limit: number,
): Promise<void> {
  const {
    bars: found,
    provisional,
    provider,
    symbol,
    next,
  } = await readBars(store.pool, query, limit)
  const rows = Array.from({ length: found.length }, (_, index) =>
    barRow(query.interval, found, provisional, found.length - 1 - index),
  )
  if (context.json) {
    const { interval } = query
    const lines = rows.map((row) => `${JSON.stringify({ symbol, interval, ...row })}\n`)
    await context.stdout.write(lines.join(''))
    return
  }
  requireBars(rows.length, query)
  await context.stdout.write(barTable(context, rows))
  const more = next === null ? '' : `; the newest ${limit}, --all shows every bar`
  await context.stderr.write(
    `${simulatedNote(store)}${symbol} ${query.interval} from ${provider}${more}\n`,
  )
}

/** All bars in order, in constant memory. */
async function writeAll(context: CommandContext, store: Store, query: BarQuery): Promise<void> {
  await inSnapshot(store.pool, async (connection) => {
    const { symbol, interval, provider, chunks } = await streamBars(connection, query)
    let count = 0
    for await (const chunk of chunks) {
      context.signal.throwIfAborted()
      count += chunk.bars.length
      if (context.json) {
        const series = { symbol, interval, provider: provider ?? '' }
        await context.stdout.write(barLines('ndjson', series, chunk))
        continue
      }
      const rows = Array.from({ length: chunk.bars.length }, (_, index) =>
        barRow(interval, chunk.bars, chunk.provisional, index),
      )
      await context.stdout.write(barTable(context, rows))
    }
    if (!context.json) requireBars(count, query)
  })
}

function requireBars(count: number, query: BarQuery): void {
  if (count > 0) return
  throw new StockyardError(
    'not-found',
    'BARS_NONE',
    `The store has no ${query.interval} bars of ${query.symbol} for this.`,
    { hint: `Fetch them: stockyard fetch ${query.symbol} --interval ${query.interval}` },
  )
}

function barTable(context: CommandContext, rows: readonly ReturnType<typeof barRow>[]): string {
  return formatTable(
    context.stdout,
    [
      { title: rows[0]?.session === undefined ? 'start (UTC)' : 'session', value: barKeyText },
      { title: 'open', align: 'right', value: (row) => formatPrice(row.open) },
      { title: 'high', align: 'right', value: (row) => formatPrice(row.high) },
      { title: 'low', align: 'right', value: (row) => formatPrice(row.low) },
      { title: 'close', align: 'right', value: (row) => formatPrice(row.close) },
      { title: 'volume', align: 'right', value: (row) => row.volume },
      { title: 'state', value: (row) => row.state },
    ],
    rows,
  )
}

function barKeyText(row: ReturnType<typeof barRow>): string {
  return row.session ?? row.ts?.replace('T', ' ').replace(':00Z', '') ?? ''
}
