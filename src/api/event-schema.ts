/** JSON Schema of the events of the stream: each type's data, and what a client gets of one. */
import { ACTION_KINDS } from '../domain/action-ledger.ts'

type JsonSchema = Readonly<Record<string, unknown>>
type Properties = Readonly<Record<string, JsonSchema>>

/** What other schemas have that events show, too. */
export interface EventParts {
  /** symbol, interval, provider. */
  readonly seriesKey: Properties
  readonly run: Properties
  /** Of a bar without its series. */
  readonly bar: Properties
  readonly barRequired: readonly string[]
}

function object(properties: Properties): JsonSchema {
  return { type: 'object', properties, required: Object.keys(properties) }
}

const string = (description: string) => ({ type: 'string', description })
const integer = (description: string) => ({ type: 'integer', description })
const nullable = (type: string, description: string) => ({ type: [type, 'null'], description })
const ref = (name: string) => ({ $ref: `${name}#` })

const eventId = string('After which a stream can be gone on with.')

/** A type with its data; without an id where it is not to be gone on after. */
function eventOf(type: string, data: JsonSchema): JsonSchema {
  return object({ id: eventId, type: { type: 'string', const: type }, data })
}

/** The named schemas of events. */
export function eventSchemas(parts: EventParts): Record<string, JsonSchema> {
  const events = ['bar', 'quote', 'run', 'action', 'alert', 'reset']
  return {
    BarEvent: eventOf('bar', barData(parts)),
    QuoteEvent: eventOf('quote', ref('Quote')),
    RunEvent: eventOf('run', runData(parts)),
    ActionEvent: eventOf('action', actionData(parts)),
    AlertEvent: eventOf('alert', alertData()),
    ResetEvent: eventOf('reset', resetData()),
    StreamEvent: {
      anyOf: events.map((type) => ref(`${type.charAt(0).toUpperCase()}${type.slice(1)}Event`)),
      description: 'One event of the stream.',
    },
  }
}

function barData({ seriesKey, bar, barRequired }: EventParts): JsonSchema {
  return object({
    ...seriesKey,
    bar: {
      type: ['object', 'null'],
      properties: bar,
      required: [...barRequired],
      description: 'The newest bar of the series, changed or not; null where none is left.',
    },
    changed: {
      ...object({
        from: string('Start of the first bar that changed: an instant, or a date.'),
        until: string('After the last one, not included.'),
        inserted: integer('Bars that are new.'),
        updated: integer('Bars that have other values.'),
        revised: integer('Final ones among the updated.'),
        removed: integer('Bars by hand that were taken back.'),
      }),
      description:
        'Which bars changed; /stocks/{symbol}/prices shows them with this from and until.',
    },
    run: integer('The run that brought them.'),
  })
}

function runData({ run }: EventParts): JsonSchema {
  return object({
    ...run,
    tasks: integer('How many tasks it has: series, or parts of one.'),
    tasks_ended: integer('How many of them have ended.'),
  })
}

function actionData({ seriesKey }: EventParts): JsonSchema {
  const action = object({
    kind: { type: 'string', enum: [...ACTION_KINDS] },
    ex_date: string('First session that trades without it.'),
    new_shares: nullable('number', 'Of a split: so many new shares …'),
    old_shares: nullable('number', '… for so many old ones.'),
    amount: nullable('number', 'Of a payment: for one share.'),
    currency: nullable('string', 'Of the amount.'),
    basis: nullable('string', '`split` where the amount was restated for later splits.'),
  })
  return object({
    symbol: seriesKey['symbol']!,
    provider: seriesKey['provider']!,
    added: integer('How many were not known.'),
    changed: integer('How many have other values.'),
    actions: { type: 'array', items: action, description: 'The newest ten of them.' },
  })
}

function alertData(): JsonSchema {
  return object({
    exchange: string('ISO 10383 code.'),
    session: string('Date of the session of which nothing came.'),
    symbols: integer('How many symbols came back empty.'),
    run: integer('The run that found it.'),
    message: string('What is the matter.'),
    hint: string('What to do about it.'),
  })
}

function resetData(): JsonSchema {
  return object({
    reason: { type: 'string', enum: ['removed', 'unknown'] },
    detail: string('Why events were lost.'),
    hint: string('What to do about it.'),
  })
}
