/**
 * Which of several processes on a database keeps its series current: the one that holds an advisory
 * lock, for as long as it runs. Where it dies, the server lets the lock go and another takes over.
 */
import type { Notification } from 'pg'
import type { Connection, Pool } from './connect.ts'

/** Any number that nothing else of ours locks. */
export const ROUND_LOCK_KEY = 7_305_882_311

/** The lock, held on a connection of its own. */
export interface RoundLock {
  /** Of the connection, as the server numbers it. */
  readonly session: number
  /** False once the connection was lost, and the lock with it. */
  held(): boolean
  /** Lets another process take over. Harmless when repeated. */
  release(): Promise<void>
}

/** What the holder of the lock is to hear, on the same connection. */
export interface RoundNews {
  /** Of NOTIFY. */
  readonly channel: string
  readonly onNews: (payload: string) => void
}

/** Takes the lock; null while another process has it. */
export async function takeRoundLock(pool: Pool, news?: RoundNews): Promise<RoundLock | null> {
  const connection = await pool.connect()
  let lost: Error | undefined
  const onError = (error: Error) => {
    lost = error
  }
  connection.on('error', onError)
  const onNotification = ({ payload }: Notification) => news?.onNews(payload ?? '')
  connection.on('notification', onNotification)
  const giveBack = () => {
    connection.off('error', onError)
    connection.off('notification', onNotification)
    connection.release(lost)
  }
  let session: number | null = null
  try {
    session = await tryLock(connection, news?.channel)
  } catch (error) {
    // Not to be used again: it may hold the lock.
    lost ??= error instanceof Error ? error : new Error('the connection was lost')
    throw error
  } finally {
    if (session === null) giveBack()
  }
  if (session === null) return null
  let released = false
  return {
    session,
    held: () => !released && lost === undefined,
    release: async () => {
      if (released) return
      released = true
      try {
        if (lost === undefined) {
          await connection.query('UNLISTEN *')
          await connection.query('SELECT pg_advisory_unlock($1)', [ROUND_LOCK_KEY])
        }
      } catch (error) {
        // The server lets the lock go with the connection.
        lost = error instanceof Error ? error : new Error('the connection was lost')
      }
      giveBack()
    },
  }
}

/** The number of the session that has the lock now and listens; null where another one has it. */
async function tryLock(
  connection: Connection,
  channel: string | undefined,
): Promise<number | null> {
  const { rows } = await connection.query<{ taken: boolean; session: number }>(
    'SELECT pg_try_advisory_lock($1) AS taken, pg_backend_pid() AS session',
    [ROUND_LOCK_KEY],
  )
  const { taken, session } = rows[0]!
  if (!taken) return null
  if (channel !== undefined) await connection.query(`LISTEN ${channel}`)
  return session
}
