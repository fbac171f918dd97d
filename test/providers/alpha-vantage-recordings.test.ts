/**
 * Alpha Vantage: recorded answers, read row by row a second time by plain means and compared digit for
 * digit. The recordings are not part of the project; STOCKYARD_RECORDINGS names their folder.
 */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { getCalendar } from '../../src/domain/calendar/registry.ts'
import type { Interval } from '../../src/domain/interval.ts'
import { alphaVantage } from '../../src/providers/alpha-vantage/index.ts'
import type { VendorBody } from '../../src/providers/provider.ts'

const folder = join(process.env['STOCKYARD_RECORDINGS'] ?? '', 'alpha-vantage')
const isThere = process.env['STOCKYARD_RECORDINGS'] !== undefined && existsSync(folder)
const skip = isThere ? false : 'STOCKYARD_RECORDINGS does not name the folder of recordings'
const files = isThere ? readdirSync(folder).toSorted() : []
const calendar = getCalendar('XNYS')

interface PlainRow {
  readonly label: string
  /** Open, high, low, close and volume as they are written. */
  readonly values: readonly string[]
}

const INTRADAY: Readonly<Record<string, Interval>> = {
  '1min': '1m',
  '5min': '5m',
  '15min': '15m',
  '30min': '30m',
  '60min': '1h',
}
const LENGTH_MIN: Partial<Record<Interval, number>> = {
  '1m': 1,
  '5m': 5,
  '15m': 15,
  '30m': 30,
  '1h': 60,
}

function bodyOf(file: string): VendorBody {
  return { status: 200, bytes: new Uint8Array(readFileSync(join(folder, file))), contentType: '' }
}

function parseBars(file: string, interval: Interval, symbol = 'IBM') {
  const request = {
    request: { path: '', params: {} },
    symbol,
    interval,
    asked: null,
    covers: null,
    fallback: null,
  }
  return alphaVantage.parseBars(bodyOf(file), request, { calendar, receivedAt: 0 })
}

function intervalOf(file: string): Interval {
  const spelling = /^intraday.*?-(\d+min)-/.exec(file)?.[1]
  if (spelling !== undefined) return INTRADAY[spelling]!
  if (file.startsWith('weekly')) return '1wk'
  return file.startsWith('monthly') ? '1mo' : '1d'
}

/** The rows of a recorded series by ascending label, and its symbol. */
function plainRows(file: string): { rows: PlainRow[]; symbol: string | null } {
  const text = readFileSync(join(folder, file), 'utf8').replace(/^\uFEFF/, '')
  const rows: PlainRow[] = []
  if (file.endsWith('.csv')) {
    const [header, ...lines] = text.trim().split(/\r?\n/)
    const columns = header!.split(',')
    for (const line of lines) {
      const cells = line.split(',')
      const values = ['open', 'high', 'low', 'close', 'volume'].map(
        (name) => cells[columns.indexOf(name)]!,
      )
      rows.push({ label: cells[0]!, values })
    }
    return { rows: rows.toReversed(), symbol: null }
  }
  const document = JSON.parse(text) as Record<string, Record<string, unknown>>
  const name = Object.keys(document).find((key) => key.includes('Time Series'))!
  for (const [label, row] of Object.entries(
    document[name] as Record<string, Record<string, string>>,
  )) {
    const byName = new Map(Object.entries(row).map(([key, value]) => [key.slice(3), value]))
    const values = ['open', 'high', 'low', 'close', 'volume'].map((field) => byName.get(field)!)
    rows.push({ label, values })
  }
  return { rows: rows.toReversed(), symbol: document['Meta Data']!['2. Symbol'] as string }
}

const newYork = new Intl.DateTimeFormat('sv-SE', {
  timeZone: 'America/New_York',
  dateStyle: 'short',
  timeStyle: 'medium',
})

/** The key that a label must get, in words: local time of the start, or the first day of the period. */
function expectedKey(label: string, interval: Interval, shiftMin: number): string {
  const wall = new Date(`${label.slice(0, 10)}T${label.slice(11) || '00:00:00'}Z`)
  if (LENGTH_MIN[interval] !== undefined) wall.setUTCMinutes(wall.getUTCMinutes() - shiftMin)
  if (interval === '1wk') wall.setUTCDate(wall.getUTCDate() - ((wall.getUTCDay() + 6) % 7))
  if (interval === '1mo') wall.setUTCDate(1)
  return wall.toISOString().slice(0, 19).replace('T', ' ')
}

function actualKey(ts: number, interval: Interval): string {
  if (LENGTH_MIN[interval] !== undefined) return newYork.format(ts)
  return new Date(ts).toISOString().slice(0, 19).replace('T', ' ')
}

/** Recordings whose labels are ends: see 20:00 in them. */
const END_LABELLED =
  /intraday-5min-IBM-full-2022|intraday-extended-1min|intraday-5min-MSFT-full-2019/
const SERIES = /^(?:intraday|daily|weekly|monthly)-/

test('every row of every recorded series is read, digit for digit', { skip }, (t) => {
  const series = files.filter((file) => SERIES.test(file))
  assert.ok(series.length >= 15, `${series.length} series`)
  let count = 0
  for (const file of series) {
    const interval = intervalOf(file)
    const { rows, symbol } = plainRows(file)
    const answer = parseBars(file, interval, symbol ?? 'IBM')
    assert.ok(answer.ok, file)
    assert.equal(answer.symbol, symbol, file)
    assert.equal(answer.unreadable.length, 0, file)
    assert.equal(answer.batch.length, rows.length, file)
    const isEnd = END_LABELLED.test(file)
    const notes = isEnd ? [`labels are bar ends: shifted back by ${interval}`] : []
    assert.deepEqual(answer.notes, notes, file)
    const { open, high, low, close, volume, ts } = answer.batch
    rows.forEach(({ label, values }, i) => {
      const key = expectedKey(label, interval, isEnd ? LENGTH_MIN[interval]! : 0)
      assert.equal(actualKey(ts[i]!, interval), key, `${file} ${label}`)
      const read = [open[i], high[i], low[i], close[i], volume[i]]
      assert.deepEqual(read, values.map(Number), `${file} ${label}`)
      const raw = answer.rawAt(i)
      assert.ok(raw.includes(label) && values.every((value) => raw.includes(value)), raw)
    })
    count += rows.length
  }
  t.diagnostic(`${series.length} recordings, ${count} rows`)
})

test('recorded refusals are of their class', { skip }, () => {
  const classes: Readonly<Record<string, string>> = {
    'error-note-5-per-minute.json': 'minute',
    'error-information-25-per-day.json': 'day',
    'error-information-daily-limit-key-echo-2026.json': 'day',
    'error-information-burst-1-per-second-2026.json': 'burst',
    'error-information-premium-endpoint-2022.json': 'entitlement',
    'error-information-demo-key.json': 'key',
    'error-information-call-volume-2018.json': 'minute',
    'error-message-invalid-api-call.json': 'bad-request',
    'error-message-apikey-missing.json': 'key',
    'empty-object.json': 'no-data',
    'realtime-bulk-quotes-premium-sample.json': 'entitlement',
  }
  const known = files.filter((file) => file in classes)
  assert.ok(known.length >= 6)
  for (const file of known) {
    const answer = parseBars(file, '1d')
    assert.equal(answer.ok ? 'ok' : answer.failure, classes[file], file)
    assert.equal(alphaVantage.parseQuote(bodyOf(file), 'IBM').ok, false)
    assert.equal(alphaVantage.parseSearch(bodyOf(file)).ok, false)
  }
})

test('recorded answers of other functions are never taken for bars', { skip }, () => {
  const others = files.filter((file) => !SERIES.test(file))
  assert.ok(others.length >= 15)
  for (const file of others) {
    for (const interval of alphaVantage.intervals) {
      assert.equal(parseBars(file, interval).ok, false, `${file} as ${interval}`)
    }
  }
})

test('recorded quotes, overviews and searches are read', { skip }, () => {
  const quotes: [string, number, number, string][] = [
    ['global-quote-IBM-2022-06-09.json', 137.96, 3587161, '2022-06-09'],
    ['global-quote-IBM-2026-05-15.csv', 219.3, 6154450, '2026-05-15'],
    ['global-quote-IBM-midsession-2020-05-08.json', 121.74, 2528814, '2020-05-08'],
  ]
  for (const [file, price, volume, date] of quotes) {
    const quote = alphaVantage.parseQuote(bodyOf(file), 'IBM')
    assert.ok(quote.ok)
    assert.deepEqual([quote.price, quote.volume], [price, volume])
    assert.equal(quote.sessionDay, Date.parse(date))
  }
  for (const file of files.filter((name) => name.startsWith('overview'))) {
    const overview = alphaVantage.parseOverview(bodyOf(file), 'IBM')
    assert.ok(overview.ok && overview.exchange === 'XNYS' && overview.kind === 'stock', file)
    assert.equal(overview.sector, 'TECHNOLOGY')
  }
  const searches: [string, number, string][] = [
    ['symbol-search-BA.json', 10, 'BA'],
    ['symbol-search-ibm-2021.json', 10, 'IBM'],
    ['symbol-search-tesco-2026.csv', 5, 'TSCO.LON'],
  ]
  for (const [file, count, first] of searches) {
    const search = alphaVantage.parseSearch(bodyOf(file))
    assert.ok(search.ok && search.matches.length === count && search.matches[0]!.symbol === first)
  }
})
