/** Bars as bytes of JSON are letter by letter what JSON.stringify makes of their rows. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { makeBatch } from '../../src/domain/bar-batch.ts'
import type { Interval } from '../../src/domain/interval.ts'
import { barBytes } from '../../src/query/bar-bytes.ts'
import type { BarChunk } from '../../src/query/bar-chunk.ts'
import { writeNumber } from '../../src/query/number-bytes.ts'
import { barRow, FIELDS, pickFields } from '../../src/query/rows.ts'

function written(value: number): string {
  const out = Buffer.from(new ArrayBuffer(40))
  return out.toString('latin1', 0, writeNumber(new DataView(out.buffer), 0, value))
}

const number = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.double({ min: 0, max: 1e9, noNaN: true }),
  fc.tuple(fc.nat(2_000_000_000), fc.nat(8)).map(([n, digits]) => n / 10 ** digits),
  fc.nat(),
  fc.constantFrom(
    0,
    -0,
    0.1,
    0.0001,
    0.00001,
    0.000001,
    1e-7,
    999_999_999.9999,
    1e9,
    2 ** 53,
    5e-324,
  ),
)

describe('a number as bytes', () => {
  it('is what JSON.stringify writes', () => {
    fc.assert(
      fc.property(number, (value) => assert.equal(written(value), JSON.stringify(value))),
      { numRuns: 20_000 },
    )
  })

  it('is spelt so in cases that are known', () => {
    assert.deepEqual([187.15, 100, 0.05, 1e21, -3.5, Number.NaN, 0.000001, 123.4567].map(written), [
      '187.15',
      '100',
      '0.05',
      '1e+21',
      '-3.5',
      'null',
      '0.000001',
      '123.4567',
    ])
  })
})

const bar = fc.record({
  price: number,
  volume: fc.oneof(number, fc.constant(Number.NaN)),
  provisional: fc.boolean(),
  partial: fc.boolean(),
  source: fc.nat(1),
})

/** A chunk of two providers; each bar a minute, or a day, after the one before. */
function chunkOf(
  rows: readonly (typeof bar extends fc.Arbitrary<infer R> ? R : never)[],
  step: number,
) {
  const bars = makeBatch(rows.length)
  rows.forEach(({ price, volume }, i) => {
    bars.ts[i] = Date.parse('2024-06-03') + i * step
    bars.open[i] = price
    bars.high[i] = price * 1.01
    bars.low[i] = price / 3
    bars.close[i] = Math.round(price * 100) / 100
    bars.volume[i] = volume
    bars.vwap[i] = volume
    bars.trades[i] = Number.NaN
  })
  return {
    bars,
    provisional: Uint8Array.from(rows, (row) => Number(row.provisional)),
    partial: Uint8Array.from(rows, (row) => Number(row.partial)),
    providers: ['yahoo', 'a "quoted" näme'],
    sources: Uint8Array.from(rows, ({ source }) => source),
  } satisfies BarChunk
}

const steps = fc.constantFrom<[Interval, number]>(
  ['1m', 60_000],
  ['1m', 7_200_500],
  ['1d', 86_400_000],
)

describe('bars as bytes', () => {
  it('are the texts of their rows, with all fields or some', () => {
    fc.assert(
      fc.property(
        fc.array(bar, { maxLength: 30 }),
        steps,
        fc.subarray([...FIELDS], { minLength: 1 }),
        (rows, [interval, step], fields) => {
          const chunk = chunkOf(rows, step)
          const whole = rows.map((_, i) => barRow(interval, chunk, i))
          const some = whole.map((row) =>
            JSON.stringify({ symbol: 'X', ...pickFields(row, fields) }),
          )
          assert.equal(
            `[${String(barBytes(chunk, { interval, separator: ',' }))}]`,
            JSON.stringify(whole),
          )
          const options = { interval, fields, head: '"symbol":"X",', separator: '\n' } as const
          assert.equal(String(barBytes(chunk, options)), some.map((line) => `${line}\n`).join(''))
        },
      ),
      { numRuns: 500 },
    )
  })
})
