/** Beside recordings of Polygon and Yahoo: the sandbox has their keys, envelopes and forms of numbers. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, beforeEach, describe, it } from 'node:test'
import { startSandbox, type Sandbox } from '../../src/sandbox/server.ts'
import { at } from './plain-bars.ts'

const recordings = process.env['STOCKYARD_RECORDINGS']
const skip = recordings === undefined && 'STOCKYARD_RECORDINGS names no folder of recordings'

type Json = Readonly<Record<string, unknown>>

let sandbox: Sandbox

before(async () => {
  sandbox = await startSandbox({ port: 0, clock: () => at('2024-06-12T20:48:08Z') })
})
after(() => sandbox.close())
beforeEach(() => {
  sandbox.faults.clear()
  sandbox.plans.clear()
})

/** The body of a recording, which may stand in an envelope of the tool that made it. */
async function recorded(name: string): Promise<unknown> {
  const value = JSON.parse(await readFile(join(recordings!, name), 'utf8')) as Json
  const envelope = value['response'] as { bodyJson?: unknown } | undefined
  return envelope?.bodyJson ?? value
}

async function served(path: string, key = 'k'): Promise<{ status: number; text: string }> {
  const answer = await fetch(`${sandbox.url}${path}`, {
    headers: { authorization: `Bearer ${key}` },
  })
  return { status: answer.status, text: await answer.text() }
}

/** Every name in a value with the types found under it, e.g. `results[].t number`. */
function shapeOf(value: unknown, path = ''): Set<string> {
  if (Array.isArray(value)) return new Set(value.flatMap((one) => [...shapeOf(one, `${path}[]`)]))
  if (typeof value !== 'object' || value === null) {
    return new Set([`${path} ${value === null ? 'null' : typeof value}`])
  }
  return new Set(
    Object.entries(value).flatMap(([name, one]) => [...shapeOf(one, `${path}.${name}`)]),
  )
}

/** Same names and types, but for those that may be absent at either. */
function assertSameShape(ours: unknown, theirs: unknown, mayLack: readonly RegExp[] = []): void {
  const [own, other] = [shapeOf(ours), shapeOf(theirs)]
  const different = [...own.symmetricDifference(other)]
  assert.deepEqual(
    different.filter((name) => !mayLack.some((pattern) => pattern.test(name))),
    [],
  )
}

/** Names in the `meta` of a chart. */
function metaOf(value: unknown): string[] {
  return Object.keys((value as { chart: { result: { meta: object }[] } }).chart.result[0]!.meta)
}

/** A text without the instants of its period. */
function withoutInstants(text: string): string {
  return text.replaceAll(/=\d{10}/g, '=0')
}

describe('beside recordings of Polygon', { skip }, () => {
  const cases: readonly (readonly [file: string, path: string, mayLack?: readonly RegExp[]])[] = [
    [
      'aggs-AAPL-1day-2023-01-01-to-10-sort-asc.json',
      '/v2/aggs/ticker/AAPL/range/1/day/2024-06-03/2024-06-07',
    ],
    [
      'aggs-AAPL-1min-2023-07-31-premarket-next-url.json',
      '/v2/aggs/ticker/AAPL/range/1/minute/2024-06-03/2024-06-07?limit=10',
    ],
    [
      'aggs-empty-no-results-key-2023.json',
      '/v2/aggs/ticker/ZZZZ/range/1/day/2024-06-03/2024-06-07',
    ],
    ['aggs-grouped-one-row-doc-sample.json', '/v2/aggs/grouped/locale/us/market/stocks/2024-06-07'],
    ['aggs-prev-AAPL-2023-01-25.json', '/v2/aggs/ticker/AAPL/prev'],
    ['open-close-AAPL-2023-doc-sample.json', '/v1/open-close/AAPL/2024-06-07'],
    ['error-not-found-open-close.json', '/v1/open-close/AAPL/2024-06-08'],
    // FIGIs of companies, their addresses and their logos are nothing that a simulation has.
    [
      'reference-ticker-details-v3-AAPL-2025.json',
      '/v3/reference/tickers/AAPL',
      [/cik|figi|phone|address|sic_code|homepage|employees|branding/],
    ],
    ['reference-tickers-v3-page1.json', '/v3/reference/tickers?limit=2', [/cik|share_class_figi/]],
    ['reference-splits-v3-2022.json', '/v3/reference/splits?limit=1000'],
    // The page served has an address of the next one.
    ['reference-dividends-v3-2022.json', '/v3/reference/dividends', [/next_url/]],
    ['marketstatus-now-2022-04-28-extended-hours.json', '/v1/marketstatus/now'],
    ['marketstatus-upcoming-2020.json', '/v1/marketstatus/upcoming'],
  ]
  for (const [file, path, mayLack] of cases) {
    it(`an answer has the names and types of ${file}`, async () => {
      const theirs = await recorded(`polygon/${file}`)
      assertSameShape(JSON.parse((await served(path)).text), theirs, mayLack)
    })
  }

  it('names stand in their order', async () => {
    const theirs = (await recorded('polygon/aggs-AAPL-1day-2023-01-01-to-10-sort-asc.json')) as Json
    const { text } = await served('/v2/aggs/ticker/AAPL/range/1/day/2024-06-03/2024-06-07')
    const ours = JSON.parse(text) as Json
    assert.deepEqual(Object.keys(ours), Object.keys(theirs))
    const rowOf = (document: Json): string[] => Object.keys((document['results'] as Json[])[0]!)
    assert.deepEqual(rowOf(ours), rowOf(theirs))
    // 1.12117471e+08
    assert.match(text, /"v":\d\.\d+e\+\d\d,/)
  })

  it('refusals have their words', async () => {
    const path = '/v2/aggs/ticker/AAPL/range/1/day/2024-06-03/2024-06-12'
    const key = await served(path, 'invalid')
    sandbox.faults.add({ fault: 'note-minute', times: 1 })
    const minute = await served(path)
    sandbox.plans.set('polygon', { years: null, delayed: false, endOfDay: true })
    const plan = await served(path)
    for (const [answer, status, file] of [
      [key, 401, 'error-401-unknown-api-key.json'],
      [minute, 429, 'error-429-rate-limit.json'],
      [plan, 403, 'error-403-not-authorized-timeframe.json'],
    ] as const) {
      assert.equal(answer.status, status)
      const theirs = (await recorded(`polygon/${file}`)) as Json
      const ours = JSON.parse(answer.text) as Json
      assert.deepEqual({ ...ours, request_id: '' }, { ...theirs, request_id: '' })
      assert.match(String(ours['request_id']), /^[0-9a-f]{32}$/)
    }
  })
})

describe('beside recordings of Yahoo', { skip }, () => {
  const cases: readonly (readonly [file: string, path: string, mayLack?: readonly RegExp[]])[] = [
    // Splits and dividends are keyed by their seconds.
    [
      'chart/history_chart_AAPL.json',
      '/v8/finance/chart/AAPL?range=6mo&interval=1d&events=div',
      [/\.events\./],
    ],
    [
      'chart/chart-AAPL-1mo-splits.json',
      '/v8/finance/chart/NVDA?range=6mo&interval=1mo&events=split',
      [/\.events\./, /adjclose/],
    ],
    // Names that came after 2022.
    [
      'chart/chart-AAPL-1h-2022-09-02.json',
      '/v8/finance/chart/AAPL?range=5d&interval=1h',
      [/fullExchangeName|hasPrePost|fiftyTwo|regularMarket(Day|Volume)|Name/],
    ],
    [
      'chart/chart-AAPL-2025-02-01-to-2025-02-02-includePrePost-false-interval-1m.json',
      '/v8/finance/chart/AAPL?interval=1m&period1=1717804800&period2=1717891200',
    ],
    ['search/search_v1_apple.json', '/v1/finance/search?q=apple', [/dispSecIndFlag/]],
  ]
  for (const [file, path, mayLack] of cases) {
    it(`an answer has the names and types of ${file}`, async () => {
      const theirs = await recorded(`yahoo/${file}`)
      assertSameShape(JSON.parse((await served(path)).text), theirs, mayLack)
    })
  }

  it('meta has their names in their order', async () => {
    const theirs = await recorded('yahoo/chart/history_chart_AAPL.json')
    const { text } = await served('/v8/finance/chart/AAPL?range=6mo&interval=1d')
    assert.deepEqual(metaOf(JSON.parse(text)), metaOf(theirs))
  })

  it('every field of a quote is one of theirs', async () => {
    const theirs = new Set(shapeOf(await recorded('yahoo/quote/quote-AAPL.json')))
    const { text } = await served('/v7/finance/quote?symbols=AAPL&crumb=c')
    assert.deepEqual(
      [...shapeOf(JSON.parse(text))].filter((name) => !theirs.has(name)),
      [],
    )
  })

  it('refusals have their words', async () => {
    const interval = await served('/v8/finance/chart/AAPL?range=1d&interval=7d')
    const unknown = await served('/v8/finance/chart/ZZZZ')
    const crumb = await served('/v7/finance/quote?symbols=AAPL')
    const old = await served(
      '/v8/finance/chart/AAPL?interval=1m&period1=1700000000&period2=1700003600',
    )
    for (const [answer, status, file] of [
      [interval, 400, 'error-400-invalid-interval.json'],
      [unknown, 404, 'error-404-not-found-delisted.json'],
      [crumb, 401, 'error-401-invalid-crumb.json'],
      [old, 422, 'error-422-1m-range-too-old.json'],
    ] as const) {
      assert.equal(answer.status, status)
      const theirs = JSON.stringify(await recorded(`yahoo/errors/${file}`))
      assert.equal(withoutInstants(answer.text), withoutInstants(theirs))
    }
    sandbox.faults.add({ fault: 'note-minute', times: 1 })
    const edge = await served('/v8/finance/chart/AAPL')
    const file = 'yahoo/errors/error-429-edge-too-many-requests.txt'
    const theirs = await readFile(join(recordings!, file), 'utf8')
    assert.deepEqual([edge.status, edge.text], [429, theirs.trim()])
  })
})
