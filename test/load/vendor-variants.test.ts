/**
 * Answers of Polygon and Alpha Vantage that nobody recorded: half days, weeks in which the clocks change, pages, London. The times are typed
 * from the exchanges' published hours.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { findHead } from '../../src/db/series.ts'
import { formatCoverage } from '../../src/domain/coverage.ts'
import { parseDay } from '../../src/domain/date.ts'
import { asked, assertStored, every, pool, run, valuesAt } from '../support/vendor-variant.ts'
import type { Variant } from '../support/vendor-variant.ts'

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

function nextUrl(host: string, start: string): string {
  const path = `/v2/aggs/ticker/BRK.B/range/5/minute/${Date.parse(start)}/2024-03-11`
  return `https://${host}${path}?cursor=bGltaXQ9MTA`
}

describe('an answer of Polygon', () => {
  for (const variant of POLYGON) {
    it(`is stored: ${variant.symbol} ${variant.interval}, ${variant.name}`, async () => {
      await assertStored('polygon', variant, [polygonBody(variant, 0, Infinity)])
    })
  }

  it('with a row that cannot be read leaves its day open, and with one carried forward none', async () => {
    const variant: Variant = {
      name: 'a week',
      symbol: 'F',
      interval: '1d',
      from: '2024-06-03',
      until: '2024-06-08',
      now: '2024-06-10T12:00Z',
      starts: ['2024-06-03T04:00Z', '2024-06-06T04:00Z', '2024-06-07T04:00Z'],
    }
    const document = JSON.parse(polygonBody(variant, 0, Infinity)) as { results: object[] }
    const [tuesday, wednesday] = ['2024-06-04T04:00Z', '2024-06-05T04:00Z'].map((start) =>
      Date.parse(start),
    )
    const carried = { t: tuesday, o: 12, h: 12, l: 12, c: 12, v: 0 }
    document.results.push(carried, { t: wednesday, o: 12, h: 13, l: 11, v: 5 })
    const { inserted, rejected } = await run('polygon', variant, [JSON.stringify(document)])
    assert.deepEqual([inserted, rejected], [3, 2])
    const key = { symbol: 'F', interval: '1d', provider: 'polygon', basis: 'raw' } as const
    const head = await findHead(pool, key)
    assert.equal(head!.watermark, parseDay('2024-06-07'))
    assert.equal(
      formatCoverage(head!.coverage),
      '{[2024-06-01,2024-06-05),[2024-06-06,2024-06-10)}',
    )
  })

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
      await assertStored('polygon', variant, [
        polygonBody(variant, 0, 78, nextUrl(host, '2024-03-08T21:00Z')),
        polygonBody(variant, 0, 0, nextUrl(host, second)),
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
