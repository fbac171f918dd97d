/** Schedules: what is done by itself, when next and by whom; to be paused, resumed and done at once. */
import { Type } from 'typebox'
import { pauseSchedule, resumeSchedule } from '../db/schedules.ts'
import { StockyardError } from '../domain/error.ts'
import { requireSchedule, SCHEDULE_NAMES } from '../domain/schedule.ts'
import { orderWork } from '../load/schedule-work.ts'
import { readSchedule, readSchedules } from '../query/schedules.ts'
import { actorOf } from './caller.ts'
import type { ApiContext, App } from './context.ts'
import { list, problems, query, ref, text } from './schemas.ts'

const tags = ['etl']
const url = '/api/v1/schedules'
const schedulePath = Type.Object({
  name: Type.Unsafe<string>({
    type: 'string',
    description: `One of ${SCHEDULE_NAMES.join(', ')}.`,
    examples: [...SCHEDULE_NAMES],
  }),
})
const notFound = { 400: 'The request is wrong.', 404: 'There is no such schedule.' }
const pauseBody = Type.Object(
  { reason: Type.Optional(text(500, { description: 'Why, for those who see it later.' })) },
  { additionalProperties: false, examples: [{ reason: 'the vendor is being changed' }] },
)
const common = { tags, params: schedulePath, querystring: query({}) }
const answer = { description: 'As it is now.', ...ref('Schedule') }

export function addSchedules(app: App, context: ApiContext): void {
  addReads(app, context)
  addPause(app, context)
  addRun(app, context)
}

function addReads(app: App, { readPool: pool, etlEnabled }: ApiContext): void {
  app.get(
    url,
    {
      config: { access: 'read' },
      schema: {
        tags,
        summary: 'What is done by itself, and when next',
        querystring: query({}),
        response: {
          200: { description: 'Schedules.', ...list(ref('Schedule')) },
          ...problems({ 400: 'A parameter is wrong.' }),
        },
      },
    },
    async () => ({ data: await readSchedules(pool, etlEnabled), next: null }),
  )
  app.get(
    `${url}/:name`,
    {
      config: { access: 'read' },
      schema: {
        ...common,
        summary: 'One schedule',
        response: { 200: answer, ...problems(notFound) },
      },
    },
    async ({ params }) => await readSchedule(pool, requireSchedule(params.name), etlEnabled),
  )
}

function addPause(app: App, { pool, clock, etlEnabled }: ApiContext): void {
  app.post(
    `${url}/:name/pause`,
    {
      config: { access: 'write' },
      // The body can be left out.
      preValidation: async (request) => {
        request.body ??= {}
      },
      schema: {
        ...common,
        summary: 'Pause a schedule',
        description:
          'Work that is going on ends within the batch in hand. Lasts until it is resumed.',
        body: pauseBody,
        response: { 200: answer, ...problems(notFound) },
      },
    },
    async ({ params, body: { reason = null }, caller }) => {
      const name = requireSchedule(params.name)
      const by = actorOf(caller)
      await pauseSchedule(pool, name, { by, reason, now: clock.now() })
      return await readSchedule(pool, name, etlEnabled)
    },
  )
  app.post(
    `${url}/:name/resume`,
    {
      config: { access: 'write' },
      schema: {
        ...common,
        summary: 'Let a paused schedule go on',
        description: 'What it missed is done at once. Harmless where it is not paused.',
        response: { 200: answer, ...problems(notFound) },
      },
    },
    async ({ params }) => {
      const name = requireSchedule(params.name)
      await resumeSchedule(pool, name)
      return await readSchedule(pool, name, etlEnabled)
    },
  )
}

function addRun(app: App, { pool, clock, etlEnabled }: ApiContext): void {
  app.post(
    `${url}/:name/run`,
    {
      config: { access: 'write' },
      schema: {
        ...common,
        summary: 'Do the work of a schedule now',
        description:
          'Asks the process that keeps series current and answers at once; `last_at` and `last_run` then tell what came of it.',
        response: {
          202: { description: 'It was asked for.', ...ref('Schedule') },
          ...problems({ ...notFound, 409: 'It is paused, or no process keeps series current.' }),
        },
      },
    },
    async ({ params }, reply) => {
      const name = requireSchedule(params.name)
      if (!(await orderWork(pool, name, clock.now()))) {
        throw new StockyardError('conflict', 'SCHEDULE_OFF', 'No process keeps series current.', {
          hint: `Start one with stockyard up, or do it there: stockyard schedule run ${name}`,
        })
      }
      return await reply.code(202).send(await readSchedule(pool, name, etlEnabled))
    },
  )
}
