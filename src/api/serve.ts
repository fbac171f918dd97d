/** Listening: beyond loopback only where keys keep strangers out, and one sentence where the port is taken. */
import { StockyardError } from '../domain/error.ts'
import { hasKeyOf } from '../db/keys.ts'
import { ROLES } from '../domain/api-key.ts'
import { makeApp } from './app.ts'
import type { ApiContext } from './context.ts'
import { isLoopback, LOOPBACK_SECURITY, type ApiSecurity } from './security.ts'

export interface Server {
  /** Where it answers, e.g. `http://127.0.0.1:8000`. */
  readonly url: string
  /** Ends what is idle at once and gives requests in hand a few seconds. */
  close(): Promise<void>
}

export interface Address {
  readonly host: string
  /** 0 takes any free port. */
  readonly port: number
}

/** Requests that are still being answered get this long when the server closes. */
const CLOSE_PATIENCE_MS = 5000

/**
 * Serves the API and the web pages.
 * @throws StockyardError `BIND_REFUSED`, `PORT_IN_USE`, `PORT_REFUSED`
 */
export async function serve(context: ApiContext, { host, port }: Address): Promise<Server> {
  const security = await securityAt(host, context)
  const app = await makeApp({ ...context, security })
  let url: string
  try {
    url = await app.listen({ host, port })
  } catch (error) {
    await app.close()
    throw listenError(error, host, port)
  }
  return {
    url,
    close: async () => {
      const abort = new AbortController()
      const closing = app.close()
      const patience = context.clock.sleep(CLOSE_PATIENCE_MS, abort.signal).then(
        () => app.server.closeAllConnections(),
        () => {},
      )
      await closing.finally(() => abort.abort())
      await patience
    },
  }
}

/** What holds at an address. @throws StockyardError `BIND_REFUSED` */
async function securityAt(host: string, context: ApiContext): Promise<ApiSecurity> {
  const security = context.security ?? LOOPBACK_SECURITY
  if (isLoopback(host)) return security
  const isKeyed = await hasKeyOf(context.pool, ROLES, context.clock.now())
  if (!isKeyed && security.oidc === null) {
    throw new StockyardError(
      'config',
      'BIND_REFUSED',
      `Serving on ${host} is not safe without keys.`,
      {
        hint: 'Make one: stockyard keys create --role admin. Or set API_HOST to 127.0.0.1 and use an SSH tunnel.',
      },
    )
  }
  return { ...security, bind: 'wide', hosts: [...security.hosts, host] }
}

function listenError(error: unknown, host: string, port: number): unknown {
  const { code } = error as NodeJS.ErrnoException
  if (code === 'EADDRINUSE') {
    return new StockyardError(
      'config',
      'PORT_IN_USE',
      `Port ${port} is in use by another program.`,
      {
        hint: 'Stop that program, or set API_PORT to another port.',
        cause: error,
      },
    )
  }
  if (code === 'ENOTFOUND' || code === 'EACCES' || code === 'EADDRNOTAVAIL') {
    return new StockyardError('config', 'PORT_REFUSED', `Port ${port} of ${host} cannot be used.`, {
      hint: 'Set API_PORT to a port above 1023 and API_HOST to 127.0.0.1.',
      cause: error,
    })
  }
  return error
}
