/** Reading several statements as of one moment. */
import type { Connection, Pool } from './connect.ts'

export const BEGIN_SNAPSHOT = 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY'

/** Runs work in a read-only transaction that sees the store as it was when it began. */
export async function inSnapshot<T>(
  pool: Pool,
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  const connection = await pool.connect()
  let broken: Error | undefined
  try {
    await connection.query(BEGIN_SNAPSHOT)
    return await work(connection)
  } finally {
    try {
      await connection.query('ROLLBACK')
    } catch (error) {
      broken = error instanceof Error ? error : new Error(String(error))
    }
    connection.release(broken)
  }
}
