/**
 * A clock that stands still: sleeping is recorded and moves it on, and takes no longer than what was
 * going on anyway needs to settle.
 */
import { setImmediate as settle } from 'node:timers/promises'
import type { Clock } from '../../src/clock.ts'

export interface RecordingClock extends Clock {
  /** Milliseconds of each sleep, in order. */
  readonly sleeps: number[]
}

export interface RecordingClockOptions {
  readonly now?: number
  /** Runs in place of the passing of time. */
  readonly onSleep?: (ms: number) => void | Promise<void>
}

export function makeRecordingClock(options: RecordingClockOptions = {}): RecordingClock {
  let now = options.now ?? Date.UTC(2026, 2, 2)
  const sleeps: number[] = []
  return {
    sleeps,
    now: () => now,
    sleep: async (ms, signal) => {
      signal?.throwIfAborted()
      sleeps.push(ms)
      now += ms
      await settle()
      await options.onSleep?.(ms)
      signal?.throwIfAborted()
    },
  }
}
