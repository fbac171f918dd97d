/** What is stored, and how fresh it is. */
import { Type } from 'typebox'
import { findStoreKind } from '../db/store-kind.ts'
import { parseInterval } from '../domain/interval.ts'
import { listAlerts } from '../load/closure-alert.ts'
import { openCalendars } from '../load/open-calendars.ts'
import { readDarkSeries } from '../query/dark-series.ts'
import { formatInstant } from '../query/rows.ts'
import { readOverview, readStatus } from '../query/status.ts'
import type { ApiContext, App } from './context.ts'
import { alertSchema } from './coverage.ts'
import { requireProvider } from './prices.ts'
import { intervalFilter, list, object, paging, problems, query, ref, text } from './schemas.ts'

const tags = ['etl']
/** The exchange of which the status tells whether it is open. */
const HOME_EXCHANGE = 'XNYS'

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

const MARKET = {
  exchange: { type: 'string', examples: [HOME_EXCHANGE] },
  open: { type: 'boolean', description: 'Regular trading is on.' },
  next_open: { type: 'string', description: 'Instant of the next open.' },
}
const STATUS = list(ref('SeriesStatus'), {
  version: { type: 'string' },
  now: { type: 'string', description: 'Instant of the answer.' },
  simulated: { type: 'boolean', description: 'The store holds simulated data.' },
  market: object(MARKET),
  symbols: { type: 'integer', description: 'Stocks that are not deleted.' },
  series: { type: 'integer' },
  bars: { type: 'integer' },
  rejects: { type: 'integer' },
  dark: DARK,
  alerts: { type: 'array', items: alertSchema },
})

export function addEtl(
  app: App,
  { readPool: pool, options, clock, version, providers, home }: ApiContext,
): void {
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
          200: { description: 'The status.', ...STATUS },
          ...problems({ 400: 'A parameter is wrong.', 404: 'The store has no such symbol.' }),
        },
      },
    },
    async ({ query: asked }) => {
      const now = clock.now()
      const calendarOf = await openCalendars(pool, home)
      const calendar = calendarOf(HOME_EXCHANGE)
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
        alerts: await listAlerts(pool, calendarOf),
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
