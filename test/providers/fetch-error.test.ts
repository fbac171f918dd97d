import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { createServer as createTlsServer } from 'node:tls'
import * as zlib from 'node:zlib'
import {
  answer,
  answerUntilClose,
  chunked,
  cutByLength,
  cutInChunks,
  drip,
  raw,
  redirectTo,
  reset,
  resetInBody,
  silence,
  startFaultServer,
  type Reply,
} from '../support/fault-server.ts'
import { BODY, send, sendTo } from '../support/send-call.ts'

/** A port on which nothing listens. */
async function closedPort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

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
    assert.deepEqual([lasting.paid, lasting.settled, lasting.refunded], [2, 2, 0])
    assert.equal(lasting.sleeps.length, 1)
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
  assert.deepEqual([sent.paid, sent.settled, sent.refunded], [3, 0, 3])
  assert.equal(sent.sleeps.length, 2)
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
    assert.ok(performance.now() - started < 20_000)
    assert.deepEqual([sent.paid, sent.refunded], [1, 0])
  })
}

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

// Keys -----------------------------------------------------------------------------------------------

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
