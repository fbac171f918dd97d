/** Bars of some series as the bytes of a file or an answer, in each of the formats that stream. */
import type { Interval } from '../domain/interval.ts'
import type { Pause, SeriesBars } from '../formats/row-groups.ts'
import { writeSql, type SqlTable } from '../formats/write-sql.ts'
import { tableShape, type TableShape } from '../formats/table-shape.ts'
import type { BarChunk } from './bar-chunk.ts'
import { barBytes } from './bar-bytes.ts'
import { csvHeader, csvLines, FIELDS, type Field } from './rows.ts'

export const STREAM_FORMATS = ['ndjson', 'csv', 'parquet', 'arrow'] as const
export type StreamFormat = (typeof STREAM_FORMATS)[number]

/** The bars of one symbol at one interval. */
export interface BarSource {
  readonly symbol: string
  readonly interval: Interval
  readonly chunks: AsyncIterable<BarChunk> | Iterable<BarChunk>
}

export type BarSources = AsyncIterable<BarSource> | Iterable<BarSource>

export interface Encoding {
  readonly format: StreamFormat
  /** The columns after symbol, interval and start. */
  readonly fields: readonly Field[]
  /** All intervals that the sources can have. */
  readonly intervals: readonly Interval[]
  /** Waited for before each piece of work; left out: all goes on at once. */
  readonly pause?: Pause
}

/**
 * The sources one after the other. Nothing is read ahead of what is taken, and no more is held than a group
 * of rows.
 * @throws StockyardError `INTERVALS_MIXED`, before anything is read
 */
export function encodeBars(
  sources: BarSources,
  { format, fields, intervals, pause }: Encoding,
): AsyncGenerator<string | Uint8Array> {
  if (format === 'csv' || format === 'ndjson') return textOf(sources, format, fields, pause)
  const shape = tableShape(intervals, fields)
  const bars = stretchesOf(sources)
  return writeFile(bars, shape, format, pause)
}

/** The libraries of these formats are large: they are loaded where they write. */
async function* writeFile(
  bars: AsyncIterable<SeriesBars>,
  shape: TableShape,
  format: 'arrow' | 'parquet',
  pause: Pause | undefined,
): AsyncGenerator<Uint8Array> {
  if (format === 'arrow') {
    const { writeArrow } = await import('../formats/write-arrow.ts')
    yield* writeArrow(bars, shape, pause)
  } else {
    const { writeParquet } = await import('../formats/write-parquet.ts')
    yield* writeParquet(bars, shape, pause)
  }
}

/**
 * The sources as INSERT statements with all columns.
 * @throws StockyardError `INTERVALS_MIXED`, `TABLE_INVALID`, before anything is read
 */
export function encodeSql(
  sources: BarSources,
  intervals: readonly Interval[],
  table: SqlTable,
): AsyncGenerator<string> {
  return writeSql(stretchesOf(sources), tableShape(intervals, FIELDS), table)
}

async function* textOf(
  sources: BarSources,
  format: 'csv' | 'ndjson',
  fields: readonly Field[],
  pause: Pause | undefined,
): AsyncGenerator<string | Uint8Array> {
  if (format === 'csv') yield csvHeader(fields)
  for await (const source of sources) {
    for await (const chunk of source.chunks) {
      await pause?.()
      const isCsv = format === 'csv'
      yield isCsv ? csvLines(source, chunk, fields) : ndjsonLines(source, chunk, fields)
    }
  }
}

async function* stretchesOf(sources: BarSources): AsyncGenerator<SeriesBars> {
  for await (const { symbol, interval, chunks } of sources) {
    for await (const chunk of chunks) yield { symbol, interval, ...chunk }
  }
}

/** Bars as NDJSON, in the shape of the REST API with symbol and interval. */
export function ndjsonLines(
  { symbol, interval }: Pick<BarSource, 'symbol' | 'interval'>,
  chunk: BarChunk,
  fields: readonly Field[] = FIELDS,
): Buffer {
  const head = `"symbol":${JSON.stringify(symbol)},"interval":"${interval}",`
  return barBytes(chunk, { interval, fields, head, separator: '\n' })
}
