/**
 * What no HTTP client would send, over real sockets: floods, smuggling shapes, bytes that are no text, and
 * clients that do not read. Each is a 4xx and the end of the connection; nobody else waits for it.
 */
import assert from 'node:assert/strict'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { Readable } from 'node:stream'
import { after, describe, it } from 'node:test'
import { makeApp } from '../../src/api/app.ts'
import { makeDatabase } from '../support/database.ts'
import { fillStore } from '../support/filled-store.ts'
import { contextOf } from './app-under-test.ts'

const { pool } = await makeDatabase()
await fillStore(pool)
const app = await makeApp(contextOf(pool))
after(() => app.close())

const CHUNK = 'x'.repeat(64 * 1024)
let chunksMade = 0
function* endless() {
  for (;;) {
    chunksMade += 1
    yield CHUNK
  }
}
app.get('/endless', { config: { access: 'open' } }, async () => Readable.from(endless()))
await app.listen({ host: '127.0.0.1', port: 0 })
const { port } = app.server.address() as AddressInfo

/** Sends bytes and gives all that comes back until the server ends the connection, or goes quiet. */
async function exchange(bytes: string | Buffer): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  let answer = ''
  socket.on('data', (data) => (answer += data.toString('latin1')))
  // A server that refuses may close before all was sent, and the answer is then lost on its way.
  socket.on('error', () => {})
  socket.write(bytes)
  await new Promise((resolve) => socket.once('close', resolve))
  return answer
}

const request = (line: string, headers = '', body = '') =>
  `${line}\r\nHost: localhost\r\nConnection: close\r\n${headers}\r\n${body}`

function statusesOf(answer: string): number[] {
  return [...answer.matchAll(/^HTTP\/1\.1 (\d{3}) /gm)].map(([, status]) => Number(status))
}

describe('bytes that are no request', () => {
  const cases: readonly (readonly [name: string, bytes: string | Buffer, status: number])[] = [
    ['a method that there is not', request('BREW / HTTP/1.1'), 400],
    ['TLS', Buffer.from('16030100c2010000be0303', 'hex'), 400],
    ['HTTP/0.9 with a body', 'GET / HTTP/9.9\r\nHost: localhost\r\n\r\n', 400],
    ['NUL in a header', request('GET / HTTP/1.1', 'X-A: a\0b\r\n'), 400],
    ['a line break within a header', request('GET / HTTP/1.1', 'X-A: a\r\n b\r\n'), 400],
    ['a space before the colon', request('GET / HTTP/1.1', 'X-A : a\r\n'), 400],
    [
      'thousands of headers',
      request('GET / HTTP/1.1', Array.from({ length: 5000 }, (_, i) => `X-${i}: 1\r\n`).join('')),
      431,
    ],
    ['no host', 'GET /health HTTP/1.1\r\nConnection: close\r\n\r\n', 400],
  ]
  for (const [name, bytes, status] of cases) {
    it(`are answered ${status}: ${name}`, async () => {
      const answer = await exchange(bytes)
      assert.deepEqual(statusesOf(answer), [status], answer.slice(0, 300))
      if (name === 'no host') return
      assert.match(answer, /content-type: application\/problem\+json/)
      const body = JSON.parse(answer.slice(answer.indexOf('\r\n\r\n'))) as Record<string, unknown>
      assert.equal(body['code'], status === 431 ? 'HEADERS_TOO_LARGE' : 'REQUEST_MALFORMED')
      assert.equal(typeof body['detail'], 'string')
    })
  }
})

describe('a head of 1 MB', () => {
  it('is not read to its end', async () => {
    for (const bytes of [
      request('GET / HTTP/1.1', `X-A: ${'a'.repeat(1024 * 1024)}\r\n`),
      request(`GET /${'a'.repeat(1024 * 1024)} HTTP/1.1`),
    ]) {
      const statuses = statusesOf(await exchange(bytes))
      assert.ok(['', '431'].includes(statuses.join()), statuses.join())
      assert.equal((await app.inject('/health')).statusCode, 200)
    }
  })
})

describe('two requests that are said to be one', () => {
  const hidden = 'DELETE /api/v1/stocks/AAPL HTTP/1.1\r\nHost: localhost\r\n\r\n'
  const post = 'POST /api/v1/stocks HTTP/1.1'
  const json = 'Content-Type: application/json\r\n'
  const cases: readonly (readonly [string, string])[] = [
    [
      'content-length beside chunked',
      request(
        post,
        `${json}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n`,
        `0\r\n\r\n${hidden}`,
      ),
    ],
    [
      'two content-lengths',
      request(post, `${json}Content-Length: 2\r\nContent-Length: 60\r\n`, `{}${hidden}`),
    ],
    [
      'a content-length that is none',
      request(post, `${json}Content-Length: +2\r\n`, `{}${hidden}`),
    ],
    [
      'an odd transfer-encoding',
      request(post, `${json}Transfer-Encoding: xchunked\r\n`, `0\r\n\r\n${hidden}`),
    ],
    [
      'chunked twice over',
      request(post, `${json}Transfer-Encoding: chunked, identity\r\n`, `0\r\n\r\n${hidden}`),
    ],
    [
      'a chunk size that is none',
      request(post, `${json}Transfer-Encoding: chunked\r\n`, `zz\r\n{}\r\n0\r\n\r\n${hidden}`),
    ],
    [
      'a bare line feed after a chunk size',
      request(post, `${json}Transfer-Encoding: chunked\r\n`, `2\n{}\r\n0\r\n\r\n${hidden}`),
    ],
  ]
  for (const [name, bytes] of cases) {
    it(`are refused as one: ${name}`, async () => {
      const statuses = statusesOf(await exchange(bytes))
      assert.equal(statuses.length, 1, statuses.join())
      assert.equal(statuses[0]! >= 400 && statuses[0]! < 500, true, statuses.join())
      const answer = await app.inject('/api/v1/stocks/AAPL')
      assert.equal(answer.json<{ active: boolean }>().active, true)
    })
  }
})

describe('two names of a server', () => {
  const cases: readonly (readonly [string, string, number])[] = [
    [
      'a second Host header',
      'GET /api/v1/stocks HTTP/1.1\r\nHost: localhost\r\nHost: evil.example',
      400,
    ],
    [
      'the same one twice',
      'GET /api/v1/stocks HTTP/1.1\r\nHost: localhost\r\nHost: localhost',
      400,
    ],
    [
      'another in the request line',
      'GET http://evil.example/api/v1/stocks HTTP/1.1\r\nHost: localhost',
      421,
    ],
  ]
  for (const [name, head, status] of cases) {
    it(`are refused: ${name}`, async () => {
      const answer = await exchange(`${head}\r\nConnection: close\r\n\r\n`)
      assert.deepEqual(statusesOf(answer), [status])
      assert.ok(
        answer.includes(`"code":"${status === 400 ? 'REQUEST_MALFORMED' : 'HOST_REFUSED'}"`),
      )
    })
  }

  it('that are one are served', async () => {
    const answer = await exchange(request('GET http://localhost/api/v1/stocks HTTP/1.1'))
    assert.deepEqual(statusesOf(answer), [200])
  })
})

describe('requests that are large or odd', () => {
  const many = Array.from({ length: 2000 }, (_, i) => `p${i}=1`).join('&')
  const deep = `${'{"a":'.repeat(9000)}1${'}'.repeat(9000)}`
  const body = (text: string | Buffer) =>
    Buffer.concat([
      Buffer.from(
        request(
          'POST /api/v1/stocks HTTP/1.1',
          `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(text)}\r\n`,
        ),
      ),
      Buffer.from(text),
    ])
  const cases: readonly (readonly [string, string | Buffer])[] = [
    ['thousands of parameters', request(`GET /api/v1/stocks?${many} HTTP/1.1`)],
    [
      'one parameter thousands of times',
      request(`GET /api/v1/stocks?${'limit=1&'.repeat(1500)} HTTP/1.1`),
    ],
    ['a long list of symbols', request(`GET /api/v1/prices?symbols=${'A,'.repeat(5000)} HTTP/1.1`)],
    ['JSON nested 9,000 deep', body(deep)],
    ['lists nested 30,000 deep', body(`{"symbol":${'['.repeat(30_000)}${']'.repeat(30_000)}}`)],
    ['objects nested 9,000 deep in a field', body(`{"symbol":${deep}}`)],
    ['JSON of bytes that are not UTF-8', body(Buffer.from('{"symbol":"\xff\xfe"}', 'latin1'))],
    ['%00 in the path', request('GET /api/v1/stocks/A%00B HTTP/1.1')],
    ['%c0%af in the path', request('GET /api/v1/stocks/%c0%af HTTP/1.1')],
    ['%ff in a parameter', request('GET /api/v1/stocks?text=%ff%fe HTTP/1.1')],
    ['half a pair of UTF-16 in a parameter', request('GET /api/v1/stocks?text=%ed%a0%80 HTTP/1.1')],
    ['a % in a parameter that begins nothing', request('GET /api/v1/stocks?text=%zz HTTP/1.1')],
    [
      'bytes above ASCII in the path',
      Buffer.from(request('GET /api/v1/stocks/\xff HTTP/1.1'), 'latin1'),
    ],
    [
      'text to choke a pattern',
      request(`GET /api/v1/stocks?text=${'%20'.repeat(50)}${'a'.repeat(3000)}! HTTP/1.1`),
    ],
    ['a far date', request('GET /api/v1/stocks/AAPL/prices?from=+999999-01-01 HTTP/1.1')],
    ['a deep offset', request('GET /api/v1/stocks?skip=99999999 HTTP/1.1')],
  ]
  for (const [name, bytes] of cases) {
    it(`are a 4xx at once: ${name}`, async () => {
      const before = process.cpuUsage()
      const statuses = statusesOf(await exchange(bytes))
      const { user, system } = process.cpuUsage(before)
      assert.equal(statuses.length, 1)
      assert.equal(statuses[0]! >= 400 && statuses[0]! < 500, true, statuses.join())
      // What the event loop can have stood still for, however busy the machine is. Twice the bound of 100 ms, since
      // other threads of the process, such as that of the garbage collector, count as well.
      assert.ok(user + system < 200_000, `it took ${user + system} µs of processor time`)
    })
  }
})

describe('clients that do not read', () => {
  it('hold a bounded amount each, are cut off, and keep nobody waiting', async () => {
    const idleMs = 500
    app.server.setTimeout(idleMs)
    const before = chunksMade
    const sockets: Socket[] = Array.from({ length: 50 }, () => connect(port, '127.0.0.1').pause())
    const closed = sockets.map(async (socket) => {
      socket.on('error', () => {})
      await new Promise((resolve) => socket.once('close', resolve))
    })
    for (const socket of sockets) {
      socket.write('GET /endless HTTP/1.1\r\nHost: localhost\r\n\r\n')
    }
    const health = await fetch(`http://127.0.0.1:${port}/api/v1/health`)
    assert.equal(health.status, 200)
    // Wait until the server has given all of them up.
    while ((await connectionCount()) > 1) await new Promise((resolve) => setImmediate(resolve))
    const made = chunksMade - before
    for (const socket of sockets) socket.destroy()
    await Promise.all(closed)
    // What the kernel takes for a socket on loopback, and a few chunks of ours.
    assert.ok(made / 50 < 200, `${made / 50} chunks of 64 KB each`)
    assert.equal((await fetch(`http://127.0.0.1:${port}/health`)).status, 200)
  })
})

function connectionCount(): Promise<number> {
  return new Promise((resolve, reject) => {
    app.server.getConnections((error, count) => (error === null ? resolve(count) : reject(error)))
  })
}
