/**
 * The shapes in which bars leave the store: a JSON object, and a line of CSV. Column order and names
 * are public.
 */
import { barValues, VALUE_COLUMNS, type BarValues } from '../domain/bar-batch.ts'
import { StockyardError } from '../domain/error.ts'
import { DAY_MS, formatDate } from '../domain/date.ts'
import { isIntraday, type Interval } from '../domain/interval.ts'
import { providerOf, type BarChunk } from './bar-chunk.ts'

export type BarState = 'final' | 'provisional'

/** A bar as JSON: keyed by `ts` when intraday, by `session` when daily or longer. */
export interface BarRow extends BarValues {
  readonly ts?: string
  readonly session?: string
  readonly state: BarState
}

/** A bar of an answer: it says whose it is, and where its period reaches beyond what is known. */
export interface PriceRow extends BarRow {
  readonly provider: string
  readonly partial?: true
}

/** `2024-01-02T14:30:00Z`; milliseconds are written only where there are some. */
export function formatInstant(instant: number): string {
  return new Date(instant).toISOString().replace('.000Z', 'Z')
}

/** The key of a bar: `{ts}` or `{session}`. */
export function barKey(interval: Interval, ts: number): { ts: string } | { session: string } {
  return isIntraday(interval) ? { ts: formatInstant(ts) } : { session: formatDate(ts) }
}

/** The key of a bar as a text: an instant when intraday, a date when daily or longer. */
export function formatBarKey(interval: Interval, ts: number): string {
  return isIntraday(interval) ? formatInstant(ts) : formatDate(ts)
}

/** The bar at an index as JSON. */
export function barRow(interval: Interval, chunk: BarChunk, index: number): PriceRow {
  return {
    ...barKey(interval, chunk.bars.ts[index]!),
    ...barValues(chunk.bars, index),
    provider: providerOf(chunk, index),
    state: chunk.provisional[index] === 1 ? 'provisional' : 'final',
    ...(chunk.partial?.[index] === 1 ? { partial: true } : {}),
  }
}

const HEAD_COLUMNS = ['symbol', 'interval', 'ts'] as const

/** What a bar has besides its key, in the order of CSV. */
export const FIELDS = [...VALUE_COLUMNS, 'provider', 'state'] as const
export type Field = (typeof FIELDS)[number]

/**
 * The fields of a list such as `close,volume`, each once and in the order of FIELDS.
 * @throws StockyardError `PARAMETER_INVALID`
 */
export function parseFields(text: string): readonly Field[] {
  const named = text.split(',').map((part) => part.trim())
  const unknown = named.find((name) => !FIELDS.some((field) => field === name))
  if (unknown === undefined) return FIELDS.filter((field) => named.includes(field))
  const shown = JSON.stringify(unknown.slice(0, 40))
  throw new StockyardError('usage', 'PARAMETER_INVALID', `A bar has no field ${shown}.`, {
    hint: `Use some of ${FIELDS.join(', ')}, with commas between them.`,
  })
}

/** A bar with its key and some fields alone; a mark of being partial stays. */
export function pickFields(row: PriceRow, fields: readonly Field[]): Partial<PriceRow> {
  const { ts, session, partial } = row
  return {
    ...(ts === undefined ? { session: session! } : { ts }),
    ...Object.fromEntries(fields.map((field) => [field, row[field]])),
    ...(partial === true ? { partial } : {}),
  }
}

/** The first line of CSV with these fields. */
export function csvHeader(fields: readonly Field[] = FIELDS): string {
  return `${[...HEAD_COLUMNS, ...fields].join(',')}\n`
}

/**
 * Bars as lines of CSV, each ended by a line feed. Numbers are the shortest text that reads back as
 * the same number; an absent value is an empty cell.
 */
export function csvLines(
  series: { readonly symbol: string; readonly interval: Interval },
  chunk: BarChunk,
  fields: readonly Field[] = FIELDS,
): string {
  if (fields.length !== FIELDS.length) return csvLinesOf(series, chunk, fields)
  const { bars, provisional, sources } = chunk
  const head = `${csvText(series.symbol)},${series.interval},`
  const tails = chunk.providers.map((provider) => `,${csvText(provider)},`)
  const formatTs = isIntraday(series.interval) ? makeInstantFormat() : formatDate
  let lines = ''
  for (let i = 0; i < bars.length; i += 1) {
    const state = provisional[i] === 1 ? 'provisional' : 'final'
    const prices = `${bars.open[i]!},${bars.high[i]!},${bars.low[i]!},${bars.close[i]!}`
    const rest = `${cell(bars.volume[i]!)},${cell(bars.vwap[i]!)},${cell(bars.trades[i]!)}`
    const tail = tails[sources === null ? 0 : sources[i]!]!
    lines += `${head}${formatTs(bars.ts[i]!)},${prices},${rest}${tail}${state}\n`
  }
  return lines
}

/** The same with some fields only. */
function csvLinesOf(
  series: { readonly symbol: string; readonly interval: Interval },
  chunk: BarChunk,
  fields: readonly Field[],
): string {
  const { bars, provisional } = chunk
  const head = `${csvText(series.symbol)},${series.interval},`
  const formatTs = isIntraday(series.interval) ? makeInstantFormat() : formatDate
  const cellOf = (field: Field, i: number) => {
    if (field === 'provider') return csvText(providerOf(chunk, i))
    if (field === 'state') return provisional[i] === 1 ? 'provisional' : 'final'
    return cell(bars[field][i]!)
  }
  let lines = ''
  for (let i = 0; i < bars.length; i += 1) {
    const cells = fields.map((field) => `,${cellOf(field, i)}`)
    lines += `${head}${formatTs(bars.ts[i]!)}${cells.join('')}\n`
  }
  return lines
}

/**
 * A text cell of CSV. One that a spreadsheet would run as a formula gets an apostrophe in front (OWASP
 * ASVS 1.2.10); numbers are never passed through here, so negative ones stay numbers.
 */
export function csvText(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  const harmless = /^[=+\-@\t\r\n\0]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless
}

function cell(value: number): string {
  return Number.isNaN(value) ? '' : String(value)
}

/** formatInstant for many instants of the same days: the date is made once a day. */
function makeInstantFormat(): (instant: number) => string {
  let knownDay = Number.NaN
  let date = ''
  return (instant) => {
    const day = Math.floor(instant / DAY_MS) * DAY_MS
    if (day !== knownDay) {
      knownDay = day
      date = formatDate(day)
    }
    const seconds = (instant - day) / 1000
    if (!Number.isInteger(seconds)) return formatInstant(instant)
    const minutes = Math.floor(seconds / 60)
    return `${date}T${two(Math.floor(minutes / 60))}:${two(minutes % 60)}:${two(seconds % 60)}Z`
  }
}

function two(value: number): string {
  return value < 10 ? `0${value}` : String(value)
}
