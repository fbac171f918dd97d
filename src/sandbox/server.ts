/**
 * The simulated exchange as an HTTP server on loopback: vendors' endpoints over one market, and
 * control routes to make it misbehave.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getCalendar } from '../domain/calendar/registry.ts'
import { messageOf, StockyardError } from '../domain/error.ts'
import { makeCallLog, type CallLog } from './call-log.ts'
import { answerControl, type ControlDesk } from './control.ts'
import { sendReply } from './delivery.ts'
import { makeFaultBook, type FaultBook, type FaultRequest } from './faults.ts'
import { makeLimitBook, type LimitBook, type Limits } from './limits.ts'
import { makeMarket, type Market } from './market.ts'
import { makeSimulatedClock, type SimulatedClock } from './simulated-clock.ts'
import type { Plan } from './plans.ts'
import type { VendorId } from './vendor.ts'
import { handleVendorCall, MARK_HEADERS } from './vendor-call.ts'

export interface SandboxOptions {
  /** 0 for any free port. */
  readonly port: number
  /** 127.0.0.1 unless told otherwise. */
  readonly host?: string
  /** True to listen on a host that is not loopback. */
  readonly allowRemote?: boolean
  /** The same seed gives the same market; 1 unless told otherwise. */
  readonly seed?: number
  /** The instant of now: for the market until its clock is set, and always for limits and calls. */
  readonly clock: () => number
  readonly faults?: readonly FaultRequest[]
  /** Calls allowed, by vendor; unlimited where absent. */
  readonly limits?: Limits
  /** Told each call; a pino logger fits. */
  readonly log?: { debug(fields: object, message: string): void }
}

export interface Sandbox {
  /** Origin, e.g. `http://127.0.0.1:8090`; use it in place of a vendor's. */
  readonly url: string
  readonly port: number
  readonly market: Market
  /** Sets the market's clock. */
  readonly exchangeClock: SimulatedClock
  readonly faults: FaultBook
  readonly limits: LimitBook
  readonly calls: CallLog
  /** Plans that are less than full, by vendor. */
  readonly plans: Map<VendorId, Plan>
  /** Closes at once, with all open connections. */
  close(): Promise<void>
}

const LOOPBACK = new Set(['127.0.0.1', '::1', 'localhost'])
const BODY_BYTES_MAX = 65_536
/** Long, since a client in the same process may be busy for seconds between two calls. */
const KEEP_ALIVE_MS = 75_000

/**
 * Starts a simulated exchange.
 * @throws StockyardError `PORT_IN_USE`, `HOST_REFUSED`, `LISTEN_FAILED`
 */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const host = options.host ?? '127.0.0.1'
  if (!LOOPBACK.has(host) && options.allowRemote !== true) {
    throw new StockyardError('usage', 'HOST_REFUSED', `The sandbox does not listen on ${host}.`, {
      hint: 'It has no keys to check; use 127.0.0.1.',
    })
  }
  const desk = makeDesk(options)
  const server = createServer((request, response) => {
    options.log?.debug({ method: request.method, path: pathOf(request) }, 'sandbox call')
    handle(desk, request, response).catch((error: unknown) => sendError(response, error))
  })
  server.keepAliveTimeout = KEEP_ALIVE_MS
  await listen(server, options.port, host)
  const { port } = server.address() as AddressInfo
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
    port,
    market: desk.market,
    exchangeClock: desk.exchangeClock,
    faults: desk.faults,
    limits: desk.limits,
    calls: desk.calls,
    plans: desk.plans,
    close: () => close(server),
  }
}

function makeDesk(options: SandboxOptions): ControlDesk {
  const exchangeClock = makeSimulatedClock(options.clock)
  return {
    market: makeMarket({
      seed: options.seed ?? 1,
      calendar: getCalendar('XNYS'),
      now: () => exchangeClock.now(),
    }),
    exchangeClock,
    faults: makeFaultBook(options.faults),
    limits: makeLimitBook(options.limits),
    calls: makeCallLog(),
    plans: new Map(),
    clock: options.clock,
  }
}

async function listen(server: Server, port: number, host: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  server.listen(port, host, resolve)
  try {
    await promise
  } catch (error) {
    throw listenError(error, port, host)
  }
}

function listenError(error: unknown, port: number, host: string): StockyardError {
  if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') {
    return new StockyardError('usage', 'PORT_IN_USE', `Port ${port} on ${host} is in use.`, {
      hint: 'Choose another with --port, or --port 0 for any free one.',
      cause: error,
    })
  }
  const sentence = `The sandbox cannot listen on ${host}, port ${port}: ${messageOf(error)}.`
  return new StockyardError('usage', 'LISTEN_FAILED', sentence, {
    hint: 'Choose another port with --port.',
    cause: error,
  })
}

async function close(server: Server): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  server.close(() => resolve())
  server.closeAllConnections()
  await promise
}

/** Path of a request without its query, which may hold a key. */
function pathOf(request: IncomingMessage): string {
  return (request.url ?? '/').split('?', 1)[0]
}

async function handle(
  desk: ControlDesk,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = pathOf(request)
  const query = new URLSearchParams((request.url ?? '').slice(path.length))
  const method = request.method ?? 'GET'
  const http = { path, query, headers: request.headers }
  if (method === 'GET' && handleVendorCall(desk, http, response)) return
  if (path === '/_sandbox' || path.startsWith('/_sandbox/')) {
    const body = await readBody(request)
    const answer = answerControl(desk, {
      method,
      path: path.slice('/_sandbox/'.length),
      query,
      body,
    })
    sendJson(response, 200, answer)
  } else {
    throw new StockyardError('not-found', 'ROUTE_UNKNOWN', `There is no ${method} ${path}.`, {
      hint: 'GET /_sandbox/ lists the paths of vendors and the control routes.',
    })
  }
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > BODY_BYTES_MAX) {
      throw new StockyardError('usage', 'INPUT_INVALID', 'The body is larger than 64 kB.', {
        hint: 'Send less at a time.',
      })
    }
    chunks.push(chunk)
  }
  if (length === 0) return undefined
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'))
  } catch (error) {
    throw new StockyardError('usage', 'INPUT_INVALID', 'The body is not JSON.', {
      hint: 'Send a JSON object, for example {"fault": "http-503"}.',
      cause: error,
    })
  }
}

function sendError(response: ServerResponse, error: unknown): void {
  if (response.headersSent) {
    response.destroy()
    return
  }
  const known = error instanceof StockyardError ? error : null
  const status = known === null ? 500 : known.kind === 'not-found' ? 404 : 400
  sendJson(response, status, {
    code: known?.code ?? 'INTERNAL',
    message: messageOf(error),
    hint: known?.hint ?? null,
  })
}

function sendJson(response: ServerResponse, status: number, value: unknown): void {
  sendReply(response, {
    status,
    contentType: 'application/json',
    text: `${JSON.stringify(value, null, 2)}\n`,
    headers: MARK_HEADERS,
  })
}
