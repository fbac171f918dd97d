/** Values that bars had before they were changed. */
import { Type } from 'typebox'
import { parseInterval } from '../domain/interval.ts'
import { readRevisions } from '../query/revisions.ts'
import type { ApiContext, App } from './context.ts'
import { requireProvider } from './prices.ts'
import { intervalFilter, list, paging, problems, query, ref, symbolPath, text } from './schemas.ts'

export function addRevisions(app: App, { readPool: pool, options, providers }: ApiContext): void {
  app.get(
    '/api/v1/stocks/:symbol/revisions',
    {
      config: { access: 'read' },
      schema: {
        tags: ['prices'],
        summary: 'Changed bars of a stock',
        description: 'Final bars whose values a later answer changed, newest change first.',
        params: symbolPath,
        querystring: query({
          interval: Type.Optional(intervalFilter),
          provider: Type.Optional(text(40, { description: 'Only of this provider.' })),
          ...paging(options),
        }),
        response: {
          200: { description: 'Revisions.', ...list(ref('Revision')) },
          ...problems({ 400: 'A parameter is wrong.', 404: 'The store has no such symbol.' }),
        },
      },
    },
    async ({ params, query: asked }) =>
      await readRevisions(pool, {
        symbol: params.symbol,
        interval: asked.interval === undefined ? undefined : parseInterval(asked.interval),
        provider:
          asked.provider === undefined ? undefined : requireProvider(asked.provider, providers),
        limit: asked.limit ?? options.defaultPageSize,
        cursor: asked.cursor,
      }),
  )
}
