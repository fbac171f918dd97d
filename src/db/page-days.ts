/** Which days of a series have bars, and the counts of its pages. */
import type { DayRange } from '../domain/coverage.ts'
import { formatDate, parseDay } from '../domain/date.ts'
import { isIntraday, type Interval } from '../domain/interval.ts'
import type { Queryable } from './connect.ts'

/** The days of which a series has bars, of those with from <= day < until, in order. */
export async function listBarDays(
  db: Queryable,
  seriesId: number,
  interval: Interval,
  { from, until }: DayRange,
): Promise<number[]> {
  const text = isIntraday(interval)
    ? `SELECT starts_on AS day FROM stockyard.pages
       WHERE series_id = $1 AND starts_on >= $2 AND starts_on < $3 AND bars > 0 ORDER BY 1`
    : `SELECT p.starts_on + t.days::integer AS day
       FROM stockyard.pages p CROSS JOIN LATERAL unnest(p.ts) AS t (days)
       WHERE p.series_id = $1 AND p.starts_on < $3 AND p.starts_on > $2::date - 3660
         AND p.starts_on + t.days::integer >= $2::date AND p.starts_on + t.days::integer < $3::date
       ORDER BY 1`
  const { rows } = await db.query<{ day: string }>(text, [
    seriesId,
    formatDate(from),
    formatDate(until),
  ])
  return rows.map(({ day }) => parseDay(day))
}

/** The same for all other series of the same instrument and interval: the days of which another vendor has bars. */
export async function listBarDaysElsewhere(
  db: Queryable,
  seriesId: number,
  interval: Interval,
  range: DayRange,
): Promise<Set<number>> {
  const { rows } = await db.query<{ id: number }>(
    `SELECT o.id FROM stockyard.series s
     JOIN stockyard.series o ON o.instrument_id = s.instrument_id AND o.interval = s.interval
     WHERE s.id = $1 AND o.id <> s.id`,
    [seriesId],
  )
  const days = new Set<number>()
  for (const { id } of rows) {
    for (const day of await listBarDays(db, id, interval, range)) days.add(day)
  }
  return days
}

/** What the row of a page says of it; no column is opened. */
export interface PageCounts {
  readonly startsOn: number
  readonly bars: number
  /** Bars inside regular trading, there and by the calendar. */
  readonly regularBars: number
  readonly expectedBars: number
  /** See digestStarts, as the load wrote it; null in pages of before there was one. */
  readonly startsDigest: number | null
  /** See sumRegularVolume; null in pages of before it was kept, and in those of days and longer. */
  readonly regularVolume: number | null
}

/** The counts of a series' pages with from <= startsOn < until, in order. */
export async function readPageCounts(
  db: Queryable,
  seriesId: number,
  { from, until }: DayRange,
): Promise<PageCounts[]> {
  const { rows } = await db.query<{
    starts_on: string
    bars: number
    regular_bars: number
    expected_bars: number
    starts_digest: number | null
    regular_volume: number | null
  }>(
    `SELECT starts_on, bars, regular_bars, expected_bars, starts_digest, regular_volume
     FROM stockyard.pages
     WHERE series_id = $1 AND starts_on >= $2 AND starts_on < $3 ORDER BY starts_on`,
    [seriesId, formatDate(from), formatDate(until)],
  )
  return rows.map((row) => ({
    startsOn: parseDay(row.starts_on),
    bars: row.bars,
    regularBars: row.regular_bars,
    expectedBars: row.expected_bars,
    startsDigest: row.starts_digest,
    regularVolume: row.regular_volume,
  }))
}

/** How many pages and bars some series have in truth, and pages without a sum; a series without a page is absent. */
export async function sumPages(
  db: Queryable,
  seriesIds: readonly number[],
): Promise<Map<number, PageSums>> {
  const { rows } = await db.query<PageSums & { series_id: number }>(
    `SELECT series_id, count(*) AS pages, sum(bars) AS bars,
       count(*) FILTER (WHERE regular_volume IS NULL) AS unsummed
     FROM stockyard.pages WHERE series_id = ANY ($1) GROUP BY series_id`,
    [seriesIds],
  )
  return new Map(rows.map(({ series_id, ...sums }) => [series_id, sums]))
}

export interface PageSums {
  readonly pages: number
  readonly bars: number
  /** Pages without a regularVolume: all of those of days and longer. */
  readonly unsummed: number
}

/** Keeps the regularVolume of pages that have none. */
export async function storeRegularVolumes(
  db: Queryable,
  seriesId: number,
  sums: ReadonlyMap<number, number>,
): Promise<void> {
  await db.query(
    `UPDATE stockyard.pages p SET regular_volume = s.volume
     FROM unnest($2::date[], $3::real[]) AS s (day, volume)
     WHERE p.series_id = $1 AND p.starts_on = s.day`,
    [seriesId, [...sums.keys()].map(formatDate), [...sums.values()]],
  )
}
