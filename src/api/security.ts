/**
 * What keeps strangers out while there are no keys: only loopback, only by a loopback name (against DNS
 * rebinding), no writes from other origins, and a strict content security policy.
 */
import helmet from '@fastify/helmet'
import type { FastifyRequest } from 'fastify'
import { StockyardError } from '../domain/error.ts'
import type { App } from './context.ts'

const LOOPBACK_NAMES = new Set(['localhost', '127.0.0.1', '[::1]'])

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
export async function addSecurity(app: App): Promise<void> {
  app.addHook('onRequest', async (request) => {
    requireLoopbackName(request)
    requireOwnOrigin(request)
  })
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

function requireLoopbackName(request: FastifyRequest): void {
  if (LOOPBACK_NAMES.has(hostName(request.headers.host ?? ''))) return
  throw new StockyardError('usage', 'HOST_REFUSED', 'This host name is not served here.', {
    hint: 'Use http://127.0.0.1 or http://localhost with the port.',
  })
}

/** A page of another site can send forms here, but a browser then says from where. */
function requireOwnOrigin(request: FastifyRequest): void {
  const { origin, host } = request.headers
  if (request.method === 'GET' || request.method === 'HEAD' || origin === undefined) return
  if (origin.toLowerCase() === `http://${host?.toLowerCase()}`) return
  throw new StockyardError('usage', 'ORIGIN_REFUSED', 'Pages of other sites may not write here.', {
    hint: 'Send the request from a program, or from a page of this server.',
  })
}

/** True for an address or name that only this machine can reach. */
export function isLoopback(host: string): boolean {
  return (
    host === 'localhost' || host === '::1' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host)
  )
}
