/**
 * How many bodies are sent piece by piece at a time. Each goes at the pace of its reader, for hours if that is
 * his, and holds up to a group of rows: so they have a bound of their own, and keep no place from requests that
 * are answered at once.
 */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { StockyardError } from '../domain/error.ts'
import type { App } from './context.ts'

export interface DownloadBounds {
  /** At a time in this process. */
  readonly most: number
  /** At a time for one key or token; this machine's user is not bound. */
  readonly mostOfCaller: number
}

/** Some 7 MB each where a group of rows waits to be read. */
const BOUNDS: DownloadBounds = { most: 64, mostOfCaller: 16 }
const RETRY_AFTER_SECONDS = 5
const LOCAL_ACTOR = 'local'

declare module 'fastify' {
  interface FastifyInstance {
    /** Counts a request as a download until its connection has taken all, or is closed. */
    beginDownload: (request: FastifyRequest, reply: FastifyReply) => void
  }
}

/** Must be called after `addInFlightCap`. */
export function addDownloadCap(app: App, bounds: DownloadBounds = BOUNDS): void {
  const open = new Map<FastifyRequest, string>()
  app.decorate('beginDownload', (request, reply) => {
    const actor = request.caller?.actor ?? LOCAL_ACTOR
    refuseTooMany([...open.values()], actor, bounds, reply)
    open.set(request, actor)
    reply.raw.once('close', () => open.delete(request))
    request.leaveInFlight?.()
  })
}

/** @throws StockyardError `SERVER_BUSY`, `RATE_LIMITED` */
function refuseTooMany(
  actors: readonly string[],
  actor: string,
  { most, mostOfCaller }: DownloadBounds,
  reply: FastifyReply,
): void {
  const isFull = actors.length >= most
  const own = actors.filter((one) => one === actor).length
  if (!isFull && (actor === LOCAL_ACTOR || own < mostOfCaller)) return
  void reply.header('retry-after', String(RETRY_AFTER_SECONDS))
  const hint = 'Let some end first: one download can bring several symbols.'
  if (isFull) {
    const sentence = `There are ${most} downloads under way here.`
    throw new StockyardError('internal', 'SERVER_BUSY', sentence, { hint, retry: true })
  }
  const sentence = `The key has ${own} downloads under way.`
  throw new StockyardError('usage', 'RATE_LIMITED', sentence, { hint, retry: true })
}
