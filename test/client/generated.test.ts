/** The generated part of the client is that of the present document. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { typeOf, writeClient, type OpenApiDocument } from '../../client/typescript-of.ts'
import { openPool } from '../../src/db/connect.ts'
import { appOver } from '../api/app-under-test.ts'

const FOLDER = join(import.meta.dirname, '../../client')
const read = (file: string) => readFileSync(join(FOLDER, file), 'utf8')

// To describe what could be asked, no database is needed.
const pool = openPool('postgres://nobody@127.0.0.1:1/none')
const app = await appOver(pool)
await app.ready()
after(async () => {
  await app.close()
  await pool.end()
})
const document = app.swagger() as unknown as OpenApiDocument

describe('the generated client', () => {
  it('is up to date; `npm run client` writes it anew', () => {
    const { table, types } = writeClient(document)
    assert.equal(read('operations.js'), table)
    assert.equal(read('operations.d.ts'), types)
  })

  it('has another name for each operation', () => {
    const names = Object.values(document.paths).flatMap((methods) =>
      Object.values(methods).map(({ operationId }) => operationId),
    )
    assert.deepEqual(
      names.filter((name, at) => names.indexOf(name) !== at),
      [],
    )
    for (const name of names) assert.match(name, /^[a-z]+([A-Z][a-z0-9]*)*$/)
  })

  it('needs no package', () => {
    for (const file of ['index.js', 'operations.js', 'index.d.ts', 'operations.d.ts']) {
      for (const [, from] of read(file).matchAll(/\bfrom '([^']+)'/g)) assert.match(from!, /^\.\//)
    }
  })
})

describe('the TypeScript of a schema', () => {
  const cases: readonly (readonly [schema: object, type: string])[] = [
    [{ type: 'integer' }, 'number'],
    [{ type: ['string', 'null'] }, 'string | null'],
    [{ type: 'string', enum: ['a', 'b'] }, "'a' | 'b'"],
    [{ enum: [null, 1] }, 'null | 1'],
    [{ const: 'x' }, "'x'"],
    [{ $ref: '#/components/schemas/Bar' }, 'Bar'],
    [{ type: 'array', items: { type: ['number', 'null'] } }, 'readonly (number | null)[]'],
    [{ anyOf: [{ $ref: '#/a/Bar' }, { type: 'null' }] }, 'Bar | null'],
    [{ allOf: [{ $ref: '#/a/Bar' }, { $ref: '#/a/Key' }] }, 'Bar & Key'],
    [{ type: 'object', additionalProperties: true }, 'Readonly<Record<string, unknown>>'],
    [
      { type: 'object', additionalProperties: { type: 'number' } },
      'Readonly<Record<string, number>>',
    ],
    [
      {
        type: ['object', 'null'],
        properties: { a: { type: 'string' }, 'b-c': {} },
        required: ['a'],
      },
      "{\n  readonly a: string\n  readonly 'b-c'?: unknown | undefined\n} | null",
    ],
    [{}, 'unknown'],
  ]
  for (const [schema, type] of cases) {
    it(`of ${JSON.stringify(schema)} is ${type.replaceAll('\n', ' ')}`, () => {
      assert.equal(typeOf(schema), type)
    })
  }

  it('has its description as a comment that nothing breaks out of', () => {
    const schema = {
      type: 'object',
      properties: { a: { type: 'string', description: 'Ends */ here', default: '1d' } },
    }
    assert.equal(
      typeOf(schema),
      '{\n  /** Ends * / here. Without it: `1d`. */\n  readonly a?: string | undefined\n}',
    )
  })
})
