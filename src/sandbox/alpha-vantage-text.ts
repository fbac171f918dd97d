/**
 * How Alpha Vantage writes numbers, labels, JSON and CSV. Shapes are those of recorded answers: JSON
 * indented by four spaces with every value a text, CSV with CRLF.
 */
import type { Calendar } from '../domain/calendar/calendar.ts'
import { formatDate } from '../domain/date.ts'

/** Rows as the vendor writes them, newest first. A null cell is never sent unless a fault asks. */
interface SeriesRows {
  readonly labels: readonly string[]
  /** One list of texts a column, in the order of `names`. */
  readonly cells: readonly (readonly (string | null)[])[]
}

export interface SeriesAnswer {
  readonly kind: 'series'
  /** The entries of "Meta Data", in order. */
  readonly meta: readonly (readonly [string, string])[]
  /** The key of the rows, e.g. `Time Series (5min)`. */
  readonly seriesKey: string
  /** Names of the columns in JSON, e.g. `1. open`. */
  readonly names: readonly string[]
  readonly csvHeader: string
  readonly rows: SeriesRows
}

/** Anything the vendor can answer. */
export type Answer =
  | SeriesAnswer
  | { readonly kind: 'json'; readonly value: unknown }
  | { readonly kind: 'csv'; readonly header: string; readonly lines: readonly string[] }

export interface AnswerText {
  readonly contentType: string
  readonly text: string
}

export const JSON_TYPE = 'application/json'
export const CSV_TYPE = 'application/x-download'
const FRACTIONS = Array.from({ length: 10_000 }, (_, i) => `.${String(i).padStart(4, '0')}`)
const MINUTES = Array.from(
  { length: 1440 },
  (_, i) => `${twoDigits(Math.floor(i / 60))}:${twoDigits(i % 60)}`,
)

function twoDigits(value: number): string {
  return String(value).padStart(2, '0')
}

/** A price with four decimals, as in `152.1000`. Made from a table, since a bulk answer has 40,000. */
export function fourDecimals(price: number): string {
  const scaled = Math.round(price * 10_000)
  if (!(scaled >= 0 && scaled < 1e13)) return price.toFixed(4)
  const whole = Math.floor(scaled / 10_000)
  return whole + FRACTIONS[scaled - whole * 10_000]
}

/** A number without padding but with a decimal, as in `218.2` and `1.0` (CSV of daily adjusted). */
export function unpadded(value: number): string {
  const text = String(value)
  return text.includes('.') || text.includes('e') ? text : `${text}.0`
}

/** Writes instants of one exchange as wall-clock labels `2026-05-15 09:30:00`. */
export function makeLabels(calendar: Calendar): (instant: number) => string {
  let day = Number.NaN
  let date = ''
  let noon = 0
  return (instant) => {
    const minutes = Math.floor((instant - noon) / 60_000) + 720
    if (!(minutes >= 240 && minutes < 1200 && !Number.isNaN(day))) {
      day = calendar.localDay(instant)
      date = `${formatDate(day)} `
      noon = calendar.instantAt(day, 720)
    }
    const minute = Math.floor((instant - noon) / 60_000) + 720
    const seconds = Math.floor((instant % 60_000) / 1000)
    return `${date}${MINUTES[minute]}:${twoDigits(seconds)}`
  }
}

/** The text of an answer in the format that was asked for. Refusals come as JSON in either. */
export function writeAnswer(answer: Answer, datatype: 'json' | 'csv'): AnswerText {
  if (answer.kind === 'json') {
    return { contentType: JSON_TYPE, text: JSON.stringify(answer.value, null, 4) }
  }
  if (answer.kind === 'csv') {
    return { contentType: CSV_TYPE, text: `${[answer.header, ...answer.lines].join('\r\n')}\r\n` }
  }
  return datatype === 'csv'
    ? { contentType: CSV_TYPE, text: writeSeriesCsv(answer) }
    : { contentType: JSON_TYPE, text: writeSeriesJson(answer) }
}

function writeSeriesCsv({ csvHeader, rows }: SeriesAnswer): string {
  let text = `${csvHeader}\r\n`
  for (let i = 0; i < rows.labels.length; i += 1) {
    text += rows.labels[i]
    for (const column of rows.cells) text += `,${column[i] ?? ''}`
    text += '\r\n'
  }
  return text
}

/** By hand and not by JSON.stringify, for speed and because a fault may repeat a label. */
function writeSeriesJson({ meta, seriesKey, names, rows }: SeriesAnswer): string {
  const head = meta.map(([name, value]) => `        ${quote(name)}: ${quote(value)}`).join(',\n')
  let text = `{\n    "Meta Data": {\n${head}\n    },\n    ${quote(seriesKey)}: {`
  const starts = names.map((name, i) => `${i === 0 ? '' : ',\n'}            ${quote(name)}: `)
  for (let i = 0; i < rows.labels.length; i += 1) {
    text += `${i === 0 ? '\n' : ',\n'}        "${rows.labels[i]}": {\n`
    for (let c = 0; c < starts.length; c += 1) {
      const cell = rows.cells[c][i]
      text += cell === null ? `${starts[c]}null` : `${starts[c]}"${cell}"`
    }
    text += '\n        }'
  }
  return `${text}${rows.labels.length === 0 ? '' : '\n    '}}\n}`
}

function quote(text: string): string {
  return JSON.stringify(text)
}
