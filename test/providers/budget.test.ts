import assert from 'node:assert/strict'
import test from 'node:test'
import { parseBudget } from '../../src/providers/budget.ts'

const NONE = { perSecond: Infinity, perMinute: Infinity, perDay: Infinity }

test('reads calls per second, minute and day in any order and spelling', () => {
  assert.deepEqual(parseBudget('1/s,5/min,25/day'), { perSecond: 1, perMinute: 5, perDay: 25 })
  assert.deepEqual(parseBudget(' 500 / Day , 5/m '), { ...NONE, perMinute: 5, perDay: 500 })
  assert.deepEqual(parseBudget('75/minute'), { ...NONE, perMinute: 75 })
  assert.deepEqual(parseBudget('2/second'), { ...NONE, perSecond: 2 })
})

test('unlimited has no limit in any window', () => {
  assert.deepEqual(parseBudget('Unlimited'), NONE)
})

for (const text of [
  '',
  '5',
  '0/min',
  '-1/s',
  '5/h',
  '1.5/s',
  '5/min,',
  'many/day',
  '9999999999/s',
]) {
  test(`refuses "${text}" and says how a budget is written`, () => {
    assert.throws(() => parseBudget(text), {
      kind: 'config',
      code: 'BUDGET_INVALID',
      hint: /1\/s,5\/min,25\/day/,
    })
  })
}
