/** Limits of calls that the sandbox holds each key of each vendor to. */
import { VENDOR_IDS, type VendorId } from './vendor.ts'

/** Calls allowed in each window; null where there is no limit. */
export interface LimitsOfVendor {
  readonly perSecond: number | null
  readonly perMinute: number | null
  readonly perDay: number | null
}

export type Limits = Readonly<Partial<Record<VendorId, LimitsOfVendor>>>

export interface LimitBook {
  /** The limits in force at a vendor. */
  of(vendor: VendorId): LimitsOfVendor
  /** The limits in force, by vendor. */
  get(): Readonly<Record<VendorId, LimitsOfVendor>>
  /** Sets the limits of the vendors named and forgets their calls counted so far. */
  set(limits: Limits): void
  /** Counts a call of a key, or tells which window is full; refused calls do not count. */
  take(vendor: VendorId, key: string, now: number, today: number): FullWindow | null
}

type FullWindow = 'burst' | 'minute' | 'day-key-echo'

const NO_LIMITS: LimitsOfVendor = { perSecond: null, perMinute: null, perDay: null }

interface Spent {
  /** Instants of the calls of the last minute, oldest first. */
  recent: number[]
  day: number
  dayCount: number
}

interface Account {
  limits: LimitsOfVendor
  readonly spentByKey: Map<string, Spent>
}

/** Counts with the limits given; none for vendors that are not named. */
export function makeLimitBook(initial: Limits = {}): LimitBook {
  const accounts = new Map<VendorId, Account>()
  const accountOf = (vendor: VendorId): Account => {
    const found = accounts.get(vendor) ?? { limits: NO_LIMITS, spentByKey: new Map() }
    accounts.set(vendor, found)
    return found
  }
  const book: LimitBook = {
    of: (vendor) => accountOf(vendor).limits,
    get: () => {
      const entries = VENDOR_IDS.map((vendor) => [vendor, accountOf(vendor).limits] as const)
      return Object.fromEntries(entries) as Record<VendorId, LimitsOfVendor>
    },
    set(changed) {
      for (const vendor of VENDOR_IDS) {
        const limits = changed[vendor]
        if (limits !== undefined) accounts.set(vendor, { limits, spentByKey: new Map() })
      }
    },
    take: (vendor, key, now, today) => takeCall(accountOf(vendor), key, now, today),
  }
  book.set(initial)
  return book
}

function takeCall(
  { limits, spentByKey }: Account,
  key: string,
  now: number,
  today: number,
): FullWindow | null {
  const spent = spentByKey.get(key) ?? { recent: [], day: today, dayCount: 0 }
  spentByKey.set(key, spent)
  if (spent.day !== today) Object.assign(spent, { day: today, dayCount: 0 })
  spent.recent = spent.recent.filter((at) => at > now - 60_000)
  if (spent.dayCount >= (limits.perDay ?? Infinity)) return 'day-key-echo'
  if (spent.recent.length >= (limits.perMinute ?? Infinity)) return 'minute'
  const lastSecond = spent.recent.filter((at) => at > now - 1000).length
  if (lastSecond >= (limits.perSecond ?? Infinity)) return 'burst'
  spent.dayCount += 1
  if (limits.perMinute !== null || limits.perSecond !== null) spent.recent.push(now)
  return null
}
