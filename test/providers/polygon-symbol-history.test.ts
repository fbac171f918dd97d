/** Polygon's events of a ticker, in the shape of its documentation. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { parseDay } from '../../src/domain/date.ts'
import { polygon } from '../../src/providers/polygon/index.ts'

const change = (ticker: unknown, date: unknown) => ({
  ticker_change: { ticker },
  type: 'ticker_change',
  date,
})

function read(value: unknown, status = 200) {
  const bytes = new TextEncoder().encode(JSON.stringify(value))
  return polygon.parseSymbolHistory!({ status, bytes, contentType: 'application/json' })
}

const answerOf = (events: unknown) => ({
  results: { name: 'Meta Platforms, Inc. Class A Common Stock', cik: '0001326801', events },
  status: 'OK',
  request_id: '31d59dda-80e5-4721-8496-d0d32a654afe',
})

test('the symbols that a listing had come oldest first, whatever their order', () => {
  const events = [change('META', '2022-06-09'), change('FB', '2012-05-18')]
  const symbols = [
    { symbol: 'FB', day: parseDay('2012-05-18') },
    { symbol: 'META', day: parseDay('2022-06-09') },
  ]
  assert.deepEqual(read(answerOf(events)), { ok: true, symbols })
  assert.deepEqual(read(answerOf(events.toReversed())), { ok: true, symbols })
  const other = { type: 'name_change', date: '2021-10-28' }
  assert.deepEqual(read(answerOf([...events, other])), { ok: true, symbols })
  assert.deepEqual(read(answerOf([])), { ok: true, symbols: [] })
})

test('a call asks for changes of the ticker, in the vendor’s spelling', () => {
  assert.deepEqual(polygon.requestSymbolHistory!('BRK-B'), {
    path: '/vX/reference/tickers/BRK.B/events',
    params: { types: 'ticker_change' },
    keyHeader: { name: 'Authorization', prefix: 'Bearer ' },
  })
})

test('what is no such list is refused by class', () => {
  for (const [value, status, failure] of [
    [{ status: 'NOT_FOUND', request_id: 'a', message: 'Ticker not found.' }, 404, 'unknown-symbol'],
    [
      { status: 'NOT_AUTHORIZED', request_id: 'a', message: 'Upgrade your plan.' },
      403,
      'entitlement',
    ],
    [{ status: 'OK', results: {} }, 200, 'malformed'],
    [{ status: 'OK' }, 200, 'malformed'],
    [answerOf([change('META', '2022-13-09')]), 200, 'malformed'],
    [answerOf([change('', '2022-06-09')]), 200, 'malformed'],
  ] as const) {
    const answer = read(value, status)
    assert.equal(answer.ok ? 'ok' : answer.failure, failure, JSON.stringify(value))
  }
})
