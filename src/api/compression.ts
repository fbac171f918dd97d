/** Answers compressed on request, on the routes that ask for it with `compress`. */
import { constants } from 'node:zlib'
import compress from '@fastify/compress'
import type { App } from './context.ts'

/** Levels at which a download is still bound by its reading, not by its compression. */
const GZIP_LEVEL = 4
const BROTLI_LEVEL = 4

/** What is text; Parquet is compressed already, and Arrow is for the same machine. */
const TEXTS = /^(?:text\/csv|application\/(?:x-ndjson|json|problem\+json))(?:;|$)/

/** Adds compression to an app, before its routes. */
export async function addCompression(app: App): Promise<void> {
  await app.register(compress, {
    global: false,
    customTypes: TEXTS,
    encodings: ['zstd', 'br', 'gzip', 'identity'],
    zlibOptions: { level: GZIP_LEVEL },
    brotliOptions: { params: { [constants.BROTLI_PARAM_QUALITY]: BROTLI_LEVEL } },
  })
}
