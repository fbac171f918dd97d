/**
 * How an API key is written: `sy_<role>_<id>_<secret><check>`. The prefix and the checksum let scanners of
 * source code find keys that leaked; the id is public, the secret is not.
 */

/** What a key may do; each role may do all that those before it may. */
export const ROLES = ['read', 'write', 'admin'] as const
export type Role = (typeof ROLES)[number]

/** Digits of ids, secrets and checksums. */
export const KEY_ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
export const KEY_ID_LENGTH = 12
/** 62^32 is more than 2^190. */
export const KEY_SECRET_LENGTH = 32
/** 62^6 is more than 2^32. */
const CHECK_LENGTH = 6

const SHAPE = new RegExp(
  `^sy_(?<role>${ROLES.join('|')})_(?<id>[0-9A-Za-z]{${KEY_ID_LENGTH}})_(?<secret>[0-9A-Za-z]{${KEY_SECRET_LENGTH}})[0-9A-Za-z]{${CHECK_LENGTH}}$`,
)

export interface KeyParts {
  readonly role: Role
  /** Public: names the key in lists, logs and the audit. */
  readonly id: string
  readonly secret: string
}

/** The text of a key. */
export function formatKey({ role, id, secret }: KeyParts): string {
  const text = `sy_${role}_${id}_${secret}`
  return text + checkOf(text)
}

/** The parts of a well-formed key; null for any other text, also where the checksum is wrong. */
export function parseKey(text: string): KeyParts | null {
  const groups = SHAPE.exec(text)?.groups
  if (groups === undefined) return null
  const body = text.slice(0, -CHECK_LENGTH)
  if (checkOf(body) !== text.slice(-CHECK_LENGTH)) return null
  return { role: groups['role'] as Role, id: groups['id']!, secret: groups['secret']! }
}

/** True where a caller of one role may do what asks for another. */
export function allows(has: Role, needs: Role): boolean {
  return ROLES.indexOf(has) >= ROLES.indexOf(needs)
}

/** CRC-32 (ISO 3309, as in gzip) of the text, as six digits of base 62. */
function checkOf(text: string): string {
  let left = crc32(text)
  let digits = ''
  for (let place = 0; place < CHECK_LENGTH; place += 1) {
    digits = KEY_ALPHABET[left % 62]! + digits
    left = Math.floor(left / 62)
  }
  return digits
}

function crc32(text: string): number {
  let crc = 0xff_ff_ff_ff
  for (let at = 0; at < text.length; at += 1) {
    crc ^= text.charCodeAt(at)
    for (let bit = 0; bit < 8; bit += 1) {
      crc = crc & 1 ? (crc >>> 1) ^ 0xed_b8_83_20 : crc >>> 1
    }
  }
  return ~crc >>> 0
}
