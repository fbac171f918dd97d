/** Wakes whoever reads events: the database rings it, over a connection that is made anew where it was lost. */
import type { Clock } from '../clock.ts'
import type { Pool } from '../db/connect.ts'
import { EVENTS_CHANNEL } from '../db/events.ts'
import { LATEST_CHANNEL, listen, type Listening } from '../db/listen.ts'
import { messageOf } from '../domain/error.ts'
import { redact, type Logger } from '../log.ts'

/** Between attempts to listen. */
const RETRY_MS = 1000

export interface EventBell {
  /** Sees to it that the database can ring; where it cannot be reached, it is tried again later. */
  listen(): Promise<void>
  /** Waits so long, or until it has rung since the wait before. */
  wait(ms: number, signal: AbortSignal): Promise<void>
  /** Waits so long, whatever rings. */
  pause(ms: number, signal: AbortSignal): Promise<void>
  close(): Promise<void>
}

export interface EventBellOptions {
  readonly clock: Clock
  readonly log: Logger
}

export function makeEventBell(pool: Pool, { clock, log }: EventBellOptions): EventBell {
  let listening: Listening | null = null
  let triedAt = -Infinity
  let isRung = false
  let waiting: AbortController | null = null

  function ring(): void {
    isRung = true
    waiting?.abort()
  }

  async function sleep(ms: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return
    try {
      await clock.sleep(ms, signal)
    } catch (error) {
      if (!signal.aborted) throw error
    }
  }

  return {
    listen: async () => {
      if (listening !== null || Math.abs(clock.now() - triedAt) < RETRY_MS) return
      triedAt = clock.now()
      try {
        // Loads of new bars ring on the channel of the latest ones, which they tell anyway.
        const made = await listen(pool, [EVENTS_CHANNEL, LATEST_CHANNEL], {
          onNotice: ring,
          onLost: () => {
            listening = null
            log.warn(
              {},
              'the connection for events was lost; they come every second until it is back',
            )
            ring()
          },
        })
        listening = made
      } catch (error) {
        log.warn({ reason: redact(messageOf(error)) }, 'events come every second only')
      }
    },
    wait: async (ms, signal) => {
      const own = new AbortController()
      const stopped = () => own.abort()
      signal.addEventListener('abort', stopped)
      waiting = own
      if (!isRung && !signal.aborted && ms > 0) await sleep(ms, own.signal)
      waiting = null
      isRung = false
      signal.removeEventListener('abort', stopped)
    },
    pause: sleep,
    close: async () => {
      const last = listening
      listening = null
      await last?.close()
    },
  }
}
