/** Under which symbols a vendor is asked, for which days. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { Alias } from '../../src/db/symbols.ts'
import { formatDate } from '../../src/domain/date.ts'
import { withAliases } from '../../src/load/plan-aliases.ts'
import { polygon } from '../../src/providers/polygon/index.ts'
import { yahoo } from '../../src/providers/yahoo/index.ts'
import { calendar } from '../support/bars.ts'

const day = (text: string) => Date.parse(text)
const FB: Alias = { symbol: 'FB', fromDay: null, untilDay: day('2022-06-09') }
const META: Alias = { symbol: 'META', fromDay: day('2022-06-09'), untilDay: null }
const NEED = {
  symbol: 'META',
  interval: '1d',
  now: Date.parse('2024-06-08T12:00:00Z'),
  calendar,
} as const

function asked(from: string | null, until: string, aliases: readonly Alias[]) {
  const need = { ...NEED, from: from === null ? null : day(from), until: day(until) }
  return withAliases(polygon, aliases)
    .planBars(need)
    .map(({ symbol, asked: days }) => [symbol, days && formatDate(days.from)])
}

it('history that is kept under former symbols is asked for under each for its days', () => {
  assert.deepEqual(asked('2022-06-01', '2022-07-01', [FB, META]), [
    ['FB', '2022-06-01'],
    ['META', '2022-06-09'],
  ])
  assert.deepEqual(asked('2022-06-09', '2022-07-01', [FB, META]), [['META', '2022-06-09']])
  assert.deepEqual(asked('2022-06-01', '2022-06-09', [FB, META]), [['FB', '2022-06-01']])
})

it('what was put aside is asked for under its symbol of then only, and where that still is its own', () => {
  const aside: Alias = { symbol: 'FB@2022-06-09', fromDay: day('2022-06-09'), untilDay: null }
  assert.deepEqual(asked('2022-06-01', '2022-07-01', [FB, aside]), [['FB', '2022-06-01']])
  const need = { ...NEED, from: day('2022-06-01'), until: day('2022-07-01') }
  assert.deepEqual(withAliases(yahoo, [FB, aside]).planBars(need), [])
})

it('a vendor that moves history to the new symbol, and a plain symbol, are asked as ever', () => {
  assert.equal(withAliases(yahoo, [FB, META]), yahoo)
  assert.equal(withAliases(polygon, [{ ...META, fromDay: null }]), polygon)
})
