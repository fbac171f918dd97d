/**
 * Reads a series of bars straight from the bytes of a CSV answer. Columns are found by name, since the
 * vendor's functions differ: `timestamp` or `time`, `adjusted_close` or `adjusted close`, CRLF or LF.
 */
import { parseDecimal, scanDecimal, type Cursor } from './decimal.ts'
import { lacksFields, noTimestamp, type WireSeries } from './series.ts'
import {
  FIELDS,
  FIELD_COUNT,
  makeRoom,
  rawText,
  readLabel,
  takeRows,
  textsOf,
} from './wire-rows.ts'
import type { WireRows } from './wire-rows.ts'
import type { UnreadableRow } from '../provider.ts'

const COMMA = 44
const LINE_FEED = 10
const RETURN = 13

/** Bytes of a usual row are some 60, of a daily one some 50. */
const ROW_BYTES = 40
const HEADER_BYTES_MAX = 1000

/**
 * The series of a CSV body, or null where the body is no such CSV. A body whose last line has no end
 * was cut off and is refused whole: nothing tells half a number from a whole one.
 */
export function scanCsvSeries(
  bytes: Uint8Array,
  start: number,
  intraday: boolean,
): WireSeries | null {
  const headerEnd = bytes.indexOf(LINE_FEED, start)
  if (headerEnd < 0 || headerEnd - start > HEADER_BYTES_MAX) return null
  if (bytes[bytes.length - 1] !== LINE_FEED) return null
  const columns = readHeader(rawText(bytes, start, headerEnd))
  if (columns === null) return null
  const rows = takeRows(Math.ceil(bytes.length / ROW_BYTES) + 1)
  const unreadable: UnreadableRow[] = []
  const cursor: Cursor = { at: 0 }
  let from = headerEnd + 1
  while (from < bytes.length) {
    const next = readPlainLine(bytes, from, columns, intraday, rows, cursor)
    if (next >= 0) {
      from = next
      continue
    }
    const lineEnd = bytes.indexOf(LINE_FEED, from)
    const until = bytes[lineEnd - 1] === RETURN ? lineEnd - 1 : lineEnd
    if (until > from) readLine(bytes, from, until, columns, intraday, rows, unreadable)
    from = lineEnd + 1
  }
  return {
    rows,
    rawAt: textsOf(bytes, rows),
    unreadable,
    name: null,
    symbol: null,
    metadata: null,
    zone: null,
    remark: null,
  }
}

/** The field of each column after the first, -1 for those that are not read; null for no such header. */
function readHeader(text: string): Int8Array | null {
  const [label, ...names] = text.trim().toLowerCase().split(',')
  if (label !== 'timestamp' && label !== 'time') return null
  const isComplete = FIELDS.every((field) => names.indexOf(field) === names.lastIndexOf(field))
  if (!isComplete || FIELDS.some((field) => !names.includes(field))) return null
  return Int8Array.from(names, (name) => FIELDS.findIndex((field) => field === name))
}

/**
 * Reads a line of plain numbers and answers where the next one begins; -1 where anything is out of the
 * ordinary, so that readLine has to look at it.
 */
function readPlainLine(
  bytes: Uint8Array,
  from: number,
  columns: Int8Array,
  intraday: boolean,
  rows: WireRows,
  cursor: Cursor,
): number {
  makeRoom(rows)
  let at = from + (intraday ? 19 : 10)
  if (!readLabel(bytes, from, at, intraday, rows)) return -1
  const base = rows.length * FIELD_COUNT
  for (let column = 0; column < columns.length; column += 1) {
    if (bytes[at] !== COMMA) return -1
    at += 1
    const field = columns[column]!
    if (field >= 0) {
      rows.values[base + field] = scanDecimal(bytes, at, cursor)
      at = cursor.at
      if (at < 0) return -1
    } else {
      while (bytes[at] !== COMMA && bytes[at]! > 31) at += 1
    }
  }
  const until = at
  if (bytes[at] === RETURN) at += 1
  if (bytes[at] !== LINE_FEED) return -1
  rows.from[rows.length] = from
  rows.until[rows.length] = until
  rows.length += 1
  return at + 1
}

function readLine(
  bytes: Uint8Array,
  from: number,
  until: number,
  columns: Int8Array,
  intraday: boolean,
  rows: WireRows,
  unreadable: UnreadableRow[],
): void {
  makeRoom(rows)
  const labelEnd = cellEnd(bytes, from, until)
  if (!readLabel(bytes, from, labelEnd, intraday, rows)) {
    unreadable.push(noTimestamp(rawText(bytes, from, until)))
    return
  }
  const base = rows.length * FIELD_COUNT
  let seen = 0
  let at = labelEnd
  let column = 0
  for (; column < columns.length && at < until; column += 1) {
    const end = cellEnd(bytes, at + 1, until)
    const field = columns[column]!
    if (field >= 0) {
      rows.values[base + field] = parseDecimal(bytes, at + 1, end)
      seen |= 1 << field
    }
    at = end
  }
  if (column === columns.length && at === until) {
    rows.from[rows.length] = from
    rows.until[rows.length] = until
    rows.length += 1
  } else if (at < until) {
    const reason = 'The row has more values than the header has names.'
    unreadable.push({ rule: 'fields', reason, raw: rawText(bytes, from, until) })
  } else {
    unreadable.push(lacksFields(FIELDS, seen, rawText(bytes, from, until)))
  }
}

function cellEnd(bytes: Uint8Array, from: number, until: number): number {
  let at = from
  while (at < until && bytes[at] !== COMMA) at += 1
  return at
}
