/**
 * JSON in which no object has a key twice. JSON.parse takes the later of two values and says nothing of the
 * earlier one; nobody can tell which of them a vendor meant, so such a body is refused whole.
 */

const QUOTE = 34
const COMMA = 44
const OPEN_BRACKET = 91
const BACKSLASH = 92
const CLOSE_BRACKET = 93
const OPEN = 123
const CLOSE = 125

const decoder = new TextDecoder()

/**
 * The value that a body spells.
 * @throws SyntaxError where it is not JSON, or a key stands twice in an object
 */
export function parseStrictJson(bytes: Uint8Array): unknown {
  const value: unknown = JSON.parse(decoder.decode(bytes))
  const key = findRepeatedKey(bytes)
  if (key !== null) throw new SyntaxError(`the key ${key.slice(0, 40)} stands twice`)
  return value
}

/** The first key, as it is spelt, that an object of a JSON text has twice, or null. */
function findRepeatedKey(bytes: Uint8Array): string | null {
  // The keys so far of each object that is open; null for a list.
  const open: (Set<string> | null)[] = []
  let keys: Set<string> | null = null
  let isKeyNext = false
  for (let at = 0; at < bytes.length; at += 1) {
    switch (bytes[at]) {
      case QUOTE: {
        const end = stringEnd(bytes, at)
        if (isKeyNext && keys !== null) {
          const text = decoder.decode(bytes.subarray(at, end))
          const key = text.includes('\\') ? JSON.stringify(JSON.parse(text)) : text
          if (keys.has(key)) return text
          keys.add(key)
          isKeyNext = false
        }
        at = end - 1
        break
      }
      case OPEN:
      case OPEN_BRACKET:
        keys = bytes[at] === OPEN ? new Set() : null
        open.push(keys)
        isKeyNext = true
        break
      case CLOSE:
      case CLOSE_BRACKET:
        open.pop()
        keys = open.at(-1) ?? null
        break
      case COMMA:
        isKeyNext = true
        break
      default:
    }
  }
  return null
}

/** Where a string ends, after its closing quote, that begins at `from`. */
function stringEnd(bytes: Uint8Array, from: number): number {
  let at = from + 1
  while (at < bytes.length && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1
  return at + 1
}
