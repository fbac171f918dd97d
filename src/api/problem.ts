/**
 * Errors as HTTP tells them: problem+json (RFC 9457) with a stable code, a sentence and a hint. Never a
 * stack trace, and never a 5xx for what the caller sent.
 */
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { databaseError } from '../db/database-error.ts'
import { StockyardError, type ErrorKind } from '../domain/error.ts'
import { redact } from '../log.ts'

interface Problem {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly code: string
  readonly hint: string
  /** Path that was asked for. */
  readonly instance: string
  /** As in the log and in the header `x-request-id`. */
  readonly request_id: string
}

const STATUS_BY_KIND: Readonly<Record<ErrorKind, number>> = {
  usage: 400,
  'not-found': 404,
  conflict: 409,
  config: 500,
  database: 503,
  provider: 502,
  incomplete: 500,
  internal: 500,
}

/** Codes whose status says more than their kind does. */
const STATUS_BY_CODE: Readonly<Record<string, number>> = {
  // What the configuration lacks is no fault of the server when somebody asks for it.
  KEY_MISSING: 409,
  STORE_SIMULATED: 409,
  STORE_REAL: 409,
  KEY_REQUIRED: 401,
  KEY_INVALID: 401,
  KEY_EXPIRED: 401,
  KEY_REVOKED: 401,
  TOKEN_INVALID: 401,
  ORIGIN_REFUSED: 403,
  ROLE_INSUFFICIENT: 403,
  TOKEN_ROLE: 403,
  METHOD_NOT_ALLOWED: 405,
  FORMAT_UNACCEPTABLE: 406,
  BODY_TOO_LARGE: 413,
  URL_TOO_LONG: 414,
  CONTENT_TYPE_UNSUPPORTED: 415,
  HOST_REFUSED: 421,
  RATE_LIMITED: 429,
  STREAMS_TOO_MANY: 429,
  SERVER_BUSY: 503,
  RUNS_BUSY: 503,
  OIDC_UNREACHABLE: 503,
}

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not found',
  405: 'Method not allowed',
  406: 'Not acceptable',
  408: 'Request timeout',
  409: 'Conflict',
  413: 'Content too large',
  414: 'URI too long',
  415: 'Unsupported media type',
  421: 'Misdirected request',
  429: 'Too many requests',
  431: 'Request header fields too large',
  502: 'Bad gateway',
  503: 'Service unavailable',
}

const RETRY_AFTER_SECONDS = 5

/** Answers a request with an error; what is not the caller's fault is logged. */
export function sendProblem(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const known = toStockyardError(error, request.routeOptions.bodyLimit)
  const status = STATUS_BY_CODE[known.code] ?? STATUS_BY_KIND[known.kind]
  if (status >= 500) {
    const cause = error instanceof Error ? (error.stack ?? error.message) : String(error)
    request.log.error({ request_id: request.id, code: known.code, cause }, known.message)
  }
  if (status === 503 && !reply.hasHeader('retry-after')) {
    void reply.header('retry-after', String(RETRY_AFTER_SECONDS))
  }
  // What was said of the answer that this is not.
  void reply.removeHeader('etag').header('cache-control', 'no-store')
  return (
    reply
      .code(status)
      .header('x-request-id', request.id)
      // What is refused early has not come by the hook that sets it.
      .header('x-content-type-options', 'nosniff')
      .type('application/problem+json')
      .send(JSON.stringify(makeProblem(known, status, request.url, request.id)))
  )
}

/** The body that tells an error. */
export function makeProblem(
  error: StockyardError,
  status: number,
  url: string,
  requestId: string,
): Problem {
  return {
    type: `urn:stockyard:error:${error.code.toLowerCase().replaceAll('_', '-')}`,
    title: TITLES[status] ?? 'Internal error',
    status,
    detail: redact(error.message),
    code: error.code,
    hint: redact(error.hint),
    instance: redact(url.split('?')[0]!.slice(0, 200)),
    request_id: requestId,
  }
}

/** PostgreSQL's class of errors about the values that a statement was given. */
const DATA_EXCEPTION = /^22/

function toStockyardError(error: unknown, bodyBytesMax: number): StockyardError {
  if (error instanceof StockyardError) return error
  const fromDatabase = databaseError(error)
  if (fromDatabase !== undefined) return fromDatabase
  const { statusCode, code } = error as Partial<FastifyError>
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    return requestError(statusCode, code ?? '', bodyBytesMax)
  }
  if (DATA_EXCEPTION.test(String(code))) {
    return new StockyardError('usage', 'VALUE_INVALID', 'A value cannot be stored or compared.', {
      hint: 'Check the values for odd characters and for numbers that are too large.',
    })
  }
  return new StockyardError('internal', 'INTERNAL', 'Something went wrong inside Stockyard.', {
    hint: 'The log has the details under this request_id; please report them.',
  })
}

/** What Fastify itself refuses, in our words. */
function requestError(status: number, code: string, bodyBytesMax: number): StockyardError {
  if (status === 413) {
    const sentence = `The body is larger than ${bodyBytesMax / 1024} KB.`
    return new StockyardError('usage', 'BODY_TOO_LARGE', sentence, {
      hint: 'Send less at a time.',
    })
  }
  if (status === 414 || code === 'FST_ERR_MAX_LIMIT_EXCEEDED') {
    return new StockyardError('usage', 'URL_TOO_LONG', 'A part of the path is too long.', {
      hint: 'Check the symbol: none is so long.',
    })
  }
  if (status === 415) {
    return new StockyardError('usage', 'CONTENT_TYPE_UNSUPPORTED', 'The body must be JSON.', {
      hint: 'Send it with the header "content-type: application/json".',
    })
  }
  if (code === 'FST_ERR_BAD_URL') {
    return new StockyardError('usage', 'URL_INVALID', 'The path is not well encoded.', {
      hint: 'Encode special characters as %XX of their UTF-8 bytes.',
    })
  }
  return new StockyardError('usage', 'BODY_INVALID', 'The body is not valid JSON.', {
    hint: 'Send a JSON object, or no body where none is wanted.',
  })
}
