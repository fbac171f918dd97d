/** What both forms of a series, JSON and CSV, are read into before it becomes bars. */
import type { UnreadableRow } from '../provider.ts'
import { type WireRows } from './wire-rows.ts'

export interface WireSeries {
  /** Until they are given back. */
  readonly rows: WireRows
  /** The vendor's own text of a row of `rows`. */
  readonly rawAt: (index: number) => string
  readonly unreadable: readonly UnreadableRow[]
  /** The key that the series stands under, e.g. `Time Series (5min)`; null in a CSV. */
  readonly name: string | null
  readonly symbol: string | null
  /** What "Meta Data" says of the series; null in a CSV. */
  readonly metadata: Readonly<Record<string, unknown>> | null
  /** Name of the zone of the labels; null where the answer has none. */
  readonly zone: string | null
  /** What the vendor said beside the data. */
  readonly remark: string | null
}

/** True for the key that a series of bars stands under, whatever its interval. */
export function isSeriesName(key: string): boolean {
  return /\btime series\b/i.test(key)
}

/** The entry of "Meta Data" with a name, which follows a number (`2. Symbol`) that differs by function. */
export function findMeta(meta: ReadonlyMap<string, unknown>, name: string): string | null {
  for (const [key, value] of meta) {
    if (key.replace(/^\d+\. /, '') === name && typeof value === 'string') return value
  }
  return null
}

/** Entries of "Meta Data" that tell of the call, and of its moment. */
const OF_CALL = /\b(?:Last Refreshed|Output Size)$/

/** The other entries, by their names without the number. */
export function lastingMeta(meta: ReadonlyMap<string, unknown>): Record<string, unknown> {
  const lasting = [...meta].filter(([key]) => !OF_CALL.test(key))
  return Object.fromEntries(lasting.map(([key, value]) => [key.replace(/^\d+\. /, ''), value]))
}

export function noTimestamp(raw: string): UnreadableRow {
  return { rule: 'timestamp', reason: 'The row is not labelled with a date or time.', raw }
}

/** A row that lacks fields, named by a bit mask of those that it has. */
export function lacksFields(fields: readonly string[], seen: number, raw: string): UnreadableRow {
  const missing = fields.filter((_, index) => (seen & (1 << index)) === 0)
  return { rule: 'fields', reason: `The row has no ${missing.join(', no ')}.`, raw }
}
