/**
 * Answers of Yahoo that nobody recorded: other exchanges and zones, lunch breaks, weeks in which the clocks change. The times are typed
 * from the exchanges' published hours.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { findHead } from '../../src/db/series.ts'
import { getCalendar } from '../../src/domain/calendar/registry.ts'
import { formatCoverage } from '../../src/domain/coverage.ts'
import { parseDay } from '../../src/domain/date.ts'
import { listGaps } from '../../src/load/list-gaps.ts'
import { assertStored, every, pool, run, valuesAt } from '../support/vendor-variant.ts'
import type { Variant } from '../support/vendor-variant.ts'

interface YahooVariant extends Variant {
  readonly zone: string
  readonly currency?: string | null
  /** Instant of a row that is the latest price and no bar. */
  readonly tick?: string
  /** Places at which rows of nulls are put between the bars. */
  readonly nulls?: readonly string[]
}

function yahooBody(variant: YahooVariant): string {
  const { symbol, zone, interval, starts, tick, nulls = [] } = variant
  const bars = starts.map((start, i) => [Date.parse(start) / 1000, ...valuesAt(i)])
  const empty = nulls.map((start) => [Date.parse(start) / 1000, null, null, null, null, null])
  const rows = [...bars, ...empty].toSorted((a, b) => a[0]! - b[0]!)
  const close = bars.at(-1)![4]!
  if (tick !== undefined) rows.push([Date.parse(tick) / 1000, close, close, close, close, 0])
  const column = (at: number) => rows.map((row) => row[at]!)
  const quote = {
    volume: column(5),
    high: column(2),
    close: column(4),
    open: column(1),
    low: column(3),
  }
  const meta = {
    currency: variant.currency === undefined ? 'USD' : variant.currency,
    symbol,
    exchangeTimezoneName: zone,
    regularMarketTime: Math.min(Date.parse(tick ?? variant.now), Date.parse(variant.now)) / 1000,
    // Today's offset, which is not that of the bars.
    gmtoffset: 12_345,
    regularMarketPrice: close,
    dataGranularity: interval,
    range: '',
  }
  const result = { meta, timestamp: column(0), indicators: { quote: [quote] } }
  return JSON.stringify({ chart: { result: [result], error: null } })
}

const YAHOO: readonly YahooVariant[] = [
  {
    name: 'London, Easter and the change to summer time',
    symbol: 'VOD.L',
    zone: 'Europe/London',
    currency: 'GBp',
    interval: '1d',
    from: '2024-03-27',
    until: '2024-04-04',
    now: '2024-04-05T06:00Z',
    starts: ['2024-03-27T08:00Z', '2024-03-28T08:00Z', '2024-04-02T07:00Z', '2024-04-03T07:00Z'],
    days: ['2024-03-27', '2024-03-28', '2024-04-02', '2024-04-03'],
  },
  {
    name: 'Sydney, the end of summer time',
    symbol: 'CBA.AX',
    zone: 'Australia/Sydney',
    currency: 'AUD',
    interval: '1d',
    from: '2024-04-04',
    until: '2024-04-10',
    now: '2024-04-10T20:00Z',
    starts: ['2024-04-03T23:00Z', '2024-04-04T23:00Z', '2024-04-08T00:00Z', '2024-04-09T00:00Z'],
    days: ['2024-04-04', '2024-04-05', '2024-04-08', '2024-04-09'],
  },
  {
    name: 'Sydney, minutes of a session that begins on the day before in UTC',
    symbol: 'CBA.AX',
    zone: 'Australia/Sydney',
    interval: '5m',
    from: '2024-04-05',
    until: '2024-04-06',
    now: '2024-04-05T16:00Z',
    starts: every('2024-04-04T23:00Z', 5, 72),
    tick: '2024-04-05T05:00Z',
  },
  {
    name: 'Hong Kong, hours around lunch',
    symbol: '0700.HK',
    zone: 'Asia/Hong_Kong',
    currency: 'HKD',
    interval: '1h',
    from: '2024-06-11',
    until: '2024-06-13',
    now: '2024-06-13T00:30Z',
    starts: ['11', '12'].flatMap((day) => [
      ...every(`2024-06-${day}T01:30Z`, 60, 3),
      ...every(`2024-06-${day}T05:00Z`, 60, 3),
    ]),
    tick: '2024-06-12T08:00Z',
  },
  {
    name: 'Hong Kong, the first hour after lunch while it is the newest',
    symbol: '0700.HK',
    zone: 'Asia/Hong_Kong',
    interval: '1h',
    from: '2024-06-12',
    until: '2024-06-13',
    now: '2024-06-12T05:10Z',
    starts: [...every('2024-06-12T01:30Z', 60, 3), '2024-06-12T05:00Z'],
  },
  {
    name: 'Tokyo, five minutes around lunch, with the close of 15:30',
    symbol: '7203.T',
    zone: 'Asia/Tokyo',
    currency: 'JPY',
    interval: '5m',
    from: '2024-11-06',
    until: '2024-11-07',
    now: '2024-11-06T12:00Z',
    starts: [...every('2024-11-06T00:00Z', 5, 30), ...every('2024-11-06T03:30Z', 5, 36)],
    tick: '2024-11-06T06:30Z',
  },
  {
    name: 'Mumbai, quarters of an hour off the full one',
    symbol: 'RELIANCE.NS',
    zone: 'Asia/Kolkata',
    currency: 'INR',
    interval: '15m',
    from: '2024-06-12',
    until: '2024-06-13',
    now: '2024-06-12T15:00Z',
    starts: every('2024-06-12T03:45Z', 15, 25),
    tick: '2024-06-12T10:00Z',
  },
  {
    name: 'a coin, hours of a weekend, the last one live',
    symbol: 'BTC-USD',
    zone: 'UTC',
    interval: '1h',
    from: '2024-03-09',
    until: '2024-03-12',
    now: '2024-03-11T12:30Z',
    starts: every('2024-03-09T00:00Z', 60, 61),
    tick: '2024-03-11T12:29:41Z',
  },
  {
    name: 'a coin, days',
    symbol: 'BTC-USD',
    zone: 'UTC',
    interval: '1d',
    from: '2024-03-08',
    until: '2024-03-12',
    now: '2024-03-12T09:00Z',
    starts: every('2024-03-08T00:00Z', 1440, 4),
    days: ['2024-03-08', '2024-03-09', '2024-03-10', '2024-03-11'],
  },
  {
    name: 'a pair of currencies, days by the midnight of London',
    symbol: 'EURUSD=X',
    zone: 'Europe/London',
    interval: '1d',
    from: '2024-03-28',
    until: '2024-04-03',
    now: '2024-04-03T09:00Z',
    starts: ['2024-03-28T00:00Z', '2024-03-29T00:00Z', '2024-03-31T23:00Z', '2024-04-01T23:00Z'],
    days: ['2024-03-28', '2024-03-29', '2024-04-01', '2024-04-02'],
  },
  {
    name: 'New York, hours of a half day',
    symbol: 'AAPL',
    zone: 'America/New_York',
    interval: '1h',
    from: '2023-11-22',
    until: '2023-11-25',
    now: '2023-11-25T12:00Z',
    starts: [...every('2023-11-22T14:30Z', 60, 7), ...every('2023-11-24T14:30Z', 60, 4)],
    tick: '2023-11-24T18:00Z',
  },
  {
    name: 'New York, minutes around the change to summer time, some without a trade',
    symbol: 'THIN',
    zone: 'America/New_York',
    currency: null,
    interval: '1m',
    from: '2024-03-08',
    until: '2024-03-12',
    now: '2024-03-12T12:00Z',
    starts: [...every('2024-03-08T14:30Z', 1, 300), ...every('2024-03-11T13:30Z', 1, 300)],
    nulls: [...every('2024-03-08T19:30Z', 1, 90), ...every('2024-03-11T18:30Z', 1, 90)],
    tick: '2024-03-11T20:00Z',
  },
  {
    name: 'Xetra, days with a holiday of New York',
    symbol: 'SAP.DE',
    zone: 'Europe/Berlin',
    currency: 'EUR',
    interval: '1d',
    from: '2024-07-03',
    until: '2024-07-06',
    now: '2024-07-06T09:00Z',
    starts: ['2024-07-03T07:00Z', '2024-07-04T07:00Z', '2024-07-05T07:00Z'],
    days: ['2024-07-03', '2024-07-04', '2024-07-05'],
  },
]

describe('an answer of Yahoo', () => {
  for (const variant of YAHOO) {
    it(`is stored: ${variant.symbol} ${variant.interval}, ${variant.name}`, async () => {
      await assertStored('yahoo', variant, [yahooBody(variant)])
    })
  }

  it('with a row of nulls leaves nothing but its day open', async () => {
    const { zone, interval, symbol } = YAHOO.find((variant) => variant.symbol === 'SAP.DE')!
    const days = ['2024-06-24', '2024-06-25', '2024-06-27', '2024-06-28']
    const variant: YahooVariant = {
      name: 'a week',
      symbol,
      zone,
      interval,
      from: '2024-06-24',
      until: '2024-06-29',
      now: '2024-06-29T09:00Z',
      starts: days.map((day) => `${day}T07:00Z`),
      days,
      nulls: ['2024-06-26T07:00Z'],
    }
    const { rejected, inserted } = await run('yahoo', variant, [yahooBody(variant)])
    assert.deepEqual([inserted, rejected], [4, 1])
    const key = { symbol, interval, provider: 'yahoo', basis: 'split' } as const
    const head = await findHead(pool, key)
    assert.equal(head!.watermark, parseDay('2024-06-28'))
    assert.equal(
      formatCoverage(head!.coverage),
      '{[2024-06-22,2024-06-26),[2024-06-27,2024-07-01)}',
    )
    const search = { symbols: [symbol], from: null, until: null }
    const gaps = await listGaps(pool, search, getCalendar, Date.parse(variant.now))
    assert.deepEqual(
      gaps.map(({ from, sessions, state }) => [from, sessions, state]),
      [[parseDay('2024-06-26'), 1, 'missing']],
    )
  })

  it('with an event of no value has that refused, and settles its days all the same', async () => {
    const variant = YAHOO.find(({ symbol }) => symbol === 'SAP.DE')!
    const date = Date.parse('2024-07-04T07:00Z') / 1000
    const events = {
      dividends: { [date]: { amount: 0, date } },
      splits: { [date]: { date, numerator: 1, denominator: 0, splitRatio: '1:0' } },
    }
    const text = `"events":${JSON.stringify(events)},"indicators":`
    const body = yahooBody(variant).replace('"indicators":', text)
    const { rejected, inserted } = await run('yahoo', variant, [body])
    assert.deepEqual([inserted, rejected], [3, 2])
    const key = { symbol: 'SAP.DE', interval: '1d', provider: 'yahoo', basis: 'split' } as const
    const head = await findHead(pool, key)
    assert.equal(head!.watermark, parseDay('2024-07-05'))
    assert.equal(head!.coverage.length, 1)
  })
})
