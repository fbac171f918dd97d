/**
 * The one error that Stockyard throws on purpose. Its code is stable and listed in docs/errors.md;
 * the group of the code decides the exit code of a command and the status of an HTTP answer.
 */

/** What went wrong, by who has to act: the exit codes of the command line follow from it. */
export type ErrorKind =
  | 'usage' // wrong arguments: exit 2, HTTP 400
  | 'not-found' // the thing asked for is not in the store: exit 1, HTTP 404
  | 'conflict' // it is there already, or changed meanwhile: exit 1, HTTP 409
  | 'config' // configuration or a key was refused: exit 3, HTTP 500
  | 'database' // the database cannot be reached or is in the wrong state: exit 4, HTTP 503
  | 'provider' // a vendor cannot be reached, or its budget is used up: exit 5, HTTP 502
  | 'incomplete' // the work ended, but something is missing: exit 1
  | 'internal' // a defect of ours: exit 1, HTTP 500

export const EXIT_CODES: Readonly<Record<ErrorKind, number>> = {
  usage: 2,
  'not-found': 1,
  conflict: 1,
  config: 3,
  database: 4,
  provider: 5,
  incomplete: 1,
  internal: 1,
}

export interface ErrorDetails {
  /** What to do about it, one sentence. */
  readonly hint: string
  readonly cause?: unknown
  /** True when the same call may succeed later without anybody changing anything. */
  readonly retry?: boolean
}

export class StockyardError extends Error {
  readonly kind: ErrorKind
  /** Stable, upper snake case, e.g. `SYMBOL_UNKNOWN`. */
  readonly code: string
  /** What to do about it. */
  readonly hint: string
  readonly retry: boolean

  constructor(kind: ErrorKind, code: string, message: string, details: ErrorDetails) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.name = 'StockyardError'
    this.kind = kind
    this.code = code
    this.hint = details.hint
    this.retry = details.retry ?? false
  }
}

/** Text of anything that was thrown, without its stack. */
export function messageOf(error: unknown): string {
  if (error instanceof Error) return error.message || error.name
  return String(error)
}
