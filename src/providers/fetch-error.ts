/**
 * What a failure on the way to or from a vendor means: one stable code a case, a sentence that names
 * the vendor and never the query, whether another try can help, and whether the call ever left.
 */
import { messageOf, StockyardError } from '../domain/error.ts'
import { redact } from '../log.ts'

/** How far a call had come when it failed. */
export type Phase = 'headers' | 'body'

/** Errors of the network before a request was written: the vendor never counted the call. */
const NEVER_LEFT: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ENOTFOUND: 'the host name is unknown',
  EAI_AGAIN: 'the host name could not be looked up',
  ENETUNREACH: 'there is no network',
  EHOSTUNREACH: 'there is no way to that host',
  ENETDOWN: 'the network is down',
  EADDRNOTAVAIL: 'this machine has no address for it',
  UND_ERR_CONNECT_TIMEOUT: 'no connection came about in time',
}

const TLS_CODE =
  /^(CERT_|ERR_TLS_|ERR_SSL_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|INVALID_CA|HOSTNAME_MISMATCH|EPROTO$)/

const NETWORK_HINT = 'Check the network and the base URL of the provider; then run it again.'

export interface TransportFailure {
  readonly error: StockyardError
  /** False only when it is certain that the vendor never saw the call. */
  readonly sent: boolean
}

/** The meaning of what undici, TLS or a decoder threw. `place` is the vendor, host and path. */
export function transportFailure(cause: unknown, phase: Phase, place: string): TransportFailure {
  const code = codeOf(cause)
  const neverLeft = NEVER_LEFT[code]
  if (phase === 'headers' && neverLeft !== undefined) {
    const sentence = `${place} cannot be reached: ${neverLeft}.`
    return { sent: false, error: failure('PROVIDER_UNREACHABLE', sentence, cause, NETWORK_HINT) }
  }
  if (TLS_CODE.test(code)) return { sent: false, error: tlsError(cause, code, place) }
  if (nameOf(cause) === 'HTTPParserError' || code === 'UND_ERR_HEADERS_OVERFLOW') {
    const sentence = `${place} broke the rules of HTTP: ${wordsOf(cause)}.`
    return { sent: true, error: failure('PROVIDER_PROTOCOL', sentence, cause, NETWORK_HINT) }
  }
  // A wrong length can be found out together with the headers.
  if (phase === 'headers' && code !== 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH') {
    const sentence = `${place} closed the connection without an answer: ${wordsOf(cause)}.`
    return { sent: true, error: failure('PROVIDER_UNREACHABLE', sentence, cause, NETWORK_HINT) }
  }
  const sentence = `The answer of ${place} came damaged or cut short: ${wordsOf(cause)}.`
  return {
    sent: true,
    error: failure('PROVIDER_TRUNCATED', sentence, cause, 'Nothing of it was kept; run it again.'),
  }
}

/** The total deadline of a call passed. */
export function timeoutError(place: string, deadlineMs: number): StockyardError {
  const sentence = `${place} did not answer in full within ${deadlineMs / 1000} s.`
  return failure('PROVIDER_TIMEOUT', sentence, undefined, NETWORK_HINT)
}

/** A body above the cap. Another try would bring the same. */
export function tooLargeError(place: string, maxBytes: number): StockyardError {
  const sentence = `The answer of ${place} is larger than ${maxBytes} bytes.`
  return new StockyardError('provider', 'PROVIDER_TOO_LARGE', sentence, {
    hint: 'Ask for a shorter period; nothing of it was kept.',
  })
}

/** A redirect that is not followed. */
export function redirectError(place: string, reason: string): StockyardError {
  const sentence = `${place} wants to redirect the call, which is refused: ${reason}.`
  return new StockyardError('provider', 'PROVIDER_REDIRECT', sentence, {
    hint: 'Where the vendor has moved, set the base URL of the provider to the new address.',
  })
}

/** The user, or a shutdown, ended the work. */
export function interruptedError(): StockyardError {
  return new StockyardError('incomplete', 'INTERRUPTED', 'The work was interrupted.', {
    hint: 'What was finished is kept; the same command goes on from there.',
    retry: true,
  })
}

function failure(code: string, sentence: string, cause: unknown, hint: string): StockyardError {
  return new StockyardError('provider', code, sentence, { cause, hint, retry: true })
}

function tlsError(cause: unknown, code: string, place: string): StockyardError {
  const sentence = `The connection to ${place} is not secure: ${wordsOf(cause)} (${code}).`
  return new StockyardError('provider', 'PROVIDER_TLS', sentence, {
    cause,
    hint: 'Check the clock of this machine; behind a proxy of a company, name its certificate in NODE_EXTRA_CA_CERTS.',
  })
}

// A host with several addresses fails with all their errors in one.
function codeOf(cause: unknown): string {
  const own: unknown = cause instanceof Error && 'code' in cause ? cause.code : undefined
  if (typeof own === 'string') return own
  return cause instanceof AggregateError && cause.errors.length > 0 ? codeOf(cause.errors[0]) : ''
}

// By name: undici is loaded with the first call only, and not to look at an error.
function nameOf(cause: unknown): string {
  return cause instanceof Error ? cause.name : ''
}

function wordsOf(cause: unknown): string {
  return redact(messageOf(cause)).replace(/\.$/, '')
}
