/** Alpha Vantage: splits and dividends, as JSON and as CSV, with spin-offs and rows that make no sense. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { parseActions, requestActions } from '../../src/providers/alpha-vantage/actions.ts'
import type { VendorBody } from '../../src/providers/provider.ts'
import { skipRecordings } from '../support/recordings.ts'

const day = (text: string): number => Date.parse(`${text}T00:00Z`)
const [splitsCall, dividendsCall] = requestActions('BRK.B')

function bodyOf(value: unknown, status = 200): VendorBody {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return { status, bytes: new TextEncoder().encode(text), contentType: '' }
}

function splitsOf(data: unknown) {
  const answer = parseActions(bodyOf({ symbol: 'BRK-B', data }), splitsCall!, 'BRK.B')
  assert.ok(answer.ok, JSON.stringify(answer))
  return answer
}

const split = (date: string, factor: unknown) => ({ effective_date: date, split_factor: factor })

describe('splits and dividends', () => {
  test('are two calls under the vendor’s spelling', () => {
    assert.deepEqual(
      [splitsCall!.params, dividendsCall!.params],
      [
        { function: 'SPLITS', symbol: 'BRK-B' },
        { function: 'DIVIDENDS', symbol: 'BRK-B' },
      ],
    )
  })

  test('are read as whole shares, whichever way the split went', () => {
    const { splits, unreadable } = splitsOf([
      split('2020-08-31', '4.0000'),
      split('2005-01-03', '1.5000'),
      split('2004-01-02', '0.0667'),
      split('2003-01-02', '0.1250'),
      split('2002-01-02', '1.0300'),
      split('2001-01-02', '1.3333'),
    ])
    assert.deepEqual(unreadable, [])
    assert.deepEqual(splits, [
      { day: day('2001-01-02'), newShares: 4, oldShares: 3 },
      { day: day('2002-01-02'), newShares: 103, oldShares: 100 },
      { day: day('2003-01-02'), newShares: 1, oldShares: 8 },
      { day: day('2004-01-02'), newShares: 1, oldShares: 15 },
      { day: day('2005-01-03'), newShares: 3, oldShares: 2 },
      { day: day('2020-08-31'), newShares: 4, oldShares: 1 },
    ])
  })

  test('are never a spin-off, a row twice, or a row without a factor', () => {
    const { splits, unreadable } = splitsOf([
      split('2021-11-04', '1.0460'),
      split('2020-08-31', '4.0000'),
      split('2020-08-31', '4.0000'),
      split('2019-01-02', '0.0000'),
      split('2019-01-02', 'None'),
      split('2019-13-02', '2.0000'),
    ])
    assert.equal(splits.length, 1)
    assert.deepEqual(
      unreadable.map(({ rule }) => rule),
      ['spin-off', 'duplicate', 'fields', 'fields', 'fields'],
    )
  })

  test('find the shares of every split that companies make', () => {
    const shares = fc.tuple(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 30 }))
    fc.assert(
      fc.property(shares, ([newShares, oldShares]) => {
        const [found] = splitsOf([split('2020-01-02', (newShares / oldShares).toFixed(4))]).splits
        assert.ok(found !== undefined)
        assert.ok(Math.abs(found.newShares / found.oldShares - newShares / oldShares) < 0.00005)
        assert.ok(found.oldShares <= Math.max(oldShares, Math.ceil(oldShares / newShares)))
      }),
    )
  })

  test('are read from a table too, with payments as declared', () => {
    const table =
      'ex_dividend_date,declaration_date,record_date,payment_date,amount\r\n' +
      '2026-05-08,2026-04-21,2026-05-08,2026-06-10,1.69\r\n1999-02-08,None,None,None,0.22\r\n'
    const answer = parseActions(bodyOf(table), dividendsCall!, 'BRK.B')
    assert.ok(answer.ok)
    const paid = { currency: null, kind: 'cash', basis: 'raw' }
    assert.deepEqual(answer.dividends, [
      { day: day('1999-02-08'), amount: 0.22, ...paid },
      { day: day('2026-05-08'), amount: 1.69, ...paid },
    ])
    const none = parseActions(bodyOf('effective_date,split_factor\r\n'), splitsCall!, 'BRK.B')
    assert.ok(none.ok && none.splits.length === 0)
  })

  test('are refused where the answer is for another symbol, of another kind, or no data', () => {
    for (const [value, failure, status] of [
      [{}, 'unknown-symbol', 200],
      [{ symbol: 'IBM', data: [] }, 'malformed', 200],
      [{ symbol: 'BRK-B', data: [{ ex_dividend_date: '2020-01-02' }] }, 'malformed', 200],
      [{ symbol: 'BRK-B' }, 'malformed', 200],
      [{ symbol: 'BRK-B', data: [], message: 'This is sample data.' }, 'entitlement', 200],
      [{ Information: 'Please visit for premium endpoint plans.' }, 'entitlement', 200],
      ['effective_date,split_factor\r\n2020-08-31,4.0', 'malformed', 200],
      ['<html>', 'outage', 503],
    ] as const) {
      const answer = parseActions(bodyOf(value, status), splitsCall!, 'BRK.B')
      assert.equal(answer.ok ? 'ok' : answer.failure, failure, JSON.stringify(value))
    }
  })

  test('of a recording are its one split, and not its spin-off', { skip: skipRecordings }, () => {
    const file = join(process.env['STOCKYARD_RECORDINGS']!, 'alpha-vantage/splits-IBM-2026.csv')
    const answer = parseActions(bodyOf(readFileSync(file, 'utf8')), splitsCall!, 'IBM')
    assert.ok(answer.ok)
    assert.deepEqual(answer.splits, [{ day: day('1999-05-27'), newShares: 2, oldShares: 1 }])
    assert.deepEqual(
      answer.unreadable.map(({ rule }) => rule),
      ['spin-off'],
    )
  })
})
