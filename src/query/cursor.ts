/**
 * Cursors: where a list goes on. A text that callers hand back as it is; it carries the key of the last
 * row, so that rows which come or go meanwhile neither repeat nor skip one.
 */
import { StockyardError } from '../domain/error.ts'

export type CursorPart = string | number

/** The cursor of a kind of list after a row with this key. */
export function encodeCursor(kind: string, key: readonly CursorPart[]): string {
  return Buffer.from(JSON.stringify([kind, ...key])).toString('base64url')
}

/**
 * The key in a cursor, which must be of that kind and have parts of the types in `shape`.
 * @throws StockyardError `CURSOR_INVALID`
 */
export function decodeCursor<const T extends readonly ('string' | 'number')[]>(
  cursor: string,
  kind: string,
  shape: T,
): CursorKey<T> {
  const parts = readParts(cursor)
  const fits =
    parts !== null &&
    parts.length === shape.length + 1 &&
    parts[0] === kind &&
    shape.every((type, i) => typeof parts[i + 1] === type)
  if (!fits) throw cursorError()
  return parts.slice(1) as CursorKey<T>
}

/** The parts of a key by the types that a shape names. */
type CursorKey<T extends readonly ('string' | 'number')[]> = {
  -readonly [K in keyof T]: T[K] extends 'number' ? number : string
}

/** The error for a cursor that is not one, or that belongs to another list. */
export function cursorError(): StockyardError {
  return new StockyardError('usage', 'CURSOR_INVALID', 'The cursor does not belong to this list.', {
    hint: 'Pass the "next" of the answer before, with the same parameters, or leave the cursor out.',
  })
}

/** The id after which a list by falling ids goes on. @throws StockyardError `CURSOR_INVALID` */
export function idBefore(cursor: string | undefined, kind: string): number | undefined {
  return cursor === undefined ? undefined : decodeCursor(cursor, kind, ['number'])[0]
}

/** At most `limit` of the rows found, which are one more where there are more, and where to go on. */
export function cutById<T extends { readonly id: number }>(
  found: readonly T[],
  limit: number,
  kind: string,
): { shown: T[]; next: string | null } {
  const shown = found.slice(0, limit)
  const last = shown.at(-1)
  const hasMore = last !== undefined && found.length > limit
  return { shown, next: hasMore ? encodeCursor(kind, [last.id]) : null }
}

function readParts(cursor: string): unknown[] | null {
  try {
    const parts: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'))
    return Array.isArray(parts) ? parts : null
  } catch {
    return null
  }
}
