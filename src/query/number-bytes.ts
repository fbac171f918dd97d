/**
 * Numbers and fixed texts as bytes of JSON. All is written in words of four bytes, which is several times as fast as
 * byte by byte: a word may reach up to OVERHANG bytes beyond what it means, where the next one is written.
 */

/** Bytes behind the end of what was written that may have been written, too. */
export const OVERHANG = 4
/** Most bytes of one number as text. */
export const NUMBER_BYTES_MAX = 26

const POINT = 46
const NULL = wordsOf('null')

/** A text to be written again and again. */
export interface Words {
  /** Its bytes in UTF-8, four to a number, zeros at the end. */
  readonly words: Int32Array
  /** In bytes. */
  readonly length: number
}

export function wordsOf(text: string): Words {
  const bytes = Buffer.from(text)
  const words = new Int32Array(Math.ceil(bytes.length / 4))
  const view = new DataView(words.buffer)
  bytes.forEach((byte, i) => view.setUint8(i, byte))
  // As the machine keeps numbers, so that they can be read from the array.
  return { words: words.map((_, i) => view.getInt32(i * 4, true)), length: bytes.length }
}

/** Writes a text; answers with where it ends. */
export function writeWords(out: DataView, at: number, { words, length }: Words): number {
  for (let i = 0; i < words.length; i += 1) out.setInt32(at + i * 4, words[i]!, true)
  return at + length
}

/** Writes a text of ASCII that was made just now. */
export function writeAscii(out: DataView, at: number, text: string): number {
  for (let i = 0; i < text.length; i += 1) out.setUint8(at + i, text.charCodeAt(i))
  return at + text.length
}

/** The digits of 0 to 9999 as a word each: from the left without zeros before them, and as four of them. */
const LEFT = Int32Array.from({ length: 10_000 }, (_, n) => wordsOf(String(n)).words[0]!)
const FOUR = Int32Array.from({ length: 10_000 }, (_, n) => wordsOf(four(n)).words[0]!)

function four(n: number): string {
  return String(n).padStart(4, '0')
}

/**
 * Writes a number as JSON.stringify does, NaN as null. Where value = n / 10^k with n below 10^15, the digits
 * of n are the shortest text that reads back as value: two decimals of 15 digits never share a double.
 */
export function writeNumber(out: DataView, at: number, value: number): number {
  if (value >= 0 && value < 1e9) {
    const whole = value | 0
    if (whole === value) return writeWhole(out, at, whole)
    // Most prices, whose ten-thousandths are a whole number of 32 bits.
    if (value < 200_000) {
      const n = (value * 10_000 + 0.5) | 0
      if (n / 10_000 === value) return writeFraction(out, at, whole, n - whole * 10_000)
    }
    const n = Math.round(value * 10_000)
    if (n / 10_000 === value) return writeFraction(out, at, whole, n - whole * 10_000)
    const m = Math.round(value * 1_000_000)
    if (value >= 0.0001 && m / 1_000_000 === value) {
      return writeMillionths(out, at, whole, m - whole * 1_000_000)
    }
  }
  if (Number.isNaN(value)) return writeWords(out, at, NULL)
  return writeAscii(out, at, JSON.stringify(value))
}

/** Digits of a whole number from 0 to 10^9. */
function writeWhole(out: DataView, at: number, value: number): number {
  if (value < 10_000) {
    out.setInt32(at, LEFT[value]!, true)
    return at + (value < 10 ? 1 : value < 100 ? 2 : value < 1000 ? 3 : 4)
  }
  const head = (value / 10_000) | 0
  const end = writeWhole(out, at, head)
  out.setInt32(end, FOUR[value - head * 10_000]!, true)
  return end + 4
}

/** Writes whole and ten-thousandths, of which there are some, without zeros at the end. */
function writeFraction(out: DataView, at: number, whole: number, tenThousandths: number): number {
  const point = writeWhole(out, at, whole)
  out.setUint8(point, POINT)
  out.setInt32(point + 1, FOUR[tenThousandths]!, true)
  const hundredths = (tenThousandths / 100) | 0
  if (hundredths * 100 === tenThousandths) return point + (hundredths % 10 === 0 ? 2 : 3)
  return point + (tenThousandths % 10 === 0 ? 4 : 5)
}

/** The same with millionths, the last or the one before it not zero. */
function writeMillionths(out: DataView, at: number, whole: number, millionths: number): number {
  const point = writeWhole(out, at, whole)
  const tenThousandths = (millionths / 100) | 0
  const rest = millionths - tenThousandths * 100
  out.setUint8(point, POINT)
  out.setInt32(point + 1, FOUR[tenThousandths]!, true)
  out.setInt32(point + 5, FOUR[rest * 100]!, true)
  return point + (rest % 10 === 0 ? 6 : 7)
}
