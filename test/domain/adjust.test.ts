/** Adjusting for splits and dividends: published cases, and what is left out. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  adjust,
  findAdjustment,
  type AdjustmentNeed,
  type Payment,
  type ShareSplit,
} from '../../src/domain/adjust.ts'
import { makeBatch, type BarBatch } from '../../src/domain/bar-batch.ts'
import { getCalendar } from '../../src/domain/calendar/registry.ts'
import { DAY_MS, parseDay } from '../../src/domain/date.ts'
import { adjustDaily, assertNear, needFor } from '../support/adjusting.ts'

const calendar = getCalendar('XNYS')

/** Daily bars with the given closes; open, high, low and vwap beside them. */
function dailyBars(rows: readonly (readonly [date: string, close: number])[]): BarBatch {
  const batch = makeBatch(rows.length)
  rows.forEach(([date, close], i) => {
    batch.ts[i] = parseDay(date)
    batch.open[i] = close - 1
    batch.high[i] = close + 2
    batch.low[i] = close - 2
    batch.close[i] = close
    batch.volume[i] = 1000
    batch.vwap[i] = close + 0.5
    batch.trades[i] = 10
  })
  return batch
}

function split(date: string, newShares: number, oldShares = 1): ShareSplit {
  return { day: parseDay(date), newShares, oldShares }
}

function payment(date: string, amount: number, rest: Partial<Payment> = {}): Payment {
  return { day: parseDay(date), amount, currency: null, basis: 'raw', ...rest }
}

describe('adjusting for splits', () => {
  // Apple split 4 for 1 on 2020-08-31; it closed at 499.23 on the Friday before.
  const apple = dailyBars([
    ['2020-08-28', 499.23],
    ['2020-08-31', 129.04],
  ])
  const splits = [split('2020-08-31', 4)]

  it('divides prices and multiplies volume before the ex date, and leaves the ex date alone', () => {
    const adjusted = adjustDaily(apple, { mode: 'splits', splits })
    assert.deepEqual([...adjusted.close], [124.8075, 129.04])
    assertNear(adjusted.open, [498.23 / 4, 128.04])
    assertNear(adjusted.high, [501.23 / 4, 131.04])
    assertNear(adjusted.low, [497.23 / 4, 127.04])
    assertNear(adjusted.vwap, [499.73 / 4, 129.54])
    assert.deepEqual([...adjusted.volume], [4000, 1000])
    assert.deepEqual([...adjusted.trades], [10, 10])
    assert.deepEqual([...adjusted.ts], [...apple.ts])
  })

  it('does not touch the bars that it was given', () => {
    adjustDaily(apple, { mode: 'splits', splits })
    assert.equal(apple.close[0], 499.23)
  })

  it('turns a reverse split round', () => {
    // General Electric, 1 for 8 on 2021-08-02; it closed at 12.95 before.
    const bars = dailyBars([['2021-07-30', 12.95]])
    const adjusted = adjustDaily(bars, { mode: 'splits', splits: [split('2021-08-02', 1, 8)] })
    assert.equal(adjusted.close[0], 103.6)
    assert.equal(adjusted.volume[0], 125)
  })

  it('multiplies all later splits', () => {
    const bars = dailyBars([
      ['2014-06-06', 645.57],
      ['2014-06-09', 93.7],
      ['2020-08-31', 129.04],
    ])
    const both = [split('2020-08-31', 4), split('2014-06-09', 7)]
    const adjusted = adjustDaily(bars, { mode: 'splits', splits: both })
    assertNear(adjusted.close, [645.57 / 28, 93.7 / 4, 129.04])
  })

  it('waits for the ex date of a split that is only announced', () => {
    const throughDay = parseDay('2020-08-30')
    assert.equal(adjustDaily(apple, { mode: 'splits', splits, throughDay }).close[0], 499.23)
    const onTheDay = adjustDaily(apple, { mode: 'splits', splits, throughDay: throughDay + DAY_MS })
    assert.equal(onTheDay.close[0], 124.8075)
  })

  it('gives prices as traded from bars that were restated', () => {
    const restated = dailyBars([
      ['2020-08-28', 124.8075],
      ['2020-08-31', 129.04],
    ])
    const raw = adjustDaily(restated, { mode: 'none', basis: 'split', splits })
    assert.deepEqual([...raw.close], [499.23, 129.04])
    assert.deepEqual([...raw.volume], [250, 1000])
  })

  it('leaves bars as they are that are on the basis already', () => {
    assert.equal(adjustDaily(apple, { mode: 'none', splits }), apple)
    assert.equal(adjustDaily(apple, { mode: 'splits', basis: 'split', splits }), apple)
  })

  it('goes by the session date of an intraday bar', () => {
    // 19:30 in New York on Friday, and 04:00 on Monday.
    const bars = dailyBars([
      ['2020-08-28', 500],
      ['2020-08-31', 125],
    ])
    bars.ts[0] = Date.parse('2020-08-28T23:30:00Z')
    bars.ts[1] = Date.parse('2020-08-31T08:00:00Z')
    const plan = findAdjustment(needFor(bars, { mode: 'splits', splits }))
    const adjusted = adjust(bars, (ts) => calendar.sessionAt(ts)!.day, plan)
    assert.deepEqual([...adjusted.close], [125, 125])
  })
})

describe('adjusting for dividends', () => {
  it('takes the share of the last close before the ex date, for prices only', () => {
    // Apple paid 0.82 with the ex date 2020-08-07, after a close of 455.61.
    const bars = dailyBars([
      ['2020-08-05', 440.25],
      ['2020-08-06', 455.61],
      ['2020-08-07', 444.45],
    ])
    const adjusted = adjustDaily(bars, { payments: [payment('2020-08-07', 0.82)] })
    assertNear(adjusted.close, [440.25 * (1 - 0.82 / 455.61), 454.79, 444.45])
    assert.deepEqual([...adjusted.volume], [1000, 1000, 1000])
  })

  it('compares it with a close of the same shares where a split lies between', () => {
    const bars = dailyBars([
      ['2020-08-06', 455.61],
      ['2020-08-07', 444.45],
      ['2020-08-31', 129.04],
    ])
    const splits = [split('2020-08-31', 4)]
    const raw = adjustDaily(bars, { splits, payments: [payment('2020-08-07', 0.82)] })
    assertNear(raw.close, [454.79 / 4, 444.45 / 4, 129.04])
    const restated = [payment('2020-08-07', 0.205, { basis: 'split' })]
    assertNear(adjustDaily(bars, { splits, payments: restated }).close, raw.close)
  })

  it('holds a payment of the day of a split for one for a new share', () => {
    const bars = dailyBars([
      ['2024-03-01', 100],
      ['2024-03-04', 49],
    ])
    const splits = [split('2024-03-04', 2)]
    // 100 is 50 for a new share; 1 of it is paid out.
    const adjusted = adjustDaily(bars, { splits, payments: [payment('2024-03-04', 1)] })
    assertNear(adjusted.close, [49, 49])
    assert.equal(adjusted.volume[0], 2000)
  })

  it('adds up what is paid on one day', () => {
    const bars = dailyBars([
      ['2024-03-01', 100],
      ['2024-03-04', 90],
    ])
    const payments = [payment('2024-03-04', 4), payment('2024-03-04', 6)]
    assertNear(adjustDaily(bars, { payments }).close, [90, 90])
  })

  it('adds it up to the same last digit in any order', () => {
    const bars = dailyBars([['2024-03-01', 1]])
    // As it stands 0.1 + 0.2 + 0.3 is not 0.3 + 0.2 + 0.1.
    const payments = [0.1, 0.2, 0.3].map((amount) => payment('2024-03-04', amount))
    const [there, back] = [payments, payments.toReversed()].map((each) =>
      adjustDaily(bars, { payments: each }),
    )
    assert.equal(there!.close[0], back!.close[0])
  })

  it('takes the closes of another basis than that of the bars', () => {
    // Bars of a vendor that restates, closes of one that does not.
    const bars = dailyBars([['2020-08-06', 113.9025]])
    const closes = {
      days: Float64Array.of(parseDay('2020-08-06'), parseDay('2020-08-07')),
      closes: Float64Array.of(455.61, 444.45),
      basis: 'raw',
    } as const
    const adjusted = adjustDaily(bars, {
      basis: 'split',
      closes,
      splits: [split('2020-08-31', 4)],
      payments: [payment('2020-08-07', 0.82)],
    })
    assertNear(adjusted.close, [454.79 / 4])
  })

  it('takes the close of the ex date where that is the rule', () => {
    // Microsoft, as Alpha Vantage published it: 0.51 on 2019-11-20, close that day 149.62.
    const bars = dailyBars([
      ['2019-11-19', 150.39],
      ['2019-11-20', 149.62],
    ])
    const payments = [payment('2019-11-20', 0.51)]
    const adjusted = adjustDaily(bars, { payments, rule: 'ex-close' })
    assert.equal(adjusted.close[0]!.toFixed(4), '149.8791')
  })

  it('waits for the ex date of a payment that is only announced', () => {
    const bars = dailyBars([['2020-08-06', 455.61]])
    const payments = [payment('2020-08-07', 0.82)]
    const before = { payments, throughDay: parseDay('2020-08-06') }
    assert.equal(adjustDaily(bars, before), bars)
    assert.deepEqual(findAdjustment(needFor(bars, before)).unapplied, [])
    const onTheDay = { payments, throughDay: parseDay('2020-08-07') }
    assertNear(adjustDaily(bars, onTheDay).close, [454.79])
  })

  it('leaves payments alone when asked for splits only', () => {
    const bars = dailyBars([['2020-08-06', 455.61]])
    const payments = [payment('2020-08-07', 0.82)]
    assert.equal(adjustDaily(bars, { mode: 'splits', payments }), bars)
  })
})

describe('what cannot be applied', () => {
  const bars = dailyBars([
    ['2024-03-04', 100],
    ['2024-03-05', 100],
  ])

  function reasons(rest: Partial<AdjustmentNeed>): string[] {
    const need = needFor(bars, rest)
    assert.deepEqual([...adjustDaily(bars, rest).close], [100, 100])
    return findAdjustment(need).unapplied.map(({ reason }) => reason)
  }

  it('is a payment without a close to hold it against', () => {
    assert.deepEqual(reasons({ payments: [payment('2024-03-04', 1)] }), ['no-close'])
    assert.deepEqual(reasons({ payments: [payment('2024-03-06', 1)], rule: 'ex-close' }), [
      'no-close',
    ])
  })

  it('is a payment in another currency than the prices', () => {
    const payments = [payment('2024-03-05', 1, { currency: 'USD' })]
    assert.deepEqual(reasons({ payments, currency: 'GBp' }), ['currency'])
  })

  it('is a payment as large as the close', () => {
    assert.deepEqual(reasons({ payments: [payment('2024-03-05', 100)] }), ['too-large'])
  })

  it('is what makes no sense', () => {
    const payments = [payment('2024-03-05', NaN), payment('2024-03-05', -1)]
    assert.deepEqual(reasons({ payments }), ['invalid', 'invalid'])
    const splits = [split('2024-03-05', 0), split('2024-03-05', 1, NaN)]
    assert.deepEqual(reasons({ splits }), ['invalid', 'invalid'])
  })
})
