/**
 * Checks requests against their schemas. Query and path texts become numbers and booleans only where
 * they are written as such; a body is taken as it is. An error says what was expected.
 */
import type { FastifySchemaCompiler } from 'fastify'
import { Compile } from 'typebox/compile'
import { StockyardError } from '../domain/error.ts'
import { nearestName } from './nearest.ts'

/** What the schemas of this API use of JSON Schema. */
interface PropertySchema {
  readonly type?: string | readonly string[]
  readonly enum?: readonly unknown[]
  readonly minimum?: number
  readonly maximum?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly minItems?: number
  readonly maxItems?: number
  readonly items?: PropertySchema & PartSchema
}

interface PartSchema {
  readonly properties?: Readonly<Record<string, PropertySchema>>
  readonly required?: readonly string[]
}

type Values = Readonly<Record<string, unknown>>

/** The validator of one part of a request, as Fastify wants it. */
export const compileValidator: FastifySchemaCompiler<object> = ({ schema, httpPart }) => {
  const part = schema as PartSchema
  const check = Compile(schema as never)
  return (value: unknown) => {
    const input = httpPart === 'body' ? value : convertTexts(part, value as Values)
    if (check.Check(input)) return { value: input }
    return { error: httpPart === 'body' ? bodyError(part, input) : parameterError(part, input) }
  }
}

/**
 * What cannot be decoded would be searched for as it is written, and nothing be found.
 * @throws StockyardError `URL_INVALID`
 */
export function requireDecodableQuery(url: string): void {
  const at = url.indexOf('?')
  if (at < 0 || !url.includes('%', at)) return
  try {
    decodeURIComponent(url.slice(at))
  } catch (error) {
    throw new StockyardError('usage', 'URL_INVALID', 'The parameters are not well encoded.', {
      hint: 'Encode special characters as %XX of their UTF-8 bytes.',
      cause: error,
    })
  }
}

function convertTexts(schema: PartSchema, values: Values): Values {
  const converted: Record<string, unknown> = Object.create(null) as Record<string, unknown>
  for (const [name, value] of Object.entries(values)) {
    const type = Object.hasOwn(schema.properties ?? {}, name)
      ? schema.properties![name]!.type
      : undefined
    converted[name] = typeof value === 'string' ? convertText(value, type) : value
  }
  return converted
}

function convertText(text: string, type: PropertySchema['type']): unknown {
  if (type === 'integer' && /^-?\d{1,15}$/.test(text)) return Number(text)
  if (type === 'boolean' && (text === 'true' || text === 'false')) return text === 'true'
  return text
}

function parameterError(schema: PartSchema, values: unknown): StockyardError {
  const problem = findProblem(schema, values as Values)
  if (problem?.kind === 'unknown') return unknownParameter(schema, problem.name)
  if (problem?.kind === 'repeated') {
    return new StockyardError(
      'usage',
      'PARAMETER_INVALID',
      `The parameter "${problem.name}" is given more than once.`,
      { hint: 'Give it once.' },
    )
  }
  const what =
    problem === null
      ? 'given is not as it should be'
      : problem.kind === 'missing'
        ? `"${problem.name}" is missing`
        : describe(problem)
  return new StockyardError('usage', 'PARAMETER_INVALID', `The parameter ${what}.`, {
    hint: 'The parameters of every route are listed at /docs.',
  })
}

function unknownParameter(schema: PartSchema, name: string): StockyardError {
  const known = Object.keys(schema.properties ?? {})
  const nearest = nearestName(name, known)
  return new StockyardError(
    'usage',
    'PARAMETER_UNKNOWN',
    `There is no parameter ${JSON.stringify(name.slice(0, 40))} here.`,
    {
      hint:
        nearest === null
          ? known.length === 0
            ? 'This route takes no parameters.'
            : `It takes ${known.join(', ')}.`
          : `Did you mean "${nearest}"?`,
    },
  )
}

function bodyError(schema: PartSchema, body: unknown): StockyardError {
  const hint = 'The fields of every body are listed at /docs.'
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    return new StockyardError('usage', 'BODY_INVALID', 'The body must be a JSON object.', { hint })
  }
  const problem = findProblem(schema, body as Values)
  if (problem?.kind === 'unknown') {
    const nearest = nearestName(problem.name, Object.keys(schema.properties ?? {}))
    const name = JSON.stringify(problem.name.slice(0, 40))
    return new StockyardError('usage', 'BODY_INVALID', `There is no field ${name} here.`, {
      hint: nearest === null ? hint : `Did you mean "${nearest}"?`,
    })
  }
  if (problem?.kind === 'missing') {
    return new StockyardError('usage', 'BODY_INVALID', `The field "${problem.name}" is missing.`, {
      hint,
    })
  }
  return new StockyardError(
    'usage',
    'BODY_INVALID',
    problem === null ? 'The body has no field.' : `The field ${describe(problem)}.`,
    { hint },
  )
}

interface Problem {
  readonly kind: 'unknown' | 'missing' | 'repeated' | 'wrong'
  readonly name: string
  readonly value: unknown
  readonly schema: PropertySchema
}

/** The first property that is why a check failed. */
function findProblem(schema: PartSchema, values: Values): Problem | null {
  const properties = schema.properties ?? {}
  for (const [name, value] of Object.entries(values)) {
    if (!Object.hasOwn(properties, name)) return { kind: 'unknown', name, value, schema: {} }
  }
  for (const name of schema.required ?? []) {
    if (!Object.hasOwn(values, name)) return { kind: 'missing', name, value: undefined, schema: {} }
  }
  for (const [name, value] of Object.entries(values)) {
    const property = properties[name]!
    if (Compile(property as never).Check(value)) continue
    const isRepeated = Array.isArray(value) && property.type !== 'array'
    return { kind: isRepeated ? 'repeated' : 'wrong', name, value, schema: property }
  }
  return null
}

function describe({ name, value, schema }: Problem): string {
  if (Array.isArray(value) && schema.items !== undefined) {
    return describeList(name, value, schema, schema.items)
  }
  return `"${name}" must be ${expected(schema)}, not ${show(value)}`
}

/** A value in a few words. What it holds is left out: it can be nested deeper than can be written. */
function show(value: unknown): string {
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object' && value !== null) return 'an object'
  const shown = JSON.stringify(value) ?? 'nothing'
  return shown.length > 60 ? `${shown.slice(0, 60)}…` : shown
}

/** What is wrong with a list, or with the first of its items that is wrong. */
function describeList(
  name: string,
  values: readonly unknown[],
  schema: PropertySchema,
  items: PropertySchema & PartSchema,
): string {
  const check = Compile(items as never)
  const at = values.findIndex((value) => !check.Check(value))
  if (at < 0) return `"${name}" must have ${schema.minItems ?? 0} to ${schema.maxItems} items`
  const value = values[at]
  const item = `${name}[${at}]`
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
  if (items.properties === undefined || !isObject) {
    return describe({ kind: 'wrong', name: item, value, schema: items })
  }
  const problem = findProblem(items, value as Values)
  if (problem === null) return `"${item}" is not as it should be`
  if (problem.kind === 'wrong') return describe({ ...problem, name: `${item}.${problem.name}` })
  const shown = `${item}.${problem.name.slice(0, 40)}`
  return `${JSON.stringify(shown)} ${problem.kind === 'missing' ? 'is missing' : 'is not known'}`
}

function expected(schema: PropertySchema): string {
  if (schema.enum !== undefined) {
    return `one of ${schema.enum.filter((value) => value !== null).join(', ')}`
  }
  const types = [schema.type ?? []].flat()
  if (types.includes('integer')) return `a whole number${bounds(schema)}`
  if (types.includes('boolean')) return 'true or false'
  if (types.includes('array')) return 'a list'
  if (types.includes('object')) return 'an object'
  if (types.includes('number')) return types.includes('null') ? 'a number or null' : 'a number'
  if (types.includes('string')) return `a text${lengths(schema)} without control characters`
  return `of type ${types.join(' or ')}`
}

function bounds({ minimum, maximum }: PropertySchema): string {
  if (minimum !== undefined && maximum !== undefined) return ` from ${minimum} to ${maximum}`
  return minimum === undefined ? '' : ` from ${minimum}`
}

function lengths({ minLength, maxLength }: PropertySchema): string {
  if (maxLength === undefined) return ''
  return ` of ${minLength ?? 0} to ${maxLength} characters`
}
