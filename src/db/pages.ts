/**
 * The tables pages and page_versions.
 */
import { pipeline } from 'node:stream/promises'
import { Readable } from 'node:stream'
import { from as copyFrom } from 'pg-copy-streams'
import { formatDate } from '../domain/date.ts'
import { isIntraday, type Interval } from '../domain/interval.ts'
import type { Connection, Queryable } from './connect.ts'
import {
  decodePage,
  encodePages,
  PAGE_COLUMNS,
  RAW_PAGE_COLUMNS,
  type PageRow,
  type RawPage,
  type StoredPage,
} from './page-codec.ts'

/** Values as PostgreSQL sends them, so that decodePage reads them without detours. */
const RAW_TYPES = { getTypeParser: () => (value: Buffer) => value }

/** The pages of a series that begin on the given days; days without a page are absent. */
export async function readPages(
  connection: Queryable,
  seriesId: number,
  interval: Interval,
  startDays: readonly number[],
): Promise<Map<number, StoredPage>> {
  if (startDays.length === 0) return new Map()
  const pages = await readRaw(
    connection,
    interval,
    `SELECT ${RAW_PAGE_COLUMNS} FROM stockyard.pages WHERE series_id = $1 AND starts_on = ANY ($2::date[])`,
    [seriesId, startDays.map(formatDate)],
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
}

/** Pages of a series by the day on which they begin. */
export async function readPageRange(
  connection: Queryable,
  seriesId: number,
  range: PageRange,
): Promise<StoredPage[]> {
  const order = range.order === 'asc' ? 'ASC' : 'DESC'
  return readRaw(
    connection,
    range.interval,
    `SELECT ${RAW_PAGE_COLUMNS} FROM stockyard.pages
     WHERE series_id = $1 AND starts_on >= $2 AND starts_on < $3
     ORDER BY starts_on ${order} LIMIT $4`,
    [seriesId, formatDate(range.from), formatDate(range.until), range.limit],
  )
}

async function readRaw(
  connection: Queryable,
  interval: Interval,
  text: string,
  values: readonly unknown[],
): Promise<StoredPage[]> {
  const query = { text, values: [...values], binary: true, types: RAW_TYPES }
  const { rows } = await connection.query<RawPage & Record<string, Buffer | null>>(query)
  const intraday = isIntraday(interval)
  return rows.map((row) => decodePage(row, intraday))
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
  await pipeline(Readable.from([encodePages(writes.rows)]), stream)
}

/** A version of a page and the one that took its place. */
export interface PageChange {
  readonly seriesId: number
  readonly interval: Interval
  readonly before: StoredPage
  readonly after: StoredPage
  /** When the later version took over, milliseconds UTC. */
  readonly changedAt: number
  readonly runId: number
}

/**
 * Kept versions of the pages of some series, newest change first, each with its successor: the next
 * kept version, or else the current page.
 */
export async function readPageChanges(
  connection: Queryable,
  series: readonly { readonly id: number; readonly interval: Interval }[],
  limit: number,
): Promise<PageChange[]> {
  const changes: PageChange[] = []
  for (const { id, interval } of series) {
    const { rows } = await connection.query<{
      starts_on: string
      valid_until: Date
      replaced_by: number
    }>(
      `SELECT starts_on, valid_until, replaced_by FROM stockyard.page_versions
       WHERE series_id = $1 ORDER BY valid_until DESC, starts_on DESC LIMIT $2`,
      [id, limit],
    )
    for (const row of rows) {
      const before = await readVersion(
        connection,
        id,
        interval,
        row.starts_on,
        row.valid_until,
        '=',
      )
      const after =
        (await readVersion(connection, id, interval, row.starts_on, row.valid_until, '>')) ??
        (
          await readRaw(
            connection,
            interval,
            `SELECT ${RAW_PAGE_COLUMNS} FROM stockyard.pages WHERE series_id = $1 AND starts_on = $2`,
            [id, row.starts_on],
          )
        )[0]
      if (before === undefined || after === undefined) continue
      changes.push({
        seriesId: id,
        interval,
        before,
        after,
        changedAt: row.valid_until.getTime(),
        runId: row.replaced_by,
      })
    }
  }
  return changes.sort((a, b) => b.changedAt - a.changedAt).slice(0, limit)
}

async function readVersion(
  connection: Queryable,
  seriesId: number,
  interval: Interval,
  startsOn: string,
  validUntil: Date,
  comparison: '=' | '>',
): Promise<StoredPage | undefined> {
  const [page] = await readRaw(
    connection,
    interval,
    `SELECT ${RAW_PAGE_COLUMNS} FROM stockyard.page_versions
     WHERE series_id = $1 AND starts_on = $2 AND valid_until ${comparison} $3
     ORDER BY valid_until LIMIT 1`,
    [seriesId, startsOn, validUntil],
  )
  return page
}
