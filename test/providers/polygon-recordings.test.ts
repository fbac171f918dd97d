/**
 * Polygon: recorded answers, read a second time by plain means and compared value for value. The
 * recordings are not part of the project; STOCKYARD_RECORDINGS names their folder.
 */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { getCalendar } from '../../src/domain/calendar/registry.ts'
import type { Interval } from '../../src/domain/interval.ts'
import { parseActions, requestActions } from '../../src/providers/polygon/actions.ts'
import { parseGrouped } from '../../src/providers/polygon/grouped.ts'
import { polygon } from '../../src/providers/polygon/index.ts'
import { parseListing, requestListing } from '../../src/providers/polygon/listing.ts'
import { parseMarketNow, parseMarketUpcoming } from '../../src/providers/polygon/market-status.ts'
import type { VendorBody } from '../../src/providers/provider.ts'

const folder = join(process.env['STOCKYARD_RECORDINGS'] ?? '', 'polygon')
const isThere = process.env['STOCKYARD_RECORDINGS'] !== undefined && existsSync(folder)
const skip = isThere ? false : 'STOCKYARD_RECORDINGS does not name the folder of recordings'
const calendar = getCalendar('XNYS')
const newYork = new Intl.DateTimeFormat('sv-SE', { timeZone: 'America/New_York' })

/** Recordings whose names begin with a text, and their twins inside of recorded HTTP exchanges. */
function recordings(start: string): { file: string; text: string; status: number }[] {
  if (!isThere) return []
  const plain = readdirSync(folder)
    .filter((file) => file.startsWith(start) && file.endsWith('.json'))
    .map((file) => ({ file, text: readFileSync(join(folder, file), 'utf8'), status: 200 }))
  const exchanges = existsSync(join(folder, 'vcr')) ? readdirSync(join(folder, 'vcr')) : []
  const recorded = exchanges
    .filter((file) => file.startsWith(start))
    .map((file) => ({ file: `vcr/${file}`, ...exchangeOf(join(folder, 'vcr', file)) }))
  return [...plain, ...recorded]
}

/** The body in a recorded exchange: one quoted YAML scalar over several lines. */
function exchangeOf(path: string): { text: string; status: number } {
  const yaml = readFileSync(path, 'utf8')
  const [, response] = yaml.split(/^ {2}response:$/m)
  const quoted = /^ {6}string: '((?:[^']|'')*)'$/m.exec(response!)![1]!
  // A line break in a quoted scalar is a space, and a doubled quote is one.
  const text = quoted.replaceAll(/\n\s+/g, ' ').replaceAll("''", "'")
  return { text, status: Number(/code: (\d+)/.exec(response!)![1]) }
}

function bodyOf(text: string, status = 200): VendorBody {
  return { status, bytes: new TextEncoder().encode(text), contentType: 'application/json' }
}

interface PlainRow {
  readonly T?: string
  readonly t: number
  readonly o: number
  readonly h: number
  readonly l: number
  readonly c: number
  readonly v: number
  readonly vw?: number
  readonly n?: number
}

interface PlainAnswer {
  readonly ticker?: string
  readonly results?: readonly PlainRow[] | null
  readonly next_url?: string
  readonly status?: string
}

function intervalOf(file: string): Interval {
  const spelt = /-1(min|hour|day)-/.exec(file)?.[1]
  return spelt === 'min' ? '1m' : spelt === 'hour' ? '1h' : '1d'
}

function parseBars(text: string, symbol: string, interval: Interval) {
  const call = { path: '', params: {} }
  return polygon.parseBars(
    bodyOf(text),
    { request: call, symbol, interval, asked: null, covers: null, fallback: null },
    { calendar, receivedAt: 0 },
  )
}

const days = (text: string): number => Date.parse(`${text}T00:00Z`)

test('there are recordings of bars, quotes and lists', { skip }, () => {
  for (const start of ['aggs-', 'aggs-prev', 'reference-', 'error-', 'marketstatus-', 'ticker-']) {
    assert.ok(recordings(start).length > 0, start)
  }
})

for (const { file, text } of recordings('aggs-').filter(
  ({ file: name }) => !/prev|grouped/.test(name),
)) {
  test(`reads ${file} as a plain reader does`, () => {
    const plain = JSON.parse(text) as PlainAnswer
    const interval = intervalOf(file)
    const rows = (plain.results ?? []).toSorted((a, b) => a.t - b.t)
    const answer = parseBars(text, plain.ticker ?? 'AAPL', interval)
    if (rows.length === 0) {
      assert.ok(!answer.ok && answer.failure === 'no-data')
      return
    }
    assert.ok(answer.ok, JSON.stringify(answer))
    const { batch } = answer
    assert.equal(batch.length + answer.unreadable.length, rows.length)
    const carried = rows.filter(({ v, vw, n }) => v === 0 && vw === undefined && n === undefined)
    assert.equal(answer.unreadable.length, carried.length)
    for (const [i, row] of rows.filter((each) => !carried.includes(each)).entries()) {
      assert.equal(batch.ts[i], interval === '1d' ? days(newYork.format(row.t)) : row.t)
      assert.deepEqual(
        [batch.open[i], batch.high[i], batch.low[i], batch.close[i], batch.volume[i]],
        [row.o, row.h, row.l, row.c, row.v],
      )
      assert.deepEqual(
        [batch.vwap[i], batch.trades[i]],
        [row.vw ?? Number.NaN, row.n ?? Number.NaN],
      )
      assert.deepEqual(JSON.parse(answer.rawAt(i)), row)
    }
    assert.equal(answer.next !== undefined, plain.next_url !== undefined)
  })
}

test('reads the days of a change of clocks, and of New York in winter', { skip }, () => {
  const [recording] = recordings('aggs-AAPL-1day-2005-04-DST')
  const answer = parseBars(recording!.text, 'AAPL', '1d')
  assert.ok(answer.ok)
  // A Friday and a Monday; the clocks went forward between them.
  assert.deepEqual([...answer.batch.ts], [days('2005-04-01'), days('2005-04-04')])
})

test('goes on where a recorded page says that it ends', { skip }, () => {
  const [recording] = recordings('aggs-AAPL-1min-2023-07-31-premarket-next-url')
  const range = { from: days('2023-07-31'), until: days('2023-08-01') }
  const now = days('2023-08-02')
  const [call] = polygon.planBars({ symbol: 'AAPL', interval: '1m', ...range, now, calendar })
  const answer = polygon.parseBars(bodyOf(recording!.text), call!, { calendar, receivedAt: now })
  assert.ok(answer.ok)
  assert.deepEqual(answer.next?.request, {
    path: '/v2/aggs/ticker/AAPL/range/1/minute/1690791480000/2023-07-31',
    params: { cursor: 'bGltaXQ9MTAmc29ydD1hc2M', adjusted: 'false' },
    keyHeader: { name: 'Authorization', prefix: 'Bearer ' },
  })
})

for (const { file, text } of recordings('aggs-prev')) {
  test(`reads ${file} as a quote`, () => {
    const row = (JSON.parse(text) as PlainAnswer).results![0]!
    const quote = polygon.parseQuote(bodyOf(text), row.T!)
    assert.deepEqual(quote, {
      ok: true,
      symbol: row.T,
      price: row.c,
      open: row.o,
      high: row.h,
      low: row.l,
      previousClose: null,
      volume: row.v,
      sessionDay: days(newYork.format(row.t)),
    })
  })
}

for (const { file, text } of recordings('open-close').concat(recordings('snapshot-ticker'))) {
  test(`reads ${file} as a quote`, () => {
    const quote = polygon.parseQuote(bodyOf(text), 'AAPL')
    assert.ok(quote.ok, JSON.stringify(quote))
    const day = /(\d{4}-\d\d-\d\d)/.exec(text)?.[1] ?? /(\d{4}-\d\d-\d\d)/.exec(file)![1]!
    assert.equal(quote.sessionDay, days(day))
    const close = /"(?:close|c)": ?([\d.]+)/.exec(text)![1]!
    assert.equal(quote.price, Number(close))
  })
}

for (const { file, text } of recordings('aggs-grouped')) {
  test(`reads ${file} as the bars of a market`, () => {
    const rows = (JSON.parse(text) as PlainAnswer).results!
    const day = days(newYork.format(rows[0]!.t))
    const answer = parseGrouped(bodyOf(text), day, calendar)
    assert.ok(answer.ok, JSON.stringify(answer))
    const traded = rows.filter(({ v, vw, n }) => v !== 0 || vw !== undefined || n !== undefined)
    assert.deepEqual(
      answer.tickers,
      traded.map((row) => row.T),
    )
    assert.equal(answer.unreadable.length, rows.length - traded.length)
    for (const [i, row] of traded.entries()) {
      assert.equal(answer.batch.ts[i], day)
      assert.deepEqual([answer.batch.close[i], answer.batch.volume[i]], [row.c, row.v])
    }
  })
}

test('reads recorded details of today and of 2020', { skip }, () => {
  const [today] = recordings('reference-ticker-details')
  const details = polygon.parseOverview(bodyOf(today!.text), 'AAPL')
  assert.ok(details.ok)
  assert.equal(details.name, 'Apple Inc.')
  assert.deepEqual(
    [details.symbol, details.kind, details.exchange, details.currency, details.industry],
    ['AAPL', 'stock', 'XNAS', 'USD', 'ELECTRONIC COMPUTERS'],
  )
  assert.equal(details.metadata['list_date'], '1980-12-12')
  for (const { text } of recordings('ticker-details-v1')) {
    const old = polygon.parseOverview(bodyOf(text), 'AAPL')
    assert.ok(old.ok)
    assert.deepEqual(
      [old.name, old.kind, old.exchange, old.sector, old.industry],
      ['Apple Inc.', 'stock', 'XNAS', 'Technology', 'Computer Hardware'],
    )
  }
})

for (const { file, text } of recordings('reference-tickers')) {
  test(`reads ${file} as a list and as a search`, () => {
    interface Row {
      readonly ticker: string
      readonly name?: string
      readonly currency?: string
      readonly currency_name?: string
    }
    const plain = JSON.parse(text) as Record<string, Row[]>
    const rows = plain['results'] ?? plain['tickers']!
    const answer = parseListing(bodyOf(text), requestListing(true))
    assert.ok(answer.ok, JSON.stringify(answer))
    assert.deepEqual(answer.unreadable, [])
    assert.deepEqual(
      answer.listings.map(({ ticker, name, currency }) => [ticker, name, currency]),
      rows.map((row) => [
        row.ticker,
        row.name ?? null,
        (row.currency_name ?? row.currency)?.toUpperCase() ?? null,
      ]),
    )
    assert.equal(answer.next !== undefined, 'next_url' in plain)
    const search = polygon.parseSearch(bodyOf(text))
    assert.equal(search.ok && search.matches.length, rows.length)
  })
}

test('reads every split and dividend of the recordings once', { skip }, () => {
  const [splitsCall, dividendsCall] = requestActions('AAPL')
  for (const { file, text } of recordings('reference-splits').concat(
    recordings('reference-dividends'),
  )) {
    const rows = (JSON.parse(text) as { results: Record<string, unknown>[] }).results
    const isSplits = file.includes('splits')
    const call = isSplits ? splitsCall! : dividendsCall!
    for (const ticker of new Set(rows.map((row) => String(row['ticker'])))) {
      const answer = parseActions(bodyOf(text), call, ticker)
      assert.ok(answer.ok, file)
      const own = rows.filter((row) => row['ticker'] === ticker)
      const again = answer.unreadable.filter(({ rule }) => rule === 'duplicate')
      const found = isSplits ? answer.splits : answer.dividends
      assert.equal(found.length + again.length, own.length, `${ticker} in ${file}`)
      for (const { day } of found) {
        const date = new Date(day).toISOString().slice(0, 10)
        const dates = own.map((row) => row['execution_date'] ?? row['ex_dividend_date'])
        assert.ok(
          dates.includes(date) || own.some((row) => row['exDate'] === date),
          `${ticker} ${date}`,
        )
      }
    }
  }
})

test('takes the later day of a recorded split that was moved', { skip }, () => {
  const [recording] = recordings('reference-splits-v3-2022')
  const answer = parseActions(bodyOf(recording!.text), requestActions('SHOP')[0]!, 'SHOP')
  assert.ok(answer.ok)
  // Shopify split 10 for 1 on 2022-06-29.
  assert.deepEqual(answer.splits, [{ day: days('2022-06-29'), newShares: 10, oldShares: 1 }])
  const refused = answer.unreadable.find(({ rule }) => rule === 'duplicate')
  assert.match(refused!.raw, /2022-06-22/)
})

for (const { file, text } of recordings('marketstatus-')) {
  test(`reads ${file}`, () => {
    if (file.includes('now')) {
      const plain = JSON.parse(text) as { market: string; serverTime: string; exchanges: object }
      const answer = parseMarketNow(bodyOf(text))
      assert.ok(answer.ok)
      assert.equal(answer.market, plain.market)
      assert.equal(answer.serverTime, Date.parse(plain.serverTime))
      assert.deepEqual(answer.exchanges, plain.exchanges)
      return
    }
    const plain = JSON.parse(text) as { date: string; status: string; close?: string }[]
    const answer = parseMarketUpcoming(bodyOf(text))
    assert.ok(answer.ok)
    assert.deepEqual(answer.unreadable, [])
    assert.equal(answer.days.length, plain.length)
    const early = plain.filter(({ status }) => status === 'early-close')
    assert.deepEqual(
      new Set(answer.days.filter(({ close }) => close !== null).map(({ close }) => close)),
      new Set(early.map(({ close }) => Date.parse(close!))),
    )
  })
}

/** What each recorded refusal means, by its file and the status that it came with. */
const REFUSALS: Readonly<Record<string, [number, string]>> = {
  'error-401-unknown-api-key.json': [401, 'key'],
  'error-403-not-authorized-timeframe.json': [403, 'entitlement'],
  'error-429-rate-limit.json': [429, 'minute'],
  'error-not-found-open-close.json': [404, 'no-data'],
}

for (const { file, text } of recordings('error-')) {
  test(`reads ${file} as a refusal, whatever status it comes with`, () => {
    const [status, failure] = REFUSALS[file] ?? [400, null]
    const call = { path: '', params: {} }
    const request = { request: call, symbol: 'AAPL', interval: '1d' as const }
    const whole = { ...request, asked: null, covers: null, fallback: null }
    for (const each of [status, 200]) {
      const answer = polygon.parseBars(bodyOf(text, each), whole, { calendar, receivedAt: 0 })
      assert.ok(!answer.ok && answer.failure !== 'malformed')
      if (failure !== null) assert.equal(answer.failure, failure)
    }
  })
}
