/** Bars: a page of them as JSON, all of them as a stream of CSV or NDJSON, and the latest one. */
import { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'
import { Type, type Static } from 'typebox'
import { StockyardError } from '../domain/error.ts'
import { parseInterval } from '../domain/interval.ts'
import {
  readBars,
  streamBars,
  type BarAnswer,
  type BarChunk,
  type BarQuery,
} from '../query/bars.ts'
import { parseBound } from '../query/bound.ts'
import { AUTO_PROVIDER } from '../query/choose-series.ts'
import { readLatest, readQuote } from '../query/latest.ts'
import { barRow, CSV_HEADER, csvLines, type BarRow } from '../query/rows.ts'
import type { ApiContext, ApiOptions, App, ProviderInfo } from './context.ts'
import {
  choice,
  intervalParameter,
  list,
  paging,
  problems,
  query,
  ref,
  symbolPath,
  text,
} from './schemas.ts'

const FORMATS = ['json', 'ndjson', 'csv'] as const
type Format = (typeof FORMATS)[number]

const MEDIA_TYPES: Readonly<Record<Format, string>> = {
  json: 'application/json; charset=utf-8',
  ndjson: 'application/x-ndjson; charset=utf-8',
  csv: 'text/csv; charset=utf-8; header=present',
}

/** Parameters of the interface that are not served yet, with the value that asks for nothing. */
const NEUTRAL = { adjust: 'none', as_of: 'now', resample: 'none', include: 'none' } as const

const providerParameter = text(40, {
  default: AUTO_PROVIDER,
  description: 'Whose bars: the id of a provider, or `auto` for the first that has some.',
  examples: ['auto', 'alpha-vantage'],
})

function neutralOnly(value: string) {
  return Type.Optional(
    text(40, { default: value, description: `Nothing but \`${value}\` is served yet.` }),
  )
}

function pricesQuery(options: ApiOptions) {
  return query({
    interval: Type.Optional(intervalParameter),
    from: Type.Optional(
      text(40, {
        description:
          'Included. A plain date is a date of the exchange; an instant carries its offset.',
        examples: ['2024-01-02', '2024-01-02T14:30:00Z'],
      }),
    ),
    until: Type.Optional(text(40, { description: 'Not included.', examples: ['2024-02-01'] })),
    session: Type.Optional(
      choice(['all', 'regular'], {
        default: 'all',
        description: '`regular` leaves out intraday bars before the open and after the close.',
      }),
    ),
    provider: Type.Optional(providerParameter),
    sort: Type.Optional(choice(['asc', 'desc'], { default: 'asc', description: 'By time.' })),
    format: Type.Optional(
      choice(FORMATS, {
        description:
          'Without it the header `accept` decides. CSV and NDJSON stream all bars where no `limit` is given.',
      }),
    ),
    adjust: neutralOnly(NEUTRAL.adjust),
    as_of: neutralOnly(NEUTRAL.as_of),
    resample: neutralOnly(NEUTRAL.resample),
    include: neutralOnly(NEUTRAL.include),
    ...paging(options),
  })
}

type PricesQuery = Static<ReturnType<typeof pricesQuery>>

const tags = ['prices']
const wrong = { 400: 'A parameter is wrong.', 404: 'The store has no such symbol.' }

export function addPrices(app: App, { pool, options, providers, log }: ApiContext): void {
  app.get(
    '/api/v1/stocks/:symbol/prices',
    {
      schema: {
        tags,
        summary: 'Bars of a stock',
        description:
          'From the store; nothing is fetched. A stock that has none at the interval answers with an empty list.',
        params: symbolPath,
        querystring: pricesQuery(options),
        response: {
          200: {
            description: 'Bars in the order asked for.',
            content: {
              'application/json': { schema: priceList },
              'application/x-ndjson': { schema: { type: 'string' } },
              'text/csv': { schema: { type: 'string' } },
            },
          },
          ...problems(wrong),
        },
      },
    },
    async (request, reply) => {
      const asked = request.query
      const wanted = toBarQuery(request.params.symbol, asked, providers)
      const format = asked.format ?? acceptedFormat(request.headers.accept)
      void reply.type(MEDIA_TYPES[format]).header('vary', 'accept')
      if (format !== 'json' && asked.limit === undefined) {
        const stream = await streamBars(pool, wanted, asked.cursor)
        if (request.method === 'HEAD') return reply.send('')
        const body = Readable.from(writeChunks(stream, format), { objectMode: false })
        body.on('error', (error) => log.warn({ error: error.message }, 'a download broke off'))
        return reply.send(body)
      }
      const limit = asked.limit ?? options.defaultPageSize
      const answer = await readBars(pool, wanted, limit, asked.cursor)
      if (format === 'json') return reply.send(priceAnswer(answer))
      linkNext(reply, request.url, answer.next)
      return reply.send(header(format) + writeChunk(answer, answer, format))
    },
  )
  addLatest(app, pool, providers)
}

function addLatest(app: App, pool: ApiContext['pool'], providers: readonly ProviderInfo[]): void {
  app.get(
    '/api/v1/stocks/:symbol/prices/latest',
    {
      schema: {
        tags,
        summary: 'The latest bar of a stock',
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
    async ({ params, query: asked }) =>
      await readLatest(
        pool,
        params.symbol,
        parseInterval(asked.interval ?? '1d'),
        requireProvider(asked.provider ?? AUTO_PROVIDER, providers),
      ),
  )
  app.get(
    '/api/v1/stocks/:symbol/quote',
    {
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

const priceList = list(ref('Bar'), {
  symbol: { type: 'string', examples: ['AAPL'] },
  interval: { type: 'string', examples: ['1d'] },
  adjust: { type: 'string', enum: ['none'] },
  provider: { type: ['string', 'null'], description: 'Whose bars; null where there are none.' },
  as_of: { type: ['string', 'null'], description: 'Null: as they are known now.' },
})

function priceAnswer(answer: BarAnswer): object {
  const { symbol, interval, provider: from, bars, provisional, next } = answer
  const data: BarRow[] = []
  for (let i = 0; i < bars.length; i += 1) data.push(barRow(interval, bars, provisional, i))
  return { symbol, interval, adjust: 'none', provider: from, as_of: null, data, next }
}

function toBarQuery(
  symbol: string,
  asked: PricesQuery,
  providers: readonly ProviderInfo[],
): BarQuery {
  refuseLater(asked)
  return {
    symbol,
    interval: parseInterval(asked.interval ?? '1d'),
    provider: requireProvider(asked.provider ?? AUTO_PROVIDER, providers),
    from: asked.from === undefined ? null : parseBound(asked.from, 'from'),
    until: asked.until === undefined ? null : parseBound(asked.until, 'until'),
    session: asked.session ?? 'all',
    sort: asked.sort ?? 'asc',
  }
}

/** A parameter that would change the answer and that we do not serve must not be passed over. */
function refuseLater(asked: PricesQuery): void {
  for (const [name, neutral] of Object.entries(NEUTRAL)) {
    const value = asked[name as keyof typeof NEUTRAL]
    if (value === undefined || value === neutral) continue
    throw new StockyardError(
      'usage',
      'PARAMETER_UNSUPPORTED',
      `"${name}" is not served yet, other than as ${name}=${neutral}.`,
      { hint: 'Leave it out.' },
    )
  }
}

/**
 * The id of a provider that is known here, or `auto`.
 * @throws StockyardError `PROVIDER_UNKNOWN`
 */
export function requireProvider(id: string, providers: readonly ProviderInfo[]): string {
  if (id === AUTO_PROVIDER || providers.some((known) => known.id === id)) return id
  throw new StockyardError(
    'usage',
    'PROVIDER_UNKNOWN',
    `There is no provider ${JSON.stringify(id)}.`,
    {
      hint: `Use ${[AUTO_PROVIDER, ...providers.map((known) => known.id)].join(' or ')}.`,
    },
  )
}

/** The first media type of an Accept header that is one of ours; JSON for all others. */
function acceptedFormat(accept: string | undefined): Format {
  for (const part of (accept ?? '').split(',')) {
    const type = part.split(';')[0]!.trim().toLowerCase()
    const found = FORMATS.find((format) => MEDIA_TYPES[format].startsWith(`${type};`))
    if (found !== undefined) return found
  }
  return 'json'
}

/** Formats without a place for the cursor tell it in a header (RFC 8288). */
function linkNext(reply: FastifyReply, url: string, next: string | null): void {
  if (next === null) return
  const link = new URL(url, 'http://localhost')
  link.searchParams.set('cursor', next)
  void reply.header('link', `<${link.pathname}${link.search}>; rel="next"`)
}

type Series = Pick<BarAnswer, 'symbol' | 'interval' | 'provider'>

function header(format: Format): string {
  return format === 'csv' ? CSV_HEADER : ''
}

async function* writeChunks(
  stream: Series & { readonly chunks: AsyncIterable<BarChunk> },
  format: Format,
): AsyncGenerator<string> {
  yield header(format)
  for await (const chunk of stream.chunks) yield writeChunk(stream, chunk, format)
}

function writeChunk(series: Series, chunk: BarChunk, format: Format): string {
  const { symbol, interval } = series
  const provider = series.provider ?? ''
  const { bars, provisional } = chunk
  if (format === 'csv') return csvLines({ symbol, interval, provider }, bars, provisional)
  let lines = ''
  for (let i = 0; i < bars.length; i += 1) {
    const row = { symbol, interval, provider, ...barRow(interval, bars, provisional, i) }
    lines += `${JSON.stringify(row)}\n`
  }
  return lines
}
