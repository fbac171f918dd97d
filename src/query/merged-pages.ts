/** The pages of several series of an instrument as one stream, on one basis. */
import type { Connection, Pool } from '../db/connect.ts'
import type { SeriesRef } from '../db/read-series.ts'
import { makeAdjuster, type AdjustOptions, type PageAdjuster } from './adjust-pages.ts'
import { MIXED, type PageChunk } from './bar-chunk.ts'
import { mergeStreams } from './merge-chunks.ts'
import { seriesPages, type PageQuery } from './series-pages.ts'

/**
 * Pages in the order of the query. A single series passes through without any work on rows, other than that
 * of its own adjustment.
 * @param series all of one interval, the best first; at least one
 * @param adjusting null: prices as they are kept
 */
export function mergedPages(
  db: Pool | Connection,
  series: readonly SeriesRef[],
  query: PageQuery,
  adjusting: AdjustOptions | null,
): AsyncGenerator<PageChunk> {
  const streams = series.map((one) => {
    const pages = seriesPages(db, one, query)
    const adjuster = adjusting === null ? null : makeAdjuster(one, adjusting)
    return adjuster === null ? pages : adjustEach(pages, adjuster)
  })
  if (streams.length === 1) return streams[0]!
  return mergeStreams(streams, [...series.map(({ provider }) => provider), MIXED], query.order)
}

async function* adjustEach(
  pages: AsyncIterable<PageChunk>,
  adjuster: PageAdjuster,
): AsyncGenerator<PageChunk> {
  for await (const page of pages) yield adjuster(page)
}
