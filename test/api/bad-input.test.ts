/** Bad input of every kind: a 4xx with a stable code, a sentence and a hint; never a 5xx or a stack. */
import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import * as fc from 'fast-check'
import { anyText } from '../support/any-text.ts'
import { makeDatabase } from '../support/database.ts'
import { fillStore } from '../support/filled-store.ts'
import { appOver, ask, type Answer, type Wish } from './app-under-test.ts'

const { pool } = await makeDatabase()
await fillStore(pool)
const app = await appOver(pool)
after(() => app.close())

function assertProblem(answer: Answer, status: number, code: string, what: string): void {
  assert.deepEqual([answer.status, answer.body.code], [status, code], `${what}: ${answer.text}`)
  assert.equal(answer.headers['content-type'], 'application/problem+json; charset=utf-8', what)
  const { type, title, detail, hint, instance, request_id } = answer.body
  assert.equal(answer.body.status, status, what)
  assert.equal(type, `urn:stockyard:error:${code.toLowerCase().replaceAll('_', '-')}`)
  assert.match(String(detail), /^[^\n]+\.$/, what)
  for (const text of [title, hint, instance]) {
    assert.ok(typeof text === 'string' && text !== '', `${what}: ${answer.text}`)
  }
  assert.equal(request_id, answer.headers['x-request-id'])
  assert.doesNotMatch(answer.text, /\bat .*\.ts\b|node_modules/, what)
}

const STOCKS = '/api/v1/stocks'
const PRICES = '/api/v1/stocks/AAPL/prices'

describe('bad parameters', () => {
  const cases: readonly (readonly [url: string, code: string, sentence?: RegExp])[] = [
    [`${STOCKS}?limmit=5`, 'PARAMETER_UNKNOWN', /Did you mean "limit"/],
    [`${STOCKS}?zzzzzzzz=5`, 'PARAMETER_UNKNOWN', /It takes kind, exchange, /],
    [`${STOCKS}?__proto__=1`, 'PARAMETER_UNKNOWN'],
    [`${STOCKS}?constructor=1`, 'PARAMETER_UNKNOWN'],
    [`${STOCKS}?limit=0`, 'PARAMETER_INVALID', /whole number from 1 to 1000, not 0/],
    [`${STOCKS}?limit=1001`, 'PARAMETER_INVALID', /from 1 to 1000, not 1001/],
    [`${STOCKS}?limit=1.5`, 'PARAMETER_INVALID'],
    [`${STOCKS}?limit=0x10`, 'PARAMETER_INVALID'],
    [`${STOCKS}?limit=1e2`, 'PARAMETER_INVALID'],
    [`${STOCKS}?limit=`, 'PARAMETER_INVALID'],
    [`${STOCKS}?limit=99999999999999999999`, 'PARAMETER_INVALID'],
    [`${STOCKS}?limit=1&limit=2`, 'PARAMETER_INVALID', /more than once/],
    [`${STOCKS}?skip=-1`, 'PARAMETER_INVALID'],
    [`${STOCKS}?active=yes`, 'PARAMETER_INVALID', /true or false/],
    [`${STOCKS}?kind=bond`, 'PARAMETER_INVALID', /one of stock, etf, index, currency, other/],
    [`${STOCKS}?text=a%00b`, 'PARAMETER_INVALID', /control characters/],
    [`${STOCKS}?cursor=abc`, 'CURSOR_INVALID'],
    [
      `${STOCKS}?cursor=${Buffer.from('["stocks","A"]').toString('base64url')}&skip=1`,
      'PARAMETER_INVALID',
    ],
    [`${PRICES}?interval=2d`, 'INTERVAL_UNKNOWN', /1m, 5m/],
    [`${PRICES}?interval=`, 'INTERVAL_UNKNOWN'],
    [`${PRICES}?from=yesterday`, 'DATE_INVALID', /from/],
    [`${PRICES}?until=2024-02-30`, 'DATE_INVALID', /until/],
    [`${PRICES}?from=2024-01-02T10:00:00`, 'DATE_INVALID'],
    [`${PRICES}?from=2024-02-01&until=2024-01-01`, 'RANGE_INVALID'],
    [`${STOCKS}/AAPL/actions?from=2024-02-01&until=2024-01-01`, 'RANGE_INVALID'],
    [`${STOCKS}/AAPL/coverage?from=2024-02-01&until=2024-01-01`, 'RANGE_INVALID'],
    [`${STOCKS}/AAPL/coverage?from=0100-01-01`, 'PERIOD_TOO_LONG'],
    [`${STOCKS}/AAPL/coverage?until=9999-12-31`, 'PERIOD_TOO_LONG'],
    [`${PRICES}?limit=5000`, 'PARAMETER_INVALID', /1000/],
    [`${PRICES}?limit=5000&format=csv`, 'PARAMETER_INVALID', /1000/],
    [`${PRICES}?cursor=AAAA`, 'CURSOR_INVALID'],
    [`${PRICES}?sort=up`, 'PARAMETER_INVALID', /one of asc, desc/],
    [`${PRICES}?session=night`, 'PARAMETER_INVALID'],
    [`${PRICES}?format=xml`, 'PARAMETER_INVALID', /json, ndjson, csv/],
    [`${PRICES}?provider=bloomberg`, 'PROVIDER_UNKNOWN', /auto or manual or alpha-vantage/],
    [`${PRICES}?adjust=most`, 'PARAMETER_INVALID', /splits/],
    [`${PRICES}?as_of=yesterday`, 'DATE_INVALID'],
    [`${PRICES}?as_of=2999-01-01`, 'AS_OF_FUTURE'],
    [`${PRICES}?resample=1h`, 'RESAMPLE_IMPOSSIBLE'],
    [`${PRICES}?interval=1wk&resample=1mo`, 'RESAMPLE_IMPOSSIBLE'],
    [`${PRICES}?resample=2d`, 'INTERVAL_UNKNOWN'],
    [`${PRICES}?include=all`, 'PARAMETER_INVALID', /live/],
    [`${PRICES}?fields=close,price`, 'PARAMETER_INVALID', /price/],
    ['/api/v1/prices', 'PARAMETER_INVALID', /^The parameter "symbols" is missing\./],
    ['/api/v1/analytics/stocks/AAPL/indicators', 'PARAMETER_INVALID', /"indicators" is missing/],
    [
      `/api/v1/prices?symbols=${Array.from({ length: 101 }, (_, i) => `S${i}`).join(',')}`,
      'PARAMETER_INVALID',
    ],
    ['/api/v1/prices?symbols=AAPL&cursor=abc', 'CURSOR_INVALID'],
    [`${PRICES}/latest?interval=nope`, 'INTERVAL_UNKNOWN'],
    [`${PRICES}/latest?from=2024-01-01`, 'PARAMETER_UNKNOWN'],
    [`/api/v1/stocks/AAPL/quote?x=1`, 'PARAMETER_UNKNOWN', /takes no parameters/],
    [`/api/v1/stocks/AAPL/revisions?interval=7`, 'INTERVAL_UNKNOWN'],
    [`/api/v1/stocks/AA%20PL`, 'SYMBOL_INVALID'],
    [`/api/v1/stocks/%00`, 'SYMBOL_INVALID'],
    [`/api/v1/stocks/${'A'.repeat(33)}/prices`, 'SYMBOL_INVALID'],
    [
      `/api/v1/stocks/${encodeURIComponent("';DROP TABLE stockyard.pages")}/prices`,
      'SYMBOL_INVALID',
    ],
    [`/api/v1/stocks/%E0%A4%A/prices`, 'URL_INVALID'],
    ['/api/v1/etl/jobs/abc', 'PARAMETER_INVALID', /whole number/],
    ['/api/v1/etl/jobs/0', 'PARAMETER_INVALID'],
    ['/api/v1/etl/jobs/99999999999999999999', 'PARAMETER_INVALID'],
    ['/api/v1/etl/jobs?status=done', 'PARAMETER_INVALID'],
    ['/api/v1/etl/status?interval=1y', 'INTERVAL_UNKNOWN'],
    ['/api/v1/rejects?run=x', 'PARAMETER_INVALID'],
    ['/health?deep=1', 'PARAMETER_UNKNOWN'],
  ]
  for (const [url, code, sentence = /./] of cases) {
    it(`answers 400 ${code} to ${url.slice(0, 90)}`, async () => {
      const answer = await ask(app, url)
      assertProblem(answer, 400, code, url)
      assert.match(`${String(answer.body.detail)} ${String(answer.body.hint)}`, sentence)
    })
  }
})

describe('what is not there', () => {
  const cases: readonly (readonly [url: string, code: string])[] = [
    ['/nope', 'ROUTE_UNKNOWN'],
    ['/api/v1/nope', 'ROUTE_UNKNOWN'],
    ['/../../etc/passwd', 'ROUTE_UNKNOWN'],
    ['/%2e%2e/%2e%2e/package.json', 'ROUTE_UNKNOWN'],
    ['/api/v1/stocks/NOPE', 'SYMBOL_UNKNOWN'],
    ['/api/v1/stocks/NOPE/prices', 'SYMBOL_UNKNOWN'],
    ['/api/v1/stocks/NOPE/prices?format=csv', 'SYMBOL_UNKNOWN'],
    ['/api/v1/stocks/NOPE/revisions', 'SYMBOL_UNKNOWN'],
    ['/api/v1/stocks/XOM/prices/latest', 'BARS_NONE'],
    ['/api/v1/stocks/XOM/quote', 'BARS_NONE'],
    ['/api/v1/etl/jobs/999999999999999', 'RUN_UNKNOWN'],
  ]
  for (const [url, code] of cases) {
    it(`answers 404 ${code} to ${url}`, async () => {
      assertProblem(await ask(app, url), 404, code, url)
    })
  }
})

it('a name that no body may have is named', async () => {
  const headers = { 'content-type': 'application/json' }
  for (const body of ['{"symbol":"A","__proto__":{}}', '{"constructor":{"prototype":{}}}']) {
    const answer = await ask(app, STOCKS, { method: 'POST', body, headers })
    assertProblem(answer, 400, 'BODY_INVALID', STOCKS)
    assert.match(answer.text, /__proto__ or constructor/)
  }
  const broken = await ask(app, STOCKS, { method: 'POST', body: '{"__proto__":', headers })
  assert.match(broken.text, /not valid JSON/)
})

describe('bad bodies and methods', () => {
  const json = { 'content-type': 'application/json' }
  const cases: readonly (readonly [string, Wish, number, string])[] = [
    [STOCKS, { method: 'POST', body: {} }, 400, 'BODY_INVALID'],
    [STOCKS, { method: 'POST' }, 400, 'BODY_INVALID'],
    [STOCKS, { method: 'POST', body: '[1]', headers: json }, 400, 'BODY_INVALID'],
    [STOCKS, { method: 'POST', body: '{"symbol":', headers: json }, 400, 'BODY_INVALID'],
    [STOCKS, { method: 'POST', body: '', headers: json }, 400, 'BODY_INVALID'],
    [
      STOCKS,
      { method: 'POST', body: '{"__proto__":{"a":1},"symbol":"A"}', headers: json },
      400,
      'BODY_INVALID',
    ],
    [STOCKS, { method: 'POST', body: { symbol: 7 } }, 400, 'BODY_INVALID'],
    [STOCKS, { method: 'POST', body: { symbol: 'A B' } }, 400, 'SYMBOL_INVALID'],
    [STOCKS, { method: 'POST', body: { symbol: 'A', watched: 'true' } }, 400, 'BODY_INVALID'],
    [STOCKS, { method: 'POST', body: { symbol: 'A', kind: 'bond' } }, 400, 'BODY_INVALID'],
    [STOCKS, { method: 'POST', body: { symbol: 'A', id: 1 } }, 400, 'BODY_INVALID'],
    [STOCKS, { method: 'POST', body: { symbol: 'A', name: 'a\u0000b' } }, 400, 'BODY_INVALID'],
    [STOCKS, { method: 'POST', body: { symbol: 'A', exchange: 'MOON' } }, 400, 'EXCHANGE_UNKNOWN'],
    [STOCKS, { method: 'POST', body: { symbol: 'AAPL' } }, 409, 'SYMBOL_EXISTS'],
    [
      STOCKS,
      { method: 'POST', body: { symbol: 'A', name: 'x'.repeat(70_000) } },
      413,
      'BODY_TOO_LARGE',
    ],
    [
      STOCKS,
      { method: 'POST', body: '{}', headers: { 'content-type': 'text/plain' } },
      415,
      'CONTENT_TYPE_UNSUPPORTED',
    ],
    [
      STOCKS,
      { method: 'POST', body: '<a/>', headers: { 'content-type': 'text/xml' } },
      415,
      'CONTENT_TYPE_UNSUPPORTED',
    ],
    [`${STOCKS}/AAPL`, { method: 'PATCH', body: {} }, 400, 'BODY_INVALID'],
    [`${STOCKS}/AAPL`, { method: 'PATCH', body: { symbol: 'B' } }, 400, 'BODY_INVALID'],
    [`${STOCKS}/NOPE`, { method: 'PATCH', body: { name: 'x' } }, 404, 'SYMBOL_UNKNOWN'],
    [`${STOCKS}/NOPE`, { method: 'DELETE' }, 404, 'SYMBOL_UNKNOWN'],
    [STOCKS, { method: 'DELETE' }, 405, 'METHOD_NOT_ALLOWED'],
    [PRICES, { method: 'POST', body: {} }, 405, 'METHOD_NOT_ALLOWED'],
    ['/health', { method: 'PUT', body: {} }, 405, 'METHOD_NOT_ALLOWED'],
    ['/nope', { method: 'OPTIONS' }, 404, 'ROUTE_UNKNOWN'],
    ['/nope', { method: 'POST', body: {} }, 404, 'ROUTE_UNKNOWN'],
  ]
  for (const [url, wish, status, code] of cases) {
    const shown = typeof wish.body === 'string' ? wish.body : JSON.stringify(wish.body)
    it(`answers ${status} ${code} to ${wish.method} ${url} ${shown?.slice(0, 60) ?? ''}`, async () => {
      assertProblem(await ask(app, url, wish), status, code, url)
    })
  }

  it('names the possible methods', async () => {
    const answer = await ask(app, `${STOCKS}/AAPL`, { method: 'POST', body: {} })
    assert.equal(answer.headers['allow'], 'DELETE, GET, HEAD, OPTIONS, PATCH, PUT')
  })

  it('tells them to whoever asks for them', async () => {
    for (const [url, methods] of [
      [`${STOCKS}/AAPL`, 'DELETE, GET, HEAD, OPTIONS, PATCH, PUT'],
      ['/api/v1/schedules/actions/run?x=1', 'OPTIONS, POST'],
      ['/health', 'GET, HEAD, OPTIONS'],
    ] as const) {
      const { status, headers, text } = await ask(app, url, { method: 'OPTIONS' })
      assert.deepEqual([status, headers['allow'], text], [204, methods, ''], url)
    }
  })
})

describe('strangers', () => {
  it('are refused by a host name that is not of this machine', async () => {
    for (const host of [
      'evil.example',
      'evil.example:8000',
      '127.0.0.1.evil.example',
      '192.168.1.5',
    ]) {
      assertProblem(await ask(app, STOCKS, { headers: { host } }), 421, 'HOST_REFUSED', host)
    }
    for (const host of ['localhost', 'LOCALHOST:8000', '127.0.0.1:9', '[::1]:8000']) {
      assert.equal((await ask(app, STOCKS, { headers: { host } })).status, 200, host)
    }
  })

  it('may not write from pages of other sites', async () => {
    const headers = { origin: 'https://evil.example', host: 'localhost:8000' }
    const answer = await ask(app, `${STOCKS}/AAPL`, { method: 'DELETE', headers })
    assertProblem(answer, 403, 'ORIGIN_REFUSED', 'delete')
    assert.equal(answer.headers['access-control-allow-origin'], undefined)
    const own = { origin: 'http://localhost:8000', host: 'localhost:8000' }
    const body = { watched: true }
    assert.equal(
      (await ask(app, `${STOCKS}/AAPL`, { method: 'PATCH', body, headers: own })).status,
      200,
    )
  })
})

describe('anything at all', () => {
  it('never makes a 5xx of a query string', async () => {
    const name = fc.constantFrom(
      'interval',
      'from',
      'until',
      'session',
      'provider',
      'sort',
      'format',
      'limit',
      'cursor',
      'skip',
    )
    const value = fc.oneof(
      fc.string(),
      anyText(),
      fc.constantFrom(
        '0',
        '-1',
        '1e999',
        'NaN',
        '9999-12-31',
        '0100-01-01',
        '9999-12-31T23:59:59Z',
        '1m',
        'null',
        '[]',
      ),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(name, value), { maxLength: 4 }), async (pairs) => {
        const search = pairs
          .map(([key, text]) => `${key}=${encodeURIComponent(text.toWellFormed())}`)
          .join('&')
        const answer = await ask(app, `${PRICES}?${search}`)
        assert.equal(answer.status < 500, true, `${search}: ${answer.text}`)
      }),
      { numRuns: 100 },
    )
  })

  it('never makes a 5xx of a path or a body', async () => {
    await fc.assert(
      fc.asyncProperty(anyText({ minLength: 1 }), fc.jsonValue(), async (text, value) => {
        const path = `${STOCKS}/${encodeURIComponent(text.toWellFormed())}`
        assert.equal((await ask(app, path)).status < 500, true, path)
        const headers = { 'content-type': 'application/json' }
        const wish = { method: 'PATCH', body: JSON.stringify(value), headers } as const
        assert.equal((await ask(app, `${STOCKS}/XOM`, wish)).status < 500, true, wish.body)
      }),
      { numRuns: 50 },
    )
    assert.equal(Object.hasOwn(Object.prototype, 'a'), false)
  })
})
