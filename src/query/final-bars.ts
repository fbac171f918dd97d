/** The final bars of series a stretch of time at a time, so that no history of minutes is held whole. */
import type { Connection, Pool } from '../db/connect.ts'
import type { SeriesState } from '../db/read-series.ts'
import type { AdjustMode } from '../domain/adjust.ts'
import type { BarBatch } from '../domain/bar-batch.ts'
import type { Calendar } from '../domain/calendar/calendar.ts'
import { DAY_MS } from '../domain/date.ts'
import { isIntraday } from '../domain/interval.ts'
import { joinChunks, takeChunk, type BarChunk } from './bar-chunk.ts'
import { streamBars } from './bars.ts'
import type { Bound } from './bound.ts'

/** Sessions from <= day < until of the exchange; null leaves a side open. */
export interface Stretch {
  readonly from: Bound | null
  readonly until: Bound | null
}

/** Of bars of one minute with extended hours some 60,000, which are 4 MB. */
const STRETCH_DAYS = 92

/** All of a series. */
export const WHOLE: Stretch = { from: null, until: null }

/** Stretches that hold all bars of some series of one interval, the newest first. */
export function stretchesOf(
  series: readonly Pick<SeriesState, 'interval' | 'firstBar' | 'last'>[],
  calendar: Calendar,
): Stretch[] {
  const { interval } = series[0]!
  if (!isIntraday(interval)) return [WHOLE]
  const filled = series.filter(({ last }) => last !== null)
  if (filled.length === 0) return []
  const first = Math.min(...filled.map(({ firstBar }) => firstBar!))
  const last = Math.max(...filled.map((one) => one.last!.ts))
  const stretches: Stretch[] = []
  // A session can begin on the evening before its date, and end on the night after it.
  const begin = calendar.localDay(first) - DAY_MS
  for (let until = calendar.localDay(last) + 2 * DAY_MS; until > begin;) {
    const from = until - STRETCH_DAYS * DAY_MS
    stretches.push({ from: { kind: 'day', day: from }, until: { kind: 'day', day: until } })
    until = from
  }
  return stretches
}

/** The final bars of a vendor in a stretch, brought to a basis. */
export async function readFinalBars(
  db: Pool | Connection,
  { symbol, interval, provider }: Pick<SeriesState, 'symbol' | 'interval' | 'provider'>,
  stretch: Stretch,
  { adjust, now }: { readonly adjust: AdjustMode; readonly now: number },
): Promise<BarBatch> {
  const query = { symbol, interval, provider, ...stretch, now, adjust } as const
  const stream = await streamBars(db, { ...query, session: 'all', sort: 'asc' })
  const chunks: BarChunk[] = []
  for await (const chunk of stream.chunks) {
    if (!chunk.provisional.includes(1)) chunks.push(chunk)
    else {
      const isFinal = (i: number) => chunk.provisional[i] === 0
      chunks.push(takeChunk(chunk, [...chunk.bars.ts.keys()].filter(isFinal)))
    }
  }
  return joinChunks(chunks).bars
}
