/**
 * Random and hostile requests after the OpenAPI document: none is answered by a 5xx, every answer is as
 * the document says, and reading changes nothing. FUZZ_REQUESTS and FUZZ_SEED ask for more, and others.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { brotliDecompressSync, gunzipSync, inflateSync, zstdDecompressSync } from 'node:zlib'
import fc from 'fast-check'
import type { OpenApiDocument } from '../../client/typescript-of.ts'
import type { Pool } from '../../src/db/connect.ts'
import { readEvents } from '../../src/db/events.ts'
import { makeDatabase } from '../support/database.ts'
import { makeChecks, operationsOf, type DocumentedOperation } from './answer-schema.ts'
import { makeApp } from '../../src/api/app.ts'
import { ask } from './app-under-test.ts'
import {
  randomRequest,
  type Callers,
  type KnownValues,
  type RandomRequest,
} from './random-request.ts'
import { askForBeginning, isStream } from './stream-answer.ts'
import { makeWholeApi } from './whole-api.ts'

const SEED = Number(process.env['FUZZ_SEED'] ?? 20_240_607)
const REQUESTS = Number(process.env['FUZZ_REQUESTS'] ?? 20_000)
/** Of them; the others write. */
const READS = Math.round(REQUESTS * 0.8)
/** Sent at once, so that they get in each other's way. */
const CONCURRENT = 32
/** Reads after which a stream stays open: before, each stream opens the connection of streams anew. */
const STREAMS_ALONE = Math.min(READS, CONCURRENT * 64)
const FAULTS_SHOWN = 5
const PATIENCE_MS = 60 * 60_000

const { pool } = await makeDatabase()
const { context, keys, runs, running } = await makeWholeApi(pool)
const app = await makeApp(context)
after(() => app.close())

const asAdmin = { 'x-api-key': keys.admin }
const { body } = await ask(app, '/openapi.json', { headers: asAdmin })
const document = body as unknown as OpenApiDocument
const checkOf = makeChecks(document)
const operations = operationsOf(document)
const CODES = new Set(
  readFileSync(join(import.meta.dirname, '../../docs/errors.md'), 'utf8').match(
    /\b[A-Z][A-Z_]{3,}\b/g,
  ),
)

/** Refusals that any route can give, before it is asked what it can do. */
const GENERAL = new Set([400, 401, 403, 404, 405, 406, 413, 414, 415, 421, 429, 431])

/** What must never be told: where the code lies, what it ran, and what is in the process. */
const INNER =
  /\n\s+at |node_modules|file:\/\/\/(?!etc)|\/(?:src|test)\/\w+\/|\bstockyard\.(?:pages|series|instruments)\b(?!;--)/

async function cursors(): Promise<string[]> {
  const urls = [
    '/api/v1/stocks?limit=1',
    '/api/v1/stocks/AAPL/prices?limit=5',
    '/api/v1/prices?symbols=AAPL,MSFT&limit=5',
    '/api/v1/etl/jobs?limit=1',
    '/api/v1/rejects?limit=1',
  ]
  const found = await Promise.all(urls.map((url) => ask(app, url, { headers: asAdmin })))
  return found.map((answer) => String(answer.body['next']))
}

/** What the ids of events begin with. */
async function eventHistory(): Promise<string> {
  return (await readEvents(pool, null, 0)).history
}

const DAYS = ['2024-06-03', '2024-05-01', '2024-01-02', '2022-12-01', '2024-06-08', '2010-01-01']
const INSTANTS = ['2024-06-04T13:30:00Z', '2024-06-07T15:00:00-04:00', '2024-06-03T13:31:00.000Z']
const INTERVALS = ['1m', '5m', '15m', '30m', '1h', '1d', '1wk', '1mo', 'daily', '60min']
const known: KnownValues = {
  symbol: ['AAPL', 'AAPL', 'aapl', 'MSFT', 'XOM', 'NOPE', 'BRK.B', '^GSPC'],
  symbols: ['AAPL', 'AAPL,MSFT', 'msft,XOM', 'AAPL,NOPE', 'AAPL,MSFT,XOM'],
  interval: INTERVALS,
  intervals: ['1d', '1m,1d', 'daily'],
  types: ['bar', 'quote,run', 'bar,quote,run,action,alert'],
  last_event_id: ['00000000-1', `${await eventHistory()}-1`, `${await eventHistory()}-999999`],
  resample: ['none', ...INTERVALS],
  from: [...DAYS, ...INSTANTS],
  until: [...DAYS, ...INSTANTS],
  as_of: ['now', ...DAYS, ...INSTANTS],
  ts: [...DAYS, ...INSTANTS],
  session: DAYS,
  date: DAYS,
  at: INSTANTS,
  provider: ['auto', 'alpha-vantage', 'alpha-vantage', 'manual', 'yahoo'],
  fields: ['close', 'open,high,low,close', 'state,provider,partial', 'symbol,name'],
  indicators: [
    'sma:20',
    'rsi,macd',
    'bollinger:20:2,vwap',
    'ema:5,atr:14,obv,adx,stochastic,wma:3',
  ],
  cursor: await cursors(),
  exchange: ['XNYS', 'XNAS', 'xlon', 'NYSE'],
  sector: ['Technology', 'energy'],
  text: ['apple', 'tech', 'x'],
  rule: ['price-order', 'number'],
  sort: ['asc', 'desc', 'symbol', '-symbol'],
  id: [1, 2, runs.partial, running],
  ids: [1, 2],
  run: [runs.first, runs.revision],
  limit: [1, 2, 10, 50, 1000],
  skip: [0, 1, 100],
  name: ['Apple Inc.', 'A & B', 'keep-current', 'actions'],
  reason: ['seen on the tape'],
  open: [10, 10.5],
  high: [11, 12],
  low: [9, 9.5],
  close: [10, 10.25],
  volume: [0, 100, 1_000_000],
}

const WRONG_KEYS: Callers = [
  { authorization: 'Bearer' },
  { authorization: 'Basic Og==' },
  { authorization: 'Bearer a.b.c' },
  { authorization: 'Digest username="admin"' },
  { 'x-api-key': 'sy_admin_000000000000_00000000000000000000000000000000000000' },
  { 'x-api-key': '\u00FF'.repeat(1000) },
]

interface RawAnswer {
  readonly statusCode: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly rawPayload: Buffer
}

/** What the document says of a request, whose method may be another than it was made for. */
function documented({ operation, method }: RandomRequest): DocumentedOperation {
  const asked = method === 'HEAD' ? 'GET' : method
  const found = operations.find((one) => one.path === operation.path && one.method === asked)
  return found ?? operation
}

async function send({ method, url, headers, body: payload }: RandomRequest): Promise<RawAnswer> {
  const request = {
    method: method as 'GET',
    url,
    headers: { ...headers },
    ...(payload === undefined ? {} : { payload }),
  }
  return isStream(method, url) ? await askForBeginning(app, request) : await app.inject(request)
}

/** What is wrong with an answer, or nothing. */
function faultOf(request: RandomRequest, answer: RawAnswer): string | null {
  const { statusCode: status, headers } = answer
  if (status >= 500) return 'a 5xx'
  if (headers['x-request-id'] === undefined) return 'no x-request-id'
  if (headers['x-content-type-options'] !== 'nosniff') return 'no nosniff'
  if (request.method === 'HEAD' || [204, 304, 308].includes(status)) return null
  const text = textOf(answer)
  if (INNER.test(text)) return 'tells of the inside'
  if (status >= 400) return problemFault(status, headers, text)
  const type = String(headers['content-type']).split(';')[0]!
  const schema = documented(request).responses[status]?.content?.[type]?.schema
  if (schema === undefined) return `${status} ${type} is not documented`
  return type === 'application/json' ? checkOf(schema)(JSON.parse(text)) : null
}

function textOf({ headers, rawPayload }: RawAnswer): string {
  const encoding = headers['content-encoding']
  const decoders = {
    gzip: gunzipSync,
    br: brotliDecompressSync,
    deflate: inflateSync,
    zstd: zstdDecompressSync,
  }
  const decode = decoders[encoding as keyof typeof decoders]
  return (decode === undefined ? rawPayload : decode(rawPayload)).toString()
}

function problemFault(status: number, headers: RawAnswer['headers'], text: string): string | null {
  if (!String(headers['content-type']).startsWith('application/problem+json'))
    return 'an error that is no problem+json'
  const problem = JSON.parse(text) as { status: number; code: string }
  const fault = checkOf({ $ref: '#/components/schemas/Problem' })(problem)
  if (fault !== null) return fault
  if (problem.status !== status) return 'the status differs from the body'
  return CODES.has(problem.code) ? null : `${problem.code} is not in docs/errors.md`
}

function isAllowed(request: RandomRequest, status: number): boolean {
  // Every path answers OPTIONS with its methods; the document need not say so of each.
  if (request.method === 'OPTIONS' && status === 204) return true
  return GENERAL.has(status) || Object.hasOwn(documented(request).responses, status)
}

/** Answers by operation and hundred of the status. */
type Tally = Map<string, number>

/** Sends the requests of some numbers for some operations, and says what was wrong with the answers. */
async function fuzz(
  wanted: readonly DocumentedOperation[],
  callers: Callers,
  { from, until }: { readonly from: number; readonly until: number },
  tally: Tally,
): Promise<string[]> {
  const faults: string[] = []
  const requests = randomRequest(wanted, known, callers)
  for (let sent = from; sent < until && faults.length < FAULTS_SHOWN; sent += CONCURRENT) {
    const batch = fc.sample(requests, { seed: SEED + sent, numRuns: CONCURRENT })
    const answers = await Promise.all(batch.map(send))
    for (const [at, request] of batch.entries()) {
      const answer = answers[at]!
      const { operationId } = request.operation
      const key = `${operationId} ${Math.floor(answer.statusCode / 100)}`
      tally.set(key, (tally.get(key) ?? 0) + 1)
      const fault = isAllowed(request, answer.statusCode)
        ? faultOf(request, answer)
        : `the status is not documented`
      if (fault !== null) faults.push(describeFault(fault, request, answer))
    }
  }
  return faults
}

function describeFault(fault: string, request: RandomRequest, answer: RawAnswer): string {
  const { method, url, headers, body: sent } = request
  return [
    `${fault}: ${method} ${url.slice(0, 600)}`,
    `headers ${JSON.stringify(headers).slice(0, 300)}`,
    `body ${sent?.slice(0, 300) ?? 'none'}`,
    `answer ${answer.statusCode} ${textOf(answer).slice(0, 600)}`,
  ].join('\n  ')
}

/** Every table's rows as one digest, by its name. */
async function digests(of: Pool): Promise<Record<string, string>> {
  const { rows: tables } = await of.query<{ name: string }>(
    `SELECT table_name AS name FROM information_schema.tables
     WHERE table_schema = 'stockyard' AND table_type = 'BASE TABLE' ORDER BY 1`,
  )
  const found: Record<string, string> = {}
  for (const { name } of tables) {
    const { rows } = await of.query<{ digest: string }>(
      `SELECT count(*) || ' ' || coalesce(md5(string_agg(md5(t::text), '' ORDER BY md5(t::text))), '') AS digest
       FROM stockyard.${name} t`,
    )
    found[name] = rows[0]!.digest
  }
  return found
}

/** What is answered well only while a process keeps series current; test/cli/schedule.test.ts has that. */
const KEEPERS_ONLY = 'runSchedule 2xx'

/** That each operation was answered well and badly, so that what was tried was worth it. */
function requireBoth(wanted: readonly DocumentedOperation[], tally: Tally): void {
  const lacking = wanted.flatMap(({ operationId }) =>
    [2, 4]
      .filter((hundred) => !tally.has(`${operationId} ${hundred}`))
      .map((hundred) => `${operationId} ${hundred}xx`),
  )
  assert.deepEqual(
    lacking.filter((answer) => answer !== KEEPERS_ONLY),
    [],
  )
}

/** Opens a stream of events; what it gives back closes it. */
async function openStream(): Promise<() => void> {
  const gone = new AbortController()
  const request = { url: '/api/v1/stream', headers: asAdmin, signal: gone.signal }
  const { stream } = await app.inject({ ...request, method: 'GET', payloadAsStream: true })
  stream().on('error', () => {})
  return () => gone.abort()
}

describe(`${REQUESTS} random requests of seed ${SEED}`, () => {
  const reads = operations.filter(({ method }) => method === 'GET')
  const writes = operations.filter(({ method }) => method !== 'GET')
  const readers: Callers = [asAdmin, { authorization: `Bearer ${keys.read}` }, {}]
  // A wrong key is noted in the audit, so that it is no read.
  const writers: Callers = [...readers, ...WRONG_KEYS, { 'x-api-key': keys.write }]

  it(
    'that read are answered as documented, and change nothing',
    { timeout: PATIENCE_MS },
    async () => {
      // When a key was used last is noted, the first time in a minute.
      for (const headers of readers) await ask(app, '/api/v1/health', { headers })
      const before = await digests(pool)
      const tally: Tally = new Map()
      const faults = await fuzz(reads, readers, { from: 0, until: STREAMS_ALONE }, tally)
      const close = await openStream()
      faults.push(...(await fuzz(reads, readers, { from: STREAMS_ALONE, until: READS }, tally)))
      close()
      assert.equal(faults.slice(0, FAULTS_SHOWN).join('\n'), '')
      assert.deepEqual(await digests(pool), before)
      requireBoth(reads, tally)
    },
  )

  it('that write are answered as documented', { timeout: PATIENCE_MS }, async () => {
    const tally: Tally = new Map()
    const faults = await fuzz(writes, writers, { from: 0, until: REQUESTS - READS }, tally)
    assert.equal(faults.slice(0, FAULTS_SHOWN).join('\n'), '')
    requireBoth(writes, tally)
  })

  it('leave the prototypes of objects alone', () => {
    assert.deepEqual(Object.keys(Object.prototype), [])
    assert.equal(({} as Record<string, unknown>)['polluted'], undefined)
  })
})
