/** Names, origins and pages of others: DNS rebinding, CORS, CSRF, paths out of the folder, headers. */
import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { makeApp } from '../../src/api/app.ts'
import type { App } from '../../src/api/context.ts'
import { createKey } from '../../src/api/keys.ts'
import { LOOPBACK_SECURITY, type ApiSecurity } from '../../src/api/security.ts'
import { makeDatabase } from '../support/database.ts'
import { fillStore, FRIDAY } from '../support/filled-store.ts'
import { contextOf } from './app-under-test.ts'

const { pool } = await makeDatabase()
await fillStore(pool)
const maker = { actor: 'user:test', now: FRIDAY }
const { key } = await createKey(pool, { role: 'write', name: null, expiresAt: null }, maker)
const keyed = { authorization: `Bearer ${key}` }

async function appWith(changes: Partial<ApiSecurity>): Promise<App> {
  const app = await makeApp(contextOf(pool, { security: { ...LOOPBACK_SECURITY, ...changes } }))
  after(() => app.close())
  return app
}

type Headers = Readonly<Record<string, string>>
const get = async (app: App, url: string, headers: Headers) => await app.inject({ url, headers })

const EVIL = 'https://evil.example'
const FRIEND = 'https://app.example.org'

describe('names', () => {
  it('bound wider are those that are listed, and those of loopback', async () => {
    const app = await appWith({ bind: 'wide', hosts: ['bars.example.org', '192.0.2.1'] })
    const status = async (host: string) =>
      (await get(app, '/api/v1/stocks', { host, ...keyed })).statusCode
    for (const host of ['bars.example.org', 'BARS.example.org:8000', '192.0.2.1:80', 'localhost']) {
      assert.equal(await status(host), 200, host)
    }
    for (const host of ['evil.example', 'bars.example.org.evil.example', '192.0.2.2', '0.0.0.0']) {
      assert.equal(await status(host), 421, host)
    }
  })
})

const preflight = (origin: string): Headers => ({
  host: 'localhost',
  origin,
  'access-control-request-method': 'DELETE',
  'access-control-request-headers': 'authorization',
})
const corsHeaders = (headers: object) =>
  Object.keys(headers).filter((name) => name.startsWith('access-control-'))

describe('pages of other sites', () => {
  it('get no leave of any kind unless they are listed', async () => {
    const app = await appWith({})
    for (const origin of [EVIL, FRIEND, 'null']) {
      const read = await get(app, '/api/v1/stocks', { host: 'localhost', origin })
      assert.deepEqual(corsHeaders(read.headers), [], origin)
      const asked = await app.inject({
        method: 'OPTIONS',
        url: '/api/v1/stocks/AAPL',
        headers: preflight(origin),
      })
      assert.equal(asked.statusCode, 204)
      assert.deepEqual(corsHeaders(asked.headers), [], origin)
    }
  })

  it('that are listed may read and write with a key, and others still may not', async () => {
    const app = await appWith({ corsOrigins: [FRIEND] })
    const url = '/api/v1/stocks/AAPL'
    const asked = await app.inject({ method: 'OPTIONS', url, headers: preflight(FRIEND) })
    assert.equal(asked.statusCode, 204)
    assert.equal(asked.headers['access-control-allow-origin'], FRIEND)
    assert.equal(asked.headers['access-control-allow-credentials'], undefined)
    const plain = await app.inject({ method: 'OPTIONS', url, headers: { host: 'localhost' } })
    assert.equal(plain.statusCode, 204)
    assert.equal(plain.headers['allow'], 'DELETE, GET, HEAD, OPTIONS, PATCH, PUT')
    const patch = async (origin: string, headers: Headers) =>
      await app.inject({
        method: 'PATCH',
        url,
        headers: { host: 'localhost', origin, ...headers },
        payload: { watched: true },
      })
    assert.equal((await patch(FRIEND, keyed)).statusCode, 200)
    assert.equal((await patch(FRIEND, {})).statusCode, 401)
    const evil = await patch(EVIL, keyed)
    assert.equal(evil.statusCode, 403)
    assert.equal(evil.headers['access-control-allow-origin'], undefined)
    const read = await get(app, url, { host: 'localhost', origin: EVIL })
    assert.equal(read.headers['access-control-allow-origin'], undefined)
    assert.match(String(read.headers['vary']), /origin/i)
    for (const path of ['/nope', '/api/v1/nope']) {
      assert.equal((await get(app, path, { host: 'localhost' })).statusCode, 404)
    }
  })

  it('cannot write through a browser that knows the key', async () => {
    const app = await appWith({ bind: 'wide', hosts: ['bars.example.org'] })
    const basic = `Basic ${Buffer.from(`me:${key}`).toString('base64')}`
    const patch = async (origin: string) =>
      await app.inject({
        method: 'PATCH',
        url: '/api/v1/stocks/AAPL',
        headers: { host: 'bars.example.org', origin, authorization: basic },
        payload: { watched: true },
      })
    for (const origin of [
      EVIL,
      'null',
      'https://bars.example.org.evil.example',
      'http://localhost',
    ]) {
      assert.equal((await patch(origin)).statusCode, 403, origin)
    }
    for (const origin of ['http://bars.example.org', 'https://bars.example.org']) {
      assert.equal((await patch(origin)).statusCode, 200, origin)
    }
  })
})

describe('answers', () => {
  it('all carry the headers that keep a browser from running anything', async () => {
    const app = await appWith({})
    for (const url of [
      '/',
      '/health',
      '/docs',
      '/redoc',
      '/openapi.json',
      '/api/v1/stocks',
      '/nope',
    ]) {
      const { headers } = await get(app, url, { host: 'localhost' })
      const policy = String(headers['content-security-policy'])
      assert.match(policy, /default-src 'none'/, url)
      assert.match(policy, /frame-ancestors 'none'/, url)
      assert.doesNotMatch(policy, /unsafe|\*|https?:/, url)
      assert.equal(headers['x-content-type-options'], 'nosniff', url)
      assert.equal(headers['referrer-policy'], 'no-referrer', url)
      assert.equal(headers['x-powered-by'], undefined)
      assert.equal(headers['server'], undefined)
    }
  })

  it('never hold a file from outside the folder of pages', async () => {
    const app = await appWith({})
    for (const path of [
      '/../package.json',
      '/..%2fpackage.json',
      '/%2e%2e/package.json',
      '/%252e%252e/package.json',
      '/..%5cpackage.json',
      '/./../src/main.ts',
      '//etc/passwd',
      '/docs/static/../../../../package.json',
      '/docs/static/..%2f..%2f..%2fpackage.json',
      '/docs/static/%00',
      '/icon.svg%00.html',
    ]) {
      const answer = await get(app, path, { host: 'localhost' })
      assert.ok(
        answer.statusCode >= 400 && answer.statusCode < 500,
        `${path}: ${answer.statusCode}`,
      )
      assert.doesNotMatch(answer.body, /"dependencies"|root:|runCommandLine/, path)
    }
  })

  it('never depend on names that every object has', async () => {
    const app = await appWith({})
    const headers = { host: 'localhost', ...keyed, 'content-type': 'application/json' }
    for (const payload of [
      '{"symbol":"PRTO","__proto__":{"watched":true}}',
      '{"symbol":"PRTO","constructor":{"prototype":{"watched":true}}}',
      '{"symbol":"PRTO","id":1}',
      '{"symbol":"PRTO","created_at":"2020-01-01"}',
    ]) {
      const answer = await app.inject({ method: 'POST', url: '/api/v1/stocks', headers, payload })
      assert.equal(answer.statusCode, 400, payload)
    }
    assert.equal(Object.hasOwn(Object.prototype, 'watched'), false)
  })
})

/** Everywhere that a text of a client comes near SQL. */
const places = (text: string) => [
  `/stocks?text=${text}`,
  `/stocks?sector=${text}`,
  `/stocks?exchange=${text}`,
  `/stocks?cursor=${text}`,
  `/stocks/${text}`,
  `/stocks/AAPL/prices?sort=${text}`,
  `/stocks/AAPL/prices?fields=${text}`,
  `/stocks/AAPL/prices?interval=${text}`,
  `/stocks/AAPL/prices?provider=${text}`,
  `/stocks/AAPL/prices?from=${text}`,
  `/stocks/AAPL/prices?as_of=${text}`,
  `/rejects?rule=${text}`,
  `/prices?symbols=${text}`,
]

const counts = async () =>
  (
    await pool.query<{ n: number }>(
      'SELECT (SELECT count(*) FROM stockyard.instruments) + (SELECT count(*) FROM stockyard.pages) AS n',
    )
  ).rows[0]!.n

describe('SQL in parameters', () => {
  it('is text like any other: nothing is done, and nothing more is shown', async () => {
    const app = await appWith({})
    const before = await counts()
    const hostile = [
      "' OR '1'='1",
      "'; DROP TABLE stockyard.pages; --",
      "AAPL' UNION SELECT id, secret_hash FROM stockyard.api_keys --",
      '1; SELECT pg_sleep(5)',
      "\\'; SELECT 1; --",
      '$1',
      'close; DELETE FROM stockyard.pages',
      '%',
      '_',
    ]
    for (const text of hostile) {
      for (const place of places(encodeURIComponent(text))) {
        const answer = await get(app, `/api/v1${place}`, { host: 'localhost' })
        assert.ok(answer.statusCode < 500, `${place}: ${answer.body}`)
        assert.doesNotMatch(
          answer.body,
          /syntax error|secret_hash.*\\x|SELECT .* FROM stockyard\.\w+ WHERE/,
        )
        if (answer.statusCode === 200) {
          const { data } = answer.json<{ data: unknown[] }>()
          assert.deepEqual(data, [], `${place} found something`)
        }
      }
    }
    assert.equal(await counts(), before)
  })
})
