/** The sandbox as Yahoo: rows in shares of today, their noise, windows, events, meta and refusals. */
import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import { yahoo } from '../../src/providers/yahoo/index.ts'
import { startSandbox, type Sandbox } from '../../src/sandbox/server.ts'
import { fetchBars, needOf, send, truth } from './adapter-client.ts'
import { at, day } from './plain-bars.ts'

/** In session, two days after NVIDIA's split of 10:1 on 2024-06-10. */
const NOW = '2024-06-12T18:07:03Z'

let sandbox: Sandbox

before(async () => {
  sandbox = await startSandbox({ port: 0, clock: () => at(NOW) })
})
after(() => sandbox.close())
beforeEach(() => sandbox.exchangeClock.fix(at(NOW)))

type Column = readonly (number | null)[]

interface Result {
  readonly meta: Readonly<Record<string, unknown>>
  readonly timestamp?: readonly number[]
  readonly events?: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  readonly indicators: {
    readonly quote: readonly [Readonly<Record<string, Column>>]
    readonly adjclose?: readonly [{ readonly adjclose?: Column }]
  }
}

async function get(path: string): Promise<{ status: number; value: Record<string, unknown> }> {
  const answer = await fetch(`${sandbox.url}${path}`)
  return { status: answer.status, value: (await answer.json()) as Record<string, unknown> }
}

async function chart(symbol: string, params: string): Promise<Result> {
  const { status, value } = await get(`/v8/finance/chart/${symbol}?${params}`)
  assert.equal(status, 200, JSON.stringify(value))
  const { result } = value['chart'] as { result: Result[] }
  return result[0]!
}

/** The words of a refusal. */
async function refusal(path: string): Promise<[number, string, string, string]> {
  const { status, value } = await get(path)
  const [layer] = Object.keys(value)
  const { error } = value[layer!] as { error: { code: string; description: string } }
  return [status, layer!, error.code, error.description]
}

function seconds(text: string): number {
  return at(text) / 1000
}

describe('charts as the adapter reads them', () => {
  it('are the true bars of regular hours at every interval', async () => {
    for (const interval of ['1m', '5m', '15m', '1h', '1d'] as const) {
      const need = needOf(sandbox, 'AAPL', interval, '2024-05-28', '2024-06-12')
      const { bars, unreadable, answers } = await fetchBars(sandbox, yahoo, need)
      assert.deepEqual(bars, truth(sandbox, need, 'regular'), interval)
      assert.deepEqual(unreadable, [])
      assert.equal(answers[0]!.symbol, 'AAPL')
    }
  })

  it('are divided by the ratio of a split, and volumes multiplied', async () => {
    const need = needOf(sandbox, 'NVDA', '1d', '2024-06-05', '2024-06-12')
    const { bars, answers } = await fetchBars(sandbox, yahoo, need)
    const raw = truth(sandbox, need, 'regular')
    assert.equal(bars.length, 5)
    for (const [i, bar] of bars.entries()) {
      const ratio = bar.ts < day('2024-06-10') ? 10 : 1
      assert.ok(Math.abs(bar.close - raw[i]!.close / ratio) < 0.0001)
      assert.equal(bar.volume, raw[i]!.volume * ratio)
    }
    const splits = answers.flatMap(({ actions }) => actions?.splits ?? [])
    assert.deepEqual(splits, [{ day: day('2024-06-10'), newShares: 10, oldShares: 1 }])
  })

  it('have classes of shares after a dash', async () => {
    const need = needOf(sandbox, 'BRK.B', '1d', '2024-06-05', '2024-06-12')
    assert.equal((await fetchBars(sandbox, yahoo, need)).bars.length, 5)
  })
})

describe('rows', () => {
  it('are 32-bit floats, written out', async () => {
    const { indicators } = await chart('AAPL', 'range=1mo&interval=1d')
    const closes = indicators.quote[0]['close'] as readonly number[]
    for (const close of closes) assert.equal(Math.fround(close), close)
    assert.ok(closes.some((close) => String(close).length > 12))
  })

  it('are null in every array where a minute saw no trade', async () => {
    const { timestamp, indicators } = await chart('SIM13', 'range=1d&interval=1m')
    const { open, high, low, close, volume } = indicators.quote[0]
    const empty = open!.flatMap((value, i) => (value === null ? [i] : []))
    assert.ok(empty.length > 20 && empty.length < 200, String(empty.length))
    for (const i of empty) {
      assert.deepEqual([high![i], low![i], close![i], volume![i]], [null, null, null, null])
    }
    // 09:30 to 14:07 are 278 minutes; the latest price is one row more.
    assert.equal(timestamp!.length, 279)
  })

  it('end with the latest price, which is no bar: off the grid in session, at the close after it', async () => {
    for (const [now, expected] of [
      [NOW, '2024-06-12T18:07:02Z'],
      ['2024-06-12T18:07:00Z', '2024-06-12T18:06:59Z'],
      ['2024-06-12T22:00:00Z', '2024-06-12T20:00:00Z'],
    ] as const) {
      sandbox.exchangeClock.fix(at(now))
      const { timestamp, indicators, meta } = await chart('AAPL', 'range=1d&interval=5m')
      const last = timestamp!.length - 1
      const { open, high, low, close, volume } = indicators.quote[0]
      assert.equal(timestamp![last]! * 1000, at(expected))
      assert.deepEqual(
        [open![last], high![last], low![last]],
        [close![last], close![last], close![last]],
      )
      assert.equal(volume![last], 0)
      assert.ok(Math.abs(close![last]! - Number(meta['regularMarketPrice'])) < 0.0001)
    }
  })

  it('of days stand at the open, and of today at the latest trade', async () => {
    const { timestamp } = await chart('AAPL', 'range=5d&interval=1d')
    assert.deepEqual(
      timestamp!.slice(-2).map((second) => second * 1000),
      [at('2024-06-11T13:30:00Z'), at('2024-06-12T18:07:02Z')],
    )
  })

  it('of months begin at midnight of the first, with today once more at the end', async () => {
    const { timestamp, indicators } = await chart('AAPL', 'range=3mo&interval=1mo')
    assert.deepEqual(
      timestamp!.map((second) => new Date(second * 1000).toISOString()),
      [
        '2024-03-01T05:00:00.000Z',
        '2024-04-01T04:00:00.000Z',
        '2024-05-01T04:00:00.000Z',
        '2024-06-01T04:00:00.000Z',
        '2024-06-12T18:07:02.000Z',
      ],
    )
    assert.equal(indicators.quote[0]['close']!.length, 5)
  })

  it('have closes restated for dividends too, and only for days and longer', async () => {
    const { indicators, events, timestamp } = await chart(
      'AAPL',
      'range=6mo&interval=1d&events=div|split',
    )
    const [closes, adjusted] = [indicators.quote[0]['close']!, indicators.adjclose![0].adjclose!]
    assert.equal(adjusted.at(-1), closes.at(-1))
    const dividends = Object.values(events!['dividends']!) as { date: number; amount: number }[]
    assert.equal(dividends.length, 2)
    // Before the newest ex day alone: 1 - amount / close of the session before it.
    const ex = timestamp!.indexOf(dividends.at(-1)!.date)
    const factor = 1 - dividends.at(-1)!.amount / closes[ex - 1]!
    assert.ok(Math.abs(adjusted[ex - 1]! / closes[ex - 1]! - factor) < 1e-6)
    const minutes = await chart('AAPL', 'range=1d&interval=5m')
    assert.equal(minutes.indicators.adjclose, undefined)
  })
})

describe('meta', () => {
  it('tells names, zone, prices and hours, and marks them as simulated', async () => {
    const { meta } = await chart('SPY', 'range=1d&interval=1d')
    assert.equal(meta['longName'], 'SPDR S&P 500 ETF Trust (SIMULATED)')
    assert.deepEqual(
      [
        'currency',
        'exchangeName',
        'fullExchangeName',
        'instrumentType',
        'gmtoffset',
        'timezone',
        'range',
        'dataGranularity',
      ].map((name) => meta[name]),
      ['USD', 'PCX', 'NYSEArca', 'ETF', -14_400, 'EDT', '1d', '1d'],
    )
    assert.deepEqual((meta['currentTradingPeriod'] as Record<string, unknown>)['regular'], {
      timezone: 'EDT',
      start: at('2024-06-12T13:30:00Z') / 1000,
      end: at('2024-06-12T20:00:00Z') / 1000,
      gmtoffset: -14_400,
    })
  })

  it('gives quotes and overviews to the adapter', async () => {
    const quote = yahoo.parseQuote(await send(sandbox, yahoo.requestQuote('AAPL')), 'AAPL')
    assert.ok(quote.ok)
    const need = needOf(sandbox, 'AAPL', '1d', '2024-06-11', '2024-06-13')
    const [yesterday, today] = truth(sandbox, need, 'regular')
    assert.deepEqual(
      [quote.price, quote.open, quote.previousClose, quote.volume, quote.sessionDay],
      [today!.close, today!.open, yesterday!.close, today!.volume, day('2024-06-12')],
    )
    const overview = yahoo.parseOverview(await send(sandbox, yahoo.requestOverview('IBM')), 'IBM')
    assert.ok(overview.ok)
    assert.deepEqual(
      [overview.name, overview.kind, overview.exchange],
      ['International Business Machines (SIMULATED)', 'stock', 'XNYS'],
    )
  })

  it('comes with a search, and with quotes of many symbols for those with a crumb', async () => {
    const found = yahoo.parseSearch(await send(sandbox, yahoo.requestSearch('apple')))
    assert.ok(found.ok)
    assert.deepEqual(
      found.matches.map(({ symbol, name }) => [symbol, name]),
      [['AAPL', 'Apple Inc (SIMULATED)']],
    )
    const { value } = await get('/v7/finance/quote?symbols=AAPL,ZZZZ,BRK-B&crumb=c')
    const { result } = value['quoteResponse'] as { result: { symbol: string }[] }
    assert.deepEqual(
      result.map(({ symbol }) => symbol),
      ['AAPL', 'BRK-B'],
    )
  })
})

describe('refusals', () => {
  it('of windows come with HTTP 422', async () => {
    const now = seconds(NOW)
    for (const [interval, from, words] of [
      ['1m', now - 31 * 86_400, /must be within the last 30 days/],
      ['1m', now - 9 * 86_400, /Only 8 days worth of 1m granularity/],
      ['5m', now - 61 * 86_400, /must be within the last 60 days/],
      ['1h', now - 731 * 86_400, /must be within the last 730 days/],
    ] as const) {
      const path = `/v8/finance/chart/AAPL?interval=${interval}&period1=${from}&period2=${now}`
      const [status, layer, code, description] = await refusal(path)
      assert.deepEqual([status, layer, code], [422, 'chart', 'Unprocessable Entity'])
      assert.match(description, words)
    }
  })

  it('of symbols, intervals and periods come in the envelope of the layer', async () => {
    assert.deepEqual(await refusal('/v8/finance/chart/ZZZZ'), [
      404,
      'chart',
      'Not Found',
      'No data found, symbol may be delisted',
    ])
    assert.deepEqual(await refusal('/v8/finance/chart/META?interval=1d&period1=0&period2=86400'), [
      400,
      'chart',
      'Bad Request',
      "Data doesn't exist for startDate = 0, endDate = 86400",
    ])
    assert.match(
      (await refusal('/v8/finance/chart/AAPL?interval=7d&range=1d'))[3],
      /^Invalid input - interval=7d is not supported\. Valid intervals: \[1m, 2m, /,
    )
    assert.equal((await refusal('/v8/finance/chart/AAPL?interval=1d&range=7x'))[0], 400)
    assert.equal((await refusal('/v8/finance/chart/AAPL?interval=1d&period1=5&period2=4'))[0], 400)
    assert.deepEqual((await refusal('/v7/finance/quote?symbols=AAPL')).slice(0, 3), [
      401,
      'finance',
      'Unauthorized',
    ])
    assert.equal((await refusal('/v7/finance/quote?crumb=c'))[0], 400)
  })

  it('are none where there is nothing: a weekend is an answer without timestamps', async () => {
    const period = `period1=${seconds('2024-06-08T00:00:00Z')}&period2=${seconds('2024-06-09T00:00:00Z')}`
    const minutes = await chart('AAPL', `interval=1m&${period}`)
    assert.deepEqual([minutes.timestamp, minutes.indicators], [undefined, { quote: [{}] }])
    const days = await chart('AAPL', `interval=1d&${period}`)
    assert.deepEqual(days.indicators, { quote: [{}], adjclose: [{}] })
  })
})
