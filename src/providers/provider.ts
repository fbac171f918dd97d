/**
 * What a vendor adapter is: data and pure functions. An adapter says how a need becomes calls and how
 * an answer becomes bars; it never sends, waits, logs or stores. A new vendor is one folder and one
 * line in registry.ts.
 */
import type { BarBatch } from '../domain/bar-batch.ts'
import type { Calendar } from '../domain/calendar/calendar.ts'
import type { Interval } from '../domain/interval.ts'
import type { PublishedCloses } from '../domain/published-closes.ts'
import type { SymbolMeaning } from '../domain/symbol-meaning.ts'
import type { Canary } from './canary.ts'
import type { PlanRules } from './plan.ts'

/** Basis of a series' prices: as traded, or restated after each split. */
export type Basis = 'raw' | 'split'

/** A call as data. The key is added when it is sent and never stands in it. */
export interface VendorRequest {
  readonly path: string
  readonly params: Readonly<Record<string, string>>
  /** Query parameter that carries the key; undefined where the vendor wants none there. */
  readonly keyParam?: string
  /** Header that carries the key, with what stands before it, e.g. `Bearer `. */
  readonly keyHeader?: { readonly name: string; readonly prefix: string }
  readonly headers?: Readonly<Record<string, string>>
}

/** Bars that somebody wants: sessions with from <= day < until. */
export interface BarNeed {
  readonly symbol: string
  readonly interval: Interval
  /** First day wanted; null for all that the vendor has. */
  readonly from: number | null
  readonly until: number
  /** Instant of planning. */
  readonly now: number
  readonly calendar: Calendar
}

/** One call for bars, with the period for which its answer is the whole truth. */
export interface BarRequest {
  readonly request: VendorRequest
  readonly symbol: string
  readonly interval: Interval
  /** Days [from, until) that the call names: other rows were not asked for. Null where it names none. */
  readonly asked: { readonly from: number; readonly until: number } | null
  /**
   * Days [from, until) that a good answer covers: a session in it for which no bar came has none at
   * this vendor. Null where only the days between the first and the last row are covered.
   */
  readonly covers: { readonly from: number; readonly until: number } | null
  /** A lesser call to make once when this one is refused for the plan, or null. */
  readonly fallback: BarRequest | null
  /** True where the answer is the same for every symbol, so that the call is made once for all of them. */
  readonly isShared?: true
}

/**
 * Why an answer is not data.
 * - `burst`: too many in a second; `minute`: in a minute; `day`: the day's calls are used up
 * - `entitlement`: the plan lacks it, for ever; `key`: the key is missing or refused
 * - `unknown-symbol`, `bad-request`: the call itself was refused
 * - `no-data`: well formed and empty; `malformed`: not what the vendor sends; `outage`: 5xx and such
 */
export type FailureClass =
  | 'burst'
  | 'minute'
  | 'day'
  | 'entitlement'
  | 'key'
  | 'unknown-symbol'
  | 'bad-request'
  | 'no-data'
  | 'malformed'
  | 'outage'

export interface VendorFailure {
  readonly ok: false
  readonly failure: FailureClass
  /** The vendor's own words, without keys, at most 300 characters. */
  readonly message: string
}

/** A row that could not even be read as a bar. */
export interface UnreadableRow {
  readonly rule: string
  readonly reason: string
  readonly raw: string
  /** Start of the bar, or day, that the row stands for; absent where not even that could be read. */
  readonly ts?: number
}

export interface BarAnswer {
  readonly ok: true
  /** The symbol that the answer says it is for; null where it does not say. */
  readonly symbol: string | null
  /** Rows by ascending ts; a value that could not be read is NaN. Duplicates are still in it. */
  readonly batch: BarBatch
  /** The vendor's own text of the row at an index of the batch. */
  readonly rawAt: (index: number) => string
  readonly unreadable: readonly UnreadableRow[]
  /** What the run should tell, e.g. that labels were shifted. */
  readonly notes: readonly string[]
  /** The call for the rest of the answer; absent where this is all of it. */
  readonly next?: BarRequest
  /** Splits and dividends that came along with the bars; absent where the vendor has a call for them. */
  readonly actions?: CorporateActions
  /** What the answer says of the instrument besides, without what is of the moment; absent where it says nothing. */
  readonly overview?: OverviewAnswer
  /** What it says of the series itself, less what moves with prices or with the call; absent: nothing. */
  readonly metadata?: Readonly<Record<string, unknown>>
}

/** A split: `newShares` for `oldShares` from the open of the session of `day`. */
export interface Split {
  readonly day: number
  readonly newShares: number
  readonly oldShares: number
}

/** A payment: whoever holds a share at the close before the session of `day` gets `amount`. */
export interface Dividend {
  /** The ex date. */
  readonly day: number
  readonly amount: number
  /** Null where the vendor does not say. */
  readonly currency: string | null
  readonly kind: 'cash' | 'special' | 'capital-gain'
  /** `split` where the vendor restates old amounts after a split, else `raw`. */
  readonly basis: Basis
}

export interface CorporateActions {
  readonly splits: readonly Split[]
  readonly dividends: readonly Dividend[]
}

export interface ActionsAnswer extends CorporateActions {
  readonly ok: true
  readonly unreadable: readonly UnreadableRow[]
  /** The call for the rest; absent where this is all. */
  readonly next?: VendorRequest
}

/** A vendor's answer as it came. */
export interface VendorBody {
  readonly status: number
  /** Decoded body. */
  readonly bytes: Uint8Array
  readonly contentType: string
}

/** What reading an answer may depend on. */
export interface ParseContext {
  readonly calendar: Calendar
  /** Instant at which the answer came. */
  readonly receivedAt: number
  /** Where the call was sent: an answer may name that host for its next page. */
  readonly baseUrl?: string
}

/** A price of now. Absent values are null. */
export interface QuoteAnswer {
  readonly ok: true
  readonly symbol: string
  readonly price: number
  readonly open: number | null
  readonly high: number | null
  readonly low: number | null
  readonly previousClose: number | null
  readonly volume: number | null
  /** Day of the session that the price belongs to. */
  readonly sessionDay: number
}

/** What a vendor says an instrument is. Absent values are null. */
export interface OverviewAnswer {
  readonly ok: true
  readonly symbol: string
  readonly name: string | null
  readonly kind: 'stock' | 'etf' | 'index' | 'currency' | 'other'
  readonly exchange: string | null
  readonly currency: string | null
  readonly sector: string | null
  readonly industry: string | null
  /** First day of trading, and first day on which it was no longer listed; absent where nothing is said. */
  readonly listedDay?: number
  readonly delistedDay?: number
  /** Everything else as the vendor gave it. */
  readonly metadata: Readonly<Record<string, unknown>>
}

/** A symbol, and the first day on which a listing traded under it. */
export interface SymbolSince {
  readonly symbol: string
  readonly day: number
}

export interface SymbolHistoryAnswer {
  readonly ok: true
  /** Oldest first, in the vendor's spelling; the last one is the present symbol. */
  readonly symbols: readonly SymbolSince[]
}

export interface SearchMatch {
  readonly symbol: string
  readonly name: string
  readonly kind: string
  readonly region: string
  readonly currency: string
  /** 0 to 1. */
  readonly score: number
}

export interface SearchAnswer {
  readonly ok: true
  readonly matches: readonly SearchMatch[]
}

export interface Provider {
  /** Stable id, used in the store, in options and in answers. */
  readonly id: string
  readonly name: string
  readonly needsKey: boolean
  /** Default origin, e.g. `https://www.alphavantage.co`. */
  readonly baseUrl: string
  /** Default budget, e.g. `1/s,5/min,25/day`. */
  readonly budget: string
  /** IANA zone whose midnight resets the day's calls. */
  readonly resetZone: string
  readonly intervals: readonly Interval[]
  readonly basis: Basis
  /** What it has bars of; a symbol of another kind is never asked for. */
  readonly kinds: readonly SymbolMeaning['kind'][]
  /**
   * True where every bar of a stock comes with a volume, so that one without was not understood. Indices
   * and currencies can have none anywhere.
   */
  readonly hasVolume: boolean
  /** Trading hours of which its bars inside a day are: `all` with those before the opening and after the close. */
  readonly hours: 'regular' | 'all'
  /** Milliseconds after a session's regular close until its bars are final. */
  readonly settleMs: number
  /**
   * How many sessions back it changes bars that were final: those asked for again by the first call of a
   * day and of a week, where that call can reach back for nothing. Absent where it is not known to, or
   * where every call reaches back anyway.
   */
  readonly reread?: { readonly daily: number; readonly weekly: number }
  /** True where bars of before a renaming are found under the symbol of then, and not under the new one. */
  readonly keepsOldSymbols?: true
  /** The vendor's habits, for the drift canary; absent where nobody has written them down. */
  readonly canary?: Canary
  /** What its plans include; absent where it has none. */
  readonly plan?: PlanRules
  /** The calls that bring a need, oldest first. */
  planBars(need: BarNeed): BarRequest[]
  /**
   * The calls, one a session, that bring daily bars of the whole market at once, as far as they hold the
   * symbol's; absent where there are none. parseBars reads their answers for the symbol of each.
   */
  planMarket?(need: BarNeed): BarRequest[]
  parseBars(body: VendorBody, request: BarRequest, context: ParseContext): BarAnswer | VendorFailure
  /** The vendor's own adjusted closes in an answer with daily bars, null where it has none; absent where none does. */
  parseAdjustedCloses?(body: VendorBody): PublishedCloses | null
  requestQuote(symbol: string): VendorRequest
  parseQuote(body: VendorBody, symbol: string): QuoteAnswer | VendorFailure
  requestOverview(symbol: string): VendorRequest
  parseOverview(body: VendorBody, symbol: string): OverviewAnswer | VendorFailure
  /** The call for the symbols that a listing has had; absent where there is none. */
  requestSymbolHistory?(symbol: string): VendorRequest
  /** Goes with requestSymbolHistory. */
  parseSymbolHistory?(body: VendorBody): SymbolHistoryAnswer | VendorFailure
  requestSearch(words: string): VendorRequest
  parseSearch(body: VendorBody): SearchAnswer | VendorFailure
  /** The calls for all splits and dividends; absent where there is none, or where bars bring them along. */
  requestActions?(symbol: string): VendorRequest[]
  /** Goes with requestActions. `baseUrl` is where calls go. */
  parseActions?(
    body: VendorBody,
    request: VendorRequest,
    symbol: string,
    baseUrl?: string,
  ): ActionsAnswer | VendorFailure
}
