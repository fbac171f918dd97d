/** How often somebody may ask, and come with a wrong key. */
import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { makeApp } from '../../src/api/app.ts'
import type { App } from '../../src/api/context.ts'
import { createKey } from '../../src/api/keys.ts'
import { addInFlightCap } from '../../src/api/overload.ts'
import { addressKey, makeRateLimiter } from '../../src/api/rate-limits.ts'
import { LOOPBACK_SECURITY } from '../../src/api/security.ts'
import { readAudit } from '../../src/db/audit.ts'
import { openReadPool } from '../../src/db/roles.ts'
import { makeDatabase } from '../support/database.ts'
import { fillStore, FRIDAY } from '../support/filled-store.ts'
import { contextOf } from './app-under-test.ts'

const { pool, url: databaseUrl } = await makeDatabase()
await fillStore(pool)

let now = FRIDAY
const clock = { ...contextOf(pool).clock, now: () => now }

async function wideApp(count: number): Promise<App> {
  const rateLimit = { count, periodMs: 60_000 }
  const security = { ...LOOPBACK_SECURITY, bind: 'wide' as const, rateLimit }
  const app = await makeApp(contextOf(pool, { clock, security }))
  after(() => app.close())
  return app
}

const get = async (app: App, remoteAddress: string, headers: Record<string, string> = {}) =>
  await app.inject({
    url: '/api/v1/stocks',
    remoteAddress,
    headers: { host: 'localhost', ...headers },
  })

async function keyHeader() {
  const made = await createKey(
    pool,
    { role: 'read', name: null, expiresAt: null },
    { actor: 'user:test', now },
  )
  return { authorization: `Bearer ${made.key}` }
}

describe('a bucket', () => {
  it('holds its count, and fills again evenly', () => {
    const limiter = makeRateLimiter({ count: 3, periodMs: 3000 })
    assert.deepEqual(
      [0, 0, 0, 0].map((at) => limiter.take('a', at)),
      [0, 0, 0, 1],
    )
    assert.equal(limiter.take('b', 0), 0)
    assert.equal(limiter.take('a', 999), 1)
    assert.equal(limiter.take('a', 1000), 0)
    assert.equal(limiter.take('a', 1000), 1)
    // A clock that was set back takes nothing away, and gives nothing.
    assert.equal(limiter.take('a', 0), 1)
  })

  it('is that of the /64 of an IPv6 address', () => {
    assert.deepEqual(
      [
        '192.0.2.7',
        '::ffff:192.0.2.7',
        '::1',
        '2001:db8:1:2:3:4:5:6',
        '2001:0db8:0001:0002::9',
        '2001:db8:1:3::9',
        'fe80::1%eth0',
      ].map((address) => addressKey(address)),
      [
        '192.0.2.7',
        '192.0.2.7',
        '0:0:0:0::/64',
        '2001:db8:1:2::/64',
        '2001:db8:1:2::/64',
        '2001:db8:1:3::/64',
        'fe80:0:0:0::/64',
      ],
    )
  })
})

describe('requests', () => {
  it('are limited by key, whatever the address and whatever a proxy header says', async () => {
    const app = await wideApp(5)
    const headers = await keyHeader()
    const statuses: number[] = []
    for (let i = 0; i < 7; i += 1) {
      const spoofed = { ...headers, 'x-forwarded-for': `203.0.113.${i}` }
      statuses.push((await get(app, `198.51.100.${i}`, spoofed)).statusCode)
    }
    assert.deepEqual(statuses, [200, 200, 200, 200, 200, 429, 429])
    const other = await get(app, '198.51.100.1', await keyHeader())
    assert.equal(other.statusCode, 200)
    const refused = await get(app, '198.51.100.1', headers)
    assert.equal(refused.json<{ code: string }>().code, 'RATE_LIMITED')
    assert.equal(refused.headers['retry-after'], '12')
    now += 12_000
    assert.equal((await get(app, '198.51.100.1', headers)).statusCode, 200)
  })

  it('without a key are limited by address, not by what X-Forwarded-For says', async () => {
    const app = await wideApp(5)
    const statuses: number[] = []
    for (let i = 0; i < 7; i += 1) {
      const spoofed = { 'x-forwarded-for': `203.0.113.${i}`, forwarded: `for=203.0.113.${i}` }
      statuses.push((await get(app, `2001:db8::${i + 1}`, spoofed)).statusCode)
    }
    assert.deepEqual(statuses, [401, 401, 401, 401, 401, 429, 429])
    assert.equal((await get(app, '2001:db8:0:1::1')).statusCode, 401)
  })

  it('of this machine’s user are not limited', async () => {
    const rateLimit = { count: 2, periodMs: 60_000 }
    const security = { ...LOOPBACK_SECURITY, rateLimit }
    const app = await makeApp(contextOf(pool, { clock, security }))
    after(() => app.close())
    for (let i = 0; i < 10; i += 1) assert.equal((await get(app, '127.0.0.1')).statusCode, 200)
  })
})

describe('wrong keys', () => {
  it('are refused unread after ten of an address in a minute, while right ones go on', async () => {
    const app = await wideApp(1000)
    const headers = await keyHeader()
    const address = '198.51.100.77'
    assert.equal((await get(app, address, headers)).statusCode, 200)
    const wrong = headers.authorization.slice(0, -3)
    const statuses: number[] = []
    for (let i = 0; i < 13; i += 1) {
      const guess = { authorization: `${wrong}${String(i).padStart(3, '0')}` }
      statuses.push((await get(app, address, guess)).statusCode)
    }
    assert.deepEqual(
      statuses.slice(0, 10),
      Array.from({ length: 10 }, () => 401),
    )
    assert.deepEqual(statuses.slice(10), [429, 429, 429])
    assert.equal((await get(app, address, headers)).statusCode, 200)
    const unseen = await keyHeader()
    const held = await get(app, address, unseen)
    assert.equal(held.statusCode, 429)
    assert.match(String(held.headers['retry-after']), /^[1-6]$/)
    assert.equal((await get(app, '198.51.100.78', unseen)).statusCode, 200)
    now += 6000
    assert.equal((await get(app, address, unseen)).statusCode, 200)
  })

  it('reach the audit, but a flood of them does not fill it', async () => {
    const failed = (await readAudit(pool, { limit: 1000 })).filter(
      ({ action, address }) => action === 'auth.failed' && address === '198.51.100.77',
    )
    assert.equal(failed.length, 3)
    assert.equal(failed[0]!.target, 'GET /api/v1/stocks')
    assert.equal(failed[0]!.detail, 'KEY_INVALID')
  })
})

describe('too much at once', () => {
  it('is refused with 503 and Retry-After, and the count goes down again', async (t) => {
    const app = await makeApp(contextOf(pool, { clock }))
    t.after(() => app.close())
    addInFlightCap(app, 2)
    const waiting: (() => void)[] = []
    app.get('/slow', { config: { access: 'open' } }, async () => {
      await new Promise<void>((resolve) => waiting.push(resolve))
      return 'done'
    })
    const slow = [app.inject('/slow'), app.inject('/slow')]
    while (waiting.length < 2) await new Promise((resolve) => setImmediate(resolve))
    const refused = await app.inject('/api/v1/stocks')
    assert.equal(refused.statusCode, 503)
    assert.equal(refused.json<{ code: string }>().code, 'SERVER_BUSY')
    assert.equal(refused.headers['retry-after'], '1')
    assert.equal((await app.inject('/health')).statusCode, 200)
    for (const finish of waiting) finish()
    await Promise.all(slow)
    assert.equal((await app.inject('/api/v1/stocks')).statusCode, 200)
  })

  it('of database connections is 503 with Retry-After, and over once one is free', async (t) => {
    const one = await openReadPool(pool, { url: databaseUrl, max: 1, connectTimeoutMs: 1000 })
    const app = await makeApp(contextOf(pool, { readPool: one, clock }))
    t.after(async () => {
      await app.close()
      await one.end()
    })
    const taken = await one.connect()
    const refused = await app.inject('/api/v1/stocks')
    assert.equal(refused.statusCode, 503)
    assert.equal(refused.json<{ code: string }>().code, 'DATABASE_BUSY')
    assert.equal(refused.headers['retry-after'], '5')
    taken.release()
    assert.equal((await app.inject('/api/v1/stocks')).statusCode, 200)
  })
})
