/**
 * Bars on their way out of the store: a stretch of them with their state and whose they are. Pure.
 */
import { joinBatches, makeBatch, sliceBatch, takeBars, type BarBatch } from '../domain/bar-batch.ts'
import type { Session } from '../domain/calendar/calendar.ts'
import { indexRange } from './bar-range.ts'

/** Bars, and parallel to them what is known of each. */
export interface BarChunk {
  readonly bars: BarBatch
  /** 1 where a bar is not final. */
  readonly provisional: Uint8Array
  /** 1 where a bar's period reaches beyond what is known; null where none does. */
  readonly partial: Uint8Array | null
  /** Providers by the indexes that `sources` holds. */
  readonly providers: readonly string[]
  /** Whose each bar is; null where all are the first provider's. */
  readonly sources: Uint8Array | null
}

/** A page on its way: bars ascend, whatever the order in which pages come. */
export interface PageChunk extends BarChunk {
  /** Day on which the page begins. */
  readonly startsOn: number
  /** When the newest answer had come that changed it, milliseconds UTC. */
  readonly observedAt: number
  /** When its vendor's basis was the one that its prices have: restated for splits until then. */
  readonly restatedAt: number
}

/** A row whose provider is this was made of bars of several. */
export const MIXED = 'mixed'

/** Whose the bar at an index is. */
export function providerOf({ providers, sources }: BarChunk, index: number): string {
  return providers[sources === null ? 0 : sources[index]!]!
}

const NOTHING: BarChunk = {
  bars: makeBatch(0),
  provisional: new Uint8Array(0),
  partial: null,
  providers: [],
  sources: null,
}

/** A view of the bars from index `first` (included) to `end` (not). */
export function sliceChunk<T extends BarChunk>(chunk: T, first: number, end: number): T {
  if (first === 0 && end === chunk.bars.length) return chunk
  return {
    ...chunk,
    bars: sliceBatch(chunk.bars, first, end),
    provisional: chunk.provisional.subarray(first, end),
    partial: chunk.partial?.subarray(first, end) ?? null,
    sources: chunk.sources?.subarray(first, end) ?? null,
  }
}

/** The bars with tsFrom <= ts < tsUntil. */
export function cutChunk<T extends BarChunk>(
  chunk: T,
  range: { readonly tsFrom: number; readonly tsUntil: number },
): T {
  return sliceChunk(chunk, ...indexRange(chunk.bars, range.tsFrom, range.tsUntil))
}

/** A copy of the bars at the given indexes, in the order given. */
export function takeChunk<T extends BarChunk>(chunk: T, indexes: readonly number[]): T {
  const pick = (marks: Uint8Array) => Uint8Array.from(indexes, (i) => marks[i]!)
  return {
    ...chunk,
    bars: takeBars(chunk.bars, indexes),
    provisional: pick(chunk.provisional),
    partial: chunk.partial === null ? null : pick(chunk.partial),
    sources: chunk.sources === null ? null : pick(chunk.sources),
  }
}

/** The same bars, the last one first. */
export function reverseChunk<T extends BarChunk>(chunk: T): T {
  const { length } = chunk.bars
  return takeChunk(
    chunk,
    Array.from({ length }, (_, i) => length - 1 - i),
  )
}

/** The bars that start in regular trading, breaks left out. */
export function keepRegular<T extends BarChunk>(chunk: T, session: Session | null): T {
  if (session === null) return sliceChunk(chunk, 0, 0)
  const inside = cutChunk(chunk, { tsFrom: session.open, tsUntil: session.close })
  if (session.breaks.length === 0) return inside
  const indexes: number[] = []
  for (let i = 0; i < inside.bars.length; i += 1) {
    const ts = inside.bars.ts[i]!
    if (!session.breaks.some(([from, until]) => ts >= from && ts < until)) indexes.push(i)
  }
  return takeChunk(inside, indexes)
}

/** The bars of all chunks, one after the other; they share their list of providers. */
export function joinChunks(chunks: readonly BarChunk[]): BarChunk {
  if (chunks.length < 2) return chunks[0] ?? NOTHING
  const { providers } = chunks[0]!
  const bars = joinBatches(chunks.map((chunk) => chunk.bars))
  const { length } = bars
  const provisional = new Uint8Array(length)
  const partial = chunks.some((chunk) => chunk.partial !== null) ? new Uint8Array(length) : null
  const sources = chunks.some((chunk) => chunk.sources !== null) ? new Uint8Array(length) : null
  let at = 0
  for (const chunk of chunks) {
    provisional.set(chunk.provisional, at)
    if (chunk.partial !== null) partial!.set(chunk.partial, at)
    if (chunk.sources !== null) sources!.set(chunk.sources, at)
    at += chunk.bars.length
  }
  return { bars, provisional, partial, providers, sources }
}
