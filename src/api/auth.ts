/**
 * Who may do what. On loopback this machine's user reads without a key, and writes without one until
 * there is a key that can write; bound wider, everything but what is open to anybody takes a key.
 */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { addAudit } from '../db/audit.ts'
import { hasKeyOf, touchKey, type HashedKey } from '../db/keys.ts'
import { allows, parseKey, type Role } from '../domain/api-key.ts'
import { StockyardError } from '../domain/error.ts'
import { accessOf } from './access.ts'
import { credentialOf, invalidKey, isForwarded, refuseKeyInUrl, type Caller } from './caller.ts'
import type { ApiContext, App } from './context.ts'
import { isKeyOf, recogniseKey, stateOf } from './keys.ts'
import { makeTokenVerifier, type TokenVerifier } from './oidc.ts'
import { addressKey, makeRateLimiter, type RateLimiter } from './rate-limits.ts'
import type { ApiSecurity } from './security.ts'

/** Wrong keys from one address. */
const FAILURES = { count: 10, periodMs: 60_000 }
/** Failures of one address that reach the audit; all of them count, but a flood must not fill the disk. */
const AUDITED_FAILURES = { count: 3, periodMs: 600_000 }
/** How long a revoked key can go on in another process. */
const KEY_FRESH_MS = 1000
const KEYS_KEPT_MAX = 1000
/** Last use is kept to the minute. */
const TOUCH_MS = 60_000

interface Seen {
  readonly key: HashedKey
  readonly readAt: number
}

interface Auth {
  readonly context: ApiContext
  readonly security: ApiSecurity
  readonly verifyToken: TokenVerifier | null
  /** Keys that were right, by id. */
  readonly seen: Map<string, Seen>
  readonly failures: RateLimiter
  readonly audited: RateLimiter
  readonly limits: RateLimiter | null
}

/** Adds the check to an app, before its routes. */
export function addAuth(app: App, context: ApiContext, security: ApiSecurity): void {
  const auth: Auth = {
    context,
    security,
    verifyToken: security.oidc === null ? null : makeTokenVerifier(security.oidc, context.clock),
    seen: new Map(),
    failures: makeRateLimiter(FAILURES),
    audited: makeRateLimiter(AUDITED_FAILURES),
    limits: security.rateLimit === null ? null : makeRateLimiter(security.rateLimit),
  }
  app.decorateRequest('caller', null)
  app.decorate('refusalOf', (request) => refusalOf(auth, request))
  app.addHook('onRequest', async (request, reply) => {
    refuseKeyInUrl(request.url)
    const access = accessOf(request)
    if (access === 'open') return limit(auth, request, reply, null)
    const caller = await identify(auth, request, reply)
    request.caller = caller
    limit(auth, request, reply, caller)
    await requireRole(auth, caller, access, reply)
  })
}

/** Why whoever was let in would not be any more, or null; a database that is away refuses nobody. */
async function refusalOf(auth: Auth, request: FastifyRequest): Promise<StockyardError | null> {
  try {
    const credential = credentialOf(request)
    if (credential === null) return null
    if (isToken(auth, credential)) await auth.verifyToken(credential)
    else await requireKey(auth, credential)
    return null
  } catch (error) {
    if (error instanceof StockyardError && FAILED.has(error.code)) return error
    auth.context.log.debug({ err: error }, 'a key could not be looked at')
    return null
  }
}

async function identify(
  auth: Auth,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<Caller | null> {
  try {
    const credential = credentialOf(request)
    if (credential === null) return isLocal(auth, request) ? LOCAL : null
    void reply.header('cache-control', 'no-store')
    if (isToken(auth, credential)) {
      refuseAfterFailures(auth, request, reply)
      return await auth.verifyToken(credential)
    }
    return await identifyKey(auth, request, reply, credential)
  } catch (error) {
    if (error instanceof StockyardError && FAILED.has(error.code)) {
      askForKey(reply)
      await noteFailure(auth, request, error)
    }
    throw error
  }
}

function isToken(
  auth: Auth,
  credential: string,
): auth is Auth & { readonly verifyToken: TokenVerifier } {
  return auth.verifyToken !== null && /^[\w-]+\.[\w-]+\.[\w-]+$/.test(credential)
}

const LOCAL: Caller = { role: 'write', actor: 'local' }
/** What counts against an address. */
const FAILED = new Set(['KEY_INVALID', 'KEY_EXPIRED', 'KEY_REVOKED', 'TOKEN_INVALID'])

/** Whoever reaches a loopback address by himself is on this machine. */
function isLocal({ security }: Auth, request: FastifyRequest): boolean {
  return security.bind === 'loopback' && !security.keysRequired && !isForwarded(request)
}

async function identifyKey(
  auth: Auth,
  request: FastifyRequest,
  reply: FastifyReply,
  text: string,
): Promise<Caller> {
  // A right key goes on while somebody else at the same address tries wrong ones.
  if (seenKey(auth, text) === null) refuseAfterFailures(auth, request, reply)
  return await requireKey(auth, text)
}

/** A key that was right before, and when it was read. */
function seenKey(auth: Auth, text: string): Seen | null {
  const id = parseKey(text)?.id
  const seen = id === undefined ? undefined : auth.seen.get(id)
  return seen !== undefined && isKeyOf(seen.key.hash, text) ? seen : null
}

/** Whose key it is. @throws StockyardError `KEY_INVALID`, `KEY_EXPIRED`, `KEY_REVOKED` */
async function requireKey(auth: Auth, text: string): Promise<Caller> {
  const now = auth.context.clock.now()
  const seen = seenKey(auth, text)
  const isFresh = seen !== null && Math.abs(now - seen.readAt) < KEY_FRESH_MS
  const key = isFresh ? seen.key : await recogniseKey(auth.context.pool, text)
  if (key === null) throw invalidKey()
  if (!isFresh) await remember(auth, key, now)
  const state = stateOf(key, now)
  if (state !== 'valid') throw endedKey(state)
  return { role: key.role, actor: `key:${key.id}` }
}

async function remember(auth: Auth, key: HashedKey, now: number): Promise<void> {
  const isDue = key.lastUsedAt === null || now - key.lastUsedAt >= TOUCH_MS
  if (isDue && stateOf(key, now) === 'valid') await touchKey(auth.context.pool, key.id, now)
  auth.seen.delete(key.id)
  auth.seen.set(key.id, { key, readAt: now })
  if (auth.seen.size > KEYS_KEPT_MAX) auth.seen.delete(auth.seen.keys().next().value!)
}

/** Only who has the whole key is told what became of it. */
function endedKey(state: 'expired' | 'revoked'): StockyardError {
  const hint = 'Make another: stockyard keys create'
  return state === 'expired'
    ? new StockyardError('usage', 'KEY_EXPIRED', 'The key has expired.', { hint })
    : new StockyardError('usage', 'KEY_REVOKED', 'The key was revoked.', { hint })
}

async function requireRole(
  auth: Auth,
  caller: Caller | null,
  needs: Role,
  reply: FastifyReply,
): Promise<void> {
  if (caller === null || (caller === LOCAL && !(await localMay(auth, needs)))) {
    askForKey(reply)
    throw new StockyardError('usage', 'KEY_REQUIRED', 'This takes an API key.', {
      hint: `Make one with stockyard keys create --role ${needs}, and send it as "Authorization: Bearer sy_…".`,
    })
  }
  if (allows(caller.role, needs) || caller === LOCAL) return
  throw new StockyardError(
    'usage',
    'ROLE_INSUFFICIENT',
    `This takes the role ${needs}, and the key has ${caller.role}.`,
    { hint: `Make another: stockyard keys create --role ${needs}` },
  )
}

/** Whoever made a key that can write has said that writing takes one. */
async function localMay({ context }: Auth, needs: Role): Promise<boolean> {
  if (needs === 'read') return true
  if (needs === 'admin') return false
  return !(await hasKeyOf(context.pool, ['write', 'admin'], context.clock.now()))
}

/** A line a scheme: browsers built on Chromium read one to a line, and would not ask for a key. */
function askForKey(reply: FastifyReply): void {
  void reply.header('www-authenticate', ['Bearer realm="Stockyard"', 'Basic realm="Stockyard"'])
}

function limit(auth: Auth, request: FastifyRequest, reply: FastifyReply, caller: Caller | null) {
  // This machine's user could take its processor in easier ways.
  if (auth.limits === null || caller === LOCAL || isLocal(auth, request)) return
  const who = caller?.actor ?? addressKey(request.ip)
  refuseWhile(auth.limits.take(who, auth.context.clock.now()), reply, 'Too many requests.')
}

function refuseAfterFailures(auth: Auth, request: FastifyRequest, reply: FastifyReply): void {
  const seconds = auth.failures.wait(addressKey(request.ip), auth.context.clock.now())
  refuseWhile(seconds, reply, 'Too many wrong keys came from this address.')
}

function refuseWhile(seconds: number, reply: FastifyReply, sentence: string): void {
  if (seconds === 0) return
  void reply.header('retry-after', String(seconds))
  throw new StockyardError('usage', 'RATE_LIMITED', sentence, {
    hint: `Try again in ${seconds} s.`,
    retry: true,
  })
}

async function noteFailure(
  auth: Auth,
  request: FastifyRequest,
  error: StockyardError,
): Promise<void> {
  const { pool, clock, log } = auth.context
  const now = clock.now()
  const address = addressKey(request.ip)
  auth.failures.take(address, now)
  if (auth.audited.take(address, now) > 0) return
  log.warn({ address, code: error.code, request_id: request.id }, 'a key was refused')
  await addAudit(pool, {
    at: now,
    action: 'auth.failed',
    actor: 'nobody',
    address: request.ip,
    target: `${request.method} ${request.url.split('?')[0]!}`,
    detail: error.code,
  })
}
