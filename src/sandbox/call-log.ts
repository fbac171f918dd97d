/** The log of vendor calls that the sandbox got, for tests and people who count what they spend. */
import type { VendorId } from './vendor.ts'

/** One vendor call; it never holds the key. */
export interface CallEntry {
  /** Instant at which it came. */
  readonly at: number
  readonly vendor: VendorId
  readonly function: string
  readonly symbol: string
  /** What was asked, without the key. */
  readonly params: Readonly<Record<string, string | undefined>>
  /** `served`, or the fault or refusal that it met. */
  readonly outcome: string
}

export interface CallLog {
  add(entry: CallEntry): void
  /** The newest calls, oldest first; at most 10,000. */
  list(): readonly CallEntry[]
  /** All calls since the log was cleared. */
  count(): number
  clear(): void
}

const KEPT = 10_000

/** An empty log. */
export function makeCallLog(): CallLog {
  let entries: CallEntry[] = []
  let total = 0
  return {
    add(entry) {
      total += 1
      entries.push(entry)
      if (entries.length >= 2 * KEPT) entries = entries.slice(-KEPT)
    },
    list: () => entries.slice(-KEPT),
    count: () => total,
    clear() {
      entries = []
      total = 0
    },
  }
}
