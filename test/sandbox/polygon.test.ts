/** The sandbox as Polygon: windows, pages, adjustment, plans and refusals. */
import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import { polygon } from '../../src/providers/polygon/index.ts'
import { startSandbox, type Sandbox } from '../../src/sandbox/server.ts'
import { fetchBars, needOf, readOne, truth } from './adapter-client.ts'
import { at, day, over, plain } from './plain-bars.ts'

/** In session, two days after NVIDIA's split of 10:1 on 2024-06-10. */
const NOW = '2024-06-12T18:07:03Z'

let sandbox: Sandbox

before(async () => {
  sandbox = await startSandbox({ port: 0, clock: () => at(NOW) })
})
after(() => sandbox.close())
beforeEach(() => {
  sandbox.plans.clear()
  sandbox.exchangeClock.fix(at(NOW))
})

interface Row {
  readonly T?: string
  readonly o: number
  readonly h: number
  readonly l: number
  readonly c: number
  readonly v: number
  readonly vw: number
  readonly n: number
  readonly t: number
}
interface Document {
  readonly [name: string]: unknown
  readonly results?: readonly Row[]
  readonly queryCount: number
  readonly resultsCount: number
  readonly next_url?: string
}

async function get(
  path: string,
  key = 'sandbox-key',
): Promise<{ status: number; value: Document }> {
  const headers = key === '' ? {} : { authorization: `Bearer ${key}` }
  const url = path.startsWith('http') ? path : `${sandbox.url}${path}`
  const answer = await fetch(url, { headers })
  return { status: answer.status, value: (await answer.json()) as Document }
}

function range(ticker: string, spelling: string, dates: string, params = ''): string {
  return `/v2/aggs/ticker/${ticker}/range/${spelling}/${dates}?adjusted=false${params}`
}

/** Sets the plan of the caller. */
async function plan(value: object): Promise<void> {
  const body = JSON.stringify({ polygon: value })
  const answer = await fetch(`${sandbox.url}/_sandbox/plans`, { method: 'POST', body })
  assert.equal(answer.status, 200)
  await answer.arrayBuffer()
}

describe('aggregates as the adapter reads them', () => {
  it('are the true minutes of all hours, over several pages', async () => {
    const need = needOf(sandbox, 'AAPL', '1m', '2024-06-03', '2024-06-12')
    const { bars, notes, unreadable } = await fetchBars(sandbox, polygon, need)
    assert.deepEqual(bars, truth(sandbox, need, 'all'))
    assert.deepEqual([notes, unreadable], [[], []])
    const [first] = polygon.planBars(need)
    const params = { ...first!.request.params, limit: '700' }
    const paged = { ...first!, request: { ...first!.request, params } }
    const pages = []
    for (let call: typeof paged | undefined = paged; call !== undefined;) {
      const answer = await readOne(sandbox, polygon, call)
      assert.ok(answer.ok)
      pages.push(plain(answer.batch))
      call = answer.next as typeof paged | undefined
    }
    assert.equal(pages.length, Math.ceil(bars.length / 700))
    assert.ok(pages.length > 3)
    assert.deepEqual(pages.flat(), bars)
  })

  it('are the true 5, 15 and 30 minutes and days, raw though a split lies between', async () => {
    for (const interval of ['5m', '15m', '30m', '1d'] as const) {
      const need = needOf(sandbox, 'NVDA', interval, '2024-06-05', '2024-06-12')
      const { bars } = await fetchBars(sandbox, polygon, need)
      assert.deepEqual(bars, truth(sandbox, need, 'all'), interval)
      assert.ok(bars[0]!.close > 5 * bars.at(-1)!.close)
    }
  })

  it('begin on 2003-09-10, as the vendor’s history does', async () => {
    const { bars } = await fetchBars(
      sandbox,
      polygon,
      needOf(sandbox, 'IBM', '1d', null, '2024-06-12'),
    )
    assert.equal(bars[0]!.ts, day('2003-09-10'))
  })

  it('include the unfinished bar of now', async () => {
    const { value } = await get(range('AAPL', '1/minute', '2024-06-12/2024-06-12'))
    assert.equal(value.results!.at(-1)!.t, at('2024-06-12T18:07:00Z'))
  })
})

describe('windows', () => {
  it('of hours begin on full hours, with an average price and trades made of the minutes', async () => {
    const [hours, minutes] = await Promise.all([
      get(range('AAPL', '1/hour', '2024-06-11/2024-06-11')),
      get(range('AAPL', '1/minute', '2024-06-11/2024-06-11')),
    ])
    const groups = Map.groupBy(minutes.value.results!, ({ t }) => t - (t % 3_600_000))
    assert.equal(hours.value.results!.length, groups.size)
    for (const hour of hours.value.results!) {
      const own = groups.get(hour.t)!
      const volume = own.reduce((sum, { v }) => sum + v, 0)
      const paid = own.reduce((sum, { v, vw }) => sum + v * vw, 0)
      assert.equal(hour.v, volume)
      assert.ok(Math.abs(hour.vw - paid / volume) < 0.0001)
      assert.equal(
        hour.n,
        own.reduce((sum, { n }) => sum + n, 0),
      )
    }
    assert.equal(hours.value.queryCount, minutes.value.resultsCount)
  })

  it('of days begin at midnight in New York, weeks on Sundays, months on the first', async () => {
    for (const [spelling, dates, first] of [
      ['1/day', '2024-03-08/2024-03-11', '2024-03-08T05:00:00Z'],
      ['1/day', '2024-03-11/2024-03-12', '2024-03-11T04:00:00Z'],
      ['1/week', '2024-06-05/2024-06-07', '2024-06-02T04:00:00Z'],
      ['1/month', '2024-02-10/2024-02-20', '2024-02-01T05:00:00Z'],
      ['1/quarter', '2024-05-10/2024-05-20', '2024-04-01T04:00:00Z'],
      ['1/year', '2024-05-10/2024-05-20', '2024-01-01T05:00:00Z'],
    ] as const) {
      const { value } = await get(range('AAPL', spelling, dates))
      assert.equal(value.results![0]!.t, at(first), spelling)
    }
    const week = await get(range('AAPL', '1/week', '2024-06-02/2024-06-07'))
    const days = await get(range('AAPL', '1/day', '2024-06-02/2024-06-07'))
    assert.equal(days.value.results!.length, 5)
    const { o, c, h, l, v } = week.value.results![0]!
    const list = days.value.results!.map((row) => ({
      ts: 0,
      open: row.o,
      high: row.h,
      low: row.l,
      close: row.c,
      volume: row.v,
    }))
    assert.deepEqual({ ts: 0, open: o, high: h, low: l, close: c, volume: v }, over(list, 0))
  })

  it('are restated for splits unless raw ones are asked for', async () => {
    const path = '/v2/aggs/ticker/NVDA/range/1/day/2024-06-07/2024-06-07'
    const [raw, adjusted] = await Promise.all([get(`${path}?adjusted=false`), get(path)])
    const [a, b] = [raw.value.results![0]!, adjusted.value.results![0]!]
    assert.ok(Math.abs(a.c / 10 - b.c) < 0.0001)
    assert.equal(b.v, a.v * 10)
    assert.deepEqual([raw.value['adjusted'], adjusted.value['adjusted']], [false, true])
  })
})

describe('pages', () => {
  it('count minutes and not bars, name the same host, and carry no key', async () => {
    const { value } = await get(range('AAPL', '5/minute', '2024-06-10/2024-06-11', '&limit=100'))
    assert.equal(value.queryCount, 100)
    assert.ok(value.resultsCount < 100)
    const next = new URL(value.next_url!)
    assert.equal(next.origin, sandbox.url)
    assert.deepEqual([...next.searchParams.keys()], ['cursor'])
    const cursor = Buffer.from(next.searchParams.get('cursor')!, 'base64').toString()
    assert.equal(cursor, 'limit=100&sort=asc')
    const lastEnd = value.results!.at(-1)!.t + 300_000
    assert.ok(Number(next.pathname.split('/').at(-2)) >= lastEnd)
  })

  it('bring the same bars in either order, and no window in two parts', async () => {
    const dates = '2024-06-10/2024-06-11'
    const whole = await get(range('AAPL', '5/minute', dates, '&limit=50000'))
    for (const sort of ['asc', 'desc']) {
      const path = range('AAPL', '5/minute', dates, `&limit=101&sort=${sort}`)
      const rows: Row[] = []
      let pages = 0
      for (let url: string | undefined = path; url !== undefined; pages += 1) {
        const { value } = await get(url === path ? url : `${url}&adjusted=false`)
        rows.push(...value.results!)
        url = value.next_url
      }
      assert.ok(pages > 9)
      assert.deepEqual(sort === 'asc' ? rows : rows.toReversed(), whole.value.results)
    }
  })

  it('end without an address', async () => {
    const { value } = await get(range('AAPL', '1/day', '2024-06-10/2024-06-11', '&limit=2'))
    assert.equal(value.next_url, undefined)
  })
})

describe('keys and plans', () => {
  it('refuse a missing and a wrong key with HTTP 401, and take a key from either place', async () => {
    const path = range('AAPL', '1/day', '2024-06-10/2024-06-11')
    const [missing, wrong] = await Promise.all([get(path, ''), get(path, 'invalid')])
    assert.deepEqual([missing.status, missing.value['error']], [401, 'API Key was not provided'])
    assert.deepEqual([wrong.status, wrong.value['error']], [401, 'Unknown API Key'])
    assert.equal((await get(`${path}&apiKey=k`, '')).status, 200)
    assert.doesNotMatch(JSON.stringify(sandbox.calls.list()), /sandbox-key|"k"/)
  })

  it('refuse today and old days to a free plan, and serve the adapter’s lesser call', async () => {
    await plan({ years: 2, endOfDay: true })
    for (const dates of ['2024-06-10/2024-06-12', '2022-06-10/2024-06-11']) {
      const { status, value } = await get(range('AAPL', '1/day', dates))
      assert.deepEqual([status, value['status']], [403, 'NOT_AUTHORIZED'])
      assert.match(String(value['message']), /^Your plan doesn't include this data timeframe\./)
    }
    const need = needOf(sandbox, 'AAPL', '1d', '2020-01-01', '2024-06-13')
    const [request] = polygon.planBars(need)
    const refused = await readOne(sandbox, polygon, request!)
    assert.equal(refused.ok ? 'ok' : refused.failure, 'entitlement')
    const lesser = await readOne(sandbox, polygon, request!.fallback!)
    assert.ok(lesser.ok)
    assert.equal(lesser.batch.ts.at(-1), day('2024-06-11'))
  })

  it('give a delayed plan what there was 15 minutes ago, and say so', async () => {
    await plan({ delayed: true })
    const { value } = await get(range('AAPL', '1/minute', '2024-06-12/2024-06-12'))
    assert.equal(value['status'], 'DELAYED')
    assert.equal(value.results!.at(-1)!.t, at('2024-06-12T17:52:00Z'))
    const need = needOf(sandbox, 'AAPL', '1m', '2024-06-12', '2024-06-13')
    assert.equal(
      (await fetchBars(sandbox, polygon, need)).bars.at(-1)!.ts,
      at('2024-06-12T17:52:00Z'),
    )
  })

  it('refuse senseless calls with HTTP 400', async () => {
    for (const [path, words] of [
      [range('AAPL', '1/day', 'yesterday/2024-06-12'), /'from'/],
      [range('AAPL', '1/day', '2024-06-12/2024-06-10'), /'to' cannot be/],
      [range('AAPL', '1/fortnight', '2024-06-10/2024-06-12'), /not recognized/],
      [range('AAPL', '0/day', '2024-06-10/2024-06-12'), /not recognized/],
      [range('AAPL', '1/day', '2024-06-10/2024-06-12', '&limit=many'), /'limit'/],
    ] as const) {
      const { status, value } = await get(path)
      assert.deepEqual([status, value['status']], [400, 'ERROR'], path)
      assert.match(String(value['error']), words)
    }
  })

  it('answer for nothing with nothing: unknown tickers, other case, weekends', async () => {
    for (const path of [
      range('ZZZZ', '1/day', '2024-06-10/2024-06-12'),
      range('aapl', '1/day', '2024-06-10/2024-06-12'),
      range('AAPL', '1/minute', '2024-06-08/2024-06-09'),
      range('META', '1/day', '2010-01-04/2010-02-01'),
    ]) {
      const { status, value } = await get(path)
      assert.equal(status, 200)
      assert.deepEqual([value.queryCount, value.resultsCount, value.results], [0, 0, undefined])
    }
  })
})
