/**
 * What vouches for answers in memory: a connection that listens for news, and the instant at which the
 * database said last that there is no other news.
 */
import { listenForLatest, type Listening } from '../db/listen.ts'
import type { Pool } from '../db/connect.ts'
import { messageOf } from '../domain/error.ts'
import type { Logger } from '../log.ts'

/** How long after the database was asked for news its answer vouches for what is kept. */
export const LEASE_MS = 50
/** From then on it is asked again, while what is kept still serves. */
const RENEW_MS = 25
/** Between attempts to listen. */
const RETRY_MS = 1000

export interface LeaseOptions {
  readonly log: Logger
  /** A clock that never steps back, milliseconds. */
  readonly elapsedMs: () => number
}

/** Hears of an instrument, or with null that anything may have changed. */
type OnNews = (instrumentId: number | null) => void

export interface Lease {
  /** The connection that listens; null while there is none. */
  listening(): Listening | null
  /** True while nothing can have been committed LEASE_MS ago that was not told. */
  holds(): boolean
  /** The same after asking the database where need be. */
  renewed(): Promise<boolean>
  close(): Promise<void>
}

/** Listens from the first `renewed` on. */
export function makeLease(pool: Pool, options: LeaseOptions, onNews: OnNews): Lease {
  const { elapsedMs } = options
  const listener = makeListener(pool, options, onNews)
  /** When the newest question that was answered had been asked, and of whom. */
  let confirmed: { readonly by: Listening; readonly at: number } | null = null
  let asking: { readonly since: number; readonly done: Promise<void> } | null = null

  /** Asks for news; whoever comes while that is under way waits for the same answer. */
  function ask(by: Listening): Promise<void> {
    if (asking !== null) return asking.done
    const at = elapsedMs()
    const done = by.confirm().then(
      () => {
        confirmed = { by, at }
        asking = null
      },
      // The listener has heard of it, too, and gives the connection up.
      () => {
        asking = null
      },
    )
    asking = { since: at, done }
    return done
  }

  function holds(): boolean {
    const by = listener.listening()
    if (by === null || confirmed?.by !== by) return false
    const age = elapsedMs() - confirmed.at
    if (age >= LEASE_MS) return false
    if (age >= RENEW_MS) void ask(by)
    return true
  }

  async function renewed(): Promise<boolean> {
    const by = listener.listening()
    if (by === null) {
      listener.tryAgain()
      return false
    }
    if (holds()) return true
    // A server that takes its time: the read need not wait for this answer, too.
    if (asking !== null && elapsedMs() - asking.since >= LEASE_MS) return false
    await ask(by)
    return holds()
  }

  return { listening: listener.listening, holds, renewed, close: listener.close }
}

/** Keeps one connection that listens; a lost one is made anew when somebody needs it. */
function makeListener(pool: Pool, { log, elapsedMs }: LeaseOptions, onNews: OnNews) {
  let listening: Listening | null = null
  let connecting: Promise<void> | null = null
  let triedAt = -Infinity
  let isClosed = false

  async function connect(): Promise<void> {
    try {
      const made = await listenForLatest(pool, { onNews, onLost })
      if (isClosed) await made.close()
      else listening = made
    } catch (error) {
      log.warn({ reason: messageOf(error) }, 'latest prices are read anew each time')
    } finally {
      connecting = null
    }
  }

  function onLost(): void {
    listening = null
    onNews(null)
    log.warn({}, 'the connection for news was lost; latest prices are read anew until it is back')
  }

  return {
    listening: () => listening,
    tryAgain(): void {
      if (isClosed || connecting !== null || elapsedMs() - triedAt < RETRY_MS) return
      triedAt = elapsedMs()
      connecting = connect()
    },
    async close(): Promise<void> {
      isClosed = true
      await connecting
      await listening?.close()
      listening = null
    },
  }
}
