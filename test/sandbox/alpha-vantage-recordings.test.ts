/** Beside recordings of Alpha Vantage: the sandbox has their keys, headers and formats of numbers. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { startSandbox, type Sandbox } from '../../src/sandbox/server.ts'
import { call, callCsv, callSeries, type Document } from './vendor-client.ts'

const recordings = process.env['STOCKYARD_RECORDINGS']

let sandbox: Sandbox

before(async () => {
  sandbox = await startSandbox({ port: 0, clock: () => Date.parse('2024-05-18T00:30:00Z') })
})
after(() => sandbox.close())

/** Each name with the pattern of its value: how many decimals, percent signs and so on. */
function shape(row: Record<string, string>): string[] {
  return Object.entries(row).map(
    ([name, value]) => `${name} ${value.replace(/^\d+/, '9').replaceAll(/\d/g, '9')}`,
  )
}

describe('beside recordings of the vendor', () => {
  const skip = recordings === undefined && 'STOCKYARD_RECORDINGS names no folder of recordings'

  async function recorded(name: string): Promise<string> {
    const text = await readFile(join(recordings!, 'alpha-vantage', name), 'utf8')
    return text.replace(/^\uFEFF/, '')
  }

  const documents = [
    [
      'intraday-5min-IBM-full-2022-06-08.json',
      { function: 'TIME_SERIES_INTRADAY', interval: '5min' },
    ],
    ['daily-IBM-midsession-2020-05-08.json', { function: 'TIME_SERIES_DAILY' }],
    ['daily-adjusted-MSFT-full-2019-11-29.json', { function: 'TIME_SERIES_DAILY_ADJUSTED' }],
    ['weekly-MSFT-2019-11-29.json', { function: 'TIME_SERIES_WEEKLY' }],
    ['weekly-adjusted-IBM-midsession-2020-05-08.json', { function: 'TIME_SERIES_WEEKLY_ADJUSTED' }],
    ['monthly-MSFT-2019-11.json', { function: 'TIME_SERIES_MONTHLY' }],
    ['monthly-adjusted-MSFT-2019-11.json', { function: 'TIME_SERIES_MONTHLY_ADJUSTED' }],
  ] as const
  for (const [file, params] of documents) {
    it(`a series has the keys and number formats of ${file}`, { skip }, async () => {
      const theirs = JSON.parse(await recorded(file)) as Document
      const ours = await callSeries(sandbox.url, { ...params, symbol: 'MSFT' })
      const [metaKey, key] = Object.keys(theirs)
      assert.deepEqual(Object.keys(ours.meta), Object.keys(theirs[metaKey]))
      assert.equal(
        ours.meta['1. Information'],
        (theirs[metaKey] as Record<string, string>)['1. Information'],
      )
      assert.equal(ours.key, key)
      const theirRow = Object.values(theirs[key])[0] as Record<string, string>
      const ourRow = Object.values(ours.rows)[0]
      assert.deepEqual(shape(ourRow), shape(theirRow))
    })
  }

  it('a quote, a search and a status have their keys', { skip }, async () => {
    const theirQuote = JSON.parse(await recorded('global-quote-IBM-2022-06-09.json')) as Document
    const ourQuote = JSON.parse(
      (await call(sandbox.url, { function: 'GLOBAL_QUOTE', symbol: 'IBM' })).text,
    ) as Document
    assert.deepEqual(Object.keys(ourQuote['Global Quote']), Object.keys(theirQuote['Global Quote']))
    const theirSearch = JSON.parse(await recorded('symbol-search-BA.json')) as {
      bestMatches: object[]
    }
    const ourSearch = JSON.parse(
      (await call(sandbox.url, { function: 'SYMBOL_SEARCH', keywords: 'BA' })).text,
    ) as {
      bestMatches: object[]
    }
    assert.deepEqual(Object.keys(ourSearch.bestMatches[0]), Object.keys(theirSearch.bestMatches[0]))
    const theirStatus = JSON.parse(await recorded('market-status-2026-05-17.json')) as {
      markets: object[]
    }
    const ourStatus = JSON.parse((await call(sandbox.url, { function: 'MARKET_STATUS' })).text) as {
      markets: object[]
    }
    assert.deepEqual(Object.keys(ourStatus), Object.keys(theirStatus))
    assert.deepEqual(Object.keys(ourStatus.markets[0]), Object.keys(theirStatus.markets[0]))
  })

  it('an overview has fields of theirs in their order', { skip }, async () => {
    const theirs = Object.keys(JSON.parse(await recorded('overview-IBM-2026-05.json')) as object)
    const { text } = await call(sandbox.url, { function: 'OVERVIEW', symbol: 'IBM' })
    const ours = Object.keys(JSON.parse(text) as object)
    assert.deepEqual(
      ours,
      theirs.filter((name) => ours.includes(name)),
    )
  })

  it('CSV has their headers', { skip }, async () => {
    for (const [file, params] of [
      [
        'intraday-5min-IBM-compact-2026-05-15.csv',
        { function: 'TIME_SERIES_INTRADAY', interval: '5min' },
      ],
      ['daily-IBM-compact-2026-05-15.csv', { function: 'TIME_SERIES_DAILY' }],
      ['daily-adjusted-IBM-compact-2026-05-15.csv', { function: 'TIME_SERIES_DAILY_ADJUSTED' }],
      ['weekly-adjusted-IBM-2026-05.csv', { function: 'TIME_SERIES_WEEKLY_ADJUSTED' }],
      ['monthly-IBM-2026-05.csv', { function: 'TIME_SERIES_MONTHLY' }],
      ['global-quote-IBM-2026-05-15.csv', { function: 'GLOBAL_QUOTE' }],
      ['symbol-search-tesco-2026.csv', { function: 'SYMBOL_SEARCH', keywords: 'IBM' }],
      ['splits-IBM-2026.csv', { function: 'SPLITS' }],
      ['listing-status-small.csv', { function: 'LISTING_STATUS' }],
    ] as const) {
      const [ours] = await callCsv(sandbox.url, { symbol: 'IBM', ...params })
      assert.equal(ours, (await recorded(file)).split(/\r?\n/, 1)[0], file)
    }
  })
})
