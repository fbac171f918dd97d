/** Rows that were refused: what they are, and what is decided about them. */
import { join } from 'node:path'
import { Type } from 'typebox'
import { REJECT_STATUSES } from '../db/rejects.ts'
import { StockyardError } from '../domain/error.ts'
import { acceptRejects, dropRejects } from '../load/decide-rejects.ts'
import { openCalendars } from '../load/open-calendars.ts'
import { revalidate } from '../load/revalidate.ts'
import { findRejectOwner, readReject, readRejects } from '../query/rejects.ts'
import { actorOf } from './caller.ts'
import type { ApiContext, App } from './context.ts'
import { requireProvider } from './prices.ts'
import {
  choice,
  ID_MAX,
  list,
  object,
  paging,
  problems,
  query,
  ref,
  text,
  wholeNumber,
} from './schemas.ts'

const tags = ['etl']
const url = '/api/v1/rejects'
/** Rejects that one call can name. */
const IDS_MAX = 1000

const one = Type.Object({ id: wholeNumber(1, ID_MAX, { description: 'Id of the reject.' }) })
const notFound = { 400: 'The request is wrong.', 404: 'The store has no such reject.' }
const decision = Type.Object(
  {
    reason: Type.String({
      minLength: 1,
      maxLength: 500,
      pattern: '^[^\\u0000-\\u001f\\u007f]*$',
      description: 'Why, for those who see it later.',
    }),
  },
  { additionalProperties: false, examples: [{ reason: 'halted, seen on the tape' }] },
)

export function addRejects(app: App, context: ApiContext): void {
  addList(app, context)
  addDecisions(app, context)
  addRevalidate(app, context)
}

function addList(app: App, { readPool: pool, options, providers }: ApiContext): void {
  app.get(
    url,
    {
      config: { access: 'read' },
      schema: {
        tags,
        summary: 'Rows that a check refused, newest first',
        querystring: query({
          symbol: Type.Optional(text(40, { description: 'Only of this symbol.' })),
          provider: Type.Optional(text(40, { description: 'Only of this provider.' })),
          rule: Type.Optional(
            text(40, { description: 'Only by this check.', examples: ['price-order'] }),
          ),
          run: Type.Optional(wholeNumber(1, ID_MAX, { description: 'Only of this run.' })),
          status: Type.Optional(choice(REJECT_STATUSES, { description: 'What became of them.' })),
          ...paging(options),
        }),
        response: {
          200: { description: 'Rejects.', ...list(ref('Reject')) },
          ...problems({ 400: 'A parameter is wrong.' }),
        },
      },
    },
    async ({ query: { limit = options.defaultPageSize, provider, ...asked } }) =>
      await readRejects(pool, {
        ...asked,
        provider: provider === undefined ? undefined : requireProvider(provider, providers),
        limit,
      }),
  )
  app.get(
    `${url}/:id`,
    {
      config: { access: 'read' },
      schema: {
        tags,
        summary: 'One refused row, with all that was decided about it',
        params: one,
        querystring: query({}),
        response: {
          200: { description: 'The reject.', ...ref('RejectDetails') },
          ...problems(notFound),
        },
      },
    },
    async ({ params }) => await readReject(pool, params.id),
  )
}

function addDecisions(app: App, { pool, home }: ApiContext): void {
  const common = { tags, params: one, body: decision, querystring: query({}) }
  const answer = { description: 'As it is now.', ...ref('RejectDetails') }
  app.post(
    `${url}/:id/accept`,
    {
      config: { access: 'write' },
      schema: {
        ...common,
        summary: 'Load a refused row as it is',
        description: 'A final bar that changes becomes a revision. `decision.run` is the load.',
        response: {
          200: answer,
          ...problems({ ...notFound, 409: 'The row cannot be stored as a bar.' }),
        },
      },
    },
    async ({ params, body, caller }) => {
      const calendarOf = await openCalendars(pool, home)
      await acceptRejects({ pool, calendarOf }, [params.id], { by: actorOf(caller), ...body })
      return await readReject(pool, params.id)
    },
  )
  app.post(
    `${url}/:id/drop`,
    {
      config: { access: 'write' },
      schema: {
        ...common,
        summary: 'Say that a refused row is no loss',
        description:
          'It stays in the list and can be accepted later. Not where its bar was loaded.',
        response: {
          200: answer,
          ...problems({ ...notFound, 409: 'Its bar is stored, and would stay.' }),
        },
      },
    },
    async ({ params, body, caller }) => {
      await dropRejects({ pool }, [params.id], { by: actorOf(caller), ...body })
      return await readReject(pool, params.id)
    },
  )
}

function addRevalidate(app: App, { pool, home }: ApiContext): void {
  const verdict = object({
    id: { type: 'integer' },
    verdict: {
      type: 'string',
      enum: ['loaded', 'noise', 'refused', 'unknown'],
      description: 'Loaded, no bar at all, refused still, or not to be judged any more.',
    },
    bar: { type: ['string', 'null'], enum: ['inserted', 'updated', 'unchanged', null] },
    rule: { type: ['string', 'null'], description: 'The check that refuses it now.' },
    reason: { type: 'string' },
  })
  const answer = object({
    run: { type: ['integer', 'null'], description: 'The run that loaded bars.' },
    verdicts: { type: 'array', items: verdict },
  })
  app.post(
    `${url}/revalidate`,
    {
      config: { access: 'write' },
      schema: {
        tags,
        summary: 'Read refused rows with today’s parsers and rules',
        description: 'Loads those that pass now. Without `ids`, all open ones that fit.',
        querystring: query({}),
        body: Type.Object(
          {
            ids: Type.Optional(
              Type.Array(Type.Integer({ minimum: 1, maximum: ID_MAX }), {
                minItems: 1,
                maxItems: IDS_MAX,
                description: 'Just these.',
              }),
            ),
            rule: Type.Optional(text(40, { description: 'Only by this check.' })),
            symbol: Type.Optional(text(40, { description: 'Only of this symbol.' })),
          },
          { additionalProperties: false, examples: [{ rule: 'price-order' }] },
        ),
        response: {
          200: { description: 'What became of each.', ...answer },
          ...problems(notFound),
        },
      },
    },
    async ({ body: { ids, rule, symbol }, caller }) => {
      if (ids !== undefined && (rule !== undefined || symbol !== undefined)) {
        throw new StockyardError(
          'usage',
          'PARAMETER_INVALID',
          'Give "ids", or filter by "rule" and "symbol".',
          { hint: 'Leave out one or the other.' },
        )
      }
      const calendarOf = await openCalendars(pool, home)
      const owner = symbol === undefined ? {} : await findRejectOwner(pool, symbol)
      return await revalidate(
        { pool, calendarOf, archive: join(home, 'archive') },
        { ids, rule, ...owner },
        actorOf(caller),
      )
    },
  )
}
