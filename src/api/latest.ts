/** The latest bar, out of memory where it is known to be the latest still, and the quote. */
import { Type } from 'typebox'
import { parseInterval } from '../domain/interval.ts'
import { AUTO_PROVIDER } from '../query/choose-series.ts'
import { findLatest, readLatestBar, readQuote } from '../query/latest.ts'
import type { ApiContext, App } from './context.ts'
import { addLatestShortcut } from './latest-shortcut.ts'
import { MEDIA_TYPES } from './price-formats.ts'
import { adjustParameter, asOfParameter, providerParameter } from './price-schema.ts'
import { readAsOf, requireProvider } from './prices.ts'
import { choice, intervalParameter, problems, query, ref, symbolPath } from './schemas.ts'

const tags = ['prices']
const wrong = { 400: 'A parameter is wrong.' }

export function addLatest(app: App, context: ApiContext): void {
  const { readPool: pool, providers, latest, log, clock } = context
  const shortcut = latest === undefined ? null : addLatestShortcut(app, latest, log)
  app.get(
    '/api/v1/stocks/:symbol/prices/latest',
    {
      config: { access: 'read' },
      onSend: async (request, reply) => {
        const { symbol } = request.params as { readonly symbol: string }
        const asked = request.query as LatestParameters
        if (isPlain(asked)) shortcut?.remember(request, reply, keyOf(symbol, asked))
      },
      schema: {
        tags,
        summary: 'The latest bar of a stock',
        description:
          'Of several vendors the one whose bar is newest; of equal ones by priority. Where the interval is not stored it is made of shorter bars.',
        params: symbolPath,
        querystring: query({
          interval: Type.Optional(intervalParameter),
          provider: Type.Optional(providerParameter),
          adjust: adjustParameter,
          as_of: asOfParameter,
          include: Type.Optional(
            choice(['none', 'live'], {
              default: 'live',
              description: '`none` is the latest bar whose period was over when it was seen.',
            }),
          ),
        }),
        response: {
          200: { description: 'The bar, provisional or final.', ...ref('LatestBar') },
          ...problems({ ...wrong, 404: 'No such symbol, or it has no bars at the interval.' }),
        },
      },
    },
    (request, reply) => {
      const { symbol } = request.params
      const asked = request.query
      void reply.type(MEDIA_TYPES.json)
      const key = isPlain(asked) ? keyOf(symbol, asked) : null
      const known = key === null ? null : (latest?.peek(key) ?? null)
      if (known !== null) return reply.send(known)
      const read = async () => {
        const wanted = {
          symbol,
          interval: parseInterval(asked.interval ?? '1d'),
          provider: requireProvider(asked.provider ?? AUTO_PROVIDER, providers),
          now: clock.now(),
          adjust: asked.adjust ?? 'none',
          asOf: readAsOf(asked.as_of),
          live: asked.include !== 'none',
        }
        const found =
          key === null
            ? { instrumentId: null, bar: await readLatestBar(pool, wanted) }
            : await findLatest(pool, wanted)
        return {
          instrumentId: found.instrumentId,
          body: Buffer.from(JSON.stringify(found.bar)),
        }
      }
      if (key === null || latest === undefined) return read().then(({ body }) => body)
      return latest.get(key, read)
    },
  )
  addQuote(app, context)
}

interface LatestParameters {
  readonly interval?: string
  readonly provider?: string
  readonly adjust?: string
  readonly as_of?: string
  readonly include?: string
}

/** True where the answer is the newest bar as it is stored, which is kept in memory. */
function isPlain({ adjust = 'none', as_of: asOf = 'now', include }: LatestParameters): boolean {
  return adjust === 'none' && asOf === 'now' && include !== 'none'
}

/** Under which an answer is kept; none of the three can hold a line's end. */
function keyOf(
  symbol: string,
  { interval = '1d', provider = AUTO_PROVIDER }: LatestParameters,
): string {
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
