/**
 * Daily bars of each vendor as its samples have them, for any symbol and up to any day, so that a series
 * can be begun with some of them and go on with the rest.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DAY_MS, formatDate, parseDay } from '../../src/domain/date.ts'

/** How a vendor's daily sample is served. */
export interface VendorAnswers {
  readonly id: string
  /** The days of its bars: the series has all but the last one before something goes wrong. */
  readonly days: readonly string[]
  /** Instants: the last bar but one is final and the last not begun; the last one is final. */
  readonly before: number
  readonly after: number
  /** The body for a call, with bars up to a day. */
  readonly bodyOf: (path: string, last: number) => Buffer
  /** The newest bar of a body alone, with no more around it than it needs. */
  readonly leanest: (body: Buffer) => Buffer
  /** How the close of the last bar stands in the body, with its key. */
  readonly lastClose: string
  /** Bodies with HTTP 200 that are no data, by what the vendor means with them. */
  readonly refusals: Readonly<Record<string, Buffer>>
}

type Json = Record<string, unknown>

function sample(id: string, file: string): Buffer {
  return readFileSync(join(import.meta.dirname, '../../src/providers', id, 'samples', file))
}

function samplesOf(id: string, files: readonly string[]): Record<string, Buffer> {
  return Object.fromEntries(files.map((file) => [file.replace(/\..*/, ''), sample(id, file)]))
}

/** Alpha Vantage tells the symbol in the query and has no days in it. */
function alphaVantageBody(path: string, last: number): Buffer {
  const symbol = new URL(path, 'http://localhost').searchParams.get('symbol')!
  const daily = JSON.parse(sample('alpha-vantage', 'daily.json').toString()) as {
    'Meta Data': Record<string, string>
    'Time Series (Daily)': Record<string, unknown>
  }
  daily['Meta Data']['2. Symbol'] = symbol
  const rows = Object.entries(daily['Time Series (Daily)'])
  daily['Time Series (Daily)'] = Object.fromEntries(rows.filter(([day]) => parseDay(day) <= last))
  return Buffer.from(JSON.stringify(daily))
}

/** Some values of a document, under their keys. */
function pick(from: Json, keys: readonly string[]): Json {
  return Object.fromEntries(keys.map((key) => [key, from[key]]))
}

function leanAlphaVantage(body: Buffer): Buffer {
  const daily = JSON.parse(body.toString()) as Record<string, Json>
  const [newest] = Object.entries(daily['Time Series (Daily)']!)
  const meta = pick(daily['Meta Data']!, ['2. Symbol', '5. Time Zone'])
  const lean = { 'Meta Data': meta, 'Time Series (Daily)': Object.fromEntries([newest!]) }
  return Buffer.from(JSON.stringify(lean))
}

function leanPolygon(body: Buffer): Buffer {
  const document = JSON.parse(body.toString()) as Json
  const keys = ['ticker', 'queryCount', 'resultsCount', 'adjusted', 'results', 'status']
  return Buffer.from(JSON.stringify(pick(document, keys)))
}

function leanYahoo(body: Buffer): Buffer {
  const { chart } = JSON.parse(body.toString()) as { chart: { result: Chart[] } }
  const { meta, timestamp, indicators } = chart.result[0]!
  const quote = Object.entries(indicators['quote']![0]!)
  const result = {
    meta: pick(meta, [
      'currency',
      'symbol',
      'regularMarketTime',
      'gmtoffset',
      'exchangeTimezoneName',
      'dataGranularity',
    ]),
    timestamp: timestamp.slice(-1),
    indicators: {
      quote: [Object.fromEntries(quote.map(([name, column]) => [name, column.slice(-1)]))],
    },
  }
  return Buffer.from(JSON.stringify({ chart: { result: [result], error: null } }))
}

/** `/v2/aggs/ticker/SYMBOL/range/1/day/FROM/TO`, both days included. */
function polygonBody(path: string, last: number): Buffer {
  const parts = new URL(path, 'http://localhost').pathname.split('/')
  // Where a redirect led.
  if (parts[9] === undefined) return Buffer.from('{}')
  const daily = JSON.parse(sample('polygon', 'daily.json').toString()) as Json & {
    results: { t: number }[]
  }
  const until = Math.min(last, parseDay(parts[9]!)) + DAY_MS
  // A bar is labelled with the midnight of New York that begins its day.
  const results = daily.results.filter(({ t }) => t >= parseDay(parts[8]!) && t < until)
  const counts = { queryCount: results.length, resultsCount: results.length }
  return Buffer.from(JSON.stringify({ ...daily, ...counts, ticker: parts[4], results }))
}

interface Chart {
  meta: Json
  timestamp: number[]
  events?: Json
  indicators: Record<string, Record<string, number[]>[]>
}

/** `/v8/finance/chart/SYMBOL?period1&period2`, in seconds. */
function yahooBody(path: string, last: number): Buffer {
  const url = new URL(path, 'http://localhost')
  const document = JSON.parse(sample('yahoo', 'daily.json').toString()) as {
    chart: { result: Chart[] }
  }
  const [result] = document.chart.result
  const { meta, timestamp, indicators } = result!
  const [from, until] = ['period1', 'period2'].map((name) => Number(url.searchParams.get(name)))
  const kept = timestamp.flatMap((second, at) =>
    second >= from! && second <= until! && second * 1000 < last + DAY_MS ? [at] : [],
  )
  const keep = (column: number[]) => kept.map((at) => column[at]!)
  for (const tables of Object.values(indicators)) {
    for (const table of tables) {
      for (const [name, column] of Object.entries(table)) table[name] = keep(column)
    }
  }
  result!.timestamp = keep(timestamp)
  // The split of the sample would have the series fetched again whole.
  delete result!.events
  meta['symbol'] = url.pathname.split('/').at(-1)
  meta['regularMarketTime'] = Date.parse(`${formatDate(last)}T21:00:00Z`) / 1000
  return Buffer.from(JSON.stringify(document))
}

/** The three vendors. 2024-03-08 is a Friday, and the US is on summer time from the 10th on. */
export const VENDOR_ANSWERS: readonly VendorAnswers[] = [
  {
    id: 'alpha-vantage',
    days: ['2024-03-07', '2024-03-08', '2024-03-11'],
    before: Date.parse('2024-03-09T12:00Z'),
    after: Date.parse('2024-03-12T11:00Z'),
    bodyOf: alphaVantageBody,
    leanest: leanAlphaVantage,
    lastClose: '"4. close":"41.3000"',
    refusals: samplesOf('alpha-vantage', [
      'refused-burst.json',
      'refused-minute.json',
      'refused-day.json',
      'refused-plan.json',
      'refused-key.json',
      'refused-call.json',
      'empty-object.json',
      'page.html',
    ]),
  },
  {
    id: 'polygon',
    days: ['2024-03-08', '2024-03-11', '2024-03-12'],
    before: Date.parse('2024-03-12T15:30Z'),
    after: Date.parse('2024-03-13T15:30Z'),
    bodyOf: polygonBody,
    leanest: leanPolygon,
    lastClose: '"c":50.75',
    refusals: samplesOf('polygon', [
      'refused-minute.json',
      'refused-plan.json',
      'refused-key.json',
      'refused-call.json',
      'empty.json',
      'empty-null.json',
      'lost-results.json',
      'page.html',
    ]),
  },
  {
    id: 'yahoo',
    days: ['2024-03-07', '2024-03-08', '2024-03-11'],
    before: Date.parse('2024-03-09T12:00Z'),
    after: Date.parse('2024-03-12T11:00Z'),
    bodyOf: yahooBody,
    leanest: leanYahoo,
    lastClose: '50.900001525878906]',
    refusals: samplesOf('yahoo', [
      'refused-rate.txt',
      'refused-crumb.json',
      'refused-symbol.json',
      'refused-interval.json',
      'refused-gap.json',
      'empty.json',
      'failed.json',
      'page.html',
    ]),
  },
]
