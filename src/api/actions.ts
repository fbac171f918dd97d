/** Splits and dividends. */
import { Type } from 'typebox'
import { ACTION_KINDS } from '../domain/action-ledger.ts'
import { readActions } from '../query/actions.ts'
import type { ApiContext, App } from './context.ts'
import { readPeriod } from './period.ts'
import { readAsOf, requireProvider } from './prices.ts'
import { choice, list, problems, query, ref, symbolPath, text } from './schemas.ts'

export function addActions(app: App, { readPool: pool, providers }: ApiContext): void {
  app.get(
    '/api/v1/stocks/:symbol/actions',
    {
      config: { access: 'read' },
      schema: {
        tags: ['stocks'],
        summary: 'Splits and dividends of a stock',
        description: 'By ex date, from every provider that told of them. All in one answer.',
        params: symbolPath,
        querystring: query({
          kind: Type.Optional(choice(ACTION_KINDS, { description: 'Only of this kind.' })),
          provider: Type.Optional(text(40, { description: 'Only of this provider.' })),
          from: Type.Optional(text(40, { description: 'First ex date, YYYY-MM-DD.' })),
          until: Type.Optional(text(40, { description: 'Ex date to stop before, YYYY-MM-DD.' })),
          as_of: Type.Optional(
            text(40, {
              default: 'now',
              description: 'As known at an instant, or at the end of a date of the exchange.',
              examples: ['2024-06-03T20:00:00Z', '2024-06-03'],
            }),
          ),
        }),
        response: {
          200: { description: 'Splits and dividends.', ...list(ref('Action')) },
          ...problems({ 400: 'A parameter is wrong.', 404: 'The store has no such symbol.' }),
        },
      },
    },
    async ({ params, query: asked }) => ({
      data: await readActions(pool, params.symbol, {
        kind: asked.kind,
        provider:
          asked.provider === undefined ? undefined : requireProvider(asked.provider, providers),
        ...readPeriod(asked),
        asOf: readAsOf(asked.as_of),
      }),
      next: null,
    }),
  )
}
