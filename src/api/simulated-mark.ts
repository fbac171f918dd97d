/** The header that marks every answer about a store of simulated data. */
import { findStoreKind, type StoreKind } from '../db/store-kind.ts'
import type { ApiContext, App } from './context.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** True once it is known that the store holds simulated data. */
    holdsSimulated: () => boolean
  }
}

/** What answers without the store. */
const HEALTH = '/api/v1/health'

/** Must be called before routes are added. What an empty store will hold is decided by its first load, and then for good. */
export function addSimulatedMark(app: App, { readPool, options }: ApiContext): void {
  let kind: StoreKind | null = options.simulated ? 'simulated' : null
  app.decorate('holdsSimulated', () => kind === 'simulated')
  app.addHook('preHandler', async ({ routeOptions: { url = '' } }, reply) => {
    if (!url.startsWith('/api/v1/') || url === HEALTH) return
    kind ??= await findStoreKind(readPool)
    if (kind === 'simulated') void reply.header('x-stockyard-simulated', '1')
  })
}
