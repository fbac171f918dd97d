/**
 * The line that is kept beside an answer's body: what was asked, when, and what came. Lines stand in
 * `answers.ndjson` of the day's folder; the body is the file named by its hash beside it.
 */
import { formatDate, parseDay } from '../domain/date.ts'
import { INTERVALS, type Interval } from '../domain/interval.ts'
import type { Answer, AskedFor, Days, Outcome } from './archived-answer.ts'
import { paramsWithoutKeys, withoutKeys } from './redact-answer.ts'

/** An archived answer without its body. */
export interface Entry {
  /** Name of the folder, the UTC date of its receipt. */
  readonly folder: string
  readonly provider: string
  readonly baseUrl: string
  readonly path: string
  readonly params: Readonly<Record<string, string>>
  readonly bars: AskedFor | null
  readonly status: number
  readonly contentType: string
  readonly simulated: boolean
  readonly outcome: Outcome
  /** Milliseconds UTC. */
  readonly receivedAt: number
  /** Of the body as it is kept, without keys. */
  readonly sha256: string
  /** Length of that body in bytes, before compression. */
  readonly length: number
}

/** Name of the folder of an instant. */
export function folderOf(instant: number): string {
  return new Date(instant).toISOString().slice(0, 10)
}

/** The entry of an answer whose body without keys has this hash and length. */
export function entryOf(answer: Answer, sha256: string, length: number): Entry {
  const { provider, request, bars, body, receivedAt, outcome } = answer
  return {
    folder: folderOf(receivedAt),
    provider,
    baseUrl: withoutKeys(answer.baseUrl),
    path: withoutKeys(request.path),
    params: paramsWithoutKeys(request.params),
    bars,
    status: body.status,
    contentType: body.contentType,
    simulated: body.simulated,
    outcome,
    receivedAt,
    sha256,
    length,
  }
}

/** The line of an entry, without its end. */
export function formatEntry(entry: Entry): string {
  const { bars } = entry
  return JSON.stringify({
    received_at: new Date(entry.receivedAt).toISOString(),
    provider: entry.provider,
    symbol: bars?.symbol ?? null,
    interval: bars?.interval ?? null,
    base_url: entry.baseUrl,
    path: entry.path,
    params: entry.params,
    asked: formatDays(bars?.asked ?? null),
    covers: formatDays(bars?.covers ?? null),
    status: entry.status,
    content_type: entry.contentType,
    simulated: entry.simulated,
    outcome: entry.outcome,
    sha256: entry.sha256,
    bytes: entry.length,
  })
}

/** The entry of a line; null where it is not one, as after a crash while it was written. */
export function parseEntry(folder: string, line: string): Entry | null {
  let read: unknown
  try {
    read = JSON.parse(line)
  } catch {
    return null
  }
  if (typeof read !== 'object' || read === null) return null
  const fields = read as Record<string, unknown>
  const text = (name: string) => {
    const value = fields[name]
    return typeof value === 'string' ? value : ''
  }
  const receivedAt = Date.parse(text('received_at'))
  const sha256 = text('sha256')
  if (Number.isNaN(receivedAt) || !/^[0-9a-f]{64}$/.test(sha256)) return null
  return {
    folder,
    provider: text('provider'),
    baseUrl: text('base_url'),
    path: text('path'),
    params: (fields['params'] ?? {}) as Record<string, string>,
    bars: readBars(fields, text('symbol'), text('interval')),
    status: Number(fields['status']),
    contentType: text('content_type'),
    simulated: fields['simulated'] === true,
    outcome: text('outcome') as Outcome,
    receivedAt,
    sha256,
    length: Number(fields['bytes']),
  }
}

function readBars(
  fields: Record<string, unknown>,
  symbol: string,
  interval: string,
): AskedFor | null {
  if (symbol === '' || !INTERVALS.includes(interval as Interval)) return null
  return {
    symbol,
    interval: interval as Interval,
    asked: readDays(fields['asked']),
    covers: readDays(fields['covers']),
  }
}

function formatDays(days: Days | null): readonly [string, string] | null {
  return days === null ? null : [formatDate(days.from), formatDate(days.until)]
}

function readDays(value: unknown): Days | null {
  if (!Array.isArray(value)) return null
  const from = parseDay(String(value[0]))
  const until = parseDay(String(value[1]))
  return from < until ? { from, until } : null
}
