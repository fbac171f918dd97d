/**
 * What keeps strangers out before anything is looked at: the name by which the server is asked for
 * (against DNS rebinding), no writes from other origins, CORS, and a strict content security policy.
 */
import cors, { type FastifyCorsOptions } from '@fastify/cors'
import helmet from '@fastify/helmet'
import type { FastifyRequest } from 'fastify'
import { StockyardError } from '../domain/error.ts'
import type { App } from './context.ts'
import type { OidcSettings } from './oidc.ts'
import type { RateLimit } from './rate-limits.ts'

export interface ApiSecurity {
  /** `wide`: others than this machine can reach it. */
  readonly bind: 'loopback' | 'wide'
  /** Names, without port, by which it may be asked for besides those of loopback. */
  readonly hosts: readonly string[]
  /** Origins whose pages may use the API, e.g. `https://example.org`. */
  readonly corsOrigins: readonly string[]
  /** True where loopback takes a key as well, as behind a proxy of this machine. */
  readonly keysRequired: boolean
  /** Of each key, and of each address without one; null: none. */
  readonly rateLimit: RateLimit | null
  readonly oidc: OidcSettings | null
}

/** Of a server that only this machine can reach. */
export const LOOPBACK_SECURITY: ApiSecurity = {
  bind: 'loopback',
  hosts: [],
  corsOrigins: [],
  keysRequired: false,
  rateLimit: { count: 600, periodMs: 60_000 },
  oidc: null,
}

const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '[::1]']

/**
 * The inline styles that may be, each by the hash of its text: the empty element that ReDoc fills by
 * script, ReDoc's scroll bars, and Swagger UI's logo. A new version of either can need a new hash; the
 * browser test then fails and names it.
 */
const INLINE_STYLES = [
  "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='",
  "'sha256-QMIg+bpjm3JdElJ388KYke01izlUW0UoNOeKjpMxdgc='",
  "'sha256-RL3ie0nH+Lzz2YNqQN83mnU0J1ot4QL7b99vMdIX99w='",
]

/** Adds the checks and headers to an app, before its routes. */
export async function addSecurity(app: App, security: ApiSecurity): Promise<void> {
  const names = new Set([...LOOPBACK_NAMES, ...security.hosts.map((name) => name.toLowerCase())])
  app.addHook('onRequest', async (request) => {
    requireKnownName(request, names, security.bind)
    requireOwnOrigin(request, security)
  })
  if (security.corsOrigins.length > 0) await addCors(app, security.corsOrigins)
  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'", ...INLINE_STYLES],
        imgSrc: ["'self'", 'data:'],
        fontSrc: ["'self'"],
        connectSrc: ["'self'"],
        baseUri: ["'none'"],
        formAction: ["'none'"],
        frameAncestors: ["'none'"],
      },
    },
    // Plain HTTP on loopback: a browser must not be told to insist on TLS.
    strictTransportSecurity: false,
    crossOriginEmbedderPolicy: false,
    referrerPolicy: { policy: 'no-referrer' },
  })
}

/** The host part of a Host header or of an origin, without the port. */
function hostName(host: string): string {
  return host.replace(/:\d*$/, '').toLowerCase()
}

/**
 * The one name by which the server is asked for: that of the request line where it has one (RFC 9112, 3.2.2).
 * @throws StockyardError `REQUEST_MALFORMED` where there are several
 */
function hostOf({ raw, headers }: FastifyRequest): string {
  const { rawHeaders, url = '' } = raw
  let count = 0
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (rawHeaders[i]!.length === 4 && rawHeaders[i]!.toLowerCase() === 'host') count += 1
  }
  if (count > 1) {
    throw new StockyardError('usage', 'REQUEST_MALFORMED', 'The request names several hosts.', {
      hint: 'Send one Host header.',
    })
  }
  if (url.startsWith('/')) return headers.host ?? ''
  const [, named] = /^https?:\/\/([^/?#]*)/i.exec(url) ?? []
  return named ?? headers.host ?? ''
}

function requireKnownName(
  request: FastifyRequest,
  names: ReadonlySet<string>,
  bind: ApiSecurity['bind'],
): void {
  const name = hostName(hostOf(request))
  if (names.has(name)) return
  // The address that was in fact connected to is nobody's trick: rebinding needs a name.
  const own = request.socket.localAddress?.replace(/^::ffff:/, '')
  if (bind === 'wide' && own !== undefined && (name === own || name === `[${own}]`)) return
  throw new StockyardError('usage', 'HOST_REFUSED', 'This host name is not served here.', {
    hint:
      bind === 'wide'
        ? 'List the name in API_ALLOWED_HOSTS.'
        : 'Use http://127.0.0.1 or http://localhost with the port.',
  })
}

/** A page of another site can send forms here, but a browser then says from where. */
function requireOwnOrigin(request: FastifyRequest, security: ApiSecurity): void {
  const { origin, host } = request.headers
  if (['GET', 'HEAD', 'OPTIONS'].includes(request.method) || origin === undefined) return
  const own = `http://${host?.toLowerCase()}`
  if (origin.toLowerCase() === own || security.corsOrigins.includes(origin)) return
  // Others reach it through a proxy that speaks TLS.
  if (security.bind === 'wide' && origin.toLowerCase() === own.replace('http:', 'https:')) return
  throw new StockyardError('usage', 'ORIGIN_REFUSED', 'Pages of other sites may not write here.', {
    hint: 'Send the request from a program, from a page of this server, or list the site in API_CORS_ORIGINS.',
  })
}

const PREFLIGHT_SECONDS = 600

/** Lets pages of the listed origins use the API with a key in a header; cookies never count here. */
async function addCors(app: App, origins: readonly string[]): Promise<void> {
  // The route that the plugin adds. Preflights, which carry no key, are answered before keys are looked at.
  app.addHook('onRoute', (route) => {
    if (route.url === '*') route.config = { ...route.config, access: 'read' }
  })
  const leave: FastifyCorsOptions = {
    origin: [...origins],
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
    allowedHeaders: [
      'authorization',
      'content-type',
      'x-api-key',
      'if-none-match',
      'last-event-id',
    ],
    exposedHeaders: ['etag', 'link', 'retry-after', 'x-request-id'],
    credentials: false,
    maxAge: PREFLIGHT_SECONDS,
    strictPreflight: true,
  }
  await app.register(cors, {
    delegator: (request, done) => done(null, isPlainOptions(request) ? { origin: false } : leave),
  })
}

/** True for a question of what is possible at a path, which is no preflight. */
function isPlainOptions({ method, headers }: FastifyRequest): boolean {
  const isPreflight =
    headers.origin !== undefined && headers['access-control-request-method'] !== undefined
  return method === 'OPTIONS' && !isPreflight
}

/** True for an address or name that only this machine can reach. */
export function isLoopback(host: string): boolean {
  return (
    host === 'localhost' || host === '::1' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host)
  )
}
