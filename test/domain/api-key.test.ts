/** How keys are written. */
import assert from 'node:assert/strict'
import { crc32 } from 'node:zlib'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { allows, formatKey, KEY_ALPHABET, parseKey, ROLES } from '../../src/domain/api-key.ts'

const digits = (length: number) =>
  fc.string({ unit: fc.constantFrom(...KEY_ALPHABET), minLength: length, maxLength: length })
const parts = fc.record({ role: fc.constantFrom(...ROLES), id: digits(12), secret: digits(32) })

/** The check as zlib's CRC-32 has it, written in base 62. */
function checkOf(text: string): string {
  let left = BigInt(crc32(text))
  let written = ''
  while (written.length < 6) {
    written = KEY_ALPHABET[Number(left % 62n)]! + written
    left /= 62n
  }
  return written
}

describe('a key', () => {
  it('ends with the CRC-32 of what stands before', () => {
    const body = `sy_read_${'a'.repeat(12)}_${'B'.repeat(32)}`
    const key = formatKey({ role: 'read', id: 'a'.repeat(12), secret: 'B'.repeat(32) })
    assert.equal(key, body + checkOf(body))
  })

  it('is read as it was written', () => {
    fc.assert(
      fc.property(parts, (given) => {
        assert.deepEqual(parseKey(formatKey(given)), { ...given })
      }),
    )
  })

  it('is none once a character was changed, left out or added', () => {
    fc.assert(
      fc.property(parts, fc.nat(200), digits(1), (given, place, digit) => {
        const key = formatKey(given)
        const at = place % key.length
        const changed = key.slice(0, at) + digit + key.slice(at + 1)
        assert.equal(parseKey(changed) === null, changed !== key)
        assert.equal(parseKey(key.slice(0, at) + key.slice(at + 1)), null)
        assert.equal(parseKey(key + digit), null)
      }),
    )
  })

  it('holds more than 160 random bits', () => {
    assert.ok(32 * Math.log2(62) > 160)
    assert.equal(new Set(KEY_ALPHABET).size, 62)
  })
})

it('a role may do what the roles below it may', () => {
  const may = ROLES.map((has) => ROLES.map((needs) => allows(has, needs)))
  assert.deepEqual(may, [
    [true, false, false],
    [true, true, false],
    [true, true, true],
  ])
})
