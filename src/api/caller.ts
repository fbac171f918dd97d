/** Who sends a request: read from what it carries. */
import type { FastifyRequest } from 'fastify'
import { StockyardError } from '../domain/error.ts'
import type { Role } from '../domain/api-key.ts'

export interface Caller {
  readonly role: Role
  /** `key:<id>`, `token:<subject>`, or `local` for this machine's user. */
  readonly actor: string
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Null for routes that are open to anybody. */
    caller: Caller | null
  }
  interface FastifyInstance {
    /** Why the caller of a request that is still being answered may not go on; null: he may. */
    refusalOf: (request: FastifyRequest) => Promise<StockyardError | null>
  }
}

/** Who is to be noted as the one who decided something. */
export function actorOf(caller: Caller | null): string {
  return caller?.actor ?? 'api'
}

/** Headers that a proxy adds: who comes through one is not this machine's user. */
const PROXY_HEADERS = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip', 'via']

export function isForwarded(request: FastifyRequest): boolean {
  return PROXY_HEADERS.some((name) => request.headers[name] !== undefined)
}

/**
 * The key or token that a request carries: `Authorization: Bearer …`, `X-API-Key: …`, or the password of
 * `Authorization: Basic …`, which is how browsers send it. Null where it carries none.
 * @throws StockyardError `KEY_INVALID` for another kind of authorisation
 */
export function credentialOf(request: FastifyRequest): string | null {
  const { authorization } = request.headers
  const given = request.headers['x-api-key']
  if (typeof given === 'string' && given !== '') return given.trim()
  if (authorization === undefined) return null
  const [, scheme = '', value = ''] = /^(\S+) +(\S+) *$/.exec(authorization) ?? []
  if (scheme.toLowerCase() === 'bearer' && value !== '') return value
  if (scheme.toLowerCase() === 'basic') {
    const text = Buffer.from(value, 'base64').toString('utf8')
    const password = text.slice(text.indexOf(':') + 1)
    if (password !== '') return password
  }
  throw invalidKey()
}

/** The same for every key that is none, so that nobody learns which ids there are. */
export function invalidKey(): StockyardError {
  return new StockyardError('usage', 'KEY_INVALID', 'The key is not valid.', {
    hint: 'Send a key as "Authorization: Bearer sy_…"; see stockyard keys list.',
  })
}

const KEY_TEXT = /sy_(?:read|write|admin)_[0-9A-Za-z]/
const KEY_PARAMETER = /[?&](?:api_?key|x-api-key|key|token|access_token|authorization)=/i

/**
 * Addresses end up in logs, histories and referrers: a key must not be in one.
 * @throws StockyardError `KEY_IN_URL`
 */
export function refuseKeyInUrl(url: string): void {
  if (!KEY_TEXT.test(url) && !KEY_PARAMETER.test(url)) return
  throw new StockyardError('usage', 'KEY_IN_URL', 'A key does not belong into the address.', {
    hint: 'Send it as "Authorization: Bearer …" or "X-API-Key: …"; revoke the one that was sent, since others may have logged it.',
  })
}
