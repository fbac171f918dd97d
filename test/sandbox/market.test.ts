/**
 * The simulated market is true to the calendar and to itself. Longer bars are made again here, from
 * minutes, by the clock of Intl, so that nothing is compared with the code that made it.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { DAY_MS } from '../../src/domain/date.ts'
import type { Interval } from '../../src/domain/interval.ts'
import {
  at,
  bars,
  calendar,
  day,
  LATE,
  marketAt,
  over,
  plain,
  type PlainBar,
} from './plain-bars.ts'

const market = marketAt(LATE)

const wallClock = new Intl.DateTimeFormat('en-GB', {
  timeZone: 'America/New_York',
  hour: '2-digit',
  minute: '2-digit',
})

const symbols = fc.oneof(
  fc.constantFrom('AAPL', 'NVDA', 'GE', 'BRK.B', 'SPY'),
  fc.integer({ min: 1, max: 5000 }).map((number) => `SIM${number}`),
)
/** Sessions of the last years, by date. */
const sessionDays = fc
  .integer({ min: 0, max: 1500 })
  .map((back) => calendar.lastClosed(LATE - back * DAY_MS).day)

describe('bars of a session', () => {
  it('have high and low around open and close, whole volumes and at most four decimals', () => {
    fc.assert(
      fc.property(symbols, sessionDays, (symbol, date) => {
        const all = [
          ...plain(bars(market, symbol, '1m', date, 'all')),
          ...plain(bars(market, symbol, '1d', date)),
        ]
        for (const bar of all) {
          assert.ok(bar.low > 0 && bar.low <= Math.min(bar.open, bar.close))
          assert.ok(bar.high >= Math.max(bar.open, bar.close))
          assert.ok(Number.isInteger(bar.volume) && bar.volume > 0)
          for (const price of [bar.open, bar.high, bar.low, bar.close]) {
            assert.equal(Number(price.toFixed(4)), price)
          }
        }
      }),
      { numRuns: 60 },
    )
  })

  it('add up to the daily bar over the minutes of regular hours', () => {
    fc.assert(
      fc.property(symbols, sessionDays, (symbol, date) => {
        const minutes = plain(bars(market, symbol, '1m', date))
        assert.deepEqual(plain(bars(market, symbol, '1d', date)), [over(minutes, date)])
      }),
      { numRuns: 60 },
    )
  })

  it('of 5, 15, 30 and 60 minutes are the minutes of their stretch of the clock', () => {
    fc.assert(
      fc.property(symbols, sessionDays, (symbol, date) => {
        const minutes = plain(bars(market, symbol, '1m', date, 'all'))
        for (const [interval, length] of [
          ['5m', 5],
          ['15m', 15],
          ['30m', 30],
          ['1h', 60],
        ] as const) {
          const stretches = new Map<number, PlainBar[]>()
          for (const bar of minutes) {
            const [hour, minute] = wallClock.format(bar.ts).split(':').map(Number)
            const start = bar.ts - ((hour * 60 + minute) % length) * 60_000
            stretches.set(start, [...(stretches.get(start) ?? []), bar])
          }
          const expected = [...stretches].map(([start, list]) => over(list, start))
          assert.deepEqual(plain(bars(market, symbol, interval, date, 'all')), expected)
        }
      }),
      { numRuns: 25 },
    )
  })

  it('of regular hours alone count their hours from the opening', () => {
    const hours = bars(market, 'IBM', '1h', '2024-01-02')
    assert.deepEqual(
      Array.from(hours.ts, (ts) => wallClock.format(ts)),
      ['09:30', '10:30', '11:30', '12:30', '13:30', '14:30', '15:30'],
    )
  })

  it('fill every minute of regular hours and only some of the others', () => {
    const minutes = bars(market, 'AAPL', '1m', '2024-01-02', 'all')
    const regular = bars(market, 'AAPL', '1m', '2024-01-02')
    assert.equal(regular.length, 390)
    // 04:00 to 09:30 and 16:00 to 20:00 are 570 more minutes.
    assert.ok(minutes.length > 430 && minutes.length < 700, String(minutes.length))
    assert.ok(minutes.ts[0] >= at('2024-01-02T09:00:00Z'))
    assert.ok(minutes.ts.at(-1)! < at('2024-01-03T01:00:00Z'))
  })

  it('miss minutes where a symbol trades thinly, but not the first and the last', () => {
    const minutes = bars(market, 'SIM13', '1m', '2024-01-02')
    assert.ok(minutes.length > 250 && minutes.length < 330, String(minutes.length))
    assert.equal(minutes.ts[0], at('2024-01-02T14:30:00Z'))
    assert.equal(minutes.ts.at(-1), at('2024-01-02T20:59:00Z'))
  })
})

describe('the calendar of the market', () => {
  it('follows the change of the clocks', () => {
    assert.equal(bars(market, 'IBM', '1m', '2024-03-08').ts[0], at('2024-03-08T14:30:00Z'))
    assert.equal(bars(market, 'IBM', '1m', '2024-03-11').ts[0], at('2024-03-11T13:30:00Z'))
    assert.equal(bars(market, 'IBM', '1m', '2024-11-01').ts[0], at('2024-11-01T13:30:00Z'))
    assert.equal(bars(market, 'IBM', '1m', '2024-11-04').ts[0], at('2024-11-04T14:30:00Z'))
  })

  it('closes half days at 13:00 and ends their late trading at 17:00', () => {
    const regular = bars(market, 'IBM', '1m', '2024-11-29')
    assert.equal(regular.length, 210)
    assert.equal(regular.ts.at(-1), at('2024-11-29T17:59:00Z'))
    assert.ok(
      bars(market, 'IBM', '1m', '2024-11-29', 'all').ts.at(-1)! < at('2024-11-29T22:00:00Z'),
    )
  })

  it('has no bar on weekends, holidays and days of mourning', () => {
    for (const date of ['2024-12-25', '2025-01-09', '2024-06-15', '2001-09-12', '2024-11-28']) {
      assert.equal(bars(market, 'IBM', '1d', date).length, 0, date)
      assert.equal(bars(market, 'IBM', '1m', date, 'all').length, 0, date)
    }
  })

  it('has a daily bar for each of the 252 sessions of 2024', () => {
    const query = { symbol: 'IBM', interval: '1d', hours: 'all' } as const
    const year = market.bars({ ...query, from: day('2024-01-01'), until: day('2025-01-01') })
    assert.equal(year.length, 252)
  })

  it('begins on the first day of a listing', () => {
    const all = { from: 0, until: Infinity, interval: '1d', hours: 'all' } as const
    assert.equal(market.bars({ symbol: 'META', ...all }).ts[0], day('2012-05-18'))
    assert.equal(market.bars({ symbol: 'IBM', ...all }).ts[0], day('1999-11-01'))
  })

  it('keys weeks by Monday and months by the first, over the days in them', () => {
    const all = { symbol: 'TSLA', from: 0, until: Infinity, hours: 'all' } as const
    const days = plain(market.bars({ ...all, interval: '1d' }))
    const byWeek = Map.groupBy(days, ({ ts }) => {
      const weekday = new Date(ts).getUTCDay()
      return ts - ((weekday + 6) % 7) * DAY_MS
    })
    const byMonth = Map.groupBy(days, ({ ts }) => new Date(ts).setUTCDate(1))
    for (const [interval, groups] of [
      ['1wk', byWeek],
      ['1mo', byMonth],
    ] as const) {
      const expected = [...groups].map(([start, list]) => over(list, start))
      assert.deepEqual(plain(market.bars({ ...all, interval })), expected)
      const last = [...groups.values()].map((list) => list.at(-1)!.ts)
      assert.deepEqual([...market.periods('TSLA', interval).last], last)
    }
  })
})

describe('the same market', () => {
  it('comes from the same seed, and another from another', () => {
    const other = marketAt(LATE, 2)
    for (const symbol of ['AAPL', 'SIM77']) {
      const first = plain(bars(market, symbol, '1m', '2025-03-03', 'all'))
      assert.deepEqual(plain(bars(marketAt(LATE), symbol, '1m', '2025-03-03', 'all')), first)
      assert.notDeepEqual(plain(bars(other, symbol, '1m', '2025-03-03', 'all')), first)
    }
  })

  it('gives a session the same bars in every range that holds it', () => {
    fc.assert(
      fc.property(
        symbols,
        sessionDays,
        fc.integer({ min: 0, max: 20 }),
        fc.constantFrom('1m', '15m', '1d'),
        (symbol, date, before, interval) => {
          const query = { symbol, interval, hours: 'all' } as const
          const wide = market.bars({
            ...query,
            from: date - before * DAY_MS,
            until: date + 4 * DAY_MS,
          })
          const kept = plain(wide).filter(({ ts }) =>
            interval === '1d' ? ts === date : calendar.localDay(ts) === date,
          )
          assert.deepEqual(plain(bars(market, symbol, interval, date, 'all')), kept)
        },
      ),
      { numRuns: 40 },
    )
  })

  it('has symbols that differ, and none that is not listed', () => {
    assert.notDeepEqual(
      plain(bars(market, 'SIM1', '1d', '2024-01-02')),
      plain(bars(market, 'SIM2', '1d', '2024-01-02')),
    )
    for (const symbol of ['ZZZZ', 'SIM', 'SIM0', 'SIM01', 'sim1', '']) {
      assert.equal(market.listing(symbol), null, symbol)
      assert.throws(() => bars(market, symbol, '1d', '2024-01-02'), { code: 'SYMBOL_UNKNOWN' })
    }
  })
})

describe('the clock of the market', () => {
  const open = at('2024-05-15T13:30:00Z')

  it('lets nothing exist that has not begun, at any instant', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: at('2024-05-15T00:00:00Z'), max: at('2024-05-18T00:00:00Z') }),
        fc.constantFrom<Interval>('1m', '5m', '1h', '1d'),
        (now, interval) => {
          const early = marketAt(now)
          const query = { symbol: 'AAPL', interval, hours: 'all' } as const
          const seen = early.bars({ ...query, from: day('2024-05-13'), until: day('2024-06-01') })
          for (const ts of seen.ts) {
            const begins = interval === '1d' ? calendar.session(ts)!.open : ts
            assert.ok(begins < now)
          }
          // What is over is as it will be for ever.
          const final = plain(
            market.bars({ ...query, from: day('2024-05-13'), until: day('2024-06-01') }),
          )
          assert.deepEqual(plain(seen).slice(0, -1), final.slice(0, seen.length - 1))
        },
      ),
      { numRuns: 60 },
    )
  })

  it('moves the unfinished minute and day on, never back', () => {
    let before: { minute: PlainBar; day: PlainBar } | undefined
    for (let second = 1; second <= 59; second += 1) {
      const now = marketAt(open + 90 * 60_000 + second * 1000)
      const minute = plain(bars(now, 'AAPL', '1m', '2024-05-15')).at(-1)!
      const today = plain(bars(now, 'AAPL', '1d', '2024-05-15'))[0]
      assert.equal(minute.ts, open + 90 * 60_000)
      assert.equal(minute.close, today.close)
      for (const [later, earlier] of [
        [minute, before?.minute],
        [today, before?.day],
      ] as const) {
        assert.ok(later.low <= later.close && later.close <= later.high)
        if (earlier === undefined) continue
        assert.equal(later.open, earlier.open)
        assert.ok(later.high >= earlier.high && later.low <= earlier.low)
        assert.ok(later.volume >= earlier.volume)
      }
      before = { minute, day: today }
    }
    const whole = plain(bars(marketAt(open + 91 * 60_000), 'AAPL', '1m', '2024-05-15')).at(-1)!
    assert.ok(whole.volume > before!.minute.volume)
    assert.deepEqual(whole, plain(bars(market, 'AAPL', '1m', '2024-05-15'))[90])
  })

  it('has a day so far that is the minutes so far', () => {
    const now = marketAt(at('2024-05-15T17:12:34Z'))
    const minutes = plain(bars(now, 'AAPL', '1m', '2024-05-15'))
    assert.equal(minutes.length, 223)
    assert.deepEqual(plain(bars(now, 'AAPL', '1d', '2024-05-15')), [
      over(minutes, day('2024-05-15')),
    ])
  })

  it('has no day before the opening, though the early trading has begun', () => {
    const now = marketAt(at('2024-05-15T13:29:00Z'))
    assert.equal(bars(now, 'AAPL', '1d', '2024-05-15').length, 0)
    assert.ok(bars(now, 'AAPL', '1m', '2024-05-15', 'all').length > 10)
    assert.equal(bars(now, 'AAPL', '1m', '2024-05-15').length, 0)
  })
})
