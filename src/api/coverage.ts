/** What is known of each session: the coverage ledger. */
import { Type } from 'typebox'
import { COVERAGE_STATES } from '../domain/coverage-states.ts'
import { parseInterval } from '../domain/interval.ts'
import { listAlerts } from '../load/closure-alert.ts'
import { openCalendars } from '../load/open-calendars.ts'
import { MANUAL_PROVIDER, settleMsOf } from '../providers/registry.ts'
import { readCoverage, readCoverageSummary } from '../query/coverage.ts'
import type { ApiContext, App } from './context.ts'
import { readPeriod, requireShort } from './period.ts'
import { requireProvider } from './prices.ts'
import { flag, intervalFilter, list, object, problems, query, symbolPath, text } from './schemas.ts'

const key = {
  interval: { type: 'string' },
  provider: { type: 'string' },
  basis: { type: 'string', enum: ['raw', 'split'] },
}

const range = object({
  ...key,
  from: { type: 'string', description: 'First day.' },
  until: { type: 'string', description: 'Day after the last one.' },
  state: { type: 'string', enum: [...COVERAGE_STATES] },
  sessions: { type: 'integer', description: 'Sessions in it; weeks or months for longer bars.' },
  expected: { type: 'integer', description: 'Regular bars by the calendar.' },
  stored: { type: 'integer', description: 'Regular bars that are stored.' },
})

/** An alert that is open. */
export const alertSchema = object({
  exchange: { type: 'string', description: 'Market code of the exchange.', examples: ['XNYS'] },
  session: { type: 'string', description: 'The session that nothing came of.' },
  symbols: { type: 'integer', description: 'How many symbols came back empty.' },
  run: { type: 'integer', description: 'The run that found it.' },
  message: { type: 'string', description: 'What was found.' },
  hint: { type: 'string', description: 'What to do.' },
})

const summary = object({
  symbol: { type: 'string' },
  ...key,
  from: { type: ['string', 'null'], description: 'First day ever covered.' },
  until: { type: ['string', 'null'], description: 'Day after the last one.' },
  sessions: {
    type: 'object',
    description: 'How many sessions are in each state.',
    additionalProperties: { type: 'integer' },
  },
})

/** Days of one answer: a hundred years. */
const DAYS_MAX = 36_600

const series = {
  interval: Type.Optional(intervalFilter),
  provider: Type.Optional(text(40, { description: 'Only of this provider.' })),
}

function settleMsOfVendor(provider: string): number | null {
  return provider === MANUAL_PROVIDER ? null : settleMsOf(provider)
}

export function addCoverage(app: App, context: ApiContext): void {
  addOfStock(app, context)
  addOfAll(app, context)
}

function addOfStock(app: App, { readPool: pool, clock, providers }: ApiContext): void {
  app.get(
    '/api/v1/stocks/:symbol/coverage',
    {
      config: { access: 'read' },
      schema: {
        tags: ['stocks'],
        summary: 'What is known of each session of a stock',
        description:
          'Ranges of days in one state, series by series, by the ledger; the command `gaps` holds that against the pages. Without a period: from the first covered day on.',
        params: symbolPath,
        querystring: query({
          ...series,
          from: Type.Optional(text(40, { description: 'First day, YYYY-MM-DD.' })),
          until: Type.Optional(text(40, { description: 'Day to stop before, YYYY-MM-DD.' })),
          closed: Type.Optional(flag({ description: 'Tell closed days apart.' })),
        }),
        response: {
          200: { description: 'Ranges.', ...list(range, { symbol: { type: 'string' } }) },
          ...problems({ 400: 'A parameter is wrong.', 404: 'The store has no such symbol.' }),
        },
      },
    },
    async ({ params, query: asked }) => {
      const now = clock.now()
      const { from, until } = readPeriod(asked)
      requireShort(from ?? now, until ?? now, DAYS_MAX, 'a hundred')
      return await readCoverage(pool, {
        symbol: params.symbol,
        interval: asked.interval === undefined ? undefined : parseInterval(asked.interval),
        provider:
          asked.provider === undefined ? undefined : requireProvider(asked.provider, providers),
        from,
        until,
        closed: asked.closed,
        now,
        settleMsOf: settleMsOfVendor,
      })
    },
  )
}

function addOfAll(app: App, { readPool: pool, clock, providers, home }: ApiContext): void {
  app.get(
    '/api/v1/coverage',
    {
      config: { access: 'read' },
      schema: {
        tags: ['etl'],
        summary: 'How many sessions of every series are in which state',
        description: 'All series in one answer, by the ledger, and the alerts that are open.',
        querystring: query(series),
        response: {
          200: {
            description: 'Sums.',
            ...list(summary, { alerts: { type: 'array', items: alertSchema } }),
          },
          ...problems({ 400: 'A parameter is wrong.' }),
        },
      },
    },
    async ({ query: asked }) => ({
      alerts: await listAlerts(pool, await openCalendars(pool, home)),
      data: await readCoverageSummary(
        pool,
        {
          interval: asked.interval === undefined ? undefined : parseInterval(asked.interval),
          provider:
            asked.provider === undefined ? undefined : requireProvider(asked.provider, providers),
        },
        clock.now(),
        settleMsOfVendor,
      ),
      next: null,
    }),
  )
}
