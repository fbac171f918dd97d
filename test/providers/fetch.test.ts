import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { createServer as createTlsServer } from 'node:tls'
import * as zlib from 'node:zlib'
import { pino } from 'pino'
import { StockyardError } from '../../src/domain/error.ts'
import {
  makeHttpClient,
  sendRequest,
  type HttpClientOptions,
  type Target,
} from '../../src/providers/fetch.ts'
import type { VendorRequest } from '../../src/providers/provider.ts'
import {
  answer,
  answerUntilClose,
  chunked,
  cutByLength,
  cutInChunks,
  drip,
  endless,
  raw,
  redirectTo,
  reset,
  resetInBody,
  silence,
  startFaultServer,
  type Reply,
} from '../support/fault-server.ts'
import { makeRecordingClock } from '../support/recording-clock.ts'

const KEY = 'canary+key/1'
const REQUEST: VendorRequest = {
  path: '/query',
  params: { function: 'TIME_SERIES_DAILY', symbol: 'BRK.B & more' },
  keyParam: 'apikey',
}
const BODY = Buffer.from('{"Meta Data": {"2. Symbol": "IBM"}}')
const CAP = 100_000

interface Sent {
  readonly body: string | undefined
  readonly status: number | undefined
  readonly error: StockyardError | undefined
  readonly sleeps: readonly number[]
  readonly paid: number
  readonly refunded: number
  readonly log: string
}

/** Sends one call with a client of its own, and tells all that can be seen of it. */
async function send(
  t: TestContext,
  baseUrl: string,
  options: Partial<HttpClientOptions & Target> = {},
): Promise<Sent> {
  const clock = makeRecordingClock({ now: Date.UTC(2026, 2, 2, 12) })
  const log: string[] = []
  const client = makeHttpClient({
    clock,
    log: pino({ level: 'trace' }, { write: (line: string) => void log.push(line) }),
    maxBytes: CAP,
    retries: 0,
    random: () => 0.5,
    ...options,
  })
  t.after(() => client.close())
  let paid = 0
  let refunded = 0
  const pay = async () => {
    paid += 1
    return async () => {
      refunded += 1
    }
  }
  const target = { provider: 'alpha-vantage', key: KEY, pay, ...options, baseUrl }
  const told = () => ({ sleeps: clock.sleeps, paid, refunded, log: log.join('') })
  try {
    const body = await sendRequest(client, REQUEST, target)
    const text = Buffer.from(body.bytes).toString()
    return { body: text, status: body.status, error: undefined, ...told() }
  } catch (error) {
    assert.ok(error instanceof StockyardError, String(error))
    return { body: undefined, status: undefined, error, ...told() }
  }
}

async function sendTo(
  t: TestContext,
  replies: readonly Reply[],
  options: Partial<HttpClientOptions & Target> = {},
) {
  const server = await startFaultServer(t, replies)
  return { ...(await send(t, server.url, options)), server }
}

/** A port on which nothing listens. */
async function closedPort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

test('sends path, parameters, key and headers, and gives the body back as it came', async (t) => {
  const { server, body, status } = await sendTo(t, [answer(200, BODY)])
  assert.equal(body, BODY.toString())
  assert.equal(status, 200)
  const seen = new URL(server.requests[0]!.path, server.url)
  assert.equal(seen.pathname, '/query')
  assert.deepEqual(
    [...seen.searchParams],
    [
      ['function', 'TIME_SERIES_DAILY'],
      ['symbol', 'BRK.B & more'],
      ['apikey', KEY],
    ],
  )
  assert.equal(server.requests[0]!.headers['user-agent'], 'stockyard')
  assert.match(server.requests[0]!.headers['accept-encoding']!, /gzip/)
})

test('keeps the path of a base URL in front of the path of the call', async (t) => {
  const server = await startFaultServer(t, [answer(200, BODY)])
  await send(t, `${server.url}/vendors/alpha/`)
  assert.match(server.requests[0]!.path, /^\/vendors\/alpha\/query\?/)
})

test('keeps a connection for the next call', async (t) => {
  const server = await startFaultServer(t, [answer(503, ''), answer(200, BODY)])
  assert.equal((await send(t, server.url, { retries: 1 })).body, BODY.toString())
  assert.equal(server.connections(), 1)
})

for (const [coding, bytes] of [
  ['gzip', zlib.gzipSync(BODY)],
  ['br', zlib.brotliCompressSync(BODY)],
  ['zstd', zlib.zstdCompressSync(BODY)],
  ['deflate', zlib.deflateSync(BODY)],
] as const) {
  test(`decodes a body in ${coding}`, async (t) => {
    const { body } = await sendTo(t, [answer(200, bytes, { 'content-encoding': coding })])
    assert.equal(body, BODY.toString())
  })
}

test('a call without its key is not sent', async (t) => {
  const server = await startFaultServer(t, [answer(200, BODY)])
  const client = makeHttpClient({ clock: makeRecordingClock(), log: pino({ level: 'silent' }) })
  t.after(() => client.close())
  const target = { provider: 'alpha-vantage', baseUrl: server.url, key: undefined }
  await assert.rejects(sendRequest(client, REQUEST, target), {
    kind: 'config',
    code: 'KEY_MISSING',
    hint: /ALPHA_VANTAGE_API_KEY/,
  })
  assert.equal(server.requests.length, 0)
})

// Answers that are the adapter's business ------------------------------------------------------------

for (const status of [400, 401, 403, 404, 422]) {
  test(`an answer with status ${status} is handed on at once`, async (t) => {
    const sent = await sendTo(t, [answer(status, 'no'), answer(200, BODY)], { retries: 2 })
    assert.deepEqual([sent.status, sent.body, sent.sleeps, sent.paid], [status, 'no', [], 1])
  })
}

test('HTML, an empty body and a body cut without any framing are handed on, for the adapter to refuse', async (t) => {
  const html = '<html>Please verify that you are human</html>'
  assert.equal((await sendTo(t, [answer(200, html)])).body, html)
  assert.equal((await sendTo(t, [answer(200, '')])).body, '')
  assert.equal((await sendTo(t, [answerUntilClose(BODY.subarray(0, 9))])).body, '{"Meta Da')
})

// Tries ----------------------------------------------------------------------------------------------

for (const status of [408, 429, 500, 502, 503, 504]) {
  test(`status ${status} is tried again, and handed on after the last try`, async (t) => {
    const mended = await sendTo(t, [answer(status, ''), answer(status, ''), answer(200, BODY)], {
      retries: 2,
    })
    assert.equal(mended.body, BODY.toString())
    const extra = status === 429 ? 1_000 : 0
    assert.deepEqual(mended.sleeps, [500 + extra, 1_000 + extra])
    assert.equal(mended.paid, 3)
    const lasting = await sendTo(t, [answer(status, 'down')], { retries: 2 })
    assert.deepEqual([lasting.status, lasting.body, lasting.paid], [status, 'down', 3])
    assert.equal(lasting.server.requests.length, 3)
  })
}

for (const [header, waitMs] of [
  ['7', 7_000],
  ['0', 0],
  ['Mon, 02 Mar 2026 12:00:09 GMT', 9_000],
  ['Mon, 02 Mar 2026 11:00:00 GMT', 0],
  ['1000000000', 120_000],
  ['Fri, 31 Dec 9999 23:59:59 GMT', 120_000],
  ['-5', 1_500],
  ['a moment', 1_500],
] as const) {
  test(`a 429 with Retry-After "${header}" is tried again after ${waitMs} ms`, async (t) => {
    const replies = [answer(429, '', { 'retry-after': header }), answer(200, BODY)]
    const sent = await sendTo(t, replies, { retries: 1 })
    assert.deepEqual([sent.body, sent.sleeps], [BODY.toString(), [waitMs]])
  })
}

test('says before each wait why and how long', async (t) => {
  const told: unknown[] = []
  const onRetry = async (retry: object) => void told.push({ ...retry, why: '' })
  await sendTo(t, [answer(503, '', { 'retry-after': '3' }), reset, answer(200, BODY)], {
    retries: 2,
    onRetry,
  })
  assert.deepEqual(told, [
    { status: 503, retryAfterMs: 3_000, waitMs: 3_000, why: '' },
    { status: null, retryAfterMs: null, waitMs: 1_000, why: '' },
  ])
})

const NO_CALLS_LEFT = new StockyardError('provider', 'BUDGET_EXHAUSTED', 'No calls are left.', {
  retry: true,
})

const refuseToPay = () => Promise.reject(NO_CALLS_LEFT)

test('what pay throws ends the call before anything is sent', async (t) => {
  const server = await startFaultServer(t, [answer(200, BODY)])
  assert.equal(
    (await send(t, server.url, { pay: refuseToPay, retries: 2 })).error?.code,
    'BUDGET_EXHAUSTED',
  )
  assert.equal(server.requests.length, 0)
})

// Faults ---------------------------------------------------------------------------------------------

const HEADERS_ONLY = 'HTTP/1.1 200 OK\r\ncontent-length: 10\r\n'
const FAULTS: [string, Reply, string][] = [
  ['a reset before the answer', reset, 'PROVIDER_UNREACHABLE'],
  ['an end before the answer', raw('', { end: true }), 'PROVIDER_UNREACHABLE'],
  ['an end inside the headers', raw(HEADERS_ONLY, { end: true }), 'PROVIDER_UNREACHABLE'],
  ['a reset inside the body', resetInBody(BODY), 'PROVIDER_TRUNCATED'],
  ['a content-length above the body', cutByLength(BODY, BODY.length - 1), 'PROVIDER_TRUNCATED'],
  [
    'an answer that is not HTTP',
    raw('SSH-2.0-OpenSSH_9.2\r\n', { end: false }),
    'PROVIDER_PROTOCOL',
  ],
  [
    'a flood of headers',
    raw(`HTTP/1.1 200 OK\r\n${'x-flood: 0123456789\r\n'.repeat(5_000)}`, { end: false }),
    'PROVIDER_PROTOCOL',
  ],
  [
    'a chunk whose size is no number',
    raw('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nZZ\r\nabc', { end: false }),
    'PROVIDER_PROTOCOL',
  ],
  [
    'two different content-lengths',
    raw('HTTP/1.1 200 OK\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\nabcd', { end: false }),
    'PROVIDER_TRUNCATED',
  ],
  [
    'a body that is not gzip',
    answer(200, BODY, { 'content-encoding': 'gzip' }),
    'PROVIDER_TRUNCATED',
  ],
  [
    'a gzip body with a flipped byte',
    answer(200, flipByte(zlib.gzipSync(BODY), 20), { 'content-encoding': 'gzip' }),
    'PROVIDER_TRUNCATED',
  ],
  [
    'a content coding nobody knows',
    answer(200, BODY, { 'content-encoding': 'lzma' }),
    'PROVIDER_TRUNCATED',
  ],
]

function flipByte(bytes: Uint8Array, at: number): Uint8Array {
  const flipped = Uint8Array.from(bytes)
  flipped[at]! ^= 0xff
  return flipped
}

for (const [name, reply, code] of FAULTS) {
  test(`${name} is ${code}, and is tried again`, async (t) => {
    const lasting = await sendTo(t, [reply], { retries: 1 })
    assert.equal(lasting.error?.code, code)
    assert.equal(lasting.error?.kind, 'provider')
    assert.equal(lasting.error?.retry, true)
    assert.match(
      lasting.error!.message,
      /^(The answer of )?alpha-vantage \(127\.0\.0\.1:\d+\/query\) /,
    )
    assert.deepEqual([lasting.paid, lasting.refunded, lasting.sleeps.length], [2, 0, 1])
    const mended = await sendTo(t, [reply, answer(200, BODY)], { retries: 1 })
    assert.equal(mended.body, BODY.toString())
  })
}

test('an answer cut after any byte is refused, whatever frames it', async (t) => {
  const gzip = zlib.gzipSync(BODY)
  const framings: [string, number, (at: number) => Reply][] = [
    ['length', BODY.length, (at) => cutByLength(BODY, at)],
    ['chunks', chunked(BODY).length, (at) => cutInChunks(BODY, at)],
    [
      'gzip',
      gzip.length,
      (at) => answerUntilClose(gzip.subarray(0, at), { 'content-encoding': 'gzip' }),
    ],
  ]
  for (const [name, length, replyAt] of framings) {
    const cuts = Array.from({ length: length - 1 }, (_, index) => index + 1)
    const server = await startFaultServer(t, [...cuts.map(replyAt), replyAt(length)])
    for (const at of cuts) {
      const { error } = await send(t, server.url)
      assert.equal(error?.code, 'PROVIDER_TRUNCATED', `${name} cut after ${at} of ${length}`)
    }
    assert.equal((await send(t, server.url)).body, BODY.toString(), `${name} not cut`)
  }
})

test('an address on which nothing listens costs nothing', async (t) => {
  const sent = await send(t, `http://127.0.0.1:${await closedPort()}`, { retries: 2 })
  assert.equal(sent.error?.code, 'PROVIDER_UNREACHABLE')
  assert.match(sent.error!.message, /nothing listens there/)
  assert.deepEqual([sent.paid, sent.refunded, sent.sleeps.length], [3, 3, 2])
})

test('a host that does not exist costs nothing', async (t) => {
  const sent = await send(t, 'http://stockyard.invalid')
  assert.equal(sent.error?.code, 'PROVIDER_UNREACHABLE')
  assert.match(sent.error!.message, /host name/)
  assert.deepEqual([sent.paid, sent.refunded], [1, 1])
})

for (const [name, reply] of [
  ['no answer at all', silence],
  ['headers and no body', raw(`${HEADERS_ONLY}\r\n`, { end: false })],
  ['a byte every few milliseconds', drip(5)],
] as const) {
  test(`${name} is cut at the deadline`, async (t) => {
    const started = performance.now()
    const sent = await sendTo(t, [reply], { deadlineMs: 80 })
    assert.equal(sent.error?.code, 'PROVIDER_TIMEOUT')
    assert.match(sent.error!.message, /within 0\.08 s/)
    assert.ok(performance.now() - started < 2_000)
    assert.deepEqual([sent.paid, sent.refunded], [1, 0])
  })
}

// Size -----------------------------------------------------------------------------------------------

test('an endless body is cut at the cap and not tried again', async (t) => {
  const { error, paid, server } = await sendTo(t, [endless()], { retries: 2 })
  assert.deepEqual([error?.code, error?.retry, paid], ['PROVIDER_TOO_LARGE', false, 1])
  // What the two ends had buffered comes on top of the cap.
  assert.ok(server.bytesSent() < CAP + 16_000_000, `${server.bytesSent()} bytes were taken`)
})

test('a bomb of 10 GB in 10 MB is cut while it is decoded', async (t) => {
  const bomb = Buffer.concat(Array(1_000).fill(zlib.gzipSync(Buffer.alloc(10_000_000))))
  const before = process.memoryUsage().rss
  const sent = await sendTo(t, [answer(200, bomb, { 'content-encoding': 'gzip' })], {
    maxBytes: 32 * 1024 * 1024,
  })
  assert.equal(sent.error?.code, 'PROVIDER_TOO_LARGE')
  const grownBytes = process.memoryUsage().rss - before
  assert.ok(grownBytes < 200_000_000, `memory grew by ${grownBytes} bytes`)
})

test('a body of exactly the cap is taken, and one byte more is not', async (t) => {
  assert.equal((await sendTo(t, [answer(200, 'x'.repeat(CAP))])).body?.length, CAP)
  assert.equal(
    (await sendTo(t, [answer(200, 'x'.repeat(CAP + 1))])).error?.code,
    'PROVIDER_TOO_LARGE',
  )
})

// Redirects ------------------------------------------------------------------------------------------

test('follows a redirect on the same host, pays for it, and gives the key again', async (t) => {
  const sent = await sendTo(t, [redirectTo('/v2/query?symbol=IBM'), answer(200, BODY)])
  assert.deepEqual([sent.body, sent.paid], [BODY.toString(), 2])
  assert.match(sent.server.requests[1]!.path, /^\/v2\/query\?symbol=IBM&apikey=canary/)
})

test('refuses a redirect to another host, and never shows it the key', async (t) => {
  const stranger = await startFaultServer(t, [answer(200, BODY)])
  const elsewhere = [
    `${stranger.url}/query`,
    stranger.url.replace('http:', ''),
    stranger.url.replace('127.0.0.1', 'user:pass@localhost'),
    stranger.url.replace('http:', 'https:'),
    'ftp://127.0.0.1/query',
    'http://[::1]/',
    'http://169.254.169.254/latest/meta-data',
    'file:///etc/passwd',
    'http://',
  ]
  for (const location of elsewhere) {
    const sent = await sendTo(t, [redirectTo(location)], { retries: 2 })
    assert.deepEqual(
      [sent.error?.code, sent.error?.retry, sent.paid],
      ['PROVIDER_REDIRECT', false, 1],
      location,
    )
  }
  assert.equal(stranger.requests.length, 0)
})

test('gives up on a redirect loop after three', async (t) => {
  const sent = await sendTo(t, [redirectTo('/query')], { retries: 2 })
  assert.equal(sent.error?.code, 'PROVIDER_REDIRECT')
  assert.equal(sent.server.requests.length, 4)
})

test('a redirect that names no address is handed on', async (t) => {
  assert.equal((await sendTo(t, [answer(304, '')])).status, 304)
  assert.equal((await sendTo(t, [answer(302, 'where?')])).body, 'where?')
})

// TLS ------------------------------------------------------------------------------------------------

test('a certificate that nobody vouches for is refused, whatever the environment says', async (t) => {
  const server = await startTlsServer(t)
  if (server === null) return t.skip('openssl is not installed')
  const switchOff = 'NODE_TLS_REJECT_UNAUTHORIZED'
  const before = process.env[switchOff]
  process.env[switchOff] = '0'
  t.after(() => {
    if (before === undefined) delete process.env[switchOff]
    else process.env[switchOff] = before
  })
  const sent = await send(t, server, { retries: 2 })
  assert.deepEqual([sent.error?.code, sent.error?.retry], ['PROVIDER_TLS', false])
  assert.deepEqual([sent.paid, sent.refunded], [1, 1])
})

/** URL of a server with a certificate of its own making; null where none can be made. */
async function startTlsServer(t: TestContext): Promise<string | null> {
  const folder = mkdtempSync(join(tmpdir(), 'stockyard-tls-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  const options =
    'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=127.0.0.1'
  const made = spawnSync('openssl', [...options.split(' '), '-keyout', key, '-out', cert])
  if (made.status !== 0) return null
  const server = createTlsServer({ key: readFileSync(key), cert: readFileSync(cert) })
  server.on('tlsClientError', () => {})
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  t.after(() => new Promise((resolve) => void server.close(resolve)))
  return `https://127.0.0.1:${(server.address() as AddressInfo).port}`
}

// Keys and interruption ------------------------------------------------------------------------------

/** A redirect to another host that carries the key along. */
const echoElsewhere: Reply = (socket, request) =>
  redirectTo(`http://other.test${request.path}`)(socket, request)

test('the key is in no error and no log line', async (t) => {
  for (const reply of [...FAULTS.map((fault) => fault[1]), echoElsewhere, answer(503, '')]) {
    const { error, log } = await sendTo(t, [reply], { retries: 1 })
    const all = `${error?.message} ${error?.hint} ${error?.stack} ${String(error?.cause)} ${log}`
    assert.ok(!all.includes('canary'), all)
  }
})

test('an interruption ends a call in flight, a wait, and a call not begun', async (t) => {
  const beforeAll = await sendTo(t, [answer(200, BODY)], { signal: AbortSignal.abort() })
  assert.deepEqual([beforeAll.error?.code, beforeAll.paid], ['INTERRUPTED', 0])

  const inFlight = new AbortController()
  const hangUp: Reply = () => inFlight.abort()
  const flying = await sendTo(t, [hangUp], { signal: inFlight.signal, retries: 2 })
  assert.deepEqual(
    [flying.error?.code, flying.error?.kind, flying.paid],
    ['INTERRUPTED', 'incomplete', 1],
  )

  const inBody = new AbortController()
  const halfway: Reply = (socket, request) => {
    cutByLengthWithoutEnd(socket, request)
    setImmediate(() => inBody.abort())
  }
  assert.equal((await sendTo(t, [halfway], { signal: inBody.signal })).error?.code, 'INTERRUPTED')

  const waiting = new AbortController()
  const clock = makeRecordingClock({ onSleep: () => waiting.abort() })
  const waited = await sendTo(t, [answer(503, '')], { signal: waiting.signal, retries: 2, clock })
  assert.deepEqual([waited.error?.code, waited.paid], ['INTERRUPTED', 1])
})

const cutByLengthWithoutEnd = raw('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc', {
  end: false,
})
