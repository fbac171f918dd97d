/** Alpha Vantage: which calls are made, and what refusals mean. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { getCalendar } from '../../src/domain/calendar/registry.ts'
import { DAY_MS } from '../../src/domain/date.ts'
import type { Interval } from '../../src/domain/interval.ts'
import { alphaVantage } from '../../src/providers/alpha-vantage/index.ts'
import type { BarRequest, FailureClass, VendorBody } from '../../src/providers/provider.ts'

const calendar = getCalendar('XNYS')
const day = (text: string): number => Date.parse(`${text}T00:00Z`)
const at = (text: string): number => Date.parse(text)

function plan(interval: Interval, from: string | null, until: string, now: string): BarRequest[] {
  return alphaVantage.planBars({
    symbol: 'IBM',
    interval,
    from: from === null ? null : day(from),
    until: day(until),
    now: at(now),
    calendar,
  })
}

/** How the vendor is asked for a symbol. */
function spelt(symbol: string): string | undefined {
  return alphaVantage.requestQuote(symbol).params['symbol']
}

/** Months of intraday calls in order; `trailing` for the call without one. */
function months(calls: readonly BarRequest[]): string[] {
  return calls.map(({ request }) => request.params['month'] ?? 'trailing')
}

describe('calls for intraday bars', () => {
  test('carry what makes the answer raw and complete', () => {
    const spellings = (['1m', '5m', '15m', '30m', '1h'] as const).map((interval) => {
      const [call] = plan(interval, '2026-11-19', '2026-11-21', '2026-11-20T21:00Z')
      return call!.request.params['interval']
    })
    assert.deepEqual(spellings, ['1min', '5min', '15min', '30min', '60min'])
    const [call] = plan('5m', '2024-02-05', '2024-02-10', '2026-11-20T21:00Z')
    assert.deepEqual(call!.request, {
      path: '/query',
      params: {
        function: 'TIME_SERIES_INTRADAY',
        symbol: 'IBM',
        interval: '5min',
        adjusted: 'false',
        extended_hours: 'true',
        outputsize: 'full',
        month: '2024-02',
      },
      keyParam: 'apikey',
    })
    assert.equal(call!.symbol, 'IBM')
    assert.equal(call!.interval, '5m')
    assert.deepEqual(call!.covers, { from: day('2024-02-01'), until: day('2024-03-01') })
    assert.deepEqual(call!.asked, call!.covers)
  })

  test('are one a month for the past, and one without a month for the newest 20 sessions', () => {
    // 20 sessions up to Friday 2026-11-20 begin on Monday 2026-10-26: no holiday is among them.
    const now = '2026-11-20T21:00Z'
    assert.deepEqual(months(plan('5m', '2026-10-26', '2026-11-21', now)), ['trailing'])
    assert.deepEqual(months(plan('5m', '2026-10-24', '2026-11-21', now)), ['trailing'])
    assert.deepEqual(months(plan('5m', '2026-10-23', '2026-11-21', now)), ['2026-10', 'trailing'])
    assert.deepEqual(months(plan('5m', '2026-08-31', '2026-11-21', now)), [
      '2026-08',
      '2026-09',
      '2026-10',
      'trailing',
    ])
    assert.deepEqual(months(plan('5m', '2026-09-10', '2026-10-01', now)), ['2026-09'])
    assert.equal(plan('5m', '2026-11-01', '2026-11-21', now)[0]!.covers, null)
  })

  test('ask for the current month when the trailing answer begins after the day wanted', () => {
    // 20 sessions up to Monday 2026-08-31 begin on Tuesday 2026-08-04.
    const calls = plan('1m', '2026-08-03', '2026-09-01', '2026-08-31T20:30Z')
    assert.deepEqual(months(calls), ['2026-08'])
    // The session of the day of asking is not settled, so nothing is said of it.
    assert.deepEqual(calls[0]!.covers, { from: day('2026-08-01'), until: day('2026-08-29') })
    assert.deepEqual(calls[0]!.asked, { from: day('2026-08-01'), until: day('2026-09-01') })
  })

  test('begin in January 2000, never reach into the future, and skip months without a session wanted', () => {
    const all = plan('1h', null, '2000-04-01', '2026-11-20T21:00Z')
    assert.deepEqual(months(all), ['2000-01', '2000-02', '2000-03'])
    assert.deepEqual(plan('5m', '1999-01-01', '2000-01-01', '2026-11-20T21:00Z'), [])
    assert.deepEqual(plan('5m', '2026-11-21', '2026-12-31', '2026-11-20T21:00Z'), [])
    assert.deepEqual(months(plan('5m', '2026-11-20', '2027-03-01', '2026-11-20T21:00Z')), [
      'trailing',
    ])
    // 2024-08-31 was a Saturday.
    assert.deepEqual(months(plan('5m', '2024-08-31', '2024-09-10', '2026-11-20T21:00Z')), [
      '2024-09',
    ])
  })
})

describe('calls for daily and longer bars', () => {
  test('are compact while the newest hundred bars are enough', () => {
    const calls = plan('1d', '2026-08-03', '2026-11-21', '2026-11-20T21:00Z')
    assert.equal(calls.length, 1)
    assert.deepEqual(calls[0]!.request.params, {
      function: 'TIME_SERIES_DAILY',
      symbol: 'IBM',
      outputsize: 'compact',
    })
    assert.equal(calls[0]!.covers, null)
    assert.equal(calls[0]!.fallback, null)
  })

  test('are full for older needs, with the compact call to fall back on', () => {
    for (const from of ['2026-06-01', '1990-01-01', null]) {
      const calls = plan('1d', from, '2026-11-21', '2026-11-20T21:00Z')
      assert.equal(calls.length, 1)
      assert.equal(calls[0]!.request.params['outputsize'], 'full')
      // Friday's session closed at 21:00Z and has five hours to settle: Thursday's is the last covered.
      assert.equal(calls[0]!.covers!.until, day('2026-11-20'))
      assert.ok(calls[0]!.covers!.from <= day('1970-01-01'))
      assert.equal(calls[0]!.fallback!.request.params['outputsize'], 'compact')
      assert.equal(calls[0]!.fallback!.covers, null)
      assert.equal(calls[0]!.fallback!.fallback, null)
    }
    const settled = plan('1d', null, '2026-11-22', '2026-11-21T02:00Z')
    assert.equal(settled[0]!.covers!.until, day('2026-11-21'))
  })

  test('are one call for all weeks or months', () => {
    for (const [interval, name] of [
      ['1wk', 'TIME_SERIES_WEEKLY'],
      ['1mo', 'TIME_SERIES_MONTHLY'],
    ] as const) {
      const calls = plan(interval, '2020-01-01', '2026-11-21', '2026-11-20T21:00Z')
      assert.equal(calls.length, 1)
      assert.deepEqual(calls[0]!.request.params, { function: name, symbol: 'IBM' })
      assert.equal(calls[0]!.covers!.until, day('2026-11-20'))
    }
    assert.deepEqual(plan('1wk', '2026-11-23', '2026-12-01', '2026-11-20T21:00Z'), [])
  })
})

test('share classes and warrants are asked for with a dash, suffixes of exchanges as they are', () => {
  assert.equal(spelt('BRK.B'), 'BRK-B')
  assert.equal(spelt('BRK-B'), 'BRK-B')
  assert.equal(spelt('AAC.WS'), 'AAC-WS')
  assert.equal(spelt('TSCO.LON'), 'TSCO.LON')
  assert.equal(spelt('IBM'), 'IBM')
  assert.deepEqual(alphaVantage.requestOverview('BRK.B').params, {
    function: 'OVERVIEW',
    symbol: 'BRK-B',
  })
  assert.deepEqual(alphaVantage.requestSearch('big blue').params, {
    function: 'SYMBOL_SEARCH',
    keywords: 'big blue',
  })
})

function bodyOf(text: string, status = 200, contentType = 'application/json'): VendorBody {
  return { status, bytes: new TextEncoder().encode(text), contentType }
}

function refuse(body: VendorBody): { failure: FailureClass; message: string } {
  const request = plan('1d', '2026-11-02', '2026-11-21', '2026-11-20T21:00Z')[0]!
  const answer = alphaVantage.parseBars(body, request, { calendar, receivedAt: 0 })
  assert.ok(!answer.ok, 'the answer was taken for data')
  return answer
}

describe('refusals', () => {
  const premium =
    'You may subscribe to any of the premium plans at https://www.alphavantage.co/premium/'
  const wordings: [FailureClass, string][] = [
    [
      'burst',
      `Please consider spreading out your free API requests more sparingly (1 request per second). ${premium} to lift the free key rate limit (25 requests per day).`,
    ],
    [
      'burst',
      `Burst pattern detected: at most 5 requests per second, 25 requests per day. ${premium}`,
    ],
    [
      'minute',
      `Our standard API call frequency is 5 calls per minute and 500 calls per day. ${premium}`,
    ],
    [
      'minute',
      'Please visit https://www.alphavantage.co/premium/ if you would like to have a higher API call volume.',
    ],
    [
      'day',
      `We have detected your API key as QQ7X0Z1Y2W3V4U5T and our standard API rate limit is 25 requests per day. ${premium} to instantly remove all daily rate limits.`,
    ],
    ['day', `Our standard API rate limit is 25 requests per day. ${premium}`],
    ['day', `You have reached the daily API request limit of your key. ${premium}`],
    [
      'entitlement',
      `This is a premium endpoint. ${premium} to instantly unlock all premium endpoints`,
    ],
    [
      'entitlement',
      `Thank you for using Alpha Vantage! The outputsize=full parameter value is a premium feature for the TIME_SERIES_DAILY endpoint. ${premium}`,
    ],
    [
      'key',
      'the parameter apikey is invalid or missing. Please claim your free API key on (https://www.alphavantage.co/support/#api-key). It should take less than 20 seconds.',
    ],
    [
      'key',
      'The **demo** API key is for demo purposes only. Please claim your free API key at (https://www.alphavantage.co/support/#api-key).',
    ],
    [
      'bad-request',
      'Invalid API call. Please retry or visit the documentation (https://www.alphavantage.co/documentation/) for TIME_SERIES_DAILY.',
    ],
    ['bad-request', 'This API function (TIME_SERIES_HOURLY) does not exist.'],
  ]

  test('are told by their first clause, under whichever key they stand', () => {
    for (const [failure, text] of wordings) {
      for (const key of ['Note', 'Information', 'Error Message', 'information', 'message']) {
        assert.equal(
          refuse(bodyOf(JSON.stringify({ [key]: text }))).failure,
          failure,
          `${key}: ${text}`,
        )
      }
      assert.equal(refuse(bodyOf(text, 200, 'text/plain')).failure, failure, text)
    }
  })

  test('in words that nobody has met are never data', () => {
    const unknown = 'Our hamsters are tired.'
    assert.equal(refuse(bodyOf(JSON.stringify({ Information: unknown }))).failure, 'malformed')
    assert.equal(
      refuse(bodyOf(JSON.stringify({ 'Error Message': unknown }))).failure,
      'bad-request',
    )
    assert.equal(refuse(bodyOf(JSON.stringify({ Note: unknown }), 429)).failure, 'minute')
    assert.equal(refuse(bodyOf(JSON.stringify({ hint: unknown }))).failure, 'malformed')
  })

  test('go by the HTTP status where there are no words', () => {
    const classes: [number, FailureClass][] = [
      [400, 'bad-request'],
      [401, 'key'],
      [402, 'entitlement'],
      [403, 'key'],
      [404, 'bad-request'],
      [408, 'outage'],
      [429, 'minute'],
      [500, 'outage'],
      [503, 'outage'],
      [302, 'malformed'],
      [200, 'malformed'],
    ]
    for (const [status, failure] of classes) {
      for (const text of ['', '<html>premium calls per day</html>', '"x"', '[1]', '{"a":']) {
        assert.equal(refuse(bodyOf(text, status)).failure, failure, `${status} ${text}`)
      }
    }
    const data =
      '{"Time Series (Daily)":{"2026-11-20":{"1. open":"1","2. high":"1","3. low":"1","4. close":"1","5. volume":"1"}}}'
    assert.equal(refuse(bodyOf(data, 500)).failure, 'outage')
  })

  test('do not repeat the key, and are cut at 300 characters', () => {
    const key = 'QQ7X0Z1Y2W3V4U5T'
    for (const text of [
      `We have detected your API key as ${key} and our rate limit is 25 requests per day.`,
      `We have detected your API key as hunter2 and our rate limit is 25 requests per day.`,
      `the apikey (${key}) is invalid`,
      `API key: "${key}" refused`,
      `see https://www.alphavantage.co/query?function=X&apikey=${key}&symbol=IBM`,
      `Key ${key} is blocked.`,
    ]) {
      const { message } = refuse(bodyOf(JSON.stringify({ Information: text })))
      assert.doesNotMatch(message, /QQ7X0Z1Y2W3V4U5T|hunter2/, text)
      assert.match(message, /\*\*\*/)
    }
    const long = refuse(bodyOf(JSON.stringify({ Information: 'a premium endpoint '.repeat(100) })))
    assert.equal(long.message.length, 300)
  })

  test('say no-data for an empty object, for meta data alone, and for a series without rows', () => {
    for (const text of [
      '{}',
      '{"Meta Data":{"1. Information":"Daily Prices","2. Symbol":"IBM"}}',
      '{"Meta Data":{"2. Symbol":"IBM"},"Time Series (Daily)":{}}',
      'timestamp,open,high,low,close,volume\r\n',
    ]) {
      assert.equal(refuse(bodyOf(text)).failure, 'no-data', text)
    }
    const refused = '{"Information":"This is a premium endpoint.","Time Series (Daily)":{}}'
    assert.equal(refuse(bodyOf(refused)).failure, 'entitlement')
  })
})

test('bars settle after trading hours, on a raw basis', () => {
  assert.equal(alphaVantage.basis, 'raw')
  const session = calendar.session(day('2026-11-20'))!
  assert.ok(session.close + alphaVantage.settleMs > session.extendedClose)
  assert.ok(alphaVantage.settleMs < DAY_MS / 2)
})
