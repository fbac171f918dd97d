/**
 * When a call is made again: which statuses are worth it, what Retry-After says, and how long to wait.
 * Pure.
 */

/** First step of the exponential backoff, and the longest it grows to. */
const BACKOFF_MS = 1_000
const BACKOFF_MS_MAX = 30_000
/** A vendor that asks for more than this is not waited for; the call is tried then all the same. */
const RETRY_AFTER_MS_MAX = 120_000
/** After a 429 an instant second try is refused as well, whatever the jitter says. */
const THROTTLED_MS = 1_000

/** The only form of an HTTP date that servers may still send (RFC 9110, section 5.6.7). */
const HTTP_DATE = /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/

/** True for a status that may be gone in a moment: 408, 429 and 5xx. */
export function isTransientStatus(status: number): boolean {
  return status === 408 || status === 429 || status >= 500
}

/**
 * Milliseconds that a Retry-After header asks for: whole seconds or an HTTP date. Null where it is
 * absent or says nothing that can be followed (negative, garbage).
 */
export function parseRetryAfter(header: string | undefined, now: number): number | null {
  const text = header?.trim() ?? ''
  if (/^\d+$/.test(text)) return Number(text) * 1000
  if (!HTTP_DATE.test(text)) return null
  const at = Date.parse(text)
  return Number.isNaN(at) ? null : Math.max(0, at - now)
}

export interface RetryCause {
  /** Status of the answer; null where none came. */
  readonly status: number | null
  readonly retryAfterMs: number | null
}

/**
 * Milliseconds to wait before try number `tries + 1`: what the vendor asked for, up to two minutes, or
 * else exponential backoff with full jitter. `random` is in [0, 1).
 */
export function retryWaitMs(tries: number, cause: RetryCause, random: number): number {
  if (cause.retryAfterMs !== null) return Math.min(cause.retryAfterMs, RETRY_AFTER_MS_MAX)
  const step = Math.min(BACKOFF_MS * 2 ** (tries - 1), BACKOFF_MS_MAX)
  return Math.round(random * step) + (cause.status === 429 ? THROTTLED_MS : 0)
}
