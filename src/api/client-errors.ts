/** What is not HTTP, comes too slowly or is too large to be a request: a short answer, and the end. */
import { randomUUID } from 'node:crypto'
import type { ConnectionError } from 'fastify'
import type { Socket } from 'node:net'
import { StockyardError } from '../domain/error.ts'
import { makeProblem } from './problem.ts'

const REASONS: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  408: 'Request Timeout',
  431: 'Request Header Fields Too Large',
}

/** Fastify's `clientErrorHandler`. */
export function answerClientError(error: ConnectionError, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const [status, told] = meaningOf(error.code)
  const body = JSON.stringify(makeProblem(told, status, '', randomUUID()))
  const head = [
    `HTTP/1.1 ${status} ${REASONS[status]!}`,
    'content-type: application/problem+json; charset=utf-8',
    `content-length: ${Buffer.byteLength(body)}`,
    'cache-control: no-store',
    'x-content-type-options: nosniff',
    'connection: close',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy())
}

function meaningOf(code: string): [number, StockyardError] {
  if (code === 'HPE_HEADER_OVERFLOW') {
    return [
      431,
      new StockyardError('usage', 'HEADERS_TOO_LARGE', 'The headers are larger than 16 KB.', {
        hint: 'Send fewer or shorter headers, and long lists in several requests.',
      }),
    ]
  }
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return [
      408,
      new StockyardError('usage', 'REQUEST_TIMEOUT', 'The request did not come in time.', {
        hint: 'Send it again, all at once.',
      }),
    ]
  }
  return [
    400,
    new StockyardError('usage', 'REQUEST_MALFORMED', 'This is not a well-formed HTTP request.', {
      hint: 'Use an HTTP/1.1 client; TLS is spoken by a proxy in front, not here.',
    }),
  ]
}
