/** Listening, health, and what happens when the database goes away. */
import assert from 'node:assert/strict'
import { createServer, type AddressInfo } from 'node:net'
import { connect } from 'node:net'
import { once } from 'node:events'
import { describe, it, type TestContext } from 'node:test'
import { serve } from '../../src/api/serve.ts'
import { systemClock } from '../../src/clock.ts'
import { openPool } from '../../src/db/connect.ts'
import { makeDatabase } from '../support/database.ts'
import { AAPL_MINUTES, fillStore } from '../support/filled-store.ts'
import { appOver, ask, contextOf } from './app-under-test.ts'

const { pool, url: databaseUrl } = await makeDatabase()
await fillStore(pool)

async function served(t: TestContext) {
  const server = await serve(contextOf(pool), { host: '127.0.0.1', port: 0 })
  t.after(() => server.close())
  return server
}

describe('a server', () => {
  it('answers over a real socket, and streams', async (t) => {
    const { url } = await served(t)
    const health = await fetch(`${url}/health`)
    assert.deepEqual(await health.json(), { status: 'alive', version: '0.0.0-test' })
    const csv = await fetch(`${url}/api/v1/stocks/AAPL/prices?interval=1m&format=csv`)
    assert.equal(csv.headers.get('transfer-encoding'), 'chunked')
    assert.equal((await csv.text()).split('\n').length, AAPL_MINUTES.length + 2)
  })

  it('stops reading when the client has gone', async (t) => {
    const { url } = await served(t)
    const abort = new AbortController()
    const path = `${url}/api/v1/stocks/AAPL/prices?interval=1m&format=csv`
    const { body } = await fetch(path, { signal: abort.signal })
    await body!.getReader().read()
    abort.abort()
    const health = await fetch(`${url}/api/v1/health`)
    assert.equal(health.status, 200, await health.text())
  })

  it('refuses to be reachable from elsewhere', async () => {
    for (const host of ['0.0.0.0', '::', '192.168.1.5', 'example.org']) {
      await assert.rejects(
        serve(contextOf(pool), { host, port: 0 }),
        { code: 'BIND_REFUSED' },
        host,
      )
    }
  })

  it('says in one sentence that the port is taken', async (t) => {
    const other = createServer().listen(0, '127.0.0.1')
    t.after(() => other.close())
    await once(other, 'listening')
    const { port } = other.address() as AddressInfo
    await assert.rejects(serve(contextOf(pool), { host: '127.0.0.1', port }), {
      code: 'PORT_IN_USE',
      message: `Port ${port} is in use by another program.`,
      hint: /API_PORT/,
    })
  })

  it('closes although a client holds its connection open', async () => {
    const server = await serve(contextOf(pool, { clock: systemClock }), {
      host: '127.0.0.1',
      port: 0,
    })
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
    await once(socket, 'connect')
    socket.on('error', () => {})
    await Promise.all([once(socket, 'close'), server.close()])
  })

  it('refuses a request without a well-formed head', async (t) => {
    const { url } = await served(t)
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    socket.write(`GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'a'.repeat(40_000)}\r\n\r\n`)
    const [answer] = (await once(socket, 'data')) as [Buffer]
    assert.match(answer.toString(), /^HTTP\/1\.1 431 /)
    socket.destroy()
  })
})

describe('health', () => {
  it('is ready with the database at the schema of the code', async (t) => {
    const app = await appOver(pool)
    t.after(() => app.close())
    const { status, body } = await ask(app, '/api/v1/health')
    assert.deepEqual([status, body.status, body.database], [200, 'ready', 'up'])
  })

  it('is not ready before the tables are there', async (t) => {
    const empty = await makeDatabase(t, { migrated: false })
    const app = await appOver(empty.pool)
    t.after(() => app.close())
    const { status, body } = await ask(app, '/api/v1/health')
    assert.deepEqual([status, body.code], [503, 'DATABASE_NOT_MIGRATED'])
    assert.equal((await ask(app, '/api/v1/stocks')).body.code, 'DATABASE_NOT_MIGRATED')
  })

  it('answers 503 with Retry-After while the database is away, and goes on when it is back', async (t) => {
    const away = new URL(databaseUrl)
    away.port = '1'
    const lost = openPool(away.href)
    const app = await appOver(lost)
    t.after(async () => {
      await app.close()
      await lost.end()
    })
    for (const path of [
      '/api/v1/health',
      '/api/v1/stocks',
      '/api/v1/stocks/AAPL/prices?format=csv',
    ]) {
      const { status, headers, body, text } = await ask(app, path)
      assert.deepEqual([status, body.code], [503, 'DATABASE_UNREACHABLE'], path)
      assert.equal(headers['retry-after'], '5')
      assert.equal(text.includes(away.password), false)
    }
    assert.equal((await ask(app, '/health')).status, 200)
  })

  it('stands the loss of all connections at once', async (t) => {
    const app = await appOver(pool)
    t.after(() => app.close())
    await Promise.all([ask(app, '/api/v1/stocks'), ask(app, '/api/v1/etl/status')])
    const killer = openPool(databaseUrl, { max: 1 })
    await killer.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = current_database() AND pid <> pg_backend_pid()`,
    )
    await killer.end()
    const statuses: number[] = []
    while (statuses.at(-1) !== 200 && statuses.length < 20) {
      statuses.push((await ask(app, '/api/v1/stocks')).status)
    }
    assert.equal(statuses.at(-1), 200, statuses.join())
  })
})
