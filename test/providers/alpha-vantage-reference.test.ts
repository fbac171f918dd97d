/** Alpha Vantage: quotes, overviews and searches. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { alphaVantage } from '../../src/providers/alpha-vantage/index.ts'
import type { VendorBody } from '../../src/providers/provider.ts'

const day = (text: string): number => Date.parse(`${text}T00:00Z`)

function bodyOf(text: string): VendorBody {
  return { status: 200, bytes: new TextEncoder().encode(text), contentType: 'application/json' }
}

describe('quotes', () => {
  const quote = {
    '01. symbol': 'IBM',
    '02. open': '140.1500',
    '03. high': '141.0400',
    '04. low': '137.9300',
    '05. price': '137.9600',
    '06. volume': '3587161',
    '07. latest trading day': '2022-06-09',
    '08. previous close': '140.8300',
  }
  const read = {
    ok: true,
    symbol: 'IBM',
    price: 137.96,
    open: 140.15,
    high: 141.04,
    low: 137.93,
    previousClose: 140.83,
    volume: 3587161,
    sessionDay: day('2022-06-09'),
  }

  test('are read from JSON, also under the key of a delayed plan, and from CSV', () => {
    const csv =
      'symbol,open,high,low,price,volume,latestDay,previousClose,change,changePercent\r\n' +
      'IBM,140.1500,141.0400,137.9300,137.9600,3587161,2022-06-09,140.8300,-2.8700,-2.0379%\r\n'
    const delayed = JSON.stringify({ 'Global Quote - DATA DELAYED BY 15 MINUTES': quote })
    for (const text of [JSON.stringify({ 'Global Quote': quote }), delayed, csv, `\uFEFF${csv}`]) {
      assert.deepEqual(alphaVantage.parseQuote(bodyOf(text), 'IBM'), read)
    }
  })

  test('come back under the symbol that was asked for, and have null for what is no number', () => {
    const text = JSON.stringify({
      'Global Quote': { ...quote, '01. symbol': 'BRK-B', '02. open': 'None', '06. volume': '' },
    })
    const answer = alphaVantage.parseQuote(bodyOf(text), 'BRK.B')
    assert.deepEqual(answer, { ...read, symbol: 'BRK.B', open: null, volume: null })
  })

  test('without symbol, price or date are malformed, and an empty one is an unknown symbol', () => {
    for (const change of [
      { '01. symbol': '' },
      { '05. price': '0' },
      { '05. price': 'None' },
      { '07. latest trading day': '2022-02-30' },
    ]) {
      const text = JSON.stringify({ 'Global Quote': { ...quote, ...change } })
      const answer = alphaVantage.parseQuote(bodyOf(text), 'IBM')
      assert.equal(answer.ok ? 'ok' : answer.failure, 'malformed', JSON.stringify(change))
    }
    const empty = alphaVantage.parseQuote(bodyOf('{"Global Quote": {}}'), 'NOPE')
    assert.ok(!empty.ok && empty.failure === 'unknown-symbol' && empty.message.includes('NOPE'))
    const sample = JSON.stringify({ 'Global Quote': quote, message: 'Subscribe to see real rows.' })
    assert.equal(alphaVantage.parseQuote(bodyOf(sample), 'IBM').ok, false)
  })
})

test('an overview has null for "None" and "-", the kind, and the code of the exchange', () => {
  const overview = (fields: object) =>
    alphaVantage.parseOverview(bodyOf(JSON.stringify({ Symbol: 'X', ...fields })), 'X')
  assert.deepEqual(
    overview({
      AssetType: 'ETF',
      Exchange: 'NYSE ARCA',
      Name: 'X Fund',
      Sector: 'None',
      Industry: '-',
      Currency: 'USD',
      PERatio: 'None',
      Beta: '1.1',
    }),
    {
      ok: true,
      symbol: 'X',
      name: 'X Fund',
      kind: 'etf',
      exchange: 'ARCX',
      currency: 'USD',
      sector: null,
      industry: null,
      metadata: { PERatio: null, Beta: '1.1' },
    },
  )
  for (const [name, code] of [
    ['NYSE', 'XNYS'],
    ['NASDAQ', 'XNAS'],
    ['BATS', 'BATS'],
    ['LSE', 'LSE'],
  ]) {
    const answer = overview({ AssetType: 'Common Stock', Exchange: name })
    assert.ok(answer.ok && answer.exchange === code && answer.kind === 'stock')
  }
  const unknown = alphaVantage.parseOverview(bodyOf('{}'), 'NOPE')
  assert.equal(unknown.ok ? 'ok' : unknown.failure, 'unknown-symbol')
})

test('a search is read from JSON and CSV, and no match is a good answer', () => {
  const csv =
    'symbol,name,type,region,marketOpen,marketClose,timezone,currency,matchScore\r\n' +
    'TSCO.LON,"Tesco, PLC",Equity,United Kingdom,08:00,16:30,UTC+01,GBX,0.7273\r\n'
  const json = JSON.stringify({
    bestMatches: [
      {
        '1. symbol': 'TSCO.LON',
        '2. name': 'Tesco, PLC',
        '3. type': 'Equity',
        '4. region': 'United Kingdom',
        '8. currency': 'GBX',
        '9. matchScore': '0.7273',
      },
    ],
  })
  const match = {
    symbol: 'TSCO.LON',
    name: 'Tesco, PLC',
    kind: 'Equity',
    region: 'United Kingdom',
    currency: 'GBX',
    score: 0.7273,
  }
  for (const text of [csv, json]) {
    assert.deepEqual(alphaVantage.parseSearch(bodyOf(text)), { ok: true, matches: [match] })
  }
  assert.deepEqual(alphaVantage.parseSearch(bodyOf('{"bestMatches":[]}')), {
    ok: true,
    matches: [],
  })
  assert.equal(alphaVantage.parseSearch(bodyOf('{"bestMatches":[{"1. symbol":"A"}]}')).ok, false)
})
