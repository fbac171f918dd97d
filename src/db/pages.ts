/**
 * The tables pages and page_versions.
 */
import { finished } from 'node:stream/promises'
import { from as copyFrom } from 'pg-copy-streams'
import { formatDate, parseDay } from '../domain/date.ts'
import { isIntraday, type Interval } from '../domain/interval.ts'
import type { PageVersion } from '../domain/page.ts'
import { versionAsOf } from '../domain/page-version.ts'
import type { Connection, Pool } from './connect.ts'
import { copyOut } from './copy-out.ts'
import { encodePages, PAGE_COLUMNS, reusePages } from './encode-pages.ts'
import {
  decodePages,
  RAW_PAGE_COLUMNS,
  VERSION_COLUMNS,
  type PageRow,
  type StoredPage,
} from './page-codec.ts'

/** The pages of a series that begin on the given days; days without a page are absent. */
export async function readPages(
  where: Pool | Connection,
  seriesId: number,
  interval: Interval,
  startDays: readonly number[],
): Promise<Map<number, PageVersion>> {
  if (startDays.length === 0) return new Map()
  const days = startDays.map(dateLiteral).join(', ')
  const pages = await readRaw(
    where,
    interval,
    `SELECT ${VERSION_COLUMNS} FROM stockyard.pages
     WHERE series_id = ${idLiteral(seriesId)} AND starts_on IN (${days})`,
  )
  return new Map(pages.map((page) => [page.startsOn, page]))
}

export interface PageRange {
  readonly interval: Interval
  /** Pages with from <= startsOn < until, days. */
  readonly from: number
  readonly until: number
  readonly order: 'asc' | 'desc'
  /** Most pages to read. */
  readonly limit: number
  /** Instant as of which the pages are read, milliseconds UTC; null or absent: as they are now. */
  readonly asOf?: number | null
}

/**
 * Pages of a series by the day on which they begin. As of an instant they hold just the bars that were
 * final in the store then, with the values that they had; a page of which none was is there with no
 * bars. `settleAsOf` goes before.
 */
export async function readPageRange(
  where: Pool | Connection,
  seriesId: number,
  range: PageRange,
): Promise<StoredPage[]> {
  const inRange = `series_id = ${idLiteral(seriesId)}
    AND starts_on >= ${dateLiteral(range.from)} AND starts_on < ${dateLiteral(range.until)}`
  const order = `ORDER BY starts_on ${range.order === 'asc' ? 'ASC' : 'DESC'} LIMIT ${idLiteral(range.limit)}`
  const asOf = range.asOf ?? null
  if (asOf === null) {
    const select = `SELECT ${RAW_PAGE_COLUMNS} FROM stockyard.pages WHERE ${inRange} ${order}`
    return readRaw(where, range.interval, select)
  }
  const instant = instantLiteral(asOf)
  const pages = await readRaw(
    where,
    range.interval,
    `SELECT ${VERSION_COLUMNS} FROM (
       SELECT ${VERSION_COLUMNS} FROM stockyard.pages
       WHERE ${inRange} AND valid_from <= ${instant}
       UNION ALL
       SELECT ${VERSION_COLUMNS} FROM stockyard.page_versions
       WHERE ${inRange} AND valid_from <= ${instant} AND valid_until > ${instant}
     ) AS v ${order}`,
  )
  return pages.map((page) => versionAsOf(page, asOf))
}

/** COPY has no parameters, so what is put into these statements are numbers and dates made here. */
async function readRaw(
  where: Pool | Connection,
  interval: Interval,
  select: string,
): Promise<PageVersion[]> {
  return decodePages(await copyOut(where, select), isIntraday(interval))
}

function idLiteral(value: number): string {
  if (!Number.isSafeInteger(value)) throw new RangeError(`not a whole number: ${value}`)
  return String(value)
}

function dateLiteral(day: number): string {
  return `'${formatDate(day)}'::date`
}

function instantLiteral(instant: number): string {
  return `'${new Date(instant).toISOString()}'::timestamptz`
}

/** Pages of a series that are to be written. */
export interface PageWrites {
  readonly seriesId: number
  /** The new state of each page. */
  readonly rows: readonly PageRow[]
  /** Days on which pages begin that are there already and give way. */
  readonly replaced: readonly number[]
  /** Those of them whose version before is kept. */
  readonly kept: readonly number[]
  readonly runId: number
  /** Instant from which the new versions are the current ones. */
  readonly now: number
}

/** Writes pages inside the caller's transaction: keeps old versions, removes, and copies the new ones. */
export async function writePages(connection: Connection, writes: PageWrites): Promise<void> {
  if (writes.kept.length > 0) {
    await connection.query(
      `INSERT INTO stockyard.page_versions (${PAGE_COLUMNS}, valid_until, replaced_by)
       SELECT ${PAGE_COLUMNS}, $3, $4 FROM stockyard.pages
       WHERE series_id = $1 AND starts_on = ANY ($2::date[])`,
      [writes.seriesId, writes.kept.map(formatDate), new Date(writes.now), writes.runId],
    )
  }
  if (writes.replaced.length > 0) {
    await connection.query(
      'DELETE FROM stockyard.pages WHERE series_id = $1 AND starts_on = ANY ($2::date[])',
      [writes.seriesId, writes.replaced.map(formatDate)],
    )
  }
  if (writes.rows.length === 0) return
  const stream = connection.query(
    copyFrom(`COPY stockyard.pages (${PAGE_COLUMNS}) FROM STDIN (FORMAT binary)`),
  )
  const encoded = encodePages(writes.rows)
  stream.end(encoded)
  // Where it fails, some of it may still be on its way to the socket.
  await finished(stream)
  reusePages(encoded)
}

/** A version of a page and the one that took its place. */
export interface PageChange {
  readonly seriesId: number
  readonly interval: Interval
  readonly before: StoredPage
  /** As it was known when it took over; null where the page was removed. */
  readonly after: StoredPage | null
  /** When the later version took over, milliseconds UTC. */
  readonly changedAt: number
  readonly runId: number
}

/** Where a change stands among others, the newest first. */
export interface PageChangeKey {
  readonly changedAt: number
  readonly seriesId: number
  readonly startsOn: number
}

/**
 * Kept versions of the pages of some series, newest change first, each with its successor: the next
 * kept version, or else the current page. Of one instant those of the highest series id and the latest
 * page come first.
 * @param after only changes that come after this place
 */
export async function readPageChanges(
  pool: Pool,
  series: readonly { readonly id: number; readonly interval: Interval }[],
  limit: number,
  after: PageChangeKey | null = null,
): Promise<PageChange[]> {
  const { rows } = await pool.query<{
    series_id: number
    starts_on: string
    valid_until: Date
    replaced_by: number
  }>(
    `SELECT series_id, starts_on, valid_until, replaced_by FROM stockyard.page_versions
     WHERE series_id = ANY ($1::integer[])
       AND ($3::timestamptz IS NULL
            OR (valid_until, series_id, starts_on) < ($3, $4::integer, $5::date))
     ORDER BY valid_until DESC, series_id DESC, starts_on DESC LIMIT $2`,
    [
      series.map(({ id }) => id),
      limit,
      after === null ? null : new Date(after.changedAt),
      after?.seriesId,
      after === null ? null : formatDate(after.startsOn),
    ],
  )
  const changes: PageChange[] = []
  for (const { series_id: seriesId, starts_on, valid_until, replaced_by: runId } of rows) {
    const { interval } = series.find(({ id }) => id === seriesId)!
    const changedAt = valid_until.getTime()
    const versions = await readVersionsFrom(pool, { id: seriesId, interval }, starts_on, changedAt)
    const [before, next] = versions
    if (before === undefined) continue
    const isSuccessor = next !== undefined && next.validFrom <= changedAt
    const successor = isSuccessor ? versionAsOf(next, changedAt) : null
    changes.push({ seriesId, interval, before, after: successor, changedAt, runId })
  }
  return changes
}

/** The version that ended at an instant, and the one that took its place. */
async function readVersionsFrom(
  pool: Pool,
  series: { readonly id: number; readonly interval: Interval },
  startsOn: string,
  endedAt: number,
): Promise<PageVersion[]> {
  const page = `series_id = ${idLiteral(series.id)} AND starts_on = ${dateLiteral(parseDay(startsOn))}`
  const ended = instantLiteral(endedAt)
  return readRaw(
    pool,
    series.interval,
    `SELECT ${VERSION_COLUMNS} FROM (
       SELECT ${VERSION_COLUMNS}, valid_until AS ended FROM stockyard.page_versions
       WHERE ${page} AND valid_until >= ${ended}
       UNION ALL
       SELECT ${VERSION_COLUMNS}, 'infinity' FROM stockyard.pages WHERE ${page}
     ) AS v ORDER BY ended LIMIT 2`,
  )
}
