/**
 * Bars as an Arrow IPC stream: one record batch a group of rows. Texts are dictionaries, written anew with
 * each batch, so that nothing has to be known of later rows.
 */
import {
  DateDay,
  Dictionary,
  Field,
  Float64,
  Int32,
  Int64,
  makeData,
  RecordBatch,
  RecordBatchStreamWriter,
  Schema,
  Struct,
  TimestampMillisecond,
  Utf8,
  vectorFromArray,
  type Data,
  type DataType,
} from 'apache-arrow'
import { DAY_MS } from '../domain/date.ts'
import { toInt64 } from './int64.ts'
import { KEY_COLUMNS, rowGroups, type Pause, type RowGroup, type SeriesBars } from './row-groups.ts'
import type { TableShape } from './table-shape.ts'

/** What ends a stream: the continuation mark and a length of zero (Arrow's IPC format). */
const END_BYTES = 8

/**
 * The bytes of a stream of bars, a record batch at a time.
 * @param pause waited for before each batch
 */
export async function* writeArrow(
  source: AsyncIterable<SeriesBars>,
  shape: TableShape,
  pause?: Pause,
): AsyncGenerator<Uint8Array> {
  const schema = schemaOf(shape)
  const empty = streamOf(schema, null)
  const headBytes = empty.length - END_BYTES
  yield empty.subarray(0, headBytes)
  for await (const group of rowGroups(source)) {
    await pause?.()
    // A batch is written as a stream of its own, of which head and end are left out.
    const whole = streamOf(schema, batchOf(schema, group))
    yield whole.subarray(headBytes, whole.length - END_BYTES)
  }
  yield empty.subarray(headBytes)
}

function streamOf(schema: Schema, batch: RecordBatch | null): Uint8Array {
  const writer = new RecordBatchStreamWriter()
  writer.reset(undefined, schema)
  if (batch !== null) writer.write(batch)
  writer.finish()
  return writer.toUint8Array(true)
}

function schemaOf({ isIntraday, columns }: TableShape): Schema {
  const names = [...KEY_COLUMNS, ...columns]
  return new Schema(
    names.map((name) => new Field(name, typeOf(name, isIntraday), NULLABLE.has(name))),
  )
}

/** Ids by which batches name their dictionaries. */
const DICTIONARIES: ReadonlyMap<string, number> = new Map([
  ['symbol', 0],
  ['interval', 1],
  ['provider', 2],
  ['state', 3],
])
const NULLABLE: ReadonlySet<string> = new Set(['volume', 'vwap', 'trades'])

function typeOf(name: string, isIntraday: boolean): DataType {
  const dictionary = DICTIONARIES.get(name)
  if (dictionary !== undefined) return new Dictionary(new Utf8(), new Int32(), dictionary)
  if (name === 'ts') return isIntraday ? new TimestampMillisecond('UTC') : new DateDay()
  return name === 'trades' ? new Int64() : new Float64()
}

function batchOf(schema: Schema, group: RowGroup): RecordBatch {
  const { length } = group.bars
  const children = schema.fields.map((field) => columnOf(field, group))
  const type = new Struct(schema.fields)
  return new RecordBatch(schema, makeData({ type, length, nullCount: 0, children }))
}

function columnOf({ name, type }: Field, group: RowGroup): Data {
  const { length } = group.bars
  if (type instanceof Dictionary) {
    const { codes, texts } = group[name as 'symbol']
    const dictionary = vectorFromArray([...texts], new Utf8())
    return makeData({ type, length, nullCount: 0, data: codes, dictionary })
  }
  const values = group.bars[name as 'ts']
  if (type instanceof DateDay) {
    const data = Int32Array.from(values, (day) => day / DAY_MS)
    return makeData({ type, length, nullCount: 0, data })
  }
  if (type instanceof TimestampMillisecond) {
    return makeData({ type, length, nullCount: 0, data: toInt64(values) })
  }
  const { nullBitmap, nullCount } = nullsOf(values)
  if (type instanceof Int64) {
    return makeData({ type, length, nullCount, nullBitmap, data: toInt64(values) })
  }
  return makeData({ type: type as Float64, length, nullCount, nullBitmap, data: values })
}

/** Absent values are NaN in columns; in Arrow a bit of each row says that it is there. */
function nullsOf(values: Float64Array): { nullBitmap: Uint8Array | null; nullCount: number } {
  const nullBitmap = new Uint8Array(Math.ceil(values.length / 64) * 8)
  let nullCount = 0
  for (let i = 0; i < values.length; i += 1) {
    if (Number.isNaN(values[i]!)) nullCount += 1
    else nullBitmap[i >> 3]! |= 1 << (i & 7)
  }
  return { nullBitmap: nullCount === 0 ? null : nullBitmap, nullCount }
}
