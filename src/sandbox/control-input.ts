/** Reads the JSON that control routes are given. Every function throws `INPUT_INVALID` with a hint. */
import { requireDay } from '../domain/date.ts'
import { StockyardError } from '../domain/error.ts'
import type { FaultRequest } from './faults.ts'
import type { Limits, LimitsOfVendor } from './limits.ts'
import type { Split } from './listings.ts'
import type { Plan } from './plans.ts'
import { REVISED_COLUMNS, type Revision } from './revisions.ts'
import type { Rename } from './symbol-changes.ts'
import { VENDOR_IDS } from './vendor.ts'

type Fields = Readonly<Record<string, unknown>>

function refuse(sentence: string, hint: string): never {
  throw new StockyardError('usage', 'INPUT_INVALID', sentence, { hint })
}

/** The fields of a JSON object. */
export function readObject(body: unknown): Fields {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    refuse(
      'The body is not a JSON object.',
      'Send one, for example {"fault": "http-503", "times": 2}.',
    )
  }
  return body as Fields
}

/** A text that has to be there. */
export function requireText(input: Fields, name: string): string {
  const value = input[name]
  if (typeof value !== 'string' || value === '')
    refuse(`"${name}" is missing.`, `Give "${name}" as text.`)
  return value
}

function readNumber(input: Fields, name: string, least: number): number | undefined {
  const value = input[name]
  if (value === undefined || value === null) return undefined
  if (typeof value !== 'number' || !Number.isFinite(value) || value < least) {
    refuse(`"${name}" is not a number from ${least} up.`, `Give "${name}" as a JSON number.`)
  }
  return value
}

function refuseUnknown(input: Fields, known: readonly string[]): void {
  const unknown = Object.keys(input).find((name) => !known.includes(name))
  if (unknown !== undefined) {
    refuse(`"${unknown}" is not a field here.`, `The fields are ${known.join(', ')}.`)
  }
}

/** A fault to put in force. */
export function readFaultRequest(body: unknown): FaultRequest {
  const input = readObject(body)
  refuseUnknown(input, ['fault', 'match', 'times', 'after', 'retryAfter', 'delayMs'])
  const match = input.match === undefined ? {} : readObject(input.match)
  const times = readNumber(input, 'times', 1)
  const after = readNumber(input, 'after', 0)
  const delayMs = readNumber(input, 'delayMs', 0)
  return {
    fault: requireText(input, 'fault'),
    match: Object.fromEntries(Object.entries(match).map(([name, value]) => [name, String(value)])),
    ...(times === undefined ? {} : { times }),
    ...(after === undefined ? {} : { after }),
    ...(delayMs === undefined ? {} : { delayMs }),
    ...(input.retryAfter === undefined ? {} : { retryAfter: String(input.retryAfter) }),
  }
}

/**
 * Limits by vendor, e.g. `{"polygon": {"perMinute": 5}}`, or without a vendor for each of them; a window
 * that is absent or null is unlimited.
 */
export function readLimits(body: unknown): Limits {
  const input = readObject(body)
  if (!VENDOR_IDS.some((vendor) => vendor in input)) {
    const limits = readLimitsOf(input)
    return Object.fromEntries(VENDOR_IDS.map((vendor) => [vendor, limits]))
  }
  refuseUnknown(input, VENDOR_IDS)
  return Object.fromEntries(
    Object.entries(input).map(([vendor, limits]) => [vendor, readLimitsOf(readObject(limits))]),
  )
}

function readLimitsOf(input: Fields): LimitsOfVendor {
  refuseUnknown(input, ['perSecond', 'perMinute', 'perDay'])
  return {
    perSecond: readNumber(input, 'perSecond', 0) ?? null,
    perMinute: readNumber(input, 'perMinute', 0) ?? null,
    perDay: readNumber(input, 'perDay', 0) ?? null,
  }
}

/** The plan at Polygon, the one vendor whose plans are simulated. */
export function readPlan(body: unknown): Plan {
  const input = readObject(body)
  refuseUnknown(input, ['polygon'])
  const plan = readObject(input.polygon)
  refuseUnknown(plan, ['years', 'delayed', 'endOfDay'])
  return {
    years: readNumber(plan, 'years', 0) ?? null,
    delayed: plan.delayed === true,
    endOfDay: plan.endOfDay === true,
  }
}

/** A split to announce, with the symbol. */
export function readSplit(body: unknown): { symbol: string; split: Split } {
  const input = readObject(body)
  refuseUnknown(input, ['symbol', 'day', 'newShares', 'oldShares'])
  const [newShares, oldShares] = ['newShares', 'oldShares'].map((name) => {
    const shares = readNumber(input, name, 1)
    if (shares === undefined) refuse(`"${name}" is missing.`, `Give "${name}" as a JSON number.`)
    return shares
  })
  return {
    symbol: requireText(input, 'symbol').toUpperCase(),
    split: { day: requireDay(requireText(input, 'day'), 'day'), ratio: newShares! / oldShares! },
  }
}

/** A renaming. */
export function readRename(body: unknown): Rename {
  const input = readObject(body)
  refuseUnknown(input, ['symbol', 'to', 'day'])
  return {
    from: requireText(input, 'symbol').toUpperCase(),
    to: requireText(input, 'to').toUpperCase(),
    day: requireDay(requireText(input, 'day'), 'day'),
  }
}

/** A day on which the exchange is closed. */
export function readClosure(body: unknown): number {
  const input = readObject(body)
  refuseUnknown(input, ['day'])
  return requireDay(requireText(input, 'day'), 'day')
}

/** An instant: ISO 8601 with a zone, or milliseconds in UTC. */
export function readInstant(value: unknown, name: string): number {
  const hasZone = typeof value === 'string' && /(Z|[+-]\d\d:?\d\d)$/.test(value)
  const instant = hasZone ? Date.parse(value) : value
  // The bounds of 1970 and 2049: the market is laid out for no longer.
  if (typeof instant !== 'number' || !(instant >= 0 && instant < Date.UTC(2050, 0, 1))) {
    refuse(
      `"${name}" is not an instant between 1970 and 2049.`,
      'Write it as 2026-11-20T15:00:00Z, or as milliseconds in UTC.',
    )
  }
  return instant
}

export type ClockChange =
  | { readonly kind: 'fix'; readonly instant: number }
  | { readonly kind: 'shift'; readonly offsetMs: number }

/** `{now}` stops the clock at an instant, `{offset}` lets it run that many milliseconds ahead. */
export function readClockChange(body: unknown): ClockChange {
  const input = readObject(body)
  refuseUnknown(input, ['now', 'offset'])
  if (input.now !== undefined) return { kind: 'fix', instant: readInstant(input.now, 'now') }
  const offsetMs = readNumber(input, 'offset', -Number.MAX_SAFE_INTEGER)
  if (offsetMs === undefined)
    refuse('The body has neither "now" nor "offset".', 'Give one of them.')
  return { kind: 'shift', offsetMs }
}

/** The values of a revision; the bar it is for is read by the caller. */
export function readRevision(input: Fields): Revision {
  refuseUnknown(input, ['symbol', 'interval', 'ts', 'removed', ...REVISED_COLUMNS])
  const values = REVISED_COLUMNS.map((column) => [column, readNumber(input, column, 0)] as const)
  const given = values.filter(([, value]) => value !== undefined)
  if (given.length === 0 && input.removed !== true) {
    refuse(
      'The revision changes nothing.',
      `Give one of ${REVISED_COLUMNS.join(', ')}, or "removed": true.`,
    )
  }
  return { ...Object.fromEntries(given), ...(input.removed === true ? { removed: true } : {}) }
}
