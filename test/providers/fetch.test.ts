import assert from 'node:assert/strict'
import test from 'node:test'
import * as zlib from 'node:zlib'
import { pino } from 'pino'
import { StockyardError } from '../../src/domain/error.ts'
import { makeHttpClient, sendRequest } from '../../src/providers/fetch.ts'
import {
  answer,
  answerUntilClose,
  endless,
  raw,
  redirectTo,
  reset,
  startFaultServer,
  type Reply,
} from '../support/fault-server.ts'
import { makeRecordingClock } from '../support/recording-clock.ts'
import { BODY, CAP, KEY, REQUEST, send, sendTo } from '../support/send-call.ts'

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
  hint: 'Wait.',
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

// Interruption ------------------------------------------------------------------------------

test('an interruption ends a call in flight, a wait, and a call not begun', async (t) => {
  const beforeAll = await sendTo(t, [answer(200, BODY)], { signal: AbortSignal.abort() })
  assert.deepEqual([beforeAll.error?.code, beforeAll.paid], ['INTERRUPTED', 0])

  const inFlight = new AbortController()
  const hangUp: Reply = () => inFlight.abort()
  const flying = await sendTo(t, [hangUp], { signal: inFlight.signal, retries: 2 })
  assert.deepEqual(
    [flying.error?.code, flying.error?.kind, flying.paid, flying.settled],
    ['INTERRUPTED', 'incomplete', 1, 1],
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
