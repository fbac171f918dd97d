/**
 * Faults that the sandbox was told to show: which calls they hit, after how many good ones, and how
 * often. What each fault does is in fault-effects.ts.
 */
import { StockyardError } from '../domain/error.ts'
import { FAULTS, isFault } from './fault-effects.ts'

export interface FaultRequest {
  /** One of fault-effects.ts, or `http-` and a status from 400 to 599. */
  readonly fault: string
  /** Query parameters that a call must have, e.g. `{ symbol: 'IBM' }`; case does not matter. */
  readonly match?: Readonly<Record<string, string>>
  /** How many calls are hit; without it, all until the fault is removed. */
  readonly times?: number
  /** How many matching calls pass unharmed first; 0 without it. */
  readonly after?: number
  /** Value of a `Retry-After` header: seconds, or a date as HTTP writes it. */
  readonly retryAfter?: string
  /** Milliseconds between the bytes of `slow-drip`, or before the answer of `late`. */
  readonly delayMs?: number
}

/** A fault in force. */
export interface FaultRule extends FaultRequest {
  readonly id: number
  /** Calls hit so far. */
  readonly hits: number
}

export interface FaultBook {
  /** Puts a fault in force. @throws StockyardError `FAULT_UNKNOWN` */
  add(request: FaultRequest): FaultRule
  /** Faults in force, in the order in which they were added. */
  list(): FaultRule[]
  /** Removes one fault, or all. */
  clear(id?: number): void
  /** The fault that hits a call with these parameters, counted as a hit; the first added wins. */
  take(params: Readonly<Record<string, string | undefined>>): FaultRule | null
}

interface Held {
  rule: FaultRule
  passed: number
}

/** A book with the faults given in force. */
export function makeFaultBook(requests: readonly FaultRequest[] = []): FaultBook {
  let held: Held[] = []
  let lastId = 0
  const book: FaultBook = {
    add(request) {
      if (!isFault(request.fault)) {
        throw new StockyardError(
          'usage',
          'FAULT_UNKNOWN',
          `There is no fault "${request.fault}".`,
          {
            hint: `Use one of ${Object.keys(FAULTS).join(', ')}, or http-500 and the like.`,
          },
        )
      }
      lastId += 1
      const rule = { ...request, id: lastId, hits: 0 }
      held.push({ rule, passed: 0 })
      return rule
    },
    list: () => held.map(({ rule }) => rule),
    clear(id) {
      held = id === undefined ? [] : held.filter(({ rule }) => rule.id !== id)
    },
    take(params) {
      for (const item of held) {
        if (!matches(item.rule, params)) continue
        if (item.passed < (item.rule.after ?? 0)) {
          item.passed += 1
          continue
        }
        item.rule = { ...item.rule, hits: item.rule.hits + 1 }
        if (item.rule.hits >= (item.rule.times ?? Infinity))
          held = held.filter((one) => one !== item)
        return item.rule
      }
      return null
    },
  }
  for (const request of requests) book.add(request)
  return book
}

function matches(rule: FaultRule, params: Readonly<Record<string, string | undefined>>): boolean {
  return Object.entries(rule.match ?? {}).every(
    ([name, value]) => params[name]?.toLowerCase() === value.toLowerCase(),
  )
}
