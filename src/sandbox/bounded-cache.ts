/** A map that forgets what was not used for longest, so that a long-lived server stays small. */

export interface BoundedCache<K, V> {
  /** The value of a key, made now where it is not held. */
  get(key: K, make: () => V): V
}

/** A cache that holds at most `limit` values. */
export function makeBoundedCache<K, V>(limit: number): BoundedCache<K, V> {
  const held = new Map<K, V>()
  return {
    get(key, make) {
      const found = held.get(key)
      const value = found ?? make()
      held.delete(key)
      held.set(key, value)
      if (held.size > limit) held.delete(held.keys().next().value as K)
      return value
    },
  }
}
