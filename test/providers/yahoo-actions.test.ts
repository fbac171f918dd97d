/** Yahoo: splits, dividends and capital gains that come along with bars. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { readGoodChart as readOk } from './yahoo-chart-answer.ts'

const second = (text: string) => Date.parse(text) / 1000

describe('splits and dividends', () => {
  const time = '2024-03-12T13:30:00Z'

  test('are read by their own date, whole numbers or not, with amounts on the basis of today', () => {
    const events = {
      splits: {
        '1709269200': { date: second('2024-03-11T13:30:00Z'), numerator: 4.0, denominator: 1.0 },
        '1': { date: second('2024-03-08T14:30:00Z'), numerator: 1, denominator: 20 },
      },
      dividends: { '2': { amount: 0.205, date: second('2024-03-07T14:30:00Z') } },
      capitalGains: { '3': { amount: 1.5, date: second('2024-03-06T14:30:00Z') } },
    }
    const { actions } = readOk([time], { events })
    assert.deepEqual(actions, {
      splits: [
        { day: Date.UTC(2024, 2, 8), newShares: 1, oldShares: 20 },
        { day: Date.UTC(2024, 2, 11), newShares: 4, oldShares: 1 },
      ],
      dividends: [
        {
          day: Date.UTC(2024, 2, 6),
          amount: 1.5,
          currency: null,
          kind: 'capital-gain',
          basis: 'split',
        },
        { day: Date.UTC(2024, 2, 7), amount: 0.205, currency: null, kind: 'cash', basis: 'split' },
      ],
    })
  })

  test('are counted once when they are listed twice, a capital gain as what it is', () => {
    const date = second('2024-03-07T14:30:00Z')
    const events = {
      dividends: { a: { amount: 0.5, date }, b: { amount: 0.5, date }, c: { amount: 1.5, date } },
      capitalGains: { a: { amount: 1.5, date } },
    }
    const { actions } = readOk([time], { events })
    assert.deepEqual(
      actions!.dividends.map(({ amount, kind }) => [amount, kind]),
      [
        [0.5, 'cash'],
        [1.5, 'capital-gain'],
      ],
    )
  })

  test('that cannot be read are refused with their text', () => {
    const events = {
      splits: { a: { date: 1709821800, numerator: 0, denominator: 1 }, b: null },
      dividends: { a: { date: 1709821800, amount: '0.5' }, b: { amount: 0.5 } },
    }
    const answer = readOk([time], { events })
    assert.deepEqual(answer.actions, { splits: [], dividends: [] })
    assert.deepEqual(
      answer.unreadable.map(({ rule }) => rule),
      ['action', 'action', 'action', 'action'],
    )
    assert.equal(answer.unreadable[1]!.raw, '{"splits":null}')
  })

  test('are none where the answer has none', () => {
    assert.deepEqual(readOk([time]).actions, { splits: [], dividends: [] })
  })
})
