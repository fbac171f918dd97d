/**
 * Indicators against the values of TA-Lib 0.4 (its C code, compiled apart from this project). Each line of a
 * table is: index of the first value, that value, and the values at three sample points. Bollinger bands
 * were put together of TA-Lib's SMA and VAR, and %K and %D of ranges found by hand and TA-Lib's SMA.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { makeBatch, sliceBatch, type BarBatch } from '../../../src/domain/bar-batch.ts'
import { StockyardError } from '../../../src/domain/error.ts'
import {
  computeIndicator,
  INDICATORS,
  parseIndicator,
  reachOf,
} from '../../../src/domain/indicators/registry.ts'

type Table = Readonly<Record<string, readonly number[]>>

const folder = process.env['STOCKYARD_RECORDINGS'] ?? ''
const skip = folder === '' && 'STOCKYARD_RECORDINGS names no folder of recordings'

/** 200 bars that rise and fall, by a rule that is the same everywhere. */
function madeBars(): BarBatch {
  const bars = makeBatch(200)
  for (let i = 0; i < 200; i += 1) {
    const wave = 100 + 12 * Math.sin(i / 9) + 5 * Math.cos(i / 2) + ((i * 37) % 11) * 0.21
    const close = Math.round(wave * 100) / 100
    bars.ts[i] = i * 86_400_000
    bars.close[i] = close
    bars.high[i] = close + 1 + ((i * 13) % 7) * 0.1
    bars.low[i] = close - 1 - ((i * 17) % 5) * 0.1
    bars.volume[i] = 1000 + ((i * 7919) % 997)
  }
  return bars
}

/** Apple's split-adjusted days of 2012 to 2014. */
function appleBars(): BarBatch {
  const file = join(folder, 'ohlcv', 'zipline-csvdir-AAPL-1day-2012-2014.csv')
  const rows = readFileSync(file, 'utf8').trim().split('\n').slice(1)
  const bars = makeBatch(rows.length)
  for (const [i, row] of rows.entries()) {
    const [date, open, high, low, close, volume] = row.split(',')
    bars.ts[i] = Date.parse(date!)
    bars.open[i] = Number(open)
    bars.high[i] = Number(high)
    bars.low[i] = Number(low)
    bars.close[i] = Number(close)
    bars.volume[i] = Number(volume)
  }
  return bars
}

const MADE: Table = {
  'sma:20': [19, 109.44050000000001, 94.0805, 98.6430000000001, 108.00450000000012],
  'ema:20': [19, 109.44050000000001, 97.14980992201788, 100.84068885468426, 105.39645481729333],
  'wma:20': [19, 110.90919047619047, 97.04747619047625, 101.98366666666655, 105.96057142857026],
  'rsi:14': [14, 72.50000000000001, 68.42064595542169, 63.699336094442685, 42.58863268477577],
  'macd:12:26:9 macd': [
    33, -4.061849361739817, 1.332320713526073, 2.7100319040846017, -1.159369041279902,
  ],
  'macd:12:26:9 signal': [
    33, -1.3569387770976329, -0.31299392913316487, 1.8507734048866027, 0.5190899489056195,
  ],
  'macd:12:26:9 histogram': [
    33, -2.7049105846421844, 1.645314642659238, 0.859258499197999, -1.6784589901855216,
  ],
  'bollinger:20:2 upper': [
    19, 119.01936313713688, 106.64909017551321, 112.70258619590065, 119.34900611529379,
  ],
  'bollinger:20:2 lower': [
    19, 99.86163686286315, 81.51190982448679, 84.58341380409955, 96.65999388470645,
  ],
  'atr:14': [14, 3.250714285714285, 3.5884819260684013, 3.2289890579395633, 3.2881628094142346],
  obv: [0, 1000, -57, 7059, 3955],
  'adx:14 adx': [27, 12.505444463717463, 20.37117974283035, 25.387809273302274, 24.579069276383954],
  'adx:14 plus_di': [
    14, 39.54015652816499, 40.70859429289047, 33.41013051666968, 23.937553881887137,
  ],
  'adx:14 minus_di': [
    14, 15.756944677706475, 18.144981062698303, 19.133781543410645, 30.424631586595872,
  ],
  'stochastic:14:3:3 k': [
    17, 58.5011185682327, 90.21369102726601, 80.42249026149332, 15.10072794989,
  ],
  'stochastic:14:3:3 d': [
    17, 70.86751180710915, 85.15108413735662, 79.17523608060078, 11.206337114158373,
  ],
}

const APPLE: Table = {
  'sma:20': [19, 61.22542845, 80.55442805, 63.116428399999975, 112.16750074999985],
  'ema:20': [19, 61.22542845, 80.72727099785486, 63.683041874623015, 112.24182935360412],
  'wma:20': [19, 62.09812896666667, 79.84345523809547, 64.22943507143049, 111.84819106667048],
  'rsi:14': [14, 59.36734820991325, 47.38227760992772, 69.57636444756923, 45.16303162344298],
  'macd:12:26:9 macd': [
    33, 3.3846819648388475, -1.0636344884689635, 1.553055392019047, 0.0633488467272656,
  ],
  'macd:12:26:9 signal': [
    33, 3.1145173023505404, -1.27870518277655, 1.0929753866974907, 0.18543466126688474,
  ],
  'macd:12:26:9 histogram': [
    33, 0.2701646624883072, 0.21507069430758663, 0.46008000532155635, -0.12208581453961914,
  ],
  'bollinger:20:2 upper': [
    19, 64.9409544230347, 84.84420695992452, 67.57132805078946, 116.78595792173354,
  ],
  'bollinger:20:2 lower': [
    19, 57.5099024769653, 76.26464914007548, 58.66152874921049, 107.54904357826615,
  ],
  'atr:14': [14, 0.7911221428571429, 2.3317814572791167, 1.1944262060783486, 2.3440556893329947],
  obv: [0, 75555200, 556693900, -1475836600, 38848200],
  'adx:14 adx': [27, 68.44957859480884, 23.479154114845908, 26.303289875019153, 22.857531678305637],
  'adx:14 plus_di': [
    14, 34.70935320140053, 20.84109622139812, 34.19492130352626, 19.189213845146565,
  ],
  'adx:14 minus_di': [
    14, 16.07678966139525, 26.072519767200703, 12.300826107552414, 29.031137941931327,
  ],
  'stochastic:14:3:3 k': [
    17, 77.96116607234167, 79.79151168976989, 90.72417648778787, 70.11537360710625,
  ],
  'stochastic:14:3:3 d': [
    17, 72.46915614074437, 72.00349739934653, 94.6530597238074, 77.76293644795943,
  ],
}

function assertNear(actual: number, expected: number, what: string): void {
  const error = Math.abs(actual - expected) / Math.max(1, Math.abs(expected))
  assert.ok(error <= 1e-9, `${what}: ${actual} is not ${expected}`)
}

function assertTable(bars: BarBatch, table: Table, points: readonly number[]): void {
  for (const [key, [begin, first, ...samples]] of Object.entries(table)) {
    const [text, line] = key.split(' ')
    const indicator = parseIndicator(text!)
    const index = line === undefined ? 0 : INDICATORS[indicator.name].lines.indexOf(line as never)
    const values = computeIndicator(indicator, bars, (ts) => ts)[index]!
    assert.equal(values.length, bars.length)
    assert.ok(
      values.subarray(0, begin).every((value) => Number.isNaN(value)),
      `${key}: values before ${begin}`,
    )
    assertNear(values[begin!]!, first!, `${key} at ${begin}`)
    for (const [i, point] of points.entries()) {
      assertNear(values[point]!, samples[i]!, `${key} at ${point}`)
    }
  }
}

describe('indicators', () => {
  it('have the values of TA-Lib on made bars', () => {
    assertTable(madeBars(), MADE, [60, 121, 199])
  })

  it('have the values of TA-Lib on the days of Apple', { skip }, () => {
    assertTable(appleBars(), APPLE, [100, 400, 753])
  })

  it('are known from no bar on where there are too few', () => {
    for (const name of Object.keys(INDICATORS)) {
      const short = sliceBatch(madeBars(), 0, 1)
      const lines = computeIndicator(parseIndicator(name), short, (ts) => ts)
      for (const line of lines) assert.equal(line.length, 1)
      const isAtOnce = name === 'obv' || name === 'vwap'
      assert.equal(Number.isNaN(lines[0]![0]!), !isAtOnce, name)
      computeIndicator(parseIndicator(name), sliceBatch(short, 0, 0), (ts) => ts)
    }
  })

  it('are finite while prices stand still', () => {
    const bars = madeBars()
    for (const column of ['high', 'low', 'close'] as const) bars[column].fill(50)
    // As in TA-Lib: nothing moves, so there is neither strength nor direction, and no range to lie in.
    const expected: Record<string, number> = {
      rsi: 0,
      atr: 0,
      adx: 0,
      stochastic: 0,
      macd: 0,
      bollinger: 50,
    }
    for (const [name, value] of Object.entries(expected)) {
      const [line] = computeIndicator(parseIndicator(name), bars, (ts) => ts)
      assert.equal(line![199], value, name)
    }
  })

  it('do not depend on bars from before their reach', () => {
    const walk = fc.array(fc.integer({ min: -300, max: 300 }), { minLength: 1400, maxLength: 1400 })
    const names = [
      'sma:5',
      'ema:5',
      'wma:5',
      'rsi:6',
      'macd:3:6:4',
      'bollinger:5',
      'atr:6',
      'adx:6',
    ]
    const texts = fc.constantFrom(...names, 'stochastic:6:3:3', 'vwap:5')
    fc.assert(
      fc.property(walk, texts, (steps, text) => {
        const bars = makeBatch(steps.length)
        let close = 5000
        for (const [i, step] of steps.entries()) {
          close = Math.max(100, close + step)
          bars.close[i] = close / 100
          bars.high[i] = (close + (i % 5)) / 100
          bars.low[i] = (close - (i % 3)) / 100
          bars.volume[i] = 1 + (i % 17)
        }
        const indicator = parseIndicator(text)
        const first = 1000
        const cut = sliceBatch(bars, first - reachOf(indicator), bars.length)
        const whole = computeIndicator(indicator, bars, (ts) => ts)
        const part = computeIndicator(indicator, cut, (ts) => ts)
        for (const [i, line] of whole.entries()) {
          const at = line[first]!
          assertNear(part[i]![reachOf(indicator)]!, at, text)
        }
      }),
      { numRuns: 60 },
    )
  })
})

describe('vwap', () => {
  it('begins anew with each session, and takes the VWAP of a bar before its typical price', () => {
    const bars = makeBatch(4)
    bars.ts.set([0, 1, 10, 11])
    bars.high.set([12, 22, 32, 42])
    bars.low.set([9, 19, 29, 39])
    bars.close.set([9, 19, 29, 39])
    bars.volume.set([100, 300, 50, Number.NaN])
    bars.vwap.set([Number.NaN, 21, Number.NaN, Number.NaN])
    const [line] = computeIndicator(parseIndicator('vwap'), bars, (ts) => Math.floor(ts / 10))
    // (10·100 + 21·300) / 400 = 18.25; then 30, which a bar without volume does not move.
    assert.deepEqual([...line!], [10, 18.25, 30, 30])
  })
})

describe('the name of an indicator', () => {
  it('carries its parameters, in any case, with defaults for those left out', () => {
    assert.deepEqual(parseIndicator('SMA:50').lines, ['sma_50'])
    assert.deepEqual(parseIndicator('macd').lines, [
      'macd_12_26_9',
      'macd_12_26_9_signal',
      'macd_12_26_9_histogram',
    ])
    assert.deepEqual(parseIndicator('bollinger:20:2.5').parameters, [20, 2.5])
    assert.deepEqual(parseIndicator('vwap').lines, ['vwap'])
    assert.deepEqual(parseIndicator('vwap:5').lines, ['vwap_5'])
  })

  for (const text of [
    'sma:0',
    'sma:1.5',
    'sma:-3',
    'sma:1001',
    'sma:20:3',
    'bollinger:20:11',
    'sma:x',
  ]) {
    it(`is refused as ${text}`, () => {
      assert.throws(() => parseIndicator(text), { code: 'INDICATOR_INVALID' })
    })
  }

  for (const text of ['smaa', '', '__proto__', 'constructor']) {
    it(`is unknown as ${JSON.stringify(text)}, with the names that there are`, () => {
      assert.throws(
        () => parseIndicator(text),
        (error) =>
          error instanceof StockyardError &&
          error.code === 'INDICATOR_UNKNOWN' &&
          error.hint!.includes('bollinger'),
      )
    })
  }
})
