/**
 * How a page lies in PostgreSQL, and pages out of its binary COPY. Prices are whole numbers of 10^-digits,
 * which is smaller and faster than float8[] (see docs/decisions/0003-pages-of-scaled-integers.md) and comes
 * back exactly by one division. encode-pages.ts is the other way.
 */
import type { BarBatch } from '../domain/bar-batch.ts'
import { makeBatch } from '../domain/bar-batch.ts'
import { DAY_MS } from '../domain/date.ts'
import type { Page, PageVersion } from '../domain/page.ts'

export const POWERS = [1, 10, 100, 1000, 10_000, 100_000, 1_000_000] as const
/** Day 0 of PostgreSQL's binary dates and timestamps. */
export const POSTGRES_EPOCH_MS = Date.UTC(2000, 0, 1)
export const COPY_HEADER = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1')
/** Lies in the middle of the times that `known_after` can hold, so that they fill an integer. */
export const KNOWN_AFTER_BIAS = 2_147_483_648

/** Milliseconds of one unit of `ts`: minutes for intraday pages, days for the others. */
export function tsUnitMs(intraday: boolean): number {
  return intraday ? 60_000 : DAY_MS
}

/** A page and what its row says beside the bars. */
export interface PageRow {
  readonly seriesId: number
  readonly startsOn: number
  readonly bars: BarBatch
  readonly provisional: Uint8Array
  readonly regularBars: number
  readonly expectedBars: number
  /** See sumRegularVolume; null in pages of days and longer. */
  readonly regularVolume: number | null
  readonly runId: number
  readonly observedAt: number
  readonly validFrom: number
  /** See PageVersion. */
  readonly known: Float64Array | null
  readonly intraday: boolean
}

/** The columns that decodePages reads, in its order; that of VERSION_COLUMNS comes after them. */
export const RAW_PAGE_COLUMNS =
  'starts_on, bars, observed_at, valid_from, price_digits, volume_digits, ts, provisional, ' +
  'open, high, low, close, volume, vwap, trades, wide'
/** With since when the bars are known, which only loads and reads as of an instant have to know. */
export const VERSION_COLUMNS = `${RAW_PAGE_COLUMNS}, known_after`

/** A page as it is in the store. */
export interface StoredPage extends Page {
  /** Since when this version is the current one, milliseconds UTC. */
  readonly validFrom: number
}

/**
 * Pages out of the output of `COPY (SELECT ${RAW_PAGE_COLUMNS} …) TO STDOUT (FORMAT binary)`, or of one of
 * VERSION_COLUMNS; `known` is null without them.
 * Format: https://www.postgresql.org/docs/current/sql-copy.html, "Binary Format".
 */
export function decodePages(copied: Buffer, intraday: boolean): PageVersion[] {
  const pages: PageVersion[] = []
  let at = COPY_HEADER.length
  // A column count of -1 ends the data.
  while (copied.readInt16BE(at) >= 0) {
    const count = copied.readInt16BE(at)
    const fields: (Buffer | null)[] = []
    at += 2
    for (let i = 0; i < count; i += 1) {
      const length = copied.readInt32BE(at)
      at += 4
      fields.push(length < 0 ? null : copied.subarray(at, at + length))
      if (length > 0) at += length
    }
    pages.push(decodePage(fields, intraday))
  }
  return pages
}

function decodePage(fields: readonly (Buffer | null)[], intraday: boolean): PageVersion {
  const [start, count, observed, valid, priceDigits, volumeDigits, ts, provisional] = fields
  const [open, high, low, close, volume, vwap, trades, wide, known] = fields.slice(8)
  const startsOn = start!.readInt32BE(0) * DAY_MS + POSTGRES_EPOCH_MS
  const length = count!.readInt32BE(0)
  const bars = makeBatch(length)
  const unit = tsUnitMs(intraday)
  readArray(ts!, bars.ts, 2)
  for (let i = 0; i < length; i += 1) bars.ts[i] = startsOn + bars.ts[i]! * unit
  const digits = priceDigits!.readInt16BE(0)
  if (digits < 0) {
    readWide(wide!, bars)
  } else {
    const power = POWERS[digits]!
    readScaled(open!, bars.open, 4, power)
    readScaled(high!, bars.high, 4, power)
    readScaled(low!, bars.low, 4, power)
    readScaled(close!, bars.close, 4, power)
    readScaled(volume!, bars.volume, 8, POWERS[volumeDigits!.readInt16BE(0)]!)
    readScaled(vwap!, bars.vwap, 4, power)
  }
  readScaled(trades!, bars.trades, 4, 1)
  return {
    startsOn,
    bars,
    provisional: readProvisional(provisional!, bars, startsOn, unit),
    observedAt: readInstant(observed!),
    validFrom: readInstant(valid!),
    known: readKnown(known ?? null, bars),
  }
}

function readKnown(raw: Buffer | null, bars: BarBatch): Float64Array | null {
  if (raw === null) return null
  const known = new Float64Array(raw.readInt32BE(12))
  readArray(raw, known, 4)
  const first = bars.length - known.length
  for (let i = 0; i < known.length; i += 1) {
    known[i] = bars.ts[first + i]! + known[i]! + KNOWN_AFTER_BIAS
  }
  return known
}

function readInstant(raw: Buffer): number {
  return Number(raw.readBigInt64BE(0) / 1000n) + POSTGRES_EPOCH_MS
}

/** Reads an int2[], int4[] or int8[] into a column; a null element is NaN. */
function readArray(raw: Buffer, column: Float64Array, size: 2 | 4 | 8): void {
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength)
  let at = view.getInt32(0) === 0 ? raw.byteLength : 20
  for (let i = 0; at < raw.byteLength; i += 1) {
    if (view.getInt32(at) < 0) {
      column[i] = Number.NaN
      at += 4
    } else if (size === 4) {
      column[i] = view.getInt32(at + 4)
      at += 8
    } else if (size === 2) {
      column[i] = view.getInt16(at + 4)
      at += 6
    } else {
      column[i] = view.getInt32(at + 4) * 4_294_967_296 + view.getUint32(at + 8)
      at += 12
    }
  }
}

function readScaled(raw: Buffer | null, column: Float64Array, size: 4 | 8, power: number): void {
  if (raw === null) {
    column.fill(Number.NaN)
    return
  }
  readArray(raw, column, size)
  if (power === 1) return
  for (let i = 0; i < column.length; i += 1) column[i] = column[i]! / power
}

function readWide(raw: Buffer, bars: BarBatch): void {
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength)
  let at = 20
  for (const column of [bars.open, bars.high, bars.low, bars.close, bars.volume, bars.vwap]) {
    for (let i = 0; i < column.length; i += 1) {
      const isAbsent = view.getInt32(at) < 0
      column[i] = isAbsent ? Number.NaN : view.getFloat64(at + 4)
      at += isAbsent ? 4 : 12
    }
  }
}

function readProvisional(
  raw: Buffer | null,
  bars: BarBatch,
  startsOn: number,
  unit: number,
): Uint8Array {
  const marks = new Uint8Array(bars.length)
  if (raw === null) return marks
  const count = raw.readInt32BE(12)
  const offsets = new Float64Array(count)
  readArray(raw, offsets, 2)
  let i = 0
  for (const offset of offsets) {
    while (i < bars.length && bars.ts[i]! < startsOn + offset * unit) i += 1
    if (i < bars.length) marks[i] = 1
  }
  return marks
}
