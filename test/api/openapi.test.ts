/** The OpenAPI document: whole, well formed, and true to what is answered. */
import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { Compile } from 'typebox/compile'
import { makeDatabase } from '../support/database.ts'
import { fillStore } from '../support/filled-store.ts'
import { appOver, ask } from './app-under-test.ts'

const { pool } = await makeDatabase()
const { runs } = await fillStore(pool)
const app = await appOver(pool)
after(() => app.close())

interface Schema {
  readonly [keyword: string]: unknown
  readonly $ref?: string
  readonly type?: string | readonly string[]
  readonly properties?: Readonly<Record<string, Schema>>
}
interface Operation {
  readonly summary?: string
  readonly tags?: readonly string[]
  readonly parameters?: readonly {
    readonly name: string
    readonly in: string
    readonly description?: string
  }[]
  readonly responses: Readonly<
    Record<string, { description: string; content?: Record<string, { schema: Schema }> }>
  >
}

const { body } = await ask(app, '/openapi.json')
const document = body as unknown as {
  openapi: string
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, Schema> }
}
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
)

/** A schema with its references put in, and nothing allowed in objects that is not described. */
function closed(schema: Schema): Schema {
  if (schema.$ref !== undefined) {
    return closed(document.components.schemas[schema.$ref.replace('#/components/schemas/', '')]!)
  }
  const copy: Record<string, unknown> = { ...schema }
  if (schema.properties !== undefined) {
    copy['properties'] = Object.fromEntries(
      Object.entries(schema.properties).map(([name, value]) => [name, closed(value)]),
    )
    copy['additionalProperties'] ??= false
  }
  if (schema['items'] !== undefined) copy['items'] = closed(schema['items'] as Schema)
  return copy
}

describe('the document', () => {
  it('tells what any route can refuse that wants a caller to be known', () => {
    const lacking = operations.filter(
      ({ path, operation }) =>
        path !== '/health' &&
        ['401', '403', '429'].some((status) => !Object.hasOwn(operation.responses, status)),
    )
    assert.deepEqual(
      lacking.map(({ path, method }) => `${method} ${path}`),
      [],
    )
  })

  it('is OpenAPI 3.1 and names every route', () => {
    assert.equal(document.openapi, '3.1.0')
    assert.deepEqual(operations.map(({ path, method }) => `${method} ${path}`).sort(), [
      'delete /api/v1/stocks/{symbol}',
      'delete /api/v1/stocks/{symbol}/prices/{ts}',
      'get /api/v1/analytics/correlation',
      'get /api/v1/analytics/market/overview',
      'get /api/v1/analytics/stocks/{symbol}/indicators',
      'get /api/v1/analytics/stocks/{symbol}/summary',
      'get /api/v1/audit',
      'get /api/v1/calendar',
      'get /api/v1/calendar/is-open',
      'get /api/v1/calendar/next',
      'get /api/v1/coverage',
      'get /api/v1/etl/jobs',
      'get /api/v1/etl/jobs/{id}',
      'get /api/v1/etl/runs',
      'get /api/v1/etl/runs/{id}',
      'get /api/v1/etl/status',
      'get /api/v1/health',
      'get /api/v1/indices',
      'get /api/v1/indices/{symbol}/prices',
      'get /api/v1/prices',
      'get /api/v1/providers',
      'get /api/v1/rejects',
      'get /api/v1/rejects/{id}',
      'get /api/v1/schedules',
      'get /api/v1/schedules/{name}',
      'get /api/v1/stocks',
      'get /api/v1/stocks/{symbol}',
      'get /api/v1/stocks/{symbol}/actions',
      'get /api/v1/stocks/{symbol}/coverage',
      'get /api/v1/stocks/{symbol}/prices',
      'get /api/v1/stocks/{symbol}/prices/latest',
      'get /api/v1/stocks/{symbol}/quote',
      'get /api/v1/stocks/{symbol}/revisions',
      'get /api/v1/stream',
      'get /health',
      'patch /api/v1/stocks/{symbol}',
      'post /api/v1/etl/runs',
      'post /api/v1/etl/runs/{id}/cancel',
      'post /api/v1/prices',
      'post /api/v1/rejects/revalidate',
      'post /api/v1/rejects/{id}/accept',
      'post /api/v1/rejects/{id}/drop',
      'post /api/v1/schedules/{name}/pause',
      'post /api/v1/schedules/{name}/resume',
      'post /api/v1/schedules/{name}/run',
      'post /api/v1/stocks',
      'put /api/v1/stocks/{symbol}',
      'put /api/v1/stocks/{symbol}/prices/{ts}',
    ])
  })

  it('describes each operation, parameter and answer', () => {
    for (const { path, method, operation } of operations) {
      const where = `${method} ${path}`
      assert.equal((operation.summary ?? '') !== '' && operation.tags?.length === 1, true, where)
      for (const parameter of operation.parameters ?? []) {
        const { description = '', name } = parameter
        assert.notEqual(description, '', `${where} ${name}`)
      }
      for (const [status, answer] of Object.entries(operation.responses)) {
        assert.notEqual(answer.description, 'Default Response', `${where} ${status}`)
        if (Number(status) < 400) continue
        const problem = answer.content?.['application/problem+json']?.schema
        assert.deepEqual(problem, { $ref: '#/components/schemas/Problem' }, `${where} ${status}`)
      }
    }
  })

  it('refers to nothing that is not in it, and leaves no schema unused', () => {
    const text = JSON.stringify(document)
    const referred = [...text.matchAll(/"\$ref":"([^"]+)"/g)].map(([, target]) => target!)
    const known = Object.keys(document.components.schemas).map(
      (name) => `#/components/schemas/${name}`,
    )
    assert.deepEqual([...new Set(referred)].sort(), known.sort())
  })
})

describe('answers', () => {
  const symbol = '/api/v1/stocks/AAPL'
  const asked: readonly (readonly [path: string, url: string])[] = [
    ['/health', '/health'],
    ['/api/v1/health', '/api/v1/health'],
    ['/api/v1/stocks', '/api/v1/stocks'],
    ['/api/v1/stocks/{symbol}', symbol],
    ['/api/v1/stocks/{symbol}/prices', `${symbol}/prices`],
    ['/api/v1/stocks/{symbol}/prices', `${symbol}/prices?interval=1m`],
    ['/api/v1/stocks/{symbol}/prices', `${symbol}/prices?resample=1wk&sort=desc&as_of=2026-01-01`],
    ['/api/v1/prices', '/api/v1/prices?symbols=MSFT,AAPL&interval=1h&adjust=all'],
    ['/api/v1/stocks/{symbol}/prices/latest', `${symbol}/prices/latest`],
    ['/api/v1/stocks/{symbol}/quote', `${symbol}/quote`],
    ['/api/v1/stocks/{symbol}/revisions', `${symbol}/revisions`],
    ['/api/v1/stocks', '/api/v1/stocks?fields=name&sort=desc'],
    ['/api/v1/indices', '/api/v1/indices'],
    ['/api/v1/calendar', '/api/v1/calendar?exchange=XTKS'],
    ['/api/v1/calendar/is-open', '/api/v1/calendar/is-open'],
    ['/api/v1/calendar/is-open', '/api/v1/calendar/is-open?at=2024-07-04'],
    ['/api/v1/calendar/next', '/api/v1/calendar/next'],
    ['/api/v1/calendar/next', '/api/v1/calendar/next?at=soon'],
    ['/api/v1/etl/jobs', '/api/v1/etl/jobs'],
    ['/api/v1/etl/runs', '/api/v1/etl/runs'],
    ['/api/v1/etl/runs/{id}', `/api/v1/etl/runs/${runs.partial}`],
    ['/api/v1/etl/jobs/{id}', `/api/v1/etl/jobs/${runs.partial}`],
    ['/api/v1/etl/status', '/api/v1/etl/status'],
    ['/api/v1/rejects', '/api/v1/rejects'],
    ['/api/v1/schedules', '/api/v1/schedules'],
    ['/api/v1/schedules/{name}', '/api/v1/schedules/actions'],
    ['/api/v1/schedules/{name}', '/api/v1/schedules/nope'],
    ['/api/v1/providers', '/api/v1/providers'],
    ['/api/v1/stocks/{symbol}', '/api/v1/stocks/NOPE'],
    ['/api/v1/stocks', '/api/v1/stocks?limit=0'],
  ]
  for (const [path, url] of asked) {
    it(`of ${url} are as the document says, with nothing more`, async () => {
      const answer = await ask(app, url)
      const type = String(answer.headers['content-type']).split(';')[0]!
      const { schema } = document.paths[path]!['get']!.responses[answer.status]!.content![type]!
      const check = Compile(closed(schema) as never)
      assert.deepEqual([...check.Errors(answer.body)], [], answer.text)
      assert.equal(check.Check({ ...answer.body, surplus: 1 }), false)
    })
  }
})
