/** Keys that stand twice: seen wherever they are, and nowhere else. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { parseStrictJson } from '../../src/providers/strict-json.ts'

const read = (text: string) => parseStrictJson(new TextEncoder().encode(text))

describe('strict JSON', () => {
  it('refuses a key that stands twice in one object, however it is spelt', () => {
    for (const text of [
      '{"a":1,"a":1}',
      '{"a":1,"b":{"c":[{"d":1,"d":2}]}}',
      '{"a":{},"b":[],"a":null}',
      '{"a":[1,{"x":"}"}],"a":2}',
      String.raw`{"a":1,"\u0061":2}`,
      String.raw`{"q\"":1,"q\"":2}`,
      '{"":1,"":2}',
      '{"__proto__":1,"__proto__":2}',
      '{"é":1,"é":2}',
    ]) {
      assert.throws(() => read(text), /^SyntaxError: the key .* stands twice$/, text)
    }
  })

  it('takes the same key in other objects, and as a value', () => {
    for (const text of [
      '[{"a":1},{"a":2}]',
      '{"a":{"a":{"a":"a"}}}',
      '{"a":"b","b":"a"}',
      '{"a":["a","a"],"b":["a","a"]}',
      String.raw`{"a\\":"\\","b":"{\"a\":1,\"a\":2}"}`,
      '\uFEFF {"a" : 1 , "A" : 2}\n',
      '"a"',
      'null',
    ]) {
      assert.deepEqual(read(text), JSON.parse(text.replace('\uFEFF', '')), text)
    }
  })

  it('reads all that JSON.parse reads where no key stands twice', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.nat(4), (value, indent) => {
        const text = JSON.stringify(value, null, indent)
        assert.deepEqual(read(text), JSON.parse(text))
      }),
    )
  })

  it('finds a key that is put a second time into any object', () => {
    const entry = fc.tuple(fc.string(), fc.jsonValue())
    fc.assert(
      fc.property(
        fc.array(entry, { minLength: 1, maxLength: 8 }),
        fc.nat(),
        fc.jsonValue(),
        (entries, pick, other) => {
          const [key] = entries[pick % entries.length]!
          const members = [...entries, [key, other] as const].map(
            ([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`,
          )
          assert.throws(() => read(`[{"x":{${members.join(',')}}}]`), SyntaxError)
        },
      ),
    )
  })

  it('leaves what is not JSON to those who say what it is', () => {
    for (const text of ['', '{', '{"a":1,}', '<html>', '{"a":1}x'])
      assert.throws(() => read(text), SyntaxError)
  })
})
