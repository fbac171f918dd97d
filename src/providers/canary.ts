/**
 * What an adapter says of its vendor's habits, so that one call can show whether they are still the
 * same: which calls show them, what is expected, and where in the answer they stand.
 */
import type { Calendar } from '../domain/calendar/calendar.ts'
import type { Interval } from '../domain/interval.ts'
import type { Basis } from './provider.ts'

export type LabelSide = 'START' | 'END'

/** One call that shows habits. */
export interface CanaryProbe {
  readonly symbol: string
  readonly interval: Interval
  /** Days [from, until) to ask for; null for the newest session that is final. */
  readonly days: { readonly from: number; readonly until: number } | null
  /** A split within those days, whose jump in the prices shows their basis. */
  readonly split: { readonly day: number; readonly ratio: number } | null
  /** Names of fields that the answer must have; see fieldsOf. */
  readonly fields: readonly string[]
}

export interface Canary {
  /** The call that shows most comes first, the next for plans that lack it. */
  readonly probes: readonly [CanaryProbe, ...CanaryProbe[]]
  readonly labels: LabelSide
  /** Null where the vendor names no zone. */
  readonly zone: string | null
  readonly basis: Basis
  /** Labels of bars inside a day, or of sessions that are given as instants; empty where there are none. */
  readonly labelsIn: (document: unknown, calendar: Calendar) => readonly number[]
  /** The zone that the answer names. */
  readonly zoneIn: (document: unknown) => string | null
  /** The basis that the answer claims; null where it says nothing. */
  readonly basisIn: (document: unknown) => Basis | null
}

/**
 * Names of all fields of a document, levels parted by slashes, as in `results/ * /t` without
 * the blanks: elements of lists, and dates and numbers as names, are a star.
 */
export function fieldsOf(document: unknown): ReadonlySet<string> {
  const found = new Set<string>()
  collect(document, '', found)
  return found
}

function collect(value: unknown, path: string, found: Set<string>): void {
  if (Array.isArray(value)) {
    for (const element of value) collect(element, `${path}/*`, found)
  } else if (typeof value === 'object' && value !== null) {
    for (const [name, inner] of Object.entries(value)) {
      const own = /^\d{4}-\d{2}|^\d{6,}$/.test(name) ? '*' : name
      const below = path === '' ? own : `${path}/${own}`
      found.add(below)
      collect(inner, below, found)
    }
  }
}

/** The value at names in nested objects; undefined where there is none. */
export function valueAt(document: unknown, ...names: readonly (string | number)[]): unknown {
  let value = document
  for (const name of names) {
    if (typeof value !== 'object' || value === null) return undefined
    value = (value as Readonly<Record<string | number, unknown>>)[name]
  }
  return value
}

/** AAPL's 4:1 split: raw closes of 2020-08-28 and 2020-08-31 were 499.23 and 129.04. */
export const AAPL_SPLIT = { day: Date.UTC(2020, 7, 31), ratio: 4 } as const
