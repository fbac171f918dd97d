/**
 * The shapes in which bars leave the store: a JSON object, and a line of CSV. Column order and names
 * are public.
 */
import type { BarBatch } from '../domain/bar-batch.ts'
import { DAY_MS, formatDate } from '../domain/date.ts'
import { isIntraday, type Interval } from '../domain/interval.ts'

export type BarState = 'final' | 'provisional'

/** The values of a bar; absent ones are null. */
export interface BarValues {
  readonly open: number
  readonly high: number
  readonly low: number
  readonly close: number
  readonly volume: number | null
  readonly vwap: number | null
  readonly trades: number | null
}

/** A bar as JSON: keyed by `ts` when intraday, by `session` when daily or longer. */
export interface BarRow extends BarValues {
  readonly ts?: string
  readonly session?: string
  readonly state: BarState
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

/** The values of the bar at an index. */
export function barValues(bars: BarBatch, index: number): BarValues {
  return {
    open: bars.open[index]!,
    high: bars.high[index]!,
    low: bars.low[index]!,
    close: bars.close[index]!,
    volume: orNull(bars.volume[index]!),
    vwap: orNull(bars.vwap[index]!),
    trades: orNull(bars.trades[index]!),
  }
}

/** The bar at an index as JSON; `provisional` is parallel to the bars. */
export function barRow(
  interval: Interval,
  bars: BarBatch,
  provisional: Uint8Array,
  index: number,
): BarRow {
  return {
    ...barKey(interval, bars.ts[index]!),
    ...barValues(bars, index),
    state: provisional[index] === 1 ? 'provisional' : 'final',
  }
}

export const CSV_HEADER =
  'symbol,interval,ts,open,high,low,close,volume,vwap,trades,provider,state\n'

/**
 * Bars as lines of CSV, each ended by a line feed. Numbers are the shortest text that reads back as
 * the same number; an absent value is an empty cell.
 */
export function csvLines(
  series: { readonly symbol: string; readonly interval: Interval; readonly provider: string },
  bars: BarBatch,
  provisional: Uint8Array,
): string {
  const head = `${csvText(series.symbol)},${series.interval},`
  const tail = `,${csvText(series.provider)},`
  const formatTs = isIntraday(series.interval) ? makeInstantFormat() : formatDate
  let lines = ''
  for (let i = 0; i < bars.length; i += 1) {
    const state = provisional[i] === 1 ? 'provisional' : 'final'
    const prices = `${bars.open[i]!},${bars.high[i]!},${bars.low[i]!},${bars.close[i]!}`
    const rest = `${cell(bars.volume[i]!)},${cell(bars.vwap[i]!)},${cell(bars.trades[i]!)}`
    lines += `${head}${formatTs(bars.ts[i]!)},${prices},${rest}${tail}${state}\n`
  }
  return lines
}

/**
 * A text cell of CSV. One that a spreadsheet would run as a formula gets an apostrophe in front (OWASP
 * ASVS 1.2.10); numbers are never passed through here, so negative ones stay numbers.
 */
export function csvText(text: string): string {
  const harmless = /^[=+\-@\t\r\n]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless
}

function cell(value: number): string {
  return Number.isNaN(value) ? '' : String(value)
}

function orNull(value: number): number | null {
  return Number.isNaN(value) ? null : value
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
