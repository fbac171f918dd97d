/** The table repeated_sessions: sessions of which a vendor said the same when a repair asked once more. */
import { formatDate, parseDay } from '../domain/date.ts'
import type { Queryable } from './connect.ts'

/** In the place of the run that wrote a page: of the session no bar is stored. */
export const NO_PAGE = 0

/** Who wrote a page, and whether all of its bars are final. */
export interface PageRun {
  readonly runId: number
  readonly isFinal: boolean
}

/** Which runs wrote pages of a series, by the day on which the pages begin; days without a page are absent. */
export async function readPageRuns(
  db: Queryable,
  seriesId: number,
  days: readonly number[],
): Promise<Map<number, PageRun>> {
  const { rows } = await db.query<{ starts_on: string; run_id: number; final: boolean }>(
    `SELECT starts_on, run_id, provisional IS NULL AS final FROM stockyard.pages
     WHERE series_id = $1 AND starts_on = ANY ($2::date[])`,
    [seriesId, days.map(formatDate)],
  )
  return new Map(
    rows.map(({ starts_on, run_id, final }) => [
      parseDay(starts_on),
      { runId: run_id, isFinal: final },
    ]),
  )
}

/**
 * Keeps that a vendor was asked once more.
 * @param runs by day the run that had written the page when it was asked: a page that it changed is no repetition
 */
export async function keepRepeated(
  db: Queryable,
  seriesId: number,
  runs: ReadonlyMap<number, number>,
): Promise<void> {
  await db.query(
    `INSERT INTO stockyard.repeated_sessions (series_id, starts_on, run_id)
     SELECT $1, * FROM unnest($2::date[], $3::bigint[])
     ON CONFLICT (series_id, starts_on) DO UPDATE SET run_id = excluded.run_id`,
    [seriesId, [...runs.keys()].map(formatDate), [...runs.values()]],
  )
}

/** Takes that back, so that the next repair asks again. */
export async function forgetRepeated(
  db: Queryable,
  seriesId: number,
  days: readonly number[],
): Promise<void> {
  await db.query(
    'DELETE FROM stockyard.repeated_sessions WHERE series_id = $1 AND starts_on = ANY ($2::date[])',
    [seriesId, days.map(formatDate)],
  )
}

/**
 * The sessions of some series whose pages are still those of which the vendor said the same, by series; also those
 * that had none and still have none.
 */
export async function readRepeated(
  db: Queryable,
  seriesIds: readonly number[],
): Promise<Map<number, Set<number>>> {
  const { rows } = await db.query<{ series_id: number; starts_on: string }>(
    `SELECT r.series_id, r.starts_on FROM stockyard.repeated_sessions r
     LEFT JOIN stockyard.pages p USING (series_id, starts_on)
     WHERE r.series_id = ANY ($1) AND r.run_id = coalesce(p.run_id, $2)`,
    [seriesIds, NO_PAGE],
  )
  const groups = Map.groupBy(rows, (row) => row.series_id)
  return new Map(
    [...groups].map(([id, some]) => [id, new Set(some.map((row) => parseDay(row.starts_on)))]),
  )
}
