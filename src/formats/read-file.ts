/** Rows of a file that a person brings, some thousand at a time: CSV, NDJSON, Parquet, Arrow. */
import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { createGunzip } from 'node:zlib'
import { messageOf, StockyardError } from '../domain/error.ts'
import { csvRecords } from './read-csv.ts'
import { readParquetRows } from './read-parquet.ts'

export const READ_FORMATS = ['csv', 'ndjson', 'parquet', 'arrow'] as const
export type ReadFormat = (typeof READ_FORMATS)[number]

export interface FileRow {
  /** Cells by the name of their column. */
  readonly values: Readonly<Record<string, unknown>>
  /** The row as it stands in the file; null where it is no text there. */
  readonly raw: string | null
}

/** A row as text: its own, or else its values as JSON. */
export function rowText({ values, raw }: FileRow): string {
  if (raw !== null) return raw
  return JSON.stringify(values, (_name, value: unknown) =>
    typeof value === 'bigint' ? String(value) : value,
  )
}

const PAGE_ROWS = 10_000

const BY_ENDING: Readonly<Record<string, ReadFormat>> = {
  csv: 'csv',
  tsv: 'csv',
  txt: 'csv',
  ndjson: 'ndjson',
  jsonl: 'ndjson',
  parquet: 'parquet',
  arrow: 'arrow',
  arrows: 'arrow',
  feather: 'arrow',
}

/**
 * The format that a name's ending tells, before `.gz`.
 * @throws StockyardError `FILE_FORMAT_UNKNOWN`
 */
export function formatOfName(path: string): ReadFormat {
  const ending = /\.([a-z]+)$/.exec(path.toLowerCase().replace(/\.gz$/, ''))?.[1] ?? ''
  const format = BY_ENDING[ending]
  if (format !== undefined) return format
  throw new StockyardError('usage', 'FILE_FORMAT_UNKNOWN', `The name ${path} tells no format.`, {
    hint: `Name one with --format: ${READ_FORMATS.join(', ')}.`,
  })
}

/**
 * The rows of a file in order, in pages. No more than a page is held, of Parquet the
 * columns of a row group.
 * @throws StockyardError `FILE_UNREADABLE`
 */
export async function* readFileRows(path: string, format: ReadFormat): AsyncGenerator<FileRow[]> {
  try {
    yield* inPages(rowsOf(path, format))
  } catch (error) {
    if (error instanceof StockyardError) throw error
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT'
    const reason = isMissing ? 'there is no such file' : messageOf(error)
    throw new StockyardError('usage', 'FILE_UNREADABLE', `${path} cannot be read: ${reason}.`, {
      hint: isMissing ? 'Check the path.' : `Check the path, and that the file is ${format}.`,
      cause: error,
    })
  }
}

function rowsOf(path: string, format: ReadFormat): AsyncGenerator<FileRow> {
  if (format === 'csv') return csvRows(path)
  if (format === 'ndjson') return jsonRows(path)
  return format === 'parquet' ? parquetRows(path) : arrowRows(path)
}

async function* inPages(rows: AsyncIterable<FileRow>): AsyncGenerator<FileRow[]> {
  let page: FileRow[] = []
  for await (const row of rows) {
    page.push(row)
    if (page.length < PAGE_ROWS) continue
    yield page
    page = []
  }
  if (page.length > 0) yield page
}

async function* textOf(path: string): AsyncGenerator<string> {
  const bytes = createReadStream(path)
  const source = path.toLowerCase().endsWith('.gz')
    ? bytes.on('error', (error) => plain.destroy(error)).pipe(createGunzip())
    : bytes
  const plain: NodeJS.ReadableStream & { destroy(error: Error): unknown } = source
  const decoder = new TextDecoder('utf-8', { fatal: true })
  for await (const chunk of source) yield decoder.decode(chunk as Buffer, { stream: true })
  yield decoder.decode()
}

async function* csvRows(path: string): AsyncGenerator<FileRow> {
  let names: readonly string[] | null = null
  for await (const { cells, raw } of csvRecords(textOf(path))) {
    if (names === null) {
      names = cells.map((name) => name.trim())
      continue
    }
    const values: Record<string, unknown> = Object.create(null) as Record<string, unknown>
    names.forEach((name, i) => (values[name] = cells[i] ?? ''))
    yield { values, raw }
  }
}

async function* jsonRows(path: string): AsyncGenerator<FileRow> {
  let rest = ''
  for await (const part of textOf(path)) {
    const lines = (rest + part).split('\n')
    rest = lines.pop()!
    for (const line of lines) if (line.trim() !== '') yield jsonRow(line)
  }
  if (rest.trim() !== '') yield jsonRow(rest)
}

/** A line that is no object has no values, and is refused with its text like any row. */
function jsonRow(raw: string): FileRow {
  try {
    const value: unknown = JSON.parse(raw)
    const isObject = typeof value === 'object' && value !== null
    return { values: isObject ? { ...value } : {}, raw }
  } catch {
    return { values: {}, raw }
  }
}

async function* parquetRows(path: string): AsyncGenerator<FileRow> {
  for await (const values of readParquetRows(path)) yield { values, raw: null }
}

async function* arrowRows(path: string): AsyncGenerator<FileRow> {
  const { RecordBatchReader } = await import('apache-arrow')
  // Opened by ourselves: the library takes a file that cannot be read for one without rows.
  const file = await open(path)
  const reader = await RecordBatchReader.from(file.createReadStream())
  await reader.open()
  if ((reader.schema as unknown) === undefined) throw new Error('it has no schema of Arrow')
  for await (const batch of reader) {
    const columns = batch.schema.fields.map(({ name }, i) => [name, batch.getChildAt(i)!] as const)
    for (let row = 0; row < batch.numRows; row += 1) {
      const values: Record<string, unknown> = {}
      for (const [name, column] of columns) values[name] = column.get(row)
      yield { values, raw: null }
    }
  }
}
