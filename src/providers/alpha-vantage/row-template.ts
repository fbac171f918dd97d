/**
 * The quick way through a series: all rows of an answer are spelt alike but for their label and their
 * digits. The text between the values of the first row is learnt, and the rows after it are compared
 * with it four bytes at a time, which is some five times as fast as reading them byte by byte.
 */
import { scanDecimal, type Cursor } from './decimal.ts'
import { FIELD_COUNT, makeRoom, readLabel, type WireRows } from './wire-rows.ts'

const QUOTE = 34
const BACKSLASH = 92
const CLOSE = 125

export interface RowTemplate {
  readonly view: DataView
  /** Field of each value in the order of the row, -1 for those that are not read. */
  readonly fields: Int8Array
  /**
   * The gaps: from the label's closing quote to the first value, between values, and from the last
   * value to the next label. The words of gap `k` are those from starts[k] until starts[k + 1].
   */
  readonly lengths: Int32Array
  readonly starts: Int32Array
  readonly words: Int32Array
  /** Where each word stands in its gap; the last word of a gap may overlap the one before. */
  readonly offsets: Int32Array
  /** Bytes from the end of the last value up to the end of the row. */
  readonly tail: number
}

/**
 * The template of a row that was read already, from the quote of its label up to the quote of the next
 * label. Null where a value has no quotes or a gap is too short to compare.
 */
export function learnRow(
  bytes: Uint8Array,
  from: number,
  next: number,
  fieldOf: (bytes: Uint8Array, from: number, until: number) => number,
): RowTemplate | null {
  const quotes: number[] = []
  for (let at = from; at <= next; at += 1) if (bytes[at] === QUOTE) quotes.push(at)
  // Two quotes of the label, four a field, and the first of the next label.
  if (quotes.length % 4 !== 3 || quotes.length < 3 + 4 * FIELD_COUNT) return null
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const fields: number[] = []
  const gaps: [number, number][] = []
  for (let i = 1; i + 4 < quotes.length; i += 4) {
    fields.push(fieldOf(bytes, quotes[i + 1]! + 1, quotes[i + 2]!))
    gaps.push([quotes[i]!, quotes[i + 3]! + 1])
  }
  const lastValueEnd = quotes[quotes.length - 2]!
  gaps.push([lastValueEnd, next + 1])
  if (gaps.some(([start, end]) => end - start < 4)) return null
  if (gaps.slice(0, -1).some(([, end]) => !isAfterColon(bytes, end - 1))) return null
  const tail = bytes.indexOf(CLOSE, lastValueEnd) + 1 - lastValueEnd
  return { view, fields: Int8Array.from(fields), tail, ...wordsOf(view, gaps) }
}

/** True where a quote opens a value: before it stands a colon, and space at most. */
function isAfterColon(bytes: Uint8Array, quote: number): boolean {
  let at = quote - 1
  while (bytes[at]! <= 32) at -= 1
  return bytes[at] === 58
}

function wordsOf(
  view: DataView,
  gaps: readonly (readonly [number, number])[],
): Pick<RowTemplate, 'lengths' | 'starts' | 'words' | 'offsets'> {
  const starts = [0]
  const words: number[] = []
  const offsets: number[] = []
  for (const [from, until] of gaps) {
    const last = until - from - 4
    for (let offset = 0; offset < last + 4; offset += 4) {
      offsets.push(Math.min(offset, last))
      words.push(view.getInt32(from + Math.min(offset, last), true))
    }
    starts.push(words.length)
  }
  return {
    lengths: Int32Array.from(gaps, ([from, until]) => until - from),
    starts: Int32Array.from(starts),
    words: Int32Array.from(words),
    offsets: Int32Array.from(offsets),
  }
}

/**
 * Reads rows from the quote of a label at `from` on, as long as they are spelt like the template, and
 * answers where the quote of the first label is that was not read.
 */
export function scanLikeRows(
  bytes: Uint8Array,
  from: number,
  intraday: boolean,
  rows: WireRows,
  template: RowTemplate,
): number {
  const cursor: Cursor = { at: from + 1 }
  let at = from
  while (scanLikeRow(bytes, at + 1, intraday, rows, template, cursor)) at = cursor.at - 1
  return at
}

/** Reads the row whose label begins at `from`; the cursor is then at the first byte of the next label. */
function scanLikeRow(
  bytes: Uint8Array,
  from: number,
  intraday: boolean,
  rows: WireRows,
  template: RowTemplate,
  cursor: Cursor,
): boolean {
  const { fields, lengths, tail } = template
  makeRoom(rows)
  let at = from + (intraday ? 19 : 10)
  if (!readLabel(bytes, from, at, intraday, rows)) return false
  const base = rows.length * FIELD_COUNT
  for (let i = 0; i < fields.length; i += 1) {
    if (!isGap(template, i, at)) return false
    at += lengths[i]!
    const field = fields[i]!
    if (field >= 0) {
      rows.values[base + field] = scanDecimal(bytes, at, cursor)
      at = cursor.at
      if (at < 0) return false
    } else {
      while (bytes[at]! >= 32 && bytes[at] !== QUOTE && bytes[at] !== BACKSLASH) {
        at += 1
      }
    }
  }
  if (!isGap(template, fields.length, at)) return false
  rows.from[rows.length] = from - 1
  rows.until[rows.length] = at + tail
  rows.length += 1
  cursor.at = at + lengths[fields.length]!
  return true
}

/** True where the bytes from `at` on are gap `index` of the template. */
function isGap(template: RowTemplate, index: number, at: number): boolean {
  const { view, starts, words, offsets } = template
  if (at + template.lengths[index]! > view.byteLength) return false
  const until = starts[index + 1]!
  for (let i = starts[index]!; i < until; i += 1) {
    if (view.getInt32(at + offsets[i]!, true) !== words[i]) return false
  }
  return true
}
