/** The sandbox as Polygon, beyond bars of one ticker: days of the whole market and reference data. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
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
import { startSandbox, type Sandbox } from '../../src/sandbox/server.ts'
import { needOf, send, truth } from './adapter-client.ts'
import { at, calendar, day, plain, type PlainBar } from './plain-bars.ts'

let sandbox: Sandbox

before(async () => {
  sandbox = await startSandbox({ port: 0, clock: () => at('2024-06-12T18:07:03Z') })
})
after(() => sandbox.close())

describe('days', () => {
  it('of the whole market come in one call, unsorted, and agree with single ones', async () => {
    const body = await send(sandbox, requestGrouped(day('2024-06-07')))
    const answer = parseGrouped(body, day('2024-06-07'), calendar)
    assert.ok(answer.ok)
    assert.equal(new Set(answer.tickers).size, answer.tickers.length)
    assert.notDeepEqual(answer.tickers, answer.tickers.toSorted())
    for (const symbol of ['NVDA', 'BRK.B', 'SIM7']) {
      const index: number = answer.tickers.indexOf(symbol)
      const bar: PlainBar | undefined = plain(answer.batch)[index]
      const need = needOf(sandbox, symbol, '1d', '2024-06-07', '2024-06-08')
      assert.deepEqual([bar], truth(sandbox, need, 'regular'))
    }
    const labels = JSON.parse(new TextDecoder().decode(body.bytes)) as { results: { t: number }[] }
    assert.equal(labels.results[0]!.t, at('2024-06-07T20:00:00Z'))
  })

  it('without trading have neither bars nor an open', async () => {
    const body = await send(sandbox, requestGrouped(day('2024-06-08')))
    const answer = parseGrouped(body, day('2024-06-08'), calendar)
    assert.equal(answer.ok ? 'ok' : answer.failure, 'no-data')
    const open = await fetch(`${sandbox.url}/v1/open-close/AAPL/2024-06-08?apiKey=k`)
    const value = (await open.json()) as Record<string, unknown>
    assert.deepEqual(
      [open.status, value['status'], value['message']],
      [404, 'NOT_FOUND', 'Data not found.'],
    )
  })

  it('before today are what prev gives', async () => {
    const quote = polygon.parseQuote(await send(sandbox, polygon.requestQuote('AAPL')), 'AAPL')
    assert.ok(quote.ok)
    assert.equal(quote.sessionDay, day('2024-06-11'))
    const need = needOf(sandbox, 'AAPL', '1d', '2024-06-11', '2024-06-12')
    assert.equal(quote.price, truth(sandbox, need, 'regular')[0]!.close)
  })
})

describe('reference data', () => {
  it('tell a ticker, and say that another does not exist', async () => {
    const known = polygon.parseOverview(
      await send(sandbox, polygon.requestOverview('BRK-B')),
      'BRK-B',
    )
    assert.ok(known.ok)
    assert.deepEqual(
      [known.symbol, known.name, known.kind, known.exchange, known.currency],
      ['BRK-B', 'Berkshire Hathaway Inc (SIMULATED)', 'stock', 'XNYS', 'USD'],
    )
    const unknown = polygon.parseOverview(
      await send(sandbox, polygon.requestOverview('ZZZZ')),
      'ZZZZ',
    )
    assert.equal(unknown.ok ? 'ok' : unknown.failure, 'unknown-symbol')
  })

  it('list tickers by page', async () => {
    const first = requestListing(true)
    let request = { ...first, params: { ...first.params, limit: '20' } }
    const tickers: string[] = []
    for (let pages = 1; ; pages += 1) {
      const answer = parseListing(await send(sandbox, request), request, sandbox.url)
      assert.ok(answer.ok, JSON.stringify(answer))
      tickers.push(...answer.listings.map(({ ticker }) => ticker))
      if (answer.next === undefined) {
        assert.equal(pages, 2)
        break
      }
      request = answer.next as typeof request
    }
    assert.equal(tickers.length, 35)
    assert.deepEqual(tickers, tickers.toSorted())
  })

  it('find tickers by a part of their name', async () => {
    const body = await send(sandbox, polygon.requestSearch('apple'))
    const answer = polygon.parseSearch(body)
    assert.ok(answer.ok)
    assert.deepEqual(
      answer.matches.map(({ symbol }) => symbol),
      ['AAPL'],
    )
  })

  it('list splits and dividends, oldest first where that is asked, over pages', async () => {
    const [splits, dividends] = requestActions('NVDA')
    const read = parseActions(await send(sandbox, splits!), splits!, 'NVDA', sandbox.url)
    assert.ok(read.ok)
    // NVIDIA's own splits: 2:1, 2:1, 3:2, 4:1 and 10:1.
    assert.deepEqual(read.splits, [
      { day: day('2000-06-27'), newShares: 2, oldShares: 1 },
      { day: day('2006-04-07'), newShares: 2, oldShares: 1 },
      { day: day('2007-09-11'), newShares: 3, oldShares: 2 },
      { day: day('2021-07-20'), newShares: 4, oldShares: 1 },
      { day: day('2024-06-10'), newShares: 10, oldShares: 1 },
    ])
    let request = { ...dividends!, params: { ...dividends!.params, limit: '30' } }
    const days: number[] = []
    for (;;) {
      const answer = parseActions(await send(sandbox, request), request, 'NVDA', sandbox.url)
      assert.ok(answer.ok, JSON.stringify(answer))
      days.push(...answer.dividends.map((dividend) => dividend.day))
      if (answer.next === undefined) break
      request = answer.next as typeof request
    }
    const expected = sandbox.market.dividends('NVDA', day('2024-07-12')).map((one) => one.day)
    assert.ok(expected.length > 60)
    assert.deepEqual(days, expected)
  })

  it('tell the state of the market and the odd days ahead', async () => {
    const now = parseMarketNow(await send(sandbox, requestMarketNow()))
    assert.ok(now.ok)
    assert.deepEqual([now.market, now.serverTime], ['open', at('2024-06-12T18:07:03Z')])
    const ahead = parseMarketUpcoming(await send(sandbox, requestMarketUpcoming()))
    assert.ok(ahead.ok)
    assert.deepEqual(ahead.days.filter(({ exchange }) => exchange === 'NYSE').slice(0, 3), [
      {
        exchange: 'NYSE',
        name: 'Juneteenth',
        day: day('2024-06-19'),
        status: 'closed',
        open: null,
        close: null,
      },
      {
        exchange: 'NYSE',
        name: 'Independence Day',
        day: day('2024-07-03'),
        status: 'early-close',
        open: at('2024-07-03T13:30:00Z'),
        close: at('2024-07-03T17:00:00Z'),
      },
      {
        exchange: 'NYSE',
        name: 'Independence Day',
        day: day('2024-07-04'),
        status: 'closed',
        open: null,
        close: null,
      },
    ])
  })
})
