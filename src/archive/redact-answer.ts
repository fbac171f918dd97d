/** Takes keys out of what is kept of an answer: vendors echo them in their texts and addresses. */
import { mayHoldSecret, redact } from '../log.ts'

/** What vendors write before a key: `API key as ABC`, `"apiKey": "ABC"`. */
const NAMED_KEY = /(\bapi[ _-]?key(?:\s+as\s+|["']?\s*[:=]\s*["']?))[\w+/-]{6,}/gi

/** A text without keys, by value and by what stands before them. */
export function withoutKeys(text: string): string {
  return redact(text).replaceAll(NAMED_KEY, '$1[redacted]')
}

/** What NAMED_KEY always holds, in all its spellings, by its first letter. */
const KEY_WORDS = [
  { first: 0x6b, words: ['key', 'kEy', 'keY', 'kEY'] },
  { first: 0x4b, words: ['Key', 'KEY', 'KEy', 'KeY'] },
]

/** A body without keys; the same bytes where there is none in it. */
export function bodyWithoutKeys(bytes: Uint8Array): Uint8Array {
  const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  // Bars hold nothing of the kind, and a month of minutes is nearly two million characters.
  if (!mayHoldSecret(body) && !mayNameKey(body)) return bytes
  // One character a byte: whatever the encoding, all other bytes come out as they went in.
  const text = body.toString('latin1')
  const clean = withoutKeys(text)
  return clean === text ? bytes : Buffer.from(clean, 'latin1')
}

/** Bars have neither letter, so that two looks for one byte are enough. */
function mayNameKey(body: Buffer): boolean {
  return KEY_WORDS.some(
    ({ first, words }) => body.includes(first) && words.some((word) => body.includes(word)),
  )
}

/** Parameters of a call without keys and without those that carry one. */
export function paramsWithoutKeys(
  params: Readonly<Record<string, string>>,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(params).flatMap(([name, value]) =>
      /^(?:api_?key|key|token|crumb)$/i.test(name) ? [] : [[name, withoutKeys(value)]],
    ),
  )
}
