/**
 * Random requests after an OpenAPI document: right ones, nearly right ones, and hostile ones. What the
 * document says of a parameter or a body decides what is tried.
 */
import fc from 'fast-check'
import type { Schema } from '../../client/typescript-of.ts'
import { anyText } from '../support/any-text.ts'
import type { DocumentedOperation } from './answer-schema.ts'
import {
  CONTENT_TYPES,
  HEADERS,
  HOSTILE_BODIES,
  HOSTILE_TEXTS,
  ODD_METHODS,
} from './hostile-values.ts'

export interface RandomRequest {
  readonly operation: DocumentedOperation
  readonly method: string
  /** Path and query, as they are sent. */
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
}

/** Values that mean something in the store that is asked, by the name of a parameter or field. */
export type KnownValues = Readonly<Record<string, readonly (string | number)[]>>

/** Headers by which callers say who they are; the first is the usual. */
export type Callers = readonly Readonly<Record<string, string>>[]

/** Requests for any of some operations. */
export function randomRequest(
  operations: readonly DocumentedOperation[],
  known: KnownValues,
  callers: Callers,
): fc.Arbitrary<RandomRequest> {
  return fc.oneof(...operations.map((operation) => requestFor(operation, known, callers)))
}

/** One of `usual` mostly; else what is `odd`. */
function mostly<T, U>(
  share: number,
  usual: fc.Arbitrary<T>,
  odd: fc.Arbitrary<U>,
): fc.Arbitrary<T | U> {
  return fc.oneof({ weight: share, arbitrary: usual }, { weight: 100 - share, arbitrary: odd })
}

function requestFor(
  operation: DocumentedOperation,
  known: KnownValues,
  callers: Callers,
): fc.Arbitrary<RandomRequest> {
  const { parameters = [], requestBody, method } = operation
  const isRead = method === 'GET'
  const inPath = parameters.filter((one) => one.in === 'path')
  const inQuery = parameters.filter((one) => one.in === 'query')
  const body = requestBody?.content['application/json']
  return fc
    .record({
      path: fc.tuple(
        ...inPath.map(({ name, schema }) => encoded(parameterText(name, schema, known))),
      ),
      query: fc.tuple(
        ...inQuery.map(({ name, schema, required }) =>
          mostly(
            required === true ? 97 : 28,
            encoded(parameterText(name, schema, known)),
            fc.constant(undefined),
          ),
        ),
      ),
      surplus: mostly(93, fc.constant(''), surplusQuery),
      // A read stays one, so that what it leaves behind can be looked at.
      method: mostly(
        97,
        fc.constant(method),
        fc.constantFrom(...(isRead ? ['HEAD', 'OPTIONS', 'TRACE'] : ODD_METHODS)),
      ),
      caller: mostly(90, fc.constant(callers[0]!), fc.constantFrom(...callers)),
      headers: mostly(75, fc.constant(HEADERS[0]!), fc.constantFrom(...HEADERS)),
      type: mostly(95, fc.constant(CONTENT_TYPES[0]!), fc.constantFrom(...CONTENT_TYPES)),
      body:
        body === undefined
          ? mostly(99, fc.constant(undefined), bodyText({}, undefined, known))
          : bodyText(body.schema, body.example, known),
    })
    .map((made) => {
      const pairs = inQuery.flatMap(({ name }, at) =>
        made.query[at] === undefined ? [] : [`${name}=${made.query[at]}`],
      )
      const search = [...pairs, made.surplus].filter((part) => part !== '').join('&')
      let next = 0
      const path = operation.path.replaceAll(/\{\w+\}/g, () => made.path[next++]!)
      const type = made.body === undefined ? {} : { 'content-type': made.type }
      return {
        operation,
        method: made.method,
        url: search === '' ? path : `${path}?${search}`,
        headers: { ...made.caller, ...made.headers, ...type },
        body: made.body,
      }
    })
}

/** Percent-encoded as it should be, or not. */
function encoded(text: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const raw = text.map((value) => value.replaceAll(/[\s#?&/\\]/g, ''))
  return mostly(
    97,
    text.map(percentEncoded),
    fc.oneof(raw, fc.constantFrom('%', '%FF', '%C0%AF', '%E0%A4%A')),
  )
}

function percentEncoded(text: string): string {
  return encodeURIComponent(text.toWellFormed())
}

const surplusQuery: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(
    'limit=1&limit=2',
    'limit[]=1',
    'limit[$gt]=1',
    '__proto__[a]=1',
    'constructor.prototype.a=1',
    'symbol=AAPL',
    'key=sy_read_nope',
    'api_key=1',
    '=',
    '&&&',
    'a',
    '%=%',
    'limmit=5',
    'INTERVAL=1d',
    'x=1&'.repeat(300),
  ),
  fc.tuple(fc.string(), fc.string()).map((pair) => pair.map(percentEncoded).join('=')),
)

const hostileText = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...HOSTILE_TEXTS) },
  { weight: 1, arbitrary: fc.string() },
  { weight: 1, arbitrary: anyText({ maxLength: 40 }) },
)

/** The text of a parameter of path or query. */
function parameterText(name: string, schema: Schema, known: KnownValues): fc.Arbitrary<string> {
  const right = rightValue(name, schema, known).map(String)
  return fc.oneof(
    { weight: 86, arbitrary: right },
    { weight: 6, arbitrary: right.chain(nearly) },
    { weight: 8, arbitrary: hostileText },
  )
}

/** The same with a slip of the pen. */
function nearly(text: string): fc.Arbitrary<string> {
  return fc.oneof(
    fc.constantFrom(
      text.toUpperCase(),
      ` ${text}`,
      `${text} `,
      `${text}x`,
      text.slice(1),
      `${text},${text}`,
    ),
    fc.nat(Math.max(text.length - 1, 0)).map((at) => text.slice(0, at) + text.slice(at + 1)),
  )
}

function json(value: fc.Arbitrary<unknown>): fc.Arbitrary<string> {
  return value.map((one) => JSON.stringify(one))
}

function bodyText(
  schema: Schema,
  example: unknown,
  known: KnownValues,
): fc.Arbitrary<string | undefined> {
  return fc.oneof(
    { weight: 20, arbitrary: fc.constant(JSON.stringify(example)) },
    { weight: 50, arbitrary: json(bodyValue('', schema, known, 96)) },
    { weight: 15, arbitrary: json(bodyValue('', schema, known, 50)) },
    { weight: 5, arbitrary: json(fc.jsonValue()) },
    { weight: 9, arbitrary: fc.constantFrom(...HOSTILE_BODIES) },
    { weight: 1, arbitrary: fc.constant(undefined) },
  )
}

/** A value for a part of a body; `share` of a hundred is as the schema says. */
function bodyValue(
  name: string,
  schema: Schema,
  known: KnownValues,
  share: number,
): fc.Arbitrary<unknown> {
  const odd = fc.oneof(
    hostileText,
    fc.jsonValue({ maxDepth: 1 }),
    fc.constantFrom(null, -1, 1e308, 0.1, true),
  )
  const right = rightBody(name, schema, known, share)
  return mostly(share, right, odd)
}

function rightBody(
  name: string,
  schema: Schema,
  known: KnownValues,
  share: number,
): fc.Arbitrary<unknown> {
  const choices = schema.anyOf ?? schema.oneOf
  if (choices !== undefined) {
    return fc.oneof(...choices.map((one) => bodyValue(name, one, known, share)))
  }
  const types = new Set([schema.type ?? []].flat())
  if (types.has('object')) return bodyObject(schema, known, share)
  if (types.has('array')) {
    return fc.array(bodyValue(name, schema.items ?? {}, known, share), {
      minLength: 1,
      maxLength: 4,
    })
  }
  const value = rightValue(name, schema, known)
  return types.has('null') ? fc.option(value, { freq: 5 }) : value
}

function bodyObject(schema: Schema, known: KnownValues, share: number): fc.Arbitrary<unknown> {
  const { properties = {}, required = [] } = schema
  const members = Object.entries(properties).map(
    ([name, one]) => [name, bodyValue(name, one, known, share)] as const,
  )
  const whole = fc.record(Object.fromEntries(members), { requiredKeys: [...required] })
  const surplus = fc.tuple(hostileText, fc.jsonValue({ maxDepth: 1 }))
  return mostly(
    share,
    whole,
    fc.tuple(whole, surplus).map(([made, [key, value]]) => ({ ...made, [key]: value })),
  )
}

/** A value that the schema allows, and that means something where that is known. */
function rightValue(name: string, schema: Schema, known: KnownValues): fc.Arbitrary<unknown> {
  const { minimum = 0, maximum = 1_000_000 } = schema as { minimum?: number; maximum?: number }
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum)
  const types = new Set([schema.type ?? []].flat())
  if (types.has('boolean')) return fc.boolean()
  const meaning = Object.hasOwn(known, name) ? known[name]! : []
  if (types.has('integer') || types.has('number')) {
    const edges = fc.constantFrom(minimum, maximum)
    const any = types.has('number') ? fc.double() : fc.integer({ min: minimum, max: maximum })
    return meaning.length === 0
      ? fc.oneof(edges, any)
      : mostly(90, fc.constantFrom(...meaning), edges)
  }
  if (meaning.length > 0) return fc.constantFrom(...meaning)
  return fc.string({ minLength: 1, maxLength: 30 })
}
