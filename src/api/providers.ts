/** What the vendors can give, what their plans allow, and what is left of it. */
import { providerStateJson, readProviderStates } from '../query/provider-state.ts'
import type { ApiContext, App } from './context.ts'
import { list, problems, query, ref } from './schemas.ts'

export function addProviders(app: App, { readPool: pool, providers }: ApiContext): void {
  app.get(
    '/api/v1/providers',
    {
      config: { access: 'read' },
      schema: {
        tags: ['etl'],
        summary: 'Providers, what they can give, and what is left of their budgets',
        querystring: query({}),
        response: {
          200: { description: 'Providers.', ...list(ref('Provider')) },
          ...problems({ 400: 'A parameter is wrong.' }),
        },
      },
    },
    async () => {
      const states = await readProviderStates(pool, providers)
      const data = providers.map((provider, index) => ({
        id: provider.id,
        name: provider.name,
        enabled: provider.enabled,
        needs_key: provider.needsKey,
        intervals: provider.intervals,
        basis: provider.basis,
        budget: provider.budget,
        reset_zone: provider.resetZone,
        plans: provider.plans,
        ...providerStateJson(states[index]!),
      }))
      return { data, next: null }
    },
  )
}
