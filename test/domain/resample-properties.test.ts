/** Resampling of random bars: held against a plain count from the open, and against itself in two steps. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { makeBatch, takeBars, type BarBatch } from '../../src/domain/bar-batch.ts'
import type { Calendar } from '../../src/domain/calendar/calendar.ts'
import { getCalendar } from '../../src/domain/calendar/registry.ts'
import { parseDay } from '../../src/domain/date.ts'
import type { Interval } from '../../src/domain/interval.ts'
import { resample } from '../../src/domain/resample.ts'

const MINUTE = 60_000
const newYork = getCalendar('XNYS')
const tokyo = getCalendar('XTKS')

/** Minute bars with holes on sessions around an early close and a change of clocks. */
function holedMinutes(calendar: Calendar): fc.Arbitrary<BarBatch> {
  const sessions = calendar.sessions(parseDay('2024-10-30'), parseDay('2024-12-03'))
  const bar = fc.record({
    session: fc.nat(sessions.length - 1),
    // Starts before some sessions' extended hours and ends after them; what is outside is left out.
    minute: fc.integer({ min: -340, max: 700 }),
    low: fc.integer({ min: 1, max: 90 }),
    open: fc.nat(10),
    close: fc.nat(10),
    volume: fc.nat(1000),
  })
  return fc
    .uniqueArray(bar, { maxLength: 400, selector: (one) => one.session * 2000 + one.minute })
    .map((rows) => {
      const kept = rows
        .map((row) => ({ ...row, ts: sessions[row.session]!.open + row.minute * MINUTE }))
        .filter(({ ts }) => calendar.sessionAt(ts) !== null)
        .toSorted((a, b) => a.ts - b.ts)
      const batch = makeBatch(kept.length)
      kept.forEach(({ ts, low, open, close, volume }, i) => {
        batch.ts[i] = ts
        batch.open[i] = low + open
        batch.high[i] = low + 10
        batch.low[i] = low
        batch.close[i] = low + close
        batch.volume[i] = volume
        batch.vwap[i] = low + 5
        batch.trades[i] = volume % 7
      })
      return batch
    })
}

function assertSameBars(actual: BarBatch, expected: BarBatch): void {
  for (const column of ['ts', 'open', 'high', 'low', 'close', 'volume', 'trades'] as const) {
    assert.deepEqual(actual[column], expected[column], column)
  }
  expected.vwap.forEach((value, i) => {
    const difference = Math.abs(actual.vwap[i]! - value)
    assert.ok(Object.is(actual.vwap[i], value) || difference <= 1e-12 * value, `vwap ${i}`)
  })
}

/** The greatest number of minutes after the open, the break or the close, in steps, below a time. */
function bucketByHand(calendar: Calendar, ts: number, minutes: number): number {
  const session = calendar.sessionAt(ts)!
  const anchors = [session.open, ...session.breaks.flat(), session.close]
  const anchor = anchors.findLast((each) => each <= ts)
  let start = anchor ?? session.open
  while (start > ts) start -= minutes * MINUTE
  while (start + minutes * MINUTE <= ts) start += minutes * MINUTE
  return Math.max(start, session.extendedOpen)
}

describe('whatever the bars', () => {
  for (const calendar of [newYork, tokyo]) {
    const name = calendar.exchange

    it(`two steps give what one gives (${name})`, () => {
      const chains: readonly (readonly [Interval, Interval])[] = [
        ['5m', '15m'],
        ['5m', '1h'],
        ['30m', '1h'],
        ['15m', '1d'],
        ['1h', '1wk'],
        ['1d', '1wk'],
        ['1d', '1mo'],
      ]
      fc.assert(
        fc.property(holedMinutes(calendar), fc.constantFrom(...chains), (batch, [middle, to]) => {
          const between = resample(batch, '1m', middle, calendar).bars
          assertSameBars(
            resample(between, middle, to, calendar).bars,
            resample(batch, '1m', to, calendar).bars,
          )
        }),
      )
    })

    it(`each bar goes into the bucket that a plain count from the open gives (${name})`, () => {
      const lengths = [
        ['5m', 5],
        ['15m', 15],
        ['30m', 30],
        ['1h', 60],
      ] as const
      fc.assert(
        fc.property(holedMinutes(calendar), fc.constantFrom(...lengths), (batch, [to, minutes]) => {
          const buckets = Map.groupBy(batch.ts.keys(), (i) =>
            bucketByHand(calendar, batch.ts[i]!, minutes),
          )
          const { bars } = resample(batch, '1m', to, calendar)
          assert.deepEqual([...bars.ts], [...buckets.keys()])
          let i = 0
          for (const indexes of buckets.values()) {
            const part = takeBars(batch, indexes)
            assert.equal(bars.open[i], part.open[0])
            assert.equal(bars.high[i], Math.max(...part.high))
            assert.equal(bars.low[i], Math.min(...part.low))
            assert.equal(bars.close[i], part.close.at(-1))
            assert.equal(
              bars.volume[i],
              part.volume.reduce((sum, each) => sum + each),
            )
            i += 1
          }
        }),
      )
    })
  }
})
