/** Bars by hand: given, replaced and taken back by a person, beside those of vendors. */
import { Type, type Static } from 'typebox'
import { isIntraday, parseInterval, type Interval } from '../domain/interval.ts'
import { requireDay } from '../domain/date.ts'
import { StockyardError } from '../domain/error.ts'
import { loadManualBars, type ManualBar, type ManualLoad } from '../load/manual-bars.ts'
import { openCalendars } from '../load/open-calendars.ts'
import { removeManualBar } from '../load/remove-manual-bar.ts'
import { MANUAL_PROVIDER } from '../providers/registry.ts'
import { parseBound } from '../query/bound.ts'
import type { ApiContext, App } from './context.ts'
import { intervalParameter, object, problems, query, symbolPath, text } from './schemas.ts'

const tags = ['prices']
/** Bars that one request can bring. */
const BARS_MAX = 1000
/** So many bars with all their fields, generously spaced. */
const BODY_BYTES_MAX = 512 * 1024

function price(description: string) {
  return Type.Optional(Type.Unsafe<number>({ type: 'number', description }))
}
function amount(description: string) {
  return Type.Optional(Type.Unsafe<number | null>({ type: ['number', 'null'], description }))
}

const bar = {
  ts: Type.Optional(
    text(40, {
      description: 'Start of an intraday bar, with its offset.',
      examples: ['2024-01-02T14:30:00Z'],
    }),
  ),
  session: Type.Optional(
    text(10, {
      description:
        'Of a daily or longer bar: the session, the Monday of the week or the first of the month.',
      examples: ['2024-01-02'],
    }),
  ),
  open: price('First price.'),
  high: price('Highest price.'),
  low: price('Lowest price.'),
  close: price('Last price.'),
  volume: amount('Units traded.'),
  vwap: amount('Volume-weighted average price.'),
  trades: amount('Number of trades.'),
  provider: Type.Optional(
    text(40, { description: 'Whose the bar was that was read; it changes nothing.' }),
  ),
  state: Type.Optional(
    text(20, { description: 'As it was read; the calendar decides on the new one.' }),
  ),
}
const oneBar = Type.Object(bar, { additionalProperties: false })
type GivenBar = Static<typeof oneBar>

const EXAMPLE = { open: 184.22, high: 185.88, low: 183.43, close: 184.25, volume: 58_414_460 }
const given = Type.Object(
  {
    symbol: text(40, { description: 'Symbol.', examples: ['AAPL'] }),
    interval: Type.Optional(intervalParameter),
    ...bar,
    data: Type.Optional(
      Type.Array(oneBar, {
        minItems: 1,
        maxItems: BARS_MAX,
        description: 'Several bars, in place of one.',
      }),
    ),
  },
  {
    additionalProperties: false,
    examples: [{ symbol: 'AAPL', interval: '1d', session: '2024-01-03', ...EXAMPLE }],
  },
)

const loaded = object({
  run: { type: 'integer', description: 'The run that loaded the bars.' },
  symbol: { type: 'string' },
  interval: { type: 'string' },
  provider: { type: 'string', enum: [MANUAL_PROVIDER] },
  inserted: { type: 'integer', description: 'Bars that were new.' },
  updated: { type: 'integer', description: 'Bars that changed.' },
  unchanged: { type: 'integer', description: 'Bars that were the same.' },
})
const done = {
  200: { description: 'No bar was new.', ...loaded },
  201: { description: 'There are new bars.', ...loaded },
}

export function addManualPrices(app: App, context: ApiContext): void {
  const { pool, clock, home } = context
  const load = async (symbol: string, interval: Interval, bars: readonly ManualBar[]) => {
    const calendarOf = await openCalendars(pool, home)
    const made = await loadManualBars(
      { pool, calendarOf, now: clock.now() },
      symbol,
      interval,
      bars,
    )
    return answerOf(made, interval)
  }
  app.post(
    '/api/v1/prices',
    {
      bodyLimit: BODY_BYTES_MAX,
      config: { access: 'write' },
      schema: {
        tags,
        summary: 'Give bars by hand',
        description:
          'One, or several in `data`, all or none. They are checked as vendors’ bars are, and come before those at read; a final bar that they change keeps its earlier value.',
        body: given,
        querystring: query({}),
        response: {
          ...done,
          ...problems({ 400: 'A bar is wrong.', 404: 'The store has no such symbol.' }),
        },
      },
    },
    async ({ body }, reply) => {
      const { symbol, interval: typed = '1d', data, ...single } = body
      const interval = parseInterval(typed)
      if (data !== undefined && Object.keys(single).length > 0) {
        throw new StockyardError('usage', 'BODY_INVALID', 'Give one bar, or "data", not both.', {
          hint: 'Several bars stand in "data", beside "symbol" and "interval" alone.',
        })
      }
      const bars = (data ?? [single]).map((one) => readBar(one, interval))
      const { status, answer } = await load(symbol, interval, bars)
      return await reply.code(status).send(answer)
    },
  )
  addOneManual(app, context, load)
}

type Load = (
  symbol: string,
  interval: Interval,
  bars: readonly ManualBar[],
) => Promise<ReturnType<typeof answerOf>>

function addOneManual(app: App, { pool, clock, home }: ApiContext, load: Load): void {
  const url = '/api/v1/stocks/:symbol/prices/:ts'
  const common = {
    tags,
    params: Type.Object({
      ...symbolPath.properties,
      ts: Type.Unsafe<string>({
        type: 'string',
        description: 'Start of the bar: a date for daily and longer bars, else an instant.',
        examples: ['2024-01-02', '2024-01-02T14:30:00Z'],
      }),
    }),
    querystring: query({ interval: Type.Optional(intervalParameter) }),
  }
  app.put(
    url,
    {
      config: { access: 'write' },
      schema: {
        ...common,
        summary: 'Give or replace a bar by hand',
        body: Type.Object(bar, { additionalProperties: false, examples: [EXAMPLE] }),
        response: {
          ...done,
          ...problems({ 400: 'The bar is wrong.', 404: 'The store has no such symbol.' }),
        },
      },
    },
    async ({ params, query: asked, body }, reply) => {
      const interval = parseInterval(asked.interval ?? '1d')
      const ts = readStart(params.ts, interval, 'the end of the path')
      const one = readBar({ ...keyOf(params.ts, interval), ...body }, interval)
      if (one.ts !== ts) {
        const sentence = 'The bar in the body is not the one that the path names.'
        throw new StockyardError('usage', 'BODY_INVALID', sentence, {
          hint: 'Leave "session" and "ts" out of the body: the path names the bar.',
        })
      }
      const { status, answer } = await load(params.symbol, interval, [one])
      return await reply.code(status).send(answer)
    },
  )
  app.delete(
    url,
    {
      config: { access: 'write' },
      schema: {
        ...common,
        summary: 'Take back a bar given by hand',
        description: 'What vendors have of it shows again. The value stays among the revisions.',
        response: {
          204: { type: 'null', description: 'It is gone.' },
          ...problems({
            400: 'The request is wrong.',
            404: 'No such symbol, or no such bar was given by hand.',
          }),
        },
      },
    },
    async ({ params, query: asked }, reply) => {
      const interval = parseInterval(asked.interval ?? '1d')
      const ts = readStart(params.ts, interval, 'the end of the path')
      const calendarOf = await openCalendars(pool, home)
      await removeManualBar({ pool, calendarOf, now: clock.now() }, params.symbol, interval, ts)
      return await reply.code(204).send(null)
    },
  )
}

function answerOf(made: ManualLoad, interval: Interval) {
  const { run, symbol, ...counts } = made
  return {
    status: made.inserted > 0 ? (201 as const) : (200 as const),
    answer: { run, symbol, interval, provider: MANUAL_PROVIDER, ...counts },
  }
}

/** @throws StockyardError `BODY_INVALID`, `DATE_INVALID` */
function readBar(one: GivenBar, interval: Interval): ManualBar {
  const [name, other] = isIntraday(interval)
    ? (['ts', 'session'] as const)
    : (['session', 'ts'] as const)
  const start = one[name]
  if (start === undefined || one[other] !== undefined) {
    const sentence = `A bar of ${interval} has its start in "${name}"${start === undefined ? '' : ' alone'}.`
    throw new StockyardError('usage', 'BODY_INVALID', sentence, {
      hint: `Give "${name}", and leave "${other}" out.`,
    })
  }
  const prices = (['open', 'high', 'low', 'close'] as const).map((column) => {
    const value = one[column]
    if (value !== undefined) return value
    throw new StockyardError('usage', 'BODY_INVALID', `The field "${column}" is missing.`, {
      hint: 'A bar has open, high, low and close; the other fields can be left out.',
    })
  })
  const { volume, vwap, trades } = one
  const amounts = [volume, vwap, trades].map((value) => value ?? Number.NaN)
  return { ts: readStart(start, interval, name), values: [...prices, ...amounts] }
}

function keyOf(start: string, interval: Interval): Pick<GivenBar, 'ts' | 'session'> {
  return isIntraday(interval) ? { ts: start } : { session: start }
}

/** The start of a bar as it is stored. @throws StockyardError `DATE_INVALID` */
function readStart(typed: string, interval: Interval, name: string): number {
  if (!isIntraday(interval)) return requireDay(typed, name)
  const bound = parseBound(typed, name)
  if (bound.kind === 'instant') return bound.at
  const sentence = `A bar of ${interval} starts at an instant, not on a date.`
  throw new StockyardError('usage', 'DATE_INVALID', sentence, {
    hint: 'Write the start with its offset, such as 2024-01-02T14:30:00Z.',
  })
}
