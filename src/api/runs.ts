/** Runs: what was done, and orders for more. Asking for one answers at once; the work goes on. */
import { Type, type Static } from 'typebox'
import { requireSymbol } from '../db/instruments.ts'
import { DAY_MS, requireDay } from '../domain/date.ts'
import { StockyardError } from '../domain/error.ts'
import { parseInterval } from '../domain/interval.ts'
import type { RunRequest, RunStarter } from '../load/background-runs.ts'
import { AUTO_PROVIDER } from '../query/choose-series.ts'
import { cancelKnownRun, readRun, readRuns } from '../query/runs.ts'
import type { ApiContext, App } from './context.ts'
import { requireProvider } from './prices.ts'
import {
  choice,
  flag,
  ID_MAX,
  list,
  paging,
  problems,
  query,
  ref,
  text,
  wholeNumber,
} from './schemas.ts'

const tags = ['etl']
const RUN_STATUSES = ['queued', 'running', 'succeeded', 'partial', 'failed', 'interrupted'] as const
const JOBS = ['fetch', 'backfill', 'repair'] as const
/** Symbols that one order can name. */
const SYMBOLS_MAX = 1000

const runPath = Type.Object({ id: wholeNumber(1, ID_MAX, { description: 'Id of the run.' }) })
const notFound = { 400: 'The id is not one.', 404: 'The store has no such run.' }

const order = Type.Object(
  {
    job: Type.Optional(
      choice(JOBS, {
        default: 'fetch',
        description:
          '`fetch` brings series up to date, `backfill` gets history, `repair` closes gaps.',
      }),
    ),
    symbols: Type.Optional(
      Type.Array(text(40, { examples: ['AAPL'] }), {
        minItems: 1,
        maxItems: SYMBOLS_MAX,
        description: 'Without it the watch list; to repair, all that is stored.',
      }),
    ),
    intervals: Type.Optional(
      Type.Array(text(20, { examples: ['1d'] }), {
        minItems: 1,
        maxItems: 20,
        description: 'Without it DEFAULT_INTERVAL; to repair, all that are stored.',
      }),
    ),
    provider: Type.Optional(
      text(40, { description: 'Only this one; else the first that can serve.' }),
    ),
    from: Type.Optional(text(10, { description: 'First session.', examples: ['2024-01-02'] })),
    until: Type.Optional(text(10, { description: 'The session to stop before.' })),
    days: Type.Optional(
      wholeNumber(1, 36_500, { description: 'In place of `from`: so many days back from today.' }),
    ),
    force: Type.Optional(
      flag({ default: false, description: 'Ask again for what is final, too.' }),
    ),
    actions: Type.Optional(
      flag({
        default: false,
        description: 'Ask for splits and dividends, too, where that is due, once the bars are in.',
      }),
    ),
  },
  {
    additionalProperties: false,
    examples: [{ job: 'fetch', symbols: ['AAPL', 'MSFT'], intervals: ['1d'], days: 90 }],
  },
)

export function addRuns(app: App, context: ApiContext): void {
  // What others call jobs are the runs.
  for (const url of ['/api/v1/etl/jobs', '/api/v1/etl/runs']) addReads(app, context, url)
  addStart(app, context)
  addCancel(app, context)
}

function addReads(app: App, { readPool, options }: ApiContext, url: string): void {
  app.get(
    url,
    {
      config: { access: 'read' },
      schema: {
        tags,
        summary: 'Runs, newest first',
        querystring: query({
          status: Type.Optional(
            choice(RUN_STATUSES, { description: 'Only runs that are or ended so.' }),
          ),
          ...paging(options),
        }),
        response: {
          200: { description: 'Runs.', ...list(ref('Run')) },
          ...problems({ 400: 'A parameter is wrong.' }),
        },
      },
    },
    async ({ query: { limit = options.defaultPageSize, ...asked } }) =>
      await readRuns(readPool, { ...asked, limit }),
  )
  app.get(
    `${url}/:id`,
    {
      config: { access: 'read' },
      schema: {
        tags,
        summary: 'One run with its tasks',
        params: runPath,
        querystring: query({}),
        response: {
          200: { description: 'The run.', ...ref('RunDetails') },
          ...problems(notFound),
        },
      },
    },
    async ({ params }) => await readRun(readPool, params.id),
  )
}

function addStart(app: App, context: ApiContext): void {
  const { pool, runs } = context
  app.post(
    '/api/v1/etl/runs',
    {
      config: { access: 'write' },
      schema: {
        tags,
        summary: 'Start a run',
        description:
          'Answers as soon as the run is in the store: `running` where the server has room, else `queued` until one ends. `location` names the run, which shows how far it is.',
        body: order,
        querystring: query({}),
        response: {
          202: { description: 'The run, begun or waiting.', ...ref('RunDetails') },
          ...problems({
            400: 'The body is wrong.',
            409: 'The server does not fetch, or the provider has no key.',
          }),
        },
      },
    },
    async ({ body }, reply) => {
      const id = await requireStarter(runs).start(readOrder(body, context))
      return await reply
        .code(202)
        .header('location', `/api/v1/etl/runs/${id}`)
        .send(await readRun(pool, id))
    },
  )
}

function addCancel(app: App, { pool }: ApiContext): void {
  app.post(
    '/api/v1/etl/runs/:id/cancel',
    {
      config: { access: 'write' },
      schema: {
        tags,
        summary: 'Cancel a run',
        description:
          'It ends within the answer in hand, whichever process does it: what is stored stays, and the next run goes on from there. One that waits ends at once.',
        params: runPath,
        querystring: query({}),
        response: {
          202: { description: 'It is about to end.', ...ref('RunDetails') },
          ...problems({ ...notFound, 409: 'It has ended.' }),
        },
      },
    },
    async ({ params: { id } }, reply) => {
      await cancelKnownRun(pool, id)
      return await reply.code(202).send(await readRun(pool, id))
    },
  )
}

function requireStarter(runs: RunStarter | undefined): RunStarter {
  if (runs !== undefined) return runs
  throw new StockyardError('conflict', 'RUNS_OFF', 'This server takes no orders for runs.', {
    hint: 'Use stockyard fetch, or a server that does.',
  })
}

/** @throws StockyardError `PARAMETER_INVALID`, `SYMBOL_INVALID`, `INTERVAL_UNKNOWN`, `DATE_INVALID` */
function readOrder(body: Static<typeof order>, { providers, clock }: ApiContext): RunRequest {
  const { job = 'fetch', symbols, intervals, provider, days = null } = body
  const { force = false, actions = false } = body
  const from = body.from === undefined ? null : requireDay(body.from, 'from')
  const until = body.until === undefined ? null : requireDay(body.until, 'until')
  if (days !== null && from !== null) {
    throw wrong('Give "from" or "days", not both.', 'Leave out one or the other.')
  }
  if (from !== null && until !== null && from >= until) {
    const hint = '"until" is the first day that is not wanted.'
    throw wrong('"from" is not before "until".', hint)
  }
  // Where the sun rises first, the next day has begun already.
  if (from !== null && from > clock.now() + DAY_MS) {
    throw wrong('"from" lies in the future.', 'Write a day that has begun.')
  }
  if (job === 'repair' && (force || days !== null)) {
    const hint = 'Leave them out: gaps are asked for as they are, within "from" and "until".'
    throw wrong('To repair takes neither "force" nor "days".', hint)
  }
  return {
    job,
    symbols: symbols === undefined ? null : distinct(symbols.map((typed) => requireSymbol(typed))),
    intervals:
      intervals === undefined ? null : distinct(intervals.map((one) => parseInterval(one))),
    provider:
      provider === undefined || provider === AUTO_PROVIDER
        ? null
        : requireProvider(provider, providers),
    from,
    until,
    days,
    force,
    actions,
  }
}

function wrong(sentence: string, hint: string): StockyardError {
  return new StockyardError('usage', 'PARAMETER_INVALID', sentence, { hint })
}

function distinct<T extends string>(values: readonly T[]): T[] {
  return [...new Set(values)]
}
