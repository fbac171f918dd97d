/** Bearer tokens of an OpenID Connect issuer, checked against keys that a server on loopback publishes. */
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, describe, it } from 'node:test'
import { exportJWK, generateKeyPair, SignJWT, type JWTPayload } from 'jose'
import { makeApp } from '../../src/api/app.ts'
import { LOOPBACK_SECURITY } from '../../src/api/security.ts'
import { readAudit } from '../../src/db/audit.ts'
import { makeDatabase } from '../support/database.ts'
import { fillStore, FRIDAY } from '../support/filled-store.ts'
import { contextOf } from './app-under-test.ts'

const { pool } = await makeDatabase()
await fillStore(pool)
const elliptic = await generateKeyPair('ES256')
const stranger = await generateKeyPair('ES256')
const jwk = { ...(await exportJWK(elliptic.publicKey)), kid: 'one', alg: 'ES256', use: 'sig' }

let isDown = false
let isBroken = false
let keyRequests = 0
const issuerServer = createServer((request, response) => {
  if (request.url === '/keys') keyRequests += 1
  if (isDown) return void response.writeHead(500).end()
  if (isBroken && request.url === '/keys') return void response.end('{"keys":"soon"}')
  const body = request.url?.endsWith('/.well-known/openid-configuration')
    ? { issuer, jwks_uri: `${issuer}/keys` }
    : { keys: [jwk] }
  response.setHeader('content-type', 'application/json').end(JSON.stringify(body))
})
await new Promise<void>((resolve) => issuerServer.listen(0, '127.0.0.1', resolve))
const issuer = `http://127.0.0.1:${(issuerServer.address() as AddressInfo).port}`
after(() => issuerServer.close())

const oidc = { issuer, audience: 'stockyard', jwksUrl: null, roleClaim: 'stockyard_role' }
const security = { ...LOOPBACK_SECURITY, bind: 'wide' as const, rateLimit: null, oidc }
const app = await makeApp(contextOf(pool, { security }))
after(() => app.close())

const SECONDS = Math.floor(FRIDAY / 1000)
const good = {
  iss: issuer,
  aud: 'stockyard',
  sub: 'jane',
  exp: SECONDS + 300,
  stockyard_role: 'write',
}

async function sign(claims: JWTPayload, key = elliptic.privateKey): Promise<string> {
  return await new SignJWT(claims).setProtectedHeader({ alg: 'ES256', kid: 'one' }).sign(key)
}

let addresses = 0
async function ask(token: string, wish: { method?: 'GET' | 'PATCH'; url?: string } = {}) {
  addresses += 1
  const { method = 'GET', url = '/api/v1/stocks' } = wish
  return await app.inject({
    method,
    url,
    headers: { host: 'localhost', authorization: `Bearer ${token}` },
    remoteAddress: `10.0.0.${addresses}`,
    ...(method === 'PATCH' && { payload: { watched: true } }),
  })
}

const base64 = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

describe('tokens', () => {
  it('give the role of their claim, and stand in the audit', async () => {
    assert.equal((await ask(await sign(good))).statusCode, 200)
    const wish = { method: 'PATCH', url: '/api/v1/stocks/XOM' } as const
    assert.equal((await ask(await sign(good), wish)).statusCode, 200)
    assert.equal((await readAudit(pool, { limit: 1 }))[0]?.actor, 'token:jane')
    const reader = await sign({ ...good, stockyard_role: ['offline', 'read'] })
    assert.equal((await ask(reader)).statusCode, 200)
    assert.equal((await ask(reader, wish)).json<{ code: string }>().code, 'ROLE_INSUFFICIENT')
    assert.equal((await ask(await sign(good), { url: '/api/v1/audit' })).statusCode, 403)
  })

  it('are refused for anything that is wrong with them', async () => {
    const signed = await sign(good)
    const [, payload = '', signature = ''] = signed.split('.')
    const { exp: _exp, ...endless } = good
    const { sub: _sub, ...nameless } = good
    const secret = new TextEncoder().encode(JSON.stringify(jwk))
    const cases: Readonly<Record<string, string>> = {
      'of a stranger': await sign(good, stranger.privateKey),
      'of another issuer': await sign({ ...good, iss: 'https://issuer.example' }),
      'for another audience': await sign({ ...good, aud: 'other' }),
      expired: await sign({ ...good, exp: SECONDS - 60 }),
      'not valid yet': await sign({ ...good, nbf: SECONDS + 600 }),
      'without an end': await sign(endless),
      'of nobody': await sign(nameless),
      'with a raised role': `${signed.split('.')[0]}.${base64({ ...good, stockyard_role: 'admin' })}.${signature}`,
      unsigned: `${base64({ alg: 'none' })}.${payload}.x`,
      'signed with the public key as a secret': await new SignJWT(good)
        .setProtectedHeader({ alg: 'HS256', kid: 'one' })
        .sign(secret),
      'no token': 'a.b.c',
    }
    for (const [name, token] of Object.entries(cases)) {
      const answer = await ask(token)
      assert.equal(answer.statusCode, 401, `${name}: ${answer.body}`)
      assert.equal(answer.json<{ code: string }>().code, 'TOKEN_INVALID', name)
      assert.equal(answer.headers['content-type'], 'application/problem+json; charset=utf-8')
      assert.match(String(answer.headers['www-authenticate']), /^Bearer/)
    }
    const none = await ask(await sign({ ...good, stockyard_role: 'root' }))
    assert.deepEqual([none.statusCode, none.json<{ code: string }>().code], [403, 'TOKEN_ROLE'])
  })

  it('are 503 while the issuer’s keys cannot be had, and good once they can', async (t) => {
    const fresh = await makeApp(contextOf(pool, { security }))
    t.after(() => fresh.close())
    const headers = { host: 'localhost', authorization: `Bearer ${await sign(good)}` }
    isDown = true
    const down = await fresh.inject({ url: '/api/v1/stocks', headers })
    isDown = false
    assert.deepEqual(
      [down.statusCode, down.json<{ code: string }>().code],
      [503, 'OIDC_UNREACHABLE'],
    )
    assert.equal((await fresh.inject({ url: '/api/v1/stocks', headers })).statusCode, 200)
  })

  it('are 503 where what the issuer publishes are no keys, and nobody is held to have sent a wrong one', async (t) => {
    const fresh = await makeApp(contextOf(pool, { security }))
    t.after(() => fresh.close())
    const headers = { host: 'localhost', authorization: `Bearer ${await sign(good)}` }
    const send = async () => await fresh.inject({ url: '/api/v1/stocks', headers })
    isBroken = true
    const codes: string[] = []
    for (let i = 0; i < 12; i += 1) codes.push((await send()).json<{ code: string }>().code)
    isBroken = false
    assert.deepEqual([...new Set(codes)], ['OIDC_UNREACHABLE'])
    assert.equal((await send()).statusCode, 200)
  })

  it('of keys that nobody has heard of do not make a flood of questions to the issuer', async () => {
    assert.equal((await ask(await sign(good))).statusCode, 200)
    const before = keyRequests
    const [, payload = '', signature = ''] = (await sign(good)).split('.')
    for (let i = 0; i < 30; i += 1) {
      const answer = await ask(`${base64({ alg: 'ES256', kid: `k${i}` })}.${payload}.${signature}`)
      assert.equal(answer.statusCode, 401)
    }
    assert.ok(keyRequests - before <= 1, `${keyRequests - before} questions`)
  })

  it('are no keys where no issuer is set', async (t) => {
    const plain = await makeApp(contextOf(pool, { security: { ...security, oidc: null } }))
    t.after(() => plain.close())
    const headers = { host: 'localhost', authorization: `Bearer ${await sign(good)}` }
    const answer = await plain.inject({ url: '/api/v1/stocks', headers })
    assert.equal(answer.json<{ code: string }>().code, 'KEY_INVALID')
  })
})
