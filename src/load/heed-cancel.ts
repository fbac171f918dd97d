/** Ends a run that somebody cancelled, wherever that was said: its process looks at the row of the run. */
import type { Pool } from '../db/connect.ts'
import { isCancelled } from '../db/run-queue.ts'
import { messageOf } from '../domain/error.ts'
import { redact, type Logger } from '../log.ts'

/** How soon a run ends after it was cancelled. */
const LOOK_EVERY_MS = 1_000

export interface CancelContext {
  readonly pool: Pool
  readonly log?: Pick<Logger, 'debug'>
  /** What ends the run besides. */
  readonly signal?: AbortSignal
  /** Told when the run was cancelled: the work that it is part of is to end, too. */
  readonly onCancel?: () => void
}

export interface CancelWatch {
  /** Aborted when the run is to end, for whatever reason. */
  readonly signal: AbortSignal
  /** Looks no more. */
  stop(): Promise<void>
}

/** Looks out for the cancelling of a run, until it is stopped. */
export function heedCancel(context: CancelContext, runId: number): CancelWatch {
  const { pool, log, signal, onCancel } = context
  const cancelled = new AbortController()
  let looking: Promise<void> | null = null
  const look = async () => {
    try {
      if (!(await isCancelled(pool, runId))) return
      onCancel?.()
      cancelled.abort()
    } catch (error) {
      // Where the store is lost, the work itself finds out.
      log?.debug({ run: runId, reason: redact(messageOf(error)) }, 'a run could not be looked at')
    } finally {
      looking = null
    }
  }
  const timer = setInterval(() => {
    looking ??= look()
  }, LOOK_EVERY_MS)
  timer.unref()
  return {
    signal: AbortSignal.any(signal === undefined ? [cancelled.signal] : [signal, cancelled.signal]),
    stop: async () => {
      clearInterval(timer)
      await looking
    },
  }
}
