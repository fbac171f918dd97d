/** Statistics and indicators over stored bars. */
import { Type } from 'typebox'
import { StockyardError } from '../domain/error.ts'
import { describeIndicator, INDICATORS, parseIndicator } from '../domain/indicators/registry.ts'
import type { Indicator, IndicatorName } from '../domain/indicators/registry.ts'
import { parseInterval } from '../domain/interval.ts'
import { readCorrelations, readSummary } from '../query/analytics.ts'
import type { BarHeading, BarQuery } from '../query/bars.ts'
import { findSymbols } from '../query/bars-of-many.ts'
import { parseBound } from '../query/bound.ts'
import { AUTO_PROVIDER } from '../query/choose-series.ts'
import { readIndicators } from '../query/indicators.ts'
import { readMarketOverview } from '../query/market-overview.ts'
import { formatInstant } from '../query/rows.ts'
import { exchangeFilter, namesOfExchange } from './exchange-filter.ts'
import type { ApiContext, App } from './context.ts'
import { readAsOf, requireProvider } from './prices.ts'
import {
  choice,
  intervalParameter,
  list,
  object,
  optional,
  paging,
  problems,
  query,
  symbolPath,
  text,
  wholeNumber,
} from './schemas.ts'

const tags = ['analytics']
const wrong = { 400: 'A parameter is wrong.', 404: 'The store has no such symbol.' }

/** Symbols of one correlation matrix. */
const CORRELATED_MAX = 50
const INDICATORS_MAX = 20
const MOVERS_MAX = 100

const range = {
  interval: Type.Optional(intervalParameter),
  from: Type.Optional(text(40, { description: 'Included.', examples: ['2024-01-02'] })),
  until: Type.Optional(text(40, { description: 'Not included.', examples: ['2025-01-01'] })),
  provider: Type.Optional(text(40, { default: AUTO_PROVIDER, description: 'Whose bars.' })),
  adjust: Type.Optional(
    choice(['none', 'splits', 'all'], {
      default: 'splits',
      description:
        "The prices that it is computed of: as traded, in today's shares, or with dividends as if reinvested, which makes total returns.",
    }),
  ),
  as_of: Type.Optional(
    text(40, { default: 'now', description: 'Final bars as they were known then.' }),
  ),
}

interface Range {
  readonly interval?: string
  readonly from?: string
  readonly until?: string
  readonly provider?: string
  readonly adjust?: 'none' | 'splits' | 'all'
  readonly as_of?: string
}

function barQuery(
  { interval = '1d', from, until, provider = AUTO_PROVIDER, adjust = 'splits', as_of: asOf }: Range,
  { providers, clock }: ApiContext,
): Omit<BarQuery, 'symbol'> {
  return {
    interval: parseInterval(interval),
    provider: requireProvider(provider, providers),
    from: from === undefined ? null : parseBound(from, 'from'),
    until: until === undefined ? null : parseBound(until, 'until'),
    session: 'regular',
    sort: 'asc',
    now: clock.now(),
    adjust,
    asOf: readAsOf(asOf),
  }
}

const nullable = (description: string) => ({ type: ['number', 'null'], description })
const headingSchema = {
  symbol: { type: 'string', examples: ['AAPL'] },
  interval: { type: 'string', examples: ['1d'] },
  adjust: { type: 'string', enum: ['none', 'splits', 'all'] },
  provider: { type: ['string', 'null'], description: 'Whose bars; null where there are none.' },
  as_of: { type: ['string', 'null'], description: 'Null: as they are known now.' },
}
const warnings = {
  warnings: { type: 'array', items: { type: 'string' }, description: 'What could not be done.' },
}

function headingJson({ symbol, interval, adjust, provider, asOf }: BarHeading): object {
  return {
    symbol,
    interval,
    adjust,
    provider,
    as_of: asOf === null ? null : formatInstant(asOf),
  }
}

function warningsJson({ warnings: all }: BarHeading): object {
  return all.length === 0 ? {} : { warnings: all }
}

export function addAnalytics(app: App, context: ApiContext): void {
  addSummary(app, context)
  addIndicators(app, context)
  addOverview(app, context)
  addCorrelation(app, context)
}

const dated = (description: string) => ({
  ...object({ value: { type: 'number' }, session: { type: 'string', examples: ['2024-01-02'] } }),
  type: ['object', 'null'],
  description,
})

const summarySchema = optional(
  object({
    ...headingSchema,
    bars: { type: 'integer' },
    first: dated('The first close of the range.'),
    last: dated('The last close.'),
    high: dated('The highest price.'),
    low: dated('The lowest price.'),
    total_return: nullable('The last close over the first, less 1: 0.05 is 5 %.'),
    annualised_return: nullable('The same a year, where the range has one.'),
    annualised_volatility: nullable(
      'Standard deviation of log returns, times the root of 252 days, 52 weeks or 12 months.',
    ),
    average_volume: nullable('Mean volume of a bar.'),
    max_drawdown: object({
      depth: { type: 'number', description: 'Greatest loss from a close to a later one, below 0.' },
      peak: { type: ['string', 'null'] },
      trough: { type: ['string', 'null'] },
    }),
    best: dated('The greatest return of one bar.'),
    worst: dated('The least return of one bar.'),
  }),
  warnings,
)

function addSummary(app: App, context: ApiContext): void {
  app.get(
    '/api/v1/analytics/stocks/:symbol/summary',
    {
      config: { access: 'read' },
      schema: {
        tags,
        summary: 'Return, volatility and drawdown of a stock over a range',
        params: symbolPath,
        querystring: query(range),
        response: {
          200: { description: 'The statistics.', ...summarySchema },
          ...problems(wrong),
        },
      },
    },
    async ({ params, query: asked }) => {
      const wanted = { symbol: params.symbol, ...barQuery(asked, context) }
      const { heading, ...summary } = await readSummary(context.readPool, wanted)
      return { ...headingJson(heading), ...summary, ...warningsJson(heading) }
    },
  )
}

const indicatorRow = {
  type: 'object',
  properties: {
    ts: { type: 'string' },
    session: { type: 'string' },
    close: { type: 'number' },
  },
  required: ['close'],
  additionalProperties: { type: ['number', 'null'] },
}
const indicatorAnswer = optional(
  list(indicatorRow, {
    ...headingSchema,
    indicators: {
      type: 'array',
      items: object({
        name: { type: 'string', examples: ['sma'] },
        title: { type: 'string', examples: ['simple moving average'] },
        lines: { type: 'array', items: { type: 'string' }, examples: [['sma_20']] },
      }),
    },
  }),
  warnings,
)

function addIndicators(app: App, context: ApiContext): void {
  const { options } = context
  const names = Object.keys(INDICATORS) as IndicatorName[]
  const written = names.map((name) => `\`${describeIndicator(name)}\``).join(', ')
  app.get(
    '/api/v1/analytics/stocks/:symbol/indicators',
    {
      config: { access: 'read' },
      schema: {
        tags,
        summary: 'Technical indicators of a stock',
        description: `With the definitions and seeds of TA-Lib, over bars of regular trading. Values are null until enough bars are there, and do not depend on the range. Written ${written}.`,
        params: symbolPath,
        querystring: query({
          indicators: text(400, {
            description: `Indicators with commas between them, ${INDICATORS_MAX} at most.`,
            examples: ['sma:20,rsi:14,macd:12:26:9'],
          }),
          ...range,
          ...paging(options),
        }),
        response: {
          200: { description: 'A row a bar, by time.', ...indicatorAnswer },
          ...problems(wrong),
        },
      },
    },
    async ({ params, query: asked }) => {
      const indicators = parseIndicators(asked.indicators)
      const wanted = { symbol: params.symbol, ...barQuery(asked, context) }
      const limit = asked.limit ?? options.defaultPageSize
      const found = await readIndicators(
        context.readPool,
        wanted,
        indicators,
        limit,
        asked.cursor ?? null,
      )
      return {
        ...headingJson(found),
        indicators: indicators.map(({ name, lines }) => ({
          name,
          title: INDICATORS[name].title,
          lines,
        })),
        ...warningsJson(found),
        data: found.data,
        next: found.next,
      }
    },
  )
}

/** @throws StockyardError `INDICATOR_UNKNOWN`, `INDICATOR_INVALID`, `PARAMETER_INVALID` */
function parseIndicators(typed: string): Indicator[] {
  const texts = typed.split(',')
  if (texts.length > INDICATORS_MAX) throw tooMany('indicators', INDICATORS_MAX)
  const parsed = texts.map(parseIndicator)
  return [...new Map(parsed.map((one) => [one.lines[0], one])).values()]
}

function tooMany(what: string, most: number): StockyardError {
  return new StockyardError('usage', 'PARAMETER_INVALID', `There are too many ${what}.`, {
    hint: `Name at most ${most} at a time.`,
  })
}

const moverSchema = object({
  symbol: { type: 'string' },
  name: { type: ['string', 'null'] },
  provider: { type: 'string' },
  close: { type: 'number' },
  previous_close: { type: 'number', description: 'In the shares of this session.' },
  change: { type: 'number', description: '0.05 is 5 %.' },
  volume: nullable('Units traded.'),
  state: { type: 'string', enum: ['final', 'provisional'] },
})

const overviewSchema = object({
  session: { type: ['string', 'null'], description: 'The newest one that the store has.' },
  symbols: { type: 'integer', description: 'Stocks with a bar of that session.' },
  stale: { type: 'integer', description: 'Stocks whose newest bar is older; they are left out.' },
  breadth: object({
    advancers: { type: 'integer' },
    decliners: { type: 'integer' },
    unchanged: { type: 'integer' },
    ratio: nullable('Advancers for each decliner.'),
  }),
  volatility: object({
    average_change: nullable('Mean of the changes.'),
    average_absolute_change: nullable('Mean of their sizes.'),
    dispersion: nullable('Their standard deviation.'),
  }),
  gainers: { type: 'array', items: moverSchema },
  losers: { type: 'array', items: moverSchema },
  most_active: { type: 'array', items: moverSchema },
})

function addOverview(app: App, context: ApiContext): void {
  app.get(
    '/api/v1/analytics/market/overview',
    {
      config: { access: 'read' },
      schema: {
        tags,
        summary: 'Gainers, losers, volume and breadth of the newest session',
        description: 'From the newest daily bars and the closes before them; no page is opened.',
        querystring: query({
          exchange: exchangeFilter,
          limit: Type.Optional(
            wholeNumber(1, MOVERS_MAX, { default: 10, description: 'Stocks in each list.' }),
          ),
        }),
        response: {
          200: { description: 'The overview.', ...overviewSchema },
          ...problems({ 400: wrong[400] }),
        },
      },
    },
    async ({ query: { exchange, limit = 10 } }) => {
      const { readPool } = context
      const named = exchange === undefined ? null : await namesOfExchange(readPool, exchange)
      return await readMarketOverview(readPool, named, limit)
    },
  )
}

const rows = (items: object, description: string) => ({
  type: 'array',
  items: { type: 'array', items },
  description,
})

function addCorrelation(app: App, context: ApiContext): void {
  const answer = object({
    interval: { type: 'string' },
    adjust: { type: 'string', enum: ['none', 'splits', 'all'] },
    symbols: { type: 'array', items: { type: 'string' } },
    matrix: rows({ type: ['number', 'null'] }, 'In the order of `symbols`, from -1 to 1.'),
    observations: rows({ type: 'integer' }, 'Returns that each number was made of.'),
  })
  app.get(
    '/api/v1/analytics/correlation',
    {
      config: { access: 'read' },
      schema: {
        tags,
        summary: 'Correlation of the returns of several stocks',
        description: "Pearson's, of log returns over the bars that both of a pair have.",
        querystring: query({
          symbols: text(2000, {
            description: `Symbols with commas between them, ${CORRELATED_MAX} at most.`,
            examples: ['AAPL,MSFT,GOOGL'],
          }),
          ...range,
        }),
        response: { 200: { description: 'The matrix.', ...answer }, ...problems(wrong) },
      },
    },
    async ({ query: asked }) => {
      const symbols = await findSymbols(context.readPool, asked.symbols)
      if (symbols.length > CORRELATED_MAX) throw tooMany('symbols', CORRELATED_MAX)
      const wanted = barQuery(asked, context)
      const found = await readCorrelations(context.readPool, symbols, wanted)
      return { interval: wanted.interval, adjust: wanted.adjust, ...found }
    },
  )
}
