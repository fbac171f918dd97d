/** Bars as text: a document of JSON, or lines of CSV and NDJSON. */
import type { BarChunk } from '../query/bar-chunk.ts'
import type { BarAnswer, BarHeading, BarStream } from '../query/bars.ts'
import type { ManyAnswer } from '../query/bars-of-many.ts'
import {
  barRow,
  csvHeader,
  csvLines,
  FIELDS,
  formatInstant,
  pickFields,
  type Field,
  type PriceRow,
} from '../query/rows.ts'

export const FORMATS = ['json', 'ndjson', 'csv'] as const
export type Format = (typeof FORMATS)[number]

export const MEDIA_TYPES: Readonly<Record<Format, string>> = {
  json: 'application/json; charset=utf-8',
  ndjson: 'application/x-ndjson; charset=utf-8',
  csv: 'text/csv; charset=utf-8; header=present',
}

/** The first media type of an Accept header that is one of ours; JSON for all others. */
export function acceptedFormat(accept: string | undefined): Format {
  for (const part of (accept ?? '').split(',')) {
    const type = part.split(';')[0]!.trim().toLowerCase()
    const found = FORMATS.find((format) => MEDIA_TYPES[format].startsWith(`${type};`))
    if (found !== undefined) return found
  }
  return 'json'
}

/** The bars of one symbol as JSON. */
export function priceAnswer(answer: BarAnswer, fields: readonly Field[]): object {
  const { symbol, interval, adjust, provider, asOf, derivedFrom, warnings, next } = answer
  return {
    symbol,
    interval,
    adjust,
    provider,
    as_of: asOf === null ? null : formatInstant(asOf),
    ...(derivedFrom === null ? {} : { derived_from: derivedFrom }),
    ...(warnings.length === 0 ? {} : { warnings }),
    data: rowsOf(answer, fields),
    next,
  }
}

function rowsOf(answer: BarAnswer, fields: readonly Field[]): Partial<PriceRow>[] {
  const rows: Partial<PriceRow>[] = []
  const isWhole = fields.length === FIELDS.length
  for (let i = 0; i < answer.bars.length; i += 1) {
    const row = barRow(answer.interval, answer, i)
    rows.push(isWhole ? row : pickFields(row, fields))
  }
  return rows
}

/** The bars of several symbols as JSON. */
export function manyAnswer(
  { answers, next }: ManyAnswer,
  heading: Pick<BarHeading, 'interval' | 'adjust'> & { readonly as_of: string | null },
  fields: readonly Field[],
): object {
  const warnings = answers.flatMap((one) => one.warnings.map((text) => `${one.symbol}: ${text}`))
  return {
    ...heading,
    ...(warnings.length === 0 ? {} : { warnings }),
    data: answers.flatMap((answer) =>
      rowsOf(answer, fields).map((row) => ({ symbol: answer.symbol, ...row })),
    ),
    next,
  }
}

/** What stands before the first bar. */
export function textHead(format: Format, fields: readonly Field[]): string {
  return format === 'csv' ? csvHeader(fields) : ''
}

/** Bars as lines. */
export function textLines(
  { symbol, interval }: Pick<BarHeading, 'symbol' | 'interval'>,
  chunk: BarChunk,
  format: Format,
  fields: readonly Field[],
): string {
  if (format === 'csv') return csvLines({ symbol, interval }, chunk, fields)
  const isWhole = fields.length === FIELDS.length
  let lines = ''
  for (let i = 0; i < chunk.bars.length; i += 1) {
    const row = barRow(interval, chunk, i)
    const shown = isWhole ? row : pickFields(row, fields)
    lines += `${JSON.stringify({ symbol, interval, ...shown })}\n`
  }
  return lines
}

/** The text of streams, one after the other, a page at a time. */
export async function* textOf(
  streams: Iterable<BarStream> | AsyncIterable<BarStream>,
  format: Format,
  fields: readonly Field[],
): AsyncGenerator<string> {
  yield textHead(format, fields)
  for await (const stream of streams) {
    for await (const chunk of stream.chunks) yield textLines(stream, chunk, format, fields)
  }
}
