/** Bars: a page of them as JSON, all of them as a stream of CSV or NDJSON, and the latest one. */
import { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Static } from 'typebox'
import { getInstrument, requireSymbol } from '../db/instruments.ts'
import { StockyardError } from '../domain/error.ts'
import { parseInterval, type Interval } from '../domain/interval.ts'
import { readVersion } from '../db/read-version.ts'
import { streamManyBars, findSymbols, readManyBars } from '../query/bars-of-many.ts'
import { readBars, streamBars, type BarQuery } from '../query/bars.ts'
import { parseBound, type Bound } from '../query/bound.ts'
import { MANUAL_PROVIDER } from '../providers/registry.ts'
import { AUTO_PROVIDER } from '../query/choose-series.ts'
import { encodeBars, type BarSource } from '../query/encode-bars.ts'
import { FIELDS, parseFields, type Field } from '../query/rows.ts'
import { acceptedFormat } from './accepted-format.ts'
import type { ApiContext, App, ProviderInfo } from './context.ts'
import { allowKeeping, entityTag, holdsAnswer } from './entity-tag.ts'
import { makeKeptAnswers, type KeptAnswers } from './kept-answers.ts'
import {
  type Format,
  linkNext,
  manyAnswer,
  MEDIA_TYPES,
  priceAnswer,
  tellWarnings,
  warningsOf,
} from './price-formats.ts'
import { manyList, manyQuery, priceList, priceResponse, pricesQuery } from './price-schema.ts'
import { problems, symbolPath } from './schemas.ts'
import { ownTurn } from './turns.ts'

type PricesQuery = Static<ReturnType<typeof pricesQuery>>

const tags = ['prices']
const wrong = {
  400: 'A parameter is wrong.',
  404: 'The store has no such symbol.',
  406: 'The header `accept` leaves no format.',
}

const unchanged = {
  304: { description: 'The answer is the one whose `etag` the header `if-none-match` names.' },
}

export function addPrices(app: App, context: ApiContext): void {
  const kept = makeKeptAnswers()
  addPricesOfOne(app, context, kept, { url: '/api/v1/stocks/:symbol/prices', what: 'stock' })
  addPricesOfOne(app, context, kept, { url: '/api/v1/indices/:symbol/prices', what: 'index' })
  addPricesOfMany(app, context, kept)
}

interface PricesRoute {
  readonly url: string
  /** An index is a stock, too, but not the other way round. */
  readonly what: 'stock' | 'index'
}

function addPricesOfOne(
  app: App,
  context: ApiContext,
  kept: KeptAnswers,
  { url, what }: PricesRoute,
): void {
  const { readPool: pool, options } = context
  app.get(
    url,
    {
      config: { access: 'read' },
      compress: {},
      schema: {
        tags,
        summary: what === 'index' ? 'Bars of an index' : 'Bars of a stock',
        description:
          'From the store; nothing is fetched. One that has none at the interval answers with bars made of shorter ones, or with an empty list.',
        params: symbolPath,
        querystring: pricesQuery(options),
        response: { 200: priceResponse(priceList), ...unchanged, ...problems(wrong) },
      },
    },
    async (request, reply) => {
      const asked = request.query
      const { symbol } = request.params
      if (what === 'index') await requireIndex(pool, symbol)
      const wanted = { symbol, ...toBarQuery(asked, context) }
      const answering = await beginAnswer(request, reply, { ...context, kept }, [symbol])
      if (answering.isKnown) return reply.code(304).send()
      if (answering.kept !== null) return reply.send(answering.kept)
      const { format, fields, tag } = answering
      if (format !== 'json' && asked.limit === undefined) {
        const stream = await streamBars(pool, wanted, asked.cursor)
        tellWarnings(reply, stream.warnings)
        return sendStreams([stream], answering, request, reply, context)
      }
      const limit = asked.limit ?? options.defaultPageSize
      const answer = await readBars(pool, wanted, limit, asked.cursor)
      if (format === 'json') {
        await ownTurn()
        const body = priceAnswer(answer, fields)
        kept.keep(tag, body)
        return reply.send(body)
      }
      linkNext(reply, request.url, answer.next)
      tellWarnings(reply, answer.warnings)
      return sendStreams([{ ...answer, chunks: [answer] }], answering, request, reply, context)
    },
  )
}

/** @throws StockyardError `SYMBOL_UNKNOWN`, `SYMBOL_INVALID` */
async function requireIndex(pool: ApiContext['pool'], typed: string): Promise<void> {
  const { symbol, kind } = await getInstrument(pool, typed)
  if (kind === 'index') return
  throw new StockyardError('not-found', 'SYMBOL_UNKNOWN', `The store has no index ${symbol}.`, {
    hint: `It is of the kind ${kind}: ask for /api/v1/stocks/${symbol}/prices.`,
  })
}

function addPricesOfMany(app: App, context: ApiContext, kept: KeptAnswers): void {
  const { readPool: pool, options } = context
  app.get(
    '/api/v1/prices',
    {
      config: { access: 'read' },
      compress: {},
      schema: {
        tags,
        summary: 'Bars of several stocks',
        description: 'The same over some symbols, ordered by symbol, then by time.',
        querystring: manyQuery(options),
        response: { 200: priceResponse(manyList), ...unchanged, ...problems(wrong) },
      },
    },
    async (request, reply) => {
      const asked = request.query
      const wanted = toBarQuery(asked, context)
      const isPast = wanted.asOf !== null
      const symbols = await findSymbols(pool, asked.symbols, isPast)
      const answering = await beginAnswer(request, reply, { ...context, kept }, symbols)
      if (answering.isKnown) return reply.code(304).send()
      if (answering.kept !== null) return reply.send(answering.kept)
      const { format, fields, tag } = answering
      if (format !== 'json' && asked.limit === undefined) {
        const streams = await streamManyBars(pool, symbols, wanted, asked.cursor)
        tellWarnings(reply, warningsOf(streams))
        return sendStreams(streams, answering, request, reply, context)
      }
      const limit = asked.limit ?? options.defaultPageSize
      const found = await readManyBars(pool, symbols, wanted, limit, asked.cursor)
      if (format === 'json') {
        const interval = wanted.resample ?? wanted.interval
        const heading = { interval, adjust: wanted.adjust, as_of: isPast ? asked.as_of! : null }
        await ownTurn()
        const body = manyAnswer(found, heading, fields)
        kept.keep(tag, body)
        return reply.send(body)
      }
      linkNext(reply, request.url, found.next)
      tellWarnings(reply, warningsOf(found.answers))
      const sources = found.answers.map((answer) => ({ ...answer, chunks: [answer] }))
      return sendStreams(sources, answering, request, reply, context)
    },
  )
}

/** How an answer is wanted. */
interface Answering {
  readonly format: Format
  readonly fields: readonly Field[]
  readonly interval: Interval
  /** Of the version that the database has. */
  readonly tag: string
  /** True where the caller holds it already. */
  readonly isKnown: boolean
  /** The answer where it was made before; only those in JSON are kept. */
  readonly kept: Buffer | null
}

/** The date on an exchange stays the same in it: offsets of zones are whole quarters of an hour. */
const DATE_CHECK_MS = 15 * 60_000

/** Reads how the answer is wanted, and says in its headers what it is and which version. */
async function beginAnswer(
  request: FastifyRequest,
  reply: FastifyReply,
  { options, version, clock, readPool, kept }: ApiContext & { readonly kept: KeptAnswers },
  symbols: readonly string[],
): Promise<Answering> {
  const asked = request.query as PricesQuery
  const format = asked.format ?? acceptedFormat(request.headers.accept)
  const fields = asked.fields === undefined ? FIELDS : parseFields(asked.fields)
  const { adjust = 'none', resample = 'none' } = asked
  const interval = parseInterval(resample === 'none' ? (asked.interval ?? '1d') : resample)
  const known = await readVersion(readPool, [...symbols, ...symbols.map(requireSymbol)])
  // Actions count from their ex date on, by the exchange's date of asking.
  const date = adjust === 'none' ? 0 : Math.floor(clock.now() / DATE_CHECK_MS)
  const tag = entityTag([request.url, format, options.defaultPageSize, version, date, known])
  allowKeeping(reply, tag).type(MEDIA_TYPES[format]).header('vary', 'accept, accept-encoding')
  return { format, fields, interval, tag, isKnown: holdsAnswer(request, tag), kept: kept.get(tag) }
}

/** Sends bars as they are read. */
async function sendStreams(
  sources: readonly BarSource[],
  { format, fields, interval }: Answering,
  request: FastifyRequest,
  reply: FastifyReply,
  { log }: ApiContext,
): Promise<FastifyReply> {
  // A stream: of a text the length would be told, as that of what GET sends.
  if (request.method === 'HEAD' || format === 'json') return reply.send(Readable.from([]))
  request.server.beginDownload(request, reply)
  const encoding = { format, fields, intervals: [interval], pause: ownTurn }
  const body = Readable.from(encodeBars(sources, encoding), { objectMode: false })
  body.on('error', (error) => log.warn({ error: error.message }, 'a download broke off'))
  return reply.send(body)
}

/**
 * What `as_of` means; null for now.
 * @throws StockyardError `DATE_INVALID`
 */
export function readAsOf(asked = 'now'): Bound | null {
  return asked === 'now' ? null : parseBound(asked, 'as_of')
}

function toBarQuery(asked: PricesQuery, { providers, clock }: ApiContext) {
  const { as_of: asOf, resample = 'none' } = asked
  return {
    interval: parseInterval(asked.interval ?? '1d'),
    provider: requireProvider(asked.provider ?? AUTO_PROVIDER, providers),
    from: asked.from === undefined ? null : parseBound(asked.from, 'from'),
    until: asked.until === undefined ? null : parseBound(asked.until, 'until'),
    session: asked.session ?? 'all',
    sort: asked.sort ?? 'asc',
    now: clock.now(),
    adjust: asked.adjust ?? 'none',
    asOf: readAsOf(asOf),
    resample: resample === 'none' ? null : parseInterval(resample),
    live: asked.include === 'live',
  } satisfies Omit<BarQuery, 'symbol'>
}

/**
 * The id of a provider that is known here, `auto`, or `manual` for bars by hand.
 * @throws StockyardError `PROVIDER_UNKNOWN`
 */
export function requireProvider(id: string, providers: readonly ProviderInfo[]): string {
  const others = [AUTO_PROVIDER, MANUAL_PROVIDER]
  if (others.includes(id) || providers.some((known) => known.id === id)) return id
  throw new StockyardError(
    'usage',
    'PROVIDER_UNKNOWN',
    `There is no provider ${JSON.stringify(id)}.`,
    {
      hint: `Use ${[...others, ...providers.map((known) => known.id)].join(' or ')}.`,
    },
  )
}
