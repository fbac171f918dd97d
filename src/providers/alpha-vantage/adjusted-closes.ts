/** Reads the adjusted closes of an answer to TIME_SERIES_DAILY_ADJUSTED, JSON or CSV. */
import { parseDay } from '../../domain/date.ts'
import type { PublishedCloses } from '../../domain/published-closes.ts'
import type { VendorBody } from '../provider.ts'
import { documentOf, isRecord, isSuccess } from './failure.ts'

const decoder = new TextDecoder()
const SERIES = 'Time Series (Daily)'

/** Null where the answer has none, as those to other functions and refusals. */
export function parseAdjustedCloses(body: VendorBody): PublishedCloses | null {
  if (!isSuccess(body.status)) return null
  const text = decoder.decode(body.bytes).trimStart()
  const rows = (text.startsWith('{') ? jsonRows(body) : csvRows(text)).filter(
    ([day, adjusted]) => !Number.isNaN(day) && adjusted > 0,
  )
  if (rows.length === 0) return null
  const sorted = rows.toSorted(([a], [b]) => a - b)
  return {
    days: Float64Array.from(sorted, ([day]) => day),
    adjusted: Float64Array.from(sorted, ([, adjusted]) => adjusted),
    rule: 'ex-close',
  }
}

type AdjustedRow = readonly [day: number, adjusted: number]

function jsonRows(body: VendorBody): AdjustedRow[] {
  const series = documentOf(body)?.[SERIES]
  if (!isRecord(series)) return []
  return Object.entries(series).map(([date, row]) => [
    parseDay(date),
    isRecord(row) ? Number(row['5. adjusted close']) : Number.NaN,
  ])
}

function csvRows(text: string): AdjustedRow[] {
  const [head, ...lines] = text.trimEnd().split(/\r?\n/)
  const names = head!.split(',').map((name) => name.trim().replace(' ', '_'))
  const date = names.indexOf('timestamp')
  const adjusted = names.indexOf('adjusted_close')
  if (date < 0 || adjusted < 0 || !names.includes('split_coefficient')) return []
  return lines.map((line) => {
    const cells = line.split(',')
    return [parseDay(cells[date] ?? ''), Number(cells[adjusted])]
  })
}
