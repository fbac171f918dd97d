/** The sandbox writes what Alpha Vantage writes: the same keys, labels, numbers, headers and refusals. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { startSandbox, type Sandbox } from '../../src/sandbox/server.ts'
import { call, callCsv, callRefused, callSeries, type Document } from './vendor-client.ts'

const at = (text: string): number => Date.parse(text)
/** Friday 2024-05-17, long after the close; 20:30 in New York. */
const AFTER_CLOSE = at('2024-05-18T00:30:00Z')
/** The same day at 14:07:03. */
const IN_SESSION = at('2024-05-17T18:07:03Z')

let sandbox: Sandbox

before(async () => {
  sandbox = await startSandbox({ port: 0, clock: () => AFTER_CLOSE })
})
after(() => sandbox.close())

const callHere = (params: Record<string, string>) => call(sandbox.url, params)
const series = (params: Record<string, string>) => callSeries(sandbox.url, params)
const csvLines = (params: Record<string, string>) => callCsv(sandbox.url, params)
const refusal = (params: Record<string, string>) => callRefused(sandbox.url, params)

/** Sets the market's clock for one piece of work. */
async function atInstant(instant: number, work: () => Promise<void>): Promise<void> {
  sandbox.exchangeClock.fix(instant)
  try {
    await work()
  } finally {
    sandbox.exchangeClock.shift(0)
  }
}

describe('intraday series', () => {
  const intraday = { function: 'TIME_SERIES_INTRADAY', symbol: 'IBM', interval: '5min' }

  it('have the meta data and labels of the vendor, newest first, by the START of the bar', async () => {
    const { meta, rows, key } = await series({ ...intraday, outputsize: 'full', month: '2024-04' })
    assert.deepEqual(meta, {
      '1. Information': 'Intraday (5min) open, high, low, close prices and volume',
      '2. Symbol': 'IBM',
      '3. Last Refreshed': Object.keys(rows)[0],
      '4. Interval': '5min',
      '5. Output Size': 'Full size',
      '6. Time Zone': 'US/Eastern',
    })
    assert.equal(key, 'Time Series (5min)')
    const labels = Object.keys(rows)
    assert.deepEqual(labels, labels.toSorted().reverse())
    const regular = labels.filter(
      (label) => label >= '2024-04-30 09:30' && label < '2024-04-30 16:00',
    )
    assert.equal(regular.length, 78)
    assert.equal(regular.at(-1), '2024-04-30 09:30:00')
    assert.equal(regular[0], '2024-04-30 15:55:00')
    for (const label of labels) assert.match(label, /^2024-04-\d\d (0[4-9]|1\d):[0-5][05]:00$/)
    for (const [name, value] of Object.entries(rows[labels[0]])) {
      assert.match(value, name === '5. volume' ? /^\d+$/ : /^\d+\.\d{4}$/)
    }
  })

  it('are the truth of the market', async () => {
    const { rows } = await series({
      ...intraday,
      interval: '60min',
      outputsize: 'full',
      month: '2024-03',
      adjusted: 'false',
    })
    // The clocks change on 2024-03-10: 10:00 is 15:00Z before it and 14:00Z after.
    for (const [label, ts] of [
      ['2024-03-08 10:00:00', '2024-03-08T15:00:00Z'],
      ['2024-03-11 10:00:00', '2024-03-11T14:00:00Z'],
    ]) {
      const day = at(`${ts.slice(0, 10)}T00:00:00Z`)
      const query = {
        symbol: 'IBM',
        interval: '1h',
        from: day,
        until: day + 86_400_000,
        hours: 'all',
      } as const
      const truth = sandbox.market.bars(query)
      const i = truth.ts.indexOf(at(ts))
      assert.deepEqual(Object.values(rows[label]).map(Number), [
        truth.open[i],
        truth.high[i],
        truth.low[i],
        truth.close[i],
        truth.volume[i],
      ])
    }
  })

  it('are 100 rows when compact, 20 sessions when full', async () => {
    const compact = await series({ ...intraday, interval: '1min' })
    assert.equal(Object.keys(compact.rows).length, 100)
    assert.equal(compact.meta['5. Output Size'], 'Compact')
    const full = await series({ ...intraday, interval: '30min', outputsize: 'full' })
    const dates = new Set(Object.keys(full.rows).map((label) => label.slice(0, 10)))
    assert.equal(dates.size, 20)
    assert.deepEqual([[...dates].at(-1), [...dates][0]], ['2024-04-22', '2024-05-17'])
  })

  it('leave the early and late hours out when asked to', async () => {
    const { rows } = await series({
      ...intraday,
      interval: '15min',
      outputsize: 'full',
      month: '2023-11',
      extended_hours: 'false',
    })
    const labels = Object.keys(rows)
    assert.ok(
      labels.every((label) => label.slice(11) >= '09:30:00' && label.slice(11) <= '15:45:00'),
    )
    // 21 sessions of 26 bars, less 12 on the half day after Thanksgiving.
    assert.equal(labels.length, 21 * 26 - 12)
    assert.equal(
      labels.find((label) => label.startsWith('2023-11-24')),
      '2023-11-24 12:45:00',
    )
  })

  it('are adjusted for later splits and dividends unless told otherwise', async () => {
    const month = { ...intraday, symbol: 'AAPL', outputsize: 'full', month: '2020-08' }
    const raw = await series({ ...month, adjusted: 'false' })
    const adjusted = await series(month)
    const label = '2020-08-28 10:00:00'
    // 4:1 on the Monday after, and four years of dividends of 0.5 % a year.
    const ratio = Number(raw.rows[label]['4. close']) / Number(adjusted.rows[label]['4. close'])
    assert.ok(ratio > 4 && ratio < 4 * 1.03, String(ratio))
  })

  it('end with the unfinished bar while the session is on', async () => {
    await atInstant(IN_SESSION, async () => {
      const { meta, rows } = await series({ ...intraday, interval: '1min' })
      assert.equal(Object.keys(rows)[0], '2024-05-17 14:07:00')
      assert.equal(meta['3. Last Refreshed'], '2024-05-17 14:07:00')
    })
  })
})

describe('daily and longer series', () => {
  it('are raw, dated, and 100 rows when compact', async () => {
    const { meta, rows, key } = await series({ function: 'TIME_SERIES_DAILY', symbol: 'IBM' })
    assert.deepEqual(meta, {
      '1. Information': 'Daily Prices (open, high, low, close) and Volumes',
      '2. Symbol': 'IBM',
      '3. Last Refreshed': '2024-05-17',
      '4. Output Size': 'Compact',
      '5. Time Zone': 'US/Eastern',
    })
    assert.equal(key, 'Time Series (Daily)')
    assert.equal(Object.keys(rows).length, 100)
    assert.equal(Object.keys(rows)[0], '2024-05-17')
    const full = await series({ function: 'TIME_SERIES_DAILY', symbol: 'AAPL', outputsize: 'full' })
    assert.equal(Object.keys(full.rows).at(-1), '1999-11-01')
    const close = Number(full.rows['2020-08-28']['4. close'])
    const open = Number(full.rows['2020-08-31']['1. open'])
    assert.ok(Math.abs(close / open / 4 - 1) < 0.05)
  })

  it('say the time of day while the newest row is unfinished', async () => {
    await atInstant(IN_SESSION, async () => {
      for (const name of ['DAILY', 'WEEKLY', 'MONTHLY']) {
        const { meta, rows } = await series({ function: `TIME_SERIES_${name}`, symbol: 'IBM' })
        assert.equal(meta['3. Last Refreshed'], '2024-05-17 14:07:03')
        assert.equal(Object.keys(rows)[0], '2024-05-17')
      }
    })
  })

  it('show splits and dividends on their ex days when adjusted', async () => {
    const { rows } = await series({
      function: 'TIME_SERIES_DAILY_ADJUSTED',
      symbol: 'AAPL',
      outputsize: 'full',
    })
    const exDay = rows['2020-08-31']
    assert.equal(exDay['8. split coefficient'], '4.0000')
    assert.equal(rows['2020-08-28']['8. split coefficient'], '1.0000')
    const dayBefore = rows['2020-08-28']
    const after4 = Number(exDay['5. adjusted close']) / Number(exDay['4. close'])
    const before4 = Number(dayBefore['5. adjusted close']) / Number(dayBefore['4. close'])
    assert.ok(Math.abs(after4 / before4 - 4) < 0.001)
    const paid = Object.entries(rows).filter(([, row]) => row['7. dividend amount'] !== '0.0000')
    const expected = sandbox.market.dividends('AAPL', AFTER_CLOSE)
    assert.equal(paid.length, expected.length)
    assert.equal(Object.values(rows)[0]['5. adjusted close'], Object.values(rows)[0]['4. close'])
  })

  it('label weeks and months by their last trading day so far', async () => {
    const weekly = await series({ function: 'TIME_SERIES_WEEKLY', symbol: 'IBM' })
    // 2024-03-29 was Good Friday, so that week ended on Thursday.
    assert.ok('2024-03-28' in weekly.rows)
    assert.ok(!('2024-03-29' in weekly.rows))
    await atInstant(at('2024-05-15T22:00:00Z'), async () => {
      const now = await series({ function: 'TIME_SERIES_MONTHLY', symbol: 'IBM' })
      assert.deepEqual(Object.keys(now.rows).slice(0, 3), [
        '2024-05-15',
        '2024-04-30',
        '2024-03-28',
      ])
    })
  })
})

describe('CSV', () => {
  it('has the headers of each function, spaces in one and underscores in another', async () => {
    const headers = {
      TIME_SERIES_INTRADAY: 'timestamp,open,high,low,close,volume',
      TIME_SERIES_DAILY: 'timestamp,open,high,low,close,volume',
      TIME_SERIES_DAILY_ADJUSTED:
        'timestamp,open,high,low,close,adjusted_close,volume,dividend_amount,split_coefficient',
      TIME_SERIES_WEEKLY: 'timestamp,open,high,low,close,volume',
      TIME_SERIES_MONTHLY_ADJUSTED:
        'timestamp,open,high,low,close,adjusted close,volume,dividend amount',
      GLOBAL_QUOTE:
        'symbol,open,high,low,price,volume,latestDay,previousClose,change,changePercent',
      SPLITS: 'effective_date,split_factor',
      LISTING_STATUS: 'symbol,name,exchange,assetType,ipoDate,delistingDate,status',
    }
    for (const [name, header] of Object.entries(headers)) {
      const lines = await csvLines({ function: name, symbol: 'AAPL', interval: '5min' })
      assert.equal(lines[0], header)
      assert.equal(lines[1].split(',').length, header.split(',').length)
    }
  })

  it('pads the numbers of daily rows and not those of adjusted ones', async () => {
    const [, daily] = await csvLines({ function: 'TIME_SERIES_DAILY', symbol: 'IBM' })
    assert.match(daily, /^2024-05-17(,\d+\.\d{4}){4},\d+$/)
    const [, adjusted] = await csvLines({ function: 'TIME_SERIES_DAILY_ADJUSTED', symbol: 'IBM' })
    assert.match(adjusted, /^2024-05-17(,\d+\.\d{1,4}){4},\d+\.\d+,\d+,0\.0000,1\.0$/)
    const values = adjusted.split(',').slice(1, 5).map(Number)
    assert.deepEqual(values, daily.split(',').slice(1, 5).map(Number))
  })

  it('is refused in JSON', async () => {
    const { text, type } = await callHere({
      function: 'TIME_SERIES_DAILY',
      symbol: 'ZZZZ',
      datatype: 'csv',
    })
    assert.equal(type, 'application/json')
    assert.match(text, /"Error Message": "Invalid API call\./)
  })
})

describe('answers that are no series', () => {
  it('are a quote of the last session against the one before', async () => {
    const { text } = await callHere({ function: 'GLOBAL_QUOTE', symbol: 'ibm' })
    const quote = (JSON.parse(text) as Document)['Global Quote'] as Record<string, string>
    const { rows } = await series({ function: 'TIME_SERIES_DAILY', symbol: 'IBM' })
    const [today, yesterday] = Object.values(rows)
    assert.equal(quote['01. symbol'], 'IBM')
    assert.equal(quote['07. latest trading day'], '2024-05-17')
    assert.equal(quote['05. price'], today['4. close'])
    assert.equal(quote['08. previous close'], yesterday['4. close'])
    const change = Number(today['4. close']) - Number(yesterday['4. close'])
    assert.ok(Math.abs(Number(quote['09. change']) - change) < 1e-9)
    assert.match(quote['10. change percent'], /^-?\d+\.\d{4}%$/)
  })

  it('are empty for a symbol that is not listed', async () => {
    assert.equal((await callHere({ function: 'OVERVIEW', symbol: 'ZZZZ' })).text, '{}')
    assert.deepEqual(
      JSON.parse((await callHere({ function: 'GLOBAL_QUOTE', symbol: 'ZZZZ' })).text),
      {
        'Global Quote': {},
      },
    )
    assert.deepEqual(
      JSON.parse((await callHere({ function: 'SYMBOL_SEARCH', keywords: 'zzzz' })).text),
      {
        bestMatches: [],
      },
    )
  })

  it('mark every name as simulated', async () => {
    const overview = JSON.parse(
      (await callHere({ function: 'OVERVIEW', symbol: 'AAPL' })).text,
    ) as Record<string, string>
    assert.equal(overview['Name'], 'Apple Inc (SIMULATED)')
    assert.equal(overview['Exchange'], 'NASDAQ')
    for (const value of Object.values(overview)) assert.equal(typeof value, 'string')
    const { text } = await callHere({ function: 'SYMBOL_SEARCH', keywords: 'apple' })
    const [best] = (JSON.parse(text) as { bestMatches: Record<string, string>[] }).bestMatches
    assert.equal(best['1. symbol'], 'AAPL')
    assert.equal(best['2. name'], 'Apple Inc (SIMULATED)')
    // New York in May.
    assert.equal(best['7. timezone'], 'UTC-04')
    const listed = await csvLines({ function: 'LISTING_STATUS' })
    assert.ok(
      listed.includes('BRK-B,Berkshire Hathaway Inc (SIMULATED),NYSE,Stock,1999-11-01,null,Active'),
    )
  })

  it('take a share class with a dot or a dash', async () => {
    const dot = await series({ function: 'TIME_SERIES_DAILY', symbol: 'BRK.B' })
    const dash = await series({ function: 'TIME_SERIES_DAILY', symbol: 'BRK-B' })
    assert.deepEqual(dash.rows, dot.rows)
    assert.equal(dash.meta['2. Symbol'], 'BRK-B')
  })

  it('list splits, and dividends from their declaration on', async () => {
    const splits = JSON.parse((await callHere({ function: 'SPLITS', symbol: 'AAPL' })).text) as {
      data: { effective_date: string; split_factor: string }[]
    }
    assert.deepEqual(splits.data[0], { effective_date: '2020-08-31', split_factor: '4.0000' })
    await atInstant(at('2024-04-25T12:00:00Z'), async () => {
      const { text } = await callHere({ function: 'DIVIDENDS', symbol: 'IBM' })
      const [next] = (JSON.parse(text) as { data: Record<string, string>[] }).data
      assert.ok(next['ex_dividend_date'] > '2024-05-01', next['ex_dividend_date'])
    })
  })
})

describe('refusals', () => {
  const daily = { function: 'TIME_SERIES_DAILY', symbol: 'IBM' }

  it('name the function of a call with a wrong symbol, interval or month', async () => {
    const intraday = { function: 'TIME_SERIES_INTRADAY', symbol: 'IBM', interval: '5min' }
    for (const params of [
      { ...daily, symbol: 'ZZZZ' },
      { ...daily, symbol: '' },
      { ...intraday, interval: '7min' },
      { ...intraday, interval: '' },
      { ...intraday, month: '2024-13' },
      { ...intraday, month: '1999-12' },
      { ...intraday, month: '2024-06' },
      { ...intraday, symbol: 'META', month: '2010-01' },
    ]) {
      const text = await refusal(params)
      assert.equal(
        text,
        `Invalid API call. Please retry or visit the documentation (https://www.alphavantage.co/documentation/) for ${params.function}.`,
      )
    }
  })

  it('tell an unknown function', async () => {
    for (const name of ['', 'NOPE', 'constructor', 'time_series_daily']) {
      assert.equal(
        await refusal({ function: name, symbol: 'IBM' }),
        `This API function (${name}) does not exist.`,
      )
    }
  })

  it('want a key', async () => {
    for (const apikey of ['', 'invalid']) {
      assert.match(
        await refusal({ ...daily, apikey }),
        /^the parameter apikey is invalid or missing\./,
      )
    }
  })
})
