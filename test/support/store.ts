/**
 * What the store holds of a series, and whether it is consistent with itself and with a truth.
 */
import type { BarBatch } from '../../src/domain/bar-batch.ts'
import type { Interval } from '../../src/domain/interval.ts'
import type { Pool } from '../../src/db/connect.ts'
import { readPageRange } from '../../src/db/pages.ts'
import { findHead } from '../../src/db/series.ts'

export type Row = readonly [
  ts: number,
  open: number,
  high: number,
  low: number,
  close: number,
  volume: number,
]

/** Bars as plain rows. */
export function rowsOf(bars: BarBatch): Row[] {
  return Array.from(bars.ts, (ts, i): Row => [
    ts,
    bars.open[i]!,
    bars.high[i]!,
    bars.low[i]!,
    bars.close[i]!,
    bars.volume[i]!,
  ])
}

/** All bars that are stored of a symbol, by ts. */
export async function storedRows(pool: Pool, symbol: string, interval: Interval): Promise<Row[]> {
  const head = await findHead(pool, { symbol, interval, provider: 'alpha-vantage', basis: 'raw' })
  if (head === null) return []
  const pages = await readPageRange(pool, head.seriesId, {
    interval,
    from: Date.UTC(1900, 0, 1),
    until: Date.UTC(2100, 0, 1),
    order: 'asc',
    limit: 100_000,
  })
  return pages.flatMap((page) => rowsOf(page.bars))
}

/**
 * What is wrong in the store: rows, the counts beside them, and the counts of tasks must say the same,
 * and no watermark may be ahead of its rows. Empty when all is well.
 */
export async function findInconsistencies(pool: Pool): Promise<string[]> {
  const { rows } = await pool.query<{
    series_id: number
    head_bars: number
    page_bars: number
    inserted: number
    last_bar: Date | null
    last_in_pages: Date | null
    watermark: string | null
    last_session: string | null
    head_rejects: number
    rejects: number
  }>(
    `SELECT h.series_id, h.rejects AS head_rejects,
            (SELECT count(*) FROM stockyard.rejects r WHERE r.series_id = h.series_id) AS rejects,
            h.bars AS head_bars, coalesce(p.bars, 0)::bigint AS page_bars,
            coalesce(t.inserted, 0)::bigint AS inserted, h.last_bar, p.last_bar AS last_in_pages,
            h.watermark, p.last_session
     FROM stockyard.series_heads h
     LEFT JOIN LATERAL (
       SELECT count(*) AS bars, max(coalesce(b.ts, b.session::timestamp AT TIME ZONE 'UTC')) AS last_bar,
              max(coalesce(b.session, g.starts_on)) AS last_session
       FROM stockyard.pages g
       JOIN stockyard.series s ON s.id = g.series_id,
       LATERAL stockyard.page_bars(g, s.interval LIKE '%m' OR s.interval LIKE '%h') b
       WHERE g.series_id = h.series_id) p ON true
     LEFT JOIN LATERAL (
       SELECT sum(inserted) AS inserted FROM stockyard.tasks WHERE series_id = h.series_id) t ON true`,
  )
  return rows.flatMap((row) => {
    const wrong: string[] = []
    if (row.head_bars !== row.page_bars)
      wrong.push(`${row.head_bars} bars by the head, ${row.page_bars} stored`)
    if (row.head_rejects !== row.rejects)
      wrong.push(`${row.head_rejects} rejects by the head, ${row.rejects} stored`)
    if (row.inserted !== row.page_bars)
      wrong.push(`${row.inserted} bars by the tasks, ${row.page_bars} stored`)
    if (row.last_bar?.getTime() !== row.last_in_pages?.getTime())
      wrong.push('the last bar is not the head’s')
    if (row.watermark !== null && (row.last_session === null || row.watermark > row.last_session)) {
      wrong.push(`watermark ${row.watermark} is ahead of ${row.last_session ?? 'no bar'}`)
    }
    return wrong.map((what) => `series ${row.series_id}: ${what}`)
  })
}
