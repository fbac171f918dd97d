/** Polygon: quotes, details, lists, whole markets and market hours; and no reader ever throws. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { getCalendar } from '../../src/domain/calendar/registry.ts'
import { parseActions, requestActions } from '../../src/providers/polygon/actions.ts'
import { parseGrouped, requestGrouped } from '../../src/providers/polygon/grouped.ts'
import { polygon } from '../../src/providers/polygon/index.ts'
import { parseListing, requestListing } from '../../src/providers/polygon/listing.ts'
import {
  parseMarketNow,
  parseMarketUpcoming,
  requestMarketNow,
  requestMarketUpcoming,
} from '../../src/providers/polygon/market-status.ts'
import type { VendorBody } from '../../src/providers/provider.ts'

const calendar = getCalendar('XNYS')
const day = (text: string): number => Date.parse(`${text}T00:00Z`)

function bodyOf(value: unknown, status = 200): VendorBody {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return { status, bytes: new TextEncoder().encode(text), contentType: 'application/json' }
}

const keyHeader = { name: 'Authorization', prefix: 'Bearer ' }

const previous = (row: object) => ({ ticker: 'ACME', resultsCount: 1, results: [row] })

describe('a quote', () => {
  test('is asked for as the raw bar of the session before', () => {
    assert.deepEqual(polygon.requestQuote('BRK-B'), {
      path: '/v2/aggs/ticker/BRK.B/prev',
      params: { adjusted: 'false' },
      keyHeader,
    })
  })

  const row = { T: 'ACME', v: 10, o: 1, c: 2, h: 3, l: 0.5, t: Date.parse('2024-03-12T20:00Z') }

  test('belongs to the session of its label, and to the ticker that it names', () => {
    const quote = polygon.parseQuote(bodyOf(previous(row)), 'ACME')
    assert.ok(quote.ok)
    assert.deepEqual([quote.symbol, quote.sessionDay, quote.price], ['ACME', day('2024-03-12'), 2])
    const other = polygon.parseQuote(bodyOf(previous({ ...row, T: 'ACMEw' })), 'ACME')
    assert.equal(other.ok && other.symbol, 'ACMEw')
  })

  test('without a price, a time or a ticker is refused', () => {
    const odd = [
      { ...row, c: 0 },
      { ...row, c: '2' },
      { ...row, t: null },
      { ...row, t: 1e300 },
      { ...row, T: '' },
      7,
    ]
    for (const each of odd) {
      const answer = polygon.parseQuote(bodyOf({ results: [each] }), 'ACME')
      assert.ok(!answer.ok && answer.failure === 'malformed', JSON.stringify(each))
    }
    const none = polygon.parseQuote(bodyOf({ status: 'OK', resultsCount: 0 }), 'ACME')
    assert.ok(!none.ok && none.failure === 'no-data')
    const other = polygon.parseQuote(bodyOf({ status: 'OK' }), 'ACME')
    assert.ok(!other.ok && other.failure === 'malformed')
  })

  test('of a snapshot before the first trade of a day is the last trade', () => {
    const zeros = { o: 0, h: 0, l: 0, c: 0, v: 0, vw: 0 }
    const ticker = {
      ticker: 'ACME',
      day: zeros,
      lastTrade: { p: 49.9 },
      prevDay: { ...zeros, c: 50 },
      updated: Date.parse('2024-03-12T08:30Z') * 1e6,
    }
    const quote = polygon.parseQuote(bodyOf({ status: 'OK', ticker }), 'ACME')
    assert.ok(quote.ok)
    assert.deepEqual(
      [quote.price, quote.open, quote.volume, quote.previousClose, quote.sessionDay],
      [49.9, null, null, 50, day('2024-03-12')],
    )
  })
})

describe('a list of tickers', () => {
  test('is asked for by a thousand, in order, and as of a day', () => {
    assert.deepEqual(requestListing(false, '2020-01-02'), {
      path: '/v3/reference/tickers',
      params: {
        market: 'stocks',
        active: 'false',
        order: 'asc',
        sort: 'ticker',
        date: '2020-01-02',
        limit: '1000',
      },
      keyHeader,
    })
    assert.equal(polygon.requestSearch('anvils').params['search'], 'anvils')
  })

  test('says what each is, since when no more, and refuses rows without a ticker', () => {
    const rows = [
      { ticker: 'ACME', name: 'Acme', type: 'CS', market: 'stocks', primary_exchange: 'XNYS' },
      { ticker: 'ACME.WS', type: 'WARRANT', active: false, delisted_utc: '2023-04-05T00:00:00Z' },
      { ticker: 'ANV', type: 'ETF', currency_name: 'usd' },
      { ticker: 'I:ANV', market: 'indices' },
      { ticker: 'C:EURUSD', market: 'fx', currency_name: 'United States dollar' },
      { name: 'nobody' },
    ]
    const answer = parseListing(bodyOf({ results: rows, status: 'OK' }), requestListing(true))
    assert.ok(answer.ok)
    assert.deepEqual(
      answer.listings.map(({ kind }) => kind),
      ['stock', 'other', 'etf', 'index', 'currency'],
    )
    const [first, warrant, fund, , pair] = answer.listings
    assert.deepEqual([first!.exchange, first!.active, first!.currency], ['XNYS', true, null])
    assert.deepEqual([warrant!.active, warrant!.delistedDay], [false, day('2023-04-05')])
    assert.deepEqual([fund!.currency, pair!.currency], ['USD', 'United States dollar'])
    assert.deepEqual(
      answer.unreadable.map(({ rule, raw }) => [rule, raw]),
      [['fields', '{"name":"nobody"}']],
    )
    assert.ok(!polygon.parseSearch(bodyOf({ results: rows })).ok)
  })

  test('may be empty, in either shape, and a refusal is none', () => {
    for (const body of [
      { results: [], count: 0 },
      { status: 'OK', count: 0 },
    ]) {
      const answer = polygon.parseSearch(bodyOf(body))
      assert.deepEqual(answer.ok && answer.matches, [])
    }
    assert.ok(!polygon.parseSearch(bodyOf({ status: 'ERROR', error: 'Unknown API Key' }, 401)).ok)
    assert.ok(!polygon.parseSearch(bodyOf('{}')).ok)
  })

  test('has no details of a ticker that does not exist', () => {
    const missing = { status: 'NOT_FOUND', message: 'Not found.' }
    const answer = polygon.parseOverview(bodyOf(missing, 404), 'NOPE')
    assert.ok(!answer.ok && answer.failure === 'unknown-symbol')
    const empty = polygon.parseOverview(bodyOf({ status: 'OK' }), 'NOPE')
    assert.ok(!empty.ok && empty.failure === 'malformed')
  })
})

describe('the whole market', () => {
  const DAY = day('2019-02-01')
  const row = { T: 'ACME', v: 10, vw: 1.5, o: 1, c: 2, h: 3, l: 0.5, t: 1_549_054_800_000, n: 4 }

  test('of a day is one call for raw bars', () => {
    assert.deepEqual(requestGrouped(DAY), {
      path: '/v2/aggs/grouped/locale/us/market/stocks/2019-02-01',
      params: { adjusted: 'false', include_otc: 'false' },
      keyHeader,
    })
  })

  test('has a bar a ticker, and refuses what was not traded or is of another day', () => {
    const results = [
      row,
      { T: 'IDLE', v: 0, o: 1, c: 1, h: 1, l: 1, t: row.t },
      { ...row, T: 'LATE', t: row.t + 86_400_000 },
      { ...row, T: 'PEBpE' },
      { ...row, c: 9 },
      { ...row, T: undefined },
    ]
    const answer = parseGrouped(bodyOf({ status: 'OK', results }), DAY, calendar)
    assert.ok(answer.ok)
    assert.deepEqual(answer.tickers, ['ACME', 'PEBpE'])
    // 16:00 in New York on 2019-02-01.
    assert.deepEqual([...answer.batch.ts], [DAY, DAY])
    assert.deepEqual([...answer.batch.close], [2, 2])
    assert.deepEqual(JSON.parse(answer.rawAt(1)), results[3])
    assert.deepEqual(
      answer.unreadable.map(({ rule }) => rule),
      ['no-trade', 'fields', 'range', 'duplicate'],
    )
  })

  test('has nothing on a holiday', () => {
    const holiday = { status: 'OK', queryCount: 0, resultsCount: 0, adjusted: false }
    const answer = parseGrouped(bodyOf(holiday), day('2019-01-21'), calendar)
    assert.ok(!answer.ok && answer.failure === 'no-data')
    assert.ok(!parseGrouped(bodyOf({ status: 'OK' }), DAY, calendar).ok)
  })
})

describe('the hours of the market', () => {
  test('are asked for without anything else', () => {
    assert.equal(requestMarketNow().path, '/v1/marketstatus/now')
    assert.equal(requestMarketUpcoming().path, '/v1/marketstatus/upcoming')
  })

  test('are read with what the vendor may leave out', () => {
    const now = {
      market: 'open',
      serverTime: '2024-03-12T10:00:00-04:00',
      exchanges: { nyse: 'open' },
    }
    assert.deepEqual(parseMarketNow(bodyOf(now)), {
      ok: true,
      market: 'open',
      earlyHours: null,
      afterHours: null,
      serverTime: Date.parse('2024-03-12T14:00Z'),
      exchanges: { nyse: 'open' },
    })
    assert.ok(!parseMarketNow(bodyOf({ ...now, market: 'maybe' })).ok)
    assert.ok(!parseMarketNow(bodyOf({ ...now, serverTime: '12 March' })).ok)
  })

  test('ahead are put in order, and rows that say nothing are refused', () => {
    const eve = {
      exchange: 'NYSE',
      name: 'Thanksgiving',
      date: '2022-11-25',
      status: 'early-close',
      open: '2022-11-25T14:30:00.000Z',
      close: '2022-11-25T18:00:00.000Z',
    }
    const closed = {
      exchange: 'NASDAQ',
      name: 'Thanksgiving',
      date: '2022-11-24',
      status: 'closed',
    }
    const odd = [
      { ...eve, close: 'soon' },
      { ...closed, date: '2022-02-30' },
      { ...closed, status: 'x' },
    ]
    const answer = parseMarketUpcoming(bodyOf([eve, ...odd, closed]))
    assert.ok(answer.ok)
    assert.deepEqual(
      answer.days.map((each) => [each.exchange, each.day, each.status, each.close]),
      [
        ['NASDAQ', day('2022-11-24'), 'closed', null],
        ['NYSE', day('2022-11-25'), 'early-close', Date.parse('2022-11-25T18:00Z')],
      ],
    )
    assert.equal(answer.unreadable.length, 3)
    const refused = parseMarketUpcoming(bodyOf({ status: 'ERROR', error: 'Unknown API Key' }, 401))
    assert.ok(!refused.ok && refused.failure === 'key')
    assert.ok(!parseMarketUpcoming(bodyOf('<html>', 502)).ok)
  })
})

test('no JSON makes a reader throw, or take a failure for data', () => {
  const names = fc.constantFrom(
    ...'results ticker tickers status error message next_url market serverTime from date T t c v'.split(
      ' ',
    ),
    ...'execution_date split_from split_to cash_amount ex_dividend_date dividend_type day'.split(
      ' ',
    ),
  )
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.constantFrom<unknown>(
        null,
        true,
        0,
        1,
        1e300,
        '',
        'OK',
        'ACME',
        '2024-01-02',
        '__proto__',
      ),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(names, tie('value'), { maxKeys: 6 }),
    ),
  }))
  const [splitsCall, dividendsCall] = requestActions('ACME')
  fc.assert(
    fc.property(value, fc.constantFrom(200, 200, 404, 503), (document, status) => {
      const body = bodyOf(JSON.stringify(document), status)
      const answers = [
        polygon.parseQuote(body, 'ACME'),
        polygon.parseOverview(body, 'ACME'),
        polygon.parseSearch(body),
        parseListing(body, requestListing(true)),
        parseActions(body, splitsCall!, 'ACME'),
        parseActions(body, dividendsCall!, 'ACME'),
        parseGrouped(body, day('2024-01-02'), calendar),
        parseMarketNow(body),
        parseMarketUpcoming(body),
      ]
      for (const answer of answers) {
        if (status !== 200) assert.ok(!answer.ok)
        if (!answer.ok) assert.ok(answer.message.length > 0 && answer.message.length <= 300)
      }
    }),
    { numRuns: 3000 },
  )
})
