/** What the pipeline did: runs, what is stored and how fresh it is, rows that were refused. */
import { Type } from 'typebox'
import { findStoreKind } from '../db/store-kind.ts'
import { parseInterval } from '../domain/interval.ts'
import { listAlerts } from '../load/closure-alert.ts'
import { openCalendars } from '../load/open-calendars.ts'
import { readCalendar } from '../query/calendars.ts'
import { readDarkSeries } from '../query/dark-series.ts'
import { formatInstant } from '../query/rows.ts'
import { readRun, readRuns } from '../query/runs.ts'
import { readOverview, readStatus } from '../query/status.ts'
import type { ApiContext, App } from './context.ts'
import { alertSchema } from './coverage.ts'
import { requireProvider } from './prices.ts'
import {
  choice,
  ID_MAX,
  intervalFilter,
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
const RUN_STATUSES = ['running', 'succeeded', 'partial', 'failed', 'interrupted'] as const
/** The exchange of which the status tells whether it is open. */
const HOME_EXCHANGE = 'XNYS'

export function addEtl(app: App, context: ApiContext): void {
  addJobs(app, context)
  addStatus(app, context)
}

function addJobs(app: App, { readPool: pool, options }: ApiContext): void {
  app.get(
    '/api/v1/etl/jobs',
    {
      config: { access: 'read' },
      schema: {
        tags,
        summary: 'Runs, newest first',
        querystring: query({
          status: Type.Optional(choice(RUN_STATUSES, { description: 'Only runs that ended so.' })),
          ...paging(options),
        }),
        response: {
          200: { description: 'Runs.', ...list(ref('Run')) },
          ...problems({ 400: 'A parameter is wrong.' }),
        },
      },
    },
    async ({ query: { limit = options.defaultPageSize, ...asked } }) =>
      await readRuns(pool, { ...asked, limit }),
  )
  app.get(
    '/api/v1/etl/jobs/:id',
    {
      config: { access: 'read' },
      schema: {
        tags,
        summary: 'One run with its tasks',
        params: Type.Object({ id: wholeNumber(1, ID_MAX, { description: 'Id of the run.' }) }),
        querystring: query({}),
        response: {
          200: { description: 'The run.', ...ref('RunDetails') },
          ...problems({ 400: 'The id is not one.', 404: 'The store has no such run.' }),
        },
      },
    },
    async ({ params }) => await readRun(pool, params.id),
  )
}

const DARK = {
  type: 'array',
  description: 'Series that look renamed or delisted: asked for in vain over several sessions.',
  items: object({
    symbol: { type: 'string' },
    interval: { type: 'string' },
    provider: { type: 'string' },
    last: { type: 'string', description: 'Session of the last bar.' },
    since: { type: 'string', description: 'First session without one.' },
    sessions: { type: 'integer', description: 'Expected sessions without a bar.' },
    tries: { type: 'integer', description: 'How often was asked in vain.' },
    last_try_at: { type: 'string', description: 'Instant of the newest try.' },
    hints: { type: 'array', items: { type: 'string' }, description: 'Commands to run.' },
  }),
}

function addStatus(app: App, { readPool: pool, options, clock, version, providers, home }: ApiContext): void {
  const market = {
    exchange: { type: 'string', examples: [HOME_EXCHANGE] },
    open: { type: 'boolean', description: 'Regular trading is on.' },
    next_open: { type: 'string', description: 'Instant of the next open.' },
  }
  const answer = list(ref('SeriesStatus'), {
    version: { type: 'string' },
    now: { type: 'string', description: 'Instant of the answer.' },
    simulated: { type: 'boolean', description: 'The store holds simulated data.' },
    market: object(market),
    symbols: { type: 'integer', description: 'Stocks that are not deleted.' },
    series: { type: 'integer' },
    bars: { type: 'integer' },
    rejects: { type: 'integer' },
    dark: DARK,
    alerts: { type: 'array', items: alertSchema },
  })
  app.get(
    '/api/v1/etl/status',
    {
      config: { access: 'read' },
      schema: {
        tags,
        summary: 'What is stored, and how fresh it is',
        description: 'Sums over the whole store, and its series by symbol.',
        querystring: query({
          symbol: Type.Optional(text(40, { description: 'Only of this symbol.' })),
          interval: Type.Optional(intervalFilter),
          provider: Type.Optional(text(40, { description: 'Only of this provider.' })),
          ...paging(options),
        }),
        response: {
          200: { description: 'The status.', ...answer },
          ...problems({ 400: 'A parameter is wrong.', 404: 'The store has no such symbol.' }),
        },
      },
    },
    async ({ query: asked }) => {
      const now = clock.now()
      const calendar = await readCalendar(pool, HOME_EXCHANGE)
      const totals = await readOverview(pool)
      const kind = await findStoreKind(pool)
      const series = await readStatus(pool, {
        symbol: asked.symbol,
        interval: asked.interval === undefined ? undefined : parseInterval(asked.interval),
        provider:
          asked.provider === undefined ? undefined : requireProvider(asked.provider, providers),
        limit: asked.limit ?? options.defaultPageSize,
        cursor: asked.cursor,
      })
      return {
        version,
        now: formatInstant(now),
        ...totals,
        alerts: await listAlerts(pool, await openCalendars(pool, home)),
        dark: await readDarkSeries(pool),
        simulated: options.simulated || kind === 'simulated',
        market: {
          exchange: HOME_EXCHANGE,
          open: calendar.isOpen(now),
          next_open: formatInstant(calendar.nextSession(now).open),
        },
        ...series,
      }
    },
  )
}
