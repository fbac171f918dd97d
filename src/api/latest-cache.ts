/**
 * Answers about the latest bar, as bytes in memory. None is given out that could be older than a commit by
 * more than LEASE_MS: the database was asked for news within that time and has answered. Without a
 * connection that listens, nothing is kept. See docs/decisions/0007-latest-cache.md.
 */
import type { Listening } from '../db/listen.ts'
import type { Pool } from '../db/connect.ts'
import { LEASE_MS, makeLease, type LeaseOptions } from './latest-lease.ts'

/** Answers of some 600 bytes. */
const ENTRIES_MAX = 20_000

/** What was read, and the instrument whose news make it old; null where other changes do, too, so that it is not kept. */
export interface LatestAnswer {
  readonly instrumentId: number | null
  readonly body: Buffer
}

export interface LatestCache {
  /** The bytes that are known under a key to hold now; null where that would have to be asked. */
  peek(key: string): Buffer | null
  /** The bytes of a key: kept ones once the database confirms them, else as they are read now. */
  get(key: string, read: () => Promise<LatestAnswer>): Promise<Buffer>
  close(): Promise<void>
}

export interface LatestCacheOptions extends LeaseOptions {
  /** Answers kept at most. */
  readonly entriesMax?: number
}

/** A read under way, and what there was news of since it began. */
interface Fill {
  readonly listening: Listening | null
  readonly news: Set<number>
}

/** Makes an empty cache, which listens from its first use on. */
export function makeLatestCache(pool: Pool, options: LatestCacheOptions): LatestCache {
  const entries = makeEntries(options.entriesMax ?? ENTRIES_MAX)
  const fills = new Set<Fill>()
  /** Reads that a request of the same key may join, while they are young and there was no news. */
  const joinable = new Map<string, { readonly since: number; readonly body: Promise<Buffer> }>()
  const lease = makeLease(pool, options, (instrumentId) => {
    joinable.clear()
    if (instrumentId === null) entries.clear()
    else entries.forget(instrumentId)
    for (const begun of fills) {
      if (instrumentId === null) fills.delete(begun)
      else begun.news.add(instrumentId)
    }
  })

  async function fill(key: string, read: () => Promise<LatestAnswer>): Promise<Buffer> {
    const begun: Fill = { listening: lease.listening(), news: new Set() }
    fills.add(begun)
    try {
      const answer = await read()
      const { instrumentId, body } = answer
      if (instrumentId === null) return body
      const isNew = fills.has(begun) && !begun.news.has(instrumentId)
      const isHeard = begun.listening !== null && begun.listening === lease.listening()
      if (isNew && isHeard) entries.set(key, { instrumentId, body })
      return body
    } finally {
      fills.delete(begun)
    }
  }

  return {
    peek: (key) => (lease.holds() ? entries.get(key) : null),
    get: async (key, read) => {
      if (await lease.renewed()) {
        const kept = entries.get(key)
        if (kept !== null) return kept
      }
      const since = options.elapsedMs()
      const joined = joinable.get(key)
      if (joined !== undefined && since - joined.since < LEASE_MS) return await joined.body
      const filling = { since, body: fill(key, read) }
      joinable.set(key, filling)
      try {
        return await filling.body
      } finally {
        if (joinable.get(key) === filling) joinable.delete(key)
      }
    },
    close: lease.close,
  }
}

// What is kept -----------------------------------------------------------------------------------------

type KeptAnswer = LatestAnswer & { readonly instrumentId: number }

/** Answers by key, so many at most; the oldest ones give way. */
function makeEntries(entriesMax: number) {
  const answers = new Map<string, KeptAnswer>()
  const keysOf = new Map<number, Set<string>>()
  const remove = (key: string) => {
    const { instrumentId } = answers.get(key)!
    answers.delete(key)
    const keys = keysOf.get(instrumentId)!
    keys.delete(key)
    if (keys.size === 0) keysOf.delete(instrumentId)
  }
  return {
    get: (key: string): Buffer | null => answers.get(key)?.body ?? null,
    set(key: string, answer: KeptAnswer): void {
      if (answers.has(key)) remove(key)
      if (answers.size >= entriesMax) remove(answers.keys().next().value!)
      answers.set(key, answer)
      const keys = keysOf.get(answer.instrumentId)
      if (keys === undefined) keysOf.set(answer.instrumentId, new Set([key]))
      else keys.add(key)
    },
    forget(instrumentId: number): void {
      for (const key of keysOf.get(instrumentId) ?? []) answers.delete(key)
      keysOf.delete(instrumentId)
    },
    clear(): void {
      answers.clear()
      keysOf.clear()
    },
  }
}
