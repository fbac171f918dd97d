/** What can go wrong with one answer of a vendor, and the code with which a task ends that got it. */
import assert from 'node:assert/strict'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import type { HttpClientOptions } from '../../src/providers/fetch.ts'
import {
  answer,
  answerUntilClose,
  cutByLength,
  cutInChunks,
  drip,
  endless,
  raw,
  redirectTo,
  reset,
  resetInBody,
  silence,
} from './fault-server.ts'
import type { VendorAnswers } from './vendor-answers.ts'
import { unspoilt, type Spoil } from './vendor-under-fault.ts'

export interface Fault {
  readonly name: string
  /** What is sent in place of the good body. */
  readonly spoil: Spoil
  /** Code of the failed task. */
  readonly code: string
  readonly client?: Partial<HttpClientOptions>
  /** Where calls go, in place of the server. */
  readonly baseUrl?: string
  /** A wait that must be the first that is made, milliseconds. */
  readonly waits?: number
}

const text =
  (body: string, status = 200): Spoil =>
  () =>
    answer(status, body)
const status =
  (code: number, headers: Record<string, string> = {}): Spoil =>
  () =>
    answer(code, 'Something is wrong.', headers)
export const changed =
  (change: (body: string) => string): Spoil =>
  (good) => {
    const body = change(good.toString())
    assert.notEqual(body, good.toString(), 'the fault changes the answer')
    return answer(200, body)
  }
const NO_RETRY = { retries: 0 }

/** A 429 that says how long to wait: the first wait is that, within two minutes, or a guess. */
const throttled = (said: string | null, waits: number): Fault => ({
  name: `429 with Retry-After ${said ?? 'absent'}`,
  spoil: status(429, said === null ? {} : { 'retry-after': said }),
  code: 'RATE_LIMITED',
  waits,
})

/** The clock stands still until the first wait. */
const inHalfAMinute = (vendor: VendorAnswers) =>
  throttled(new Date(vendor.after + 30_000).toUTCString(), 30_000)

const THROTTLED: readonly Fault[] = [
  throttled('7', 7_000),
  throttled('0', 0),
  throttled('1000000000', 120_000),
  // Half of a jitter of one second, and a second after any 429.
  throttled('-5', 1_500),
  throttled('soon', 1_500),
  throttled(null, 1_500),
]

const STATUSES: readonly Fault[] = [
  {
    name: '503 with Retry-After',
    spoil: status(503, { 'retry-after': '9' }),
    code: 'PROVIDER_OUTAGE',
    waits: 9_000,
  },
  ...[500, 502, 503, 504, 520].map((code) => ({
    name: `a burst of ${code}`,
    spoil: status(code),
    code: 'PROVIDER_OUTAGE',
    waits: 500,
  })),
]

const zip = (good: Buffer) => gzipSync(good)
export const encoded =
  (coding: string, encode: (good: Buffer) => Buffer): Spoil =>
  (good) =>
    answer(200, encode(good), { 'content-encoding': coding })
const half = (body: Buffer) => body.subarray(0, body.length / 2)

const BODIES: readonly Fault[] = [
  {
    name: 'a body shorter than its length',
    spoil: (good) => cutByLength(good, good.length - 1),
    code: 'PROVIDER_TRUNCATED',
  },
  {
    name: 'a body longer than its length',
    spoil: (good) =>
      answer(200, good, { 'content-length': String(good.length - 5), connection: 'close' }),
    code: 'ANSWER_MALFORMED',
  },
  {
    name: 'half a body without a length',
    spoil: (good) => answerUntilClose(half(good)),
    code: 'ANSWER_MALFORMED',
  },
  {
    name: 'a cut chunk',
    spoil: (good) => cutInChunks(good, good.length / 2),
    code: 'PROVIDER_TRUNCATED',
  },
  {
    name: 'chunks without an end',
    spoil: (good) => cutInChunks(good, good.length + 5),
    code: 'PROVIDER_TRUNCATED',
  },
  { name: 'gzip that is none', spoil: encoded('gzip', (good) => good), code: 'PROVIDER_TRUNCATED' },
  {
    name: 'half a gzip',
    spoil: encoded('gzip', (good) => half(zip(good))),
    code: 'PROVIDER_TRUNCATED',
  },
  { name: 'brotli that is none', spoil: encoded('br', (good) => good), code: 'PROVIDER_TRUNCATED' },
  {
    name: 'half a brotli',
    spoil: encoded('br', (good) => half(brotliCompressSync(good))),
    code: 'PROVIDER_TRUNCATED',
  },
  {
    name: 'gzip without saying so',
    spoil: (good) => answer(200, zip(good)),
    code: 'ANSWER_MALFORMED',
  },
  {
    name: 'an unknown coding',
    spoil: encoded('rot13', (good) => good),
    code: 'PROVIDER_TRUNCATED',
  },
  {
    name: 'a bomb',
    spoil: encoded('gzip', () => gzipSync(Buffer.alloc(4_000_000, ' '))),
    code: 'PROVIDER_TOO_LARGE',
    client: { maxBytes: 100_000 },
  },
  {
    name: 'an endless body',
    spoil: () => endless(),
    code: 'PROVIDER_TOO_LARGE',
    client: { maxBytes: 1_000_000 },
  },
  {
    name: 'a byte now and then',
    spoil: () => drip(20),
    code: 'PROVIDER_TIMEOUT',
    client: { deadlineMs: 150, ...NO_RETRY },
  },
  {
    name: 'no first byte',
    spoil: () => silence,
    code: 'PROVIDER_TIMEOUT',
    client: { deadlineMs: 150, ...NO_RETRY },
  },
  { name: 'a reset before the answer', spoil: () => reset, code: 'PROVIDER_UNREACHABLE' },
  { name: 'a reset in the answer', spoil: resetInBody, code: 'PROVIDER_TRUNCATED' },
  {
    name: 'the end without an answer',
    spoil: () => raw('', { end: true }),
    code: 'PROVIDER_UNREACHABLE',
  },
  {
    name: 'no HTTP at all',
    spoil: () => raw('SSH-2.0-OpenSSH_9.9\r\n', { end: true }),
    code: 'PROVIDER_PROTOCOL',
  },
  { name: 'an empty 200', spoil: text(''), code: 'ANSWER_MALFORMED' },
  {
    name: '204',
    spoil: () => raw('HTTP/1.1 204 No Content\r\n\r\n', { end: false }),
    code: 'ANSWER_MALFORMED',
  },
  { name: 'JSON null', spoil: text('null'), code: 'ANSWER_MALFORMED' },
  { name: 'an array', spoil: text('[]'), code: 'ANSWER_MALFORMED' },
  { name: 'deep nesting', spoil: text('['.repeat(200_000)), code: 'ANSWER_MALFORMED' },
  {
    name: 'closed deep nesting',
    spoil: text(`${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}`),
    code: 'ANSWER_MALFORMED',
  },
  {
    name: 'other words for a refusal',
    spoil: text('{"Announcement":"We are thinking about it."}'),
    code: 'ANSWER_MALFORMED',
  },
  { name: 'a redirect to itself', spoil: () => redirectTo('/again'), code: 'PROVIDER_REDIRECT' },
  {
    name: 'a redirect to no address',
    spoil: () => redirectTo('http://'),
    code: 'PROVIDER_REDIRECT',
  },
]

/** What the vendor's own refusals come to, each with HTTP 200. */
const REFUSALS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'alpha-vantage': {
    'refused-burst': 'RATE_LIMITED',
    'refused-minute': 'RATE_LIMITED',
    'refused-day': 'BUDGET_EXHAUSTED',
    'refused-plan': 'PLAN_LACKS',
    'refused-key': 'KEY_REFUSED',
    'refused-call': 'REQUEST_REFUSED',
    'empty-object': 'NO_DATA',
    page: 'ANSWER_MALFORMED',
  },
  polygon: {
    'refused-minute': 'RATE_LIMITED',
    'refused-plan': 'PLAN_LACKS',
    'refused-key': 'KEY_REFUSED',
    'refused-call': 'REQUEST_REFUSED',
    empty: 'NO_DATA',
    'empty-null': 'NO_DATA',
    'lost-results': 'ANSWER_MALFORMED',
    page: 'ANSWER_MALFORMED',
  },
  yahoo: {
    'refused-rate': 'RATE_LIMITED',
    'refused-crumb': 'PROVIDER_OUTAGE',
    'refused-symbol': 'SYMBOL_UNKNOWN',
    'refused-interval': 'REQUEST_REFUSED',
    'refused-gap': 'NO_DATA',
    empty: 'NO_DATA',
    failed: 'PROVIDER_OUTAGE',
    page: 'PROVIDER_OUTAGE',
  },
}

function refusalsOf(vendor: VendorAnswers): Fault[] {
  const codes = REFUSALS[vendor.id]!
  assert.deepEqual(Object.keys(codes), Object.keys(vendor.refusals))
  return Object.entries(vendor.refusals).map(([name, body]) => ({
    name: `200 with ${name}`,
    spoil: () => answer(200, body),
    code: codes[name]!,
  }))
}

/** What a laxer reader would take for data, or would follow anywhere. */
const NEARLY_GOOD: readonly Fault[] = [
  {
    name: 'a byte that is no UTF-8',
    spoil: (good) => answer(200, Buffer.concat([good.subarray(0, -1), Buffer.from([0xff])])),
    code: 'ANSWER_MALFORMED',
  },
  {
    name: 'the answer twice over',
    spoil: changed((body) => body + body),
    code: 'ANSWER_MALFORMED',
  },
  { name: 'more after the end', spoil: changed((body) => `${body}x`), code: 'ANSWER_MALFORMED' },
  {
    name: 'an array of the answer',
    spoil: changed((body) => `[${body}]`),
    code: 'ANSWER_MALFORMED',
  },
  {
    name: 'the bars of another symbol',
    spoil: changed((body) => body.replace(/("(?:2. Symbol|ticker|symbol)":")[^"]*/, '$1OTHER')),
    code: 'ANSWER_OTHER_SYMBOL',
  },
  {
    name: 'a redirect to a port of https',
    spoil: () => redirectTo('https://127.0.0.1:1/'),
    code: 'PROVIDER_REDIRECT',
  },
  {
    name: 'nobody there',
    spoil: unspoilt,
    baseUrl: 'http://127.0.0.1:1',
    code: 'PROVIDER_UNREACHABLE',
  },
]

/** A key of the answer, and one of a row or column, that stand twice, with different values. */
const TWICE: Readonly<Record<string, readonly (readonly [RegExp, string])[]>> = {
  'alpha-vantage': [
    [/^\{/, '{"Time Series (Daily)":{},'],
    [/"2. Symbol":/, '"2. Symbol":"OTHER","2. Symbol":'],
    [/"4. close":"41.3000"/, '"4. close":"41.3000","4. close":"41.2000"'],
  ],
  polygon: [
    [/^\{/, '{"results":[],'],
    [/"ticker":/, '"ticker":"OTHER","ticker":'],
    [/"c":50.75/, '"c":50.75,"c":50.5'],
  ],
  yahoo: [
    [/"meta":/, '"meta":{},"meta":'],
    [/"symbol":/, '"symbol":"OTHER","symbol":'],
    [/"close":\[/, '"close":[],"close":['],
  ],
}

function keysTwice({ id }: VendorAnswers): Fault[] {
  return TWICE[id]!.map(([once, twice]) => ({
    name: `a key twice: ${twice}`,
    spoil: changed((body) => body.replace(once, twice)),
    code: 'ANSWER_MALFORMED',
  }))
}

/** Pages that lead away, back, or nowhere. */
function nextPage(name: string, nextUrl: string): Fault {
  return {
    name: `a next page ${name}`,
    spoil: changed((body) => {
      const { ticker } = JSON.parse(body) as { ticker: string }
      return body.replace(/\}$/, `,"next_url":"${nextUrl.replace('SYMBOL', ticker)}"}`)
    }),
    code: 'ANSWER_MALFORMED',
  }
}

const RANGE = '/v2/aggs/ticker/SYMBOL/range/1/day'
const PAGING: readonly Fault[] = [
  nextPage('on another host', `https://api.example.com${RANGE}/1710302400000/2024-03-13?cursor=a`),
  nextPage('by http', `http://api.polygon.io${RANGE}/1710302400000/2024-03-13?cursor=a`),
  nextPage('that is this one', `https://api.polygon.io${RANGE}/2024-03-12/2024-03-12?cursor=a`),
  nextPage('before this one', `https://api.polygon.io${RANGE}/1709874000000/2024-03-12?cursor=a`),
  nextPage(
    'of another symbol',
    'https://api.polygon.io/v2/aggs/ticker/X/range/1/day/1710302400000/2024-03-13',
  ),
  nextPage('at no address', 'again'),
]

/** A key that is refused by status: Yahoo has none, and shuts out programs so. */
function shutOut(vendor: VendorAnswers): Fault[] {
  const said = '{"status":"ERROR","error":"Unknown API Key","message":"Invalid API key."}'
  return [401, 403].map((code) => ({
    name: String(code),
    spoil: text(said, code),
    code: vendor.id === 'yahoo' ? 'PROVIDER_OUTAGE' : 'KEY_REFUSED',
  }))
}

/** All faults that a vendor's answer can have. */
export function faultsOf(vendor: VendorAnswers): Fault[] {
  return [
    inHalfAMinute(vendor),
    ...THROTTLED,
    ...STATUSES,
    ...BODIES,
    ...refusalsOf(vendor),
    ...shutOut(vendor),
    ...NEARLY_GOOD,
    ...keysTwice(vendor),
    ...(vendor.id === 'polygon' ? PAGING : []),
  ]
}
