/**
 * Recordings of Polygon and Yahoo, sent over real HTTP and taken the whole way into the store: each bar
 * is there once, digit for digit (Yahoo's as far as its 32-bit floats hold them).
 * The recordings are not part of the project: STOCKYARD_RECORDINGS names the folder that has them.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { formatDate, parseDay } from '../../src/domain/date.ts'
import type { Interval } from '../../src/domain/interval.ts'
import { readPageRange } from '../../src/db/pages.ts'
import { findHead } from '../../src/db/series.ts'
import { fetchAll } from '../../src/load/fetch-series.ts'
import { makeLogger } from '../../src/log.ts'
import { makeHttpClient } from '../../src/providers/fetch.ts'
import { getProvider } from '../../src/providers/registry.ts'
import { makeDatabase } from '../support/database.ts'

const folder = process.env['STOCKYARD_RECORDINGS']
const skip = folder === undefined ? 'STOCKYARD_RECORDINGS names no folder' : false
const log = makeLogger({ level: 'silent', format: 'json' })

let body: Buffer = Buffer.alloc(0)
let status = 200
const server = createServer((_request, response) => {
  response.statusCode = status
  response.end(body)
})
await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
after(() => server.close())

interface Recording {
  readonly file: string
  readonly symbol: string
  readonly interval: Interval
  /** What was asked for when it was recorded, and when that was. */
  readonly from: string
  readonly until: string
  readonly now: string
  /** Rows that are no bars: how many, and why. */
  readonly without?: number
}

/** Some recordings are the body as it came, others have it in an envelope with the call. */
function bodyOf(recorded: Buffer): Buffer {
  const text = recorded.toString()
  if (!text.startsWith('{')) return recorded
  const { response } = JSON.parse(text) as { response?: { bodyJson?: unknown } }
  return response === undefined ? recorded : Buffer.from(JSON.stringify(response.bodyJson))
}

/** Plays a recording as the answer to one call, into a store of its own. */
async function replay(t: Parameters<typeof makeDatabase>[0], id: string, recording: Recording) {
  const { pool } = await makeDatabase(t)
  const sleep = async () => void (await pool.query('DELETE FROM stockyard.budget_pauses'))
  const clock = { now: () => Date.parse(recording.now), sleep }
  const client = makeHttpClient({ clock, log, retries: 0 })
  body = bodyOf(readFileSync(join(folder!, id, recording.file)))
  try {
    const summary = await fetchAll(
      {
        pool,
        client,
        clock,
        log,
        configs: { [id]: { key: 'replay-key', baseUrl, budget: 'unlimited' } },
      },
      {
        symbols: [recording.symbol],
        intervals: [recording.interval],
        providers: [getProvider(id)],
        from: parseDay(recording.from),
        until: parseDay(recording.until),
        force: false,
        defaultDays: 90,
      },
    )
    return { pool, summary }
  } finally {
    await client.close()
  }
}

async function storedBars(
  pool: Awaited<ReturnType<typeof replay>>['pool'],
  id: string,
  recording: Recording,
) {
  const { basis } = getProvider(id)
  const { symbol, interval } = recording
  const head = await findHead(pool, { symbol, interval, provider: id, basis })
  const range = {
    interval,
    from: 0,
    until: parseDay('2100-01-01'),
    order: 'asc',
    limit: 1000,
  } as const
  return (await readPageRange(pool, head!.seriesId, range)).flatMap(({ bars }) =>
    Array.from(bars.ts, (ts, i) => [
      ts,
      bars.open[i]!,
      bars.high[i]!,
      bars.low[i]!,
      bars.close[i]!,
      bars.volume[i]!,
    ]),
  )
}

/** What a 32-bit float stands for: four decimals, and six digits at least. */
function round(value: number): number {
  return Number(value.toFixed(Math.max(4, 5 - Math.floor(Math.log10(value)))))
}

/** The date of an instant in a zone, as a day. */
function dayIn(zone: string, instant: number): number {
  const text = new Intl.DateTimeFormat('en-CA', { timeZone: zone }).format(instant)
  return parseDay(text)
}

const POLYGON: readonly Recording[] = [
  {
    file: 'aggs-AAPL-1day-2005-04-DST.json',
    symbol: 'AAPL',
    interval: '1d',
    from: '2005-04-01',
    until: '2005-04-05',
    now: '2024-01-06T12:00Z',
  },
  {
    file: 'aggs-AAPL-1day-2019-01.json',
    symbol: 'AAPL',
    interval: '1d',
    from: '2019-01-01',
    until: '2019-02-01',
    now: '2020-01-04T12:00Z',
  },
  {
    file: 'aggs-AAPL-1day-2023-01-01-to-10-sort-asc.json',
    symbol: 'AAPL',
    interval: '1d',
    from: '2023-01-01',
    until: '2023-01-11',
    now: '2023-02-04T12:00Z',
  },
  {
    file: 'aggs-VERU-1min-2022-04-11-to-12-extended.json',
    symbol: 'VERU',
    interval: '1m',
    from: '2022-04-11',
    until: '2022-04-13',
    now: '2022-04-16T12:00Z',
  },
]

describe('a recorded answer of Polygon', { skip }, () => {
  for (const recording of POLYGON) {
    it(`is stored bar by bar: ${recording.file}`, async (t) => {
      const { pool, summary } = await replay(t, 'polygon', recording)
      assert.deepEqual([summary.status, summary.rejected, summary.requests], ['succeeded', 0, 1])
      const document = JSON.parse(body.toString()) as {
        results: Record<'t' | 'o' | 'h' | 'l' | 'c' | 'v', number>[]
      }
      const expected = document.results.map(({ t: ts, o, h, l, c, v }) => [
        recording.interval === '1d' ? dayIn('America/New_York', ts) : ts,
        o,
        h,
        l,
        c,
        v,
      ])
      assert.deepEqual(await storedBars(pool, 'polygon', recording), expected)
    })
  }
})

const YAHOO: readonly Recording[] = [
  {
    file: 'chart/chart-AAPL-2020-08-31-to-2020-11-07.json',
    symbol: 'AAPL',
    interval: '1d',
    from: '2020-08-31',
    until: '2020-11-07',
    now: '2022-02-22T22:00Z',
  },
  {
    file: 'chart/historical-MSFT-dividends-2021-02-01-to-2022-01-31.json',
    symbol: 'MSFT',
    interval: '1d',
    from: '2021-02-01',
    until: '2022-01-31',
    now: '2025-01-04T12:00Z',
  },
  {
    file: 'chart/chart-AAPL-range5d-2022-09-02.json',
    symbol: 'AAPL',
    interval: '1d',
    from: '2022-08-29',
    until: '2022-09-03',
    now: '2022-09-03T12:00Z',
  },
  {
    file: 'chart/history-aapl-2025-08-live.json',
    symbol: 'AAPL',
    interval: '1d',
    from: '2025-07-21',
    until: '2025-08-22',
    now: '2025-08-21T18:23Z',
  },
  {
    file: 'chart/chart-ALL.AX-3mo.json',
    symbol: 'ALL.AX',
    interval: '1d',
    from: '2021-10-12',
    until: '2022-01-14',
    now: '2022-01-13T05:11Z',
  },
  {
    file: 'chart/chart-OCDO.L-2020-01-01-to-2020-01-03.json',
    symbol: 'OCDO.L',
    interval: '1d',
    from: '2020-01-01',
    until: '2020-01-03',
    now: '2022-01-13T05:11Z',
  },
  {
    file: 'chart/chart-BTC-USD-2020-01-01-to-2020-01-03.json',
    symbol: 'BTC-USD',
    interval: '1d',
    from: '2020-01-01',
    until: '2020-01-04',
    now: '2022-01-13T05:11Z',
  },
  // The last row is the closing tick of the day, not a bar.
  {
    file: 'chart/chart-AAPL-1h-2022-09-02.json',
    symbol: 'AAPL',
    interval: '1h',
    from: '2022-09-02',
    until: '2022-09-03',
    now: '2022-09-03T12:00Z',
    without: 1,
  },
]

interface Chart {
  readonly meta: { readonly exchangeTimezoneName: string }
  readonly timestamp: readonly number[]
  readonly indicators: {
    readonly quote: readonly [
      Record<'open' | 'high' | 'low' | 'close' | 'volume', readonly number[]>,
    ]
  }
}

describe('a recorded answer of Yahoo', { skip }, () => {
  for (const recording of YAHOO) {
    it(`is stored bar by bar: ${recording.file}`, async (t) => {
      const { pool, summary } = await replay(t, 'yahoo', recording)
      assert.deepEqual([summary.tasks[0]!.error, summary.rejected], [null, 0])
      const { chart } = JSON.parse(body.toString()) as { chart: { result: [Chart] } }
      const [result] = chart.result
      const [quote] = result.indicators.quote
      const expected = result.timestamp
        .map((second, i) => [
          recording.interval === '1d'
            ? dayIn(result.meta.exchangeTimezoneName, second * 1000)
            : second * 1000,
          round(quote.open[i]!),
          round(quote.high[i]!),
          round(quote.low[i]!),
          round(quote.close[i]!),
          quote.volume[i]!,
        ])
        .slice(0, result.timestamp.length - (recording.without ?? 0))
      assert.deepEqual(await storedBars(pool, 'yahoo', recording), expected)
      assert.equal(formatDate(expected[0]![0]!) >= recording.from, true)
    })
  }

  it('without rows, or for a symbol that is gone, fails by name', async (t) => {
    for (const [file, code, httpStatus] of [
      ['chart/chart-CAPIO.ST-no-data.json', 'SYMBOL_UNKNOWN', 200],
      ['errors/error-404-not-found-delisted.json', 'SYMBOL_UNKNOWN', 404],
      ['errors/error-429-edge-too-many-requests.txt', 'RATE_LIMITED', 429],
    ] as const) {
      status = httpStatus
      const recording = { ...YAHOO[0]!, file, symbol: 'CAPIO.ST' }
      const { summary } = await replay(t, 'yahoo', recording)
      status = 200
      assert.equal(summary.tasks[0]!.error?.code, code, file)
    }
  })
})
