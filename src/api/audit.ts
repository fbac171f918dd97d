/** The audit: every request that changed something is noted with who sent it, and admins can read it. */
import { addAudit, readAudit } from '../db/audit.ts'
import { messageOf } from '../domain/error.ts'
import { redact } from '../log.ts'
import { cutById, idBefore } from '../query/cursor.ts'
import { formatInstant } from '../query/rows.ts'
import { accessOf } from './access.ts'
import type { ApiContext, App } from './context.ts'
import { list, object, paging, problems, query } from './schemas.ts'

const READS = new Set(['GET', 'HEAD', 'OPTIONS'])

/** Notes what changes the store, before it is answered. */
export function addAuditTrail(app: App, { pool, clock, log }: ApiContext): void {
  app.addHook('onSend', async (request, reply, payload) => {
    const { method, url, caller, ip } = request
    const access = request.is404 ? 'read' : accessOf(request)
    const isChange = access === 'write' || access === 'admin'
    if (READS.has(method) || !isChange || caller === null || reply.statusCode >= 400) return payload
    try {
      await addAudit(pool, {
        at: clock.now(),
        action: `${method} ${request.routeOptions.url ?? ''}`,
        actor: caller.actor,
        address: ip,
        target: url.split('?')[0]!,
        detail: String(reply.statusCode),
      })
    } catch (error) {
      // It is done already: to answer that it failed would make the caller do it again.
      log.error({ reason: redact(messageOf(error)), request_id: request.id }, 'not in the audit')
    }
    return payload
  })
}

/** Adds the route that reads it. */
export function addAuditRoute(app: App, { pool, options }: ApiContext): void {
  const entry = object({
    id: { type: 'integer' },
    at: { type: 'string', description: 'Instant.' },
    action: { type: 'string', examples: ['key.created', 'DELETE /api/v1/stocks/:symbol'] },
    actor: { type: 'string', description: 'Who: a key, a token, or a user of the machine.' },
    address: { type: ['string', 'null'] },
    target: { type: ['string', 'null'] },
    detail: { type: ['string', 'null'] },
  })
  app.get(
    '/api/v1/audit',
    {
      config: { access: 'admin' },
      schema: {
        tags: ['etl'],
        summary: 'Who changed what, newest first',
        description: 'Takes the role admin, on loopback as well.',
        querystring: query(paging(options)),
        response: {
          200: { description: 'Entries.', ...list(entry) },
          ...problems({ 400: 'A parameter is wrong.', 401: 'No key.', 403: 'Not an admin.' }),
        },
      },
    },
    async ({ query: { cursor, limit = options.defaultPageSize } }) => {
      const found = await readAudit(pool, { limit: limit + 1, before: idBefore(cursor, 'audit') })
      const { shown, next } = cutById(found, limit, 'audit')
      return { data: shown.map((one) => ({ ...one, at: formatInstant(one.at) })), next }
    },
  )
}
