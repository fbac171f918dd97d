/** What happens to the simulated market: splits, dividends, and values that are stated anew. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { DAY_MS } from '../../src/domain/date.ts'
import { makeMarket } from '../../src/sandbox/market.ts'
import { at, bars, calendar, day, LATE, marketAt, plain } from './plain-bars.ts'

const market = marketAt(LATE)

function closeOf(symbol: string, date: string): number {
  return bars(market, symbol, '1d', date).close[0]
}

function openOf(symbol: string, date: string): number {
  return bars(market, symbol, '1d', date).open[0]
}

describe('splits and dividends', () => {
  it('are on the real dates where there are any, and raw prices jump with them', () => {
    // Public record: NVIDIA 10:1 on 2024-06-10, Apple 4:1 on 2020-08-31, GE 1:8 on 2021-08-02.
    for (const [symbol, before, exDay, ratio] of [
      ['NVDA', '2024-06-07', '2024-06-10', 10],
      ['AAPL', '2020-08-28', '2020-08-31', 4],
      ['GE', '2021-07-30', '2021-08-02', 0.125],
    ] as const) {
      const split = market.splits(symbol, Infinity).find((one) => one.day === day(exDay))
      assert.equal(split?.ratio, ratio)
      const jump = closeOf(symbol, before) / openOf(symbol, exDay)
      assert.ok(Math.abs(jump / ratio - 1) < 0.05, `${symbol} jumped by ${jump}`)
      const minutes = bars(market, symbol, '1m', exDay, 'all')
      assert.ok(Math.abs(closeOf(symbol, before) / minutes.open[0] / ratio - 1) < 0.05)
    }
  })

  it('happened within two years of any clock', () => {
    for (const year of [2004, 2012, 2020, 2026, 2033]) {
      const end = day(`${year}-11-21`)
      const recent = ['NVDA', 'TSLA', 'SIM10', 'SIM20'].flatMap((symbol) =>
        market.splits(symbol, end).filter((split) => split.day > end - 731 * DAY_MS),
      )
      assert.ok(recent.length > 0, String(year))
      for (const split of recent) assert.notEqual(calendar.session(split.day), null)
    }
  })

  it('are dividends four times a year, worth about the yield, on sessions', () => {
    const paid = market
      .dividends('IBM', day('2025-01-01'))
      .filter((dividend) => dividend.day >= day('2024-01-01'))
    assert.equal(paid.length, 4)
    for (const { day: exDay, amount } of paid) {
      assert.notEqual(calendar.session(exDay), null)
      // 3.2 % a year of a price that moves around 210 dollars.
      assert.ok(amount > 1.4 && amount < 1.95, String(amount))
    }
    assert.deepEqual(market.dividends('AMZN', Infinity), [])
  })

  it('let no raw price run away in fifty years', () => {
    const far = marketAt(at('2049-06-01T00:00:00Z'))
    for (const symbol of ['NVDA', 'AAPL', 'GE', 'SIM10', 'SIM15', 'SIM25']) {
      const query = { symbol, interval: '1d', from: 0, until: Infinity, hours: 'all' } as const
      const all = far.bars(query)
      const level = far.listing(symbol)!.level
      for (const close of all.close) assert.ok(close > level / 30 && close < level * 60)
    }
  })
})

describe('revisions', () => {
  const ts = at('2024-01-03T15:00:00Z')

  it('of a minute show in it and in longer intraday bars, and can be taken back', () => {
    const own = marketAt(LATE)
    const before = plain(bars(own, 'IBM', '5m', '2024-01-03'))
    own.revise('IBM', '1m', ts, { high: 9999, volume: 1_000_000 })
    const minute = plain(bars(own, 'IBM', '1m', '2024-01-03')).find((bar) => bar.ts === ts)!
    assert.equal(minute.high, 9999)
    const after = plain(bars(own, 'IBM', '5m', '2024-01-03'))
    const changed = after.filter((bar, i) => bar.high !== before[i].high)
    assert.deepEqual(
      changed.map((bar) => [bar.ts, bar.high]),
      [[ts, 9999]],
    )
    assert.deepEqual(
      plain(bars(own, 'IBM', '1d', '2024-01-03')),
      plain(bars(market, 'IBM', '1d', '2024-01-03')),
    )
    own.restore()
    assert.deepEqual(plain(bars(own, 'IBM', '5m', '2024-01-03')), before)
  })

  it('of a day show in its week', () => {
    const own = marketAt(LATE)
    own.revise('IBM', '1d', day('2024-01-03'), { high: 8888 })
    const query = { symbol: 'IBM', interval: '1wk', hours: 'all' } as const
    const weeks = own.bars({ ...query, from: day('2024-01-01'), until: day('2024-01-08') })
    assert.deepEqual([...weeks.high], [8888])
  })

  it('take bars away and add them late, in their place', () => {
    const own = marketAt(LATE)
    own.revise('IBM', '1m', ts, { removed: true })
    const fewer = bars(own, 'IBM', '1m', '2024-01-03')
    assert.equal(fewer.length, 389)
    assert.ok(!fewer.ts.includes(ts))
    own.revise('IBM', '1m', ts, { open: 1, high: 2, low: 1, close: 2, volume: 3 })
    const again = bars(own, 'IBM', '1m', '2024-01-03')
    assert.equal(again.length, 390)
    assert.equal(again.ts[30], ts)
    assert.equal(again.volume[30], 3)
  })

  it('show in no bar before it begins', () => {
    let now = LATE
    const own = makeMarket({ seed: 1, calendar, now: () => now })
    own.revise('IBM', '1m', ts, { open: 1, high: 2, low: 1, close: 2, volume: 3 })
    now = ts
    const earlier = bars(own, 'IBM', '1m', '2024-01-03')
    assert.equal(earlier.ts.at(-1), ts - 60_000)
    now = ts + 1
    assert.equal(bars(own, 'IBM', '1m', '2024-01-03').volume.at(-1), 3)
  })

  it('are refused for a bar that does not exist', () => {
    assert.throws(() => marketAt(LATE).revise('IBM', '1d', day('2024-01-06'), { close: 1 }), {
      code: 'BAR_UNKNOWN',
    })
    assert.throws(() => marketAt(LATE).revise('ZZZZ', '1d', day('2024-01-03'), { close: 1 }), {
      code: 'SYMBOL_UNKNOWN',
    })
  })
})
