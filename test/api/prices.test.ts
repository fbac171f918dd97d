/** Bars over HTTP: JSON, CSV, NDJSON, the latest one and the quote. */
import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { makeDatabase } from '../support/database.ts'
import { AAPL_DAILY, AAPL_MINUTES, fillStore } from '../support/filled-store.ts'
import { appOver, ask } from './app-under-test.ts'

const { pool } = await makeDatabase()
await fillStore(pool)
const app = await appOver(pool)
after(() => app.close())

const PRICES = '/api/v1/stocks/AAPL/prices'

describe('prices as JSON', () => {
  it('tell whose bars they are, and hold as many as the default page has', async () => {
    const { body, headers } = await ask(app, PRICES)
    const { data, next, ...rest } = body
    assert.deepEqual(rest, {
      symbol: 'AAPL',
      interval: '1d',
      adjust: 'none',
      provider: 'alpha-vantage',
      as_of: null,
    })
    assert.equal(data.length, 50)
    assert.equal(typeof next, 'string')
    assert.deepEqual(data[0], {
      session: '2022-12-01',
      open: AAPL_DAILY.open[0],
      high: AAPL_DAILY.high[0],
      low: AAPL_DAILY.low[0],
      close: AAPL_DAILY.close[0],
      volume: 1000,
      vwap: null,
      trades: null,
      provider: 'alpha-vantage',
      state: 'final',
    })
    assert.equal(headers['content-type'], 'application/json; charset=utf-8')
    assert.equal(headers['cache-control'], 'private, no-cache')
  })

  it('understand the spellings of an interval, and a session by its date', async () => {
    for (const interval of ['1m', '1min', 'minute', '1 Minute']) {
      const { body } = await ask(
        app,
        `${PRICES}?interval=${encodeURIComponent(interval)}&from=2024-06-04&until=2024-06-05&limit=1000`,
      )
      assert.deepEqual([body.interval, body.data.length], ['1m', 390])
      assert.equal(body.data[0]!.ts, '2024-06-04T13:30:00Z')
    }
  })

  it('take an instant with a plus that the query string made a space', async () => {
    const { body } = await ask(app, `${PRICES}?interval=1m&from=2024-06-05T21:59:00+02:00`)
    assert.deepEqual(
      body.data.map(({ ts }) => ts),
      ['2024-06-05T19:59:00Z'],
    )
  })

  it('are an empty list where nothing is stored', async () => {
    const { status, body } = await ask(app, '/api/v1/stocks/XOM/prices')
    assert.deepEqual([status, body.data, body.next, body.provider], [200, [], null, null])
  })

  it('take the neutral value of what is not served yet', async () => {
    const { status } = await ask(app, `${PRICES}?adjust=none&as_of=now&resample=none&include=none`)
    assert.equal(status, 200)
  })
})

describe('prices made at read', () => {
  it('say what they were made of, and where a period is not over', async () => {
    const { body } = await ask(app, `${PRICES}?resample=1wk&sort=desc&limit=2&adjust=splits`)
    const { data, next, ...rest } = body
    assert.deepEqual(rest, {
      symbol: 'AAPL',
      interval: '1wk',
      adjust: 'splits',
      provider: 'alpha-vantage',
      as_of: null,
      derived_from: '1d',
      warnings: [
        'The store knows of no splits or dividends of AAPL, so that nothing was adjusted.',
      ],
    })
    assert.equal(typeof next, 'string')
    assert.deepEqual(
      data.map(({ session, state, partial }) => [session, state, partial]),
      [
        ['2024-06-03', 'provisional', true],
        ['2024-05-27', 'final', undefined],
      ],
    )
  })

  it('leave out the running day unless it is asked for', async () => {
    const newest = `${PRICES}?sort=desc&limit=1`
    assert.equal((await ask(app, newest)).body.data[0]!['session'], '2024-06-06')
    const live = (await ask(app, `${newest}&include=live`)).body.data[0]!
    assert.deepEqual([live['session'], live['partial']], ['2024-06-07', true])
  })

  it('hold what was known, which before anything was stored is nothing', async () => {
    const { body } = await ask(app, `${PRICES}?as_of=2024-01-01`)
    // The date ended at midnight in New York.
    assert.deepEqual([body['as_of'], body.data], ['2024-01-02T04:59:59.999Z', []])
  })

  it('have the fields that are asked for, in any format', async () => {
    const asked = `${PRICES}?from=2024-06-06&fields=volume,close`
    const { body } = await ask(app, asked)
    const i = AAPL_DAILY.length - 2
    const [close, volume] = [AAPL_DAILY.close[i], AAPL_DAILY.volume[i]]
    assert.deepEqual(body.data, [{ session: '2024-06-06', close, volume }])
    const { text } = await ask(app, `${asked}&format=csv`)
    const lines = `symbol,interval,ts,close,volume\nAAPL,1d,2024-06-06,${close},${volume}\n`
    assert.equal(text, lines)
  })
})

describe('prices of several symbols', () => {
  const MANY = '/api/v1/prices?symbols=msft,AAPL,msft&from=2024-06-05'

  it('come by symbol, then by time', async () => {
    const { body } = await ask(app, MANY)
    const { data, next, ...rest } = body
    assert.deepEqual(rest, { interval: '1d', adjust: 'none', as_of: null })
    assert.equal(next, null)
    assert.deepEqual(
      data.map(({ symbol, session }) => `${symbol} ${session}`),
      ['AAPL 2024-06-05', 'AAPL 2024-06-06', 'MSFT 2024-06-05', 'MSFT 2024-06-06'],
    )
  })

  it('go on by cursor, and stream as text', async () => {
    const { body } = await ask(app, `${MANY}&limit=3`)
    const rest = await ask(app, `${MANY}&limit=3&cursor=${String(body['next'])}`)
    assert.deepEqual([body.data.length, rest.body.data.length, rest.body['next']], [3, 1, null])
    const { text } = await ask(app, `${MANY}&format=csv&fields=provider`)
    assert.equal(text.trimEnd().split('\n').length, 5)
  })

  it('are told to be unknown before an answer begins', async () => {
    const { status, body } = await ask(app, '/api/v1/prices?symbols=AAPL,NOPE&format=csv')
    assert.deepEqual([status, body['code']], [404, 'SYMBOL_UNKNOWN'])
    const late = await ask(app, `${MANY}&format=csv&as_of=2999-01-01`)
    assert.deepEqual([late.status, late.body['code']], [400, 'AS_OF_FUTURE'])
  })
})

describe('prices as CSV', () => {
  it('stream all bars in the columns of the interface', async () => {
    const { text, headers } = await ask(app, `${PRICES}?interval=1m&format=csv`)
    const lines = text.trimEnd().split('\n')
    assert.equal(
      lines[0],
      'symbol,interval,ts,open,high,low,close,volume,vwap,trades,provider,state',
    )
    assert.equal(lines.length, 1 + AAPL_MINUTES.length)
    const [open, high, low, close] = [
      AAPL_MINUTES.open[0],
      AAPL_MINUTES.high[0],
      AAPL_MINUTES.low[0],
      AAPL_MINUTES.close[0],
    ]
    assert.equal(
      lines[1],
      `AAPL,1m,2024-06-03T13:30:00Z,${open},${high},${low},${close},1000,,,alpha-vantage,final`,
    )
    assert.match(String(headers['content-type']), /^text\/csv/)
  })

  it('name the next page in a header where there is a limit', async () => {
    const seen: string[] = []
    let url: string | null = `${PRICES}?format=csv&limit=200&from=2023-06-01`
    while (url !== null) {
      const { text, headers }: Awaited<ReturnType<typeof ask>> = await ask(app, url)
      seen.push(
        ...text
          .trimEnd()
          .split('\n')
          .slice(1)
          .map((line) => line.split(',')[2]!),
      )
      url = /^<([^>]+)>; rel="next"$/.exec(String(headers['link']))?.[1] ?? null
    }
    const from = Date.UTC(2023, 5, 1)
    // The last one was seen before its session was over.
    const expected = [...AAPL_DAILY.ts].slice(0, -1).filter((ts) => ts >= from)
    assert.deepEqual(
      seen,
      expected.map((ts) => new Date(ts).toISOString().slice(0, 10)),
    )
  })

  it('of nothing are a header alone', async () => {
    const { status, text } = await ask(app, '/api/v1/stocks/XOM/prices?format=csv')
    assert.deepEqual([status, text.split('\n').length], [200, 2])
  })
})

describe('prices as NDJSON', () => {
  it('stream the bars of JSON with their symbol, interval and provider', async () => {
    const json = await ask(app, `${PRICES}?from=2024-05-01`)
    const { text, headers } = await ask(app, `${PRICES}?from=2024-05-01`, {
      headers: { accept: 'application/x-ndjson' },
    })
    const rows = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as object)
    const series = { symbol: 'AAPL', interval: '1d' }
    assert.deepEqual(
      rows,
      json.body.data.map((bar) => ({ ...series, ...bar })),
    )
    assert.match(String(headers['content-type']), /^application\/x-ndjson/)
    assert.equal(headers['vary'], 'accept, accept-encoding')
  })
})

describe('single prices', () => {
  it('are the latest bar and the quote', async () => {
    const latest = await ask(app, `${PRICES}/latest?interval=1m`)
    assert.deepEqual([latest.body.symbol, latest.body.ts], ['AAPL', '2024-06-05T19:59:00Z'])
    const quote = await ask(app, '/api/v1/stocks/aapl/quote')
    assert.deepEqual([quote.body.price, quote.body.source], [196.5, 'quote'])
  })
})

describe('an address without its version', () => {
  it('is sent on with its query, and nowhere else', async () => {
    const { status, headers } = await ask(app, '/api/stocks/AAPL/prices?limit=2')
    assert.deepEqual([status, headers['location']], [308, '/api/v1/stocks/AAPL/prices?limit=2'])
    const odd = await ask(app, '/api//evil.example/x')
    assert.match(String(odd.headers['location']), /^\/api\/v1\//)
    assert.equal((await ask(app, '/api/v2/stocks')).status, 404)
  })
})

describe('HEAD', () => {
  it('has the headers and no body, and reads no bars for it', async () => {
    const { status, text, headers } = await ask(app, `${PRICES}?format=csv`, { method: 'HEAD' })
    assert.deepEqual([status, text], [200, ''])
    assert.match(String(headers['content-type']), /^text\/csv/)
  })
})
