/** `stockyard export`: bars in any format, to standard output or whole into a file with its manifest. */
import { createHash } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { Option } from 'commander'
import packageJson from '../../package.json' with { type: 'json' }
import { newestAsOf } from '../db/as-of.ts'
import type { Connection, Pool } from '../db/connect.ts'
import { inSnapshot } from '../db/snapshot.ts'
import { StockyardError } from '../domain/error.ts'
import type { Interval } from '../domain/interval.ts'
import { KEY_COLUMNS } from '../formats/row-groups.ts'
import { quoteTable, type SqlTable } from '../formats/write-sql.ts'
import type { BarChunk } from '../query/bar-chunk.ts'
import { streamBars } from '../query/bars.ts'
import type { Bound } from '../query/bound.ts'
import { encodeBars, encodeSql, STREAM_FORMATS, type BarSource } from '../query/encode-bars.ts'
import { FIELDS } from '../query/rows.ts'
import { readStatus } from '../query/status.ts'
import { addBarWishes, wishesOf, type BarWishes } from './bar-options.ts'
import type { Define } from './commands.ts'
import { boundText, manifestPath, type ExportManifest } from './export-manifest.ts'
import { writeFileWhole, type Write } from './file-output.ts'
import type { Store } from './open-store.ts'
import {
  addBounds,
  addExamples,
  intervalsOption,
  readSymbols,
  wholeNumber,
  type Bounds,
} from './options.ts'
import { writeJson } from './output.ts'
import { barProviderOption } from './provider-option.ts'
import type { CommandContext } from './run-command.ts'
import { simulatedNote } from './simulated-note.ts'
import { formatCount } from './table.ts'

const FORMATS = [...STREAM_FORMATS, 'sql'] as const
type Format = (typeof FORMATS)[number]

interface ExportOptions extends Bounds, BarWishes {
  readonly json?: boolean
  readonly format?: Format
  readonly symbols?: readonly string[]
  readonly interval?: readonly Interval[]
  readonly provider?: string
  readonly session: 'all' | 'regular'
  readonly output?: string
  readonly table: string
  readonly batchSize: number
  readonly withSchema?: boolean
}

const BATCH_ROWS = 500

export const define: Define = (command, run) => {
  command
    .description('Write bars in any format, to standard output or whole into a file.')
    .addOption(
      new Option(
        '-f, --format <format>',
        'how to write them; csv where left out, ndjson with --json and no file',
      ).choices(FORMATS),
    )
    .option('-s, --symbols <list>', 'these symbols; all where left out', addSymbols)
    .addOption(intervalsOption('bars of this length; DEFAULT_INTERVAL where left out'))
    .addOption(barProviderOption('one provider only; else the best that any has of each start'))
    .addOption(
      new Option('--session <hours>', 'intraday bars of all hours or of regular trading')
        .choices(['all', 'regular'])
        .default('all'),
    )
    .option('-o, --output <file>', 'a file in place of standard output')
    .option('--table <name>', 'with --format sql: the table to insert into', 'bars')
    .addOption(
      new Option('--batch-size <rows>', 'with --format sql: rows of one statement')
        .argParser(wholeNumber('--batch-size', 1, 100_000))
        .default(BATCH_ROWS),
    )
    .option('--with-schema', 'with --format sql: make the table, too')
  addBarWishes(addBounds(command)).action((options: ExportOptions) =>
    run(options, (context) => exportCommand(context, options)),
  )
  addExamples(command, [
    ['export -s AAPL,MSFT -o bars.csv', 'daily bars of two symbols'],
    ['export -i 5m --from 2024-07-01 -f parquet -o bars.parquet', 'all symbols, compressed'],
    ['export -o all.csv --json', 'what was written, for a script'],
  ])
}

function addSymbols(text: string, earlier: readonly string[] | undefined): string[] {
  return readSymbols([...(earlier ?? []), text])
}

interface Job {
  readonly context: CommandContext
  readonly options: ExportOptions
  readonly format: Format
  readonly intervals: readonly Interval[]
  /** Instant of asking. */
  readonly now: number
  /** As of when; null for now, with `live`. */
  readonly asOf: Bound | null
  readonly written: Written
}

interface Written {
  rows: number
  bytes: number
  readonly symbols: Set<string>
  readonly missing: string[]
}

async function exportCommand(context: CommandContext, options: ExportOptions): Promise<number> {
  const { output } = options
  const format = formatOf(options)
  const isBinary = format === 'parquet' || format === 'arrow'
  if (output === undefined && isBinary && context.stdout.isTerminal) throw binaryError(format)
  quoteTable(options.table)
  const { defaultInterval } = await context.config()
  const store = await context.openStore()
  const job: Job = {
    context,
    options,
    format,
    intervals: options.interval ?? [defaultInterval],
    now: context.clock.now(),
    asOf: await asOfOf(options, store.pool),
    written: { rows: 0, bytes: 0, symbols: new Set(), missing: [] },
  }
  const hash = createHash('sha256')
  // What was known at an instant needs no snapshot, and must see what is committed meanwhile.
  const work = (write: Write) =>
    job.asOf === null
      ? inSnapshot(store.pool, (db) => writeBars(job, db, hashing(write)))
      : writeBars(job, store.pool, hashing(write))
  const hashing =
    (write: Write): Write =>
    async (chunk) => {
      hash.update(chunk)
      job.written.bytes += Buffer.byteLength(chunk)
      await write(chunk)
    }
  if (output === undefined) await work((chunk) => context.stdout.write(chunk))
  else {
    await writeFileWhole(output, work)
    await describe(job, store, output, hash.digest('hex'))
  }
  await report(job, store)
  return job.written.missing.length > 0 ? 1 : 0
}

/** @throws StockyardError `OPTION_CONFLICT` where --json would print what is no JSON */
function formatOf({ format, output, json }: ExportOptions): Format {
  const isJson = json === true && output === undefined
  if (!isJson || format === undefined) return format ?? (isJson ? 'ndjson' : 'csv')
  if (format === 'ndjson') return format
  throw new StockyardError('usage', 'OPTION_CONFLICT', `--json and -f ${format} contradict.`, {
    hint: 'Leave --json out, or name a file with -o: its manifest is then printed as JSON.',
  })
}

/** Where nothing is said, all that is known by now: so that the same can be asked again later. */
async function asOfOf({ asOf, live }: ExportOptions, pool: Pool): Promise<Bound | null> {
  if (asOf !== undefined) return asOf
  return live === true ? null : { kind: 'instant', at: await newestAsOf(pool) }
}

function binaryError(format: string): StockyardError {
  return new StockyardError(
    'usage',
    'OUTPUT_BINARY',
    `${format} is nothing to be read on a terminal.`,
    {
      hint: 'Name a file with -o, or send the output on to a program.',
    },
  )
}

async function writeBars(job: Job, db: Pool | Connection, write: Write): Promise<void> {
  const { format } = job
  const { table, batchSize, withSchema, resample } = job.options
  const intervals = resample === undefined ? job.intervals : [resample]
  const sources = sourcesOf(job, db)
  const sqlTable: SqlTable = { name: table, batchRows: batchSize, withSchema: withSchema === true }
  const bytes =
    format === 'sql'
      ? encodeSql(sources, intervals, sqlTable)
      : encodeBars(sources, { format, fields: FIELDS, intervals })
  for await (const chunk of bytes) {
    job.context.signal.throwIfAborted()
    await write(chunk)
  }
}

async function* sourcesOf(job: Job, db: Pool | Connection): AsyncGenerator<BarSource> {
  const { options, context, written } = job
  const symbols = options.symbols ?? (await storedSymbols(job, db))
  for (const [index, symbol] of symbols.entries()) {
    for (const interval of job.intervals) {
      const stream = await streamBars(db, {
        symbol,
        interval,
        provider: options.provider ?? 'auto',
        from: options.from ?? null,
        until: options.until ?? null,
        session: options.session,
        sort: 'asc',
        ...wishesOf(options, job.now),
        asOf: job.asOf,
      })
      for (const warning of stream.warnings) await context.stderr.write(`${symbol}: ${warning}\n`)
      const before = written.rows
      yield { ...stream, chunks: counted(stream.chunks, written) }
      if (written.rows > before) written.symbols.add(stream.symbol)
      else if (options.symbols !== undefined) written.missing.push(`${symbol} ${interval}`)
    }
    await tell(job, `${index + 1} of ${symbols.length} symbols, ${formatCount(written.rows)} bars`)
  }
}

async function* counted(
  chunks: AsyncIterable<BarChunk>,
  written: Written,
): AsyncGenerator<BarChunk> {
  for await (const chunk of chunks) {
    written.rows += chunk.bars.length
    yield chunk
  }
}

/** Progress: one line that is drawn again on a terminal, where the bars do not go there, too. */
async function tell({ context, options }: Job, text: string): Promise<void> {
  const { stderr } = context
  if (stderr.isTerminal && options.output !== undefined) await stderr.write(`\r${text}\u001B[K`)
}

async function storedSymbols(
  { intervals, options }: Job,
  db: Pool | Connection,
): Promise<string[]> {
  const symbols = new Set<string>()
  for (const interval of intervals) {
    const { data } = await readStatus(db, { interval, provider: options.provider })
    for (const series of data) symbols.add(series.symbol)
  }
  return [...symbols].sort()
}

/** Writes the manifest beside a file; what is no plain file has none. */
async function describe(job: Job, store: Store, file: string, sha256: string): Promise<void> {
  const { options, format, intervals, asOf, written, context } = job
  const { adjust, provider, session, resample, live, from, until } = options
  const manifest: ExportManifest = {
    file,
    format,
    query: {
      symbols: options.symbols ?? null,
      intervals,
      provider: provider ?? 'auto',
      from: boundText(from),
      until: boundText(until),
      session,
      resample: resample ?? null,
      live: live === true,
    },
    as_of: boundText(asOf),
    adjust,
    rows: written.rows,
    symbols: [...written.symbols],
    missing: written.missing,
    columns: [...KEY_COLUMNS, ...FIELDS],
    bytes: written.bytes,
    sha256,
    simulated: store.simulated,
    stockyard: packageJson.version,
  }
  if ((await stat(file)).isFile()) {
    const text = `${JSON.stringify(manifest, null, 2)}\n`
    await writeFileWhole(manifestPath(file), (write) => write(text))
  }
  if (context.json) await writeJson(context.stdout, manifest)
}

/** Says what was written where that was not told as JSON, and what was not there in any case. */
async function report({ context, options, written }: Job, store: Store): Promise<void> {
  const { output } = options
  const { stderr } = context
  if (output === undefined || !context.json) {
    const where = output === undefined ? '' : ` to ${output}`
    const line = stderr.isTerminal && output !== undefined ? '\r' : ''
    const end = line === '' ? '' : '\u001B[K'
    const count = formatCount(written.rows)
    await stderr.write(`${line}${simulatedNote(store)}${count} bars written${where}${end}\n`)
  }
  if (written.missing.length > 0) {
    await stderr.write(`Nothing is stored for this of ${written.missing.join(', ')}.\n`)
  }
}
