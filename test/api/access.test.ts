/** Every route by every kind of caller, on loopback and bound wider; generated from the app's own routes. */
import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { makeApp } from '../../src/api/app.ts'
import { createKey, endKey, rotateKey } from '../../src/api/keys.ts'
import { LOOPBACK_SECURITY, type ApiSecurity } from '../../src/api/security.ts'
import { readAudit } from '../../src/db/audit.ts'
import { findKey } from '../../src/db/keys.ts'
import { openReadPool } from '../../src/db/roles.ts'
import type { App } from '../../src/api/context.ts'
import type { Role } from '../../src/domain/api-key.ts'
import { makeDatabase } from '../support/database.ts'
import { fillStore, FRIDAY } from '../support/filled-store.ts'
import { contextOf } from './app-under-test.ts'
import { askForBeginning, isStream } from './stream-answer.ts'

// Ends before the database is dropped.
after(() => readPool.end())
const { pool, url: databaseUrl } = await makeDatabase()
await fillStore(pool)
const readPool = await openReadPool(pool, { url: databaseUrl, max: 4 })

const HOUR_MS = 3_600_000
const maker = { actor: 'user:test', now: FRIDAY - 2 * HOUR_MS }
const WIDE: ApiSecurity = {
  ...LOOPBACK_SECURITY,
  bind: 'wide',
  hosts: ['bars.example'],
  rateLimit: null,
}

async function newKey(role: Role, expiresAt: number | null = null) {
  return await createKey(pool, { role, name: null, expiresAt }, maker)
}

async function appWith(security: ApiSecurity): Promise<App> {
  const app = await makeApp(contextOf(pool, { readPool, security }))
  after(() => app.close())
  return app
}

let addresses = 0
/** Each request from an address of its own, so that wrong keys do not add up. */
async function send(
  app: App,
  { method, url, headers = {} }: { method: string; url: string; headers?: Record<string, string> },
) {
  addresses += 1
  const request = {
    method: method as 'GET',
    url,
    headers: { host: 'localhost', ...headers },
    remoteAddress: `10.1.${addresses >> 8}.${addresses & 255}`,
  }
  if (!isStream(method, url)) return await app.inject(request)
  const { body, ...answer } = await askForBeginning(app, request)
  return { ...answer, body, json: <T>() => JSON.parse(body) as T }
}

const bearer = (key: string) => ({ authorization: `Bearer ${key}` })

const [read, write, admin] = await Promise.all([newKey('read'), newKey('write'), newKey('admin')])
const expired = await newKey('admin', FRIDAY - HOUR_MS)
const revoked = await newKey('admin')
await endKey(pool, revoked.stored.id, maker)
/** Well formed, with a right checksum, and of no store: made by the code of another one. */
const elsewhere = await makeDatabase()
const unknown = await createKey(
  elsewhere.pool,
  { role: 'admin', name: null, expiresAt: null },
  maker,
)

const CALLERS: Readonly<Record<string, Record<string, string>>> = {
  none: {},
  read: bearer(read.key),
  write: bearer(write.key),
  admin: bearer(admin.key),
  expired: bearer(expired.key),
  revoked: bearer(revoked.key),
  unknown: bearer(unknown.key),
  garbage: bearer('sy_admin_nonsense'),
  'a raised role': bearer(read.key.replace('sy_read_', 'sy_admin_')),
}

/** Status by the rule of the route (open, read, write, admin); 0: let in. Typed by hand. */
const EXPECTED: Readonly<Record<string, readonly [number, number, number, number]>> = {
  // While there are keys that write, writing takes one on loopback as well.
  'loopback none': [0, 0, 401, 401],
  'wide none': [0, 401, 401, 401],
  read: [0, 0, 403, 403],
  write: [0, 0, 0, 403],
  admin: [0, 0, 0, 0],
  expired: [0, 401, 401, 401],
  revoked: [0, 401, 401, 401],
  unknown: [0, 401, 401, 401],
  garbage: [0, 401, 401, 401],
  'a raised role': [0, 401, 401, 401],
}
const ACCESSES = ['open', 'read', 'write', 'admin']

describe('every route, by every caller', () => {
  for (const bind of ['loopback', 'wide'] as const) {
    it(`is as its rule says, bound to ${bind}`, async () => {
      const app = await appWith(bind === 'wide' ? WIDE : LOOPBACK_SECURITY)
      await app.ready()
      const rules = app.accessRules()
      assert.ok(rules.length > 50, `only ${rules.length} routes were found`)
      const wrong: string[] = []
      for (const { method, url, access } of rules) {
        const path = url.replaceAll(':symbol', 'NOPE').replaceAll(/:\w+/g, '9').replace('*', 'x')
        for (const [caller, headers] of Object.entries(CALLERS)) {
          const row = EXPECTED[caller] ?? EXPECTED[`${bind} ${caller}`]!
          const { statusCode } = await send(app, { method, url: path, headers })
          const got = [401, 403, 429].includes(statusCode) ? statusCode : 0
          const wanted = row[ACCESSES.indexOf(access)]
          const isFailure = statusCode >= 500
          if (got !== wanted || isFailure) {
            wrong.push(`${method} ${url} by ${caller}: ${statusCode}, not ${wanted}`)
          }
        }
      }
      assert.deepEqual(wrong, [])
    })
  }

  it('is open to anybody in one place only, and changes take more than reading', async () => {
    const app = await appWith(LOOPBACK_SECURITY)
    const rules = app.accessRules()
    const open = rules.filter(({ access }) => access === 'open')
    assert.deepEqual(open.map(({ method, url }) => `${method} ${url}`).sort(), [
      'GET /health',
      'HEAD /health',
    ])
    const lax = rules.filter(
      ({ method, access }) =>
        !['GET', 'HEAD'].includes(method) && !['write', 'admin'].includes(access),
    )
    assert.deepEqual(lax, [])
  })

  it('is refused at start where a route has no rule', async () => {
    const app = await makeApp(contextOf(pool))
    app.get('/api/v1/forgotten', async () => ({}))
    await assert.rejects(async () => await app.ready(), {
      code: 'ROUTE_UNGUARDED',
      message: /forgotten/,
    })
    await app.close()
  })

  it('tells strangers nothing of which paths there are', async () => {
    const app = await appWith(WIDE)
    for (const url of ['/nope', '/api/v1/nope', '/api/v1/stocks/AAPL']) {
      assert.equal((await send(app, { method: 'GET', url })).statusCode, 401, url)
    }
    assert.equal(
      (await send(app, { method: 'GET', url: '/nope', headers: bearer(read.key) })).statusCode,
      404,
    )
  })
})

describe('keys', () => {
  it('are taken from three headers, never from the address', async () => {
    const app = await appWith(WIDE)
    const basic = Buffer.from(`me:${read.key}`).toString('base64')
    for (const headers of [
      bearer(read.key),
      { 'x-api-key': read.key },
      { authorization: `Basic ${basic}` },
    ]) {
      const answer = await send(app, { method: 'GET', url: '/api/v1/stocks', headers })
      assert.equal(answer.statusCode, 200)
      assert.equal(answer.headers['cache-control'], 'no-store')
    }
    for (const url of [
      `/api/v1/stocks?api_key=${read.key}`,
      `/api/v1/stocks?apikey=x`,
      `/api/v1/stocks?text=${read.key}`,
      `/api/v1/stocks/${read.key}`,
      `/health?token=${read.key}`,
    ]) {
      const answer = await send(app, { method: 'GET', url })
      assert.equal(answer.statusCode, 400, url)
      assert.equal(answer.json<{ code: string }>().code, 'KEY_IN_URL')
      assert.equal(answer.body.includes(read.key), false, url)
    }
  })

  it('are asked for by name of the scheme, and their state is told to their owner only', async () => {
    const app = await appWith(WIDE)
    const codes: Record<string, string> = {}
    for (const [caller, headers] of Object.entries(CALLERS)) {
      const answer = await send(app, { method: 'GET', url: '/api/v1/stocks', headers })
      if (answer.statusCode === 200) continue
      codes[caller] = answer.json<{ code: string }>().code
      const schemes = ['Bearer realm="Stockyard"', 'Basic realm="Stockyard"']
      assert.deepEqual(answer.headers['www-authenticate'], schemes)
      assert.equal(answer.headers['content-type'], 'application/problem+json; charset=utf-8')
    }
    assert.deepEqual(codes, {
      none: 'KEY_REQUIRED',
      expired: 'KEY_EXPIRED',
      revoked: 'KEY_REVOKED',
      unknown: 'KEY_INVALID',
      garbage: 'KEY_INVALID',
      'a raised role': 'KEY_INVALID',
    })
    const wrong = `${revoked.key.slice(0, -1)}${revoked.key.endsWith('a') ? 'b' : 'a'}`
    const answer = await send(app, { method: 'GET', url: '/api/v1/stocks', headers: bearer(wrong) })
    assert.equal(answer.json<{ code: string }>().code, 'KEY_INVALID')
  })

  it('end within a second of being revoked, and note their last use', async () => {
    let now = FRIDAY
    const clock = { ...contextOf(pool).clock, now: () => now }
    const app = await makeApp(contextOf(pool, { security: WIDE, clock }))
    const one = await newKey('read')
    const get = { method: 'GET', url: '/api/v1/stocks', headers: bearer(one.key) }
    assert.equal((await send(app, get)).statusCode, 200)
    assert.equal((await findKey(pool, one.stored.id))?.lastUsedAt, FRIDAY)
    await endKey(pool, one.stored.id, { actor: 'user:test', now })
    now += 1000
    assert.equal((await send(app, get)).json<{ code: string }>().code, 'KEY_REVOKED')
    await app.close()
  })

  it('are rotated with an overlap in which both hold', async () => {
    let now = FRIDAY
    const clock = { ...contextOf(pool).clock, now: () => now }
    const app = await makeApp(contextOf(pool, { security: WIDE, clock }))
    const old = await newKey('write')
    const fresh = await rotateKey(
      pool,
      { id: old.stored.id, overlapMs: HOUR_MS, expiresAt: null },
      { actor: 'user:test', now },
    )
    const statuses = async () =>
      await Promise.all(
        [old, fresh].map(async ({ key }) => {
          const wish = { method: 'GET', url: '/api/v1/stocks', headers: bearer(key) }
          return (await send(app, wish)).statusCode
        }),
      )
    assert.deepEqual(await statuses(), [200, 200])
    now += HOUR_MS
    assert.deepEqual(await statuses(), [401, 200])
    assert.deepEqual([fresh.stored.role, fresh.stored.rotatedFrom], ['write', old.stored.id])
    await app.close()
  })

  it('are kept as hashes only', async () => {
    const { rows } = await pool.query<{ row: string }>(
      'SELECT row_to_json(k)::text AS row FROM stockyard.api_keys k',
    )
    const text = rows.map(({ row }) => row).join()
    for (const { key, stored } of [read, write, admin]) {
      assert.ok(text.includes(stored.id))
      assert.equal(text.includes(key.slice(key.lastIndexOf('_') + 1)), false)
    }
  })
})

describe('loopback', () => {
  it('lets this machine’s user write until there is a key that can, and never administer', async (t) => {
    const fresh = await makeDatabase(t)
    const app = await makeApp(contextOf(fresh.pool))
    t.after(() => app.close())
    const post = async (symbol: string) =>
      (await app.inject({ method: 'POST', url: '/api/v1/stocks', payload: { symbol } })).statusCode
    assert.equal(await post('AAA'), 201)
    const given = { name: null, expiresAt: null }
    await createKey(fresh.pool, { role: 'read', ...given }, maker)
    assert.equal(await post('BBB'), 201)
    const key = await createKey(fresh.pool, { role: 'write', ...given }, maker)
    assert.equal(await post('CCC'), 401)
    assert.equal((await app.inject('/api/v1/stocks')).statusCode, 200)
    assert.equal((await app.inject('/api/v1/audit')).statusCode, 401)
    await endKey(fresh.pool, key.stored.id, maker)
    assert.equal(await post('DDD'), 201)
  })

  it('does not take what a proxy hands on for this machine’s user', async () => {
    const app = await appWith(LOOPBACK_SECURITY)
    for (const name of ['x-forwarded-for', 'forwarded', 'x-real-ip', 'via', 'x-forwarded-host']) {
      const headers = { [name]: '127.0.0.1' }
      const answer = await send(app, { method: 'GET', url: '/api/v1/stocks', headers })
      assert.equal(answer.statusCode, 401, name)
    }
  })

  it('takes a key for everything where it is told to', async () => {
    const app = await appWith({ ...LOOPBACK_SECURITY, keysRequired: true })
    assert.equal((await send(app, { method: 'GET', url: '/api/v1/stocks' })).statusCode, 401)
    const headers = bearer(read.key)
    assert.equal((await send(app, { method: 'GET', url: '/', headers })).statusCode, 200)
  })
})

describe('the audit', () => {
  it('says who changed what, and leaves out what was refused', async () => {
    const app = await appWith(WIDE)
    const headers = { ...bearer(write.key), 'content-type': 'application/json' }
    const url = '/api/v1/stocks/XOM'
    const before = (await readAudit(pool, { limit: 1 }))[0]?.id ?? 0
    await app.inject({
      method: 'PATCH',
      url,
      headers: { host: 'localhost', ...headers },
      payload: { watched: true },
    })
    await app.inject({
      method: 'PATCH',
      url,
      headers: { host: 'localhost', ...headers },
      payload: { nope: true },
    })
    const entries = (await readAudit(pool, { limit: 10 })).filter(({ id }) => id > before)
    assert.deepEqual(
      entries.map(({ action, actor, target, detail }) => [action, actor, target, detail]),
      [['PATCH /api/v1/stocks/:symbol', `key:${write.stored.id}`, url, '200']],
    )
    const answer = await send(app, {
      method: 'GET',
      url: '/api/v1/audit',
      headers: bearer(admin.key),
    })
    assert.equal(answer.json<{ data: { target: string }[] }>().data[0]?.target, url)
  })

  it('is read page by page, like every list', async () => {
    const app = await appWith(WIDE)
    const headers = bearer(admin.key)
    const page = async (query: string) =>
      (await send(app, { method: 'GET', url: `/api/v1/audit${query}`, headers })).json<{
        data: { id: number }[]
        next: string | null
      }>()
    const all = (await readAudit(pool, { limit: 1_000_000 })).map(({ id }) => id)
    const limit = Math.ceil((all.length + 1) / 3)
    const ids: number[] = []
    let query = `?limit=${limit}`
    for (;;) {
      const { data, next } = await page(query)
      ids.push(...data.map(({ id }) => id))
      if (next === null) break
      query = `?limit=${limit}&cursor=${next}`
    }
    assert.ok(all.length > limit)
    assert.deepEqual(ids, all)
  })

  it('cannot be changed', async () => {
    for (const sql of [
      "UPDATE stockyard.audit SET actor = 'nobody'",
      'DELETE FROM stockyard.audit',
      'TRUNCATE stockyard.audit',
    ]) {
      await assert.rejects(pool.query(sql), /only ever added to/, sql)
    }
  })
})
