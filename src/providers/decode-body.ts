/**
 * Undoes the content codings of a vendor's body (gzip, br, deflate, zstd) under a cap on the decoded
 * size, so that a small body cannot grow without bound.
 */
import { promisify } from 'node:util'
import { brotliDecompress, gunzip, inflate, inflateRaw, zstdDecompress } from 'node:zlib'

/** What the client says it reads. */
export const ACCEPT_ENCODING = 'gzip, br, zstd, deflate'

/** One decoder step: larger is faster, smaller spares memory on small bodies. */
const CHUNK_BYTES_MIN = 16_384
const CHUNK_BYTES_MAX = 1_048_576
/** Nobody wraps an honest body more often. */
const CODINGS_MAX = 2

interface Limits {
  readonly maxOutputLength: number
  readonly chunkSize: number
}
type Decoder = (bytes: Uint8Array, limits: Limits) => Promise<Uint8Array>

const decodeGzip: Decoder = promisify(gunzip)
const decodeZlib: Decoder = promisify(inflate)
const decodeRawDeflate: Decoder = promisify(inflateRaw)

const DECODERS: Readonly<Record<string, Decoder>> = {
  gzip: decodeGzip,
  'x-gzip': decodeGzip,
  br: promisify(brotliDecompress),
  zstd: promisify(zstdDecompress),
  // "deflate" means zlib's wrapping, but some servers send it bare: the first byte tells (RFC 1950).
  deflate: (bytes, limits) =>
    (bytes[0]! & 0x0f) === 8 ? decodeZlib(bytes, limits) : decodeRawDeflate(bytes, limits),
}

/**
 * The body without its content codings; at most `maxBytes` long.
 * @throws RangeError where it would be longer; Error where it is damaged, cut short, or its coding is
 * unknown
 */
export async function decodeBody(
  bytes: Uint8Array,
  contentEncoding: string,
  maxBytes: number,
): Promise<Uint8Array> {
  const codings = contentEncoding
    .toLowerCase()
    .split(',')
    .map((coding) => coding.trim())
    .filter((coding) => coding !== '' && coding !== 'identity')
  if (codings.length > CODINGS_MAX) throw new Error(`it is encoded ${codings.length} times over`)
  let decoded = bytes
  // They were applied in the order in which they are listed.
  for (const coding of codings.reverse()) {
    if (!Object.hasOwn(DECODERS, coding))
      throw new Error(`its content coding "${coding}" is unknown`)
    if (decoded.length > 0) decoded = await DECODERS[coding]!(decoded, limitsFor(decoded, maxBytes))
  }
  return decoded
}

function limitsFor(bytes: Uint8Array, maxBytes: number): Limits {
  const chunkSize = Math.min(Math.max(bytes.length * 4, CHUNK_BYTES_MIN), CHUNK_BYTES_MAX)
  return { maxOutputLength: maxBytes, chunkSize }
}
