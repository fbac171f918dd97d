/**
 * The latest bar without the framework's way through its hooks: a request that is letter by letter like one
 * that was let through and answered gets the same head again, with the bytes that hold now. Anything else
 * about a request, such as a credential or a proxy's header, sends it the whole way.
 */
import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Logger } from '../log.ts'
import type { App } from './context.ts'
import type { LatestCache } from './latest-cache.ts'

/** Requests whose heads are kept at most, of some 2 KB. */
const HEADS_MAX = 5000

/** Headers of a request that the answer can depend on, and that must be the same again. */
const COMPARED = ['host', 'accept', 'accept-encoding'] as const
/** Headers that change nothing; with any other one a request goes the whole way. */
const IGNORED = new Set(['connection', 'user-agent', 'accept-language'])
/** Headers of an answer that belong to it alone. */
const OWN = new Set(['x-request-id', 'content-length', 'date', 'connection', 'keep-alive'])

interface KnownRequest {
  /** Under which the cache has the bytes. */
  readonly key: string
  readonly compared: readonly (string | undefined)[]
  /** Names and values in turn. */
  readonly head: readonly string[]
}

export interface LatestShortcut {
  /** To be called when a request is about to be answered with the bytes of a key. */
  remember(request: FastifyRequest, reply: FastifyReply, key: string): void
}

/** Puts the short way before the framework's. */
export function addLatestShortcut(app: App, cache: LatestCache, log: Logger): LatestShortcut {
  const known = new Map<string, KnownRequest>()
  const answer = (request: IncomingMessage, response: ServerResponse): boolean => {
    const same = known.get(request.url!)
    if (same === undefined || request.method !== 'GET' || !isAlike(request, same)) return false
    // What is logged of each request is logged by the framework's hooks.
    if (log.isLevelEnabled('debug')) return false
    const body = cache.peek(same.key)
    if (body === null) return false
    const own = ['x-request-id', randomUUID(), 'content-length', String(body.length)]
    response.writeHead(200, [...same.head, ...own])
    response.end(body)
    app.httpMetrics.countShortcut()
    return true
  }
  const [handle] = app.server.listeners('request')
  app.server.removeListener('request', handle as () => void)
  app.server.on('request', (request, response) => {
    if (!answer(request, response)) handle!.call(app.server, request, response)
  })
  return {
    remember(request, reply, key) {
      // Who is known by a key is checked and counted each time.
      if (request.method !== 'GET' || request.caller?.actor !== 'local') return
      if (reply.statusCode !== 200) return
      const { url, headers } = request.raw
      if (known.size >= HEADS_MAX) known.delete(known.keys().next().value!)
      known.set(url!, { key, compared: COMPARED.map((name) => headers[name]), head: headOf(reply) })
    },
  }
}

function isAlike({ rawHeaders }: IncomingMessage, { compared }: KnownRequest): boolean {
  let met = 0
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!.toLowerCase()
    if (IGNORED.has(name)) continue
    const place = COMPARED.findIndex((one) => one === name)
    // One that is there twice counts as another header.
    if (place < 0 || (met & (1 << place)) !== 0) return false
    if (compared[place] !== rawHeaders[i + 1]) return false
    met |= 1 << place
  }
  return compared.every((value, place) => value === undefined || (met & (1 << place)) !== 0)
}

function headOf(reply: FastifyReply): string[] {
  return Object.entries(reply.getHeaders()).flatMap(([name, value]) =>
    OWN.has(name) || value === undefined
      ? []
      : [value].flat().flatMap((one) => [name, String(one)]),
  )
}
