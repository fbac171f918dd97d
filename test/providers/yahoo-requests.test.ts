/** Yahoo: which calls a need becomes, and how symbols are written. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { getCalendar } from '../../src/domain/calendar/registry.ts'
import { DAY_MS, formatDate } from '../../src/domain/date.ts'
import type { Interval } from '../../src/domain/interval.ts'
import { yahoo } from '../../src/providers/yahoo/index.ts'
import type { BarRequest } from '../../src/providers/provider.ts'

const calendar = getCalendar('XNYS')
/** Wednesday 2024-03-13, 11:00 in New York: the session is on. */
const NOW = Date.UTC(2024, 2, 13, 15)

const day = (text: string) => Date.parse(text)

function plan(
  interval: Interval,
  from: string | null,
  until = '2024-03-14',
  now = NOW,
): BarRequest[] {
  const first = from === null ? null : day(from)
  return yahoo.planBars({ symbol: 'ACME', interval, from: first, until: day(until), now, calendar })
}

const seconds = (call: BarRequest, name: string) => Number(call.request.params[name])
const iso = (call: BarRequest, name: string) => new Date(seconds(call, name) * 1000).toISOString()
const dates = (range: { from: number; until: number } | null) =>
  range === null ? null : [formatDate(range.from), formatDate(range.until)]

describe('a call', () => {
  test('names its symbol in the path, its period in seconds, and asks for splits and dividends', () => {
    const [call] = plan('1d', '2024-03-04')
    assert.equal(call!.request.path, '/v8/finance/chart/ACME')
    assert.deepEqual(call!.request.params, {
      interval: '1d',
      period1: '1709424000', // 2024-03-03T00:00:00Z
      period2: '1710460799', // 2024-03-14T23:59:59Z
      includePrePost: 'false',
      events: 'div|split|capitalGains',
    })
    assert.match(call!.request.headers!['user-agent']!, /^Mozilla\/5\.0 /)
    assert.equal(call!.request.keyParam, undefined)
  })

  test('covers the sessions that are settled, and says which days it asked for', () => {
    const [call] = plan('1d', '2024-03-04')
    assert.deepEqual(dates(call!.asked), ['2024-03-04', '2024-03-14'])
    assert.deepEqual(dates(call!.covers), ['2024-03-04', '2024-03-13'])
    // The session closes at 20:00 UTC and is settled four hours later.
    const late = plan('1d', '2024-03-04', '2024-03-14', Date.UTC(2024, 2, 14, 0, 0, 0))
    assert.deepEqual(dates(late[0]!.covers), ['2024-03-04', '2024-03-14'])
    assert.equal(plan('1d', '2024-03-13')[0]!.covers, null)
  })

  test('writes symbols as the vendor does', () => {
    const spellings: [string, string][] = [
      ['BRK.B', 'BRK-B'],
      ['brk.b', 'BRK-B'],
      ['BRK-B', 'BRK-B'],
      ['BARC.L', 'BARC.L'],
      ['APC.F', 'APC.F'],
      ['7203.T', '7203.T'],
      ['SAP.DE', 'SAP.DE'],
      ['ALL.AX', 'ALL.AX'],
      ['PSTH.WS', 'PSTH-WT'],
      ['IPOF.U', 'IPOF-UN'],
      ['^GSPC', '%5EGSPC'],
      ['EURUSD=X', 'EURUSD%3DX'],
      ['EUR/USD', 'EURUSD%3DX'],
      ['BTC-USD', 'BTC-USD'],
      ['ES=F', 'ES%3DF'],
    ]
    for (const [symbol, spelling] of spellings) {
      for (const request of [yahoo.requestQuote(symbol), yahoo.requestOverview(symbol)]) {
        assert.equal(request.path, `/v8/finance/chart/${spelling}`, symbol)
        assert.deepEqual(request.params, { interval: '1d', range: '1d' })
      }
    }
    const search = yahoo.requestSearch('acme & sons')
    assert.equal(search.path, '/v1/finance/search')
    assert.equal(search.params['q'], 'acme & sons')
  })
})

describe('a need', () => {
  test('of days is one call, however long, and of all history from before there was any', () => {
    assert.equal(plan('1d', '1962-01-02').length, 1)
    const [all] = plan('1d', null)
    assert.ok(seconds(all!, 'period1') < Date.UTC(1927, 11, 30) / 1000)
    assert.ok(all!.covers!.from < Date.UTC(1927, 11, 30))
  })

  test('of minutes goes back 30 days in calls of 8 days, oldest first and without a gap', () => {
    const calls = plan('1m', null)
    assert.deepEqual(
      calls.map((call) => [...dates(call.asked)!, iso(call, 'period1'), iso(call, 'period2')]),
      [
        // Six sessions fit into eight days unless a weekend takes two at each end.
        ['2024-02-13', '2024-02-21', '2024-02-13T05:00:00.000Z', '2024-02-21T04:59:59.000Z'],
        ['2024-02-21', '2024-02-29', '2024-02-21T05:00:00.000Z', '2024-02-29T04:59:59.000Z'],
        ['2024-02-29', '2024-03-08', '2024-02-29T05:00:00.000Z', '2024-03-08T04:59:59.000Z'],
        ['2024-03-08', '2024-03-14', '2024-03-08T05:00:00.000Z', '2024-03-14T03:59:59.000Z'],
      ],
    )
    assert.deepEqual(dates(calls[3]!.covers), ['2024-03-08', '2024-03-13'])
  })

  test('of coarser bars is one call as far back as the vendor has them', () => {
    const firsts: [Interval, string][] = [
      ['5m', '2024-01-16'], // 60 days back is Saturday 2024-01-13; Monday was a holiday
      ['15m', '2024-01-16'],
      ['1h', '2022-03-15'], // 730 days back is 2022-03-14 in the morning, and a day begins at midnight
    ]
    for (const [interval, first] of firsts) {
      const calls = plan(interval, '2010-01-01')
      assert.equal(calls.length, 1, interval)
      assert.equal(iso(calls[0]!, 'period1').slice(0, 10), first, interval)
      assert.equal(calls[0]!.request.params['interval'], interval)
    }
  })

  test('of what the vendor cannot have is no call', () => {
    assert.deepEqual(plan('1m', '2024-01-02', '2024-02-01'), []) // more than 30 days back
    assert.deepEqual(plan('5m', '2023-01-03', '2023-06-01'), [])
    assert.deepEqual(plan('1h', '2020-01-02', '2020-06-01'), [])
    assert.deepEqual(plan('1d', '2024-03-09', '2024-03-11'), []) // a weekend
    assert.deepEqual(plan('5m', '2024-03-09', '2024-03-11'), [])
    assert.deepEqual(plan('1d', '2024-03-14', '2024-03-15'), []) // tomorrow
    assert.deepEqual(plan('1wk', '2024-01-02'), []) // a week's bars are made from days
    assert.deepEqual(plan('30m', '2024-03-01'), []) // and half hours from 15 minutes
  })

  test('of a session before its opening is no call, and from the opening on it is one', () => {
    const open = Date.UTC(2024, 2, 13, 13, 30)
    for (const interval of ['1m', '1d'] as const) {
      assert.deepEqual(plan(interval, '2024-03-13', '2024-03-14', open - 1), [], interval)
      assert.equal(plan(interval, '2024-03-13', '2024-03-14', open).length, 1, interval)
    }
  })

  test('of minutes never asks for more than 8 days, though clocks go back, nor for older than 30', () => {
    const arbitrary = fc.record({
      now: fc.integer({ min: Date.UTC(2023, 0, 5), max: Date.UTC(2026, 11, 20) }),
      back: fc.integer({ min: 0, max: 60 }),
      length: fc.integer({ min: 1, max: 70 }),
    })
    fc.assert(
      fc.property(arbitrary, ({ now, back, length }) => {
        const from = calendar.localDay(now) - back * DAY_MS
        const until = from + length * DAY_MS
        const need = { symbol: 'ACME', interval: '1m', from, until, now, calendar } as const
        const calls = yahoo.planBars(need)
        let end = Number.NaN
        for (const call of calls) {
          const start = seconds(call, 'period1')
          assert.ok(start * 1000 >= now - 30 * DAY_MS)
          assert.ok(seconds(call, 'period2') - start < 8 * 86_400)
          assert.ok(calendar.countSessions(call.asked!.from, call.asked!.until) > 0)
          if (!Number.isNaN(end)) assert.equal(call.asked!.from, end)
          end = call.asked!.until
        }
        // Every session wanted that has begun and is young enough is in one of the calls.
        for (const session of calendar.sessions(from, until)) {
          const isThere = calendar.instantAt(session.day, 0) >= now - 30 * DAY_MS + 3_600_000
          if (!isThere || session.open > now) continue
          const [first, last] = [session.open / 1000, session.close / 1000]
          assert.ok(
            calls.some((c) => seconds(c, 'period1') <= first && seconds(c, 'period2') >= last),
          )
        }
      }),
      { numRuns: 300 },
    )
  })
})
