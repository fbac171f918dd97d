/** Which formats bars are served in, how a caller names them, and bars as a document of JSON. */
import type { FastifyReply } from 'fastify'
import type { BarAnswer, BarHeading } from '../query/bars.ts'
import type { ManyAnswer } from '../query/bars-of-many.ts'
import { STREAM_FORMATS } from '../query/encode-bars.ts'
import { barBytes } from '../query/bar-bytes.ts'
import { formatInstant, type Field } from '../query/rows.ts'

export const FORMATS = ['json', ...STREAM_FORMATS] as const
export type Format = (typeof FORMATS)[number]

export const MEDIA_TYPES: Readonly<Record<Format, string>> = {
  json: 'application/json; charset=utf-8',
  ndjson: 'application/x-ndjson; charset=utf-8',
  csv: 'text/csv; charset=utf-8; header=present',
  parquet: 'application/vnd.apache.parquet',
  arrow: 'application/vnd.apache.arrow.stream',
}

/** The bars of one symbol as a document of JSON. */
export function priceAnswer(answer: BarAnswer, fields: readonly Field[]): Buffer {
  const { symbol, interval, adjust, provider, asOf, derivedFrom, warnings, next } = answer
  const heading = {
    symbol,
    interval,
    adjust,
    provider,
    as_of: asOf === null ? null : formatInstant(asOf),
    ...(derivedFrom === null ? {} : { derived_from: derivedFrom }),
    ...(warnings.length === 0 ? {} : { warnings }),
  }
  const [before, after] = documentEnds(heading, next)
  return barBytes(answer, { interval, fields, separator: ',', before, after })
}

/** What stands in a document before and after the bars: what is said once, and the cursor. */
function documentEnds(heading: object, next: string | null): [Buffer, Buffer] {
  return [
    Buffer.from(`${JSON.stringify(heading).slice(0, -1)},"data":[`),
    Buffer.from(`],"next":${JSON.stringify(next)}}`),
  ]
}

const COMMA = Buffer.from(',')

/** What answers warn of, each with its symbol. */
export function warningsOf(
  answers: readonly Pick<BarHeading, 'symbol' | 'warnings'>[],
): readonly string[] {
  return answers.flatMap((one) => one.warnings.map((text) => `${one.symbol}: ${text}`))
}

/** The bars of several symbols as JSON. */
export function manyAnswer(
  { answers, next }: ManyAnswer,
  heading: Pick<BarHeading, 'interval' | 'adjust'> & { readonly as_of: string | null },
  fields: readonly Field[],
): Buffer {
  const warnings = warningsOf(answers)
  const said = { ...heading, ...(warnings.length === 0 ? {} : { warnings }) }
  const data = answers.map((answer) =>
    barBytes(answer, {
      interval: answer.interval,
      fields,
      head: `"symbol":${JSON.stringify(answer.symbol)},`,
      separator: ',',
    }),
  )
  const [before, after] = documentEnds(said, next)
  const filled = data.filter(({ length }) => length > 0)
  const parts = filled.flatMap((bars, i) => (i === 0 ? [bars] : [COMMA, bars]))
  return Buffer.concat([before, ...parts, after])
}

/** Whoever reads headers takes some kilobytes of them at most. */
const WARNINGS_MAX = 10

/** Formats without a place for warnings tell them in a header, each in a line of it. */
export function tellWarnings(reply: FastifyReply, warnings: readonly string[]): void {
  if (warnings.length === 0) return
  const told = warnings.slice(0, WARNINGS_MAX)
  const more = warnings.length - told.length
  if (more > 0) told.push(`and ${more} more, which format=json tells`)
  void reply.header('x-stockyard-warning', told)
}

/** Formats without a place for the cursor tell it in a header (RFC 8288). */
export function linkNext(reply: FastifyReply, url: string, next: string | null): void {
  if (next === null) return
  const link = new URL(url, 'http://localhost')
  link.searchParams.set('cursor', next)
  void reply.header('link', `<${link.pathname}${link.search}>; rel="next"`)
}
