/** Whose bars answer. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { rankSeries } from '../../src/query/choose-series.ts'

const raw = (provider: string) => ({ provider, basis: 'raw' }) as const
const split = (provider: string) => ({ provider, basis: 'split' }) as const

describe('choosing a series', () => {
  it('takes bars by hand first, then raw ones of vendors by their rank, whatever the order', () => {
    const ranked = [
      raw('manual'),
      raw('polygon'),
      raw('alpha-vantage'),
      split('yahoo'),
      raw('zeta'),
    ]
    for (let first = 0; first < ranked.length; first += 1) {
      const there = ranked.slice(first)
      assert.equal(rankSeries(there.toReversed(), 'auto')[0], ranked[first])
    }
  })

  it('prefers prices as traded of one provider', () => {
    const series = [split('polygon'), raw('polygon')]
    assert.equal(rankSeries(series, 'auto')[0], series[1])
  })

  it('keeps to the provider that is asked for', () => {
    const series = [raw('polygon'), split('yahoo')]
    assert.equal(rankSeries(series, 'yahoo')[0], series[1])
    assert.equal(rankSeries(series, 'manual')[0], undefined)
  })
})
