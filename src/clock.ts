/**
 * The one place that reads the machine's clock and waits on it. Everything else is handed a Clock, so
 * that tests decide what time it is.
 */
import { setTimeout as wait } from 'node:timers/promises'

export interface Clock {
  /** The instant now, milliseconds in UTC. */
  now(): number
  /** Waits at least that many milliseconds. Rejects with an AbortError once the signal is aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

/** A timer above this is fired at once by Node: 2^31 - 1 ms, some 24.8 days. */
const TIMER_MS_MAX = 2_147_483_647

export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: async (ms, signal) => {
    let left = ms
    do {
      const stepMs = Math.min(Math.max(left, 0), TIMER_MS_MAX)
      await wait(stepMs, undefined, signal === undefined ? {} : { signal })
      left -= stepMs
    } while (left > 0)
  },
}
