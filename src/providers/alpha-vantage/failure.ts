/**
 * Says why an answer is not data. Alpha Vantage refuses with HTTP 200 and a sentence, under a key that
 * has moved between "Error Message", "Information" and "Note" and in a wording that drifts; so a
 * refusal is told by what its first clause means, wherever it stands.
 */
import type { FailureClass, VendorBody, VendorFailure } from '../provider.ts'
import { parseStrictJson } from '../strict-json.ts'

export type JsonRecord = Readonly<Record<string, unknown>>

const MESSAGE_LENGTH_MAX = 300
/** A refusal in plain text is a sentence or two. */
const PLAIN_TEXT_BYTES_MAX = 2000

/**
 * What the sentences mean. The one that matches first in the text decides, because the rest of each is
 * an offer of paid plans: the text about calls a second goes on to mention "25 requests per day".
 */
const MEANINGS: readonly (readonly [FailureClass, RegExp])[] = [
  ['burst', /spreading out|more sparingly|(?:\bper|\ba|\/) ?second\b/],
  ['minute', /(?:\bper|\ba|\/) ?minute\b|(?:higher|optimizing your) api call|too many requests/],
  ['day', /(?:\bper|\ba|\/) ?day\b|\bdaily (?:[a-z]+ ){0,3}(?:limit|quota|cap)/],
  [
    'entitlement',
    /\bpremium (?:api |data )?(?:endpoint|feature|function|parameter|option|access|member|subscri)|(?:require|need)s? (?:a |an )?(?:premium|paid)|only (?:available )?(?:to|for|with|on) (?:a )?(?:premium|paid)|entitle|sample data|artificial/,
  ],
  [
    'key',
    /\bdemo\b[^.]{0,5} api ?key|demo purposes|api ?key\b[^.]{0,40}\b(?:invalid|missing|required|incorrect|expired|revoked|not (?:valid|recogni[sz]ed))|(?:invalid|missing|incorrect|unknown|no|provide (?:a|your)(?: valid)?) api ?key/,
  ],
  [
    'unknown-symbol',
    /\bsymbol\b[^.]{0,40}\b(?:invalid|unknown|not found|not supported|does not exist)|(?:invalid|unknown) symbol/,
  ],
  [
    'bad-request',
    /invalid api call|invalid (?:parameter|input|value|function|month|interval)|does not exist|not supported/,
  ],
]

/** Keys under which the vendor speaks, lower case. */
const MESSAGE_KEYS: readonly string[] = ['error message', 'information', 'note', 'message', 'error']

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

/** What the vendor says in a document beside its data, without keys; null where it says nothing. */
export function remarkOf(document: JsonRecord): string | null {
  const found = findMessage(document)
  return found === null ? null : redactMessage(found.text)
}

/**
 * True for an answer that only looks like data: paid functions answer free keys with invented rows and
 * a "message" beside them, or say in their remark that the rows are a sample.
 */
export function isSample(document: JsonRecord): boolean {
  const found = findMessage(document)
  if (found === null) return false
  return found.key === 'message' || /\b(?:artificial|sample|fictitious)\b/i.test(found.text)
}

/** Why a document is not the data that was asked for. */
export function failureOfDocument(status: number, document: JsonRecord): VendorFailure {
  const found = findMessage(document)
  if (found !== null) {
    const beside = isSample(document) && Object.keys(document).length > 1 ? 'entitlement' : null
    const failure = meaningOf(found.text) ?? beside ?? failureOfKey(status, found.key)
    return { ok: false, failure, message: redactMessage(found.text) }
  }
  if (!isSuccess(status)) return failureOfStatus(status, 'JSON')
  if (Object.keys(document).length === 0) return noData('The answer is an empty object.')
  if ('Meta Data' in document) return noData('The answer has "Meta Data" and no data.')
  return malformed('The answer is JSON without the data that was asked for.')
}

/** Why a body that is no JSON object and no CSV with the right header is not data. */
export function failureOfBody(body: VendorBody): VendorFailure {
  const document = documentOf(body)
  if (document !== null) return failureOfDocument(body.status, document)
  const text = plainText(body.bytes)
  const meaning = text === null ? null : meaningOf(text)
  if (text !== null && meaning !== null) {
    return { ok: false, failure: meaning, message: redactMessage(text) }
  }
  const form = formOf(body)
  if (!isSuccess(body.status)) return failureOfStatus(body.status, form)
  return malformed(`The answer is ${form} and not what Alpha Vantage sends.`)
}

export function malformed(message: string): VendorFailure {
  return { ok: false, failure: 'malformed', message }
}

export function noData(message: string): VendorFailure {
  return { ok: false, failure: 'no-data', message }
}

export function unknownSymbol(symbol: string): VendorFailure {
  const message = `Alpha Vantage has nothing under the symbol "${symbol}".`
  return { ok: false, failure: 'unknown-symbol', message }
}

function findMessage(document: JsonRecord): { key: string; text: string } | null {
  for (const wanted of MESSAGE_KEYS) {
    for (const [key, value] of Object.entries(document)) {
      const text = typeof value === 'string' ? value.trim() : ''
      if (text !== '' && key.trim().toLowerCase() === wanted) return { key: wanted, text }
    }
  }
  return null
}

/** The class whose words come first in a text, or null. */
function meaningOf(text: string): FailureClass | null {
  // Addresses hold words such as "premium" and "api-key" that say nothing.
  const words = text.replaceAll(/https?:\/\/\S+/g, ' ').toLowerCase()
  let first = Infinity
  let meaning: FailureClass | null = null
  for (const [failure, pattern] of MEANINGS) {
    const at = words.search(pattern)
    if (at >= 0 && at < first) {
      first = at
      meaning = failure
    }
  }
  return meaning
}

/** The class of a sentence that nobody has met yet. */
function failureOfKey(status: number, key: string): FailureClass {
  if (!isSuccess(status)) return classOfStatus(status)
  return key === 'error message' ? 'bad-request' : 'malformed'
}

function failureOfStatus(status: number, form: string): VendorFailure {
  const failure = classOfStatus(status)
  return { ok: false, failure, message: `Alpha Vantage answered HTTP ${status} with ${form}.` }
}

function classOfStatus(status: number): FailureClass {
  if (status === 429) return 'minute'
  if (status === 401 || status === 403) return 'key'
  if (status === 402) return 'entitlement'
  if (status === 408 || status >= 500) return 'outage'
  return status >= 400 ? 'bad-request' : 'malformed'
}

function formOf(body: VendorBody): string {
  const first = firstByte(body.bytes)
  if (first < 0) return 'an empty body'
  if (first === 60) return 'an HTML page'
  if (first === 123 || first === 91) return 'broken or other JSON, or JSON with a key twice'
  return 'text of another kind'
}

/** A short body that is neither JSON nor HTML; null for all else. */
function plainText(bytes: Uint8Array): string | null {
  const first = firstByte(bytes)
  if (bytes.length > PLAIN_TEXT_BYTES_MAX || first === 60 || first === 91 || first === 123)
    return null
  return new TextDecoder().decode(bytes)
}

/** The first byte that is no space and no byte-order mark, or -1. */
function firstByte(bytes: Uint8Array): number {
  return bytes[bodyStart(bytes)] ?? -1
}

/** Where a body begins after a byte-order mark and spaces. */
export function bodyStart(bytes: Uint8Array): number {
  let at = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0
  while (bytes[at] === 32 || bytes[at] === 10 || bytes[at] === 13 || bytes[at] === 9) at += 1
  return at
}

/**
 * A vendor's text without keys. The vendor repeats the key ("We have detected your API key as …"), and
 * a text can be one that no configuration knows, so keys are found by what stands before them and by
 * their own look: sixteen capitals and digits.
 */
function redactMessage(text: string): string {
  const redacted = text
    .replaceAll(/(\bapi[\s_-]?key\s+(?:as|was)\s+)\S+/gi, '$1***')
    .replaceAll(/(\bapi[\s_-]?key\s*(?:[:=(]\s*["'`]?|["'`]))[^\s"'`&)]+/gi, '$1***')
    .replaceAll(/\b(?=[A-Z0-9]*\d|[A-Z]{16})[A-Z0-9]{12,}\b/g, '***')
    .replaceAll(/\s+/g, ' ')
    .trim()
  return redacted.length <= MESSAGE_LENGTH_MAX
    ? redacted
    : `${redacted.slice(0, MESSAGE_LENGTH_MAX - 1)}…`
}
