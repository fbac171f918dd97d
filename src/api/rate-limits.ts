/** How often somebody may ask: token buckets in this process, by key and by address. */
import { isIPv6 } from 'node:net'

export interface RateLimit {
  /** Requests that may come at once, and that come back in one period. */
  readonly count: number
  readonly periodMs: number
}

interface Bucket {
  tokens: number
  filledAt: number
}

export interface RateLimiter {
  /** Takes a token: 0 where there was one, else seconds until there is. */
  take(who: string, now: number): number
  /** Seconds until there is a token, without taking one. */
  wait(who: string, now: number): number
}

/** Most buckets at a time: the oldest are forgotten first, so that many addresses cannot fill the memory. */
const BUCKETS_MAX = 20_000

/** Buckets of one limit; one that nobody used is full. Process by process: several hosts allow several times as much. */
export function makeRateLimiter({ count, periodMs }: RateLimit): RateLimiter {
  const buckets = new Map<string, Bucket>()
  const tokensOf = (who: string, now: number) => {
    const bucket = buckets.get(who)
    if (bucket === undefined) return count
    // A clock that was set back must not take tokens away.
    const passedMs = Math.max(0, now - bucket.filledAt)
    return Math.min(count, bucket.tokens + (passedMs * count) / periodMs)
  }
  const secondsUntil = (tokens: number) =>
    tokens >= 1 ? 0 : Math.max(1, Math.ceil(((1 - tokens) * periodMs) / count / 1000))
  return {
    wait: (who, now) => secondsUntil(tokensOf(who, now)),
    take: (who, now) => {
      const tokens = tokensOf(who, now)
      const wait = secondsUntil(tokens)
      buckets.delete(who)
      buckets.set(who, { tokens: wait === 0 ? tokens - 1 : tokens, filledAt: now })
      if (buckets.size > BUCKETS_MAX) buckets.delete(buckets.keys().next().value!)
      return wait
    },
  }
}

/**
 * What stands for an address in a limit: itself, or the /64 network of IPv6, of which one host has all
 * addresses. An IPv4 address that is written as IPv6 is that address.
 */
export function addressKey(address: string): string {
  const plain = address.split('%')[0]!
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(plain)
  if (mapped !== null) return mapped[1]!
  if (!isIPv6(plain)) return plain
  const [head = '', tail] = plain.split('::')
  const first = head === '' ? [] : head.split(':')
  const last = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - first.length - last.length)
  const groups = [...first, ...Array.from({ length: zeros }, () => '0'), ...last]
  const network = groups.slice(0, 4).map((group) => Number.parseInt(group, 16).toString(16))
  return `${network.join(':')}::/64`
}
