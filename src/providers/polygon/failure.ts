/**
 * Says why an answer is not data. Refusals come as 4xx with a word in `status` and a sentence in
 * `error` or in `message`, and now and then with HTTP 200, so all of them are looked at.
 */
import type { FailureClass, VendorBody, VendorFailure } from '../provider.ts'
import { parseStrictJson } from '../strict-json.ts'

export type JsonRecord = Readonly<Record<string, unknown>>

const MESSAGE_LENGTH_MAX = 300

/**
 * What the sentences mean, in this order: the text about calls a minute goes on to offer a larger plan,
 * and the one about a missing key links to the plans.
 */
const MEANINGS: readonly (readonly [FailureClass, RegExp])[] = [
  ['burst', /(?:\bper|\ba|\/) ?second\b/],
  ['day', /(?:\bper|\ba|\/) ?(?:day|month)\b|\bdaily (?:limit|quota|cap)/],
  ['minute', /(?:\bper|\ba|\/) ?minute\b|too many requests|rate.?limit|maximum requests/],
  [
    'key',
    /api ?key\b[^.]{0,40}\b(?:not provided|missing|required|invalid|incorrect|unknown|expired|revoked|disabled|not (?:valid|found|recogni[sz]ed))|(?:unknown|invalid|missing|incorrect|expired|no|bad) api ?key|\bunauthenticated\b|authentication failed|invalid token/,
  ],
  [
    'entitlement',
    /\bplan\b|\bupgrade\b|\bsubscri|\bentitle|not (?:authori[sz]ed|permitted|allowed)|data timeframe/,
  ],
  [
    'unknown-symbol',
    /\b(?:ticker|symbol)\b[^.]{0,40}\b(?:not found|unknown|invalid|does not exist)|(?:unknown|invalid) (?:ticker|symbol)/,
  ],
  ['outage', /internal (?:server )?error|unavailable|maintenance|timed? ?out|try again/],
  ['no-data', /\bnot found\b|\bno (?:data|results)\b/],
  [
    'bad-request',
    /could not parse|\binvalid\b|\bmust be\b|\bcannot\b|\bbad request\b|\bunrecogni[sz]ed\b|\bmalformed\b|\brequired\b/,
  ],
]

/** Words of `status` with which data come; `DELAYED` is what plans without real time get. */
const GOOD_STATUSES: ReadonlySet<string> = new Set(['OK', 'DELAYED', 'SUCCESS'])

/** What the words of `status` mean where the sentence says nothing. */
const STATUS_WORDS: Readonly<Record<string, FailureClass>> = {
  NOT_AUTHORIZED: 'entitlement',
  NOT_ENTITLED: 'entitlement',
  AUTH_ERROR: 'key',
  AUTH_FAILED: 'key',
  UNAUTHENTICATED: 'key',
  NOT_FOUND: 'no-data',
  MAX_REQUESTS: 'minute',
  BAD_REQUEST: 'bad-request',
}

export function isRecord(value: unknown): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function isSuccess(status: number): boolean {
  return status >= 200 && status < 300
}

/** True for an answer that does not say that it failed. Some kinds of answer have no `status`. */
export function isGood(status: number, document: JsonRecord): boolean {
  if (!isSuccess(status)) return false
  const word = document['status']
  if (typeof word === 'string') return GOOD_STATUSES.has(word.toUpperCase())
  return word === undefined && sentenceOf(document) === null
}

/** The JSON value that a body is; undefined where it is none. */
export function valueOf(body: VendorBody): unknown {
  try {
    return parseStrictJson(body.bytes)
  } catch {
    // Not JSON, or not to be believed: the caller says what it is instead.
    return undefined
  }
}

/** The good JSON object that a body is, or why it is none. */
export function goodDocument(
  body: VendorBody,
): { readonly ok: true; readonly document: JsonRecord } | VendorFailure {
  const value = valueOf(body)
  if (!isRecord(value)) return failureOfBody(body, value !== undefined)
  if (!isGood(body.status, value)) return failureOfDocument(body.status, value)
  return { ok: true, document: value }
}

/** Why a document is not the data that was asked for. */
export function failureOfDocument(status: number, document: JsonRecord): VendorFailure {
  const sentence = sentenceOf(document)
  const word = typeof document['status'] === 'string' ? document['status'].toUpperCase() : null
  const failure = classOf(status, word, sentence)
  const said = sentence ?? (word === null ? null : `status ${word}`)
  const message = said ?? `Polygon answered HTTP ${status} without the data that was asked for.`
  return { ok: false, failure, message: redactMessage(message) }
}

/** Why a body that is no JSON object is not data. */
export function failureOfBody(body: VendorBody, isJson: boolean): VendorFailure {
  const form = isJson ? 'JSON of another kind' : formOf(body.bytes)
  return {
    ok: false,
    failure: classOfStatus(body.status, false),
    message: `Polygon answered HTTP ${body.status} with ${form}.`,
  }
}

export function malformed(message: string): VendorFailure {
  return { ok: false, failure: 'malformed', message: redactMessage(message) }
}

export function noData(message: string): VendorFailure {
  return { ok: false, failure: 'no-data', message }
}

/** Polygon says of a symbol that it does not know only that nothing was found. */
export function asUnknownSymbol(failed: VendorFailure): VendorFailure {
  return failed.failure === 'no-data' ? { ...failed, failure: 'unknown-symbol' } : failed
}

function classOf(status: number, word: string | null, sentence: string | null): FailureClass {
  const meaning = meaningOf(sentence)
  const byWord = word === null ? null : (STATUS_WORDS[word] ?? null)
  // The plainest statuses outweigh the wording, which drifts.
  if (status === 408 || status >= 500) return 'outage'
  if (status === 429) return meaning === 'burst' || meaning === 'day' ? meaning : 'minute'
  if (status === 401) return meaning === 'entitlement' ? meaning : 'key'
  if (status === 402 || status === 403) return meaning === 'key' ? meaning : 'entitlement'
  if (meaning !== null) return meaning
  return byWord ?? classOfStatus(status, true)
}

function meaningOf(sentence: string | null): FailureClass | null {
  if (sentence === null) return null
  // Addresses hold words such as "plan" and "api-key" that say nothing.
  const words = sentence.replaceAll(/https?:\/\/\S+/g, ' ').toLowerCase()
  return MEANINGS.find(([, pattern]) => pattern.test(words))?.[0] ?? null
}

/** What the vendor says under `error` or `message`, or null. */
function sentenceOf(document: JsonRecord): string | null {
  for (const key of ['error', 'message']) {
    const value = document[key]
    const text = isRecord(value) ? value['message'] : value
    if (typeof text === 'string' && text.trim() !== '') return text.trim()
  }
  return null
}

/**
 * The class of an answer that says nothing by itself. What is not JSON did not come from the API but
 * from something in between, and proves neither that data nor that rights are lacking.
 */
function classOfStatus(status: number, isJson: boolean): FailureClass {
  if (status === 429) return 'minute'
  if (status === 408 || status >= 500) return 'outage'
  if (status === 401) return 'key'
  if (!isJson) return status === 402 || status === 403 ? 'outage' : 'malformed'
  if (status === 402 || status === 403) return 'entitlement'
  if (status === 404) return 'no-data'
  return status >= 400 ? 'bad-request' : 'malformed'
}

function formOf(bytes: Uint8Array): string {
  const first = bytes[bodyStart(bytes)]
  if (first === undefined) return 'an empty body'
  if (first === 60) return 'an HTML page'
  return first === 123 || first === 91
    ? 'broken JSON, or JSON with a key twice'
    : 'text of another kind'
}

/** Where a body begins after a byte-order mark and spaces. */
export function bodyStart(bytes: Uint8Array): number {
  let at = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0
  while (bytes[at] === 32 || bytes[at] === 10 || bytes[at] === 13 || bytes[at] === 9) at += 1
  return at
}

/**
 * A text of the vendor without keys, which are found by what stands before them and by their own look:
 * a long run of letters and digits.
 */
function redactMessage(text: string): string {
  const redacted = text
    .replaceAll(/(\bapi[\s_-]?key\s*[:=]\s*["'`]?)[^\s"'`&)]+/gi, '$1***')
    .replaceAll(/(\bbearer\s+)[^\s"'`]+/gi, '$1***')
    .replaceAll(/\b(?=\w*\d)\w{20,}\b/g, '***')
    .replaceAll(/\s+/g, ' ')
    .trim()
  return redacted.length <= MESSAGE_LENGTH_MAX
    ? redacted
    : `${redacted.slice(0, MESSAGE_LENGTH_MAX - 1)}…`
}
