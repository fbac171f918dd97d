/**
 * Rows out of the database by COPY in binary: node-postgres can receive rows as text only, and text takes
 * several times as long. Format: https://www.postgresql.org/docs/current/sql-copy.html, "Binary Format".
 */
import { to as copyTo } from 'pg-copy-streams'
import type { Connection, Pool } from './connect.ts'
import { COPY_HEADER } from './page-codec.ts'

/**
 * All that a statement gives, in binary. COPY has no parameters: what is put into the statement are
 * numbers and dates made here, and texts that were escaped.
 */
export async function copyOut(where: Pool | Connection, select: string): Promise<Buffer> {
  const connection = 'release' in where ? where : await where.connect()
  let failure: Error | undefined
  try {
    const stream = connection.query(copyTo(`COPY (${select}) TO STDOUT (FORMAT binary)`))
    const chunks: Buffer[] = []
    for await (const chunk of stream) chunks.push(chunk as Buffer)
    return Buffer.concat(chunks)
  } catch (error) {
    failure = error as Error
    throw error
  } finally {
    // A connection whose COPY was cut cannot be lent out again.
    if (connection !== where) (connection as Connection).release(failure)
  }
}

/** Where the fields of a row are in what was copied; the length of one that is null is -1. */
export interface CopiedRow {
  readonly at: Int32Array
  readonly lengths: Int32Array
}

/**
 * Visits each row of what was copied. The same object is given for every row.
 * @param columns how many columns the statement has
 */
export function forEachCopied(
  copied: Buffer,
  columns: number,
  visit: (row: CopiedRow) => void,
): void {
  const row = { at: new Int32Array(columns), lengths: new Int32Array(columns) }
  let at = COPY_HEADER.length
  // A column count of -1 ends the data.
  while (copied.readInt16BE(at) >= 0) {
    at += 2
    for (let i = 0; i < columns; i += 1) {
      const length = copied.readInt32BE(at)
      at += 4
      row.at[i] = at
      row.lengths[i] = length
      if (length > 0) at += length
    }
    visit(row)
  }
}
