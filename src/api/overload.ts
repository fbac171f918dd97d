/** Too much at once: refused early, so that what was let in is answered in time. */
import { StockyardError } from '../domain/error.ts'
import type { App } from './context.ts'

/** Requests that are worked on at a time; more would only wait for a database connection. */
const IN_FLIGHT_MAX = 256
const RETRY_AFTER_SECONDS = 1

declare module 'fastify' {
  interface FastifyRequest {
    /** Gives the place of a request to others while it is still answered; null where it has none. */
    leaveInFlight: (() => void) | null
  }
}

/** Counts requests from their head until their answer is sent, or their client has gone. */
export function addInFlightCap(app: App, most = IN_FLIGHT_MAX): void {
  let inFlight = 0
  if (!app.hasRequestDecorator('leaveInFlight')) app.decorateRequest('leaveInFlight', null)
  app.addHook('onRequest', async (request, reply) => {
    // Whoever watches over the process must not be told that it is dead because it is busy.
    if (request.routeOptions.url === '/health') return
    // Streams do next to nothing for hours; they have a bound of their own.
    if (request.routeOptions.config.isStream === true) return
    if (inFlight >= most) {
      void reply.header('retry-after', String(RETRY_AFTER_SECONDS))
      throw new StockyardError('internal', 'SERVER_BUSY', 'The server has too much to do.', {
        hint: 'Try again in a moment, and ask for fewer things at a time.',
        retry: true,
      })
    }
    inFlight += 1
    let isOver = false
    const over = () => {
      if (!isOver) inFlight -= 1
      isOver = true
    }
    request.leaveInFlight = over
    reply.raw.once('finish', over).once('close', over)
  })
}
