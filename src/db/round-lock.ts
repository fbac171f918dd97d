/**
 * Which of several processes on a database keeps its series current: the one that holds an advisory
 * lock, for as long as it runs. Where it dies, the server lets the lock go and another takes over.
 */
import type { Pool } from './connect.ts'

/** Any number that nothing else of ours locks. */
const LOCK_KEY = 7_305_882_311

/** The lock, held on a connection of its own. */
export interface RoundLock {
  /** False once the connection was lost, and the lock with it. */
  held(): boolean
  /** Lets another process take over. Harmless when repeated. */
  release(): Promise<void>
}

/** Takes the lock; null while another process has it. */
export async function takeRoundLock(pool: Pool): Promise<RoundLock | null> {
  const connection = await pool.connect()
  let lost: Error | undefined
  const onError = (error: Error) => {
    lost = error
  }
  connection.on('error', onError)
  let taken = false
  try {
    const { rows } = await connection.query<{ taken: boolean }>(
      'SELECT pg_try_advisory_lock($1) AS taken',
      [LOCK_KEY],
    )
    taken = rows[0]!.taken
  } finally {
    if (!taken) {
      connection.off('error', onError)
      connection.release(lost)
    }
  }
  if (!taken) return null
  let released = false
  return {
    held: () => !released && lost === undefined,
    release: async () => {
      if (released) return
      released = true
      try {
        if (lost === undefined) {
          await connection.query('SELECT pg_advisory_unlock($1)', [LOCK_KEY])
        }
      } catch (error) {
        // The server lets the lock go with the connection.
        lost = error instanceof Error ? error : new Error('the connection was lost')
      }
      connection.off('error', onError)
      connection.release(lost)
    },
  }
}
