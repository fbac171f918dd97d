/**
 * Reads an answer with aggregates straight from its bytes. This is the hot path of a backfill: an
 * answer has up to 50,000 rows. It knows answers in which every row is a good one, whatever the
 * spacing and the order of keys; anything else it leaves to aggregates-document.ts.
 */
import { makeBatch, sliceBatch, type BarBatch } from '../../domain/bar-batch.ts'
import { COLUMNS, cutRaw, isInstant, REQUIRED_COUNT, type Aggregates } from './aggregates.ts'
import { scanNumber, type Cursor } from './json-number.ts'

const QUOTE = 34
const COMMA = 44
const COLON = 58
const OPEN_BRACKET = 91
const BACKSLASH = 92
const CLOSE_BRACKET = 93
const OPEN = 123
const CLOSE = 125
const TRUE = 116
const FALSE = 102
const NULL = 110

/** The shortest row there is, with its comma: `{"v":1,"o":1,"c":1,"h":1,"l":1,"t":1},`. */
const ROW_BYTES_MIN = 38
const REQUIRED = (1 << REQUIRED_COUNT) - 1
const VOLUME = 5
const VWAP = 6
const TRADES = 7
const OTHER = 8
const OTC = 9
/** Where a scan stops because the shape is not the usual one. */
const UNUSUAL = -1

interface Scan {
  readonly bytes: Uint8Array
  readonly cursor: Cursor
  /** The columns in the order of COLUMNS. */
  readonly columns: readonly Float64Array[]
  readonly batch: BarBatch
  readonly from: Int32Array
  readonly until: Int32Array
  length: number
  otc: number
}

const decoder = new TextDecoder()

/** The answer that begins at `start`, or null where it is not of the usual shape or not even JSON. */
export function scanAggregates(bytes: Uint8Array, start: number): Aggregates | null {
  if (bytes[start] !== OPEN) return null
  const scan = startScan(bytes)
  const members: Record<string, unknown> = {}
  let hasRows = false
  let at = start
  do {
    at = skipSpace(bytes, at + 1)
    const keyEnd = bytes[at] === QUOTE ? plainStringEnd(bytes, at + 1) : UNUSUAL
    if (keyEnd < 0) return null
    const key = textOf(bytes, at + 1, keyEnd)
    at = valueStart(bytes, keyEnd)
    // A key that comes twice is for the careful reader to refuse.
    if (at < 0 || key === '__proto__' || Object.hasOwn(members, key)) return null
    if (key === 'results' && bytes[at] === OPEN_BRACKET) {
      if (hasRows) return null
      hasRows = true
      at = scanRows(scan, at)
    } else {
      const end = scalarEnd(scan, at)
      const value = end < 0 ? undefined : scalarOf(textOf(bytes, at, end))
      // Rows, and a plain value for them under the same key: the later one counts.
      if (value === undefined || key === 'results') return null
      members[key] = value
      at = end
    }
    if (at < 0) return null
    at = skipSpace(bytes, at)
  } while (bytes[at] === COMMA)
  if (bytes[at] !== CLOSE || skipSpace(bytes, at + 1) !== bytes.length || !hasRows) return null
  const { from, until } = scan
  return {
    members,
    rows: {
      batch: sliceBatch(scan.batch, 0, scan.length),
      rawAt: (index) => cutRaw(textOf(bytes, from[index]!, until[index]!)),
      unreadable: [],
      otc: scan.otc,
    },
  }
}

function startScan(bytes: Uint8Array): Scan {
  const capacity = Math.ceil(bytes.length / ROW_BYTES_MIN) + 1
  const batch = makeBatch(capacity)
  return {
    bytes,
    cursor: { at: 0 },
    columns: COLUMNS.map((column) => batch[column]),
    batch,
    from: new Int32Array(capacity),
    until: new Int32Array(capacity),
    length: 0,
    otc: 0,
  }
}

function scanRows(scan: Scan, start: number): number {
  const { bytes } = scan
  let at = skipSpace(bytes, start + 1)
  if (bytes[at] === CLOSE_BRACKET) return at + 1
  for (;;) {
    if (bytes[at] !== OPEN) return UNUSUAL
    const end = scanRow(scan, at)
    if (end < 0) return UNUSUAL
    scan.from[scan.length] = at
    scan.until[scan.length] = end
    scan.length += 1
    at = skipSpace(bytes, end)
    if (bytes[at] === CLOSE_BRACKET) return at + 1
    if (bytes[at] !== COMMA) return UNUSUAL
    at = skipSpace(bytes, at + 1)
  }
}

/** Reads the row at `open` and answers where it ends; unusual where it is not a good one. */
function scanRow(scan: Scan, open: number): number {
  const { bytes, cursor, columns, length } = scan
  let seen = 0
  let at = open
  do {
    at = skipSpace(bytes, at + 1)
    const field = bytes[at] === QUOTE ? fieldAt(bytes, at + 1) : OTHER
    if (field < OTHER) {
      // A key that comes twice is for the careful reader.
      if ((seen & (1 << field)) !== 0) return UNUSUAL
      at = valueStart(bytes, field === VWAP ? at + 3 : at + 2)
      if (at < 0) return UNUSUAL
      columns[field]![length] = scanNumber(bytes, at, cursor)
      at = cursor.at
      if (at < 0) return UNUSUAL
      seen |= 1 << field
    } else {
      at = skipOther(scan, at, field)
      if (at < 0) return UNUSUAL
    }
    if (bytes[at] !== COMMA) at = skipSpace(bytes, at)
  } while (bytes[at] === COMMA)
  const isWhole = (seen & REQUIRED) === REQUIRED && isInstant(columns[0]![length]!)
  const isTrade = columns[VOLUME]![length] !== 0 || seen > REQUIRED
  return bytes[at] === CLOSE && isWhole && isTrade ? at + 1 : UNUSUAL
}

/** The field of the key whose text begins at `from`, by its place in FIELDS. */
function fieldAt(bytes: Uint8Array, from: number): number {
  const isShort = bytes[from + 1] === QUOTE
  switch (bytes[from]) {
    case 116:
      return isShort ? 0 : OTHER
    case 111:
      if (isShort) return 1
      return bytes[from + 1] === 116 && bytes[from + 2] === 99 && bytes[from + 3] === QUOTE
        ? OTC
        : OTHER
    case 104:
      return isShort ? 2 : OTHER
    case 108:
      return isShort ? 3 : OTHER
    case 99:
      return isShort ? 4 : OTHER
    case 118:
      if (isShort) return VOLUME
      return bytes[from + 1] === 119 && bytes[from + 2] === QUOTE ? VWAP : OTHER
    case 110:
      return isShort ? TRADES : OTHER
    default:
      return OTHER
  }
}

/** Reads a member of a row that is no value of a bar, from the quote of its key. */
function skipOther(scan: Scan, start: number, field: number): number {
  const { bytes } = scan
  const keyEnd = bytes[start] === QUOTE ? plainStringEnd(bytes, start + 1) : UNUSUAL
  const from = keyEnd < 0 ? UNUSUAL : valueStart(bytes, keyEnd)
  const end = from < 0 ? UNUSUAL : scalarEnd(scan, from)
  if (field === OTC && end >= 0 && bytes[from] === TRUE) scan.otc += 1
  return end >= 0 && scalarOf(textOf(bytes, from, end)) === undefined ? UNUSUAL : end
}

function skipSpace(bytes: Uint8Array, from: number): number {
  let at = from
  let byte = bytes[at]
  while (byte === 32 || byte === 10 || byte === 13 || byte === 9) {
    at += 1
    byte = bytes[at]
  }
  return at
}

/** Where the value of a key begins whose closing quote is at `keyEnd`. */
function valueStart(bytes: Uint8Array, keyEnd: number): number {
  const at = skipSpace(bytes, keyEnd + 1)
  return bytes[at] === COLON ? skipSpace(bytes, at + 1) : UNUSUAL
}

/** Where a string ends that begins at `from`, after its quote; unusual where it is not plain ASCII. */
function plainStringEnd(bytes: Uint8Array, from: number): number {
  for (let at = from; at < bytes.length; at += 1) {
    const byte = bytes[at]!
    if (byte === QUOTE) return at
    if (byte < 32 || byte > 127 || byte === BACKSLASH) return UNUSUAL
  }
  return UNUSUAL
}

/** Where a string, number, true, false or null ends that begins at `from`; what is in it is not checked. */
function scalarEnd({ bytes, cursor }: Scan, from: number): number {
  const first = bytes[from]
  if (first === TRUE || first === NULL) return from + 4
  if (first === FALSE) return from + 5
  if (first !== QUOTE) {
    scanNumber(bytes, from, cursor)
    return cursor.at
  }
  for (let at = from + 1; at < bytes.length; at += 1) {
    if (bytes[at] === QUOTE) return at + 1
    if (bytes[at] === BACKSLASH) at += 1
  }
  return UNUSUAL
}

/** The value that a text spells, or undefined where it is not JSON. */
function scalarOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // Not JSON, or cut off: the careful reader says what it is.
    return undefined
  }
}

function textOf(bytes: Uint8Array, from: number, until: number): string {
  return decoder.decode(bytes.subarray(from, until))
}
