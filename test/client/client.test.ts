/** The client against a server on loopback: every operation, lists, streams, formats, errors. */
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, describe, it } from 'node:test'
import { createClient, ProblemError, type Operations } from 'stockyard/client'
import type { OpenApiDocument } from '../../client/typescript-of.ts'
import { serve } from '../../src/api/serve.ts'
import { takeRoundLock } from '../../src/db/round-lock.ts'
import { takeSchedules } from '../../src/db/schedules.ts'
import { makeChecks, operationsOf } from '../api/answer-schema.ts'
import { makeWholeApi } from '../api/whole-api.ts'
import { makeDatabase } from '../support/database.ts'
import { AAPL_DAILY, AAPL_MINUTES, REVISED } from '../support/filled-store.ts'

// Ends before the database is dropped.
after(() => keeper?.release())
const { pool } = await makeDatabase()
// As of a process that keeps series current.
const keeper = await takeRoundLock(pool)
await takeSchedules(pool, keeper!.session)
const { context, keys, runs, running } = await makeWholeApi(pool)
const server = await serve(context, { host: '127.0.0.1', port: 0 })
after(() => server.close())
const client = createClient({ baseUrl: server.url, key: keys.admin })

const response = await fetch(`${server.url}/openapi.json`)
const document = (await response.json()) as OpenApiDocument
const checkOf = makeChecks(document)
const operations = operationsOf(document)

type Name = keyof Operations
type AnyMethod = (params: object) => Promise<unknown>
const call = (name: string, params: object) =>
  (client[name as Name] as unknown as AnyMethod)(params)

/** What reading operations must be told: by the name of the parameter. */
const KNOWN: Readonly<Record<string, unknown>> = {
  symbol: 'AAPL',
  symbols: 'AAPL,MSFT',
  indicators: 'sma:5,macd',
  id: runs.partial,
}
/** Where those are not what it takes. */
const SPECIAL: Readonly<Partial<Record<string, object>>> = {
  getReject: { id: 1 },
  getIndexPrices: { symbol: '^GSPC' },
  getSchedule: { name: 'actions' },
}

/** What writing operations are sent, in an order in which each finds what it needs. */
const WRITES: Readonly<Partial<{ [Of in Name]: Operations[Of]['params'] }>> = {
  createStock: { body: { symbol: 'BRK.B', name: 'Berkshire Hathaway' } },
  replaceStock: { symbol: 'BRK.B', body: { sector: 'Financials' } },
  updateStock: { symbol: 'BRK.B', body: { watched: true } },
  dropReject: { id: 2, body: { reason: 'no bar at all' } },
  acceptReject: { id: 1, body: { reason: 'seen on the tape' } },
  createPrice: {
    body: { symbol: 'XOM', session: '2024-06-03', open: 10, high: 12, low: 9, close: 11 },
  },
  replaceStockPrice: {
    symbol: 'XOM',
    ts: '2024-06-03',
    body: { open: 10, high: 12, low: 9, close: 11.5, volume: 100 },
  },
  deleteStockPrice: { symbol: 'XOM', ts: '2024-06-03' },
  createEtlRun: { body: { job: 'fetch', symbols: ['AAPL'], intervals: ['1d'], days: 5 } },
  cancelEtlRun: { id: running },
  pauseSchedule: { name: 'actions', body: { reason: 'a holiday' } },
  resumeSchedule: { name: 'actions' },
  runSchedule: { name: 'keep-current' },
  revalidateRejects: { body: { rule: 'price-order' } },
  deleteStock: { symbol: 'BRK.B' },
}
type Params<Of extends Name> = Operations[Of]['params']
/** Does not compile where the types say less than they should. */
const TYPED: readonly [
  'limmit' extends keyof Params<'getStocks'> ? never : 'no such parameter',
  object extends Params<'getStockPrices'> ? never : 'the symbol is needed',
  'rows' extends keyof typeof client.getHealth ? never : 'health is no list',
  'stream' extends keyof typeof client.getStocks ? never : 'stocks are no stream',
] = ['no such parameter', 'the symbol is needed', 'health is no list', 'stocks are no stream']

describe('every operation', () => {
  const reading = operations.filter(
    ({ method, operationId }) => method === 'GET' && operationId !== 'getStream',
  )
  for (const operation of reading) {
    it(`answers as the document says: ${operation.operationId}`, async () => {
      const { operationId, parameters = [], responses } = operation
      const wanted = parameters.filter(({ required }) => required === true)
      const params =
        SPECIAL[operationId] ?? Object.fromEntries(wanted.map(({ name }) => [name, KNOWN[name]]))
      const answer = await call(operationId, params)
      assert.equal(checkOf(responses['200']!.content!['application/json']!.schema)(answer), null)
    })
  }

  const writing = operations.filter(({ method }) => method !== 'GET')
  it('that writes is in the table of this test', () => {
    assert.deepEqual(
      writing.map(({ operationId }) => operationId).sort(),
      Object.keys(WRITES).sort(),
    )
  })

  for (const [name, params] of Object.entries(WRITES)) {
    it(`does what it is sent: ${name}`, async () => {
      const { responses } = writing.find(({ operationId }) => operationId === name)!
      const schemas = Object.entries(responses)
        .filter(([status]) => status.startsWith('2'))
        .map(([, { content }]) => content?.['application/json']?.schema ?? { type: 'null' })
      const answer = (await call(name, params)) ?? null
      const faults = schemas.map((schema) => checkOf(schema)(answer))
      assert.ok(faults.includes(null), faults.join('\n'))
    })
  }
})

/** All that a generator gives. */
async function collect<T>(rows: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const row of rows) all.push(row)
  return all
}

describe('a list', () => {
  it('goes on from page to page until its end', async () => {
    const rows = await collect(client.getStockPrices.rows({ symbol: 'aapl', limit: 100 }))
    // The last one is of a day that is not over.
    assert.equal(rows.length, AAPL_DAILY.length - 1)
    assert.equal(new Set(rows.map(({ session }) => session)).size, rows.length)
    assert.equal(rows.find(({ session }) => session === REVISED.session)!.close, REVISED.new)
  })

  it('asks for no page that nobody wants', async () => {
    const asked: string[] = []
    const counting = createClient({
      baseUrl: `${server.url}/`,
      fetch: (url, init) => {
        asked.push(String(url))
        return fetch(url, init)
      },
    })
    for await (const { symbol } of counting.getStocks.rows({ limit: 1 })) {
      if (symbol === 'MSFT') break
    }
    assert.equal(asked.length, 2)
    assert.equal(asked[0], `${server.url}/api/v1/stocks?limit=1`)
  })

  it('is empty where there is nothing', async () => {
    assert.deepEqual(await collect(client.getStocks.rows({ text: 'nothing like it' })), [])
  })
})

describe('a stream', () => {
  it('gives every bar with its symbol and interval', async () => {
    const bars = await collect(client.getStockPrices.stream({ symbol: 'AAPL', interval: '1m' }))
    assert.equal(bars.length, AAPL_MINUTES.length)
    const [first] = bars
    assert.deepEqual(
      { symbol: first!.symbol, interval: first!.interval, ts: first!.ts, open: first!.open },
      { symbol: 'AAPL', interval: '1m', ts: '2024-06-03T13:30:00Z', open: AAPL_MINUTES.open[0] },
    )
  })

  it('may be left early', async () => {
    for await (const { state } of client.getPrices.stream({ symbols: 'AAPL,MSFT' })) {
      assert.equal(state, 'final')
      break
    }
  })

  it('joins rows and letters that arrive in parts, and tells a broken end', async () => {
    const bytes = Buffer.from('{"symbol":"ÅÄÖ"}\n{"symbol":"B"}\n{"symb')
    const parts = createClient({
      baseUrl: 'http://127.0.0.1',
      fetch: async () =>
        new Response(ReadableStream.from([...bytes].map((byte) => Uint8Array.of(byte)))),
    })
    const seen: string[] = []
    await assert.rejects(async () => {
      for await (const { symbol } of parts.getStockPrices.stream({ symbol: 'A' })) seen.push(symbol)
    }, /middle of a row/)
    assert.deepEqual(seen, ['ÅÄÖ', 'B'])
  })
})

describe('another format', () => {
  it('comes as fetch gives it', async () => {
    const answer = await client.getStockPrices.raw('csv', { symbol: 'MSFT', limit: 1 })
    assert.match(answer.headers.get('content-type')!, /^text\/csv/)
    assert.match(await answer.text(), /^symbol,interval,ts,.*\nMSFT,1d,2024-05-01,/)
  })
})

describe('an error', () => {
  it('has the code, the hint and the id that the log has', async () => {
    const failed = client.getStock({ symbol: 'NOPE' })
    await assert.rejects(failed, (error) => {
      assert.ok(error instanceof ProblemError)
      const { status, code, message, detail, requestId } = error
      assert.deepEqual({ status, code }, { status: 404, code: 'SYMBOL_UNKNOWN' })
      assert.ok(message.startsWith(detail))
      assert.match(requestId!, /^[0-9a-f-]{36}$/)
      return true
    })
  })

  it('is told of an answer that is not of Stockyard', async () => {
    const other = createServer((_request, reply) =>
      reply.writeHead(502, { 'retry-after': '7' }).end('<h1>Bad gateway</h1>'),
    ).listen(0, '127.0.0.1')
    await new Promise((resolve) => other.once('listening', resolve))
    const { port } = other.address() as AddressInfo
    const lost = createClient({ baseUrl: `http://127.0.0.1:${port}` })
    await assert.rejects(lost.getHealth(), {
      status: 502,
      code: 'ANSWER_UNKNOWN',
      retryAfterMs: 7000,
      requestId: null,
    })
    await new Promise((resolve) => other.close(resolve))
  })

  it('is thrown for a symbol that would leave its place in the path', async () => {
    for (const symbol of ['', '.', '..']) {
      await assert.rejects(client.getStock({ symbol }), TypeError, symbol)
    }
    await assert.rejects(client.getStock({ symbol: '../etl/jobs' }), { code: 'SYMBOL_INVALID' })
  })
})

describe('a call', () => {
  it('has types that know what there is', () => {
    assert.equal(new Set(TYPED).size, 4)
  })

  it('carries the key as a header, and nowhere else', async () => {
    const sent: Request[] = []
    const keyed = createClient({
      baseUrl: server.url,
      key: 'sy_read_canary',
      fetch: async (url, init) => {
        sent.push(new Request(url, init))
        return Response.json({ data: [], next: null })
      },
    })
    await keyed.createStock({ body: { symbol: 'A' } })
    const [request] = sent
    assert.equal(request!.headers.get('authorization'), 'Bearer sy_read_canary')
    assert.equal(request!.url, `${server.url}/api/v1/stocks`)
    assert.equal(await request!.text(), '{"symbol":"A"}')
  })

  it('can be broken off', async () => {
    const abort = new AbortController()
    abort.abort()
    await assert.rejects(client.getStocks({}, { signal: abort.signal }), { name: 'AbortError' })
  })
})
