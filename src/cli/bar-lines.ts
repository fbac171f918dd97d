/** Bars as lines of text: CSV, or NDJSON in the shape of the REST API with symbol and interval. */
import type { Interval } from '../domain/interval.ts'
import type { BarChunk } from '../query/bar-chunk.ts'
import { barRow, csvHeader, csvLines } from '../query/rows.ts'

export const BAR_FORMATS = ['csv', 'ndjson'] as const
export type BarFormat = (typeof BAR_FORMATS)[number]

export interface LineSeries {
  readonly symbol: string
  readonly interval: Interval
}

/** What stands before the first bar of a file. */
export function headOf(format: BarFormat): string {
  return format === 'csv' ? csvHeader() : ''
}

/** Bars as lines, each ended by a line feed. */
export function barLines(format: BarFormat, series: LineSeries, chunk: BarChunk): string {
  if (format === 'csv') return csvLines(series, chunk)
  const { symbol, interval } = series
  let lines = ''
  for (let i = 0; i < chunk.bars.length; i += 1) {
    const row = barRow(interval, chunk, i)
    lines += `${JSON.stringify({ symbol, interval, ...row })}\n`
  }
  return lines
}
