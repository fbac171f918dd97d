/** Bars over HTTP as tables, compressed, and not at all where the caller has them already. */
import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib'
import polars from 'nodejs-polars'
import { acceptedFormat } from '../../src/api/accepted-format.ts'
import { putClosure } from '../../src/db/closures.ts'
import { parseDay } from '../../src/domain/date.ts'
import { dailyBars } from '../support/bars.ts'
import { makeDatabase } from '../support/database.ts'
import { AAPL_DAILY, AAPL_MINUTES, day, fillStore, FRIDAY } from '../support/filled-store.ts'
import { loadSeries, tellActions } from '../support/loaded-series.ts'
import { appOver, ask } from './app-under-test.ts'

const { pool } = await makeDatabase()
await fillStore(pool)
const app = await appOver(pool)
after(() => app.close())

const PRICES = '/api/v1/stocks/AAPL/prices'

async function bytesOf(url: string, headers: Record<string, string> = {}) {
  const { rawPayload, statusCode, headers: answered } = await app.inject({ url, headers })
  assert.equal(statusCode, 200, rawPayload.toString())
  return { bytes: rawPayload, headers: answered }
}

/** A column of bars that SQL reads out of the store. */
async function storedColumn(column: string, interval: string): Promise<unknown[]> {
  const { rows } = await pool.query<{ value: unknown }>(
    `SELECT b.${column} AS value FROM stockyard.bars('AAPL', $1, '1900-01-01', '2100-01-01') b
     WHERE b.state = 'final' ORDER BY b.ts`,
    [interval],
  )
  return rows.map(({ value }) => value)
}

describe('prices as Parquet and Arrow', () => {
  it('are read by another program as SQL reads them', async () => {
    for (const interval of ['1d', '1m']) {
      const closes = await storedColumn('close', interval)
      const volumes = await storedColumn('volume', interval)
      assert.ok(closes.length > 300)
      const parquet = await bytesOf(`${PRICES}?interval=${interval}&format=parquet`)
      const arrow = await bytesOf(`${PRICES}?interval=${interval}&format=arrow`)
      assert.equal(parquet.headers['content-type'], 'application/vnd.apache.parquet')
      assert.equal(arrow.headers['content-type'], 'application/vnd.apache.arrow.stream')
      for (const frame of [polars.readParquet(parquet.bytes), polars.readIPCStream(arrow.bytes)]) {
        assert.deepEqual(
          frame.columns,
          'symbol,interval,ts,open,high,low,close,volume,vwap,trades,provider,state'.split(','),
        )
        assert.deepEqual(frame.getColumn('close').toArray(), closes)
        assert.deepEqual(frame.getColumn('volume').toArray(), volumes)
        assert.equal(frame.getColumn('trades').nullCount(), closes.length)
        assert.deepEqual(frame.getColumn('state').unique().toArray(), ['final'])
      }
    }
  })

  it('have dates for daily bars and instants for minutes', async () => {
    const daily = polars.readIPCStream((await bytesOf(`${PRICES}?format=arrow`)).bytes)
    assert.deepEqual(daily.row(0)[2], new Date(AAPL_DAILY.ts[0]!))
    assert.equal(String(daily.getColumn('ts').dtype), 'DataType(Date)')
    const minutes = polars.readParquet(
      (await bytesOf(`${PRICES}?interval=1m&format=parquet`)).bytes,
    )
    assert.deepEqual(minutes.row(0)[2], new Date(AAPL_MINUTES.ts[0]!))
    assert.equal(String(minutes.getColumn('ts').dtype), 'DataType(Datetime(ms,UTC))')
  })

  it('hold several symbols, the fields asked for, and no row where there is none', async () => {
    const url = '/api/v1/prices?symbols=MSFT,AAPL&fields=close&format=arrow'
    const frame = polars.readIPCStream((await bytesOf(url)).bytes)
    assert.deepEqual(frame.columns, ['symbol', 'interval', 'ts', 'close'])
    assert.deepEqual(frame.getColumn('symbol').unique().sort().toArray(), ['AAPL', 'MSFT'])
    for (const [format, read] of [
      ['parquet', polars.readParquet],
      ['arrow', polars.readIPCStream],
    ] as const) {
      const { bytes } = await bytesOf(`/api/v1/stocks/XOM/prices?format=${format}`)
      assert.deepEqual([read(bytes).height, read(bytes).columns.length], [0, 12])
    }
  })

  it('name the next page in a header where there is a limit', async () => {
    const { bytes, headers } = await bytesOf(`${PRICES}?format=arrow&limit=10`)
    assert.equal(polars.readIPCStream(bytes).height, 10)
    assert.match(String(headers['link']), /^<\/api\/v1\/stocks\/AAPL\/prices\?.*>; rel="next"$/)
  })
})

describe('the head of a download', () => {
  it('is that of the download, and says nothing of a length that is not known', async () => {
    for (const format of ['csv', 'ndjson', 'parquet', 'arrow']) {
      for (const limit of ['', '&limit=10']) {
        const url = `${PRICES}?format=${format}${limit}`
        const whole = await ask(app, url)
        const { status, text, headers } = await ask(app, url, { method: 'HEAD' })
        assert.deepEqual([status, text, headers['content-length']], [200, '', undefined], url)
        for (const name of ['content-type', 'etag', 'link', 'vary']) {
          assert.equal(headers[name], whole.headers[name], `${name} of ${url}`)
        }
      }
    }
    const { headers } = await ask(app, PRICES, { method: 'HEAD' })
    const { text } = await ask(app, PRICES)
    assert.equal(headers['content-length'], String(Buffer.byteLength(text)))
  })
})

describe('a download of several symbols', () => {
  it('as of now is as one that names no instant', async () => {
    const url = '/api/v1/prices?symbols=AAPL,MSFT&limit=2'
    assert.deepEqual((await ask(app, `${url}&as_of=now`)).body, (await ask(app, url)).body)
  })

  it('tells what is wrong with a later one before it begins', async () => {
    const weekly = { symbol: 'XOM', provider: 'polygon', basis: 'raw', interval: '1wk' } as const
    const bars = dailyBars(day('2024-04-01'), day('2024-04-02'))
    await loadSeries(pool, weekly, bars, FRIDAY)
    const splits = [{ day: day('2024-05-02'), newShares: 2, oldShares: 1 }]
    await tellActions(pool, 'XOM', 'polygon', { splits }, FRIDAY)
    const url = '/api/v1/prices?symbols=AAPL,XOM&interval=1wk&adjust=all'
    for (const format of ['csv', 'parquet', 'arrow']) {
      const { status, body, headers } = await ask(app, `${url}&format=${format}`)
      assert.deepEqual([status, body['code']], [404, 'ADJUST_NEEDS_DAYS'])
      assert.equal(headers['etag'], undefined)
    }
  })
})

describe('the header accept', () => {
  const cases: readonly [string | undefined, string][] = [
    [undefined, 'json'],
    ['*/*', 'json'],
    ['text/html,application/xhtml+xml,*/*;q=0.8', 'json'],
    ['image/png', 'json'],
    ['text/csv', 'csv'],
    ['text/*', 'csv'],
    ['application/json;q=0.5, text/csv', 'csv'],
    ['text/csv;q=0.2, application/x-ndjson;q=0.9', 'ndjson'],
    ['application/x-ndjson, text/csv', 'ndjson'],
    ['*/*, application/vnd.apache.parquet', 'parquet'],
    ['*/*;q=0.9, application/json;q=0', 'ndjson'],
    ['application/json;q=0, text/csv;q=0, */*;q=0.1', 'ndjson'],
    ['Application/Vnd.Apache.Arrow.Stream ; q=1.000', 'arrow'],
    ['text/csv;q=nonsense', 'csv'],
  ]
  for (const [accept, format] of cases) {
    it(`${String(accept)} means ${format}`, () => assert.equal(acceptedFormat(accept), format))
  }

  it('that leaves nothing is told so', async () => {
    const { status, body, headers } = await ask(app, PRICES, { headers: { accept: '*/*;q=0' } })
    assert.deepEqual([status, body['code']], [406, 'FORMAT_UNACCEPTABLE'])
    assert.equal(headers['etag'], undefined)
  })
})

describe('compression', () => {
  it('is done as it is asked for, and gives the same bytes', async () => {
    const plain = await bytesOf(`${PRICES}?format=csv`)
    assert.equal(plain.headers['content-encoding'], undefined)
    assert.match(String(plain.headers['vary']), /accept-encoding/)
    for (const [name, decode] of [
      ['gzip', gunzipSync],
      ['br', brotliDecompressSync],
      ['zstd', zstdDecompressSync],
    ] as const) {
      const { bytes, headers } = await bytesOf(`${PRICES}?format=csv`, { 'accept-encoding': name })
      assert.equal(headers['content-encoding'], name)
      assert.ok(bytes.length < plain.bytes.length / 2)
      assert.deepEqual(decode(bytes), plain.bytes)
    }
  })

  it('is not done to Parquet and Arrow', async () => {
    for (const format of ['parquet', 'arrow']) {
      const url = `${PRICES}?format=${format}`
      const { headers } = await bytesOf(url, { 'accept-encoding': 'gzip' })
      assert.equal(headers['content-encoding'], undefined)
    }
  })
})

const tagOf = async (url: string) => String((await ask(app, url)).headers['etag'])

describe('an answer that the caller has already', () => {
  it('is not sent again, and no page is read for it', async () => {
    const { headers } = await ask(app, `${PRICES}?format=csv`)
    const tag = String(headers['etag'])
    assert.match(tag, /^W\/"[\w-]{22}"$/)
    const statements: string[] = []
    const watched = new Proxy(pool, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name)
        if (typeof value !== 'function') return value
        return (...given: unknown[]) => {
          if (name === 'query') statements.push(JSON.stringify(given[0]))
          return Reflect.apply(value, target, given) as unknown
        }
      },
    })
    const watching = await appOver(watched)
    after(() => watching.close())
    // What kind of data the store holds is asked once.
    await ask(watching, '/api/v1/providers')
    statements.splice(0)
    for (const known of [tag, `"other", ${tag}`, tag.replace('W/', '')]) {
      const wish = { headers: { 'if-none-match': known } }
      const { status, text, headers: again } = await ask(watching, `${PRICES}?format=csv`, wish)
      assert.deepEqual([status, text, again['etag']], [304, '', tag])
    }
    assert.equal(statements.length, 3)
    assert.ok(statements.every((text) => !text.includes('stockyard.pages')))
  })

  it('is another one for another question, format or size of pages', async () => {
    const shorter = await appOver(pool, {
      options: { defaultPageSize: 20, maxPageSize: 1000, simulated: false },
    })
    after(() => shorter.close())
    const tags = [
      await tagOf(PRICES),
      await tagOf(`${PRICES}?format=csv`),
      await tagOf(`${PRICES}?sort=desc`),
      await tagOf('/api/v1/stocks/MSFT/prices'),
      String((await ask(shorter, PRICES)).headers['etag']),
    ]
    assert.equal(new Set(tags).size, tags.length)
  })

  it('is another one once bars, actions or the calendar have changed, of these symbols only', async () => {
    const other = await tagOf('/api/v1/stocks/MSFT/prices')
    const seen = [await tagOf(PRICES)]
    const series = { symbol: 'AAPL', provider: 'polygon', basis: 'raw', interval: '1d' } as const
    await loadSeries(pool, series, dailyBars(day('2024-05-01'), day('2024-05-08')), FRIDAY)
    seen.push(await tagOf(PRICES))
    await loadSeries(pool, series, dailyBars(day('2024-05-01'), day('2024-05-08')), FRIDAY)
    assert.equal(await tagOf(PRICES), seen.at(-1), 'the same bars again')
    await loadSeries(pool, series, dailyBars(day('2024-05-01'), day('2024-05-08'), 1), FRIDAY)
    seen.push(await tagOf(PRICES))
    const splits = [{ day: day('2024-03-01'), newShares: 2, oldShares: 1 }]
    await tellActions(pool, 'AAPL', 'polygon', { splits }, FRIDAY)
    seen.push(await tagOf(PRICES))
    assert.equal(await tagOf('/api/v1/stocks/MSFT/prices'), other)
    await putClosure(pool, {
      exchange: 'XNYS',
      day: parseDay('2031-01-02'),
      closed: true,
      reason: 'for a test',
    })
    seen.push(await tagOf(PRICES))
    assert.equal(new Set(seen).size, 5)
  })
})

describe('what an answer warns of', () => {
  const NOTHING = 'The store knows of no splits or dividends of HALF, so that nothing was adjusted.'
  const PART =
    'Splits and dividends of HALF are known only from 2023-03-01 to 2024-01-31, so that bars may not be ' +
    'adjusted for all of them: stockyard fetch HALF --actions asks for the rest.'
  const asked = 'provider=alpha-vantage&adjust=splits'
  const url = `/api/v1/stocks/HALF/prices?${asked}`

  it('stands in a header where the format has no place for it, and in JSON as a field', async () => {
    const until = parseDay('2024-02-01')
    const key = { symbol: 'HALF', interval: '1d', provider: 'alpha-vantage', basis: 'raw' } as const
    const restated = { ...key, provider: 'yahoo', basis: 'split' } as const
    await loadSeries(pool, key, dailyBars(parseDay('2022-01-03'), until), Date.now())
    await loadSeries(pool, restated, dailyBars(parseDay('2023-03-01'), until), Date.now())
    const json = await ask(app, url)
    assert.deepEqual(json.body['warnings'], [NOTHING, PART])
    assert.equal(json.headers['x-stockyard-warning'], undefined)
    for (const format of ['csv', 'ndjson', 'parquet', 'arrow']) {
      for (const limit of ['', '&limit=5']) {
        const { headers } = await bytesOf(`${url}&format=${format}${limit}`)
        assert.deepEqual(headers['x-stockyard-warning'], [NOTHING, PART])
      }
    }
    const many = await bytesOf(`/api/v1/prices?symbols=AAPL,HALF&${asked}&format=csv`)
    const ofHalf = [`HALF: ${NOTHING}`, `HALF: ${PART}`]
    assert.deepEqual([many.headers['x-stockyard-warning']].flat().slice(-2), ofHalf)
    const sma = `/api/v1/analytics/stocks/HALF/indicators?indicators=sma:5&${asked}`
    assert.deepEqual((await ask(app, sma)).body['warnings'], [NOTHING, PART])
  })

  it('is nothing where there is nothing to warn of', async () => {
    const { headers } = await bytesOf('/api/v1/stocks/HALF/prices?adjust=none&format=csv')
    assert.equal(headers['x-stockyard-warning'], undefined)
  })
})
