/**
 * Says why an answer is not data. Yahoo refuses with an HTTP status and an error under the name of
 * whichever layer failed ("chart", "finance", "quoteResponse"), or with a line of plain text, or with a
 * page; the words of the error decide before its code, and the code before the status.
 */
import type { FailureClass, VendorBody, VendorFailure } from '../provider.ts'
import { parseStrictJson } from '../strict-json.ts'

export type JsonRecord = Readonly<Record<string, unknown>>

const MESSAGE_LENGTH_MAX = 300
/** A refusal in plain text is a sentence or two. */
const PLAIN_TEXT_BYTES_MAX = 2000

/**
 * What the vendor's words mean; the first that matches decides. A window that lies too far back is
 * `no-data`: no plan has those bars, and the calls for later windows are good. A crumb is asked for only
 * where the vendor shuts out programs, which no key of ours would change, so that is an `outage`.
 */
const MEANINGS: readonly (readonly [FailureClass, RegExp])[] = [
  ['minute', /too many requests|rate.?limit|\berror 999\b/],
  ['bad-request', /allowed to be fetched per request/],
  [
    'no-data',
    /timestamp data missing|data doesn.?t exist for startdate|data not available for starttime|requested range must be within/,
  ],
  ['outage', /invalid (?:crumb|cookie)|unable to access this feature|will be right back/],
  ['unknown-symbol', /no data found|may be delisted|not found for (?:ticker )?symbol/],
  ['bad-request', /invalid input|missing required|not supported/],
]

/** Codes of errors, lower case. */
const CODES: ReadonlyMap<string, FailureClass> = new Map([
  ['too many requests', 'minute'],
  ['not found', 'no-data'],
  ['bad request', 'bad-request'],
  ['unprocessable entity', 'bad-request'],
  ['unauthorized', 'outage'],
  ['forbidden', 'outage'],
  ['internal server error', 'outage'],
  ['bad gateway', 'outage'],
  ['service unavailable', 'outage'],
  ['gateway timeout', 'outage'],
])

export function isRecord(value: unknown): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function isSuccess(status: number): boolean {
  return status >= 200 && status < 300
}

/** The JSON object that a body is, or null. */
export function documentOf(body: VendorBody): JsonRecord | null {
  try {
    const value = parseStrictJson(body.bytes)
    return isRecord(value) ? value : null
  } catch {
    // Not JSON, or not to be believed: the caller says what it is instead.
    return null
  }
}

/** Why a body is not the data that was asked for. */
export function failureOfBody(body: VendorBody): VendorFailure {
  const document = documentOf(body)
  const error = document === null ? null : findError(document)
  if (error !== null) {
    const failure = classOf(body.status, error.words, error.code)
    return { ok: false, failure, message: cutMessage(error.words) }
  }
  const text = document === null ? plainText(body.bytes) : null
  if (text !== null && meaningOf(text) !== null) {
    return { ok: false, failure: classOf(body.status, text), message: cutMessage(text) }
  }
  const form = document === null ? formOf(body.bytes) : 'JSON without the data that was asked for'
  if (isSuccess(body.status)) return malformed(`The answer is ${form}.`)
  const message = `Yahoo answered HTTP ${body.status} with ${form}.`
  return { ok: false, failure: classOfStatus(body.status), message }
}

export function malformed(message: string): VendorFailure {
  return { ok: false, failure: 'malformed', message }
}

export function noData(message: string): VendorFailure {
  return { ok: false, failure: 'no-data', message }
}

export function unknownSymbol(symbol: string): VendorFailure {
  const message = cutMessage(`Yahoo has nothing under the symbol "${symbol}".`)
  return { ok: false, failure: 'unknown-symbol', message }
}

interface VendorError {
  /** Lower case. */
  readonly code: string
  readonly words: string
}

/** The error of a document, whatever layer it stands under: `{"chart":{"error":{"code","description"}}}`. */
function findError(document: JsonRecord): VendorError | null {
  for (const layer of [document, ...Object.values(document)]) {
    const error = isRecord(layer) ? layer['error'] : null
    if (typeof error === 'string' && error.trim() !== '') return { code: '', words: error }
    if (!isRecord(error)) continue
    const code = textOf(error['code'])
    const words = textOf(error['description']) || code
    if (words !== '') return { code: code.toLowerCase(), words }
  }
  return null
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value.trim() : ''
}

function classOf(status: number, words: string, code = ''): FailureClass {
  if (isTooMany(status)) return 'minute'
  return meaningOf(words) ?? CODES.get(code) ?? classOfStatus(status)
}

/** 999 is the vendor's own, for too many calls from one address. */
function isTooMany(status: number): boolean {
  return status === 429 || status === 999
}

function meaningOf(text: string): FailureClass | null {
  const words = text.toLowerCase()
  return MEANINGS.find(([, pattern]) => pattern.test(words))?.[0] ?? null
}

function classOfStatus(status: number): FailureClass {
  if (isTooMany(status)) return 'minute'
  if (status === 401 || status === 403 || status === 408 || status >= 500) return 'outage'
  return status >= 400 ? 'bad-request' : 'malformed'
}

function formOf(bytes: Uint8Array): string {
  const first = firstByte(bytes)
  if (first < 0) return 'an empty body'
  if (first === 60) return 'a page'
  if (first === 123 || first === 91) return 'broken or other JSON, or JSON with a key twice'
  return 'text of another kind'
}

/** A short body that is not JSON, be it a line or a page; null for all else. */
function plainText(bytes: Uint8Array): string | null {
  const first = firstByte(bytes)
  if (bytes.length > PLAIN_TEXT_BYTES_MAX || first === 91 || first === 123) return null
  return new TextDecoder().decode(bytes)
}

/** The first byte that is no space and no byte-order mark, or -1. */
function firstByte(bytes: Uint8Array): number {
  let at = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0
  while (bytes[at] === 32 || bytes[at] === 10 || bytes[at] === 13 || bytes[at] === 9) at += 1
  return bytes[at] ?? -1
}

function cutMessage(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim()
  return line.length <= MESSAGE_LENGTH_MAX ? line : `${line.slice(0, MESSAGE_LENGTH_MAX - 1)}…`
}
