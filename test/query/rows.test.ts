/** The public shapes of a bar. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { makeBatch, type BarBatch } from '../../src/domain/bar-batch.ts'
import type { BarChunk } from '../../src/query/bar-chunk.ts'
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

/** Bars that are all of one provider. */
function chunkOf(bars: BarBatch, provider: string, provisional = 0): BarChunk {
  const marks = new Uint8Array(bars.length).fill(provisional)
  return { bars, provisional: marks, partial: null, providers: [provider], sources: null }
}

describe('a bar as JSON', () => {
  it('has the start in UTC without milliseconds when it is intraday', () => {
    const row = barRow('5m', chunkOf(oneBar(1_704_205_800_000), 'polygon', 1), 0)
    assert.equal(
      JSON.stringify(row),
      '{"ts":"2024-01-02T14:30:00Z","open":184.22,"high":185.88,"low":183.43,"close":184.25,' +
        '"volume":58414460,"vwap":null,"trades":null,"provider":"polygon","state":"provisional"}',
    )
  })

  it('has the session in place of the start when it is daily or longer', () => {
    const row = barRow('1d', chunkOf(oneBar(Date.UTC(2024, 0, 2)), 'polygon'), 0)
    assert.equal(row.session, '2024-01-02')
    assert.equal('ts' in row, false)
    assert.equal(row.state, 'final')
  })
})

describe('a bar as CSV', () => {
  it('leaves absent values empty', () => {
    const bars = oneBar(1_704_205_800_000)
    bars.volume[0] = Number.NaN
    const series = { symbol: 'AAPL', interval: '1m' } as const
    assert.equal(
      csvLines(series, chunkOf(bars, 'yahoo')),
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
        const series = { symbol: 'A', interval: '1m' } as const
        const lines = csvLines(series, chunkOf(bars, 'p')).split('\n').slice(0, -1)
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
        const series = { symbol: 'A', interval: '1d' } as const
        const cell = csvLines(series, chunkOf(bars, 'yahoo')).split(',')[6]
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
      ['\rA', '"\'\rA"'],
      ['\0A', "'\0A"],
      ['a,"b"', '"a,""b"""'],
      ['=HYPERLINK("x")', '"\'=HYPERLINK(""x"")"'],
    ]
    for (const [text, expected] of cases) assert.equal(csvText(text!), expected)
    const bars = makeBatch(1)
    bars.open[0] = -1.5
    const series = { symbol: '=A1', interval: '1d' } as const
    const cells = csvLines(series, chunkOf(bars, '+x')).split(',')
    // The symbol and the provider are texts; a negative price is a number.
    assert.deepEqual([cells[0], cells[3], cells[10]], ["'=A1", '-1.5', "'+x"])
  })
})
