/** Daily closes as traded, against which dividends are held. */
import type { DailyCloses } from '../domain/adjust.ts'
import { DAY_MS, yearStart } from '../domain/date.ts'
import type { Connection, Pool } from '../db/connect.ts'
import type { SeriesRef } from '../db/read-series.ts'
import type { AdjustOptions } from './adjust-pages.ts'
import { mergedPages } from './merged-pages.ts'

/** No exchange has been closed for longer between two sessions since the war of 1914. */
const LONGEST_PAUSE_MS = 31 * DAY_MS
const PAGES_AT_ONCE = 10

/**
 * The closes of sessions from some time before a day to the last ex day that counts.
 * @param series of daily bars, the best first; none: there are no closes
 * @param asTraded what brings them to the raw basis
 */
export async function readRawCloses(
  db: Pool | Connection,
  series: readonly SeriesRef[],
  asTraded: AdjustOptions,
  need: { readonly fromDay: number; readonly asOf: number | null },
): Promise<DailyCloses> {
  const days: Float64Array[] = []
  const closes: Float64Array[] = []
  if (series.length > 0) {
    const pages = mergedPages(
      db,
      series,
      {
        from: yearStart(need.fromDay - LONGEST_PAUSE_MS),
        until: asTraded.throughDay + DAY_MS,
        order: 'asc',
        pagesAtOnce: PAGES_AT_ONCE,
        asOf: need.asOf,
        calendar: asTraded.calendar,
        live: false,
      },
      asTraded,
    )
    for await (const { bars } of pages) {
      days.push(bars.ts)
      closes.push(bars.close)
    }
  }
  return { days: joinColumns(days), closes: joinColumns(closes), basis: 'raw' }
}

function joinColumns(parts: readonly Float64Array[]): Float64Array {
  const joined = new Float64Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    joined.set(part, at)
    at += part.length
  }
  return joined
}
