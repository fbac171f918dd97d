/** What docs/api.md and docs/cookbook show: requests that are answered, answers as documented, SQL that runs. */
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import type { OpenApiDocument } from '../../client/typescript-of.ts'
import { makeApp } from '../../src/api/app.ts'
import { makeDatabase } from '../support/database.ts'
import { makeChecks, operationsOf } from './answer-schema.ts'
import { ask } from './app-under-test.ts'
import { askForBeginning, isStream } from './stream-answer.ts'
import { makeWholeApi } from './whole-api.ts'

const DOCS = join(import.meta.dirname, '../../docs')
const read = (path: string) => readFileSync(join(DOCS, path), 'utf8')

const { pool } = await makeDatabase()
const { context, keys } = await makeWholeApi(pool)
const app = await makeApp(context)
after(() => app.close())
const headers = { 'x-api-key': keys.admin }
const { body } = await ask(app, '/openapi.json', { headers })
const document = body as unknown as OpenApiDocument
const checkOf = makeChecks(document)
const operations = operationsOf(document)

/** The operation of a method at a path. */
function operationAt(method: string, path: string) {
  return operations.find(
    (one) =>
      one.method === method &&
      new RegExp(`^${one.path.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(path),
  )
}

interface Example {
  readonly method: string
  readonly url: string
  /** Null where it is not one document of JSON. */
  readonly answer: object | null
}

/** Each `$ curl …` of a page with what stands below it, to the next one or the end of the block. */
function examplesOf(markdown: string): Example[] {
  const blocks = [...markdown.matchAll(/^```\n(.*?)^```/gms)].map(([, text]) => text!)
  return blocks.flatMap((block) =>
    block
      .split(/^\$ (?=curl)/m)
      .slice(1)
      .map((one) => {
        const [, command = '', answer = ''] = /^((?:[^\n]*\\\n)*[^\n]*)\n(.*)$/s.exec(one)!
        const [, path = ''] = /https?:\/\/[^/]+(\/[^\s']*)/.exec(command)!
        const [, method = 'GET'] = /-X (\w+)/.exec(command) ?? []
        const isDocument = !command.includes('ndjson') && answer.startsWith('{')
        return { method, url: path, answer: isDocument ? (JSON.parse(answer) as object) : null }
      }),
  )
}

describe('docs/api.md', () => {
  const examples = examplesOf(read('api.md'))

  it('names every route', () => {
    const page = read('api.md')
    const paths = operations.map(({ path }) => path.replace('/api/v1', ''))
    assert.deepEqual(
      paths.filter((path) => !page.includes(path)),
      [],
    )
  })

  for (const { method, url, answer } of examples) {
    it(`is right about ${method} ${url}`, () => {
      const operation = operationAt(method, url.split('?')[0]!)
      assert.ok(operation !== undefined, 'there is no such route')
      if (answer === null) return
      const shown = answer as { status?: unknown; code?: string }
      const status =
        shown.code === undefined
          ? Object.keys(operation.responses).filter((one) => one.startsWith('2'))
          : [String(shown.status)]
      const faults = status.map((one) => {
        const [content] = Object.values(operation.responses[one]?.content ?? {})
        return content === undefined ? `no answer ${one}` : checkOf(content.schema)(shown)
      })
      assert.ok(faults.includes(null), faults.join('\n'))
    })
  }
})

/** What a cursor says: the kind of list, and the key of the row after which it goes on. */
function partsOf(cursor: string): unknown[] {
  return JSON.parse(Buffer.from(cursor, 'base64url').toString()) as unknown[]
}

describe('the cursors that docs/api.md shows', () => {
  const shown = examplesOf(read('api.md')).flatMap(({ url, answer }) => {
    const { next, ...rest } = (answer ?? {}) as { next?: string | null; data?: object[] }
    return typeof next === 'string' ? [{ url, next, rest: rest as Row }] : []
  })

  it('are those of the pages that they stand below', () => {
    assert.deepEqual(
      shown.map(({ next, rest }) => partsOf(next).length === keyOf(rest).length && partsOf(next)),
      shown.map(({ next, rest }) => keyOf(rest, partsOf(next)[1])),
    )
    assert.equal(shown.length, 3)
  })

  for (const { url, next } of shown) {
    it(`are taken where they are sent back, and nowhere else: ${url}`, async () => {
      // The stock of this store has an id of its own.
      const { rows } = await pool.query<{ id: number }>(
        "SELECT instrument_id AS id FROM stockyard.symbols WHERE symbol = 'AAPL'",
      )
      const [kind, id, ...key] = partsOf(next)
      const parts = [kind, kind === 'bars' ? rows[0]!.id : id, ...key]
      const cursor = Buffer.from(JSON.stringify(parts)).toString('base64url')
      const mark = url.includes('?') ? '&' : '?'
      const answer = await ask(app, `${url}${mark}cursor=${cursor}`, { headers })
      assert.equal(answer.status, 200, answer.text)
      const elsewhere = await ask(app, `/api/v1/stocks?cursor=${cursor}`, { headers })
      assert.equal(elsewhere.body['code'], 'CURSOR_INVALID')
    })
  }
})

interface Row {
  readonly interval?: string
  readonly data: readonly Readonly<Record<string, unknown>>[]
}

/** What the cursor of a shown page has to say, with the id of the instrument that no answer shows. */
function keyOf({ interval, data }: Row, instrumentId: unknown = null): unknown[] {
  const last = data.at(-1)!
  if ('run' in last) return ['runs', last['run']]
  const start = last['ts'] ?? last['session']
  return ['bars', instrumentId, interval, 'asc', Date.parse(String(start))]
}

const PAGES = globSync('cookbook/*.md', { cwd: DOCS })

describe('the cookbook', () => {
  it('is whole: each page is in its list', () => {
    const listed = [...read('cookbook/README.md').matchAll(/\]\(([\w-]+\.md)\)/g)]
    assert.deepEqual(
      listed.map(([, name]) => `cookbook/${name}`).sort(),
      PAGES.filter((page) => !page.endsWith('README.md')).sort(),
    )
  })

  for (const page of PAGES) {
    for (const url of new Set(addressesIn(read(page)))) {
      it(`${page} asks for what there is: ${url}`, async () => {
        if (isStream('GET', url)) {
          assert.equal((await askForBeginning(app, { url, headers })).statusCode, 200)
          return
        }
        const answer = await ask(app, url, { headers })
        // The store of this test lacks some of the symbols that the demo has.
        const isRight = answer.status === 200 || answer.body['code'] === 'SYMBOL_UNKNOWN'
        assert.ok(isRight, answer.text)
      })
    }
  }

  for (const page of ['cookbook/sql.md', 'cookbook/grafana.md']) {
    for (const [, statement] of read(page).matchAll(/^```sql\n(.*?)^```/gms)) {
      it(`${page} has SQL that runs: ${statement!.split('\n')[0]}`, async () => {
        await pool.query(withoutMacros(statement!))
      })
    }
  }
})

/** Addresses of the API in a text, where they are written whole or with a variable for their beginning. */
function addressesIn(text: string): string[] {
  const found = text.matchAll(
    /(?:http:\/\/127\.0\.0\.1:8000\/api\/v1|\{API\}|api, ")(\/[a-z][^\s"'`)]*)/g,
  )
  return [...found].map(
    ([, path]) =>
      `/api/v1${path!.replaceAll('$symbol', 'AAPL').replaceAll(/\{then[^}]*\}/g, '2024-06-05')}`,
  )
}

/** What Grafana puts in. */
function withoutMacros(statement: string): string {
  return statement
    .replaceAll('$symbol', 'AAPL')
    .replaceAll('$__timeFrom()', "'2024-06-03T00:00:00Z'")
    .replaceAll('$__timeTo()', "'2024-06-05T00:00:00Z'")
    .replaceAll(/\$__timeFilter\((\w+)\)/g, "$1 > '2024-06-03T00:00:00Z'")
}

describe('docs/security.md', () => {
  const [, table = ''] = read('security.md').split('## Faults and their tests')
  const rows = [...table.matchAll(/^\| *(\d*) *\|[^|]*\|[^|]*\|([^|]*)\|$/gm)].map(
    ([, number, tests]) => ({ number: Number(number), tests: tests! }),
  )

  it('has each fault of an API, and of its security, by number', () => {
    const numbers = new Set(rows.map(({ number }) => number))
    for (let number = 46; number <= 62; number += 1) assert.ok(numbers.has(number), `${number}`)
  })

  it('names tests that there are', () => {
    const root = join(DOCS, '..')
    const named = rows.flatMap(({ tests }) =>
      [...tests.matchAll(/`([^`]+)`/g)].map(([, one]) => one!),
    )
    assert.ok(named.length > 40)
    const missing = named.filter((one) => {
      const pattern = one.includes('/') ? one : `test/**/${one}.test.ts`
      return globSync(pattern, { cwd: root }).length === 0
    })
    assert.deepEqual(missing, [])
  })
})
