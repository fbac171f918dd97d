/**
 * Bars straight from their columns into the bytes of JSON, without objects or strings between. The bytes are
 * those of JSON.stringify over `barRow`.
 */
import { DAY_MS, formatDate } from '../domain/date.ts'
import { isIntraday, type Interval } from '../domain/interval.ts'
import type { BarChunk } from './bar-chunk.ts'
import {
  NUMBER_BYTES_MAX,
  OVERHANG,
  wordsOf,
  writeAscii,
  writeNumber,
  writeWords,
  type Words,
} from './number-bytes.ts'
import { FIELDS, formatInstant, type Field } from './rows.ts'

/** Most bytes of one key of time. */
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
  const { bars, sources, provisional, partial } = chunk
  const { before = NOTHING, after = NOTHING, separator } = options
  const { open, columns, tails, bytesMax } = partsOf(chunk, options)
  const room = scratchOf(before.length + bars.length * bytesMax + after.length + OVERHANG)
  const out = new DataView(room.buffer, room.byteOffset, room.byteLength)
  const writeTime = timeWriter(options.interval)
  let at = before.copy(room)
  for (let i = 0; i < bars.length; i += 1) {
    at = writeTime(out, writeWords(out, at, open), bars.ts[i]!)
    for (let c = 0; c < columns.length; c += 1) {
      const { name, values } = columns[c]!
      at = writeNumber(out, writeWords(out, at, name), values[i]!)
    }
    const source = sources === null ? 0 : sources[i]!
    at = writeWords(out, at, tails[source * 4 + provisional[i]! * 2 + (partial?.[i] ?? 0)]!)
  }
  // The last comma has nothing after it.
  if (separator === ',' && bars.length > 0) at -= 1
  return Buffer.from(room.subarray(0, at + after.copy(room, at)))
}

interface Column {
  /** What stands before each value, from the end of the value before. */
  readonly name: Words
  readonly values: Float64Array
}

/** The pieces that are the same in many bars, and how long a bar can be. */
function partsOf({ bars, providers }: BarChunk, options: BarBytesOptions) {
  const { interval, fields = FIELDS, head = '', separator } = options
  const columns: Column[] = []
  // What is said before the next value; the first one ends the text of the time as well.
  let said = '"'
  for (const field of fields) {
    if (field === 'provider' || field === 'state') continue
    said += `,"${field}":`
    if (bars[field].every(Number.isNaN)) said += 'null'
    else {
      columns.push({ name: wordsOf(said), values: bars[field] })
      said = ''
    }
  }
  const open = wordsOf(`{${head}"${isIntraday(interval) ? 'ts' : 'session'}":"`)
  const tails = (providers.length === 0 ? [''] : providers).flatMap((provider) =>
    ['final', 'provisional'].flatMap((state) =>
      ['', ',"partial":true'].map((mark) => {
        const whose = fields.includes('provider') ? `,"provider":${JSON.stringify(provider)}` : ''
        const known = fields.includes('state') ? `,"state":"${state}"` : ''
        return wordsOf(`${said}${whose}${known}${mark}}${separator}`)
      }),
    ),
  )
  const names = columns.reduce((sum, { name }) => sum + name.length + NUMBER_BYTES_MAX, 0)
  const longest = Math.max(...tails.map(({ length }) => length))
  return { open, columns, tails, bytesMax: open.length + TIME_BYTES_MAX + names + longest }
}

const MINUTES_A_DAY = 1440
/** `14:30:00Z` of each minute of a day. */
const CLOCK_TIMES = Array.from({ length: MINUTES_A_DAY }, (_, minute) =>
  wordsOf(new Date(minute * 60_000).toISOString().slice(11, 19) + 'Z'),
)

/** Writes the keys of bars in time; the date of an instant is made once a day. */
function timeWriter(interval: Interval): (out: DataView, at: number, ts: number) => number {
  if (!isIntraday(interval)) return (out, at, ts) => writeAscii(out, at, formatDate(ts))
  let knownDay = Number.NaN
  let date = wordsOf('')
  return (out, at, ts) => {
    const day = Math.floor(ts / DAY_MS) * DAY_MS
    const minute = (ts - day) / 60_000
    if (!Number.isInteger(minute)) return writeAscii(out, at, formatInstant(ts))
    if (day !== knownDay) {
      knownDay = day
      date = wordsOf(`${formatDate(day)}T`)
    }
    return writeWords(out, writeWords(out, at, date), CLOCK_TIMES[minute]!)
  }
}
