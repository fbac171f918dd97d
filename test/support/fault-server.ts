/**
 * An HTTP server on a bare socket that answers as badly as it is told to: what it sends is written
 * byte by byte, so that no library mends it.
 */
import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import type { TestContext } from 'node:test'

export interface SeenRequest {
  /** With the query. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
}

/** Answers one request on its socket. */
export type Reply = (socket: Socket, request: SeenRequest) => void

export interface FaultServer {
  readonly url: string
  /** Every request that came, in order. */
  readonly requests: readonly SeenRequest[]
  /** Bytes that clients have taken so far. */
  bytesSent(): number
  /** How many connections were made. */
  connections(): number
}

/** A server that gives the n-th request the n-th reply, and the last one to all that follow. */
export async function startFaultServer(
  t: TestContext,
  replies: readonly Reply[],
): Promise<FaultServer> {
  const requests: SeenRequest[] = []
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    sockets.push(socket)
    socket.setNoDelay(true)
    // Clients hang up on purpose here.
    socket.on('error', () => {})
    let received = ''
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1')
      for (let end = received.indexOf('\r\n\r\n'); end >= 0; end = received.indexOf('\r\n\r\n')) {
        const request = readRequest(received.slice(0, end))
        received = received.slice(end + 4)
        requests.push(request)
        replies[Math.min(requests.length, replies.length) - 1]!(socket, request)
      }
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(async () => {
    for (const socket of sockets) socket.destroy()
    server.close()
    await once(server, 'close')
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    bytesSent: () => sockets.reduce((sum, socket) => sum + socket.bytesWritten, 0),
    connections: () => sockets.length,
  }
}

function readRequest(head: string): SeenRequest {
  const [first, ...lines] = head.split('\r\n')
  const headers = lines.map((line): [string, string] => {
    const colon = line.indexOf(':')
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
  })
  return { path: first!.split(' ')[1]!, headers: Object.fromEntries(headers) }
}

// Replies --------------------------------------------------------------------------------------------

type Headers = Readonly<Record<string, string>>

function headerBlock(status: number, headers: Headers): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  return `HTTP/1.1 ${status} Whatever\r\n${lines.join('')}\r\n`
}

/** A sound answer. Headers given win over the right content-length. */
export function answer(status: number, body: string | Uint8Array, headers: Headers = {}): Reply {
  const bytes = Buffer.from(body)
  return (socket) => {
    socket.write(headerBlock(status, { 'content-length': String(bytes.length), ...headers }))
    socket.write(bytes)
  }
}

/** An answer without a length, which ends where the connection does. */
export function answerUntilClose(body: Uint8Array, headers: Headers = {}): Reply {
  return (socket) => {
    socket.write(headerBlock(200, { connection: 'close', ...headers }))
    socket.end(body)
  }
}

/** An answer that says how long it is, and is closed after `at` bytes. */
export function cutByLength(body: Uint8Array, at: number, headers: Headers = {}): Reply {
  return (socket) => {
    socket.write(headerBlock(200, { 'content-length': String(body.length), ...headers }))
    socket.end(body.subarray(0, at))
  }
}

/** A chunked answer of one chunk, closed `at` bytes into what chunking makes of it. */
export function cutInChunks(body: Uint8Array, at: number): Reply {
  return (socket) => {
    socket.write(headerBlock(200, { 'transfer-encoding': 'chunked' }))
    socket.end(chunked(body).subarray(0, at))
  }
}

/** A body as a chunked answer has it. */
export function chunked(body: Uint8Array): Buffer {
  return Buffer.concat([
    Buffer.from(`${body.length.toString(16)}\r\n`),
    body,
    Buffer.from('\r\n0\r\n\r\n'),
  ])
}

/** Exactly these bytes, and then nothing, or the end. */
export function raw(text: string, options: { readonly end: boolean }): Reply {
  return (socket) => {
    socket.write(text, 'latin1')
    if (options.end) socket.end()
  }
}

/** Takes the request and never says a word. */
export const silence: Reply = () => {}

/** The connection is reset (RST) before any answer. */
export const reset: Reply = (socket) => {
  socket.resetAndDestroy()
}

/** The connection is reset in the middle of the body. */
export function resetInBody(body: Uint8Array): Reply {
  return (socket) => {
    socket.write(headerBlock(200, { 'content-length': String(body.length * 2) }))
    socket.write(body, () => setImmediate(() => socket.resetAndDestroy()))
  }
}

/** A byte every few milliseconds, for ever: no gap is long, and it never ends. */
export function drip(everyMs: number): Reply {
  return (socket) => {
    socket.write(headerBlock(200, { 'content-length': '1000000' }))
    const timer = setInterval(() => socket.write('x'), everyMs)
    socket.on('close', () => clearInterval(timer))
  }
}

/** A body that never ends, as fast as it is taken. */
export function endless(headers: Headers = {}): Reply {
  const block = Buffer.concat([
    Buffer.from('10000\r\n'),
    Buffer.alloc(65_536, 'x'),
    Buffer.from('\r\n'),
  ])
  return (socket) => {
    socket.write(headerBlock(200, { 'transfer-encoding': 'chunked', ...headers }))
    const pour = () => {
      while (!socket.destroyed && socket.write(block));
    }
    socket.on('drain', pour)
    pour()
  }
}

/** A redirect to an address, which may depend on the request. */
export function redirectTo(location: string, status = 302): Reply {
  return answer(status, 'moved', { location })
}
