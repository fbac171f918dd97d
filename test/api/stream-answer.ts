/** What an app answers without a socket where the answer may have no end: its beginning. */
import type { InjectOptions } from 'fastify'
import type { App } from '../../src/api/context.ts'

export interface BeginningOfAnswer {
  readonly statusCode: number
  readonly headers: Readonly<Record<string, unknown>>
  /** Of a stream of events its first block, of everything else all. */
  readonly rawPayload: Buffer
  readonly body: string
}

/** True for what may answer without an end. */
export function isStream(method: string, url: string): boolean {
  return method === 'GET' && /^\/api\/v1\/stream(?:\?|$)/.test(url)
}

/** Sends a request, and leaves as soon as it is clear what comes. */
export async function askForBeginning(
  app: App,
  request: InjectOptions,
): Promise<BeginningOfAnswer> {
  const gone = new AbortController()
  const { statusCode, headers, stream } = await app.inject({
    ...request,
    payloadAsStream: true,
    signal: gone.signal,
  })
  const chunks: Buffer[] = []
  try {
    for await (const chunk of stream()) {
      chunks.push(chunk as Buffer)
      if (String(headers['content-type']).startsWith('text/event-stream')) break
    }
  } finally {
    gone.abort()
  }
  const rawPayload = Buffer.concat(chunks)
  return { statusCode, headers, rawPayload, body: rawPayload.toString() }
}
