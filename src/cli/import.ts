/** `stockyard import`: bars of files, checked and stored like those of any vendor. */
import { Option } from 'commander'
import { requireSymbol } from '../db/instruments.ts'
import { findExchange } from '../db/series.ts'
import { StockyardError } from '../domain/error.ts'
import { parseInterval, type Interval } from '../domain/interval.ts'
import { getZone } from '../domain/zone.ts'
import {
  BAR_NAMES,
  columnsNamed,
  findColumns,
  readNumber,
  readStart,
  type BarName,
  type Columns,
} from '../formats/bar-rows.ts'
import {
  formatOfName,
  READ_FORMATS,
  readFileRows,
  rowText,
  type FileRow,
  type ReadFormat,
} from '../formats/read-file.ts'
import { startImport, type BarImport, type ImportedRow } from '../load/import-bars.ts'
import { openCalendars, type CalendarOf } from '../load/open-calendars.ts'
import { getProvider, MANUAL_PROVIDER } from '../providers/registry.ts'
import type { Define } from './commands.ts'
import { checkManifest } from './export-manifest.ts'
import { reportImport } from './import-summary.ts'
import { withPresentKind, type Store } from './open-store.ts'
import { addExamples, intervalOption, readSymbol } from './options.ts'
import type { CommandContext } from './run-command.ts'

interface ImportOptions {
  readonly json?: boolean
  readonly format?: ReadFormat
  readonly symbol?: string
  readonly interval?: Interval
  readonly provider: string
  readonly basis: 'raw' | 'split'
  readonly columns: Columns
  readonly zone?: string
  readonly label: 'start' | 'end'
}

export const define: Define = (command, run) => {
  command
    .description('Check bars of files and store them; the same file twice changes nothing.')
    .argument('<files...>', 'CSV, NDJSON, Parquet or Arrow')
    .addOption(
      new Option(
        '-f, --format <format>',
        'what the files are, where their names do not tell',
      ).choices(READ_FORMATS),
    )
    .option('-s, --symbol <symbol>', 'of files that have no column for it', readSymbol)
    .addOption(intervalOption('of files that have no column for it'))
    .option('-p, --provider <id>', 'whose bars they are', readOwner, MANUAL_PROVIDER)
    .addOption(
      new Option('--basis <basis>', 'prices as traded, or restated for splits')
        .choices(['raw', 'split'])
        .default('raw'),
    )
    .option('--columns <list>', 'which column is what, as in ts=Date,close=Last', readColumns, {})
    .option('--zone <zone>', 'of times without an offset; the exchange’s where left out', readZone)
    .addOption(
      new Option('--label <end>', 'which end of a bar its time names')
        .choices(['start', 'end'])
        .default('start'),
    )
  command.action((files: string[], options: ImportOptions) =>
    run(options, (context) => importCommand(context, files, options)),
  )
  addExamples(command, [
    ['import bars.parquet', 'what stockyard export wrote'],
    ['import aapl.csv -s AAPL -i 1d', 'Date,Open,High,Low,Close,Volume'],
    ['import m1.csv -s MSFT -i 1m --zone UTC --label end', 'minutes labelled with their end'],
  ])
}

/** @throws StockyardError `PROVIDER_UNKNOWN` */
function readOwner(text: string): string {
  const id = text.trim().toLowerCase()
  return id === MANUAL_PROVIDER ? id : getProvider(id).id
}

/** @throws StockyardError `COLUMNS_INVALID` */
function readColumns(text: string, earlier: Columns): Columns {
  const given: Partial<Record<BarName, string>> = { ...earlier }
  for (const part of text.split(',')) {
    const [meaning = '', ...rest] = part.split('=')
    const known = BAR_NAMES.find((name) => name === meaning.trim().toLowerCase())
    if (known === undefined || rest.length === 0) {
      const shown = JSON.stringify(part.slice(0, 40))
      throw new StockyardError(
        'usage',
        'COLUMNS_INVALID',
        `${shown} says of no column what it is.`,
        {
          hint: `Write NAME=COLUMN with commas between, where NAME is one of ${BAR_NAMES.join(', ')}.`,
        },
      )
    }
    given[known] = rest.join('=').trim()
  }
  return given
}

/** @throws StockyardError `ZONE_UNKNOWN` */
function readZone(text: string): string {
  try {
    return getZone(text).name
  } catch (error) {
    const shown = JSON.stringify(text.slice(0, 40))
    throw new StockyardError('usage', 'ZONE_UNKNOWN', `There is no time zone ${shown}.`, {
      hint: 'Write UTC or the name of a place, such as America/New_York.',
      cause: error,
    })
  }
}

/** One import: where rows go, and how they are read. */
interface Job {
  readonly context: CommandContext
  readonly store: Store
  readonly options: ImportOptions
  readonly calendarOf: CalendarOf
  readonly exchanges: Map<string, string>
  /** Rows of bars that were running when they were written, which nothing is to be known by. */
  readonly skipped: { provisional: number }
}

async function importCommand(
  context: CommandContext,
  files: readonly string[],
  options: ImportOptions,
): Promise<number> {
  const formats = files.map((file) => options.format ?? formatOfName(file))
  const manifests = []
  for (const file of files) {
    const manifest = await checkManifest(file)
    const { adjust = 'none' } = manifest ?? {}
    if (adjust !== 'none') throw adjustedError(file, adjust)
    manifests.push(manifest)
  }
  const simulated = manifests.some((manifest) => manifest?.simulated === true)
  const store = await context.openStore({ writes: true })
  const { home } = await context.config()
  const calendarOf = await openCalendars(store.pool, home)
  const { provider, basis } = options
  const settleMs = provider === MANUAL_PROVIDER ? 0 : getProvider(provider).settleMs
  const into = await startImport(
    { pool: store.pool, calendarOf, now: context.clock.now, settleMs, simulated },
    { files, provider, basis },
  )
  const skipped = { provisional: 0 }
  const job: Job = { context, store, options, calendarOf, exchanges: new Map(), skipped }
  try {
    for (const [index, file] of files.entries()) await importFile(job, into, file, formats[index]!)
  } catch (error) {
    await into.finish('interrupted')
    throw error
  }
  await into.finish('succeeded')
  return await reportImport(context, await withPresentKind(store), {
    ...into,
    skipped: skipped.provisional,
    files,
  })
}

function adjustedError(file: string, adjust: string): StockyardError {
  const sentence = `${file} has prices that were adjusted (${adjust}), which are no bars as they were traded.`
  return new StockyardError('usage', 'FILE_ADJUSTED', sentence, {
    hint: 'Export again with --adjust none; or, where they are meant, remove the manifest beside the file.',
  })
}

async function importFile(
  job: Job,
  into: BarImport,
  file: string,
  format: ReadFormat,
): Promise<void> {
  let columnsOf: ColumnsOf | null = null
  let before = ''
  for await (const page of readFileRows(file, format)) {
    job.context.signal.throwIfAborted()
    if (columnsOf === null) {
      columnsOf = findColumnsOf(page[0]!, format, job.options.columns)
      requireSeries(file, columnsOf(page[0]!), job.options)
    }
    const found = columnsOf
    const groups = Map.groupBy(page, (row) => {
      // What cannot be read at all is refused where it stands: among the bars before it.
      if (Object.keys(row.values).length > 0) before = seriesOf(row, found(row), job.options)
      return before
    })
    for (const [name, rows] of groups) await importSeries(job, into, found, name, rows)
  }
}

type ColumnsOf = (row: FileRow) => Columns

/**
 * Which column is what in a row. Lines of NDJSON need not have the same names: a file can have `session` in
 * some and `ts` in others.
 * @throws StockyardError `COLUMNS_INVALID`
 */
function findColumnsOf(first: FileRow, format: ReadFormat, given: Columns): ColumnsOf {
  const ofFirst = findColumns(Object.keys(first.values), given)
  if (format !== 'ndjson') return () => ofFirst
  let before = { key: '', columns: ofFirst }
  return ({ values }) => {
    const names = Object.keys(values)
    const key = names.join('\n')
    if (key !== before.key) {
      before = { key, columns: { ...ofFirst, ...columnsNamed(names), ...given } }
    }
    return before.columns
  }
}

/** @throws StockyardError `COLUMNS_INVALID` where neither file nor options say whose bars these are */
function requireSeries(file: string, columns: Columns, options: ImportOptions): void {
  for (const name of ['symbol', 'interval'] as const) {
    if (columns[name] !== undefined || options[name] !== undefined) continue
    throw new StockyardError('usage', 'COLUMNS_INVALID', `${file} has no column for ${name}.`, {
      hint: `Say it with --${name}, or which column it is with --columns ${name}=COLUMN.`,
    })
  }
}

/** Symbol and interval as they stand in a row, on a line each; what was typed comes first. */
function seriesOf({ values }: FileRow, columns: Columns, options: ImportOptions): string {
  const { symbol = textAt(values, columns.symbol), interval = textAt(values, columns.interval) } =
    options
  return `${symbol}\n${interval}`
}

function textAt(values: FileRow['values'], column: string | undefined): string {
  const value = column === undefined ? '' : values[column]
  return typeof value === 'string' ? value.trim().replace(/^'(?=[=+\-@])/, '') : ''
}

async function importSeries(
  job: Job,
  into: BarImport,
  columnsOf: ColumnsOf,
  name: string,
  rows: readonly FileRow[],
): Promise<void> {
  const { options, store, exchanges, calendarOf, skipped } = job
  const [typed = '', length = ''] = name.split('\n')
  const symbol = requireSymbol(typed)
  const interval = parseInterval(length)
  const exchange = exchanges.get(symbol) ?? (await findExchange(store.pool, symbol))
  exchanges.set(symbol, exchange)
  const calendar = calendarOf(exchange)
  const { instantAt } = options.zone === undefined ? calendar : getZone(options.zone)
  const reading = { interval, calendar, instantAt, label: options.label }
  const read = rows.flatMap((row): ImportedRow[] => {
    const columns = columnsOf(row)
    if (textAt(row.values, columns.state) === 'provisional') {
      skipped.provisional += 1
      return []
    }
    return [readRow(row, columns, (cell) => readStart(cell, reading))]
  })
  const { provider, basis } = options
  if (read.length > 0) await into.load({ symbol, interval, provider, basis }, read)
}

const NUMBERS = ['open', 'high', 'low', 'close', 'volume', 'vwap', 'trades'] as const

function readRow(
  source: FileRow,
  columns: Columns,
  startOf: (cell: unknown) => number,
): ImportedRow {
  const cellOf = (name: BarName) => {
    const column = columns[name]
    return column === undefined ? null : source.values[column]
  }
  const ts = startOf(cellOf('ts'))
  const numbers = NUMBERS.map((name) => readNumber(cellOf(name)))
  const wrong = Number.isNaN(ts) ? 'ts' : NUMBERS.find((_, i) => numbers[i] === undefined)
  const cell = wrong === undefined ? '' : JSON.stringify(String(cellOf(wrong)).slice(0, 40))
  return {
    ts,
    values: numbers.map((value) => value ?? Number.NaN),
    text: () => rowText(source),
    unreadable: wrong === undefined ? null : `${wrong} is ${cell}, which cannot be read.`,
  }
}
