import assert from 'node:assert/strict'
import test from 'node:test'
import * as zlib from 'node:zlib'
import { decodeBody } from '../../src/providers/decode-body.ts'

const TEXT = Buffer.from('{"Meta Data": {"2. Symbol": "IBM"}}'.repeat(100))
const CAP = 10_000

const ENCODED: Record<string, Uint8Array> = {
  gzip: zlib.gzipSync(TEXT),
  'x-gzip': zlib.gzipSync(TEXT),
  br: zlib.brotliCompressSync(TEXT),
  zstd: zlib.zstdCompressSync(TEXT),
  deflate: zlib.deflateSync(TEXT),
  'identity, GZIP': zlib.gzipSync(TEXT),
  'gzip, br': zlib.brotliCompressSync(zlib.gzipSync(TEXT)),
}

for (const [coding, bytes] of Object.entries(ENCODED)) {
  test(`reads a body in ${coding}`, async () => {
    assert.deepEqual(Buffer.from(await decodeBody(bytes, coding, CAP)), TEXT)
  })

  test(`refuses a body in ${coding} that is cut anywhere`, async () => {
    for (let at = 1; at < bytes.length; at += 1) {
      const decoding = decodeBody(bytes.subarray(0, at), coding, CAP)
      await assert.rejects(decoding, `cut at ${at} of ${bytes.length}`)
    }
  })

  test(`refuses a body in ${coding} that grows over the cap`, async () => {
    await assert.rejects(decodeBody(bytes, coding, TEXT.length - 1), RangeError)
    assert.equal((await decodeBody(bytes, coding, TEXT.length)).length, TEXT.length)
  })
}

test('reads deflate without its zlib wrapping', async () => {
  const bytes = zlib.deflateRawSync(TEXT)
  assert.deepEqual(Buffer.from(await decodeBody(bytes, 'deflate', CAP)), TEXT)
})

test('leaves a body without a coding alone, and an empty one in any coding', async () => {
  assert.equal(await decodeBody(TEXT, '', CAP), TEXT)
  assert.equal(await decodeBody(TEXT, 'identity', CAP), TEXT)
  assert.equal((await decodeBody(new Uint8Array(0), 'gzip', CAP)).length, 0)
})

test('refuses a coding that it does not know, and one wrapped too often', async () => {
  await assert.rejects(decodeBody(TEXT, 'compress', CAP), /"compress" is unknown/)
  await assert.rejects(decodeBody(TEXT, 'constructor', CAP), /"constructor" is unknown/)
  await assert.rejects(decodeBody(TEXT, 'gzip, gzip, gzip', CAP), /3 times over/)
})
