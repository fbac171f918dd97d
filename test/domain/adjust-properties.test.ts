/** Adjusting random bars by random splits and dividends: what must hold whatever they are. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { adjust, findAdjustment } from '../../src/domain/adjust.ts'
import { makeBatch, type BarBatch } from '../../src/domain/bar-batch.ts'
import { getCalendar } from '../../src/domain/calendar/registry.ts'
import { DAY_MS, parseDay, weekStart } from '../../src/domain/date.ts'
import { resample } from '../../src/domain/resample.ts'
import { adjustDaily, assertNear, needFor, sameDay } from '../support/adjusting.ts'

const calendar = getCalendar('XNYS')
const START = parseDay('2024-01-01')
/** Few enough that several actions fall on one day. */
const arbitraryDay = fc.nat(17).map((weeks) => START + weeks * 7 * DAY_MS + DAY_MS)
/** Such as stock dividends have, too. */
const arbitraryShares = fc.oneof(
  fc.integer({ min: 1, max: 20 }),
  fc.constantFrom(1.05, 1.1, 10.3, 0.7),
)
const arbitrarySplits = fc.array(
  fc.record({
    day: arbitraryDay,
    newShares: arbitraryShares,
    oldShares: arbitraryShares,
  }),
  { maxLength: 6 },
)
const arbitraryPayments = fc.array(
  fc.record({
    day: fc.nat(2).map((months) => START + (months * 28 + 36) * DAY_MS),
    amount: fc.double({ min: 0.001, max: 0.05, noNaN: true }),
    currency: fc.constant(null),
    basis: fc.constantFrom('raw', 'split'),
  }),
  { maxLength: 8 },
)

function batchOf(starts: readonly number[], prices: readonly number[]): BarBatch {
  const batch = makeBatch(starts.length)
  starts.forEach((ts, i) => {
    const price = prices[i % prices.length]!
    batch.ts[i] = ts
    batch.open[i] = price
    batch.high[i] = price * 1.03
    batch.low[i] = price * 0.96
    batch.close[i] = price * 1.01
    batch.volume[i] = Math.round(price * 1e6)
    batch.vwap[i] = price * 1.005
  })
  return batch
}

const arbitraryPrices = fc.array(fc.double({ min: 5, max: 900, noNaN: true }), {
  minLength: 1,
  maxLength: 90,
})
const sessions = calendar.sessions(START, START + 120 * DAY_MS)
/** Days of bars, and half-hours of regular trading. */
const arbitraryDaily = arbitraryPrices.map((prices) =>
  batchOf(
    sessions.map(({ day }) => day),
    prices,
  ),
)
const arbitraryIntraday = arbitraryPrices.map((prices) =>
  batchOf(
    sessions.flatMap(({ open }) => Array.from({ length: 13 }, (_, i) => open + i * 1_800_000)),
    prices,
  ),
)

/** Actions on sessions, the payments too small to use up a price. */
const arbitrarySession = fc
  .integer({ min: 1, max: sessions.length - 1 })
  .map((i) => sessions[i]!.day)
const arbitrarySessionActions = fc.record({
  splits: fc.array(
    fc.record({
      day: arbitrarySession,
      newShares: fc.integer({ min: 1, max: 4 }),
      oldShares: fc.integer({ min: 1, max: 2 }),
    }),
    { maxLength: 4 },
  ),
  payments: fc.array(
    fc.record({
      day: arbitrarySession,
      amount: fc.double({ min: 0.0001, max: 0.002, noNaN: true }),
      currency: fc.constant(null),
      basis: fc.constant('raw'),
    }),
    { maxLength: 8 },
  ),
})

function sessionDay(ts: number): number {
  return calendar.sessionAt(ts)!.day
}

function assertNearBars(actual: BarBatch, expected: BarBatch): void {
  assert.deepEqual(actual.ts, expected.ts)
  for (const column of ['open', 'high', 'low', 'close', 'volume', 'vwap'] as const) {
    assertNear(actual[column], expected[column])
  }
}

describe('whatever the actions', () => {
  it('each bar is changed by the product of what lies after it', () => {
    fc.assert(
      fc.property(arbitraryDaily, arbitrarySplits, (bars, splits) => {
        const ratios = Array.from(bars.ts, (ts) =>
          splits
            .filter(({ day }) => day > ts)
            .reduce((ratio, { newShares, oldShares }) => ratio * (newShares / oldShares), 1),
        )
        const adjusted = adjustDaily(bars, { mode: 'splits', splits })
        assertNear(
          adjusted.close,
          ratios.map((ratio, i) => bars.close[i]! / ratio),
        )
        assertNear(
          adjusted.volume,
          ratios.map((ratio, i) => bars.volume[i]! * ratio),
        )
      }),
    )
  })

  it('adjusted closes rise as the holding of somebody who reinvests each payment', () => {
    // Reinvested at the last close before the ex date: that is what the rule 1 - D / C means.
    fc.assert(
      fc.property(arbitraryDaily, arbitrarySessionActions, (bars, { splits, payments }) => {
        const last = bars.length - 1
        let shares = 1
        for (let i = 1; i <= last; i += 1) {
          const isDue = ({ day }: { day: number }) => day === bars.ts[i]
          const ratio = splits
            .filter(isDue)
            .reduce((product, { newShares, oldShares }) => (product * newShares) / oldShares, 1)
          const paid = payments.filter(isDue).reduce((sum, { amount }) => sum + amount, 0)
          const close = bars.close[i - 1]! / ratio
          shares = (shares * ratio * close) / (close - paid)
        }
        const adjusted = adjustDaily(bars, { splits, payments })
        assertNear(
          [adjusted.close[last]! / adjusted.close[0]!],
          [(bars.close[last]! * shares) / bars.close[0]!],
        )
      }),
    )
  })

  it('the order in which they are given changes nothing', () => {
    const shuffled = fc.tuple(arbitrarySplits, arbitraryPayments).chain(([splits, payments]) =>
      fc.record({
        given: fc.constant({ splits, payments }),
        other: fc.record({
          splits: fc.shuffledSubarray(splits, { minLength: splits.length }),
          payments: fc.shuffledSubarray(payments, { minLength: payments.length }),
        }),
      }),
    )
    fc.assert(
      fc.property(arbitraryDaily, shuffled, (bars, { given, other }) => {
        assert.deepEqual(adjustDaily(bars, given), adjustDaily(bars, other))
      }),
    )
  })

  it('adjusting and undoing it gives the bars back', () => {
    fc.assert(
      fc.property(arbitraryDaily, arbitrarySplits, (bars, splits) => {
        const there = adjustDaily(bars, { mode: 'splits', splits })
        assertNearBars(adjustDaily(there, { mode: 'none', basis: 'split', splits }), bars)
      }),
    )
  })

  it('raw and restated bars adjust to the same', () => {
    fc.assert(
      fc.property(arbitraryDaily, arbitrarySplits, arbitraryPayments, (bars, splits, payments) => {
        const restated = adjustDaily(bars, { mode: 'splits', splits })
        assertNearBars(
          adjustDaily(restated, { basis: 'split', splits, payments }),
          adjustDaily(bars, { splits, payments }),
        )
      }),
    )
  })

  it('adjusting intraday bars and making longer ones of them may change places', () => {
    const targets = fc.constantFrom('1h', '1d')
    fc.assert(
      fc.property(arbitraryIntraday, arbitrarySplits, targets, (bars, splits, to) => {
        const plan = findAdjustment(needFor(bars, { mode: 'splits', splits }))
        const dayOf = to === '1d' ? sameDay : sessionDay
        assertNearBars(
          resample(adjust(bars, sessionDay, plan), '30m', to, calendar).bars,
          adjust(resample(bars, '30m', to, calendar).bars, dayOf, plan),
        )
      }),
      { numRuns: 40 },
    )
  })

  it('so they may for weeks where no week holds an ex date inside', () => {
    fc.assert(
      fc.property(arbitraryDaily, arbitrarySplits, (bars, anyDays) => {
        const splits = anyDays.map((each) => ({ ...each, day: weekStart(each.day) }))
        const plan = findAdjustment(needFor(bars, { mode: 'splits', splits }))
        assertNearBars(
          resample(adjust(bars, sameDay, plan), '1d', '1wk', calendar).bars,
          adjust(resample(bars, '1d', '1wk', calendar).bars, sameDay, plan),
        )
      }),
    )
  })

  it('bars given page by page come out as those given at once', () => {
    fc.assert(
      fc.property(arbitraryDaily, arbitrarySplits, fc.nat(80), (bars, splits, cut) => {
        const plan = findAdjustment(needFor(bars, { mode: 'splits', splits }))
        const whole = adjust(bars, sameDay, plan)
        const tail = batchOf([...bars.ts.subarray(cut)], [1])
        tail.close.set(bars.close.subarray(cut))
        assert.deepEqual(adjust(tail, sameDay, plan).close, whole.close.slice(cut))
      }),
    )
  })
})
