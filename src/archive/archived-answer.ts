/** What is kept of a vendor's answer beside its body, and what an archive offers to whoever asks vendors. */
import type { Interval } from '../domain/interval.ts'
import type { FailureClass, VendorBody, VendorRequest } from '../providers/provider.ts'

/** Days [from, until). */
export interface Days {
  readonly from: number
  readonly until: number
}

/** What a call for bars was for; see BarRequest. */
export interface AskedFor {
  readonly symbol: string
  readonly interval: Interval
  readonly asked: Days | null
  readonly covers: Days | null
}

/** `data` where it was understood, the class of the failure where not, `crash` where reading it threw. */
export type Outcome = 'data' | 'crash' | FailureClass

/** An answer as it came, to be kept. */
export interface Answer {
  readonly provider: string
  readonly baseUrl: string
  readonly request: VendorRequest
  /** Null for a call that is not for bars. */
  readonly bars: AskedFor | null
  readonly body: VendorBody & { readonly simulated: boolean }
  /** Instant at which it came, milliseconds UTC. */
  readonly receivedAt: number
  readonly outcome: Outcome
}

/** A place where answers are kept. */
export interface Archive {
  /** The folder in which they can be read again; absent where there is none. */
  readonly root?: string
  /** Takes an answer and returns at once; it is written later, and no failure of that is thrown. */
  keep(answer: Answer): void
  /**
   * Resolves once there is room for more; never rejects. Whoever loads much waits for it before each
   * call, so that no answer is left out and memory stays flat.
   */
  room?(): Promise<void>
  /** Resolves once the answer that was taken last is written, with false where it could not be. Never rejects. */
  kept?(): Promise<boolean>
  /** Resolves when all that was taken is written or given up. Never rejects. */
  flush(): Promise<void>
}
