/**
 * Who may use a route: each says so itself, as `config: { access }`, and an app with a route that does not
 * is refused before it serves anything.
 */
import type { FastifyRequest, RouteOptions } from 'fastify'
import { StockyardError } from '../domain/error.ts'
import type { Role } from '../domain/api-key.ts'
import type { App } from './context.ts'

/** `open`: anybody, whatever the server is bound to; else the least role that a caller needs. */
export type Access = Role | 'open'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Who may use the route. */
    access?: Access
    /** True where an answer goes on for as long as its client listens. */
    isStream?: boolean
  }
  interface FastifyInstance {
    /** Rules of the routes, in the order in which they were added. */
    accessRules: () => readonly RouteRule[]
  }
}

export interface RouteRule {
  readonly method: string
  readonly url: string
  readonly access: Access
}

/**
 * Must be called before routes are added. From then on `app.ready()` fails where a route has no rule.
 * @throws (from `app.ready()`) StockyardError `ROUTE_UNGUARDED`
 */
export function requireAccessRules(app: App): void {
  const routes: RouteOptions[] = []
  app.addHook('onRoute', (route) => {
    routes.push(route)
  })
  const rules = () => routes.flatMap((route) => rulesOf(route))
  app.decorate('accessRules', rules)
  app.addHook('onReady', async () => {
    rules()
  })
}

function rulesOf({ method, url, config }: RouteOptions): RouteRule[] {
  const access = config?.access
  if (access === undefined) {
    throw new StockyardError(
      'internal',
      'ROUTE_UNGUARDED',
      `The route ${String(method)} ${url} does not say who may use it.`,
      { hint: "Give it config: { access: 'read' }, 'write', 'admin' or 'open'." },
    )
  }
  return [method].flat().map((one) => ({ method: one, url, access }))
}

/** Gives the routes that a plugin adds to `scope` a rule, since they cannot have one of their own. */
export function guardPlugin(scope: Pick<App, 'addHook'>, access: Access): void {
  scope.addHook('onRoute', (route) => {
    route.config = { ...route.config, access }
  })
}

/** The rule of the route that was asked for; paths that do not exist are nobody's business but readers'. */
export function accessOf(request: FastifyRequest): Access {
  return request.routeOptions.config.access ?? 'read'
}
