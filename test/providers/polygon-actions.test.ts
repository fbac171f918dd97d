/** Polygon: splits and dividends, with rows that come twice, ahead of time, or make no sense. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parseActions, requestActions } from '../../src/providers/polygon/actions.ts'
import type { VendorBody } from '../../src/providers/provider.ts'

const day = (text: string): number => Date.parse(`${text}T00:00Z`)

function bodyOf(value: unknown): VendorBody {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return { status: 200, bytes: new TextEncoder().encode(text), contentType: 'application/json' }
}

const keyHeader = { name: 'Authorization', prefix: 'Bearer ' }

const split = (date: string, from: unknown, to: unknown, ticker = 'ACME') => ({
  execution_date: date,
  split_from: from,
  split_to: to,
  ticker,
})

const paid = (type: string | undefined, amount: unknown, more: object = {}) => ({
  ticker: 'ACME',
  ex_dividend_date: '2024-12-16',
  cash_amount: amount,
  ...(type === undefined ? {} : { dividend_type: type }),
  ...more,
})

describe('splits and dividends', () => {
  const [splitsCall, dividendsCall] = requestActions('ACME')

  test('are asked for oldest first, a thousand at a time', () => {
    assert.deepEqual(splitsCall, {
      path: '/v3/reference/splits',
      params: { ticker: 'ACME', order: 'asc', limit: '1000', sort: 'execution_date' },
      keyHeader,
    })
    assert.equal(dividendsCall!.path, '/v3/reference/dividends')
    assert.equal(dividendsCall!.params['sort'], 'ex_dividend_date')
  })

  const splitsOf = (results: unknown) => {
    const answer = parseActions(bodyOf({ results, status: 'OK' }), splitsCall!, 'ACME')
    assert.ok(answer.ok)
    return answer
  }

  test('are read as shares for shares, whichever way, and by day', () => {
    const { splits, dividends, unreadable } = splitsOf([
      split('2030-01-02', 3, 4),
      split('2014-06-09', 1, 7),
      split('2020-08-31', 20, 1),
    ])
    assert.deepEqual(splits, [
      { day: day('2014-06-09'), newShares: 7, oldShares: 1 },
      { day: day('2020-08-31'), newShares: 1, oldShares: 20 },
      { day: day('2030-01-02'), newShares: 4, oldShares: 3 },
    ])
    assert.deepEqual([dividends, unreadable], [[], []])
  })

  test('count a split once that is listed again, and take its later day', () => {
    const { splits, unreadable } = splitsOf([
      split('2022-06-29', 1, 10),
      split('2022-06-22', 1, 10),
      split('2022-06-29', 2, 20),
      split('2023-06-29', 1, 10),
    ])
    assert.deepEqual(
      splits.map((each) => each.day),
      [day('2022-06-29'), day('2023-06-29')],
    )
    assert.deepEqual(
      unreadable.map(({ rule }) => rule),
      ['duplicate', 'duplicate'],
    )
  })

  test('refuse rows of another ticker, without a date, or without a ratio', () => {
    const { splits, unreadable } = splitsOf([
      split('2022-06-29', 1, 10, 'ACMEw'),
      split('2022-02-30', 1, 10),
      split('2022-06-29', 0, 10),
      split('2022-06-29', 1, '10'),
      null,
    ])
    assert.deepEqual(splits, [])
    assert.deepEqual(unreadable.map(({ rule }) => rule).toSorted(), [
      'fields',
      'fields',
      'fields',
      'fields',
      'symbol',
    ])
  })

  test('are of the kinds of dividend that the vendor knows, each once', () => {
    const results = [
      paid('CD', 0.24, { currency: 'USD', pay_date: '2024-12-30' }),
      paid('CD', 0.24, { currency: 'USD', pay_date: '2024-12-30', id: 'again' }),
      paid('SC', 10),
      paid('LT', 1.5),
      paid('ST', 0.5),
      paid('XX', 1),
      paid('CD', 0),
      { ticker: 'ACME', exDate: '2019-11-07', amount: 0.77, paymentDate: '2019-11-14' },
    ]
    const answer = parseActions(bodyOf({ results }), dividendsCall!, 'ACME')
    assert.ok(answer.ok)
    assert.deepEqual(
      answer.dividends.map(({ amount, kind, currency, basis }) => [amount, kind, currency, basis]),
      [
        [0.77, 'cash', null, 'raw'],
        [0.24, 'cash', 'USD', 'raw'],
        [10, 'special', null, 'raw'],
        [1.5, 'capital-gain', null, 'raw'],
        [0.5, 'capital-gain', null, 'raw'],
      ],
    )
    assert.deepEqual(
      answer.unreadable.map(({ rule }) => rule),
      ['duplicate', 'kind', 'fields'],
    )
  })

  test('can be none, and a refusal is not none', () => {
    assert.ok(parseActions(bodyOf({ results: [], status: 'OK' }), splitsCall!, 'ACME').ok)
    assert.ok(parseActions(bodyOf({ status: 'OK', request_id: 'a' }), splitsCall!, 'ACME').ok)
    assert.ok(!parseActions(bodyOf({ status: 'NOT_AUTHORIZED' }), splitsCall!, 'ACME').ok)
    assert.ok(!parseActions(bodyOf('{}'), splitsCall!, 'ACME').ok)
  })
})
