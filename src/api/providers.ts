/** What the vendors can give and what their plans allow. */
import type { ApiContext, App } from './context.ts'
import { list, problems, query, ref } from './schemas.ts'

export function addProviders(app: App, { providers }: ApiContext): void {
  const data = providers.map((provider) => ({
    id: provider.id,
    name: provider.name,
    enabled: provider.enabled,
    needs_key: provider.needsKey,
    intervals: provider.intervals,
    basis: provider.basis,
    budget: provider.budget,
    reset_zone: provider.resetZone,
  }))
  app.get(
    '/api/v1/providers',
    {
      schema: {
        tags: ['etl'],
        summary: 'Providers and what they can give',
        querystring: query({}),
        response: {
          200: { description: 'Providers.', ...list(ref('Provider')) },
          ...problems({ 400: 'A parameter is wrong.' }),
        },
      },
    },
    async () => ({ data, next: null }),
  )
}
