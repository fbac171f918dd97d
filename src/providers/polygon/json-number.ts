/** A JSON number in bytes to the nearest double, without making a string of it. */

/** Where a reader is in a body; -1 after it met what it does not read. */
export interface Cursor {
  at: number
}

/** 10^0 to 10^22: each is exact as a double. */
const POWERS_OF_TEN = Float64Array.from({ length: 23 }, (_, power) => Number(`1e${power}`))
const POWER_MAX = 22
/** So many digits are below 2^53, so that they are exact as a double. */
const EXACT_DIGITS_MAX = 15
const ZERO = 48

const decoder = new TextDecoder()

/**
 * The number that begins at `from`, by the grammar of JSON and with the value that JSON.parse gives;
 * the cursor is left at the byte after it, or at -1 where there is none. Exact: one product or one
 * division of two exact doubles is rounded once.
 */
export function scanNumber(bytes: Uint8Array, from: number, cursor: Cursor): number {
  const first = bytes[from] === 45 ? from + 1 : from
  let at = first
  let byte = bytes[at]!
  let mantissa = 0
  while (byte >= ZERO && byte <= 57) {
    mantissa = mantissa * 10 + byte - ZERO
    at += 1
    byte = bytes[at]!
  }
  let digits = at - first
  if (digits === 0 || (digits > 1 && bytes[first] === ZERO)) return refuse(cursor)
  let power = 0
  if (byte === 46) {
    const point = at
    at += 1
    byte = bytes[at]!
    while (byte >= ZERO && byte <= 57) {
      mantissa = mantissa * 10 + byte - ZERO
      at += 1
      byte = bytes[at]!
    }
    power = point + 1 - at
    if (power === 0) return refuse(cursor)
    digits -= power
  }
  cursor.at = at
  if (byte === 101 || byte === 69) power += scanExponent(bytes, at + 1, cursor)
  if (cursor.at < 0) return Number.NaN
  if (digits > EXACT_DIGITS_MAX || power < -POWER_MAX || power > POWER_MAX) {
    return Number(decoder.decode(bytes.subarray(from, cursor.at)))
  }
  const value = power < 0 ? mantissa / POWERS_OF_TEN[-power]! : mantissa * POWERS_OF_TEN[power]!
  return first === from ? value : -value
}

/** The power of ten that follows an `e`. */
function scanExponent(bytes: Uint8Array, from: number, cursor: Cursor): number {
  const sign = bytes[from]
  const first = sign === 43 || sign === 45 ? from + 1 : from
  let at = first
  let power = 0
  while (bytes[at]! >= ZERO && bytes[at]! <= 57) {
    power = power * 10 + bytes[at]! - ZERO
    at += 1
  }
  if (at === first) return refuse(cursor)
  cursor.at = at
  return sign === 45 ? -power : power
}

function refuse(cursor: Cursor): number {
  cursor.at = -1
  return Number.NaN
}
