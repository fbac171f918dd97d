/** Holds answers against what the OpenAPI document says of them, with nothing more allowed. */
import { Compile } from 'typebox/compile'
import type { OpenApiDocument, OperationObject, Schema } from '../../client/typescript-of.ts'

export interface DocumentedOperation extends OperationObject {
  readonly method: string
  readonly path: string
}

/** The operations of a document, one after the other. */
export function operationsOf(document: OpenApiDocument): DocumentedOperation[] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      ...operation,
      method: method.toUpperCase(),
      path,
    })),
  )
}

/** A schema with its references put in, and nothing allowed in objects that is not described. */
function closed(document: OpenApiDocument, schema: Schema): Schema {
  if (schema.$ref !== undefined) {
    return closed(document, document.components.schemas[schema.$ref.split('/').at(-1)!]!)
  }
  const each = (one: Schema) => closed(document, one)
  const { properties, items, anyOf, oneOf } = schema
  return {
    ...schema,
    ...(properties === undefined
      ? {}
      : {
          properties: Object.fromEntries(
            Object.entries(properties).map(([name, value]) => [name, each(value)]),
          ),
          additionalProperties: schema.additionalProperties ?? false,
        }),
    ...(items === undefined ? {} : { items: each(items) }),
    ...(anyOf === undefined ? {} : { anyOf: anyOf.map(each) }),
    ...(oneOf === undefined ? {} : { oneOf: oneOf.map(each) }),
  }
}

/** Says what is wrong with a value, or nothing. */
export type Check = (value: unknown) => string | null

/** A check of a schema of the document; the same one for the same schema. */
export function makeChecks(document: OpenApiDocument): (schema: Schema) => Check {
  const known = new Map<string, Check>()
  return (schema) => {
    const key = JSON.stringify(schema)
    const found = known.get(key)
    if (found !== undefined) return found
    const compiled = Compile(closed(document, schema) as never)
    const check: Check = (value) =>
      compiled.Check(value) ? null : JSON.stringify([...compiled.Errors(value)].slice(0, 3))
    known.set(key, check)
    return check
  }
}
