/** `stockyard bars`: the bars of a symbol, as a table or as NDJSON. */
import type { Connection, Pool } from '../db/connect.ts'
import { inSnapshot } from '../db/snapshot.ts'
import { StockyardError } from '../domain/error.ts'
import type { Interval } from '../domain/interval.ts'
import { readBars, streamBars, type BarHeading, type BarQuery } from '../query/bars.ts'
import { ndjsonLines } from '../query/encode-bars.ts'
import { barRow, type PriceRow } from '../query/rows.ts'
import { addBarWishes, wishesOf, type BarWishes } from './bar-options.ts'
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
import { barProviderOption } from './provider-option.ts'
import { tellRenamed } from './renamed-note.ts'
import type { CommandContext } from './run-command.ts'
import { simulatedNote } from './simulated-note.ts'
import { formatPrice, formatTable } from './table.ts'

interface BarsOptions extends Bounds, BarWishes {
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
/** Rows under one header; more than that begin another table, so that memory stays bounded. */
const TABLE_BARS_MAX = 20_000

export const define: Define = (command, run) => {
  command
    .description(`Show bars: the newest ${TABLE_BARS} as a table, or with --json all as NDJSON.`)
    .argument('<symbol>', 'the symbol')
    .addOption(intervalOption('length of the bars; DEFAULT_INTERVAL where left out'))
    .addOption(barProviderOption())
    .option('-n, --limit <n>', 'the newest bars only', wholeNumber('--limit', 1, LIMIT_MAX))
    .option('--all', 'every bar of the period')
    .option('--regular', 'leave out bars before the open and after the close')
  addBarWishes(addBounds(command)).action((symbol: string, options: BarsOptions) =>
    run(options, (context) => bars(context, readSymbol(symbol), options)),
  )
  addExamples(command, [
    ['bars AAPL', 'the newest daily bars'],
    ['bars AAPL -i 5m --from 2024-07-03 --until 2024-07-04', 'one session'],
    ['bars AAPL -i 1m --resample 1h --adjust splits', 'hours out of minutes, in today’s shares'],
    ['bars AAPL --as-of 2024-06-03', 'as they were known at the end of that day'],
    ['bars AAPL --json | jq -s length', 'all of them, for a script'],
  ])
}

async function bars(context: CommandContext, symbol: string, options: BarsOptions): Promise<void> {
  const { defaultInterval } = await context.config()
  const store = await context.openStore()
  await tellRenamed(context, store, symbol)
  const newest = options.limit ?? (context.json || options.all === true ? null : TABLE_BARS)
  const query: BarQuery = {
    symbol,
    interval: options.interval ?? defaultInterval,
    provider: options.provider ?? 'auto',
    from: options.from ?? null,
    until: options.until ?? null,
    session: options.regular === true ? 'regular' : 'all',
    sort: newest === null ? 'asc' : 'desc',
    ...wishesOf(options, context.clock.now()),
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
  const answer = await readBars(store.pool, query, limit)
  const { symbol, interval, next } = answer
  const { length } = answer.bars
  const rows = Array.from({ length }, (_, index) => barRow(interval, answer, length - 1 - index))
  const more = next === null ? '' : `; the newest ${limit}, --all shows every bar`
  requireBars(rows.length, query)
  if (context.json) {
    const lines = rows.map((row) => `${JSON.stringify({ symbol, interval, ...row })}\n`)
    await context.stdout.write(lines.join(''))
    await tellWhat(context, store, answer, '')
    return
  }
  await context.stdout.write(barTable(context, rows))
  await tellWhat(
    context,
    store,
    servedBy(answer, new Set(rows.map(({ provider }) => provider))),
    more,
  )
}

/** All bars in order, in constant memory. */
async function writeAll(context: CommandContext, store: Store, query: BarQuery): Promise<void> {
  await atOnePoint(store.pool, query, async (db) => {
    const stream = await streamBars(db, query)
    const { symbol, interval, chunks } = stream
    let count = 0
    const vendors = new Set<string>()
    let table: PriceRow[] = []
    const writeTable = async () => {
      if (table.length > 0) await context.stdout.write(barTable(context, table))
      table = []
    }
    for await (const chunk of chunks) {
      context.signal.throwIfAborted()
      count += chunk.bars.length
      if (context.json) {
        await context.stdout.write(ndjsonLines({ symbol, interval }, chunk))
        continue
      }
      for (let i = 0; i < chunk.bars.length; i += 1) table.push(barRow(interval, chunk, i))
      for (const { provider } of table.slice(-chunk.bars.length)) vendors.add(provider)
      if (table.length >= TABLE_BARS_MAX) await writeTable()
    }
    requireBars(count, query)
    await writeTable()
    await tellWhat(context, store, servedBy(stream, vendors), '')
  })
}

/** The heading with the vendor whose bars all of them are, where only one of several served. */
function servedBy(heading: BarHeading, vendors: ReadonlySet<string>): BarHeading {
  const [first] = vendors
  return vendors.size === 1 ? { ...heading, provider: first! } : heading
}

/** Reads as of one moment: of the past where the query says so, else in a snapshot of now. */
async function atOnePoint(
  pool: Pool,
  { asOf }: Pick<BarQuery, 'asOf'>,
  work: (db: Pool | Connection) => Promise<void>,
): Promise<void> {
  if ((asOf ?? null) === null) await inSnapshot(pool, work)
  else await work(pool)
}

/** Says on standard error what the bars are, and what could not be done; a script hears what matters. */
async function tellWhat(
  context: CommandContext,
  store: Store,
  heading: BarHeading,
  more: string,
): Promise<void> {
  const { symbol, interval, provider, adjust, derivedFrom, warnings } = heading
  const made = derivedFrom === null ? '' : `, made of ${derivedFrom}`
  const adjusted = adjust === 'none' ? '' : `, adjusted for ${ADJUSTED_FOR[adjust]}`
  if (!context.json || store.simulated) {
    const whose = provider === null ? '' : ` from ${provider}`
    const what = `${symbol} ${interval}${whose}${made}${adjusted}${more}`
    await context.stderr.write(`${simulatedNote(store)}${what}\n`)
  }
  for (const warning of warnings) await context.stderr.write(`${warning}\n`)
}

const ADJUSTED_FOR = { splits: 'splits', all: 'splits and dividends' } as const

function requireBars(count: number, query: BarQuery): void {
  if (count > 0) return
  throw new StockyardError(
    'not-found',
    'BARS_NONE',
    `The store has no ${query.interval} bars of ${query.symbol} for this.`,
    {
      hint:
        (query.asOf ?? null) === null
          ? `Fetch them: stockyard fetch ${query.symbol} --interval ${query.interval}`
          : 'What was loaded later was not known then; leave --as-of out for what is known now.',
    },
  )
}

function barTable(context: CommandContext, rows: readonly PriceRow[]): string {
  return formatTable(
    context.stdout,
    [
      { title: rows[0]?.session === undefined ? 'start (UTC)' : 'session', value: barKeyText },
      { title: 'open', align: 'right', value: (row) => formatPrice(row.open) },
      { title: 'high', align: 'right', value: (row) => formatPrice(row.high) },
      { title: 'low', align: 'right', value: (row) => formatPrice(row.low) },
      { title: 'close', align: 'right', value: (row) => formatPrice(row.close) },
      { title: 'volume', align: 'right', value: (row) => row.volume },
      ...(rows.some(({ provider }) => provider !== rows[0]!.provider)
        ? [{ title: 'provider', value: (row: PriceRow) => row.provider }]
        : []),
      { title: 'state', value: (row) => (row.partial === true ? 'partial' : row.state) },
    ],
    rows,
  )
}

function barKeyText(row: PriceRow): string {
  return row.session ?? row.ts?.replace('T', ' ').replace(':00Z', '') ?? ''
}
