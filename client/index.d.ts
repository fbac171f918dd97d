/** Types of the client; those of its operations are generated from the OpenAPI document. */
import type { Operations } from './operations.d.ts'

export type * from './operations.d.ts'

export interface ClientOptions {
  /** Where Stockyard is, without `/api/v1`: `http://127.0.0.1:8000`. */
  readonly baseUrl: string
  /** An API key, `sy_…`; not needed to read on the machine itself. */
  readonly key?: string | undefined
  /** Another `fetch` than the global one, for proxies and tests. */
  readonly fetch?: typeof globalThis.fetch | undefined
}

export interface CallOptions {
  /** Breaks the call off. */
  readonly signal?: AbortSignal | undefined
}

export interface EventOptions extends CallOptions {
  /** The `id` of the last event that came before: the stream goes on right after it. */
  readonly lastEventId?: string | undefined
  /** Told of each break with its cause, before the client comes again. */
  readonly onBreak?: ((cause: unknown) => void) | undefined
}

/** What the generator says of an operation. */
export interface Operation {
  /** Parameters of path and query, and the body as `body`. */
  readonly params: object
  readonly answer: unknown
  /** A row of the list that it answers, where it does. */
  readonly row?: unknown
  /** A row of its NDJSON stream, where it has one. */
  readonly line?: unknown
  /** Other formats than JSON that it can answer in. */
  readonly format?: string
  /** An event of its stream, where it is one without an end. */
  readonly event?: unknown
}

/** Parameters may be left out where none is required. */
type Arguments<Params> = object extends Params
  ? [params?: Params, options?: CallOptions]
  : [params: Params, options?: CallOptions]

/** What an operation without an end has in place of a call. */
export interface EventMethod<Of extends Operation> {
  /**
   * The events as they come, for as long as the loop goes on. A connection that breaks is made again after a
   * moment, and nothing is missed; where something is, since the break was too long, there is an event
   * `reset`. Ends by leaving the loop or by `signal`; throws a ProblemError where the stream is refused.
   */
  readonly events: (
    params?: Of['params'],
    options?: EventOptions,
  ) => AsyncGenerator<Of['event'], void, undefined>
}

/** A method calls its operation once. */
export type Method<Of extends Operation> = Of extends { readonly event: unknown }
  ? EventMethod<Of>
  : CallMethod<Of>

export type CallMethod<Of extends Operation> = ((
  ...args: Arguments<Of['params']>
) => Promise<Of['answer']>) &
  (Of extends { readonly row: infer Row }
    ? {
        /** All rows, from this answer and from those that follow it, asked for as they are needed. */
        readonly rows: (...args: Arguments<Of['params']>) => AsyncGenerator<Row, void, undefined>
      }
    : unknown) &
  (Of extends { readonly line: infer Line }
    ? {
        /** All rows as one stream; without `limit` it has no end but the last row. */
        readonly stream: (...args: Arguments<Of['params']>) => AsyncGenerator<Line, void, undefined>
      }
    : unknown) &
  (Of extends { readonly format: infer Format }
    ? {
        /** The answer in another format, as `fetch` gives it: `.text()`, `.arrayBuffer()`, `.body`. */
        readonly raw: (format: Format, ...args: Arguments<Of['params']>) => Promise<Response>
      }
    : unknown)

/** One method an operation, named by its `operationId`. */
export type Client = { readonly [Name in keyof Operations]: Method<Operations[Name]> }

/** Makes a client. It opens nothing; each call is one request. */
export declare function createClient(options: ClientOptions): Client

export interface ProblemBody {
  readonly code: string
  readonly detail: string
  readonly hint: string
  readonly request_id: string | null
}

/** An answer that is an error. What `fetch` throws when nobody answers is passed on as it is. */
export declare class ProblemError extends Error {
  private constructor()
  readonly status: number
  /** Stable; `ANSWER_UNKNOWN` where the answer is not Stockyard's own. */
  readonly code: string
  readonly detail: string
  /** What to do about it. */
  readonly hint: string
  /** As in Stockyard's log. */
  readonly requestId: string | null
  /** When to ask again, where the answer says it. */
  readonly retryAfterMs: number | null
}
