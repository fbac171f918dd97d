/** What those who listen are told of a load: which bars of a series are new, have other values, or are gone. */
import type { BarsChanged } from '../db/events.ts'
import type { SeriesKey } from '../db/series.ts'
import { DAY_MS, formatDate } from '../domain/date.ts'
import { intervalMs, isIntraday, type Interval } from '../domain/interval.ts'
import type { MergedPage } from '../domain/page.ts'

/** The bars that merged pages changed; null where none did. */
export function barsChanged(
  { symbol, interval, provider }: SeriesKey,
  merged: readonly MergedPage[],
): BarsChanged | null {
  const touched = merged.flatMap((merge) => merge.touched ?? [])
  const [first] = touched
  if (first === undefined) return null
  const sum = (pick: (merge: MergedPage) => number) =>
    merged.reduce((total, merge) => total + pick(merge), 0)
  return {
    symbol,
    interval,
    provider,
    ...rangeOf(interval, first.first, touched.at(-1)!.last),
    inserted: sum(({ inserted }) => inserted),
    updated: sum(({ updated }) => updated),
    revised: sum(({ revised }) => revised),
    removed: 0,
  }
}

/** A bar that was taken back. */
export function barRemoved({ symbol, interval, provider }: SeriesKey, ts: number): BarsChanged {
  const range = rangeOf(interval, ts, ts)
  return { symbol, interval, provider, ...range, inserted: 0, updated: 0, revised: 0, removed: 1 }
}

/** The range in which those bars lie whose starts these are, as a caller would ask for it. */
function rangeOf(interval: Interval, first: number, last: number): { from: string; until: string } {
  if (!isIntraday(interval)) return { from: formatDate(first), until: formatDate(last + DAY_MS) }
  return { from: instantText(first), until: instantText(last + intervalMs(interval)) }
}

function instantText(instant: number): string {
  return new Date(instant).toISOString().replace('.000Z', 'Z')
}
