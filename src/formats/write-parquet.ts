/** Bars as a Parquet file: one row group a group of rows, compressed with Zstandard, no time of writing inside. */
import { zstdCompressSync } from 'node:zlib'
import type { SchemaElement } from 'hyparquet'
import { ByteWriter, ParquetWriter, type ColumnSource } from 'hyparquet-writer'
import { DAY_MS } from '../domain/date.ts'
import { toInt64 } from './int64.ts'
import {
  KEY_COLUMNS,
  rowGroups,
  type Coded,
  type Pause,
  type RowGroup,
  type SeriesBars,
} from './row-groups.ts'
import type { TableShape } from './table-shape.ts'

/**
 * The bytes of a file of bars, a row group at a time.
 * @param pause waited for before each column of a group, which is some milliseconds of work
 */
export async function* writeParquet(
  source: AsyncIterable<SeriesBars>,
  shape: TableShape,
  pause?: Pause,
): AsyncGenerator<Uint8Array> {
  const writer = new ByteWriter()
  const file = new ParquetWriter({
    writer,
    schema: schemaOf(shape),
    codec: 'ZSTD',
    compressors: { ZSTD: (bytes) => zstdCompressSync(bytes) },
    createdBy: 'stockyard',
  })
  const names = [...KEY_COLUMNS, ...shape.columns]
  for await (const group of rowGroups(source)) {
    for (const name of names) {
      await pause?.()
      const columnData = [columnOf(name, group, shape)]
      await file.write({ columnData, rowGroupSize: group.bars.length })
    }
    joinGroups(file, names.length)
    yield take(writer)
  }
  await file.finish()
  yield take(writer)
}

/** Makes one group of the last ones, of which each holds one column of the same rows. */
function joinGroups(file: ParquetWriter, count: number): void {
  const groups = file.row_groups.splice(-count)
  const sumOf = (size: 'total_byte_size' | 'total_compressed_size') =>
    groups.reduce((sum, group) => sum + (group[size] ?? 0n), 0n)
  const { num_rows } = groups[0]!
  file.row_groups.push({
    columns: groups.flatMap(({ columns }) => columns),
    total_byte_size: sumOf('total_byte_size'),
    num_rows,
    total_compressed_size: sumOf('total_compressed_size'),
  })
  file.num_rows -= num_rows * BigInt(count - 1)
}

/** What was written since; the writer goes on counting from there. */
function take(writer: ByteWriter): Uint8Array {
  const bytes = writer.getBytes().slice()
  writer.index = 0
  return bytes
}

const NULLABLE: ReadonlySet<string> = new Set(['volume', 'vwap', 'trades'])
const TEXTS: ReadonlySet<string> = new Set(['symbol', 'interval', 'provider', 'state'])

function schemaOf({ isIntraday, columns }: TableShape): SchemaElement[] {
  const names = [...KEY_COLUMNS, ...columns]
  return [
    { name: 'bars', num_children: names.length },
    ...names.map((name): SchemaElement => ({
      name,
      repetition_type: NULLABLE.has(name) ? 'OPTIONAL' : 'REQUIRED',
      ...typeOf(name, isIntraday),
    })),
  ]
}

function typeOf(name: string, isIntraday: boolean): Partial<SchemaElement> {
  if (TEXTS.has(name)) {
    return { type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' } }
  }
  if (name === 'trades') return { type: 'INT64' }
  if (name !== 'ts') return { type: 'DOUBLE' }
  if (!isIntraday) {
    return { type: 'INT32', converted_type: 'DATE', logical_type: { type: 'DATE' } }
  }
  return {
    type: 'INT64',
    converted_type: 'TIMESTAMP_MILLIS',
    logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MILLIS' },
  }
}

function columnOf(name: string, group: RowGroup, { isIntraday }: TableShape): ColumnSource {
  const plain = { name, offsetIndex: false }
  if (TEXTS.has(name)) return { ...plain, data: textsOf(group[name as 'symbol']) }
  const values = group.bars[name as 'ts']
  if (name === 'ts') {
    const data = isIntraday ? toInt64(values) : Int32Array.from(values, (day) => day / DAY_MS)
    return { ...plain, data, encoding: 'DELTA_BINARY_PACKED' }
  }
  if (!NULLABLE.has(name)) return { ...plain, data: values, encoding: 'PLAIN' }
  const whole = name === 'trades'
  const data = Array.from(values, (value) => {
    if (Number.isNaN(value)) return null
    return whole ? BigInt(Math.round(value)) : value
  })
  return { ...plain, data }
}

function textsOf({ codes, texts }: Coded): string[] {
  return Array.from(codes, (code) => texts[code]!)
}
