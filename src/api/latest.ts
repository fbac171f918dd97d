/** The latest bar, out of memory where it is known to be the latest still, and the quote. */
import { Type } from 'typebox'
import { parseInterval } from '../domain/interval.ts'
import { AUTO_PROVIDER } from '../query/choose-series.ts'
import { findLatest, readQuote } from '../query/latest.ts'
import type { ApiContext, App } from './context.ts'
import { addLatestShortcut } from './latest-shortcut.ts'
import { MEDIA_TYPES } from './price-formats.ts'
import { providerParameter } from './price-schema.ts'
import { requireProvider } from './prices.ts'
import { intervalParameter, problems, query, ref, symbolPath } from './schemas.ts'

const tags = ['prices']
const wrong = { 400: 'A parameter is wrong.' }

export function addLatest(app: App, context: ApiContext): void {
  const { readPool: pool, providers, latest, log } = context
  const shortcut = latest === undefined ? null : addLatestShortcut(app, latest, log)
  app.get(
    '/api/v1/stocks/:symbol/prices/latest',
    {
      config: { access: 'read' },
      onSend: async (request, reply) => {
        const { symbol } = request.params as { readonly symbol: string }
        shortcut?.remember(request, reply, keyOf(symbol, request.query as LatestQuery))
      },
      schema: {
        tags,
        summary: 'The latest bar of a stock',
        description: 'Of several vendors the one whose bar is newest; of equal ones by priority.',
        params: symbolPath,
        querystring: query({
          interval: Type.Optional(intervalParameter),
          provider: Type.Optional(providerParameter),
        }),
        response: {
          200: { description: 'The bar, provisional or final.', ...ref('LatestBar') },
          ...problems({ ...wrong, 404: 'No such symbol, or it has no bars at the interval.' }),
        },
      },
    },
    (request, reply) => {
      const { symbol } = request.params
      const { interval = '1d', provider = AUTO_PROVIDER } = request.query
      const key = keyOf(symbol, request.query)
      void reply.type(MEDIA_TYPES.json)
      const known = latest?.peek(key) ?? null
      if (known !== null) return reply.send(known)
      const read = async () => {
        const id = requireProvider(provider, providers)
        const { instrumentId, bar } = await findLatest(pool, symbol, parseInterval(interval), id)
        return { instrumentId, body: Buffer.from(JSON.stringify(bar)) }
      }
      return latest === undefined ? read().then(({ body }) => body) : latest.get(key, read)
    },
  )
  addQuote(app, context)
}

interface LatestQuery {
  readonly interval?: string
  readonly provider?: string
}

/** Under which an answer is kept; none of the three can hold a line's end. */
function keyOf(symbol: string, { interval = '1d', provider = AUTO_PROVIDER }: LatestQuery): string {
  return `${interval}\n${provider}\n${symbol}`
}

function addQuote(app: App, { readPool: pool }: ApiContext): void {
  app.get(
    '/api/v1/stocks/:symbol/quote',
    {
      config: { access: 'read' },
      schema: {
        tags,
        summary: 'The newest price of a stock',
        description: 'The quote that was taken last, or the latest daily bar where that is newer.',
        params: symbolPath,
        querystring: query({}),
        response: {
          200: { description: 'The price.', ...ref('Quote') },
          ...problems({ ...wrong, 404: 'No such symbol, or nothing is stored of it.' }),
        },
      },
    },
    async ({ params }) => await readQuote(pool, params.symbol),
  )
}
