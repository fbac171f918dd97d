/** Bars as lines of text: CSV, or NDJSON in the shape of the REST API with symbol and interval. */
import type { Interval } from '../domain/interval.ts'
import type { BarChunk } from '../query/bars.ts'
import { barRow, CSV_HEADER, csvLines } from '../query/rows.ts'

export const BAR_FORMATS = ['csv', 'ndjson'] as const
export type BarFormat = (typeof BAR_FORMATS)[number]

export interface LineSeries {
  readonly symbol: string
  readonly interval: Interval
  readonly provider: string
}

/** What stands before the first bar of a file. */
export function headOf(format: BarFormat): string {
  return format === 'csv' ? CSV_HEADER : ''
}

/** Bars as lines, each ended by a line feed. */
export function barLines(format: BarFormat, series: LineSeries, chunk: BarChunk): string {
  if (format === 'csv') return csvLines(series, chunk.bars, chunk.provisional)
  const { symbol, interval } = series
  let lines = ''
  for (let i = 0; i < chunk.bars.length; i += 1) {
    const row = barRow(interval, chunk.bars, chunk.provisional, i)
    lines += `${JSON.stringify({ symbol, interval, ...row })}\n`
  }
  return lines
}
