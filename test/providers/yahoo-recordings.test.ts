/**
 * Yahoo: recorded answers, read row by row a second time by plain means and compared. The recordings are
 * not part of the project; STOCKYARD_RECORDINGS names their folder.
 */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { getCalendar } from '../../src/domain/calendar/registry.ts'
import { formatDate } from '../../src/domain/date.ts'
import { parseInterval } from '../../src/domain/interval.ts'
import { yahoo } from '../../src/providers/yahoo/index.ts'
import type { VendorBody } from '../../src/providers/provider.ts'

const folder = join(process.env['STOCKYARD_RECORDINGS'] ?? '', 'yahoo')
const isThere = process.env['STOCKYARD_RECORDINGS'] !== undefined && existsSync(folder)
const skip = isThere ? false : 'STOCKYARD_RECORDINGS does not name the folder of recordings'
const calendar = getCalendar('XNYS')
const receivedAt = Date.UTC(2026, 0, 5)

const filesIn = (name: string) =>
  readdirSync(join(folder, name))
    .toSorted()
    .map((file) => `${name}/${file}`)

/** A recording is a bare body, or an envelope with the response's status and its body. */
function recorded(file: string, bareStatus = 200): VendorBody {
  const bytes = new Uint8Array(readFileSync(join(folder, file)))
  const text = new TextDecoder().decode(bytes)
  const envelope = text.startsWith('{') ? (JSON.parse(text) as Envelope).response : undefined
  const status = envelope?.status ?? bareStatus
  if (envelope === undefined) return { status, bytes, contentType: '' }
  const body = envelope.bodyText ?? JSON.stringify(envelope.bodyJson)
  return { status, bytes: new TextEncoder().encode(body), contentType: '' }
}

interface Envelope {
  readonly response?: { status: number; bodyJson?: unknown; bodyText?: string }
}

interface PlainChart {
  readonly meta: Readonly<Record<string, string>>
  readonly timestamp?: readonly number[]
  readonly indicators: { quote: Record<string, (number | null)[]>[] }
}

function plainChart({ bytes }: VendorBody): PlainChart {
  const document = JSON.parse(new TextDecoder().decode(bytes)) as {
    chart: { result: PlainChart[] }
  }
  return document.chart.result[0]!
}

function parseBars(body: VendorBody, symbol: string, granularity: string) {
  const request = {
    request: { path: '', params: {} },
    symbol,
    interval: parseInterval(granularity),
    asked: null,
    covers: null,
    fallback: null,
  }
  return yahoo.parseBars(body, request, { calendar, receivedAt })
}

const FIELDS = ['open', 'high', 'low', 'close', 'volume'] as const
/** Recordings in which the last row is a tick and no bar, and how many rows have no value. */
const TICKS = /AAPL-1h-2022-09-02|PETR4\.SA-1m/
const EMPTY_ROWS: Readonly<Record<string, number>> = {
  'chart/chart-PETR4.SA-1m-2023-03-06-null-and-live-tick.json': 1,
}
const NOT_BARS: Readonly<Record<string, string>> = {
  'chart/FAKE-chart-TSLA-2025-01-01-to-2025-01-02-interval-1h.json': 'no-data',
  'chart/chart-AAPL-2025-02-01-to-2025-02-02-includePrePost-false-interval-1m.json': 'no-data',
  'chart/chart-CAPIO.ST-no-data.json': 'unknown-symbol',
  // Nothing but closes.
  'chart/chart-MUV2.DE-6mo-null-close.json': 'malformed',
}

/** The date in a zone as the platform writes it, or the instant. */
function keyOf(seconds: number, zone: string, isDaily: boolean): string {
  if (!isDaily) return new Date(seconds * 1000).toISOString()
  return new Intl.DateTimeFormat('sv-SE', { timeZone: zone }).format(seconds * 1000)
}

test('every row of every recorded chart of days, hours and minutes is read', { skip }, (t) => {
  let count = 0
  for (const file of filesIn('chart')) {
    const body = recorded(file)
    const { meta, timestamp, indicators } = plainChart(body)
    const granularity = meta['dataGranularity']!
    if (!/^1[mhd]$/.test(granularity) || file in NOT_BARS) continue
    const answer = parseBars(body, meta['symbol']!, granularity)
    assert.ok(answer.ok, file)
    assert.equal(answer.symbol, meta['symbol'])
    const quote = indicators.quote[0]!
    const rows = timestamp!.map((seconds, i) => ({
      key: keyOf(seconds, meta['exchangeTimezoneName']!, granularity === '1d'),
      values: FIELDS.map((field) => quote[field]![i]!),
    }))
    if (TICKS.test(file)) rows.pop()
    const bars = rows.filter(({ values }) => values.some((value) => value !== null))
    assert.equal(rows.length - bars.length, EMPTY_ROWS[file] ?? 0, file)
    assert.equal(answer.batch.length, bars.length, file)
    assert.equal(answer.unreadable.length, 0, file)
    const { ts, open, high, low, close, volume } = answer.batch
    bars.forEach(({ key, values }, i) => {
      const read = granularity === '1d' ? formatDate(ts[i]!) : new Date(ts[i]!).toISOString()
      assert.equal(read, key, file)
      const prices = [open[i]!, high[i]!, low[i]!, close[i]!]
      assert.deepEqual(prices, values.slice(0, 4).map(meantBy), `${file} ${key}`)
      assert.equal(volume[i], values[4], `${file} ${key}`)
      for (const value of values) assert.ok(answer.rawAt(i).includes(String(value)))
    })
    count += bars.length
  }
  t.diagnostic(`${count} rows`)
  assert.ok(count >= 500)
})

/** What a 32-bit float stands for: six digits, and four decimals at least, as the hints of all recordings have. */
function meantBy(float: number): number {
  const decimals = Math.max(4, 5 - Math.floor(Math.log10(float)))
  return Number(float.toFixed(decimals))
}

test('recorded charts without bars are of their class', { skip }, () => {
  for (const [file, expected] of Object.entries(NOT_BARS)) {
    const body = recorded(file)
    const answer = parseBars(body, 'ACME', plainChart(body).meta['dataGranularity']!)
    assert.equal(answer.ok ? 'ok' : answer.failure, expected, file)
  }
})

test('charts of months and quarters are never taken for days', { skip }, () => {
  for (const file of ['chart/chart-AAPL-1mo-splits.json', 'chart/history_chart_VFINX.json']) {
    for (const interval of yahoo.intervals) {
      const answer = parseBars(recorded(file), 'AAPL', interval)
      assert.equal(answer.ok ? 'ok' : answer.failure, 'malformed')
    }
  }
})

/** Events of a recording, whatever its bars are of. */
function actionsOf(file: string) {
  const body = recorded(file)
  const text = new TextDecoder().decode(body.bytes)
  const daily = text.replace(/"dataGranularity":\s*"\w+"/, '"dataGranularity":"1d"')
  const bytes = new TextEncoder().encode(daily)
  const answer = parseBars({ ...body, bytes }, 'ACME', '1d')
  assert.ok(answer.ok)
  return answer.actions!
}

test('recorded splits, dividends and capital gains are read by their own dates', { skip }, () => {
  const split = { day: Date.UTC(2020, 7, 31), newShares: 4, oldShares: 1 }
  // In a chart of months the event's key is 2020-08-01.
  assert.deepEqual(actionsOf('chart/chart-AAPL-1mo-splits.json').splits, [split])
  const autumn = actionsOf('chart/chart-AAPL-2020-08-31-to-2020-11-07.json')
  assert.deepEqual(autumn.splits, [split])
  assert.deepEqual(autumn.dividends, [
    { day: Date.UTC(2020, 10, 6), amount: 0.205, currency: null, kind: 'cash', basis: 'split' },
  ])
  // https://www.microsoft.com/en-us/investor/dividends-and-stock-history
  const msft = actionsOf('chart/historical-MSFT-dividends-2021-02-01-to-2022-01-31.json')
  assert.deepEqual(
    msft.dividends.map(({ day, amount }) => [formatDate(day), amount]),
    [
      ['2021-02-17', 0.56],
      ['2021-05-19', 0.56],
      ['2021-08-18', 0.56],
      ['2021-11-17', 0.62],
    ],
  )
  const fund = actionsOf('chart/history_chart_VFINX.json').dividends
  const gains = fund.filter(({ kind }) => kind === 'capital-gain')
  assert.equal(gains.length, 21)
  assert.deepEqual(
    gains.slice(-1).map(({ day, amount }) => [formatDate(day), amount]),
    [['1999-12-23', 0.54]],
  )
  // The dividend of that day is another payment, and stays.
  const sameDay = fund.filter(({ day }) => day === gains.at(-1)!.day)
  assert.deepEqual(sameDay.map(({ amount }) => amount).toSorted(), [0.41, 0.54])
})

test('recorded errors are of their class', { skip }, () => {
  const classes: Readonly<Record<string, [number, string]>> = {
    'error-400-invalid-interval.json': [400, 'bad-request'],
    'error-400-missing-symbols.json': [400, 'bad-request'],
    'error-400-data-doesnt-exist.json': [400, 'no-data'],
    'error-401-invalid-crumb.json': [401, 'outage'],
    'error-404-not-found-delisted.json': [404, 'unknown-symbol'],
    'error-422-1m-range-too-old.json': [422, 'no-data'],
    'error-429-edge-too-many-requests.txt': [429, 'minute'],
    'FAKE-page-404-with-json.json': [404, 'bad-request'],
    'FAKE-page-unknown-error.json': [404, 'bad-request'],
  }
  const known = filesIn('errors').filter((file) => file.slice('errors/'.length) in classes)
  assert.ok(known.length >= 7)
  for (const file of known) {
    const [status, expected] = classes[file.slice('errors/'.length)]!
    const body = recorded(file, status)
    const answers = [
      parseBars(body, 'ACME', '1d'),
      yahoo.parseQuote(body, 'ACME'),
      yahoo.parseOverview(body, 'ACME'),
      yahoo.parseSearch(body),
    ]
    for (const answer of answers) assert.equal(answer.ok ? 'ok' : answer.failure, expected, file)
  }
})

test('recorded quotes are read', { skip }, () => {
  const quotes: [string, string, (number | string | null)[]][] = [
    ['quote-AAPL', 'AAPL', [244.6, 241.07, 245.41, 241, 241.53, 40896227, '2025-02-14']],
    ['quote_v7_GS2C.DE', 'GS2C.DE', [19.948, 20.13, 20.15, 19.786, 20.08, 9179, '2025-10-29']],
    ['quote-EURUSD_X', 'EURUSD=X', [1.04899, 1.04943, 1.05086, 1.04745, 1.04954, 0, '2025-02-17']],
    ['quote-IDX-VXAPL', '^VXAPL', [23.77, null, null, null, 24.28, 0, '2025-02-14']],
    [
      'quote-0P000071W8.TO',
      '0P000071W8.TO',
      [152.63, null, null, null, 152.74, null, '2025-02-14'],
    ],
    [
      'FAKE-quote-marketState-REGULAR',
      'OCDO.L',
      [2621.46, 2664, 2677, 2620, 2651, 127760, '2021-02-16'],
    ],
    ['quote-TSLA-fields-symbol', 'TSLA', [355.84, null, null, null, null, null, '2025-02-14']],
  ]
  for (const [file, symbol, expected] of quotes) {
    const quote = yahoo.parseQuote(recorded(`quote/${file}.json`), symbol)
    assert.ok(quote.ok, file)
    const { price, open, high, low, previousClose, volume, sessionDay } = quote
    const read = [price, open, high, low, previousClose, volume, formatDate(sessionDay)]
    assert.deepEqual([quote.symbol, read], [symbol, expected])
  }
  for (const file of [
    'quote-SIMP',
    'quote-SIX',
    'quoteCombine-NONEXIST',
    'quote-AAPL220121C00025000',
  ]) {
    const quote = yahoo.parseQuote(recorded(`quote/${file}.json`), 'ACME')
    assert.equal(quote.ok ? 'ok' : quote.failure, 'unknown-symbol', file)
  }
  for (const file of ['quoteSummary-pageViews-aapl', 'validate-AAPL']) {
    const quote = yahoo.parseQuote(recorded(`quote/${file}.json`), 'AAPL')
    assert.equal(quote.ok ? 'ok' : quote.failure, 'malformed', file)
  }
})

test('recorded charts give a quote and an overview', { skip }, () => {
  const live = recorded('chart/history-aapl-2025-08-live.json')
  const quote = yahoo.parseQuote(live, 'AAPL')
  assert.ok(quote.ok)
  const { price, open, high, low, previousClose, volume, sessionDay } = quote
  // The close before a month of rows is not that of yesterday.
  assert.deepEqual(
    [price, open, high, low, previousClose, volume, formatDate(sessionDay)],
    [224.48, 226.28, 226.52, 223.78, null, 18043767, '2025-08-21'],
  )
  const hourly = yahoo.parseQuote(recorded('chart/chart-AAPL-1h-2022-09-02.json'), 'AAPL')
  assert.ok(hourly.ok && hourly.previousClose === 157.96 && hourly.price === 155.81)
  const overviews: [string, (string | null)[]][] = [
    ['chart-AAPL', ['Apple Inc.', 'stock', 'XNAS', 'USD']],
    ['chart-QQQ-2020-01-01-to-2020-01-03', ['Invesco QQQ Trust', 'etf', 'XNAS', 'USD']],
    ['chart-OCDO.L-2020-01-01-to-2020-01-03', ['Ocado Group plc', 'stock', 'XLON', 'GBp']],
    ['chart-NSEI-2022-07', [null, 'index', 'XNSE', 'INR']],
    ['chart-EURUSD_X-2020-01-01-to-2020-01-03', ['EUR/USD', 'currency', 'CCY', 'USD']],
    ['history_chart_VFINX', ['Vanguard 500 Index Fund', 'other', 'XNAS', 'USD']],
  ]
  for (const [file, expected] of overviews) {
    const body = recorded(`chart/${file}.json`)
    const overview = yahoo.parseOverview(body, plainChart(body).meta['symbol']!)
    assert.ok(overview.ok, file)
    const { name, kind, exchange, currency, metadata } = overview
    assert.deepEqual([name, kind, exchange, currency], expected)
    assert.equal(metadata['firstTradeDate'], plainChart(body).meta['firstTradeDate'])
  }
  const delisted = yahoo.parseOverview(recorded('chart/chart-CAPIO.ST-no-data.json'), 'CAPIO.ST')
  assert.equal(delisted.ok ? 'ok' : delisted.failure, 'unknown-symbol')
})

test('a recorded search is read, the best match first', { skip }, () => {
  const search = yahoo.parseSearch(recorded('search/search_v1_apple.json'))
  assert.ok(search.ok)
  assert.deepEqual(
    search.matches.map(({ symbol, score }) => [symbol, Math.round(score * 1000)]),
    // 39,332 is the best score; 20,043 is 0.510 of it.
    [
      ['AAPL', 1000],
      ['APLE', 510],
      ['AAPL.VI', 509],
      ['APC.F', 509],
      ['AAPL.BA', 509],
      ['AAPI', 509],
      ['APC.DE', 509],
    ],
  )
  const [first] = search.matches
  assert.deepEqual([first!.name, first!.kind, first!.region], ['Apple Inc.', 'Equity', 'NASDAQ'])
})
