/**
 * Guessing keys: many wrong ones cost a bounded amount of work, and keep nobody out who has a right one.
 * GUESSED_KEYS=100000 sends so many.
 */
import assert from 'node:assert/strict'
import crypto from 'node:crypto'
import { Agent, request } from 'node:http'
import { syncBuiltinESMExports } from 'node:module'
import type { AddressInfo } from 'node:net'
import { after, describe, it, type TestContext } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { makeApp } from '../../src/api/app.ts'
import { createKey, recogniseKey } from '../../src/api/keys.ts'
import { LOOPBACK_SECURITY } from '../../src/api/security.ts'
import { formatKey, KEY_ALPHABET, parseKey } from '../../src/domain/api-key.ts'
import { makeDatabase } from '../support/database.ts'
import { fillStore, FRIDAY } from '../support/filled-store.ts'
import { contextOf } from './app-under-test.ts'

const GUESSES = Number(process.env['GUESSED_KEYS'] ?? 2000)
const AT_A_TIME = 32

const { pool } = await makeDatabase()
await fillStore(pool)
let now = FRIDAY
const clock = { ...contextOf(pool).clock, now: () => now }
const security = { ...LOOPBACK_SECURITY, bind: 'wide' as const, rateLimit: null }
const statements: string[] = []
const watched = new Proxy(pool, {
  get: (target, name) => {
    const value: unknown = Reflect.get(target, name)
    if (typeof value !== 'function') return value
    return (...args: unknown[]) => {
      if (name === 'query') statements.push(textOf(args[0]))
      return (value as (...all: unknown[]) => unknown).apply(target, args)
    }
  },
})
const app = await makeApp(contextOf(pool, { pool: watched, clock, security }))
after(() => app.close())
await app.listen({ host: '0.0.0.0', port: 0 })
const { port } = app.server.address() as AddressInfo

function textOf(statement: unknown): string {
  return typeof statement === 'string' ? statement : String((statement as { text?: string }).text)
}

const agents = new Map<string, Agent>()
after(() => {
  for (const agent of agents.values()) agent.destroy()
})

/** Asks with a key from an address of this machine. */
async function statusOf(key: string, from = '127.0.0.1'): Promise<number> {
  const agent = agents.get(from) ?? new Agent({ keepAlive: true, localAddress: from })
  agents.set(from, agent)
  const headers = { authorization: `Bearer ${key}`, host: 'localhost' }
  return await new Promise((resolve, reject) => {
    const wish = { host: '127.0.0.1', port, path: '/api/v1/stocks?limit=1', agent, headers }
    request(wish, (answer) => {
      answer.resume().once('end', () => resolve(answer.statusCode!))
    })
      .once('error', reject)
      .end()
  })
}

function randomText(length: number): string {
  return Array.from(
    crypto.randomBytes(length),
    (byte) => KEY_ALPHABET[byte % KEY_ALPHABET.length]!,
  ).join('')
}

/** Well formed, with a right checksum: only the store can tell that it is none. */
function guess(id: string): string {
  return formatKey({ role: 'admin', id, secret: randomText(32) })
}

async function newKey(): Promise<{ key: string; id: string }> {
  const wanted = { role: 'read', name: null, expiresAt: null } as const
  const { key, stored } = await createKey(pool, wanted, { actor: 'user:test', now })
  return { key, id: stored.id }
}

describe(`${GUESSES} wrong keys of one address`, () => {
  it('cost ten look-ups a minute and three lines of the audit, while right keys go on', async (t) => {
    const used = await newKey()
    const victim = await newKey()
    assert.equal(await statusOf(used.key), 200)
    statements.length = 0
    const statuses = new Map<number, number>()
    let sent = 0
    const began = performance.now()
    const cpu = process.cpuUsage()
    const work = async () => {
      while (sent < GUESSES) {
        sent += 1
        // Half of them know the id of a key.
        const status = await statusOf(guess(sent % 2 === 0 ? victim.id : randomText(12)))
        statuses.set(status, (statuses.get(status) ?? 0) + 1)
      }
    }
    /** Whoever has a key gets on: at another address with any, at this one with one that was right before. */
    let isOver = false
    const goOn = async () => {
      for (;;) {
        if (isOver) return
        assert.equal(await statusOf(victim.key, '127.0.0.2'), 200)
        assert.equal(await statusOf(used.key), 200)
        await delay(20)
      }
    }
    const guessing = Promise.all(Array.from({ length: AT_A_TIME }, work)).finally(
      () => (isOver = true),
    )
    await Promise.all([guessing, goOn()])
    const { user, system } = process.cpuUsage(cpu)
    const seconds = ((performance.now() - began) / 1000).toFixed(1)
    const cpuMs = (user + system) / 1000 / GUESSES
    t.diagnostic(
      `${GUESSES} in ${seconds} s, ${cpuMs.toFixed(3)} ms of processor time each, both sides`,
    )
    // The clock stands still: requests that came at once share the ten.
    const tried = statuses.get(401)!
    assert.ok(tried >= 10 && tried < 10 + AT_A_TIME, `${tried} were looked at`)
    assert.equal(statuses.get(429), GUESSES - tried)
    const looked = statements.filter((text) => text.includes('stockyard.api_keys'))
    // Each guess that was looked at, and the victim's key at the other address: found, and its use noted.
    assert.ok(looked.length <= tried + 2, `${looked.length} statements about keys`)
    const { rows } = await pool.query<{ n: number }>(
      "SELECT count(*)::integer AS n FROM stockyard.audit WHERE action = 'auth.failed'",
    )
    assert.ok(rows[0]!.n >= 1 && rows[0]!.n <= 3, `${rows[0]!.n} lines of the audit`)
    now += 60_000
    assert.equal(await statusOf(victim.key), 200, 'a minute later the address is free again')
  })
})

/** Lengths of what is compared in constant time, until the test is over. */
function watchComparisons(t: TestContext): (readonly [number, number])[] {
  const compared: (readonly [number, number])[] = []
  const { timingSafeEqual } = crypto
  t.after(() => {
    crypto.timingSafeEqual = timingSafeEqual
    syncBuiltinESMExports()
  })
  crypto.timingSafeEqual = (a, b) => {
    compared.push([a.byteLength, b.byteLength])
    return timingSafeEqual(a, b)
  }
  syncBuiltinESMExports()
  return compared
}

describe('a wrong key', () => {
  it('takes one look-up and one comparison of digests, whatever is wrong with it', async (t) => {
    const { key, id } = await newKey()
    const compared = watchComparisons(t)
    const secret = parseKey(key)!.secret
    const lastChanged = `${secret.slice(0, -1)}${secret.endsWith('a') ? 'b' : 'a'}`
    for (const [text, isRight] of [
      [key, true],
      [guess(id), false],
      [guess(randomText(12)), false],
      [formatKey({ role: 'read', id, secret: lastChanged }), false],
      [formatKey({ role: 'admin', id, secret }), false],
    ] as const) {
      statements.length = 0
      compared.length = 0
      assert.equal((await recogniseKey(watched, text)) !== null, isRight)
      assert.equal(statements.length, 1)
      // SHA-256 on both sides, so that neither length nor place of a difference is told.
      assert.deepEqual(compared, [[32, 32]])
    }
  })

  it('takes the same comparison where the key was right a moment ago', async (t) => {
    const { key, id } = await newKey()
    assert.equal(await statusOf(key), 200)
    const compared = watchComparisons(t)
    assert.deepEqual([await statusOf(key), await statusOf(guess(id))], [200, 401])
    // The right one is compared with what is known; the wrong one with that, and with what the store has.
    assert.ok(compared.length >= 3, `${compared.length} comparisons`)
    assert.ok(compared.every(([one, other]) => one === 32 && other === 32))
  })
})
