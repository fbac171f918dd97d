/** Polygon: any answer, however it is spelt, is read by the scanner as the plain reader reads it. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { BAR_COLUMNS } from '../../src/domain/bar-batch.ts'
import { readAggregates } from '../../src/providers/polygon/aggregates-document.ts'
import { scanAggregates } from '../../src/providers/polygon/aggregates-scanner.ts'
import { scanNumber } from '../../src/providers/polygon/json-number.ts'

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

/** Compares the scanner with JSON.parse and the careful reader; true where the scanner read it. */
function compare(bytes: Uint8Array): boolean {
  const scanned = scanAggregates(bytes, 0)
  if (scanned === null) return false
  // Throws where the scanner took what is no JSON.
  const document = JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>
  const results = document['results'] as unknown[]
  const rows = readAggregates(results, { hasTickers: false, hasVolume: true })
  assert.deepEqual(rows.unreadable, [])
  assert.equal(scanned.rows.otc, rows.otc)
  for (const column of BAR_COLUMNS) {
    assert.deepEqual([...scanned.rows.batch[column]], [...rows.batch[column]], column)
  }
  const { results: _rows, ...members } = document
  assert.deepEqual({ ...scanned.members }, members)
  results.forEach((row, i) => {
    const raw = scanned.rows.rawAt(i)
    if (!raw.endsWith('…')) assert.deepEqual(JSON.parse(raw), row)
  })
  return true
}

const digits = (max: number) =>
  fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: 1, maxLength: max })
const whole = digits(17).map((text) => text.replace(/^0+(?=\d)/, ''))
const numberText = fc.oneof(
  whole,
  fc.tuple(whole, digits(9)).map(([a, b]) => `${a}.${b}`),
  fc
    .tuple(whole, digits(9), fc.constantFrom('e', 'E'), fc.constantFrom('', '+', '-'), fc.nat(330))
    .map(([a, b, e, sign, power]) => `${a}.${b}${e}${sign}${power}`),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => JSON.stringify(value)),
)
const space = fc.constantFrom('', '', '', ' ', '\n\t')
const price = fc.oneof(
  { weight: 60, arbitrary: fc.tuple(fc.nat(5000), digits(4)).map(([a, b]) => `${a}.${b}`) },
  { weight: 3, arbitrary: numberText },
  { weight: 1, arbitrary: fc.constantFrom('null', '"12.5"', 'true', '01', '1.', '.5', '-', '{}') },
)
const row = fc
  .record({
    t: fc.integer({ min: 0, max: 2e12 }).map(String),
    values: fc.array(price, { minLength: 5, maxLength: 5 }),
    vw: fc.option(price),
    n: fc.option(fc.nat().map(String)),
    otc: fc.option(fc.constantFrom('true', 'false', 'null', 'tru'), { freq: 9 }),
    other: fc.option(fc.constantFrom('"x":1', '"vwap":"a\\"b"', '"o":1', '"nn":[1]'), { freq: 14 }),
    shuffle: fc.nat(),
    space,
  })
  .map(({ t, values, vw, n, otc, other, shuffle, space: gap }) => {
    const [o, h, l, c, v] = values
    const members = [`"t":${t}`, `"o":${o}`, `"h":${h}`, `"l":${l}`, `"c":${c}`, `"v":${v}`]
    if (vw !== null) members.push(`"vw":${gap}${vw}`)
    if (n !== null) members.push(`"n"${gap}:${n}`)
    if (otc !== null) members.push(`"otc":${otc}`)
    if (other !== null) members.push(other)
    const turn = shuffle % members.length
    return `{${gap}${[...members.slice(turn), ...members.slice(0, turn)].join(`${gap},`)}${gap}}`
  })
const answer = fc
  .record({
    rows: fc.array(row, { maxLength: 6 }),
    head: fc.oneof(
      { weight: 9, arbitrary: fc.constantFrom('"ticker":"ACME",', '"count":2,"status":"OK",') },
      { weight: 1, arbitrary: fc.constant('"results":null,') },
    ),
    tail: fc.oneof(
      {
        weight: 9,
        arbitrary: fc.constantFrom('', ',"count":2', ',"next_url":"https://a\\u0026d"'),
      },
      { weight: 1, arbitrary: fc.constantFrom(',"x":{}', ',') },
    ),
    space,
  })
  .map(
    ({ rows, head, tail, space: gap }) =>
      `{${gap}${head}"results":${gap}[${rows.join(`,${gap}`)}]${tail}}`,
  )

describe('the scanner', () => {
  test('reads any answer as JSON.parse does, or leaves it alone', () => {
    let read = 0
    fc.assert(
      fc.property(answer, (text) => {
        read += compare(bytesOf(text)) ? 1 : 0
      }),
      { numRuns: 3000 },
    )
    assert.ok(read > 250, `only ${read} answers were read`)
  })

  test('reads any bytes as JSON.parse does, or leaves them alone', () => {
    const text =
      '{"ticker":"ACME","resultsCount":2,"adjusted":false,"results":[{"v":1200,"vw":50.1034,"o":50.1,' +
      '"c":50.12,"h":50.15,"l":50.08,"t":1709717400000,"n":31},{"v":4.1e+03,"o":50.14,"c":50.25,' +
      '"h":50.3,"l":50.14,"t":1709717580000,"otc":true}],"status":"DELAYED"}'
    const bytes = bytesOf(text)
    assert.ok(compare(bytes))
    const usual = bytesOf('0123456789.,:"{}[]eE+- \\tnulotcv')
    const change = fc.tuple(fc.nat({ max: bytes.length - 1 }), fc.nat({ max: usual.length - 1 }))
    const strange = fc.tuple(fc.nat({ max: bytes.length - 1 }), fc.nat({ max: 255 }))
    fc.assert(
      fc.property(
        fc.array(change, { maxLength: 3 }),
        fc.array(strange, { maxLength: 1 }),
        fc.nat({ max: bytes.length }),
        fc.boolean(),
        (changes, stranger, cut, isCut) => {
          const changed = bytes.slice(0, isCut ? cut : bytes.length)
          for (const [at, which] of changes) if (at < changed.length) changed[at] = usual[which]!
          for (const [at, value] of stranger) if (at < changed.length) changed[at] = value
          compare(changed)
        },
      ),
      { numRuns: 20_000 },
    )
  })

  test('leaves rows to the careful reader that are not whole, not numbers, or no trades', () => {
    const odd = [
      '{"o":1,"h":1,"l":1,"c":1,"v":1}',
      '{"t":1,"o":1,"h":1,"l":1,"c":1,"v":null}',
      '{"t":1,"o":"1","h":1,"l":1,"c":1,"v":1}',
      '{"t":1,"o":1,"h":1,"l":1,"c":1,"v":0}',
      '{"t":1,"o":1,"o":2,"h":1,"l":1,"c":1,"v":1}',
      '{"t":1e300,"o":1,"h":1,"l":1,"c":1,"v":1}',
      '{}',
      'null',
    ]
    for (const text of odd) assert.equal(scanAggregates(bytesOf(`{"results":[${text}]}`), 0), null)
    const good = '{"t":1,"o":1,"h":1,"l":1,"c":1,"v":0,"n":0}'
    assert.equal(scanAggregates(bytesOf(`{"results":[${good}]}`), 0)?.rows.batch.length, 1)
  })
})

describe('a number in bytes', () => {
  test('has the value that JSON.parse gives it, bit for bit', () => {
    fc.assert(
      fc.property(numberText, (text) => {
        const cursor = { at: 0 }
        const value = scanNumber(bytesOf(`[${text},`), 1, cursor)
        assert.ok(Object.is(value, JSON.parse(text)), `${text} was read as ${value}`)
        assert.equal(cursor.at, 1 + text.length)
      }),
      { numRuns: 20_000 },
    )
  })

  test('is read from the forms that the vendor sends', () => {
    const forms: [string, number][] = [
      ['3.7039737e+07', 37_039_737],
      ['95595226.0', 95_595_226],
      ['25933.6', 25_933.6],
      ['1690790400000', 1_690_790_400_000],
      ['-0', -0],
      ['4.2e-05', 0.000042],
    ]
    for (const [text, value] of forms) {
      assert.ok(Object.is(scanNumber(bytesOf(text), 0, { at: 0 }), value), text)
    }
  })

  test('is not found in what JSON does not take for one', () => {
    for (const text of ['', '-', '01', '1.', '.5', '1e', '1e+', '+1', 'NaN', '"1"', '-.5', '00']) {
      const cursor = { at: 0 }
      scanNumber(bytesOf(text), 0, cursor)
      assert.equal(cursor.at, -1, text)
    }
  })
})
