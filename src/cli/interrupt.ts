/**
 * Ctrl-C and other requests to stop. The first one lets the work in hand finish or roll back; the
 * second one ends the process at once.
 */
import { INTERRUPTED_EXIT_CODE } from './report-error.ts'

const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

export interface Interrupt {
  /** Aborted by the first signal. */
  readonly signal: AbortSignal
  /** Stops listening. */
  dispose(): void
}

/**
 * A terminal signals every process of the command, and the launcher passes the signal on as well: what
 * comes this soon after the first one is the same key press.
 */
const SAME_PRESS_MS = 400

/** Listens for SIGINT, SIGTERM and SIGHUP; `say` tells the person that the work is being ended. */
export function listenForInterrupt(now: () => number, say: (text: string) => void): Interrupt {
  const controller = new AbortController()
  let firstAt: number | undefined
  const onSignal = (): void => {
    if (firstAt === undefined) {
      firstAt = now()
      say('Stopping: the work in hand is finished or rolled back. Once more to stop at once.\n')
      controller.abort()
      return
    }
    if (now() - firstAt > SAME_PRESS_MS) process.exit(INTERRUPTED_EXIT_CODE)
  }
  for (const name of STOP_SIGNALS) process.on(name, onSignal)
  return {
    signal: controller.signal,
    dispose: () => {
      for (const name of STOP_SIGNALS) process.off(name, onSignal)
    },
  }
}

/** Resolves once the signal is aborted. */
export function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
