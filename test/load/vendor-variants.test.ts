/**
 * Answers that a vendor could send and that nobody recorded: other exchanges and zones, lunch breaks, weeks
 * in which the clocks change, half days, pages. Sent over HTTP and taken the whole way into the store: every
 * bar is there, under its own instant or date, and no row was refused. The times are typed from the
 * exchanges' published hours.
 */
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, describe, it } from 'node:test'
import { readPageRange } from '../../src/db/pages.ts'
import { findHead } from '../../src/db/series.ts'
import { parseDay } from '../../src/domain/date.ts'
import type { Interval } from '../../src/domain/interval.ts'
import { fetchAll } from '../../src/load/fetch-series.ts'
import { makeLogger } from '../../src/log.ts'
import { makeHttpClient } from '../../src/providers/fetch.ts'
import { getProvider } from '../../src/providers/registry.ts'
import { makeDatabase } from '../support/database.ts'

const log = makeLogger({ level: 'silent', format: 'json' })
const { pool } = await makeDatabase()

/** What the calls are answered with, the last one again and again. */
let bodies: string[] = []
const asked: string[] = []
const server = createServer((request, response) => {
  asked.push(request.url!)
  response.end(bodies.length > 1 ? bodies.shift() : bodies[0])
})
await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
after(() => server.close())

interface Variant {
  readonly name: string
  readonly symbol: string
  readonly interval: Interval
  readonly from: string
  readonly until: string
  /** When the answer comes. */
  readonly now: string
  /** Starts of the bars on the wire, ascending. */
  readonly starts: readonly string[]
  /** Dates of daily bars. */
  readonly days?: readonly string[]
}

/** Starts of so many bars of a length in minutes, the first at an instant. */
function every(first: string, minutes: number, count: number): string[] {
  return Array.from({ length: count }, (_, i) =>
    new Date(Date.parse(first) + i * minutes * 60_000).toISOString(),
  )
}

/** Open, high, low, close, volume of the bar at a place: quarters of eights, which all floats hold. */
function valuesAt(i: number): number[] {
  const open = 100 + (i % 64) / 8
  return [open, open + 2, open - 2, open + 0.5, 1000 + i]
}

async function run(id: string, variant: Variant, answers: string[]) {
  bodies = answers
  asked.length = 0
  const { symbol, interval, now } = variant
  const provider = getProvider(id)
  const clock = { now: () => Date.parse(now), sleep: () => Promise.resolve() }
  const client = makeHttpClient({ clock, log, retries: 0 })
  const [from, until] = [parseDay(variant.from), parseDay(variant.until)]
  const piece = { symbol, interval, provider, from, until }
  // Variants of one symbol over each other would be revisions: each has the symbol to itself.
  await pool.query(
    `UPDATE stockyard.symbols SET symbol = 'WAS' || instrument_id WHERE symbol = $1`,
    [symbol],
  )
  try {
    return await fetchAll(
      { pool, client, clock, log, configs: { [id]: { key: 'k', baseUrl, budget: 'unlimited' } } },
      {
        symbols: [symbol],
        intervals: [interval],
        providers: [provider],
        from,
        until,
        force: false,
        defaultDays: 20,
        pieces: [piece],
      },
    )
  } finally {
    await client.close()
  }
}

async function assertStored(id: string, variant: Variant, answers: string[]): Promise<void> {
  const { tasks, rejected } = await run(id, variant, answers)
  const { symbol, interval, starts, days } = variant
  assert.deepEqual([tasks[0]!.error, rejected], [null, 0])
  const { basis } = getProvider(id)
  const head = await findHead(pool, { symbol, interval, provider: id, basis })
  const all = { interval, from: 0, until: 4e12, order: 'asc', limit: 10_000 } as const
  const pages = await readPageRange(pool, head!.seriesId, all)
  const stored = pages.flatMap(({ bars }) =>
    Array.from(bars.ts, (ts, i) =>
      [new Date(ts).toISOString(), bars.open, bars.high, bars.low, bars.close, bars.volume].map(
        (column) => (typeof column === 'string' ? column : column[i]!),
      ),
    ),
  )
  const keys = days?.map((day) => `${day}T00:00:00.000Z`)
  const expected = starts.map((start, i) => [
    keys?.[i] ?? new Date(start).toISOString(),
    ...valuesAt(i),
  ])
  assert.deepEqual(stored, expected)
}

// Yahoo ----------------------------------------------------------------------------------------------

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
})

// Polygon --------------------------------------------------------------------------------------------

function polygonBody(variant: Variant, from: number, until: number, next?: string): string {
  const { symbol, starts } = variant
  const results = starts.slice(from, until).map((start, i) => {
    const [o, h, l, c, v] = valuesAt(from + i)
    const row = { v, o, c, h, l, t: Date.parse(start) }
    return i % 3 === 0 ? row : { ...row, vw: h! + 0.25, n: 7 }
  })
  const queryCount = results.length + 1
  const more = next === undefined ? {} : { next_url: next }
  return JSON.stringify({ ticker: symbol, queryCount, results, status: 'DELAYED', ...more })
}

const POLYGON: readonly Variant[] = [
  {
    name: 'minutes of a half day, before and after it too',
    symbol: 'AAPL',
    interval: '1m',
    from: '2023-11-24',
    until: '2023-11-25',
    now: '2023-11-28T12:00Z',
    starts: [
      '2023-11-24T09:00Z',
      '2023-11-24T14:29Z',
      ...every('2023-11-24T14:30Z', 1, 210),
      '2023-11-24T18:00Z',
      '2023-11-24T21:59Z',
    ],
  },
  {
    name: 'days by the midnight of New York, in winter and in summer',
    symbol: 'AAPL',
    interval: '1d',
    from: '2024-03-07',
    until: '2024-03-13',
    now: '2024-03-15T12:00Z',
    starts: ['2024-03-07T05:00Z', '2024-03-08T05:00Z', '2024-03-11T04:00Z', '2024-03-12T04:00Z'],
    days: ['2024-03-07', '2024-03-08', '2024-03-11', '2024-03-12'],
  },
  {
    name: 'a coin, days of UTC',
    symbol: 'X:BTCUSD',
    interval: '1d',
    from: '2024-03-08',
    until: '2024-03-12',
    now: '2024-03-14T09:00Z',
    starts: every('2024-03-08T00:00Z', 1440, 4),
    days: ['2024-03-08', '2024-03-09', '2024-03-10', '2024-03-11'],
  },
  {
    name: 'a pair of currencies, days of UTC in summer',
    symbol: 'C:EURUSD',
    interval: '1d',
    from: '2024-06-10',
    until: '2024-06-13',
    now: '2024-06-15T09:00Z',
    starts: every('2024-06-10T00:00Z', 1440, 3),
    days: ['2024-06-10', '2024-06-11', '2024-06-12'],
  },
]

describe('an answer of Polygon', () => {
  for (const variant of POLYGON) {
    it(`is stored: ${variant.symbol} ${variant.interval}, ${variant.name}`, async () => {
      await assertStored('polygon', variant, [polygonBody(variant, 0, Infinity)])
    })
  }

  for (const host of ['api.polygon.io', 'api.massive.com']) {
    it(`in pages, with an empty one, is followed by addresses of ${host} to where calls go`, async () => {
      const [first, second] = ['2024-03-08T14:30Z', '2024-03-11T13:30Z']
      const variant: Variant = {
        name: 'pages',
        symbol: 'BRK.B',
        interval: '5m',
        from: '2024-03-08',
        until: '2024-03-12',
        now: '2024-03-14T12:00Z',
        starts: [...every(first, 5, 78), ...every(second, 5, 78)],
      }
      const next = (start: string) =>
        `https://${host}/v2/aggs/ticker/BRK.B/range/5/minute/${Date.parse(start)}/2024-03-11?cursor=bGltaXQ9MTA`
      await assertStored('polygon', variant, [
        polygonBody(variant, 0, 78, next('2024-03-08T21:00Z')),
        polygonBody(variant, 0, 0, next(second)),
        polygonBody(variant, 78, 156),
      ])
      assert.equal(asked.length, 3)
      for (const path of asked.slice(1)) assert.match(path, /cursor=bGltaXQ9MTA&adjusted=false$/)
    })
  }
})

// Alpha Vantage --------------------------------------------------------------------------------------

interface AlphaVantageVariant extends Variant {
  /** Labels as they stand on the wire, ascending. */
  readonly labels: readonly string[]
  readonly name: string
}

function alphaVantageBody(
  { symbol, interval, labels }: AlphaVantageVariant,
  isCsv: boolean,
): string {
  const newestFirst = labels.map((label, i) => [label, ...valuesAt(i)] as const).toReversed()
  if (isCsv) {
    const lines = newestFirst.map((row) => `${row.join(',')}\r\n`)
    return `timestamp,open,high,low,close,volume\r\n${lines.join('')}`
  }
  const isDaily = interval === '1d'
  const wire = { '5m': '5min', '1h': '60min' }[interval as string]
  const rows = newestFirst.map(([label, ...values]) => [
    label,
    Object.fromEntries(
      ['open', 'high', 'low', 'close', 'volume'].map((name, i) => [
        `${i + 1}. ${name}`,
        i === 4 ? String(values[i]) : values[i]!.toFixed(4),
      ]),
    ),
  ])
  const meta = isDaily
    ? { '2. Symbol': symbol, '4. Output Size': 'Compact', '5. Time Zone': 'US/Eastern' }
    : { '2. Symbol': symbol, '4. Interval': wire, '6. Time Zone': 'US/Eastern' }
  const name = isDaily ? 'Time Series (Daily)' : `Time Series (${wire})`
  return JSON.stringify({ 'Meta Data': meta, [name]: Object.fromEntries(rows) }, null, 4)
}

/** Labels of New York's clock on a date, so many of a length in minutes. */
function clock(date: string, first: string, minutes: number, count: number): string[] {
  return every(`${date}T${first}Z`, minutes, count).map((text) =>
    text.slice(0, 19).replace('T', ' '),
  )
}

const ALPHA_VANTAGE: readonly AlphaVantageVariant[] = [
  {
    name: 'a month in which the clocks change',
    symbol: 'BRK.B',
    interval: '5m',
    from: '2024-03-08',
    until: '2024-03-12',
    now: '2024-06-14T12:00Z',
    labels: [...clock('2024-03-08', '04:00', 5, 192), ...clock('2024-03-11', '04:00', 5, 192)],
    starts: [...every('2024-03-08T09:00Z', 5, 192), ...every('2024-03-11T08:00Z', 5, 192)],
  },
  {
    name: 'hours of a half day, labelled by their ends',
    symbol: 'IBM',
    interval: '1h',
    from: '2021-11-24',
    until: '2021-11-27',
    now: '2024-06-14T12:00Z',
    labels: [...clock('2021-11-24', '05:00', 60, 16), ...clock('2021-11-26', '05:00', 60, 13)],
    starts: [...every('2021-11-24T09:00Z', 60, 16), ...every('2021-11-26T09:00Z', 60, 13)],
  },
  {
    name: 'London, where New York has a holiday',
    symbol: 'TSCO.LON',
    interval: '1d',
    from: '2024-07-03',
    until: '2024-07-06',
    now: '2024-07-08T06:00Z',
    labels: ['2024-07-03', '2024-07-04', '2024-07-05'],
    starts: ['2024-07-03', '2024-07-04', '2024-07-05'],
    days: ['2024-07-03', '2024-07-04', '2024-07-05'],
  },
]

describe('an answer of Alpha Vantage', () => {
  for (const variant of ALPHA_VANTAGE) {
    for (const form of ['JSON', 'CSV']) {
      it(`in ${form} is stored: ${variant.symbol} ${variant.interval}, ${variant.name}`, async () => {
        const body = alphaVantageBody(variant, form === 'CSV')
        // Other months of the period have nothing.
        await assertStored('alpha-vantage', variant, [body])
      })
    }
  }
})
