/** Decimal text in bytes to the nearest double, without making a string of it. */

/** 10^0 to 10^15: each is exact as a double. */
const POWERS_OF_TEN = Float64Array.from({ length: 16 }, (_, power) => Number(`1e${power}`))
/** So many digits are below 2^53, so that they are exact as a double. */
const EXACT_DIGITS_MAX = 15

const DECIMAL = /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/
const decoder = new TextDecoder()

/**
 * The number that bytes [from, until) spell: digits, a point with digits after it, a minus sign, an
 * exponent. NaN for anything else (spaces, thousands separators, hexadecimal, words, nothing at all)
 * and for what no double holds. Exact: one division of two exact doubles is rounded once.
 */
export function parseDecimal(bytes: Uint8Array, from: number, until: number): number {
  const start = bytes[from] === 45 ? from + 1 : from
  let mantissa = 0
  let point = -1
  for (let at = start; at < until; at += 1) {
    const digit = bytes[at]! - 48
    if (digit >= 0 && digit <= 9) {
      mantissa = mantissa * 10 + digit
    } else if (digit === -2 && point < 0) {
      point = at
    } else {
      return parseOther(bytes, from, until)
    }
  }
  const digits = until - start - (point < 0 ? 0 : 1)
  if (digits < 1 || digits > EXACT_DIGITS_MAX || point === start || point === until - 1) {
    return parseOther(bytes, from, until)
  }
  const value = point < 0 ? mantissa : mantissa / POWERS_OF_TEN[until - 1 - point]!
  return start === from ? value : -value
}

/** Exponents, long numbers, and what is no number. */
function parseOther(bytes: Uint8Array, from: number, until: number): number {
  const text = decoder.decode(bytes.subarray(from, until))
  if (!DECIMAL.test(text)) return Number.NaN
  const value = Number(text)
  return Number.isFinite(value) ? value : Number.NaN
}

/** Where a reader is in a body; -1 after it met what it does not read. */
export interface Cursor {
  at: number
}

/**
 * The number that plain digits spell from `from` on, with the same value as parseDecimal; the cursor is
 * left at the byte after it. At most nine digits on either side of the point, so that all but the last
 * step is done in 32-bit integers; anything else leaves the cursor at -1.
 */
export function scanDecimal(bytes: Uint8Array, from: number, cursor: Cursor): number {
  let at = from
  let byte = bytes[at]!
  let whole = 0
  while (byte >= 48 && byte <= 57) {
    whole = (Math.imul(whole, 10) + byte - 48) | 0
    at += 1
    byte = bytes[at]!
  }
  const wholeDigits = at - from
  cursor.at = wholeDigits > 0 && wholeDigits <= 9 ? at : -1
  if (byte !== 46 || cursor.at < 0) return whole
  const point = at
  let fraction = 0
  at += 1
  byte = bytes[at]!
  while (byte >= 48 && byte <= 57) {
    fraction = (Math.imul(fraction, 10) + byte - 48) | 0
    at += 1
    byte = bytes[at]!
  }
  const decimals = at - point - 1
  const isPlain = decimals > 0 && decimals <= 9 && wholeDigits + decimals <= EXACT_DIGITS_MAX
  cursor.at = isPlain ? at : -1
  const scale = POWERS_OF_TEN[decimals]!
  return (whole * scale + fraction) / scale
}
