/** `stockyard export`: bars as CSV or NDJSON, to standard output or whole into a file. */
import { Option } from 'commander'
import type { Connection, Pool } from '../db/connect.ts'
import { inSnapshot } from '../db/snapshot.ts'
import type { Interval } from '../domain/interval.ts'
import { streamBars } from '../query/bars.ts'
import { readStatus } from '../query/status.ts'
import { BAR_FORMATS, barLines, headOf, type BarFormat } from './bar-lines.ts'
import { addBarWishes, wishesOf, type BarWishes } from './bar-options.ts'
import type { Define } from './commands.ts'
import { writeFileWhole } from './file-output.ts'
import type { Store } from './open-store.ts'
import { addBounds, addExamples, intervalsOption, readSymbols, type Bounds } from './options.ts'
import { writeJson } from './output.ts'
import { providerOption } from './provider-option.ts'
import type { CommandContext } from './run-command.ts'
import { simulatedNote } from './simulated-note.ts'
import { formatCount } from './table.ts'

interface ExportOptions extends Bounds, BarWishes {
  readonly json?: boolean
  readonly format: BarFormat
  readonly symbols?: readonly string[]
  readonly interval?: readonly Interval[]
  readonly provider?: string
  readonly output?: string
}

export const define: Define = (command, run) => {
  command
    .description('Write bars as CSV or NDJSON, to standard output or whole into a file.')
    .addOption(
      new Option('-f, --format <format>', 'how to write them').choices(BAR_FORMATS).default('csv'),
    )
    .option('-s, --symbols <list>', 'these symbols; all where left out', addSymbols)
    .addOption(intervalsOption('bars of this length; DEFAULT_INTERVAL where left out'))
    .addOption(providerOption('one vendor only; else the best one of each symbol'))
    .option('-o, --output <file>', 'a file in place of standard output')
  addBarWishes(addBounds(command)).action((options: ExportOptions) =>
    run(options, (context) => exportCommand(context, options)),
  )
  addExamples(command, [
    ['export -s AAPL,MSFT -o bars.csv', 'daily bars of two symbols'],
    ['export -i 5m --from 2024-07-01 --format ndjson | gzip > bars.gz', 'all symbols, compressed'],
    ['export -o all.csv --json', 'what was written, for a script'],
  ])
}

function addSymbols(text: string, earlier: readonly string[] | undefined): string[] {
  return readSymbols([...(earlier ?? []), text])
}

async function exportCommand(context: CommandContext, options: ExportOptions): Promise<number> {
  const { defaultInterval } = await context.config()
  const intervals = options.interval ?? [defaultInterval]
  const store = await context.openStore()
  const written = { bars: 0, missing: [] as string[] }
  const now = context.clock.now()
  const job = { context, options, intervals, written, now }
  const work = (write: Write) =>
    // What was known at an instant needs no snapshot, and must see what is committed meanwhile.
    options.asOf === undefined
      ? inSnapshot(store.pool, (db) => writeBars({ ...job, db }, write))
      : writeBars({ ...job, db: store.pool }, write)
  const { output } = options
  if (output === undefined) await work((text) => context.stdout.write(text))
  else await writeFileWhole(output, work)
  await report(context, store, options, written)
  return written.missing.length > 0 ? 1 : 0
}

type Write = (text: string) => Promise<void>

interface Job {
  readonly context: CommandContext
  readonly db: Pool | Connection
  readonly options: ExportOptions
  readonly intervals: readonly Interval[]
  readonly written: { bars: number; missing: string[] }
  /** Instant of asking. */
  readonly now: number
}

async function writeBars(job: Job, write: Write): Promise<void> {
  const { format } = job.options
  const symbols = job.options.symbols ?? (await storedSymbols(job))
  const head = headOf(format)
  if (head !== '') await write(head)
  for (const symbol of symbols) {
    for (const interval of job.intervals) {
      const count = await writeSeries(job, symbol, interval, write)
      if (count === 0 && job.options.symbols !== undefined) {
        job.written.missing.push(`${symbol} ${interval}`)
      }
      job.written.bars += count
    }
  }
}

async function storedSymbols(job: Job): Promise<string[]> {
  const symbols = new Set<string>()
  for (const interval of job.intervals) {
    const { data } = await readStatus(job.db, { interval, provider: job.options.provider })
    for (const series of data) symbols.add(series.symbol)
  }
  return [...symbols].sort()
}

async function writeSeries(
  { context, db, options, now }: Job,
  symbol: string,
  interval: Interval,
  write: Write,
): Promise<number> {
  const stream = await streamBars(db, {
    symbol,
    interval,
    provider: options.provider ?? 'auto',
    from: options.from ?? null,
    until: options.until ?? null,
    session: 'all',
    sort: 'asc',
    ...wishesOf(options, now),
  })
  for (const warning of stream.warnings) await context.stderr.write(`${symbol}: ${warning}\n`)
  let count = 0
  for await (const chunk of stream.chunks) {
    context.signal.throwIfAborted()
    await write(barLines(options.format, stream, chunk))
    count += chunk.bars.length
  }
  return count
}

/** Says what was written where standard output is free for it, and what was not there in any case. */
async function report(
  context: CommandContext,
  store: Store,
  options: ExportOptions,
  written: Job['written'],
): Promise<void> {
  const { output, format } = options
  if (output !== undefined && context.json) {
    const { simulated } = store
    await writeJson(context.stdout, { file: output, format, ...written, simulated })
  } else {
    const where = output === undefined ? '' : ` to ${output}`
    const note = simulatedNote(store)
    await context.stderr.write(`${note}${formatCount(written.bars)} bars written${where}\n`)
  }
  if (written.missing.length > 0) {
    await context.stderr.write(`Nothing is stored for this of ${written.missing.join(', ')}.\n`)
  }
}
