/** Polygon: answers in pages are followed to their end, and nowhere else. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { getCalendar } from '../../src/domain/calendar/registry.ts'
import { parseActions, requestActions } from '../../src/providers/polygon/actions.ts'
import { polygon } from '../../src/providers/polygon/index.ts'
import { parseListing, requestListing } from '../../src/providers/polygon/listing.ts'
import type { BarRequest, VendorBody, VendorRequest } from '../../src/providers/provider.ts'

const calendar = getCalendar('XNYS')
const day = (text: string): number => Date.parse(`${text}T00:00Z`)
const NOW = Date.parse('2024-03-20T15:00Z')

function bodyOf(value: unknown): VendorBody {
  const bytes = new TextEncoder().encode(JSON.stringify(value))
  return { status: 200, bytes, contentType: 'application/json' }
}

function read(request: BarRequest, value: unknown, baseUrl?: string) {
  const context = { calendar, receivedAt: NOW }
  return polygon.parseBars(
    bodyOf(value),
    request,
    baseUrl === undefined ? context : { ...context, baseUrl },
  )
}

/** A call for the minutes of 2024-03-05 and 06. */
function firstCall(symbol = 'ACME'): BarRequest {
  const range = { from: day('2024-03-05'), until: day('2024-03-07') }
  return polygon.planBars({ symbol, interval: '1m', ...range, now: NOW, calendar })[0]!
}

const OPENING = Date.parse('2024-03-05T14:30Z')
/** Minutes with a trade: every third of some, over the two days. */
const MINUTES = Array.from({ length: 47 }, (_, i) => OPENING + i * 40 * 60_000)

function rowAt(t: number) {
  return { t, o: 1, h: 2, l: 1, c: 2, v: 100, vw: 1.5, n: 3 }
}

/** The vendor's way of paging: the same path with another start, and a cursor with the rest. */
function serve(request: VendorRequest, size: number, host = 'api.massive.com'): object {
  assert.equal(request.params['adjusted'], 'false')
  const [, ticker, from, until] =
    /^\/v2\/aggs\/ticker\/([^/]+)\/range\/1\/minute\/([^/]+)\/([^/]+)$/.exec(request.path)!
  const start = /^\d+$/.test(from!) ? Number(from) : day(from!)
  const left = MINUTES.filter((t) => t >= start)
  const page = left.slice(0, size)
  const path = `/v2/aggs/ticker/${ticker}/range/1/minute/${page.at(-1)! + 60_000}/${until}`
  const next = { next_url: `https://${host}${path}?cursor=bGltaXQ9MTAmc29ydD1hc2M` }
  const results = page.length === 0 ? {} : { results: page.map(rowAt) }
  return {
    ticker: decodeURIComponent(ticker!),
    resultsCount: page.length,
    adjusted: false,
    ...results,
    status: 'OK',
    ...(left.length > 0 && left.length >= size ? next : {}),
  }
}

describe('bars in pages', () => {
  for (const host of ['api.polygon.io', 'api.massive.com']) {
    test(`are all there at the end, each once, by way of ${host}`, () => {
      const instants: number[] = []
      const calls: BarRequest[] = []
      let request: BarRequest | undefined = firstCall()
      while (request !== undefined) {
        calls.push(request)
        const answer = read(request, serve(request.request, 10, host))
        assert.ok(answer.ok)
        instants.push(...answer.batch.ts)
        request = answer.next
      }
      assert.deepEqual(instants, MINUTES)
      assert.equal(calls.length, 5)
      const [, second] = calls
      assert.deepEqual(second!.request, {
        path: `/v2/aggs/ticker/ACME/range/1/minute/${MINUTES[9]! + 60_000}/2024-03-06`,
        params: { cursor: 'bGltaXQ9MTAmc29ydD1hc2M', adjusted: 'false' },
        keyHeader: { name: 'Authorization', prefix: 'Bearer ' },
      })
      assert.equal(second!.fallback, null)
      // A page answers for nothing before the day on which it goes on: the third at 22:11 of the 5th.
      const froms = calls.map(({ covers }) => covers?.from)
      assert.deepEqual(
        froms,
        ['05', '05', '05', '06', '06'].map((date) => day(`2024-03-${date}`)),
      )
      for (const { covers } of calls) assert.equal(covers?.until, day('2024-03-07'))
    })
  }

  test('may end with an empty page, which is no failure after others', () => {
    const request = firstCall()
    const size = MINUTES.length
    const first = read(request, serve(request.request, size))
    assert.ok(first.ok && first.next !== undefined && first.batch.length === size)
    const last = read(first.next, serve(first.next.request, size))
    assert.ok(last.ok && last.next === undefined && last.batch.length === 0)
  })

  test('may have an empty page between others', () => {
    const request = firstCall()
    const path = `/v2/aggs/ticker/ACME/range/1/minute/${OPENING}/2024-03-06`
    const answer = read(request, {
      ticker: 'ACME',
      resultsCount: 0,
      status: 'OK',
      next_url: `https://api.polygon.io${path}?cursor=a`,
    })
    assert.ok(answer.ok && answer.batch.length === 0 && answer.next?.request.path === path)
  })

  const page = (nextUrl: unknown, rows = [rowAt(OPENING), rowAt(OPENING + 60_000)]) => ({
    ticker: 'ACME',
    results: rows,
    status: 'OK',
    next_url: nextUrl,
  })
  const goingOn = `range/1/minute/${OPENING + 120_000}/2024-03-06?cursor=a`
  const refused: Record<string, unknown> = {
    'another host': `https://api.example.com/v2/aggs/ticker/ACME/${goingOn}`,
    'a host that only begins alike': `https://api.polygon.io.example.com/v2/aggs/ticker/ACME/${goingOn}`,
    'another port': `https://api.polygon.io:8443/v2/aggs/ticker/ACME/${goingOn}`,
    'plain HTTP': `http://api.polygon.io/v2/aggs/ticker/ACME/${goingOn}`,
    'another ticker': `https://api.polygon.io/v2/aggs/ticker/ACMf/${goingOn}`,
    'the ticker in other letters': `https://api.polygon.io/v2/aggs/ticker/acme/${goingOn}`,
    'another interval': `https://api.polygon.io/v2/aggs/ticker/ACME/${goingOn.replace('1/', '5/')}`,
    'another path': `https://api.polygon.io/v3/trades/ACME?cursor=a`,
    'a path that climbs': `https://api.polygon.io/v2/aggs/ticker/ACME/../${goingOn}`,
    'no URL': '/v2/aggs/ticker/ACME/range',
    'no text': 7,
    'the last row again': `https://api.polygon.io/v2/aggs/ticker/ACME/range/1/minute/${OPENING + 60_000}/2024-03-06`,
    'the first day again': `https://api.polygon.io/v2/aggs/ticker/ACME/range/1/minute/2024-03-05/2024-03-06`,
    'no time': `https://api.polygon.io/v2/aggs/ticker/ACME/range/1/minute/soon/2024-03-06`,
  }
  for (const [what, nextUrl] of Object.entries(refused)) {
    test(`are refused when the next page is ${what}`, () => {
      const answer = read(firstCall(), page(nextUrl))
      assert.ok(!answer.ok && answer.failure === 'malformed', JSON.stringify(answer))
    })
  }

  test('are followed on the host that was asked, and on no other that is not the vendor', () => {
    const nextUrl = `http://127.0.0.1:4010/v2/aggs/ticker/ACME/${goingOn}`
    assert.ok(read(firstCall(), page(nextUrl), 'http://127.0.0.1:4010').ok)
    assert.ok(!read(firstCall(), page(nextUrl), 'http://127.0.0.1:4011').ok)
    assert.ok(!read(firstCall(), page(nextUrl)).ok)
  })

  test('never carry a key on, and ask for raw prices again', () => {
    const nextUrl = `https://api.polygon.io/v2/aggs/ticker/ACME/${goingOn}&apiKey=SECRET&adjusted=true&limit=9`
    const answer = read(firstCall(), page(nextUrl))
    assert.ok(answer.ok)
    const params = answer.next?.request.params
    assert.deepEqual(params, { cursor: 'a', limit: '9', adjusted: 'false' })
  })

  test('are refused when a page brings rows from before its start, or goes on to itself', () => {
    const first = read(firstCall(), page(`https://api.polygon.io/v2/aggs/ticker/ACME/${goingOn}`))
    assert.ok(first.ok && first.next !== undefined)
    const repeated = read(first.next, page(null))
    assert.ok(!repeated.ok && repeated.failure === 'malformed')
    const loop = page(`https://api.polygon.io/v2/aggs/ticker/ACME/${goingOn}`, [])
    const looping = read(first.next, loop)
    assert.ok(!looping.ok && looping.failure === 'malformed')
  })

  test('have escaped tickers and case in their paths', () => {
    const request = firstCall('PEBpE')
    const answer = read(request, serve(request.request, 10))
    assert.match((answer.ok && answer.next?.request.path) || '', /\/PEBpE\/range\/1\/minute\//)
  })
})

const cursor = (name: string, path: string) => `https://api.massive.com${path}?cursor=${name}`

const listing = (tickers: string[], next?: string) =>
  bodyOf({
    results: tickers.map((ticker) => ({ ticker })),
    status: 'OK',
    ...(next === undefined ? {} : { next_url: cursor(next, '/v3/reference/tickers') }),
  })

describe('lists in pages', () => {
  test('are followed by their cursors until there is none', () => {
    const first = parseListing(listing(['A', 'AA'], 'one'), requestListing(true))
    assert.ok(first.ok && first.next !== undefined)
    assert.deepEqual(first.next.params, { cursor: 'one' })
    assert.equal(first.next.path, '/v3/reference/tickers')
    assert.deepEqual(first.next.keyHeader, { name: 'Authorization', prefix: 'Bearer ' })
    const last = parseListing(listing(['AAA']), first.next)
    assert.ok(last.ok && last.next === undefined)
  })

  test('are refused when the next page is this one, or of something else', () => {
    const first = parseListing(listing(['A'], 'one'), requestListing(true))
    assert.ok(first.ok && first.next !== undefined)
    assert.ok(!parseListing(listing(['B'], 'one'), first.next).ok)
    const [splits, dividends] = requestActions('ACME')
    const body = bodyOf({ results: [], next_url: cursor('one', '/v3/reference/splits') })
    assert.ok(!parseActions(body, dividends!, 'ACME').ok)
    const answer = parseActions(body, splits!, 'ACME')
    assert.deepEqual(answer.ok && answer.next?.params, { cursor: 'one' })
  })
})
