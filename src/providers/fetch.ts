/**
 * The one HTTP client for all vendors. It sends a call, bounds it in time and in size, tries again
 * where that can help, and gives the body back as it came. It knows no vendor and no budget: whoever
 * calls it pays for each request through `pay`.
 */
import type { Agent, Dispatcher, request as sendHttp } from 'undici'
import type { Clock } from '../clock.ts'
import { StockyardError } from '../domain/error.ts'
import { registerSecret, type Logger } from '../log.ts'
import { ACCEPT_ENCODING, decodeBody } from './decode-body.ts'
import {
  interruptedError,
  redirectError,
  timeoutError,
  tooLargeError,
  transportFailure,
  type Phase,
} from './fetch-error.ts'
import type { VendorBody, VendorRequest } from './provider.ts'
import { variableOf } from './variables.ts'
import { isTransientStatus, parseRetryAfter, retryWaitMs, type RetryCause } from './retry-timing.ts'

export interface HttpClientOptions {
  readonly clock: Clock
  readonly log: Logger
  readonly userAgent?: string
  /** Longest that one request may take, from connecting to the last byte of its body. */
  readonly deadlineMs?: number
  /** Largest body, after decoding. */
  readonly maxBytes?: number
  /** How often a call is tried again after a failure that may pass. */
  readonly retries?: number
  /** Jitter of the backoff, in [0, 1). */
  readonly random?: () => number
}

/** The library that sends, with the connections that are kept. */
interface Sender {
  readonly agent: Agent
  readonly request: typeof sendHttp
}

export interface HttpClient extends Required<HttpClientOptions> {
  /** What sends, made with the first call. */
  readonly sender: () => Promise<Sender>
  /** Closes all connections; calls in flight fail. */
  close(): Promise<void>
}

/** A vendor's answer, and where it came from. */
export interface ReceivedBody extends VendorBody {
  /** True where the answer says of itself that it is from the simulated exchange. */
  readonly simulated: boolean
}

/** A request that was paid for: settled once the vendor has had it, or refunded as it never left. */
export interface Payment {
  settle(): Promise<void>
  refund(): Promise<void>
}

/** Where a call goes, and who pays for it. */
export interface Target {
  /** Id of the provider, for messages. */
  readonly provider: string
  readonly baseUrl: string
  readonly key: string | undefined
  readonly signal?: AbortSignal
  /** Called before every request that goes out, retries and redirects included; may wait or throw. */
  readonly pay?: () => Promise<Payment>
  /** Told before each wait for another try. */
  readonly onRetry?: (
    retry: RetryCause & { readonly waitMs: number; readonly why: string },
  ) => Promise<void>
}

/** By this header the simulated exchange marks its answers, so that they never meet real data. */
const SIMULATED_HEADER = 'x-stockyard-simulated'
const DEADLINE_MS = 60_000
const CONNECT_MS = 10_000
const MAX_BYTES = 32 * 1024 * 1024
const RETRIES = 2
const REDIRECTS_MAX = 3
const REDIRECT_STATUSES: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])
/** Larger than undici's 64 KiB, so that a fast vendor is not paused on every chunk. */
const READ_AHEAD_BYTES = 1024 * 1024

/** A client with its own pool of kept-alive connections. Certificates are always verified. */
export function makeHttpClient(options: HttpClientOptions): HttpClient {
  const deadlineMs = options.deadlineMs ?? DEADLINE_MS
  let sender: Promise<Sender> | undefined
  return {
    clock: options.clock,
    log: options.log,
    userAgent: options.userAgent ?? 'stockyard',
    deadlineMs,
    maxBytes: options.maxBytes ?? MAX_BYTES,
    retries: options.retries ?? RETRIES,
    random: options.random ?? Math.random,
    sender: () => (sender ??= openSender(deadlineMs)),
    close: async () => {
      if (sender !== undefined) await (await sender).agent.destroy()
    },
  }
}

/** Loaded with the first call, since most commands make none and it is the largest of what they load. */
async function openSender(deadlineMs: number): Promise<Sender> {
  const { Agent, request } = await import('undici')
  const agent = new Agent({
    allowH2: false,
    connections: 8,
    // Not left to NODE_TLS_REJECT_UNAUTHORIZED, which would switch it off.
    connect: { timeout: Math.min(CONNECT_MS, deadlineMs), rejectUnauthorized: true },
    // The deadline below is over the whole request; undici's own only measure gaps between bytes.
    headersTimeout: 0,
    bodyTimeout: 0,
  })
  return { agent, request }
}

/**
 * Sends a call and gives back its answer, whatever the status: reading it is the adapter's business.
 * Network errors, deadlines, 408, 429 and 5xx are tried again first, after what Retry-After asks for
 * (up to two minutes) or a jittered backoff.
 * @throws StockyardError `KEY_MISSING`, `PROVIDER_UNREACHABLE`, `PROVIDER_TIMEOUT`,
 * `PROVIDER_TRUNCATED`, `PROVIDER_TOO_LARGE`, `PROVIDER_REDIRECT`, `PROVIDER_TLS`,
 * `PROVIDER_PROTOCOL`, `INTERRUPTED`, and whatever `pay` throws
 */
export async function sendRequest(
  client: HttpClient,
  request: VendorRequest,
  target: Target,
): Promise<ReceivedBody> {
  const url = requestUrl(request, target)
  const place = `${target.provider} (${url.host}${url.pathname})`
  for (let tries = 1; ; tries += 1) {
    const outcome = await followRedirects(client, request, target, url, place)
    const isLast = tries > client.retries
    const { error, answer, cause } = outcome
    if (error !== undefined && (isLast || !error.retry)) throw error
    if (answer !== undefined && (isLast || !isTransientStatus(answer.status))) return answer
    const waitMs = retryWaitMs(tries, cause, client.random())
    const why = error?.message ?? `${place} answered with status ${cause.status}.`
    // Whoever is told of it says so to the user; once is enough.
    const level = target.onRetry === undefined ? 'warn' : 'debug'
    client.log[level]({ provider: target.provider, code: error?.code, waitMs }, why)
    await target.onRetry?.({ ...cause, waitMs, why })
    await sleep(client.clock, waitMs, target.signal)
  }
}

/**
 * Waits, unless or until the signal is aborted.
 * @throws StockyardError `INTERRUPTED`
 */
export async function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  if (isAborted(signal)) throw interruptedError()
  try {
    await clock.sleep(ms, signal)
  } catch (error) {
    throw isAborted(signal) ? interruptedError() : error
  }
}

// A function, since it changes while we wait and the compiler would take it for settled.
function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted ?? false
}

// One try --------------------------------------------------------------------------------------------

/** What a try came to: an answer, or an error that may pass, with what a retry must know. */
interface Outcome {
  readonly answer?: ReceivedBody
  readonly error?: StockyardError
  readonly cause: RetryCause
}

async function followRedirects(
  client: HttpClient,
  request: VendorRequest,
  target: Target,
  first: URL,
  place: string,
): Promise<Outcome> {
  let url = first
  for (let redirects = 0; ; redirects += 1) {
    const reply = await paidExchange(client, request, url, target, place)
    if ('error' in reply) {
      return { error: reply.error, cause: { status: null, retryAfterMs: null } }
    }
    if (reply.location === undefined) {
      const retryAfterMs = parseRetryAfter(reply.retryAfter, client.clock.now())
      return { answer: reply.body, cause: { status: reply.body.status, retryAfterMs } }
    }
    if (redirects === REDIRECTS_MAX) {
      throw redirectError(place, `it came back ${REDIRECTS_MAX + 1} times`)
    }
    url = redirectedUrl(url, reply.location, place)
    addKey(url, request, target)
  }
}

interface Reply {
  readonly body: ReceivedBody
  /** Set where the answer is a redirect; its body is then left out. */
  readonly location: string | undefined
  readonly retryAfter: string | undefined
}

interface Failed {
  readonly error: StockyardError
  readonly sent: boolean
}

async function paidExchange(
  client: HttpClient,
  request: VendorRequest,
  url: URL,
  target: Target,
  place: string,
): Promise<Reply | Failed> {
  // Loading it takes its time, and what was paid for is to go out at once.
  await client.sender()
  if (isAborted(target.signal)) throw interruptedError()
  const payment = await target.pay?.()
  let isSent = true
  try {
    const reply = await exchange(client, request, url, target, place)
    isSent = !('error' in reply) || reply.sent
    return reply
  } finally {
    await (isSent ? payment?.settle() : payment?.refund())
  }
}

async function exchange(
  client: HttpClient,
  request: VendorRequest,
  url: URL,
  target: Target,
  place: string,
): Promise<Reply | Failed> {
  const { signal } = target
  const sender = await client.sender()
  const abort = new AbortController()
  const stop = () => abort.abort()
  let isLate = false
  // Real time on purpose: it measures the vendor, not the calendar.
  const timer = setTimeout(() => {
    isLate = true
    stop()
  }, client.deadlineMs)
  signal?.addEventListener('abort', stop, { once: true })
  if (isAborted(signal)) stop()
  let phase: Phase = 'headers'
  try {
    const response = await sender.request(url, {
      dispatcher: sender.agent,
      signal: abort.signal,
      highWaterMark: READ_AHEAD_BYTES,
      headers: {
        accept: '*/*',
        'accept-encoding': ACCEPT_ENCODING,
        'user-agent': client.userAgent,
        ...request.headers,
        ...keyHeaders(request, target),
      },
    })
    phase = 'body'
    return await readReply(client, response, place)
  } catch (cause) {
    if (isAborted(signal)) throw interruptedError()
    if (isLate) return { error: timeoutError(place, client.deadlineMs), sent: true }
    if (cause instanceof StockyardError) return { error: cause, sent: true }
    return transportFailure(cause, phase, place)
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', stop)
  }
}

async function readReply(
  client: HttpClient,
  response: Dispatcher.ResponseData,
  place: string,
): Promise<Reply> {
  const status = response.statusCode
  const header = (name: string) => {
    const value = response.headers[name]
    return Array.isArray(value) ? value.join(', ') : value
  }
  const contentType = header('content-type') ?? ''
  const simulated = header(SIMULATED_HEADER) === '1'
  const retryAfter = header('retry-after')
  const location = REDIRECT_STATUSES.has(status) ? header('location') : undefined
  if (location !== undefined) {
    await response.body.dump()
    const bytes = new Uint8Array(0)
    return { body: { status, bytes, contentType, simulated }, location, retryAfter }
  }
  const announced = Number(header('content-length') ?? Number.NaN)
  const raw = await readBody(response.body, announced, client.maxBytes, place)
  const bytes = await decode(raw, header('content-encoding') ?? '', client.maxBytes, place)
  return { body: { status, bytes, contentType, simulated }, location, retryAfter }
}

/**
 * All bytes of a body as sent; the connection is cut as soon as they are too many. Where the length is
 * announced they go straight to their place, which halves the memory that a large body passes through.
 */
function readBody(
  body: Dispatcher.ResponseData['body'],
  announced: number,
  maxBytes: number,
  place: string,
): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const whole = announced > 0 && announced <= maxBytes ? Buffer.allocUnsafe(announced) : null
    const chunks: Uint8Array[] = []
    let length = 0
    body.on('data', (chunk: Uint8Array) => {
      const at = length
      length += chunk.length
      if (length > maxBytes) body.destroy(tooLargeError(place, maxBytes))
      else if (whole === null) chunks.push(chunk)
      else whole.set(chunk, at)
    })
    body.on('end', () => resolve(whole?.subarray(0, length) ?? Buffer.concat(chunks, length)))
    body.on('error', reject)
  })
}

async function decode(
  raw: Uint8Array,
  contentEncoding: string,
  maxBytes: number,
  place: string,
): Promise<Uint8Array> {
  try {
    return await decodeBody(raw, contentEncoding, maxBytes)
  } catch (cause) {
    throw cause instanceof RangeError ? tooLargeError(place, maxBytes) : cause
  }
}

// Addresses ------------------------------------------------------------------------------------------

function requestUrl(request: VendorRequest, target: Target): URL {
  const url = new URL(target.baseUrl)
  // A base URL may have a path of its own, as behind a proxy.
  url.pathname = url.pathname.replace(/\/$/, '') + request.path
  for (const [name, value] of Object.entries(request.params)) url.searchParams.set(name, value)
  addKey(url, request, target)
  return url
}

function addKey(url: URL, request: VendorRequest, target: Target): void {
  if (request.keyParam !== undefined) url.searchParams.set(request.keyParam, requireKey(target))
}

/** The header with the key. It goes with every hop, since no redirect leads to another host. */
function keyHeaders(request: VendorRequest, target: Target): Record<string, string> {
  if (request.keyHeader === undefined) return {}
  const { name, prefix } = request.keyHeader
  return { [name]: `${prefix}${requireKey(target)}` }
}

function requireKey(target: Target): string {
  if (target.key === undefined) {
    throw new StockyardError('config', 'KEY_MISSING', `${target.provider} needs a key.`, {
      hint: `Set ${variableOf(target.provider, 'API_KEY')} in the environment or in .env.`,
    })
  }
  registerSecret(target.key)
  return target.key
}

/**
 * The address that a redirect names, where it is the same host on the same port, or the same host by
 * https in place of http: anywhere else the key would be handed to a stranger.
 */
function redirectedUrl(from: URL, location: string, place: string): URL {
  if (!URL.canParse(location, from.href)) throw redirectError(place, 'its address is not a URL')
  const to = new URL(location, from)
  const isUpgrade =
    from.protocol === 'http:' &&
    to.protocol === 'https:' &&
    to.hostname === from.hostname &&
    to.port === ''
  if (to.origin !== from.origin && !isUpgrade) {
    throw redirectError(place, `it leads to ${to.origin}`)
  }
  to.username = ''
  to.password = ''
  return to
}
