/** Clients that send a request as slowly as they can: cut off in time, and in nobody's way. */
import assert from 'node:assert/strict'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { after, describe, it } from 'node:test'
import { makeApp } from '../../src/api/app.ts'
import { makeDatabase } from '../support/database.ts'
import { contextOf } from './app-under-test.ts'

const CLIENTS = 50
const BYTE_MS = 20
/** Short, so that nobody waits for the test. */
const SLOWNESS = { headMs: 300, requestMs: 600, lookedAtMs: 50 }

const { pool } = await makeDatabase()
const app = await makeApp(contextOf(pool, { slowness: SLOWNESS }))
after(() => app.close())
await app.listen({ host: '127.0.0.1', port: 0 })
const { port } = app.server.address() as AddressInfo

interface Told {
  readonly answer: string
  readonly ms: number
}

/** Sends what is given at once, then a byte now and then, for ever; what comes back until the server hangs up. */
async function drip(atOnce: string, drop: string): Promise<Told> {
  const began = performance.now()
  const socket: Socket = connect(port, '127.0.0.1')
  let answer = ''
  socket.on('data', (data) => (answer += data.toString('latin1')))
  // The server may hang up while a byte is on its way.
  socket.on('error', () => {})
  socket.write(atOnce)
  let sent = 0
  const dripping = setInterval(() => {
    if (drop !== '') socket.write(drop[sent % drop.length]!)
    sent += 1
  }, BYTE_MS)
  await new Promise((resolve) => socket.once('close', resolve))
  clearInterval(dripping)
  return { answer, ms: performance.now() - began }
}

const POST = 'POST /api/v1/stocks HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n'
const CASES: readonly (readonly [name: string, atOnce: string, drop: string, least: number])[] = [
  ['nothing at all', '', '', SLOWNESS.headMs],
  ['a request line', '', `GET /health?${'a'.repeat(10_000)}`, SLOWNESS.headMs],
  ['one header', 'GET /health HTTP/1.1\r\nHost: localhost\r\nX-A: ', 'a', SLOWNESS.headMs],
  [
    'headers without end',
    'GET /health HTTP/1.1\r\nHost: localhost\r\n',
    'a:b\r\n',
    SLOWNESS.headMs,
  ],
  [
    'a body of a length',
    `${POST}Content-Length: 50000\r\n\r\n{"symbol":"`,
    'A',
    SLOWNESS.requestMs,
  ],
  [
    'a body in chunks',
    `${POST}Transfer-Encoding: chunked\r\n\r\n`,
    '1\r\nA\r\n',
    SLOWNESS.requestMs,
  ],
]

describe('clients that send by the drop', () => {
  for (const [name, atOnce, drop, least] of CASES) {
    it(`are cut off after their time: ${name}`, async () => {
      const dripping = Array.from({ length: CLIENTS }, () => drip(atOnce, drop))
      // Others are served meanwhile.
      const health = await fetch(`http://127.0.0.1:${port}/api/v1/health`)
      assert.equal(health.status, 200)
      for (const { answer, ms } of await Promise.all(dripping)) {
        assert.match(answer, /^HTTP\/1\.1 408 [^]*"code":"REQUEST_TIMEOUT"/)
        // Nobody who sends in time is cut; a busy machine may be late.
        assert.ok(ms >= least && ms < least + 10_000, `${ms} ms`)
      }
      const left = await new Promise((resolve) =>
        app.server.getConnections((_error, count) => resolve(count)),
      )
      // That of the question about health may be kept alive.
      assert.ok(Number(left) <= 1, `${String(left)} connections are left`)
    })
  }

  it('have 15 s for a head and 30 s for all where nothing else is said, looked at every 5 s', async (t) => {
    const plain = await makeApp(contextOf(pool))
    t.after(() => plain.close())
    const { headersTimeout, requestTimeout, keepAliveTimeout, timeout } = plain.server
    assert.deepEqual(
      { headersTimeout, requestTimeout, keepAliveTimeout, timeout },
      {
        headersTimeout: 15_000,
        requestTimeout: 30_000,
        keepAliveTimeout: 10_000,
        timeout: 120_000,
      },
    )
    assert.deepEqual(
      [plain.server.maxRequestsPerSocket, plain.server.maxConnections],
      [10_000, 2000],
    )
  })
})
