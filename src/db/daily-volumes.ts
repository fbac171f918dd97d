/** The volumes of days, out of the daily bars of an instrument, and which intraday series can be held against them. */
import { holdsDay, parseCoverage } from '../domain/coverage.ts'
import { parseDay, yearStart } from '../domain/date.ts'
import { isIntraday, type Interval } from '../domain/interval.ts'
import type { Connection, Pool, Queryable } from './connect.ts'
import { readPages } from './pages.ts'

interface SeriesRow {
  id: number
  interval: Interval
  provider: string
  basis: string
  covered: string
  loaded: boolean
}

/** All series of the instrument of a series, by id. Loads ask for it each time, so that it is planned once. */
async function listBeside(db: Queryable, seriesId: number): Promise<SeriesRow[]> {
  const { rows } = await db.query<SeriesRow>({
    name: 'list-series-beside',
    text: `SELECT o.id, o.interval, o.provider, o.basis, h.covered::text AS covered,
             h.observed_at IS NOT NULL AS loaded
           FROM stockyard.series s
           JOIN stockyard.series o ON o.instrument_id = s.instrument_id
           JOIN stockyard.series_heads h ON h.series_id = o.id
           WHERE s.id = $1 ORDER BY o.id`,
    values: [seriesId],
  })
  return rows
}

/** The intraday series of the instrument of a series of which something was loaded, by id. */
export async function listIntradayBeside(db: Queryable, seriesId: number): Promise<number[]> {
  const beside = await listBeside(db, seriesId)
  return beside.filter(({ interval, loaded }) => loaded && isIntraday(interval)).map(({ id }) => id)
}

/** Days on which there was a trade, of some, by whichever vendor's daily bar. */
export async function listTradedDays(
  db: Pool | Connection,
  seriesId: number,
  days: readonly number[],
): Promise<Set<number>> {
  const traded = new Set<number>()
  for (const { id, interval } of await listBeside(db, seriesId)) {
    if (interval !== '1d') continue
    for (const { day, volume } of await readVolumes(db, id, days)) {
      if (volume > 0) traded.add(day)
    }
  }
  return traded
}

/**
 * What was traded on days, as far as final daily bars tell: those of the series' own vendor or, where it has none,
 * the greatest of others. A vendor whose volumes are restated for splits speaks for the days since the last one only.
 */
export async function readDayVolumes(
  db: Pool | Connection,
  seriesId: number,
  days: readonly number[],
): Promise<Map<number, number>> {
  const beside = await listBeside(db, seriesId)
  const self = beside.find(({ id }) => id === seriesId)!
  const dailies = beside.filter(({ interval }) => interval === '1d')
  const volumes = new Map<number, number>()
  for (const isOwn of [true, false]) {
    const open = days.filter((day) => !volumes.has(day))
    for (const { id, provider, basis, covered } of dailies) {
      if ((provider === self.provider && basis === self.basis) !== isOwn) continue
      const coverage = parseCoverage(covered)
      // Two that are restated for splits can have been read on different sides of the last one.
      const isSame = basis === 'raw' && self.basis === 'raw'
      const since = isSame ? -Infinity : await lastSplitDay(db, seriesId)
      for (const { day, volume, isFinal } of await readVolumes(db, id, open)) {
        const counts = isFinal && day >= since && holdsDay(coverage, day)
        if (counts && volume > (volumes.get(day) ?? 0)) volumes.set(day, volume)
      }
    }
  }
  return volumes
}

interface DayVolume {
  readonly day: number
  /** NaN where it is not known. */
  readonly volume: number
  readonly isFinal: boolean
}

async function readVolumes(
  db: Pool | Connection,
  dailyId: number,
  days: readonly number[],
): Promise<DayVolume[]> {
  const wanted = new Set(days)
  const years = [...new Set(days.map(yearStart))]
  const pages = await readPages(db, dailyId, '1d', years)
  return [...pages.values()].flatMap(({ bars, provisional }) =>
    Array.from(bars.ts, (day, i) => ({
      day,
      volume: bars.volume[i]!,
      isFinal: provisional[i] === 0,
    })).filter(({ day }) => wanted.has(day)),
  )
}

/** The newest day on which a vendor says that the instrument of a series split; -Infinity where none does. */
async function lastSplitDay(db: Queryable, seriesId: number): Promise<number> {
  const { rows } = await db.query<{ day: string | null }>(
    `SELECT max(a.ex_day) AS day FROM stockyard.actions a
     JOIN stockyard.series s ON s.instrument_id = a.instrument_id
     WHERE s.id = $1 AND a.kind = 'split' AND a.replaced_at IS NULL`,
    [seriesId],
  )
  const day = rows[0]!.day
  return day === null ? -Infinity : parseDay(day)
}
