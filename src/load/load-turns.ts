/**
 * Storing beside asking: an answer is stored while the next call is under way, so that neither the vendor nor
 * the database is waited for twice. One load at a time, in the order of the answers.
 */

/** Loads in the order in which they are handed over. */
export interface LoadTurns {
  /**
   * Begins a load once the one before is done, and resolves then. The first one is waited for: it tells
   * whether the store takes these bars at all, before another call is spent.
   * @throws what a load threw; nothing is begun after it
   */
  add(load: () => Promise<void>): Promise<void>
  /**
   * Resolves when nothing is being stored.
   * @throws what the last load threw
   */
  settle(): Promise<void>
}

/** Turns of which none was taken. */
export function makeLoadTurns(): LoadTurns {
  let newest: Promise<void> | null = null
  return {
    async add(load) {
      const isFirst = newest === null
      await newest
      newest = load()
      // Who adds the next one or settles is told of a failure.
      newest.catch(() => undefined)
      if (isFirst) await newest
    },
    async settle() {
      await newest
    },
  }
}
