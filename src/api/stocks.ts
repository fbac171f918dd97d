/** Instruments, which users know as stocks: list, add, change, and soft delete. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type, type Static } from 'typebox'
import {
  addInstrument,
  deleteInstrument,
  getInstrument,
  INSTRUMENT_KINDS,
  updateInstrument,
  type InstrumentFields,
} from '../db/instruments.ts'
import { getCalendar } from '../domain/calendar/registry.ts'
import { StockyardError } from '../domain/error.ts'
import { parseStockFields, pickStockFields, readStocks, stockRow } from '../query/instruments.ts'
import type { ApiContext, ApiOptions, App } from './context.ts'
import { exchangeFilter, namesOfExchange } from './exchange-filter.ts'
import { entityTag, holdsAnswer } from './entity-tag.ts'
import {
  choice,
  flag,
  list,
  paging,
  problems,
  query,
  ref,
  symbolPath,
  text,
  wholeNumber,
} from './schemas.ts'

/** A text that may be null, to take a value away. */
function nullableText(maxLength: number, description: string) {
  return Type.Unsafe<string | null>({
    type: ['string', 'null'],
    minLength: 1,
    maxLength,
    pattern: '^[^\\u0000-\\u001f\\u007f]*$',
    description,
  })
}

const fields = {
  kind: Type.Optional(choice(INSTRUMENT_KINDS, { description: 'What it is.', default: 'stock' })),
  name: Type.Optional(nullableText(200, 'Name of the company or fund.')),
  exchange: Type.Optional(
    text(40, {
      description: 'ISO 10383 code, or another name of an exchange that is known.',
      default: 'XNYS',
    }),
  ),
  currency: Type.Optional(nullableText(10, 'ISO 4217 code.')),
  sector: Type.Optional(nullableText(100, 'Sector.')),
  industry: Type.Optional(nullableText(100, 'Industry.')),
  watched: Type.Optional(flag({ description: 'On the watch list.', default: false })),
  active: Type.Optional(flag({ description: 'False once deleted.', default: true })),
}

const newStock = Type.Object(
  { symbol: text(32, { description: 'Symbol.', examples: ['AAPL'] }), ...fields },
  {
    additionalProperties: false,
    examples: [{ symbol: 'AAPL', name: 'Apple Inc.', watched: true }],
  },
)
const changes = Type.Object(fields, {
  additionalProperties: false,
  minProperties: 1,
  examples: [{ sector: 'Technology', watched: true }],
})
const replacement = Type.Object(fields, {
  additionalProperties: false,
  examples: [{ name: 'Apple Inc.', sector: 'Technology', watched: true }],
})

const tags = ['stocks']
const one = (description: string) => ({ description, ...ref('Stock') })

/** Filters of a list of stocks. */
function listQuery(options: ApiOptions) {
  return {
    exchange: exchangeFilter,
    sector: Type.Optional(text(100, { description: 'Only of this sector, in any case.' })),
    active: Type.Optional(flag({ default: true, description: 'False lists deleted ones.' })),
    watched: Type.Optional(flag({ description: 'Only those on the watch list, or not.' })),
    text: Type.Optional(
      text(100, { description: 'Words in the symbol, name, sector or industry.' }),
    ),
    sort: Type.Optional(choice(['asc', 'desc'], { default: 'asc', description: 'By symbol.' })),
    fields: Type.Optional(
      text(200, {
        description: 'Only these; the symbol is always there.',
        examples: ['name,sector'],
      }),
    ),
    skip: Type.Optional(
      wholeNumber(0, 1_000_000, {
        default: 0,
        description: 'Rows to leave out; `cursor` is quicker and steadier.',
      }),
    ),
    ...paging(options),
  }
}

type ListQuery = Static<ReturnType<typeof listSchema>>
const listSchema = (options: ApiOptions) => Type.Object(listQuery(options))

/** Stocks of a kind, or of any. */
async function listStocks(
  { readPool, options }: ApiContext,
  kind: InstrumentFields['kind'] | undefined,
  { active = true, limit = options.defaultPageSize, fields: named, exchange, ...filter }: ListQuery,
) {
  if (filter.cursor !== undefined && filter.skip !== undefined) {
    throw new StockyardError('usage', 'PARAMETER_INVALID', 'Give "skip" or "cursor", not both.', {
      hint: 'To go on from page to page, "cursor" alone is enough.',
    })
  }
  const shown = named === undefined ? null : parseStockFields(named)
  const exchanges = exchange === undefined ? undefined : await namesOfExchange(readPool, exchange)
  const { data, next } = await readStocks(readPool, { ...filter, exchanges, kind, active, limit })
  return { data: shown === null ? data : data.map((row) => pickStockFields(row, shown)), next }
}

/** Sends a list with its tag, or says that the caller has it already. */
async function sendList(
  answer: Awaited<ReturnType<typeof listStocks>>,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const body = JSON.stringify(answer)
  const tag = entityTag([body])
  void reply.header('etag', tag)
  if (holdsAnswer(request, tag)) return await reply.code(304).send()
  return await reply.type('application/json; charset=utf-8').send(body)
}

const listed = {
  200: { description: 'Stocks.', ...list(ref('ListedStock')) },
  304: { description: 'The answer is the one whose `etag` the header `if-none-match` names.' },
  ...problems({ 400: 'A parameter is wrong.' }),
}
const LIST_NOTE = 'By symbol. Deleted ones are left out unless `active=false` asks for them.'

/** Adds the list of indices, which are stocks of that kind. */
export function addIndexList(app: App, context: ApiContext): void {
  app.get(
    '/api/v1/indices',
    {
      config: { access: 'read' },
      schema: {
        tags,
        summary: 'List indices',
        description: `Stocks of the kind \`index\`. ${LIST_NOTE}`,
        querystring: query(listQuery(context.options)),
        response: listed,
      },
    },
    async (request, reply) => {
      const answer = await listStocks(context, 'index', request.query)
      return await sendList(answer, request as FastifyRequest, reply as FastifyReply)
    },
  )
}

export function addStocks(app: App, context: ApiContext): void {
  const { pool, options } = context
  app.get(
    '/api/v1/stocks',
    {
      config: { access: 'read' },
      schema: {
        tags,
        summary: 'List stocks',
        description: LIST_NOTE,
        querystring: query({
          kind: Type.Optional(choice(INSTRUMENT_KINDS, { description: 'Only of this kind.' })),
          ...listQuery(options),
        }),
        response: listed,
      },
    },
    async (request, reply) => {
      const { kind, ...asked } = request.query
      const answer = await listStocks(context, kind, asked)
      return await sendList(answer, request as FastifyRequest, reply as FastifyReply)
    },
  )
  app.post(
    '/api/v1/stocks',
    {
      config: { access: 'write' },
      schema: {
        tags,
        summary: 'Add a stock',
        body: newStock,
        querystring: query({}),
        response: {
          201: one('It was added.'),
          ...problems({ 400: 'The body is wrong.', 409: 'The symbol is in the store already.' }),
        },
      },
    },
    async ({ body }, reply) => {
      const { symbol, ...said } = body
      const added = await addInstrument(pool, { symbol, ...checked(said) })
      return await reply
        .code(201)
        .header('location', `/api/v1/stocks/${encodeURIComponent(added.symbol)}`)
        .send(stockRow(added))
    },
  )
  addOneStock(app, context)
}

function addOneStock(app: App, { pool, readPool }: Pick<ApiContext, 'pool' | 'readPool'>): void {
  const url = '/api/v1/stocks/:symbol'
  const common = { tags, params: symbolPath, querystring: query({}) }
  const notFound = { 400: 'The request is wrong.', 404: 'The store has no such symbol.' }
  app.get(
    url,
    {
      config: { access: 'read' },
      schema: {
        ...common,
        summary: 'One stock',
        response: { 200: one('The stock.'), ...problems(notFound) },
      },
    },
    async ({ params }) => stockRow(await getInstrument(readPool, params.symbol)),
  )
  app.put(
    url,
    {
      config: { access: 'write' },
      schema: {
        ...common,
        summary: 'Replace what is said about a stock',
        description: 'Fields that are left out take their defaults.',
        body: replacement,
        response: { 200: one('As it is now.'), ...problems(notFound) },
      },
    },
    async ({ params, body }) => {
      const { id } = await getInstrument(pool, params.symbol)
      return stockRow(await updateInstrument(pool, id, { ...BLANK, ...checked(body) }))
    },
  )
  app.patch(
    url,
    {
      config: { access: 'write' },
      schema: {
        ...common,
        summary: 'Change some fields of a stock',
        description: '`{"active": true}` brings a deleted one back.',
        body: changes,
        response: { 200: one('As it is now.'), ...problems(notFound) },
      },
    },
    async ({ params, body }) => {
      const { id } = await getInstrument(pool, params.symbol)
      return stockRow(await updateInstrument(pool, id, checked(body)))
    },
  )
  app.delete(
    url,
    {
      config: { access: 'write' },
      schema: {
        ...common,
        summary: 'Delete a stock',
        description: 'Softly: it leaves the lists and the watch list, and its bars stay.',
        response: { 204: { type: 'null', description: 'It is deleted.' }, ...problems(notFound) },
      },
    },
    async ({ params }, reply) => {
      const { id } = await getInstrument(pool, params.symbol)
      await deleteInstrument(pool, id)
      return await reply.code(204).send(null)
    },
  )
}

/** What a stock is that nothing is said about. */
const BLANK: InstrumentFields = {
  kind: 'stock',
  name: null,
  exchange: 'XNYS',
  currency: null,
  sector: null,
  industry: null,
  watched: false,
  active: true,
}

/** Fields of a body, of which the exchange must be one whose calendar is known. */
function checked(said: Static<typeof replacement>): Partial<InstrumentFields> {
  const { exchange } = said
  if (exchange === undefined) return said
  getCalendar(exchange)
  return { ...said, exchange: exchange.toUpperCase() }
}
