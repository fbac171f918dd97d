/** Polygon: every refusal is told by its status and by its words, and shows no key. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { getCalendar } from '../../src/domain/calendar/registry.ts'
import { polygon } from '../../src/providers/polygon/index.ts'
import type { FailureClass } from '../../src/providers/provider.ts'

const calendar = getCalendar('XNYS')

function failureOf(status: number, body: unknown) {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const answer = polygon.parseBars(
    { status, bytes: new TextEncoder().encode(text), contentType: '' },
    {
      request: { path: '', params: {} },
      symbol: 'ACME',
      interval: '1d',
      asked: null,
      covers: null,
      fallback: null,
    },
    { calendar, receivedAt: 0 },
  )
  assert.ok(!answer.ok)
  return answer
}

const KEY = { status: 'ERROR', error: 'Unknown API Key' }
const NO_KEY = { status: 'ERROR', error: 'API Key was not provided' }
const TIMEFRAME =
  "Your plan doesn't include this data timeframe. Please upgrade your plan at https://polygon.io/pricing"
const TOO_MANY =
  "You've exceeded the maximum requests per minute, please wait or upgrade your subscription to continue. https://polygon.io/pricing"
const PAGE = '<html><head><title>Attention</title></head></html>'

const CASES: [FailureClass, number, unknown][] = [
  ['key', 401, KEY],
  ['key', 401, NO_KEY],
  ['key', 401, { status: 'ERROR', message: 'Unknown API Key' }],
  ['key', 401, '{}'],
  ['key', 401, PAGE],
  ['key', 200, KEY],
  ['key', 200, NO_KEY],
  ['key', 403, KEY],
  ['entitlement', 403, { status: 'NOT_AUTHORIZED', message: TIMEFRAME }],
  ['entitlement', 403, { status: 'NOT_AUTHORIZED', error: 'You are not entitled to this data.' }],
  ['entitlement', 403, { status: 'NOT_AUTHORIZED' }],
  ['entitlement', 200, { status: 'NOT_AUTHORIZED', message: TIMEFRAME }],
  ['entitlement', 200, { status: 'NOT_AUTHORIZED', ticker: 'ACME', results: [] }],
  ['minute', 429, { status: 'ERROR', error: TOO_MANY }],
  ['minute', 429, { status: 'ERROR', message: TOO_MANY }],
  ['minute', 429, PAGE],
  ['minute', 429, ''],
  ['minute', 200, { status: 'ERROR', error: TOO_MANY }],
  ['no-data', 404, { status: 'NOT_FOUND', message: 'Data not found.' }],
  ['no-data', 404, '{}'],
  ['no-data', 200, { status: 'NOT_FOUND', message: 'Data not found.' }],
  ['unknown-symbol', 404, { status: 'NOT_FOUND', message: 'Ticker not found.' }],
  ['bad-request', 400, { status: 'ERROR', error: "Could not parse the time parameter: 'from'." }],
  ['bad-request', 400, { status: 'ERROR', error: 'limit must be 50000 at most' }],
  ['bad-request', 400, '{}'],
  ['outage', 500, { status: 'ERROR', error: 'Internal Server Error' }],
  ['outage', 503, { status: 'ERROR', error: TOO_MANY }],
  ['outage', 502, PAGE],
  ['outage', 408, ''],
  ['outage', 403, PAGE],
  ['outage', 200, { status: 'ERROR', error: 'Service temporarily unavailable' }],
  ['malformed', 404, PAGE],
  ['malformed', 200, PAGE],
  ['malformed', 200, ''],
  ['malformed', 204, ''],
  ['malformed', 302, ''],
  ['malformed', 200, '{"ticker":"ACME","results":[{"t":1,"o":1'],
  ['malformed', 200, { status: 'ERROR', error: 'Something nobody has met yet' }],
  ['malformed', 200, { error: 'Something nobody has met yet' }],
  ['malformed', 200, '7'],
]

describe('a refusal', () => {
  for (const [wanted, status, body] of CASES) {
    const shown = typeof body === 'string' ? body : JSON.stringify(body)
    test(`with HTTP ${status} and ${shown.slice(0, 70) || 'nothing'} means ${wanted}`, () => {
      const { failure, message } = failureOf(status, body)
      assert.equal(failure, wanted)
      assert.ok(message.length > 0 && message.length <= 300)
    })
  }

  test("is told in the vendor's own words", () => {
    assert.equal(failureOf(401, KEY).message, 'Unknown API Key')
    assert.equal(failureOf(429, { status: 'ERROR', error: TOO_MANY }).message, TOO_MANY)
    assert.equal(failureOf(502, PAGE).message, 'Polygon answered HTTP 502 with an HTML page.')
  })

  test('shows no key, however it stands in the text', () => {
    const key = 'aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1dE'
    for (const text of [
      `Unknown API Key: ${key}`,
      `No rights for https://api.polygon.io/v2/aggs?apiKey=${key}&x=1`,
      `Header was Authorization: Bearer ${key}`,
      `The key ${key} is not active`,
      `apiKey="${key}"`,
    ]) {
      const { message } = failureOf(401, { status: 'ERROR', error: text })
      assert.ok(!message.includes(key) && message.includes('***'), message)
    }
    const short = failureOf(401, { status: 'ERROR', error: 'Unknown apiKey=secret' })
    assert.equal(short.message, 'Unknown apiKey=***')
  })
})
