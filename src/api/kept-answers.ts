/**
 * Answers about bars as bytes in memory, by their entity tags. A tag is made of what the database says in that very request
 * of all that the answer depends on, so that a kept answer is never older than what would be read: see
 * docs/decisions/0009-kept-answers.md.
 */

/** Some 75 answers of 5,000 bars. */
const BYTES_MAX = 64 * 1_048_576
/** So that no answer can drive out most of the others. */
const SHARE_MAX = 1 / 16

export interface KeptAnswers {
  /** The bytes of an answer; null where they have to be made. */
  get(tag: string): Buffer | null
  /** @param body made of what was read after the tag was */
  keep(tag: string, body: Buffer): void
}

/** Makes an empty store of answers; what was used longest ago gives way. */
export function makeKeptAnswers(bytesMax = BYTES_MAX): KeptAnswers {
  const bodies = new Map<string, Buffer>()
  let bytes = 0
  const remove = (tag: string): Buffer | undefined => {
    const body = bodies.get(tag)
    if (body === undefined) return undefined
    bodies.delete(tag)
    bytes -= body.length
    return body
  }
  const add = (tag: string, body: Buffer) => {
    bodies.set(tag, body)
    bytes += body.length
  }
  return {
    get: (tag) => {
      const body = remove(tag)
      if (body === undefined) return null
      add(tag, body)
      return body
    },
    keep: (tag, body) => {
      if (body.length > bytesMax * SHARE_MAX) return
      remove(tag)
      add(tag, body)
      for (const oldest of bodies.keys()) {
        if (bytes <= bytesMax) break
        remove(oldest)
      }
    },
  }
}
