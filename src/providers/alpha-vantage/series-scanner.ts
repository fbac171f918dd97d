/**
 * Reads a series of bars straight from the bytes of a JSON answer: no text and no object a row, since
 * this parser's speed bounds the whole pipeline's. It knows the usual shape only, whatever the spacing
 * and the order of keys; anything else it leaves to series-document.ts.
 */
import { parseDecimal } from './decimal.ts'
import { learnRow, scanLikeRows, type RowTemplate } from './row-template.ts'
import { findMeta, isSeriesName, lacksFields, lastingMeta, noTimestamp } from './series.ts'
import type { WireSeries } from './series.ts'
import { ALL_FIELDS, FIELDS, FIELD_COUNT, makeRoom, takeRows, textsOf } from './wire-rows.ts'
import { rawText, readLabel, type WireRows } from './wire-rows.ts'
import type { UnreadableRow } from '../provider.ts'

const QUOTE = 34
const COMMA = 44
const COLON = 58
const BACKSLASH = 92
const OPEN = 123
const CLOSE = 125

/** Bytes of a usual row are some 200, of a minified one some 110. */
const ROW_BYTES = 128
/** Where a scan stops because the shape is not the usual one. */
const UNUSUAL = -1

interface Scan {
  readonly bytes: Uint8Array
  readonly intraday: boolean
  readonly rows: WireRows
  readonly unreadable: UnreadableRow[]
}

/** The series of an answer, or null where the body is not of the usual shape or not even JSON. */
export function scanSeries(bytes: Uint8Array, start: number, intraday: boolean): WireSeries | null {
  const rows = takeRows(Math.ceil(bytes.length / ROW_BYTES) + 1)
  const scan: Scan = { bytes, intraday, rows, unreadable: [] }
  let meta: Map<string, string> | null = null
  let name: string | null = null
  let at = start
  do {
    at = skipSpace(bytes, at + 1)
    const keyEnd = bytes[at] === QUOTE ? plainStringEnd(bytes, at + 1) : UNUSUAL
    if (keyEnd < 0) return null
    const key = rawText(bytes, at + 1, keyEnd)
    at = valueStart(bytes, keyEnd)
    if (at < 0 || bytes[at] !== OPEN) return null
    if (key === 'Meta Data' && meta === null) {
      meta = new Map()
      at = scanMeta(bytes, at, meta)
    } else if (isSeriesName(key) && name === null) {
      name = key
      at = scanRows(scan, at)
    } else {
      return null
    }
    if (at < 0) return null
    at = skipSpace(bytes, at)
  } while (bytes[at] === COMMA)
  if (bytes[at] !== CLOSE || skipSpace(bytes, at + 1) !== bytes.length || name === null) return null
  return {
    rows,
    rawAt: textsOf(bytes, rows),
    unreadable: scan.unreadable,
    name,
    metadata: meta === null ? null : lastingMeta(meta),
    symbol: meta === null ? null : findMeta(meta, 'Symbol'),
    zone: meta === null ? null : findMeta(meta, 'Time Zone'),
    remark: null,
  }
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

/** Where a string ends that begins at `from`, after its quote; unusual where it has escapes. */
function plainStringEnd(bytes: Uint8Array, from: number): number {
  for (let at = from; at < bytes.length; at += 1) {
    const byte = bytes[at]!
    if (byte === QUOTE) return at
    if (byte < 32 || byte === BACKSLASH) return UNUSUAL
  }
  return UNUSUAL
}

/** Where the value of a key begins whose text ends at `keyEnd`. */
function valueStart(bytes: Uint8Array, keyEnd: number): number {
  const at = skipSpace(bytes, keyEnd + 1)
  return bytes[at] === COLON ? skipSpace(bytes, at + 1) : UNUSUAL
}

function scanMeta(bytes: Uint8Array, start: number, meta: Map<string, string>): number {
  let at = start
  do {
    at = skipSpace(bytes, at + 1)
    const keyEnd = bytes[at] === QUOTE ? plainStringEnd(bytes, at + 1) : UNUSUAL
    if (keyEnd < 0) return UNUSUAL
    const from = valueStart(bytes, keyEnd)
    const end = from >= 0 && bytes[from] === QUOTE ? plainStringEnd(bytes, from + 1) : UNUSUAL
    if (end < 0) return UNUSUAL
    const key = rawText(bytes, at + 1, keyEnd)
    if (meta.has(key)) return UNUSUAL
    meta.set(key, rawText(bytes, from + 1, end))
    at = skipSpace(bytes, end + 1)
  } while (bytes[at] === COMMA)
  return bytes[at] === CLOSE ? at + 1 : UNUSUAL
}

function scanRows(scan: Scan, start: number): number {
  const { bytes, intraday, rows } = scan
  let template: RowTemplate | null = null
  let isLearnt = false
  let at = skipSpace(bytes, start + 1)
  if (bytes[at] === CLOSE) return at + 1
  for (;;) {
    // `at` is the quote of a label.
    if (template !== null) at = scanLikeRows(bytes, at, intraday, rows, template)
    const from = at
    at = scanRow(scan, from)
    if (at < 0) return UNUSUAL
    at = skipSpace(bytes, at)
    if (bytes[at] === CLOSE) return at + 1
    if (bytes[at] !== COMMA) return UNUSUAL
    at = skipSpace(bytes, at + 1)
    if (!isLearnt && bytes[at] === QUOTE && rows.length > 0) {
      template = learnRow(bytes, from, at, fieldOf)
      isLearnt = true
    }
  }
}

/** Reads one row, `"label": {…}`, and answers where it ends. */
function scanRow(scan: Scan, from: number): number {
  const { bytes, rows, unreadable } = scan
  const labelEnd = bytes[from] === QUOTE ? plainStringEnd(bytes, from + 1) : UNUSUAL
  if (labelEnd < 0) return UNUSUAL
  const open = valueStart(bytes, labelEnd)
  if (open < 0 || bytes[open] !== OPEN) return UNUSUAL
  makeRoom(rows)
  const labelled = readLabel(bytes, from + 1, labelEnd, scan.intraday, rows)
  const until = scanFields(bytes, open, rows)
  if (until < 0) return UNUSUAL
  if (!labelled) {
    unreadable.push(noTimestamp(rawText(bytes, from, until)))
  } else if (rows.seen !== ALL_FIELDS) {
    unreadable.push(lacksFields(FIELDS, rows.seen, rawText(bytes, from, until)))
  } else {
    rows.from[rows.length] = from
    rows.until[rows.length] = until
    rows.length += 1
  }
  return until
}

/** Reads the fields of the next row into it. A field that comes twice is for the careful reader to refuse. */
function scanFields(bytes: Uint8Array, start: number, rows: WireRows): number {
  const base = rows.length * FIELD_COUNT
  let seen = 0
  let at = skipSpace(bytes, start + 1)
  while (bytes[at] === QUOTE) {
    const keyFrom = at + 1
    const keyEnd = plainStringEnd(bytes, keyFrom)
    if (keyEnd < 0) return UNUSUAL
    let from = valueStart(bytes, keyEnd)
    if (from < 0) return UNUSUAL
    const quoted = bytes[from] === QUOTE
    if (quoted) from += 1
    const end = quoted ? plainStringEnd(bytes, from) : scalarEnd(bytes, from)
    if (end < 0) return UNUSUAL
    const field = fieldOf(bytes, keyFrom, keyEnd)
    if (field >= 0) {
      if ((seen & (1 << field)) !== 0) return UNUSUAL
      rows.values[base + field] = parseDecimal(bytes, from, end)
      seen |= 1 << field
    }
    at = skipSpace(bytes, quoted ? end + 1 : end)
    if (bytes[at] === CLOSE) {
      rows.seen = seen
      return at + 1
    }
    if (bytes[at] !== COMMA) return UNUSUAL
    at = skipSpace(bytes, at + 1)
  }
  return UNUSUAL
}

const SCALAR = /^(?:null|true|false|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)$/

/** Where a number, null, true or false ends; unusual where it is none of them. */
function scalarEnd(bytes: Uint8Array, from: number): number {
  let at = from
  while (at < bytes.length && bytes[at] !== COMMA && bytes[at] !== CLOSE && bytes[at]! > 32) at += 1
  return SCALAR.test(rawText(bytes, from, at)) ? at : UNUSUAL
}

const FIELD_BYTES = FIELDS.map((field) => new TextEncoder().encode(field))

/**
 * The field of a key such as `4. close`, or -1. The name counts and not the number, which moves:
 * volume is 5 in a plain answer and 6 in an adjusted one.
 */
function fieldOf(bytes: Uint8Array, from: number, until: number): number {
  let at = from
  while (bytes[at]! >= 48 && bytes[at]! <= 57) at += 1
  if (at > from) {
    if (bytes[at] !== 46 || bytes[at + 1] !== 32) return -1
    at += 2
  }
  const length = until - at
  for (let field = 0; field < FIELD_COUNT; field += 1) {
    const name = FIELD_BYTES[field]!
    if (name.length !== length || name[0] !== bytes[at]) continue
    let same = 1
    while (same < length && name[same] === bytes[at + same]) same += 1
    if (same === length) return field
  }
  return -1
}
