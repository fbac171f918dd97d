/** Texts of any code points, for properties. */
import fc from 'fast-check'

const anyCharacter = fc
  .oneof(fc.integer({ min: 0, max: 0xd7ff }), fc.integer({ min: 0xe000, max: 0x10ffff }))
  .map((code) => String.fromCodePoint(code))

/**
 * Like `fc.string({ unit: 'binary' })`, which makes a table of all code points at its first use and
 * takes a second for it.
 */
export function anyText(
  constraints: { readonly minLength?: number; readonly maxLength?: number } = {},
): fc.Arbitrary<string> {
  return fc.string({ ...constraints, unit: anyCharacter })
}
