/** Writes an OpenAPI document as TypeScript: the types of its operations, and the table that calls them. */

export interface Schema {
  readonly $ref?: string
  readonly type?: string | readonly string[]
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
  readonly allOf?: readonly Schema[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: boolean | Schema
  readonly items?: Schema
  readonly description?: string
  readonly default?: unknown
}

type Content = Readonly<Record<string, { readonly schema: Schema; readonly example?: unknown }>>

export interface OperationObject {
  readonly operationId: string
  readonly summary?: string
  readonly description?: string
  readonly parameters?: readonly {
    readonly name: string
    readonly in: string
    readonly required?: boolean
    readonly description?: string
    readonly schema: Schema
  }[]
  readonly requestBody?: { readonly required?: boolean; readonly content: Content }
  readonly responses: Readonly<Record<string, { readonly content?: Content }>>
}

export interface OpenApiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, OperationObject>>>>
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> }
}

interface Operation extends OperationObject {
  readonly method: string
  readonly path: string
}

const HEAD = '/** Generated from the OpenAPI document by `npm run client`; not edited by hand. */\n'

/** Both files of a document: the table for JavaScript, and the types. */
export function writeClient(document: OpenApiDocument): { table: string; types: string } {
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ ...operation, method, path })),
  )
  return { table: tableOf(operations), types: typesOf(document, operations) }
}

function tableOf(operations: readonly Operation[]): string {
  const lines = operations.map((operation) => {
    const { operationId, method, path } = operation
    const events = eventSchema(operation) === undefined ? '' : ', events: true'
    return `  ${operationId}: { method: '${method.toUpperCase()}', path: '${path}'${events} },\n`
  })
  return `${HEAD}export const OPERATIONS = {\n${lines.join('')}}\n`
}

function typesOf(document: OpenApiDocument, operations: readonly Operation[]): string {
  const named = Object.entries(document.components.schemas).map(
    ([name, schema]) =>
      `${comment(schema.description, '')}export type ${name} = ${typeOf(schema)}\n`,
  )
  const entries = operations.map((operation) => operationType(document, operation))
  return `${HEAD}${named.join('\n')}
/** Parameters and answer of each operation, by its \`operationId\`. */
export interface Operations {
${entries.join('')}}
`
}

function operationType(document: OpenApiDocument, operation: Operation): string {
  const { operationId, summary = '', description = '', responses } = operation
  const answers = Object.entries(responses)
    .filter(([status]) => status.startsWith('2'))
    .map(([, { content }]) => content?.['application/json']?.schema)
  const answer = answers[0]
  const formats = formatsOf(operation)
  const event = eventSchema(operation)
  const row = answer === undefined ? undefined : listRow(document, operation, answer)
  const members = [
    `params: ${paramsType(operation)}`,
    ...(event === undefined ? [] : [`event: ${typeOf(event, '    ')}`]),
    `answer: ${union(answers.map((one) => (one === undefined ? 'void' : typeOf(one, '    '))))}`,
    ...(row === undefined ? [] : [`row: ${typeOf(row, '    ')}`]),
    ...(row === undefined || !formats.includes('ndjson')
      ? []
      : [`line: ${typeOf(row, '    ')} & { readonly symbol: string; readonly interval: string }`]),
    ...(formats.length === 0 ? [] : [`format: ${union(formats.map(literal))}`]),
  ]
  const about = comment(`${sentence(summary)} ${description}`.trim(), '  ')
  const lines = members.map((text) => `    readonly ${text}\n`)
  return `${about}  readonly ${operationId}: {\n${lines.join('')}  }\n`
}

/** What a stream of server-sent events brings. */
function eventSchema({ responses }: OperationObject): Schema | undefined {
  return responses['200']?.content?.['text/event-stream']?.schema
}

function formatsOf({ parameters = [] }: Operation): string[] {
  const format = parameters.find(({ name }) => name === 'format')?.schema.enum ?? []
  return (format as string[]).filter((name) => name !== 'json')
}

/** What a list has rows of, where there is a cursor to go on with. */
function listRow(
  document: OpenApiDocument,
  { parameters = [] }: Operation,
  answer: Schema,
): Schema | undefined {
  if (!parameters.some(({ name }) => name === 'cursor')) return undefined
  const { properties } = resolve(document, answer)
  return properties?.['next'] === undefined ? undefined : properties['data']?.items
}

function resolve(document: OpenApiDocument, schema: Schema): Schema {
  return schema.$ref === undefined ? schema : document.components.schemas[nameOf(schema.$ref)]!
}

function nameOf(reference: string): string {
  return reference.slice(reference.lastIndexOf('/') + 1)
}

/** Parameters without `format`, which the methods of the client choose themselves. */
function paramsType({ parameters = [], requestBody }: Operation): string {
  const members = parameters
    .filter(({ name, in: where }) => name !== 'format' && (where === 'query' || where === 'path'))
    .map((one) => {
      const about = defaulted(one.description ?? '', one.schema.default)
      return member(one.name, one.schema, one.required === true, about, '      ')
    })
  const body = requestBody?.content['application/json']?.schema
  if (body !== undefined) {
    members.push(member('body', body, requestBody?.required === true, '', '      '))
  }
  return members.length === 0 ? 'Readonly<Record<never, never>>' : `{\n${members.join('')}    }`
}

/** The TypeScript of a schema; lines after the first begin with `indent`. */
export function typeOf(schema: Schema, indent = ''): string {
  if (schema.$ref !== undefined) return nameOf(schema.$ref)
  if (schema.const !== undefined) return literal(schema.const)
  if (schema.enum !== undefined) return union(schema.enum.map(literal))
  const choices = schema.anyOf ?? schema.oneOf
  if (choices !== undefined) return union(choices.map((one) => typeOf(one, indent)))
  if (schema.allOf !== undefined) return schema.allOf.map((one) => typeOf(one, indent)).join(' & ')
  if (schema.type === undefined) return 'unknown'
  return union([schema.type].flat().map((type) => plainType(type, schema, indent)))
}

function plainType(type: string, schema: Schema, indent: string): string {
  if (type === 'integer' || type === 'number') return 'number'
  if (type === 'array') return `readonly (${typeOf(schema.items ?? {}, indent)})[]`
  if (type !== 'object') return type
  const { properties = {}, required = [], additionalProperties: rest } = schema
  const members = Object.entries(properties).map(([name, property]) => {
    const about = defaulted(property.description ?? '', property.default)
    return member(name, property, required.includes(name), about, `${indent}  `)
  })
  const values = typeof rest === 'object' ? typeOf(rest, indent) : 'unknown'
  if (members.length === 0) return `Readonly<Record<string, ${values}>>`
  return `{\n${members.join('')}${indent}}`
}

function member(name: string, schema: Schema, isRequired: boolean, about: string, indent: string) {
  const key = /^[a-zA-Z_]\w*$/.test(name) ? name : literal(name)
  const type = typeOf(schema, indent)
  const shown = isRequired ? `${key}: ${type}` : `${key}?: ${type} | undefined`
  return `${comment(about, indent)}${indent}readonly ${shown}\n`
}

function defaulted(description: string, value: unknown): string {
  return value === undefined
    ? description
    : `${sentence(description)} Without it: \`${String(value)}\`.`
}

function sentence(text: string): string {
  return text === '' || /[.!?]$/.test(text) ? text : `${text}.`
}

function comment(text: string | undefined, indent: string): string {
  return text === undefined || text === ''
    ? ''
    : `${indent}/** ${text.replaceAll('*/', '* /').replaceAll(/\s+/g, ' ')} */\n`
}

function literal(value: unknown): string {
  return value === null ? 'null' : typeof value === 'string' ? `'${value}'` : String(value)
}

function union(types: readonly string[]): string {
  return [...new Set(types)].join(' | ')
}
