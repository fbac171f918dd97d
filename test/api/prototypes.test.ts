/**
 * Names that every object has, sent in every place that takes a name: refused, and nothing that is shared by
 * all objects changes. The same server does its work where `__proto__` is taken out of the language.
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { after, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { makeDatabase } from '../support/database.ts'
import { fillStore } from '../support/filled-store.ts'
import { appOver, ask } from './app-under-test.ts'

const { pool, url: databaseUrl } = await makeDatabase()
await fillStore(pool)
const app = await appOver(pool)
after(() => app.close())

const NAMES = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  '__defineGetter__',
  '__lookupSetter__',
  'valueOf',
]
const SHARED = [Object.prototype, Array.prototype, Function.prototype, String.prototype]
const shapes = () => SHARED.map((one) => Reflect.ownKeys(one).map(String))
const before = shapes()
after(() => assert.deepEqual(shapes(), before))

const json = { 'content-type': 'application/json' }

describe('names that every object has', () => {
  it('are no parameters', async () => {
    for (const name of NAMES) {
      for (const search of [`${name}=1`, `${name}[watched]=true`, `${name}.watched=true`]) {
        for (const route of [
          'stocks',
          'stocks/AAPL/prices',
          'stocks/AAPL/prices/latest',
          'rejects',
        ]) {
          const { status, body } = await ask(app, `/api/v1/${route}?${search}`)
          assert.deepEqual([status, body['code']], [400, 'PARAMETER_UNKNOWN'], `${route}?${search}`)
        }
      }
    }
  })

  it('are no fields of a body, at any depth', async () => {
    for (const name of NAMES) {
      for (const body of [
        `{"symbol":"PRTO","${name}":{"watched":true}}`,
        `{"${name}":{"symbol":"PRTO"}}`,
        `{"symbol":"PRTO","sector":{"${name}":{"watched":true}}}`,
        `{"symbol":"PRTO","\\u005f\\u005fproto__":{"watched":true}}`,
        `[{"${name}":1}]`,
      ]) {
        const made = await ask(app, '/api/v1/stocks', { method: 'POST', body, headers: json })
        assert.deepEqual([made.status, made.body['code']], [400, 'BODY_INVALID'], body)
      }
      const bar = `{"symbol":"AAPL","session":"2024-06-04","${name}":{"open":1}}`
      const given = await ask(app, '/api/v1/prices', { method: 'POST', body: bar, headers: json })
      assert.equal(given.status, 400, bar)
    }
  })

  it('are values like any other where a text may be anything', async () => {
    for (const name of NAMES) {
      for (const url of [
        `/api/v1/stocks?text=${name}`,
        `/api/v1/stocks?sector=${name}`,
        `/api/v1/rejects?rule=${name}`,
      ]) {
        const { status, body, text } = await ask(app, url)
        if (status !== 400) assert.deepEqual([status, body.data], [200, []], `${url}: ${text}`)
      }
      for (const [url, code] of [
        [`/api/v1/stocks/AAPL/prices?interval=${name}`, 'INTERVAL_UNKNOWN'],
        [`/api/v1/stocks/AAPL/prices?provider=${name}`, 'PROVIDER_UNKNOWN'],
        [`/api/v1/stocks/AAPL/prices?fields=${name}`, 'PARAMETER_INVALID'],
        [`/api/v1/stocks/AAPL/prices?format=${name}`, 'PARAMETER_INVALID'],
        [`/api/v1/stocks?fields=${name}`, 'PARAMETER_INVALID'],
        [`/api/v1/stocks?exchange=${name}`, 'EXCHANGE_UNKNOWN'],
        [`/api/v1/calendar?exchange=${name}`, 'EXCHANGE_UNKNOWN'],
        [`/api/v1/analytics/stocks/AAPL/indicators?indicators=${name}:1`, 'INDICATOR_UNKNOWN'],
      ] as const) {
        const { status, body, text } = await ask(app, url)
        assert.deepEqual([status, body['code']], [400, code], `${url}: ${text}`)
      }
    }
  })
})

it('a server without __proto__ in its language answers as this one does', async (t) => {
  const file = fileURLToPath(new URL('../support/latest-server.ts', import.meta.url))
  const child = spawn(process.execPath, ['--disable-proto=delete', file, databaseUrl], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  t.after(async () => {
    child.stdin.end()
    await once(child, 'exit')
  })
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  const base = String(line).trim()
  for (const path of [
    '/api/v1/stocks',
    '/api/v1/stocks/AAPL/prices?limit=20',
    '/api/v1/stocks/AAPL/prices?interval=1h&format=csv',
    '/api/v1/stocks/AAPL/prices?adjust=all&resample=1wk&format=ndjson',
    '/api/v1/stocks/AAPL/prices/latest',
    '/api/v1/prices?symbols=AAPL,MSFT&limit=20',
    '/api/v1/stocks/AAPL/coverage',
    '/api/v1/analytics/market/overview',
    '/api/v1/analytics/stocks/AAPL/indicators?indicators=sma:20,rsi:14',
    '/api/v1/etl/status',
    '/openapi.json',
  ]) {
    const answer = await fetch(base + path)
    const expected = await ask(app, path)
    assert.deepEqual([answer.status, await answer.text()], [200, expected.text], path)
  }
  for (const format of ['parquet', 'arrow']) {
    const answer = await fetch(`${base}/api/v1/stocks/AAPL/prices?format=${format}`)
    assert.equal(answer.status, 200)
    assert.ok((await answer.arrayBuffer()).byteLength > 1000)
  }
  for (const [search, code] of [
    ['__proto__=1', 'PARAMETER_UNKNOWN'],
    ['limmit=1', 'PARAMETER_UNKNOWN'],
  ]) {
    const answer = await fetch(`${base}/api/v1/stocks?${search}`)
    assert.equal(((await answer.json()) as { code: string }).code, code)
  }
  const made = await fetch(`${base}/api/v1/stocks`, {
    method: 'POST',
    headers: json,
    body: '{"symbol":"PRTO","__proto__":{"watched":true}}',
  })
  assert.equal(made.status, 400)
})
