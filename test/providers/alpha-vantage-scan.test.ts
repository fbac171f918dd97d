/** Alpha Vantage: any series, however it is spelt, is read as a plain reader reads it. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { getCalendar } from '../../src/domain/calendar/registry.ts'
import { alphaVantage } from '../../src/providers/alpha-vantage/index.ts'
import type { BarAnswer, VendorFailure } from '../../src/providers/provider.ts'
import { anyText } from '../support/any-text.ts'

const calendar = getCalendar('XNYS')
const day = (text: string): number => Date.parse(`${text}T00:00Z`)

/** Reads an answer with daily bars. */
function parse(text: string): BarAnswer | VendorFailure {
  return alphaVantage.parseBars(
    { status: 200, bytes: new TextEncoder().encode(text), contentType: '' },
    {
      request: { path: '/query', params: {} },
      symbol: 'IBM',
      interval: '1d',
      asked: null,
      covers: null,
      fallback: null,
    },
    { calendar, receivedAt: 0 },
  )
}

const digits = (max: number) =>
  fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: 1, maxLength: max })

function rowOf({ batch }: BarAnswer, i: number): (number | undefined)[] {
  return [batch.open[i], batch.high[i], batch.low[i], batch.close[i], batch.volume[i]]
}

function plainNumber(given: unknown): number {
  const text = typeof given === 'number' ? String(given) : given
  if (typeof text !== 'string' || !/^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(text)) return Number.NaN
  return Number.isFinite(Number(text)) ? Number(text) : Number.NaN
}

/** Reads a text both ways and compares every row. */
function compare(text: string): void {
  const document = JSON.parse(text) as Record<string, Record<string, Record<string, unknown>>>
  const entries = Object.entries(document['Time Series (Daily)']!)
  const wanted = ['1. open', '2. high', '3. low', '4. close', '6. volume']
  const whole = entries
    .filter(([, row]) => wanted.every((key) => key in row))
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
  const answer = parse(text)
  if (whole.length === 0) {
    assert.equal(answer.ok, false)
    return
  }
  assert.ok(answer.ok)
  assert.equal(answer.symbol, 'IBM')
  assert.equal(answer.unreadable.length, entries.length - whole.length)
  assert.equal(answer.batch.length, whole.length)
  whole.forEach(([date, row], i) => {
    assert.equal(answer.batch.ts[i], day(date))
    assert.deepEqual(
      rowOf(answer, i),
      wanted.map((key) => plainNumber(row[key])),
    )
    assert.deepEqual(JSON.parse(`{${answer.rawAt(i)}}`), { [date]: row })
  })
}

describe('any document', () => {
  const decimal = fc.tuple(digits(9), digits(9)).map(([whole, fraction]) => `${whole}.${fraction}`)
  const value = fc.oneof(
    { weight: 12, arbitrary: fc.tuple(digits(4), digits(4)).map(([w, f]): unknown => `${w}.${f}`) },
    { weight: 3, arbitrary: digits(20) as fc.Arbitrary<unknown> },
    { weight: 2, arbitrary: decimal as fc.Arbitrary<unknown> },
    {
      weight: 1,
      arbitrary: fc.oneof(
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        fc.constant(null),
        fc.boolean(),
      ) as fc.Arbitrary<unknown>,
    },
    {
      weight: 1,
      arbitrary: fc.oneof(
        fc.string(),
        anyText(),
        fc.constantFrom('None', '-1.5', '1e5', '0x10', '1,5', ''),
      ) as fc.Arbitrary<unknown>,
    },
  )
  const names = ['1. open', '2. high', '3. low', '4. close', '5. adjusted close', '6. volume']
  const space = fc.constantFrom('', '', ' ', '\n', '\r\n\t', '    ')

  const series = fc.record({
    dates: fc.uniqueArray(fc.integer({ min: 0, max: 20_000 }), { minLength: 1, maxLength: 25 }),
    order: fc.shuffledSubarray(names, { minLength: 6 }),
    values: fc.array(fc.array(value, { minLength: 6, maxLength: 6 }), {
      minLength: 25,
      maxLength: 25,
    }),
    /** Rows that are spelt in their own way: which field goes last, or is left out. */
    odd: fc.array(fc.tuple(fc.nat(24), fc.nat(5), fc.boolean()), { maxLength: 3 }),
    spaces: fc.array(space, { minLength: 4, maxLength: 4 }),
    isMetaLast: fc.boolean(),
    sorted: fc.boolean(),
  })

  test('is read as JSON.parse reads it, value for value', () => {
    fc.assert(
      fc.property(series, ({ dates, order, values, odd, spaces, isMetaLast, sorted }) => {
        const days = sorted ? dates.toSorted((a, b) => b - a) : dates
        const [a, b, c, d] = spaces as [string, string, string, string]
        const rows = days.map((number, i) => {
          const keys = [...order]
          for (const [row, field, isDropped] of odd) {
            if (row !== i) continue
            const moved = keys.splice(field % keys.length, 1)
            if (!isDropped) keys.push(...moved)
          }
          const cells = keys.map(
            (key) =>
              `${c}${JSON.stringify(key)}${d}:${b}${JSON.stringify(values[i]![names.indexOf(key)])}`,
          )
          return `${a}"${new Date(number * 86_400_000).toISOString().slice(0, 10)}"${d}:${b}{${cells.join(`${d},`)}${a}}`
        })
        const body = `"Time Series (Daily)"${d}:${b}{${rows.join(`${d},`)}${c}}`
        const meta = `"Meta Data":${a}{"2. Symbol":${b}"IBM"}`
        const text = `${a}{${isMetaLast ? `${body}${c},${d}${meta}` : `${meta}${c},${d}${body}`}${b}}${a}`
        compare(text)
      }),
      { numRuns: 500 },
    )
  })

  test('in CSV is read as split and Number read it', () => {
    const cell = fc.oneof(
      { weight: 9, arbitrary: decimal },
      fc.constantFrom('', 'None', '-1.5', '1e5', '12', ' 1', '123456789012'),
    )
    const line = fc.tuple(
      fc.integer({ min: 0, max: 20_000 }),
      fc.array(cell, { minLength: 5, maxLength: 5 }),
    )
    fc.assert(
      fc.property(
        fc.array(line, { minLength: 1, maxLength: 20 }),
        fc.constantFrom('\n', '\r\n'),
        (lines, end) => {
          const texts = lines.map(([number, cells]) => [
            new Date(number * 86_400_000).toISOString().slice(0, 10),
            ...cells,
          ])
          const rows = texts.map((cells) => cells.join(','))
          const answer = parse(['time,open,high,low,close,volume', ...rows, ''].join(end))
          assert.ok(answer.ok)
          assert.equal(answer.batch.length, lines.length)
          for (let i = 0; i < lines.length; i += 1) {
            const cells: string[] = answer.rawAt(i).split(',')
            assert.equal(answer.batch.ts[i], day(cells[0]!))
            assert.deepEqual(rowOf(answer, i), cells.slice(1).map(plainNumber))
          }
        },
      ),
      { numRuns: 500 },
    )
  })
})

/** Daily bars, each a dollar dearer than the one after it. */
function seriesOf(days: number, price: number): string {
  const rows = Array.from({ length: days }, (_, i) => {
    const date = new Date(day('2024-03-28') - i * 86_400_000).toISOString().slice(0, 10)
    const values = ['1. open', '2. high', '3. low', '4. close'].map(
      (key) => `"${key}":"${price + i}"`,
    )
    return `"${date}":{${values.join(',')},"5. volume":"${price}"}`
  })
  return `{"Time Series (Daily)":{${rows.join(',')}}}`
}

test('an answer stays as it is while later ones are read', () => {
  const answers = [300, 20, 450, 7].map((days, i) => {
    const answer = parse(seriesOf(days, 1000 * (i + 1)))
    assert.ok(answer.ok)
    return answer
  })
  for (const [i, days] of [300, 20, 450, 7].entries()) {
    const answer = answers[i]!
    const price = 1000 * (i + 1)
    assert.equal(answer.batch.length, days)
    assert.deepEqual(rowOf(answer, 0), [...Array<number>(4).fill(price + days - 1), price])
    assert.deepEqual(rowOf(answer, days - 1), Array<number>(5).fill(price))
    assert.equal(
      answer.rawAt(days - 1),
      `"2024-03-28":{"1. open":"${price}","2. high":"${price}","3. low":"${price}","4. close":"${price}","5. volume":"${price}"}`,
    )
  }
})
