/**
 * JSON Schemas that several resources share: the building blocks of parameters and answers, and the
 * named schemas that the OpenAPI document lists.
 */
import { Type, type TSchema } from 'typebox'
import { REJECT_STATUSES } from '../db/rejects.ts'
import { ACTION_KINDS } from '../domain/action-ledger.ts'
import { INTERVALS } from '../domain/interval.ts'
import type { App } from './context.ts'
import { eventSchemas } from './event-schema.ts'
import { providerProperties } from './provider-schema.ts'
import { scheduleProperties } from './schedule-schema.ts'
import { latestNotes, partialMark } from './latest-schema.ts'
import { seriesMetadata, stockProperties } from './stock-schema.ts'

// Building blocks ------------------------------------------------------------------------------------

export interface Notes {
  readonly description?: string
  readonly examples?: readonly unknown[]
  readonly default?: unknown
}

/** A text of limited length without control characters, which PostgreSQL could not hold. */
export function text(maxLength: number, notes: Notes = {}) {
  return Type.Unsafe<string>({
    type: 'string',
    minLength: 1,
    maxLength,
    pattern: '^[^\\u0000-\\u001f\\u007f]*$',
    ...notes,
  })
}

/** One of some texts. */
export function choice<const T extends string>(values: readonly T[], notes: Notes = {}) {
  return Type.Unsafe<T>({ type: 'string', enum: [...values], ...notes })
}

export function wholeNumber(minimum: number, maximum: number, notes: Notes = {}) {
  return Type.Unsafe<number>({ type: 'integer', minimum, maximum, ...notes })
}

export function flag(notes: Notes = {}) {
  return Type.Unsafe<boolean>({ type: 'boolean', ...notes })
}

/** The query of a route: nothing but these parameters is taken. */
export function query<T extends Record<string, TSchema>>(properties: T) {
  return Type.Object(properties, { additionalProperties: false })
}

/** The `{symbol}` of a path. Its own check gives the better error, so nearly all is let through. */
export const symbolPath = Type.Object({
  symbol: Type.Unsafe<string>({
    type: 'string',
    description: 'Symbol, in any case.',
    examples: ['AAPL'],
  }),
})

const interval = {
  type: 'string',
  maxLength: 20,
  description: `One of ${INTERVALS.join(', ')}; spellings such as 5min, hour or daily are understood.`,
  examples: ['1d', '5m'],
}
export const intervalParameter = Type.Unsafe<string>({ ...interval, default: '1d' })
/** The same where leaving it out means all intervals. */
export const intervalFilter = Type.Unsafe<string>(interval)

/** No id grows beyond 15 digits, which JavaScript holds exactly. */
export const ID_MAX = 999_999_999_999_999

/** `limit` and `cursor` of a list. */
export function paging(options: { defaultPageSize: number; maxPageSize: number }) {
  return {
    limit: Type.Optional(
      wholeNumber(1, options.maxPageSize, {
        default: options.defaultPageSize,
        description: `Rows in one answer, ${options.maxPageSize} at most.`,
      }),
    ),
    cursor: Type.Optional(
      text(500, { description: 'The `next` of the answer before; it goes on after its last row.' }),
    ),
  }
}

// Answers --------------------------------------------------------------------------------------------

type JsonSchema = Readonly<Record<string, unknown>>

/** The schema of an object of which all properties are always there. */
export function object(properties: Readonly<Record<string, JsonSchema>>): JsonSchema {
  return { type: 'object', properties, required: Object.keys(properties) }
}

/** The same with properties that are there only where they say something. */
export function optional(
  schema: JsonSchema,
  more: Readonly<Record<string, JsonSchema>>,
): JsonSchema {
  return { ...schema, properties: { ...(schema['properties'] as object), ...more } }
}

export function ref(name: string): JsonSchema {
  return { $ref: `${name}#` }
}

/** A list answer: rows and where to go on. */
export function list(
  rows: JsonSchema,
  more: Readonly<Record<string, JsonSchema>> = {},
): JsonSchema {
  return object({
    ...more,
    data: { type: 'array', items: rows },
    next: {
      type: ['string', 'null'],
      description: 'Cursor of the next answer; null at the end.',
    },
  })
}

const nullable = (type: string, notes: JsonSchema = {}) => ({ type: [type, 'null'], ...notes })
const string = (description: string, ...examples: unknown[]) => ({
  type: 'string',
  description,
  ...(examples.length > 0 ? { examples } : {}),
})
const number = (description: string, ...examples: unknown[]) => ({
  ...string(description, ...examples),
  type: 'number',
})
const nullableString = (description: string) => nullable('string', { description })
const nullableNumber = (description: string) => nullable('number', { description })

const INSTANT = string('Instant in UTC.', '2024-01-02T14:30:00Z')

const barValues = {
  open: number('First price.', 184.22),
  high: number('Highest price.', 185.88),
  low: number('Lowest price.', 183.43),
  close: number('Last price.', 184.25),
  volume: nullableNumber('Units traded.'),
  vwap: nullableNumber('Volume-weighted average price, where the vendor gives one.'),
  trades: nullableNumber('Number of trades, where the vendor gives it.'),
}

const barKey = {
  ts: string('Start of an intraday bar, in UTC.', '2024-01-02T14:30:00Z'),
  session: string(
    'In place of `ts` for daily and longer bars: the session, the Monday of the week or the first of the month.',
    '2024-01-02',
  ),
}

const barState = {
  type: 'string',
  enum: ['final', 'provisional'],
  description: 'Provisional until the session is over and the vendor has settled it.',
}

const keyless = Object.keys(barValues)

const taskError = {
  type: ['object', 'null'],
  description: 'Null where nothing went wrong.',
  properties: {
    symbol: string('Of the task that failed.'),
    code: string('Stable code.', 'BUDGET_EXHAUSTED'),
    message: string('What went wrong.'),
    hint: nullableString('What to do about it.'),
  },
  required: ['code', 'message', 'hint'],
}

const counts = {
  requests: { type: 'integer', description: 'Calls that were sent to the vendor.' },
  fetched: { type: 'integer', description: 'Rows that the answers held.' },
  inserted: { type: 'integer', description: 'Bars that were new.' },
  updated: { type: 'integer', description: 'Bars that changed.' },
  unchanged: { type: 'integer', description: 'Bars that were the same.' },
  rejected: { type: 'integer', description: 'Rows that a check refused.' },
}

const seriesKey = {
  symbol: string('Symbol.', 'AAPL'),
  interval: { type: 'string', enum: [...INTERVALS] },
  provider: string('Provider.', 'alpha-vantage'),
}

const priceBar = {
  ...barKey,
  ...barValues,
  provider: string(
    'Whose bar it is; `mixed` where it was made of bars of several.',
    'alpha-vantage',
  ),
  state: barState,
  partial: partialMark,
}

const run = {
  run: { type: 'integer', description: 'Id of the run.' },
  job: string('What was run.', 'fetch'),
  status: {
    type: 'string',
    enum: ['queued', 'running', 'succeeded', 'partial', 'failed', 'interrupted'],
  },
  started_at: INSTANT,
  finished_at: nullableString('Instant in UTC; null while it runs.'),
  symbols: { type: 'integer', description: 'How many symbols it is about.' },
  ...counts,
  failed: { type: 'integer', description: 'How many of its tasks failed.' },
  error: taskError,
}

/** Schemas by the name that the OpenAPI document gives them. */
const reject = {
  id: { type: 'integer' },
  symbol: seriesKey.symbol,
  interval: string('Interval.', '1d'),
  provider: seriesKey.provider,
  ts: nullableString('Start of the bar, where it could be read.'),
  rule: string('The check that refused it.', 'price-order'),
  reason: string('Why, with the values.'),
  raw: string("The vendor's own text of the row."),
  run: { type: 'integer' },
  rejected_at: INSTANT,
  status: { type: 'string', enum: [...REJECT_STATUSES], description: 'What became of it.' },
  decision: { anyOf: [ref('RejectDecision'), { type: 'null' }], description: 'The newest.' },
}

const NAMED: Readonly<Record<string, JsonSchema>> = {
  Problem: {
    ...object({
      type: string('URN of the kind of problem.', 'urn:stockyard:error:symbol-unknown'),
      title: string('What the status means.', 'Not found'),
      status: { type: 'integer', examples: [404] },
      detail: string('What went wrong, one sentence.', 'The store has no symbol APPL.'),
      code: string('Stable code; see docs/errors.md.', 'SYMBOL_UNKNOWN'),
      hint: string('What to do about it.'),
      instance: string('Path that was asked for.', '/api/v1/stocks/APPL'),
      request_id: string('As in the log and in the header `x-request-id`.'),
    }),
    description: 'An error after RFC 9457.',
  },
  Bar: {
    type: 'object',
    properties: priceBar,
    description: 'A bar over [start, start + interval). With `fields` it has those alone.',
  },
  SymbolBar: {
    type: 'object',
    properties: { symbol: seriesKey.symbol, ...priceBar },
    required: ['symbol'],
    description: 'A bar with its symbol.',
  },
  LatestBar: {
    type: 'object',
    properties: { ...seriesKey, ...barKey, ...barValues, state: barState, ...latestNotes },
    required: ['symbol', 'interval', 'provider', ...keyless, 'state'],
  },
  Quote: object({
    symbol: seriesKey.symbol,
    provider: seriesKey.provider,
    source: string('`quote`, or the interval of the bar that the price was read from.', 'quote'),
    price: number('Newest price.', 184.25),
    open: nullableNumber('Of the session.'),
    high: nullableNumber('Of the session.'),
    low: nullableNumber('Of the session.'),
    previous_close: nullableNumber('Close of the session before.'),
    change: nullableNumber('Since the previous close.'),
    change_percent: nullableNumber('Since the previous close, in percent.'),
    volume: nullableNumber('Of the session.'),
    session: string('Date of the session.', '2024-01-02'),
    observed_at: INSTANT,
  }),
  Stock: object(stockProperties),
  ListedStock: {
    type: 'object',
    properties: stockProperties,
    required: ['symbol'],
    description: 'A stock. With `fields` it has those alone.',
  },
  Revision: {
    type: 'object',
    properties: {
      ...seriesKey,
      ...barKey,
      old: object(barValues),
      new: { ...object(barValues), type: ['object', 'null'], description: 'Null: it was removed.' },
      changed_at: INSTANT,
      run: { type: 'integer', description: 'The run that brought the new value.' },
    },
    required: ['symbol', 'interval', 'provider', 'old', 'new', 'changed_at', 'run'],
  },
  Action: object({
    symbol: seriesKey.symbol,
    kind: { type: 'string', enum: [...ACTION_KINDS] },
    ex_date: string('First session that trades without it.', '2020-08-31'),
    provider: seriesKey.provider,
    new_shares: { type: ['number', 'null'], description: 'Of a split: so many new shares …' },
    old_shares: { type: ['number', 'null'], description: '… for so many old ones.' },
    amount: { type: ['number', 'null'], description: 'Of a payment: for one share.' },
    currency: nullableString('Of the amount; null where the provider does not say.'),
    basis: nullableString('`split` where the amount was restated for later splits, else `raw`.'),
    first_seen: INSTANT,
    status: { type: 'string', enum: ['confirmed', 'single-source', 'suspicious', 'refused'] },
    applied: { type: 'boolean', description: 'True where adjusted prices go by this row.' },
  }),
  Run: object(run),
  Task: object({
    ...seriesKey,
    status: { type: 'string', enum: ['pending', 'running', 'succeeded', 'failed', 'skipped'] },
    ...counts,
    watermark: nullableString('Up to which session the series is complete and final.'),
    notes: { type: 'array', items: { type: 'string' } },
    error: taskError,
  }),
  RunDetails: object({ ...run, tasks: { type: 'array', items: ref('Task') } }),
  SeriesStatus: object({
    symbol: seriesKey.symbol,
    name: nullableString('Name of the instrument.'),
    interval: seriesKey.interval,
    provider: seriesKey.provider,
    basis: { type: 'string', enum: ['raw', 'split'], description: 'As traded, or split-adjusted.' },
    bars: { type: 'integer', description: 'How many are stored.' },
    first: nullableString('Start of the first bar.'),
    last: nullableString('Start of the last bar.'),
    price: nullableNumber('Close of the last bar.'),
    change: nullableNumber('Since the bar before.'),
    change_percent: nullableNumber('Since the bar before, in percent.'),
    state: { type: ['string', 'null'], enum: ['final', 'provisional', null] },
    watermark: nullableString('Up to which session the series is complete and final.'),
    observed_at: nullableString('When the newest answer came.'),
    changed_at: nullableString('When bars changed last.'),
    metadata: seriesMetadata,
    simulated: { type: 'boolean' },
  }),
  Reject: object(reject),
  RejectDetails: object({
    ...reject,
    received_at: nullableString('When the answer came.'),
    bar: {
      ...object(
        Object.fromEntries(Object.keys(barValues).map((name) => [name, nullable('number')])),
      ),
      type: ['object', 'null'],
      description: 'The row as it was read; null where it could not be read as a bar.',
    },
    decisions: { type: 'array', items: ref('RejectDecision'), description: 'Oldest first.' },
  }),
  RejectDecision: object({
    status: { type: 'string', enum: [...REJECT_STATUSES] },
    by: string('Who decided.', 'ada'),
    reason: string('Why.', 'halted, seen on the tape'),
    run: { type: ['integer', 'null'], description: 'The run that loaded the bar.' },
    at: INSTANT,
  }),
  ...eventSchemas({
    seriesKey,
    run,
    bar: { ...barKey, ...barValues, state: barState },
    barRequired: [...keyless, 'state'],
  }),
  Schedule: object(scheduleProperties),
  Provider: object({ id: seriesKey.provider, ...providerProperties }),
}

/** Makes the named schemas known to an app, so that `ref` finds them. */
export function addSchemas(app: App): void {
  for (const [name, schema] of Object.entries(NAMED)) app.addSchema({ $id: name, ...schema })
}

/** Answers that go wrong, for the `response` of a route: by status, what it means there. */
export function problems(meanings: Readonly<Record<number, string>>): Record<string, JsonSchema> {
  const common = {
    401: 'A key is needed, or the one that was sent does not hold.',
    403: 'The role of the key is too little, or a page of another site tried to write.',
    429: 'Too many requests; `retry-after` says when to ask again.',
    500: 'A defect; the log has the details.',
    503: 'The database cannot be reached.',
  }
  const content = { 'application/problem+json': { schema: ref('Problem') } }
  return Object.fromEntries(
    Object.entries({ ...common, ...meanings }).map(([status, description]) => [
      status,
      { description, content },
    ]),
  )
}
