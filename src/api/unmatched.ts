/** Requests that no route takes: what is possible at a path, another method, an address without its version, or nothing at all. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { StockyardError } from '../domain/error.ts'
import type { App } from './context.ts'
import { sendProblem } from './problem.ts'

/** Methods by pattern of a path, collected while routes are added. */
type Table = Map<string, { pattern: RegExp; methods: Set<string> }>

/** Must be called before routes are added. */
export function addUnmatched(app: App): void {
  const table: Table = new Map()
  app.addHook('onRoute', ({ url, method }) => {
    // Of CORS, where it is on: not a path.
    if (url === '*') return
    const entry = table.get(url) ?? { pattern: patternOf(url), methods: new Set() }
    for (const one of [method].flat()) entry.methods.add(one)
    table.set(url, entry)
  })
  app.setNotFoundHandler((request, reply) => answerUnmatched(table, request, reply))
}

function patternOf(url: string): RegExp {
  const escaped = url.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`)
  return new RegExp(`^${escaped.replaceAll('*', '.*').replaceAll(/:[a-zA-Z]+/g, '[^/]+')}$`)
}

function answerUnmatched(table: Table, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const path = request.url.split('?')[0]!
  if (/^\/api\/(?!v\d+(\/|$))/.test(path)) {
    return reply.redirect(`/api/v1/${request.url.slice('/api/'.length)}`, 308)
  }
  const methods = new Set(
    [...table.values()]
      .filter(({ pattern }) => pattern.test(path))
      .flatMap((one) => [...one.methods]),
  )
  if (methods.size === 0) {
    const error = new StockyardError(
      'not-found',
      'ROUTE_UNKNOWN',
      'There is nothing at this path.',
      {
        hint: 'All paths are listed at /docs.',
      },
    )
    return sendProblem(error, request, reply)
  }
  const allowed = [...methods, 'OPTIONS'].sort().join(', ')
  if (request.method === 'OPTIONS') return reply.code(204).header('allow', allowed).send()
  const error = new StockyardError(
    'usage',
    'METHOD_NOT_ALLOWED',
    `${request.method} is not possible at this path.`,
    { hint: `Possible: ${allowed}.` },
  )
  return sendProblem(error, request, reply.header('allow', allowed))
}
