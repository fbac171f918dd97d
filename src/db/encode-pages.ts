/**
 * Pages as the input of a binary COPY. Prices become whole numbers of 10^-digits, with the fewest digits
 * that hold them exactly.
 */
import type { BarBatch } from '../domain/bar-batch.ts'
import { DAY_MS } from '../domain/date.ts'
import { digestStarts } from '../domain/page-counts.ts'
import {
  COPY_HEADER,
  KNOWN_AFTER_BIAS,
  POSTGRES_EPOCH_MS,
  POWERS,
  tsUnitMs,
  type PageRow,
} from './page-codec.ts'

const DIGITS_MAX = POWERS.length - 1
const INT4_MAX = 2_147_483_647
const INT2_OID = 21
const INT4_OID = 23
const INT8_OID = 20
const FLOAT8_OID = 701

/** The columns of a row in the order in which encodePages writes them. */
export const PAGE_COLUMNS =
  'series_id, starts_on, bars, regular_bars, expected_bars, run_id, observed_at, valid_from, ' +
  'price_digits, volume_digits, ts, provisional, open, high, low, close, volume, vwap, trades, wide, ' +
  'known_after, starts_digest, regular_volume'
const COLUMN_COUNT = 23

const COPY_TRAILER = Buffer.from([0xff, 0xff])

/** Most bytes of a page beside its bars: fixed columns, and the headers of up to eleven arrays. */
const PAGE_BYTES = 448
/**
 * Most bytes of a bar: ts twice, either six wide columns and trades or seven columns of integers, and
 * since when it is known.
 */
const BAR_BYTES = 2 * 6 + 6 * 12 + 8 + 8

/** Room that is kept, in bytes: enough for two months of minutes. */
const SPARE_BYTES_MAX = 2 * 1024 * 1024
/** Room of pages that were written, for those of the next load. */
let spare: Buffer | null = null

/**
 * The whole input of `COPY … FROM STDIN (FORMAT binary)` for some pages. Whoever has sent it may let its
 * room be written over by `reusePages`.
 */
export function encodePages(rows: readonly PageRow[]): Buffer {
  const most = rows.reduce((sum, row) => sum + PAGE_BYTES + row.bars.length * BAR_BYTES, 64)
  const out = takeRoom(most)
  const view = new DataView(out.buffer, out.byteOffset, out.byteLength)
  let at = COPY_HEADER.copy(out)
  for (const row of rows) at = encodePage(view, at, row)
  at += COPY_TRAILER.copy(out, at)
  return out.subarray(0, at)
}

function takeRoom(bytes: number): Buffer {
  const room = spare
  if (room === null || room.length < bytes) return Buffer.allocUnsafeSlow(bytes)
  spare = null
  return room
}

/** Lets the room of pages that were sent be written over. */
export function reusePages(encoded: Buffer): void {
  const room = Buffer.from(encoded.buffer)
  if (room.length <= SPARE_BYTES_MAX) spare = room
}

function encodePage(view: DataView, start: number, row: PageRow): number {
  const { bars } = row
  const priceDigits = priceDigitsOf(bars)
  const volumeDigits = digitsOf(bars.volume, 0, Number.MAX_SAFE_INTEGER)
  const isWide = priceDigits < 0 || volumeDigits < 0
  let at = start
  view.setInt16(at, COLUMN_COUNT)
  at = putInt4(view, at + 2, row.seriesId)
  at = putInt4(view, at, (row.startsOn - POSTGRES_EPOCH_MS) / DAY_MS)
  at = putInt4(view, at, bars.length)
  at = putInt4(view, at, row.regularBars)
  at = putInt4(view, at, row.expectedBars)
  at = putInt8(view, at, row.runId)
  at = putInt8(view, at, (row.observedAt - POSTGRES_EPOCH_MS) * 1000)
  at = putInt8(view, at, (row.validFrom - POSTGRES_EPOCH_MS) * 1000)
  at = putInt2(view, at, isWide ? -1 : priceDigits)
  at = putInt2(view, at, isWide ? 0 : volumeDigits)
  at = putOffsets(view, at, row, null)
  at = putOffsets(view, at, row, row.provisional)
  if (isWide) {
    for (let i = 0; i < 6; i += 1) at = putNull(view, at)
  } else {
    const price = POWERS[priceDigits]!
    at = putInts(view, at, bars.open, price)
    at = putInts(view, at, bars.high, price)
    at = putInts(view, at, bars.low, price)
    at = putInts(view, at, bars.close, price)
    at = putLongs(view, at, bars.volume, POWERS[volumeDigits]!)
    at = putInts(view, at, bars.vwap, price)
  }
  at = putInts(view, at, bars.trades, 1)
  at = isWide ? putWide(view, at, bars) : putNull(view, at)
  at = putKnown(view, at, row)
  at = putInt4(view, at, digestStarts(row.startsOn, bars.ts))
  return row.regularVolume === null ? putNull(view, at) : putFloat4(view, at, row.regularVolume)
}

function priceDigitsOf(bars: BarBatch): number {
  let digits = 0
  for (const column of [bars.open, bars.high, bars.low, bars.close, bars.vwap]) {
    digits = digitsOf(column, digits, INT4_MAX)
    if (digits < 0) return -1
  }
  // A column scanned early may have been scaled by less than the page ends up with.
  const most = INT4_MAX / POWERS[digits]!
  for (const column of [bars.open, bars.high, bars.low, bars.close, bars.vwap]) {
    for (let i = 0; i < column.length; i += 1) {
      if (Math.abs(column[i]!) > most) return -1
    }
  }
  return digits
}

/**
 * The least number of decimal digits, at least `least`, with which every value of a column is a whole
 * number of units and comes back exactly; -1 where none is.
 */
function digitsOf(column: Float64Array, least: number, most: number): number {
  let digits = least
  let power: number = POWERS[digits]!
  for (let i = 0; i < column.length; i += 1) {
    const value = column[i]!
    if (value !== value) continue
    let scaled = Math.round(value * power)
    while (scaled / power !== value) {
      digits += 1
      if (digits > DIGITS_MAX) return -1
      power = POWERS[digits]!
      scaled = Math.round(value * power)
    }
    if (scaled > most || scaled < -most) return -1
  }
  return digits
}

function putNull(view: DataView, at: number): number {
  view.setInt32(at, -1)
  return at + 4
}

function putInt2(view: DataView, at: number, value: number): number {
  view.setInt32(at, 2)
  view.setInt16(at + 4, value)
  return at + 6
}

function putInt4(view: DataView, at: number, value: number): number {
  view.setInt32(at, 4)
  view.setInt32(at + 4, value)
  return at + 8
}

function putInt8(view: DataView, at: number, value: number): number {
  view.setInt32(at, 8)
  setInt64(view, at + 4, value)
  return at + 12
}

function putFloat4(view: DataView, at: number, value: number): number {
  view.setInt32(at, 4)
  view.setFloat32(at + 4, value)
  return at + 8
}

/** A whole number up to 2^53 without a BigInt. */
function setInt64(view: DataView, at: number, value: number): void {
  const high = Math.floor(value / 4_294_967_296)
  view.setInt32(at, high)
  view.setUint32(at + 4, value - high * 4_294_967_296)
}

/** Writes an array's header; its size in bytes is set by closeArray once it is known. */
function openArray(
  view: DataView,
  at: number,
  oid: number,
  length: number,
  nulls: boolean,
): number {
  view.setInt32(at + 4, length === 0 ? 0 : 1)
  view.setInt32(at + 8, nulls ? 1 : 0)
  view.setInt32(at + 12, oid)
  if (length === 0) return at + 16
  view.setInt32(at + 16, length)
  view.setInt32(at + 20, 1)
  return at + 24
}

function closeArray(view: DataView, start: number, end: number): number {
  view.setInt32(start, end - start - 4)
  return end
}

/** ts of all bars, or of those that are marked; null where none is marked. */
function putOffsets(view: DataView, start: number, row: PageRow, marks: Uint8Array | null): number {
  const { ts, length } = row.bars
  let count = length
  if (marks !== null) {
    count = 0
    for (let i = 0; i < length; i += 1) count += marks[i]!
    if (count === 0) return putNull(view, start)
  }
  const unit = tsUnitMs(row.intraday)
  let at = openArray(view, start, INT2_OID, count, false)
  for (let i = 0; i < length; i += 1) {
    if (marks !== null && marks[i] === 0) continue
    view.setInt32(at, 2)
    view.setInt16(at + 4, (ts[i]! - row.startsOn) / unit)
    at += 6
  }
  return closeArray(view, start, at)
}

function countAbsent(column: Float64Array): number {
  let absent = 0
  for (let i = 0; i < column.length; i += 1) {
    if (column[i] !== column[i]) absent += 1
  }
  return absent
}

function putInts(view: DataView, start: number, column: Float64Array, power: number): number {
  const absent = countAbsent(column)
  if (absent === column.length) return putNull(view, start)
  let at = openArray(view, start, INT4_OID, column.length, absent > 0)
  for (let i = 0; i < column.length; i += 1) {
    const value = column[i]!
    if (value !== value) {
      at = putNull(view, at)
      continue
    }
    view.setInt32(at, 4)
    view.setInt32(at + 4, Math.round(value * power))
    at += 8
  }
  return closeArray(view, start, at)
}

function putLongs(view: DataView, start: number, column: Float64Array, power: number): number {
  const absent = countAbsent(column)
  if (absent === column.length) return putNull(view, start)
  let at = openArray(view, start, INT8_OID, column.length, absent > 0)
  for (let i = 0; i < column.length; i += 1) {
    const value = column[i]!
    at = value === value ? putInt8(view, at, Math.round(value * power)) : putNull(view, at)
  }
  return closeArray(view, start, at)
}

function putWide(view: DataView, start: number, bars: BarBatch): number {
  const columns = [bars.open, bars.high, bars.low, bars.close, bars.volume, bars.vwap]
  const absent = columns.reduce((sum, column) => sum + countAbsent(column), 0)
  let at = openArray(view, start, FLOAT8_OID, bars.length * columns.length, absent > 0)
  for (const column of columns) {
    for (let i = 0; i < column.length; i += 1) {
      const value = column[i]!
      if (value !== value) {
        at = putNull(view, at)
        continue
      }
      view.setInt32(at, 8)
      view.setFloat64(at + 4, value)
      at += 12
    }
  }
  return closeArray(view, start, at)
}

function putKnown(view: DataView, start: number, { bars, provisional, known }: PageRow): number {
  if (known === null) return putNull(view, start)
  const first = bars.length - known.length
  let at = openArray(view, start, INT4_OID, known.length, false)
  for (let i = 0; i < known.length; i += 1) {
    const elapsedMs = provisional[first + i] === 1 ? 0 : known[i]! - bars.ts[first + i]!
    view.setInt32(at, 4)
    view.setInt32(at + 4, elapsedMs - KNOWN_AFTER_BIAS)
    at += 8
  }
  return closeArray(view, start, at)
}
