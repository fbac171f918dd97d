/** What a simulated vendor is: how it reads a call, answers it from the market, and refuses it. */
import type { LimitsOfVendor } from './limits.ts'
import type { Market } from './market.ts'
import type { Plan } from './plans.ts'
import type { RowTable } from './row-faults.ts'

/** Ids as in the registry of providers. */
export const VENDOR_IDS = ['alpha-vantage', 'polygon', 'yahoo'] as const
export type VendorId = (typeof VENDOR_IDS)[number]

/** What a call asks for, by name, without the key. */
export type Params = Readonly<Record<string, string | undefined>>

/** A call as it came over HTTP. */
export interface HttpCall {
  readonly path: string
  readonly query: URLSearchParams
  /** Header names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
}

export interface VendorCall {
  /**
   * The query parameters, and whatever the path says under `function`, `symbol` and names of its own:
   * what faults match, what the log shows, and all that the answer goes by.
   */
  readonly params: Params
  /** Empty where none was given. */
  readonly key: string
  /** Where the caller reached the exchange, e.g. `http://127.0.0.1:8090`. */
  readonly origin: string
}

/**
 * Why a call is refused:
 * - `burst`, `minute`, `day`: too many calls; `day-key-echo` repeats the key where the vendor does
 * - `premium`: not in the plan; `demo-key`: the key of the documentation; `key`: missing or wrong
 * - `invalid-call`: parameters that make no sense
 */
export type Refusal =
  | 'burst'
  | 'minute'
  | 'day'
  | 'day-key-echo'
  | 'premium'
  | 'demo-key'
  | 'invalid-call'
  | 'key'

/** An answer in the vendor's own format. */
export interface WireAnswer {
  readonly status: number
  readonly contentType: string
  /** The bars, which a fault may spoil before they are written; null where there are none. */
  readonly rows: RowTable | null
  /** The body with these bars. */
  write(rows: RowTable | null): string
}

export interface Vendor {
  readonly id: VendorId
  readonly needsKey: boolean
  /** The call, or null where the path is none of the vendor's. */
  readCall(http: HttpCall): VendorCall | null
  /** The answer to a call whose key and count are good. */
  answer(market: Market, call: VendorCall, plan: Plan): WireAnswer
  /** How the vendor refuses; `limits` are those in force, which some texts name. */
  refuse(refusal: Refusal, call: VendorCall, limits: LimitsOfVendor): WireAnswer
}

/** An answer without bars. */
export function plainAnswer(status: number, contentType: string, text: string): WireAnswer {
  return { status, contentType, rows: null, write: () => text }
}

/** True for a parameter that carries a key at any vendor, in any spelling. */
export function isKeyName(name: string): boolean {
  return /^(api_?key|token|crumb)$/i.test(name)
}

/** The named groups of a path, as they were meant. */
export function pathParams({ groups = {} }: RegExpExecArray): Params {
  return Object.fromEntries(Object.entries(groups).map(([name, text]) => [name, decoded(text)]))
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    // A stray percent sign: taken as it stands.
    return text
  }
}

/** Where a caller reached the exchange. */
export function originOf({ host }: HttpCall['headers']): string {
  return `http://${String(host ?? '127.0.0.1')}`
}
