/**
 * Bars of several series as one: row by row, the best that anybody has of each start. Pure.
 */
import { BAR_COLUMNS, makeBatch, sliceBatch } from '../domain/bar-batch.ts'
import type { PageChunk } from './bar-chunk.ts'
import type { PreferredAt } from './preferred-sides.ts'

/** A page of one of the series that are merged; `rank` is its place by priority, 0 for the first. */
export interface RankedPage {
  readonly page: PageChunk
  readonly rank: number
}

/**
 * Pages of one period as one page. Of each start the row is taken that is most certain: a final one before a
 * provisional one, and that before one whose period was not over; among equals, the one of the first by
 * priority, but on days on which a person took a side that one's. The result does not depend on the order of the pages.
 */
export function mergePages(
  pages: readonly RankedPage[],
  providers: readonly string[],
  preferredAt: PreferredAt | null = null,
): PageChunk {
  const ranked = pages.toSorted((a, b) => a.rank - b.rank)
  if (ranked.length === 1) return namePage(ranked[0]!, providers)
  const most = ranked.reduce((sum, { page }) => sum + page.bars.length, 0)
  const bars = makeBatch(most)
  const provisional = new Uint8Array(most)
  const partial = new Uint8Array(most)
  const sources = new Uint8Array(most)
  const places = ranked.map(() => 0)
  let length = 0
  for (;;) {
    const best = bestRow(ranked, places, providers, preferredAt)
    if (best < 0) break
    const { page, rank } = ranked[best]!
    const index = places[best]!
    const ts = page.bars.ts[index]!
    for (const column of BAR_COLUMNS) bars[column][length] = page.bars[column][index]!
    provisional[length] = page.provisional[index]!
    partial[length] = page.partial?.[index] ?? 0
    sources[length] = rank
    length += 1
    for (let i = 0; i < ranked.length; i += 1) {
      if (ranked[i]!.page.bars.ts[places[i]!] === ts) places[i]! += 1
    }
  }
  return {
    startsOn: ranked[0]!.page.startsOn,
    observedAt: Math.max(...ranked.map(({ page }) => page.observedAt)),
    restatedAt: Math.max(...ranked.map(({ page }) => page.restatedAt)),
    bars: sliceBatch(bars, 0, length),
    provisional: provisional.subarray(0, length),
    partial: partial.includes(1) ? partial.subarray(0, length) : null,
    providers,
    sources: sources.subarray(0, length),
  }
}

/** The only page there is of a period, with the place of its provider. */
function namePage({ page, rank }: RankedPage, providers: readonly string[]): PageChunk {
  const sources = rank === 0 ? null : new Uint8Array(page.bars.length).fill(rank)
  return { ...page, providers, sources }
}

/** Index of the page whose next row is the earliest and, of that start, the best; -1 at the end. */
function bestRow(
  ranked: readonly RankedPage[],
  places: readonly number[],
  providers: readonly string[],
  preferredAt: PreferredAt | null,
): number {
  let best = -1
  let bestTs = Infinity
  let bestDoubt = Infinity
  for (let i = 0; i < ranked.length; i += 1) {
    const { page, rank } = ranked[i]!
    const index = places[i]!
    if (index >= page.bars.length) continue
    const ts = page.bars.ts[index]!
    if (ts > bestTs) continue
    const isPreferred = preferredAt?.(page.startsOn, ts) === providers[rank]
    // Half a step, since what is final comes before any side.
    const certain = isPreferred ? 0.5 : 0
    const doubt = page.provisional[index]! + (page.partial?.[index] ?? 0) - certain
    if (ts === bestTs && doubt >= bestDoubt) continue
    best = i
    bestTs = ts
    bestDoubt = doubt
  }
  return best
}

/**
 * Streams of pages as one stream. Each comes in the same order of days; pages of the same day, which are
 * of the same period, are merged. A page that only one series has passes through as it is.
 */
export async function* mergeStreams(
  streams: readonly AsyncGenerator<PageChunk>[],
  providers: readonly string[],
  order: 'asc' | 'desc',
  preferredAt: PreferredAt | null = null,
): AsyncGenerator<PageChunk> {
  const heads: (PageChunk | null)[] = []
  // One after the other: they may share a connection.
  for (const stream of streams) heads.push(await nextPage(stream))
  const sign = order === 'asc' ? 1 : -1
  for (;;) {
    const days = heads.flatMap((page) => (page === null ? [] : [page.startsOn * sign]))
    if (days.length === 0) return
    const day = Math.min(...days) * sign
    const pages: RankedPage[] = []
    for (const [rank, page] of heads.entries()) {
      if (page?.startsOn !== day) continue
      pages.push({ page, rank })
      heads[rank] = await nextPage(streams[rank]!)
    }
    yield mergePages(pages, providers, preferredAt)
  }
}

async function nextPage(stream: AsyncGenerator<PageChunk>): Promise<PageChunk | null> {
  const { value, done } = await stream.next()
  return done === true ? null : value
}
