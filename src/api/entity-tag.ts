/**
 * Entity tags (RFC 9110, 8.8.3) and conditional requests: a caller that has the answer already is told so.
 * Tags are weak, since the same bars may be sent compressed or not.
 */
import { createHash } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'

/** A tag of everything that an answer depends on. */
export function entityTag(parts: readonly (string | number | boolean)[]): string {
  const hash = createHash('sha256').update(JSON.stringify(parts)).digest('base64url')
  return `W/"${hash.slice(0, 22)}"`
}

/** True where the request says that it holds the answer of this tag. */
export function holdsAnswer({ headers }: FastifyRequest, tag: string): boolean {
  const known = headers['if-none-match'] ?? ''
  return known.split(',').some((one) => strengthless(one) === strengthless(tag))
}

/** Reads are compared weakly (RFC 9110, 13.1.2). */
function strengthless(tag: string): string {
  return tag.trim().replace(/^W\//, '')
}

/** Has the answer kept by the caller alone, and asked about again before each use. */
export function allowKeeping(reply: FastifyReply, tag: string): FastifyReply {
  return reply.header('etag', tag).header('cache-control', 'private, no-cache')
}
