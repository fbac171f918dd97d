/** The pages of several series of an instrument as one stream, on one basis. */
import type { Connection, Pool } from '../db/connect.ts'
import type { SeriesRef } from '../db/read-series.ts'
import { makeAdjuster, type AdjustOptions, type PageAdjuster } from './adjust-pages.ts'
import { MIXED, type PageChunk } from './bar-chunk.ts'
import { mergeStreams } from './merge-chunks.ts'
import type { PreferredAt } from './preferred-sides.ts'
import { seriesPages, type PageQuery } from './series-pages.ts'

/**
 * Pages in the order of the query. A single series passes through without any work on rows, other than that
 * of its own adjustment.
 * @param series all of one interval, the best first; at least one
 * @param adjusting null: prices as they are kept
 * @param preferredAt days on which a person took a side; null where there are none
 */
export function mergedPages(
  db: Pool | Connection,
  series: readonly SeriesRef[],
  query: PageQuery,
  adjusting: AdjustOptions | null,
  preferredAt: PreferredAt | null = null,
): AsyncGenerator<PageChunk> {
  const streams = series.map((one) => {
    const pages = seriesPages(db, one, query)
    const adjuster = adjusting === null ? null : makeAdjuster(one, adjusting)
    return adjuster === null ? pages : adjustEach(pages, adjuster)
  })
  if (streams.length === 1) return streams[0]!
  const providers = [...series.map(({ provider }) => provider), MIXED]
  return mergeStreams(streams, providers, query.order, preferredAt)
}

async function* adjustEach(
  pages: AsyncIterable<PageChunk>,
  adjuster: PageAdjuster,
): AsyncGenerator<PageChunk> {
  for await (const page of pages) yield adjuster(page)
}
