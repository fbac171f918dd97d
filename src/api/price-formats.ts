/** Which formats bars are served in, how a caller names them, and bars as a document of JSON. */
import type { BarAnswer, BarHeading } from '../query/bars.ts'
import type { ManyAnswer } from '../query/bars-of-many.ts'
import { STREAM_FORMATS } from '../query/encode-bars.ts'
import {
  barRow,
  FIELDS,
  formatInstant,
  pickFields,
  type Field,
  type PriceRow,
} from '../query/rows.ts'

export const FORMATS = ['json', ...STREAM_FORMATS] as const
export type Format = (typeof FORMATS)[number]

export const MEDIA_TYPES: Readonly<Record<Format, string>> = {
  json: 'application/json; charset=utf-8',
  ndjson: 'application/x-ndjson; charset=utf-8',
  csv: 'text/csv; charset=utf-8; header=present',
  parquet: 'application/vnd.apache.parquet',
  arrow: 'application/vnd.apache.arrow.stream',
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
