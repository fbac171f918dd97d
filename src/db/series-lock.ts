/**
 * One payer a series: of all that want to fetch the same series at once, in this process and in others,
 * one plans and asks while the rest wait, plan anew after it, and find nothing left to pay for.
 */
import type { Clock } from '../clock.ts'
import type { Connection, Pool } from './connect.ts'
import type { SeriesKey } from './series.ts'

/** Seed of the hash, so that no other advisory lock of ours has the same number. */
const HASH_SEED = 6_021_023
/** Between two looks whether another process is done. */
const LOOK_MS = 500

export interface SeriesLockOptions {
  readonly clock: Pick<Clock, 'sleep'>
  readonly signal?: AbortSignal | undefined
  /** Told once, where another process has the series. */
  readonly onWait?: (ms: number) => void
}

/**
 * The locks that are held through one pool. They all sit on one connection, so that any number of
 * series takes no more than that one; where the process dies, the server lets them go.
 */
interface Session {
  readonly connection: Promise<Connection>
  /** Done when the newest statement is: a connection takes one at a time. */
  newest: Promise<unknown>
  /** Who holds or waits; the connection goes back to the pool with the last of them. */
  users: number
  broken: Error | undefined
  readonly onError: (error: Error) => void
}

const sessions = new WeakMap<Pool, Session>()
/** The series that are being worked on through a pool: done once the promise is settled. */
const working = new WeakMap<Pool, Map<string, Promise<void>>>()

/**
 * Does work on a series that nobody else works on meanwhile. Do not nest: whoever holds a series and
 * wants another one can wait for ever.
 * @param work is told whether it had to wait for somebody who worked on the same series
 * @throws what the work threw; the reason of the signal
 */
export async function withSeriesLock<T>(
  pool: Pool,
  key: SeriesKey,
  options: SeriesLockOptions,
  work: (waited: boolean) => Promise<T>,
): Promise<T> {
  const name = [key.provider, key.symbol, key.interval, key.basis].join('\n')
  const here = working.get(pool) ?? new Map<string, Promise<void>>()
  working.set(pool, here)
  let waited = false
  for (let before = here.get(name); before !== undefined; before = here.get(name)) {
    waited = true
    await unlessAborted(before, options.signal)
  }
  const turn = Promise.withResolvers<void>()
  here.set(name, turn.promise)
  try {
    return await withDatabaseLock(pool, name, options, (alsoWaited) => work(waited || alsoWaited))
  } finally {
    here.delete(name)
    turn.resolve()
  }
}

async function unlessAborted(done: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (signal === undefined) return done
  signal.throwIfAborted()
  const aborted = Promise.withResolvers<never>()
  const stop = () => aborted.reject(signal.reason)
  signal.addEventListener('abort', stop, { once: true })
  try {
    await Promise.race([done, aborted.promise])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

async function withDatabaseLock<T>(
  pool: Pool,
  name: string,
  { clock, signal, onWait }: SeriesLockOptions,
  work: (waited: boolean) => Promise<T>,
): Promise<T> {
  const session = joinSession(pool)
  try {
    let waited = false
    while (!(await run(session, 'pg_try_advisory_lock', name))) {
      if (!waited) onWait?.(LOOK_MS)
      waited = true
      await clock.sleep(LOOK_MS, signal)
    }
    try {
      return await work(waited)
    } finally {
      // A lock on a connection that was lost went with it.
      await run(session, 'pg_advisory_unlock', name).catch(session.onError)
    }
  } finally {
    await leaveSession(pool, session)
  }
}

function joinSession(pool: Pool): Session {
  const found = sessions.get(pool)
  if (found !== undefined && found.broken === undefined) {
    found.users += 1
    return found
  }
  const connection = pool.connect()
  const session: Session = {
    connection,
    newest: connection,
    users: 1,
    broken: undefined,
    onError: (error) => {
      session.broken = error
    },
  }
  connection.then((opened) => opened.on('error', session.onError), session.onError)
  sessions.set(pool, session)
  return session
}

async function leaveSession(pool: Pool, session: Session): Promise<void> {
  session.users -= 1
  if (session.users > 0) return
  if (sessions.get(pool) === session) sessions.delete(pool)
  const connection = await session.connection.catch(() => undefined)
  connection?.off('error', session.onError)
  connection?.release(session.broken)
}

function run(
  session: Session,
  name: 'pg_try_advisory_lock' | 'pg_advisory_unlock',
  key: string,
): Promise<boolean> {
  const answer = session.newest
    .then(() => session.connection)
    .then((connection) =>
      connection.query<{ done: boolean }>(
        `SELECT ${name}(hashtextextended($1, ${HASH_SEED})) AS done`,
        [key],
      ),
    )
  // Whoever asked is told of a failure; the next one only has to come after it.
  session.newest = answer.catch(() => undefined)
  return answer.then(({ rows }) => rows[0]!.done)
}
