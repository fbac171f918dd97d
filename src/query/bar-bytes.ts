/**
 * Bars straight from their columns into the bytes of JSON, without objects or strings between. The bytes are
 * those of JSON.stringify over `barRow`.
 */
import { DAY_MS, formatDate } from '../domain/date.ts'
import { isIntraday, type Interval } from '../domain/interval.ts'
import type { BarChunk } from './bar-chunk.ts'
import { FIELDS, formatInstant, type Field } from './rows.ts'

const ZERO = 48
const POINT = 46
const NULL = Buffer.from('null')
/** Most bytes of one number as text, and of one key of time. */
const NUMBER_BYTES_MAX = 26
const TIME_BYTES_MAX = 32

export interface BarBytesOptions {
  readonly interval: Interval
  readonly fields?: readonly Field[]
  /** What each object begins with after its brace, such as `"symbol":"AAPL",`. */
  readonly head?: string
  /** Between two objects: a comma, or a line feed, which then follows the last one, too. */
  readonly separator: ',' | '\n'
  /** What stands before and after all of them. */
  readonly before?: Buffer
  readonly after?: Buffer
}

const NOTHING = Buffer.alloc(0)
/** What is kept between calls; larger pieces of work take memory of their own. */
const SCRATCH_BYTES_MAX = 4 * 1_048_576
let scratch = NOTHING

/** Memory to write into before the length is known; the same at each call, so that none becomes garbage. */
function scratchOf(bytes: number): Buffer {
  if (bytes > SCRATCH_BYTES_MAX) return Buffer.allocUnsafe(bytes)
  if (scratch.length < bytes) scratch = Buffer.allocUnsafe(bytes)
  return scratch
}

/** Bars as JSON objects. */
export function barBytes(chunk: BarChunk, options: BarBytesOptions): Buffer {
  const { bars } = chunk
  const { interval, fields = FIELDS, separator } = options
  const parts = partsOf(chunk, options)
  const { before = NOTHING, after = NOTHING } = options
  const out = scratchOf(before.length + bars.length * parts.bytesMax + after.length)
  const writeTime = timeWriter(interval)
  const [open, end] = [parts.open, Buffer.from(separator === ',' ? '},' : '}\n')]
  let at = copy(out, 0, before)
  for (let i = 0; i < bars.length; i += 1) {
    at = copy(out, at, open)
    at = writeTime(out, at, bars.ts[i]!)
    for (let f = 0; f < fields.length; f += 1) {
      const field = fields[f]!
      at = copy(out, at, parts.names[f]!)
      if (field === 'provider') at = copy(out, at, parts.providers[chunk.sources?.[i] ?? 0]!)
      else if (field === 'state') at = copy(out, at, parts.states[chunk.provisional[i]!]!)
      else at = writeNumber(out, at, bars[field][i]!)
    }
    if (chunk.partial?.[i] === 1) at = copy(out, at, parts.partial)
    at = copy(out, at, end)
  }
  // The last comma has nothing after it.
  if (separator === ',' && bars.length > 0) at -= 1
  return Buffer.from(out.subarray(0, copy(out, at, after)))
}

/** The pieces that are the same in many bars, and how long a bar can be. */
function partsOf(chunk: BarChunk, { interval, fields = FIELDS, head = '' }: BarBytesOptions) {
  const key = isIntraday(interval) ? 'ts' : 'session'
  const parts = {
    open: Buffer.from(`{${head}"${key}":"`),
    // The first one ends the text of the time as well.
    names: fields.map((field, i) => Buffer.from(`${i === 0 ? '"' : ''},"${field}":`)),
    providers: chunk.providers.map(jsonText),
    states: [jsonText('final'), jsonText('provisional')],
    partial: Buffer.from(',"partial":true'),
  }
  const names = parts.names.reduce((sum, { length }) => sum + length, 0)
  const texts = longest(parts.providers) + longest(parts.states) + parts.partial.length
  const numbers = fields.length * NUMBER_BYTES_MAX
  return { ...parts, bytesMax: parts.open.length + TIME_BYTES_MAX + names + numbers + texts + 2 }
}

function jsonText(value: string): Buffer {
  return Buffer.from(JSON.stringify(value))
}

function longest(texts: readonly Buffer[]): number {
  return Math.max(0, ...texts.map(({ length }) => length))
}

function copy(out: Buffer, at: number, text: Buffer): number {
  for (let i = 0; i < text.length; i += 1) out[at + i] = text[i]!
  return at + text.length
}

function copyAscii(out: Buffer, at: number, text: string): number {
  for (let i = 0; i < text.length; i += 1) out[at + i] = text.charCodeAt(i)
  return at + text.length
}

/** Writes the keys of bars in time; the date of an instant is made once a day. */
function timeWriter(interval: Interval): (out: Buffer, at: number, ts: number) => number {
  if (!isIntraday(interval)) return (out, at, ts) => copyAscii(out, at, formatDate(ts))
  let knownDay = Number.NaN
  let date: Buffer = Buffer.alloc(0)
  return (out, at, ts) => {
    const day = Math.floor(ts / DAY_MS) * DAY_MS
    const seconds = (ts - day) / 1000
    if (!Number.isInteger(seconds)) return copyAscii(out, at, formatInstant(ts))
    if (day !== knownDay) {
      knownDay = day
      date = Buffer.from(`${formatDate(day)}T`)
    }
    let end = copy(out, at, date)
    const minutes = Math.floor(seconds / 60)
    end = writeTwo(out, end, Math.floor(minutes / 60))
    out[end] = 58
    end = writeTwo(out, end + 1, minutes % 60)
    out[end] = 58
    end = writeTwo(out, end + 1, seconds % 60)
    out[end] = 90
    return end + 1
  }
}

function writeTwo(out: Buffer, at: number, value: number): number {
  const tens = Math.floor(value / 10)
  out[at] = ZERO + tens
  out[at + 1] = ZERO + value - tens * 10
  return at + 2
}

/**
 * Writes a number as JSON.stringify does, NaN as null. Where value = n / 10^k with n below 10^15, the digits
 * of n are the shortest text that reads back as value: two decimals of 15 digits never share a double.
 */
export function writeNumber(out: Buffer, at: number, value: number): number {
  if (value >= 0 && value < 1e9) {
    const whole = Math.floor(value)
    if (whole === value) return writeWhole(out, at, whole)
    const n = Math.round(value * 10_000)
    if (n / 10_000 === value) return writeFraction(out, at, n, 10_000)
    const m = Math.round(value * 1_000_000)
    if (value >= 0.0001 && m / 1_000_000 === value) return writeFraction(out, at, m, 1_000_000)
  }
  if (Number.isNaN(value)) return copy(out, at, NULL)
  return copyAscii(out, at, JSON.stringify(value))
}

/** Digits of a whole number from 0 to 10^9. */
function writeWhole(out: Buffer, at: number, value: number): number {
  let length = 1
  for (let power = 10; power <= value; power *= 10) length += 1
  let rest = value
  for (let i = at + length - 1; i >= at; i -= 1) {
    const tenth = (rest / 10) | 0
    out[i] = ZERO + rest - tenth * 10
    rest = tenth
  }
  return at + length
}

/** Writes n / power without zeros at its end. */
function writeFraction(out: Buffer, at: number, n: number, power: number): number {
  const whole = Math.floor(n / power)
  let end = writeWhole(out, at, whole)
  out[end] = POINT
  end += 1
  let rest = n - whole * power
  for (let place = power / 10; rest > 0; place /= 10) {
    const digit = (rest / place) | 0
    out[end] = ZERO + digit
    end += 1
    rest -= digit * place
  }
  return end
}
