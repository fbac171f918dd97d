/** How an answer goes over the socket: whole, or in one of the ways in which networks fail. */
import type { ServerResponse } from 'node:http'
import { gzipSync } from 'node:zlib'
import type { Delivery } from './fault-effects.ts'

export interface Reply {
  readonly status: number
  readonly contentType: string
  readonly text: string
  /** Further headers. */
  readonly headers: Readonly<Record<string, string>>
}

const DRIP_MS = 100
const LATE_MS = 5000
const BOMB_BYTES = 64 * 1024 * 1024
const ENDLESS_BYTES = 256 * 1024 * 1024
/** `.invalid` never resolves (RFC 2606). */
const ELSEWHERE = 'http://vendor.example.invalid/query'

/** Sends a whole answer with its length. */
export function sendReply(response: ServerResponse, reply: Reply): void {
  sendWhole(response, reply, Buffer.from(reply.text))
}

/** Sends an answer badly; `delayMs` is for `slow-drip` and `late`. */
export function sendBadly(
  response: ServerResponse,
  reply: Reply,
  delivery: Delivery,
  delayMs: number | undefined,
): void {
  const body = Buffer.from(reply.text)
  const half = body.subarray(0, Math.floor(body.length / 2))
  switch (delivery) {
    case 'no-answer':
      return
    case 'reset':
      response.socket?.resetAndDestroy()
      return
    case 'reset-midway':
      startBody(response, reply, body.length).write(half, () => response.socket?.resetAndDestroy())
      return
    case 'truncated':
      startBody(response, reply, body.length).write(half, () => response.socket?.destroy())
      return
    case 'stall':
      startBody(response, reply, body.length).write(half)
      return
    case 'slow-drip':
      startBody(response, reply, body.length)
      drip(response, body, delayMs ?? DRIP_MS)
      return
    case 'late':
      later(response, delayMs ?? LATE_MS, () => sendWhole(response, reply, body))
      return
    case 'gzip-broken': {
      const packed = gzipSync(body)
      sendPacked(response, reply, packed.subarray(0, Math.floor(packed.length / 2)))
      return
    }
    case 'gzip-bomb':
      sendPacked(response, reply, gzipSync(Buffer.alloc(BOMB_BYTES, ' ')))
      return
    case 'endless-body':
      startBody(response, reply, undefined)
      pour(response, ENDLESS_BYTES)
      return
    case 'redirect':
      sendWhole(
        response,
        { ...reply, status: 302, headers: { ...reply.headers, location: ELSEWHERE } },
        body,
      )
  }
}

function sendWhole(response: ServerResponse, reply: Reply, body: Buffer): void {
  startBody(response, reply, body.length).end(body)
}

function sendPacked(response: ServerResponse, reply: Reply, packed: Buffer): void {
  const headers = { ...reply.headers, 'content-encoding': 'gzip' }
  sendWhole(response, { ...reply, headers }, packed)
}

/** Writes the head; without a length the body goes in chunks. */
function startBody(
  response: ServerResponse,
  reply: Reply,
  length: number | undefined,
): ServerResponse {
  return response.writeHead(reply.status, {
    'content-type': reply.contentType,
    ...(length === undefined ? {} : { 'content-length': length }),
    ...reply.headers,
  })
}

function drip(response: ServerResponse, body: Buffer, delayMs: number): void {
  let sent = 0
  const next = (): void => {
    if (sent >= body.length) response.end()
    else {
      response.write(body.subarray(sent, sent + 1))
      sent += 1
      later(response, delayMs, next)
    }
  }
  next()
}

function pour(response: ServerResponse, left: number): void {
  const block = Buffer.alloc(65_536, ' ')
  if (response.destroyed) return
  if (left <= 0) response.end()
  else response.write(block, () => pour(response, left - block.length))
}

/** Runs a step after a while, unless the connection is gone by then. */
function later(response: ServerResponse, delayMs: number, step: () => void): void {
  const timer = setTimeout(() => {
    response.off('close', cancel)
    step()
  }, delayMs)
  const cancel = (): void => clearTimeout(timer)
  response.once('close', cancel)
}
