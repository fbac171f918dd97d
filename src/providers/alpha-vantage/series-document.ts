/**
 * Reads a series of bars from a parsed JSON document: slow and careful, for the answers that the
 * scanner finds unusual (escapes, odd rows, remarks beside the data).
 */
import { parseDecimal } from './decimal.ts'
import { findMeta, isSeriesName, lacksFields, lastingMeta, noTimestamp } from './series.ts'
import type { WireSeries } from './series.ts'
import { ALL_FIELDS, FIELDS, FIELD_COUNT, cutRaw, makeRoom, makeRows } from './wire-rows.ts'
import { readLabel, type WireRows } from './wire-rows.ts'
import { isRecord, remarkOf } from './failure.ts'
import type { UnreadableRow } from '../provider.ts'

const encoder = new TextEncoder()

/** The series of a document, or null where it has none. */
export function seriesOf(
  document: Readonly<Record<string, unknown>>,
  intraday: boolean,
): WireSeries | null {
  const name = Object.keys(document).find((key) => isSeriesName(key) && isRecord(document[key]))
  if (name === undefined) return null
  const entries = Object.entries(document[name] as Record<string, unknown>)
  const rows = makeRows(entries.length + 1)
  const texts: string[] = []
  const unreadable: UnreadableRow[] = []
  for (const [label, row] of entries) {
    const raw = cutRaw(`${JSON.stringify(label)}: ${JSON.stringify(row)}`)
    makeRoom(rows)
    const bytes = encoder.encode(label)
    if (!readLabel(bytes, 0, bytes.length, intraday, rows)) {
      unreadable.push(noTimestamp(raw))
    } else if (readFields(row, rows) === ALL_FIELDS) {
      rows.length += 1
      texts.push(raw)
    } else {
      unreadable.push(lacksFields(FIELDS, rows.seen, raw))
    }
  }
  const meta = new Map(Object.entries(isRecord(document['Meta Data']) ? document['Meta Data'] : {}))
  return {
    rows,
    rawAt: (index) => texts[index]!,
    unreadable,
    name,
    metadata: meta.size === 0 ? null : lastingMeta(meta),
    symbol: findMeta(meta, 'Symbol'),
    zone: findMeta(meta, 'Time Zone'),
    remark: remarkOf(document),
  }
}

function readFields(row: unknown, rows: WireRows): number {
  rows.seen = 0
  if (!isRecord(row)) return 0
  for (const [key, value] of Object.entries(row)) {
    const field = FIELDS.findIndex((name) => name === key.replace(/^\d+\. /, ''))
    if (field < 0) continue
    rows.values[rows.length * FIELD_COUNT + field] = numberOf(value)
    rows.seen |= 1 << field
  }
  return rows.seen
}

function numberOf(value: unknown): number {
  if (typeof value === 'number') return Number.isFinite(value) ? value : Number.NaN
  if (typeof value !== 'string') return Number.NaN
  const bytes = encoder.encode(value)
  return parseDecimal(bytes, 0, bytes.length)
}
