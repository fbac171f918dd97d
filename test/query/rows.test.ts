/** The public shapes of a bar. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { makeBatch } from '../../src/domain/bar-batch.ts'
import { barRow, csvLines, csvText, formatInstant } from '../../src/query/rows.ts'

function oneBar(ts: number) {
  const bars = makeBatch(1)
  bars.ts[0] = ts
  bars.open[0] = 184.22
  bars.high[0] = 185.88
  bars.low[0] = 183.43
  bars.close[0] = 184.25
  bars.volume[0] = 58_414_460
  return bars
}

describe('a bar as JSON', () => {
  it('has the start in UTC without milliseconds when it is intraday', () => {
    const row = barRow('5m', oneBar(1_704_205_800_000), Uint8Array.of(1), 0)
    assert.equal(
      JSON.stringify(row),
      '{"ts":"2024-01-02T14:30:00Z","open":184.22,"high":185.88,"low":183.43,"close":184.25,' +
        '"volume":58414460,"vwap":null,"trades":null,"state":"provisional"}',
    )
  })

  it('has the session in place of the start when it is daily or longer', () => {
    const row = barRow('1d', oneBar(Date.UTC(2024, 0, 2)), Uint8Array.of(0), 0)
    assert.equal(row.session, '2024-01-02')
    assert.equal('ts' in row, false)
    assert.equal(row.state, 'final')
  })
})

describe('a bar as CSV', () => {
  it('leaves absent values empty', () => {
    const bars = oneBar(1_704_205_800_000)
    bars.volume[0] = Number.NaN
    const series = { symbol: 'AAPL', interval: '1m', provider: 'yahoo' } as const
    assert.equal(
      csvLines(series, bars, Uint8Array.of(0)),
      'AAPL,1m,2024-01-02T14:30:00Z,184.22,185.88,183.43,184.25,,,,yahoo,final\n',
    )
  })

  it('writes the same instants as the JSON does, over any days', () => {
    const seconds = fc.array(fc.integer({ min: -2_000_000_000, max: 4_000_000_000 }), {
      maxLength: 20,
    })
    fc.assert(
      fc.property(seconds, (list) => {
        const bars = makeBatch(list.length)
        list.forEach((second, i) => (bars.ts[i] = second * 1000))
        const series = { symbol: 'A', interval: '1m', provider: 'p' } as const
        const lines = csvLines(series, bars, new Uint8Array(list.length)).split('\n').slice(0, -1)
        const instants = lines.map((line) => line.split(',')[2])
        assert.deepEqual(
          instants,
          list.map((second) => formatInstant(second * 1000)),
        )
      }),
    )
  })

  it('writes numbers so that they read back as the same number', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (price) => {
        const bars = oneBar(0)
        bars.close[0] = price
        const series = { symbol: 'A', interval: '1d', provider: 'p' } as const
        const cell = csvLines(series, bars, Uint8Array.of(0)).split(',')[6]
        assert.equal(Number(cell) === price, true)
      }),
    )
  })

  it('keeps a spreadsheet from running a text as a formula', () => {
    const cases = [
      ['AAPL', 'AAPL'],
      ['=1+1', "'=1+1"],
      ['+A', "'+A"],
      ['-A', "'-A"],
      ['@A', "'@A"],
      ['\tA', "'\tA"],
      ['a,"b"', '"a,""b"""'],
      ['=HYPERLINK("x")', '"\'=HYPERLINK(""x"")"'],
    ]
    for (const [text, expected] of cases) assert.equal(csvText(text!), expected)
  })
})
